//! When a copy is good for what.

use super::Rules;
use crate::units::{Duration, Time};
use serde::{Deserialize, Serialize};

/// The instants of a copy's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifetimes {
    /// When it became visible.
    pub stored: Time,
    /// Its own ttl, jitter included.
    pub ttl: Duration,
    /// Fresh before this instant.
    pub fresh_until: Time,
    /// Served stale, with a refresh, before this instant.
    pub revalidatable_until: Time,
    /// Served when a fill fails before this instant.
    pub usable_on_error_until: Time,
}

impl Lifetimes {
    /// Of a copy that is stored at `now`. `ttl` is the declared one, or what the response said;
    /// `draw` (0 ≤ draw < 1) shortens it within the jitter. An absence has neither jitter nor stale
    /// windows.
    #[must_use]
    #[inline]
    pub fn begin(rules: &Rules, ttl: Duration, negative: bool, now: Time, draw: f64) -> Self {
        let ttl = if rules.jitter > 0.0 && !negative && !ttl.is_forever() {
            ttl - ttl.scaled(rules.jitter * draw)
        } else {
            ttl
        };
        let fresh_until = now + ttl;
        let window = |length: Duration| {
            if negative {
                fresh_until
            } else {
                fresh_until + length
            }
        };
        let revalidatable_until = window(rules.stale_while_revalidate);
        Self {
            stored: now,
            ttl,
            fresh_until,
            revalidatable_until,
            usable_on_error_until: window(rules.stale_if_error).max(revalidatable_until),
        }
    }

    /// After a fresh hit at `now` on a level with a sliding ttl: the ttl begins anew. A copy that is
    /// not fresh any more stays as it is, and absences ([`super::Hit::Negative`]) do not slide.
    #[must_use]
    #[inline]
    pub fn slid(self, rules: &Rules, now: Time) -> Self {
        if self.freshness(now) == Freshness::Fresh {
            self.with_fresh_until(rules, now + self.ttl)
        } else {
            self
        }
    }

    /// As a clock has it for which it is `now`: what another clock says was stored later than that was stored
    /// now, and has no more than its whole life before it.
    #[must_use]
    pub fn by_clock_at(self, now: Time) -> Self {
        if self.stored <= now {
            return self;
        }
        let ahead = self.stored.since(now).nanos();
        let earlier = |time: Time| {
            if time == Time::NEVER {
                return time;
            }
            Time::from_nanos(time.nanos().saturating_sub(ahead))
        };
        Self {
            stored: now,
            ttl: self.ttl,
            fresh_until: earlier(self.fresh_until),
            revalidatable_until: earlier(self.revalidatable_until),
            usable_on_error_until: earlier(self.usable_on_error_until),
        }
    }

    /// After an `expire` at `now`: stale at once, and the windows count from here. Repeating it
    /// changes nothing, since nothing is ever extended.
    #[must_use]
    #[inline]
    pub fn expired(self, rules: &Rules, now: Time) -> Self {
        let expired = self.with_fresh_until(rules, self.fresh_until.min(now));
        Self {
            revalidatable_until: expired.revalidatable_until.min(self.revalidatable_until),
            usable_on_error_until: expired
                .usable_on_error_until
                .min(self.usable_on_error_until),
            ..expired
        }
    }

    fn with_fresh_until(self, rules: &Rules, fresh_until: Time) -> Self {
        // An absence has no windows and gets none; where it was kept forever it cannot be told from
        // a value, and gets windows in which nothing serves it.
        let has_windows =
            self.usable_on_error_until > self.fresh_until || self.fresh_until == Time::NEVER;
        let window = |length: Duration| {
            if has_windows {
                fresh_until + length
            } else {
                fresh_until
            }
        };
        let revalidatable_until = window(rules.stale_while_revalidate);
        Self {
            fresh_until,
            revalidatable_until,
            usable_on_error_until: window(rules.stale_if_error).max(revalidatable_until),
            ..self
        }
    }

    /// What the copy is good for at `now`.
    #[must_use]
    #[inline]
    pub fn freshness(&self, now: Time) -> Freshness {
        if now < self.fresh_until {
            Freshness::Fresh
        } else if now < self.revalidatable_until {
            Freshness::Stale
        } else if now < self.usable_on_error_until {
            Freshness::UsableOnError
        } else {
            Freshness::Dead
        }
    }

    /// When nothing can be done with the copy any more.
    #[must_use]
    #[inline]
    pub const fn dead_from(&self) -> Time {
        self.usable_on_error_until
    }
}

/// What a copy is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freshness {
    /// To be served.
    Fresh,
    /// To be served while it is refreshed.
    Stale,
    /// To be served when a fill fails, or when waiting for one took too long.
    UsableOnError,
    /// Nothing.
    Dead,
}
