//! Numbers that closed forms are made of.

/// ∫ f from `a` to `b`, by Simpson's rule with 2,000 steps.
#[must_use]
pub fn integral(a: f64, b: f64, f: impl Fn(f64) -> f64) -> f64 {
    const STEPS: u32 = 2_000;
    let step = (b - a) / f64::from(STEPS);
    let inner: f64 = (1..STEPS)
        .map(|k| f64::from(2 + 2 * (k % 2)) * f(a + f64::from(k) * step))
        .sum();
    (f(a) + inner + f(b)) * step / 3.0
}

/// Where an increasing function of positive numbers has a value.
#[must_use]
pub fn solve(value: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while f(high) < value {
        high *= 2.0;
    }
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        if f(middle) < value {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// P(N = k), N Poisson.
#[must_use]
pub fn poisson(mean: f64, k: u32) -> f64 {
    let log: f64 = (1..=k).map(|i| libm::log(mean / f64::from(i))).sum();
    libm::exp(log - mean)
}

/// P(N ≥ k), N Poisson.
#[must_use]
pub fn poisson_at_least(mean: f64, k: u32) -> f64 {
    1.0 - (0..k).map(|i| poisson(mean, i)).sum::<f64>()
}

/// Probabilities of the values 1 … n, ∝ k^−alpha.
#[must_use]
pub fn zipf(alpha: f64, n: u32) -> Vec<f64> {
    let weights: Vec<f64> = (1..=n)
        .map(|rank| libm::pow(f64::from(rank), -alpha))
        .collect();
    let total: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / total).collect()
}

/// Erlang's C: the probability that all c servers are busy, in M/M/c with `load` = λ/ν
/// (Kleinrock, Queueing Systems 1, Wiley 1975, section 3.5).
#[must_use]
pub fn erlang_c(servers: u32, load: f64) -> f64 {
    let blocked = (1..=servers).fold(1.0, |blocked, k| {
        load * blocked / (f64::from(k) + load * blocked)
    });
    let utilisation = load / f64::from(servers);
    blocked / (1.0 - utilisation * (1.0 - blocked))
}

/// The mean wait in M/D/c, in units of the service time: what is in the system D after an instant
/// is what waited then and what came since, since all that was in service is gone (Crommelin,
/// "Delay probability formulae when the holding times are constant", Post Office Electrical
/// Engineers' Journal 25, 1932). Its stationary distribution, by iteration; Little's law gives the
/// wait.
#[must_use]
pub fn mean_wait_of_constant_work(servers: u32, load: f64) -> f64 {
    const STATES: usize = 150;
    let servers = servers as usize;
    let arrivals: Vec<f64> = (0..STATES as u32).map(|k| poisson(load, k)).collect();
    let mut system = vec![0.0; STATES];
    system[0] = 1.0;
    for _ in 0..500 {
        let mut next = vec![0.0; STATES];
        for (there, probability) in system.iter().enumerate() {
            let waiting = there.saturating_sub(servers);
            for (came, chance) in arrivals.iter().take(STATES - waiting).enumerate() {
                next[waiting + came] += probability * chance;
            }
        }
        system = next;
    }
    let waiting = system
        .iter()
        .enumerate()
        .map(|(there, probability)| there.saturating_sub(servers) as f64 * probability);
    waiting.sum::<f64>() / load
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(value: f64, known: f64) {
        assert!((value - known).abs() < 1e-5 * known, "{value}, not {known}");
    }

    #[test]
    fn known_values() {
        close(integral(0.0, 1.0, libm::exp), 1.718_281_8);
        close(solve(9.0, |x| x * x), 3.0);
        close(poisson_at_least(2.0, 2), 0.593_994_2);
        close(erlang_c(4, 3.0), 0.509_434);
        // M/D/1: ρ/2(1−ρ).
        close(mean_wait_of_constant_work(1, 0.8), 2.0);
        let shares = zipf(0.8, 10_000);
        let there = |time: f64| {
            shares
                .iter()
                .map(move |share| 1.0 - libm::exp(-share * time))
        };
        let time = solve(1_000.0, |time| there(time).sum());
        let hits: f64 = there(time)
            .zip(&shares)
            .map(|(in_it, share)| in_it * share)
            .sum();
        close(hits, 0.436_66);
    }
}
