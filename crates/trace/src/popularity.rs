//! Which value is drawn how often.

use crate::random::Stream;
use cachepolicy_core::workload::Popularity;
use std::fmt;

/// Draws values.
#[derive(Debug, Clone)]
pub struct Sampler(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Zipf(Zipf),
    Uniform(u64),
    /// Each with the sum of the shares up to it.
    Choice(Vec<(f64, String)>),
}

/// A drawn value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawn<'a> {
    /// A number from 1.
    Number(u64),
    /// One of a choice.
    Text(&'a str),
}

impl fmt::Display for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Sampler {
    /// Draws with this popularity.
    #[must_use]
    pub fn new(popularity: &Popularity) -> Self {
        Self(match popularity {
            Popularity::Zipf { alpha, n } => Kind::Zipf(Zipf::new(*alpha, *n)),
            Popularity::Uniform { n } => Kind::Uniform((*n).max(1)),
            Popularity::Choice(values) => {
                let mut sum = 0.0;
                let summed = values.iter().map(|(value, share)| {
                    sum += share;
                    (sum, value.clone())
                });
                Kind::Choice(summed.collect())
            }
        })
    }

    /// One draw.
    pub fn draw(&self, stream: &mut Stream) -> Drawn<'_> {
        match &self.0 {
            Kind::Zipf(zipf) => Drawn::Number(zipf.draw(stream)),
            Kind::Uniform(n) => Drawn::Number(1 + stream.below(*n)),
            Kind::Choice(values) => {
                let at = stream.unit();
                let found = values.iter().find(|(sum, _)| at < *sum);
                // The shares may add up to a little less than 1.
                let (_, text) = match found.or(values.last()) {
                    Some(value) => value,
                    None => return Drawn::Text(""),
                };
                Drawn::Text(text)
            }
        }
    }

    /// How many values there are.
    #[must_use]
    pub fn values(&self) -> u64 {
        match &self.0 {
            Kind::Zipf(zipf) => zipf.n,
            Kind::Uniform(n) => *n,
            Kind::Choice(values) => values.len() as u64,
        }
    }
}

/// 1 … n with probability ∝ k^−alpha, exactly, by rejection-inversion: W. Hörmann and
/// G. Derflinger, Rejection-inversion to generate variates from monotone discrete distributions,
/// ACM TOMACS 6(3), 1996. The density is bounded by H′ with H(x) = ∫₁ˣ t^−alpha dt.
#[derive(Debug, Clone, Copy)]
struct Zipf {
    alpha: f64,
    n: u64,
    /// H at the left edge of the histogram's first bar, and at the right edge of its last.
    left: f64,
    right: f64,
    /// Closer than that to the bar's middle nothing is rejected.
    sure: f64,
}

/// Of a bounded number of tries, where on average at most 1.1 are needed.
const TRIES: u32 = 1_000;

impl Zipf {
    fn new(alpha: f64, n: u64) -> Self {
        let alpha = if alpha.is_finite() {
            alpha.max(0.0)
        } else {
            0.0
        };
        let mut zipf = Self {
            alpha,
            n: n.max(1),
            left: 0.0,
            right: 0.0,
            sure: 0.0,
        };
        zipf.left = zipf.integral(1.5) - 1.0;
        zipf.right = zipf.integral(zipf.n as f64 + 0.5);
        zipf.sure = 2.0 - zipf.inverse(zipf.integral(2.5) - zipf.density(2.0));
        zipf
    }

    fn density(&self, x: f64) -> f64 {
        libm::exp(-self.alpha * libm::log(x))
    }

    /// H(x) = (x^(1−alpha) − 1)/(1 − alpha), or ln x for alpha = 1.
    fn integral(&self, x: f64) -> f64 {
        let log = libm::log(x);
        log * exp_ratio((1.0 - self.alpha) * log)
    }

    fn inverse(&self, y: f64) -> f64 {
        // Rounding may lead past the pole.
        let t = (y * (1.0 - self.alpha)).max(-1.0);
        libm::exp(y * log_ratio(t))
    }

    fn draw(&self, stream: &mut Stream) -> u64 {
        for _ in 0..TRIES {
            let u = self.right + stream.unit() * (self.left - self.right);
            let x = self.inverse(u);
            let k = (libm::round(x) as u64).clamp(1, self.n);
            let middle = k as f64;
            let accepted =
                middle - x <= self.sure || u >= self.integral(middle + 0.5) - self.density(middle);
            if accepted {
                return k;
            }
        }
        1
    }
}

