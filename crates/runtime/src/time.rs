//! The time that decides.

use cachepolicy_core::units::Time;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// The time since 1970, as it was when the cache was built, and from then on as the process's
/// monotonic clock goes: a jump of the machine's clock makes no copy older or younger. Under tokio's
/// paused clock it stands still with it.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    began: Instant,
    epoch: Time,
}

impl Clock {
    /// From the machine's clock.
    #[must_use]
    pub fn system() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let nanos = since.map_or(0, |since| since.as_nanos());
        Self::at(Time::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX)))
    }

    /// Now is `epoch`.
    #[must_use]
    pub fn at(epoch: Time) -> Self {
        Self {
            began: Instant::now(),
            epoch,
        }
    }

    /// Now.
    #[must_use]
    #[inline]
    pub fn now(&self) -> Time {
        let elapsed = self.began.elapsed().as_nanos();
        self.epoch
            + cachepolicy_core::units::Duration::from_nanos(
                i64::try_from(elapsed).unwrap_or(i64::MAX),
            )
    }

    /// When it will be `time`; `None`: never.
    pub(crate) fn instant(&self, time: Time) -> Option<Instant> {
        if time == Time::NEVER {
            return None;
        }
        let nanos = time.since(self.epoch).nanos();
        self.began.checked_add(std::time::Duration::from_nanos(
            u64::try_from(nanos).unwrap_or(0),
        ))
    }
}
