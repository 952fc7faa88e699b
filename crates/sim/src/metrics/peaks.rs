//! The most events in any window of a given length, exactly.

use cachepolicy_core::units::{Duration, Time};
use std::collections::VecDeque;

/// How many events come within windows of 1 s and of 100 ms that end at the present. Keeps the
/// instants of the last second, those at one instant together.
#[derive(Debug, Clone, Default)]
pub(crate) struct SlidingPeaks {
    /// Instants with their numbers of events; the last second's.
    recent: VecDeque<(Time, u64)>,
    /// Of them, so many instants lie before the shorter window.
    older: usize,
    in_second: u64,
    in_tenth: u64,
    second_peak: u64,
    tenth_peak: u64,
}

const TENTH: Duration = Duration::from_millis(100);

impl SlidingPeaks {
    /// An event. Windows are half-open: of two events exactly a window's length apart only the
    /// later one counts.
    pub(crate) fn record(&mut self, now: Time) {
        match self.recent.back_mut() {
            Some((at, count)) if *at == now => *count += 1,
            _ => self.recent.push_back((now, 1)),
        }
        self.in_second += 1;
        self.in_tenth += 1;
        while let Some(&(at, count)) = self.recent.get(self.older)
            && now.since(at) >= TENTH
        {
            self.in_tenth -= count;
            self.older += 1;
        }
        while let Some(&(at, count)) = self.recent.front()
            && now.since(at) >= Duration::SECOND
        {
            self.in_second -= count;
            self.older -= 1;
            self.recent.pop_front();
        }
        self.second_peak = self.second_peak.max(self.in_second);
        self.tenth_peak = self.tenth_peak.max(self.in_tenth);
    }

    /// The most in any 1 s.
    pub(crate) const fn second_peak(&self) -> u64 {
        self.second_peak
    }

    /// The most in any 100 ms.
    pub(crate) const fn tenth_peak(&self) -> u64 {
        self.tenth_peak
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn brute_force(times: &[i64], window: i64) -> u64 {
        times
            .iter()
            .map(|&end| {
                times
                    .iter()
                    .filter(|&&t| t <= end && t > end - window)
                    .count()
            })
            .max()
            .unwrap_or(0) as u64
    }

    proptest! {
        #[test]
        fn peaks_are_exact(gaps in prop::collection::vec(
            prop_oneof![Just(0i64), 1i64..1000, Just(100), Just(1000), 1000i64..5000, 0i64..40], 0..200,
        )) {
            let mut peaks = SlidingPeaks::default();
            let mut times = Vec::new();
            let mut now = 0;
            for gap in gaps {
                now += gap;
                times.push(now);
                peaks.record(Time::from_nanos(now * 1_000_000));
            }
            prop_assert_eq!(peaks.second_peak(), brute_force(&times, 1000));
            prop_assert_eq!(peaks.tenth_peak(), brute_force(&times, 100));
        }
    }
}
