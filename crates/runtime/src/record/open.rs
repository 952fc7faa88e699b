//! Since when requests have been under way: what has ended can be written down in the order of time as
//! soon as nothing earlier can still end.

use cachepolicy_core::units::{Duration, Time};
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

/// Requests are counted by when they began, in steps of this many nanoseconds.
const STEP: i64 = 64_000_000;

/// So many steps are told apart, a minute: whoever takes longer is not waited for.
const STEPS: usize = 1 << 10;

/// An event may be this late after the time that it bears: between the two, its thread may be stopped.
const LAG: Duration = Duration::from_millis(200);

/// Requests under way.
#[derive(Debug)]
pub(crate) struct Open {
    began: Vec<AtomicU32>,
    latest: AtomicI64,
}

impl Default for Open {
    fn default() -> Self {
        Self {
            began: (0..STEPS).map(|_| AtomicU32::new(0)).collect(),
            latest: AtomicI64::new(i64::MIN),
        }
    }
}

impl Open {
    fn step(&self, number: i64) -> Option<&AtomicU32> {
        self.began.get(number.rem_euclid(STEPS as i64) as usize)
    }

    /// One begins.
    pub(crate) fn begin(&self, at: Time) {
        if let Some(step) = self.step(at.nanos() / STEP) {
            step.fetch_add(1, Ordering::AcqRel);
        }
        self.latest.fetch_max(at.nanos(), Ordering::AcqRel);
    }

    /// One that began then has ended, and been told of.
    pub(crate) fn end(&self, at: Time) {
        if let Some(step) = self.step(at.nanos() / STEP) {
            step.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Nothing that is yet to be told of happened before this time, but for what takes longer than a
    /// minute.
    pub(crate) fn settled(&self) -> Time {
        let latest = self.latest.load(Ordering::Acquire);
        if latest == i64::MIN {
            return Time::DISTANT_PAST;
        }
        let last = latest / STEP;
        let first = last - STEPS as i64 + 1;
        let is_open = |number: &i64| {
            let step = self.step(*number);
            step.is_some_and(|step| step.load(Ordering::Acquire) > 0)
        };
        let open = (first..=last).find(is_open);
        let open = open.map_or(Time::NEVER, |number| Time::from_nanos(number * STEP));
        open.min(Time::from_nanos(latest).before(LAG))
    }

    /// Is nothing under way?
    pub(crate) fn is_idle(&self) -> bool {
        let steps = self.began.iter();
        steps
            .map(|step| step.load(Ordering::Acquire))
            .all(|open| open == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Time {
        Time::from_nanos(1_700_000_000_000_000_000 + millis * 1_000_000)
    }

    #[test]
    fn what_is_under_way_holds_back_what_came_later() {
        let open = Open::default();
        assert_eq!(open.settled(), Time::DISTANT_PAST);
        open.begin(at(0));
        open.begin(at(5_000));
        open.end(at(5_000));
        assert!(open.settled() <= at(0) && open.settled() > at(-65));
        assert!(!open.is_idle());
        open.end(at(0));
        assert_eq!(open.settled(), at(4_800));
        assert!(open.is_idle());
    }

    #[test]
    fn who_takes_longer_than_a_minute_is_not_waited_for_forever() {
        let open = Open::default();
        open.begin(at(0));
        open.begin(at(100_000));
        open.end(at(100_000));
        assert!(open.settled() > at(30_000));
    }
}
