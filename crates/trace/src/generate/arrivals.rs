//! When the events of a stream come.

use crate::random::Stream;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_core::workload::Arrivals;

/// More events for a while: from `at` on they rise over `rise` to `extra` times the usual rate on
/// top of it, and stay there until `at` + `duration`. Several at once add up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surge {
    pub(super) at: Duration,
    pub(super) rise: Duration,
    pub(super) duration: Duration,
    pub(super) extra: f64,
}

impl Surge {
    fn end(&self) -> f64 {
        (self.at + self.duration).nanos() as f64
    }

    /// The additional share at `x`, which lies in the same phase as `inside`.
    fn share(&self, x: f64, inside: f64) -> f64 {
        let (at, rise) = (self.at.nanos() as f64, self.rise.nanos() as f64);
        if inside < at || inside >= self.end() {
            0.0
        } else if inside < at + rise {
            self.extra * (x - at) / rise
        } else {
            self.extra
        }
    }
}

/// A stretch of time over which the rate changes evenly. Times in nanoseconds.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    start: f64,
    end: f64,
    /// Events a nanosecond at its start, and at its end.
    from: f64,
    to: f64,
    /// Expected events up to its start.
    before: f64,
}

impl Stretch {
    fn events(&self) -> f64 {
        (self.from + self.to) / 2.0 * (self.end - self.start)
    }

    /// When so many events are expected to have come since its start: the root of
    /// from·t + (to − from)/(2·length)·t² = events.
    fn time_of(&self, events: f64) -> f64 {
        let slope = (self.to - self.from) / (self.end - self.start);
        let root = libm::sqrt((self.from * self.from + 2.0 * slope * events).max(0.0));
        self.start + 2.0 * events / (self.from + root)
    }
}

/// The times of a stream, in order. A rate that changes is exact: the k-th event of a process of
/// rate 1 comes when the integral of the rate reaches its time (inversion of the cumulated rate).
#[derive(Debug, Clone)]
pub(super) struct Times {
    stretches: Vec<Stretch>,
    current: usize,
    poisson: bool,
    count: u64,
    /// In time of the process of rate 1.
    reached: f64,
    end: Time,
    stream: Stream,
}

impl Times {
    /// With `base` times the rate outside of surges: 1, or 0 for what only a surge brings.
    pub(super) fn new(
        arrivals: Arrivals,
        base: f64,
        surges: &[Surge],
        duration: Duration,
        stream: Stream,
    ) -> Self {
        Self {
            stretches: stretches(arrivals.per_second / 1e9, base, surges, duration),
            current: 0,
            poisson: arrivals.poisson,
            count: 0,
            reached: 0.0,
            end: Time::ZERO + duration,
            stream,
        }
    }
}

fn stretches(rate: f64, base: f64, surges: &[Surge], duration: Duration) -> Vec<Stretch> {
    let end = duration.nanos() as f64;
    let mut edges = vec![0.0, end];
    for surge in surges {
        let at = surge.at.nanos() as f64;
        let times = [at, at + surge.rise.nanos() as f64, surge.end()];
        edges.extend(times.into_iter().filter(|time| *time < end));
    }
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    let mut before = 0.0;
    let pairs = edges.iter().zip(edges.iter().skip(1));
    let stretches = pairs.filter_map(|(start, end)| {
        let inside = (start + end) / 2.0;
        let at = |x: f64| {
            let extra: f64 = surges.iter().map(|surge| surge.share(x, inside)).sum();
            let rate = rate * (base + extra);
            if rate.is_finite() { rate.max(0.0) } else { 0.0 }
        };
        let stretch = Stretch {
            start: *start,
            end: *end,
            from: at(*start),
            to: at(*end),
            before,
        };
        before += stretch.events();
        (stretch.events() > 0.0).then_some(stretch)
    });
    stretches.collect()
}

impl Iterator for Times {
    type Item = Time;

