//! Units: instants, lengths of time, sizes. Whole nanoseconds and bytes, so that sums are exact
//! and the same on every platform.

use core::ops::{Add, Sub};
use serde::{Deserialize, Serialize};

/// A length of time in nanoseconds, never negative. Arithmetic saturates at [`Duration::FOREVER`].
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(into = "i64", try_from = "i64")]
pub struct Duration(i64);

impl From<Duration> for i64 {
    fn from(duration: Duration) -> Self {
        duration.0
    }
}

/// A length of time below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a duration is negative")]
pub struct NegativeDuration;

impl TryFrom<i64> for Duration {
    type Error = NegativeDuration;

    fn try_from(nanos: i64) -> Result<Self, NegativeDuration> {
        if nanos < 0 {
            Err(NegativeDuration)
        } else {
            Ok(Self(nanos))
        }
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Longer than anything: `forever`.
    pub const FOREVER: Self = Self(i64::MAX);
    /// One second.
    pub const SECOND: Self = Self(1_000_000_000);

    /// From nanoseconds; negative ones count as none.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(if nanos < 0 { 0 } else { nanos })
    }

    /// From milliseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self::from_nanos(millis.saturating_mul(1_000_000))
    }

    /// From whole seconds.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self::from_nanos(secs.saturating_mul(1_000_000_000))
    }

    /// From seconds; rounded to the nearest nanosecond. Not-a-number and negative ones count as none.
    #[must_use]
    pub fn from_secs_f64(secs: f64) -> Self {
        Self::from_nanos(nearest(secs * 1e9))
    }

    /// In nanoseconds.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// In seconds; `forever` is infinite.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        if self.is_forever() {
            f64::INFINITY
        } else {
            self.0 as f64 / 1e9
        }
    }

    /// Is it `forever`?
    #[must_use]
    pub const fn is_forever(self) -> bool {
        self.0 == i64::MAX
    }

    /// The part `share` (0..1) of it; `forever` stays so unless `share` is 0.
    #[must_use]
    pub fn scaled(self, share: f64) -> Self {
        if self.is_forever() && share > 0.0 {
            self
        } else {
            Self::from_nanos(nearest(self.0 as f64 * share))
        }
    }
}

/// The nearest whole number, of two the greater one; saturates, and not-a-number is zero. Below
/// zero it may be too great by one: nothing here is ever negative.
#[inline]
pub(crate) fn nearest(value: f64) -> i64 {
    let whole = value as i64;
    // Exact: what is left of a number without its whole part needs no more digits than the number.
    if value - whole as f64 >= 0.5 {
        whole.saturating_add(1)
    } else {
        whole
    }
}

impl Add for Duration {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Duration {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        if self.is_forever() {
            self
        } else {
            Self::from_nanos(self.0.saturating_sub(other.0))
        }
    }
}

/// An instant: nanoseconds from an origin that the driver chooses (the trace's own, or the Unix
/// epoch). Arithmetic saturates; [`Time::NEVER`] is later than everything.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Time(i64);

impl Time {
    /// The origin.
    pub const ZERO: Self = Self(0);
    /// Before everything.
    pub const DISTANT_PAST: Self = Self(i64::MIN);
    /// After everything.
    pub const NEVER: Self = Self(i64::MAX);

    /// From nanoseconds since the origin.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From seconds since the origin, rounded to the nearest nanosecond.
    #[must_use]
    pub fn from_secs_f64(secs: f64) -> Self {
        Self(libm::round(secs * 1e9) as i64)
    }

    /// Nanoseconds since the origin.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Seconds since the origin.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// How long after `earlier`; none when it is not after.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// That long before; saturates.
    #[must_use]
    pub const fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration.nanos()))
    }
}

impl Add<Duration> for Time {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        if duration.is_forever() {
            Self::NEVER
        } else {
            Self(self.0.saturating_add(duration.nanos()))
        }
    }
}

/// A size in bytes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Bytes(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forever_stays_forever() {
        assert_eq!(Duration::FOREVER + Duration::SECOND, Duration::FOREVER);
        assert_eq!(Duration::FOREVER - Duration::SECOND, Duration::FOREVER);
        assert_eq!(Duration::FOREVER.scaled(0.5), Duration::FOREVER);
        assert_eq!(Duration::FOREVER.scaled(0.0), Duration::ZERO);
        assert_eq!(Time::DISTANT_PAST + Duration::FOREVER, Time::NEVER);
        assert!(Duration::FOREVER.as_secs_f64().is_infinite());
    }

    #[test]
    fn nothing_is_negative_or_overflows() {
        assert_eq!(Duration::from_nanos(-1), Duration::ZERO);
        assert_eq!(Duration::from_secs_f64(f64::NAN), Duration::ZERO);
        assert_eq!(Duration::from_secs_f64(f64::INFINITY), Duration::FOREVER);
        assert_eq!(Duration::from_secs(i64::MAX), Duration::FOREVER);
        assert_eq!(Duration::SECOND - Duration::from_secs(2), Duration::ZERO);
        assert_eq!(Time::ZERO.since(Time::NEVER), Duration::ZERO);
        assert_eq!(Time::NEVER.since(Time::DISTANT_PAST), Duration::FOREVER);
        assert_eq!(
            Time::DISTANT_PAST.before(Duration::SECOND),
            Time::DISTANT_PAST
        );
        assert_eq!(Duration::try_from(-1), Err(NegativeDuration));
    }

    proptest::proptest! {
        #[test]
        fn the_nearest_is_the_nearest(
            bits in proptest::prelude::any::<u64>(), halves in 0i64..1 << 53, nudge in -1i64..2,
        ) {
            for value in [
                f64::from_bits(bits),
                halves as f64 / 2.0,
                f64::from_bits(((halves as f64 / 2.0).to_bits() as i64 + nudge).max(0) as u64),
            ] {
                let whole = Duration::from_nanos(libm::round(value) as i64);
                proptest::prop_assert_eq!(Duration::from_nanos(nearest(value)), whole, "{}", value);
            }
        }
    }

    #[test]
    fn seconds_are_rounded_to_the_nanosecond() {
        assert_eq!(
            Duration::from_secs_f64(1.000_000_000_6),
            Duration::from_nanos(1_000_000_001)
        );
        assert_eq!(Time::from_secs_f64(12.25), Time::from_nanos(12_250_000_000));
        assert_eq!(Duration::from_millis(1500).as_secs_f64(), 1.5);
    }
}
