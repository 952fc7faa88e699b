//! An origin's load.

use super::histogram::{Histogram, Scale};
use super::peaks::SlidingPeaks;
use crate::report::{OriginFigures, Rate};
use cachepolicy_core::units::{Duration, Time};

/// See the module's description.
#[derive(Debug, Clone, Default)]
pub(super) struct OriginCounts {
    arrivals: u64,
    failed: u64,
    queued: u64,
    queue_peak: u32,
    busy_peak: u32,
    wait: Histogram,
    peaks: SlidingPeaks,
    /// The integral of the busy slots over time up to `since`, in slot-nanoseconds.
    busy_time: u128,
    state: State,
}

/// What is so now, whether it counts or not.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    busy: u32,
    queue: u32,
    since: Time,
}

impl OriginCounts {
    /// Forgets what was counted.
    pub(super) fn warmed_up(&mut self, now: Time) {
        let state = State {
            since: now,
            ..self.state
        };
        *self = Self {
            state,
            busy_peak: state.busy,
            queue_peak: state.queue,
            ..Self::default()
        };
    }

    pub(super) fn arrived(&mut self, now: Time, queue: u32) {
        self.arrivals += 1;
        self.peaks.record(now);
        self.queue(queue);
    }

    /// `waited`: `None` if it does not count.
    pub(super) fn began(&mut self, now: Time, waited: Option<Duration>, busy: u32, queue: u32) {
        if let Some(waited) = waited {
            self.queued += u64::from(waited > Duration::ZERO);
            self.wait.record_duration(waited);
        }
        self.busy(now, busy);
        self.queue(queue);
    }

    pub(super) fn ended(&mut self, now: Time, busy: u32, failed: bool) {
        self.failed += u64::from(failed);
        self.busy(now, busy);
    }

    fn queue(&mut self, queue: u32) {
        self.state.queue = queue;
        self.queue_peak = self.queue_peak.max(queue);
    }

    fn busy(&mut self, now: Time, busy: u32) {
        let lasted = now.since(self.state.since).nanos().unsigned_abs();
        self.busy_time += u128::from(lasted) * u128::from(self.state.busy);
        self.state.busy = busy;
        self.state.since = now;
        self.busy_peak = self.busy_peak.max(busy);
    }

    pub(super) const fn arrivals(&self) -> u64 {
        self.arrivals
    }

    /// How much waits.
    pub(super) const fn queue_length(&self) -> u32 {
        self.state.queue
    }

    /// The figures of a run that counted for this long, until `ended`.
    pub(super) fn figures(
        &mut self,
        slots: Option<u32>,
        ended: Time,
        counted: Duration,
    ) -> OriginFigures {
        self.busy(ended, self.state.busy);
        let seconds = counted.as_secs_f64();
        let over = |value: f64, whole: f64| (whole > 0.0).then(|| value / whole);
        OriginFigures {
            work: self.arrivals,
            failed: self.failed,
            queued: self.queued,
            rate: Rate {
                mean: over(self.arrivals as f64, seconds),
                peak_1s: Some(self.peaks.second_peak() as f64),
                peak_100ms: Some(self.peaks.tenth_peak() as f64 * 10.0),
            },
            utilisation: slots
                .and_then(|slots| over(self.busy_time as f64 / 1e9, seconds * f64::from(slots))),
            busy_peak: u64::from(self.busy_peak),
            queue_peak: u64::from(self.queue_peak),
            wait: self.wait.quantiles(Scale::Seconds, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Time {
        Time::from_secs_f64(seconds)
    }

    #[test]
    fn utilisation_is_the_integral_of_the_busy_slots() {
        let mut origin = OriginCounts::default();
        origin.arrived(at(1.0), 0);
        origin.began(at(1.0), Some(Duration::ZERO), 1, 0);
        origin.arrived(at(2.0), 0);
        origin.began(at(2.0), Some(Duration::ZERO), 2, 0);
        origin.arrived(at(3.0), 1);
        origin.ended(at(5.0), 1, false);
        origin.began(at(5.0), Some(Duration::from_secs(2)), 2, 0);
        origin.ended(at(6.0), 1, true);
        let figures = origin.figures(Some(2), at(10.0), Duration::from_secs(10));
        // 1 slot for 1 s, 2 for 4 s, 1 for the last 4 s, of 20 slot-seconds.
        assert_eq!(figures.utilisation, Some(13.0 / 20.0));
        assert_eq!((figures.work, figures.failed), (3, 1));
        assert_eq!((figures.busy_peak, figures.queue_peak), (2, 1));
        assert_eq!(figures.rate.mean, Some(0.3));
        assert_eq!(figures.rate.peak_1s, Some(1.0));
        assert_eq!(figures.rate.peak_100ms, Some(10.0));
        assert_eq!(figures.wait.count, 3);
        assert_eq!(figures.wait.max, Some(2.0));
        assert_eq!(figures.wait.p50, Some(0.0));
    }

    #[test]
    fn busy_slots_go_on_through_the_warm_up() {
        let mut origin = OriginCounts::default();
        origin.arrived(at(0.0), 0);
        origin.began(at(0.0), Some(Duration::ZERO), 1, 0);
        origin.warmed_up(at(5.0));
        origin.ended(at(6.0), 0, false);
        let figures = origin.figures(Some(1), at(10.0), Duration::from_secs(5));
        assert_eq!(figures.utilisation, Some(0.2));
        assert_eq!(figures.work, 0);
        assert_eq!(figures.busy_peak, 1);
        assert_eq!(figures.rate.peak_1s, Some(0.0));
    }

    #[test]
    fn a_run_of_no_length_has_no_rate() {
        let figures = OriginCounts::default().figures(None, at(0.0), Duration::ZERO);
        assert_eq!(figures.rate.mean, None);
        assert_eq!(figures.utilisation, None);
    }
}