    fn next(&mut self) -> Option<Time> {
        if self.poisson {
            self.reached -= libm::log1p(-self.stream.unit());
        } else {
            self.reached = self.count as f64;
        }
        self.count += 1;
        loop {
            let stretch = self.stretches.get(self.current)?;
            let events = self.reached - stretch.before;
            if events < stretch.events() {
                let at = Time::from_nanos(stretch.time_of(events.max(0.0)) as i64);
                return (at < self.end).then_some(at);
            }
            self.current += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(poisson: bool, base: f64, surges: &[Surge], seconds: i64) -> Vec<f64> {
        let arrivals = Arrivals {
            per_second: 10.0,
            poisson,
        };
        let stream = Stream::new(11, &["test"]);
        let times = Times::new(arrivals, base, surges, Duration::from_secs(seconds), stream);
        times.map(Time::as_secs_f64).collect()
    }

    fn within(times: &[f64], from: f64, to: f64) -> f64 {
        times
            .iter()
            .filter(|time| (from..to).contains(*time))
            .count() as f64
    }

    fn surge(at: i64, rise: i64, duration: i64, extra: f64) -> Surge {
        Surge {
            at: Duration::from_secs(at),
            rise: Duration::from_secs(rise),
            duration: Duration::from_secs(duration),
            extra,
        }
    }

    #[test]
    fn constant_arrivals_are_even() {
        let times = times(false, 1.0, &[], 3);
        assert_eq!(times.len(), 30);
        for (index, time) in times.iter().enumerate() {
            assert!((time - index as f64 / 10.0).abs() < 1e-6, "{index}: {time}");
        }
    }

    // Mean and variance of the gaps of a Poisson process are 1/λ and 1/λ².
    #[test]
    fn poisson_arrivals() {
        let times = times(true, 1.0, &[], 2_000);
        assert!(times.is_sorted());
        let count = times.len() as f64;
        assert!(
            (count - 20_000.0).abs() < 4.0 * libm::sqrt(20_000.0),
            "{count}"
        );
        let gaps: Vec<f64> = times.iter().zip(&times[1..]).map(|(a, b)| b - a).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps
            .iter()
            .map(|gap| (gap - mean) * (gap - mean))
            .sum::<f64>()
            / count;
        assert!((variance / (mean * mean) - 1.0).abs() < 0.06, "{variance}");
    }

    #[test]
    fn a_surge_multiplies_the_rate() {
        let surges = [surge(100, 20, 60, 9.0)];
        let constant = times(false, 1.0, &surges, 300);
        assert_eq!(within(&constant, 0.0, 99.999), 1_000.0);
        // On average 5.5 times the rate while it rises, then 10 times.
        assert!((within(&constant, 100.0, 120.0) - 1_100.0).abs() <= 2.0);
        assert!((within(&constant, 120.0, 160.0) - 4_000.0).abs() <= 2.0);
        assert!((within(&constant, 160.0, 300.0) - 1_400.0).abs() <= 2.0);
        let poisson = times(true, 1.0, &surges, 300);
        assert!((within(&poisson, 100.0, 120.0) - 1_100.0).abs() < 4.0 * 33.2);
        assert!((within(&poisson, 120.0, 160.0) - 4_000.0).abs() < 4.0 * 63.3);
    }

    #[test]
    fn a_surge_alone() {
        let surges = [surge(1, 0, 2, 9.0), surge(2, 0, 100, 1.0)];
        let times = times(false, 0.0, &surges, 5);
        assert_eq!(within(&times, 0.0, 1.0), 0.0);
        assert_eq!(within(&times, 0.0, 1.999_99), 90.0);
        assert_eq!(times.len(), 90 + 100 + 20);
    }

    #[test]
    fn odd_rates_end() {
        for per_second in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let arrivals = Arrivals {
                per_second,
                poisson: true,
            };
            let stream = Stream::new(1, &["test"]);
            let mut times = Times::new(arrivals, 1.0, &[], Duration::FOREVER, stream);
            assert_eq!(times.next(), None, "{per_second}");
        }
    }
}