/// (eˣ − 1)/x
fn exp_ratio(x: f64) -> f64 {
    if x.abs() > 1e-8 {
        libm::expm1(x) / x
    } else {
        1.0 + x / 2.0
    }
}

/// ln(1 + x)/x
fn log_ratio(x: f64) -> f64 {
    if x.abs() > 1e-8 {
        libm::log1p(x) / x
    } else {
        1.0 - x / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pearson's statistic of drawn counts against exact probabilities.
    fn chi_square(counts: &[u64], probabilities: &[f64]) -> f64 {
        let total: u64 = counts.iter().sum();
        let terms = counts
            .iter()
            .zip(probabilities)
            .map(|(count, probability)| {
                let expected = probability * total as f64;
                (*count as f64 - expected) * (*count as f64 - expected) / expected
            });
        terms.sum()
    }

    fn zipf_probabilities(alpha: f64, n: u64) -> Vec<f64> {
        let weights: Vec<f64> = (1..=n).map(|k| libm::pow(k as f64, -alpha)).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / sum).collect()
    }

    fn counts(popularity: &Popularity, draws: u64) -> Vec<u64> {
        let sampler = Sampler::new(popularity);
        let mut stream = Stream::new(3, &["test"]);
        let mut counts = vec![0; sampler.values() as usize];
        for _ in 0..draws {
            match sampler.draw(&mut stream) {
                Drawn::Number(number) => counts[number as usize - 1] += 1,
                Drawn::Text(text) => counts[text.len() - 1] += 1,
            }
        }
        counts
    }

    // The quantile of χ² at 0.9999 with 19 degrees of freedom is 52.4.
    #[test]
    fn zipf_has_the_stated_alpha() {
        for alpha in [0.0, 0.3, 0.99, 1.0, 1.2, 3.0] {
            let counts = counts(&Popularity::Zipf { alpha, n: 20 }, 200_000);
            let statistic = chi_square(&counts, &zipf_probabilities(alpha, 20));
            assert!(statistic < 52.4, "alpha {alpha}: {statistic}");
        }
    }

    #[test]
    fn zipf_of_many_values() {
        let n = 1 << 40;
        let zipf = Zipf::new(1.0, n);
        let mut stream = Stream::new(5, &["test"]);
        let draws = 20_000;
        let first = (0..draws).filter(|_| zipf.draw(&mut stream) == 1).count() as f64;
        // 1/H(n), with H(n) = ln n + γ + O(1/n).
        let expected = f64::from(draws) / (libm::log(n as f64) + 0.577_215_664_9);
        assert!(
            (first - expected).abs() < 4.0 * libm::sqrt(expected),
            "{first} {expected}"
        );
    }

    #[test]
    fn odd_parameters_do_not_hang() {
        let mut stream = Stream::new(5, &["test"]);
        for alpha in [f64::NAN, f64::INFINITY, -1.0, 1e-300, 1_000.0, 1e300] {
            for n in [0, 1, 2, u64::MAX] {
                let zipf = Zipf::new(alpha, n);
                let drawn = zipf.draw(&mut stream);
                assert!((1..=n.max(1)).contains(&drawn), "{alpha} {n} {drawn}");
            }
        }
    }

    // The quantile of χ² at 0.9999 is 18.4 with 2 degrees of freedom, 33.7 with 9.
    #[test]
    fn choices_and_uniform_draws() {
        let choice =
            [("a", 0.7), ("bb", 0.2), ("ccc", 0.1)].map(|(text, share)| (text.to_owned(), share));
        let drawn = counts(&Popularity::Choice(choice.to_vec()), 10_000);
        assert!(chi_square(&drawn, &[0.7, 0.2, 0.1]) < 18.4);
        let drawn = counts(&Popularity::Uniform { n: 10 }, 10_000);
        assert!(chi_square(&drawn, &[0.1; 10]) < 33.7);
        let nothing = Sampler::new(&Popularity::Choice(Vec::new()));
        assert_eq!(nothing.draw(&mut Stream::new(1, &[])), Drawn::Text(""));
    }

    #[test]
    fn draws_are_the_same_everywhere() {
        let mut stream = Stream::new(1, &["fixed"]);
        let zipf = Zipf::new(0.8, 1_000_000);
        let drawn: Vec<u64> = (0..6).map(|_| zipf.draw(&mut stream)).collect();
        assert_eq!(drawn, [1, 9, 583_366, 254, 38_211, 13_315]);
    }
}
