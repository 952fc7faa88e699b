//! What the engine knows of a stored copy.

use crate::intern::NONE;
use crate::store::{Apart, Value};
use cachepolicy_core::decide::{Lifetimes, Rules};
use cachepolicy_core::units::{Duration, Time};

/// A copy. The ends of its stale windows follow from its level's rules, so that they need no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Copy {
    stored: Time,
    ttl: Duration,
    fresh_until: Time,
    /// The tier's ceiling ends its residence then.
    pub(crate) resides_until: Time,
    /// How long its fill took.
    pub(crate) fill_time: Duration,
    /// Origin work that a fill without any cache would take.
    pub(crate) work: Duration,
    /// What it depends on, and its tags: an index of [`crate::provenance`].
    pub(crate) provenance: u32,
    /// Whom it was filled for: see [`crate::principal`].
    pub(crate) principal: u32,
    /// How many changes of tracked backends there had been when it was stored in its tier.
    pub(crate) changes_before: u32,
    /// It says "there is none".
    pub(crate) negative: bool,
}

/// What is known of a copy beside two instants and what it depends on: see [`Value`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rest {
    ttl: Duration,
    resides_until: Time,
    fill_time: Duration,
    work: Duration,
    principal: u32,
    changes_before: u32,
    negative: bool,
}

impl Value for Copy {
    type Rest = Rest;

    #[inline]
    fn apart(self) -> Apart<Rest> {
        let Self {
            stored,
            ttl,
            fresh_until,
            resides_until,
            fill_time,
            work,
            provenance,
            principal,
            changes_before,
            negative,
        } = self;
        let rest = Rest {
            ttl,
            resides_until,
            fill_time,
            work,
            principal,
            changes_before,
            negative,
        };
        Apart {
            fresh_until,
            stored,
            depends: provenance,
            rest,
        }
    }

    #[inline]
    fn joined(apart: Apart<Rest>) -> Self {
        let Apart {
            fresh_until,
            stored,
            depends: provenance,
            rest,
        } = apart;
        let Rest {
            ttl,
            resides_until,
            fill_time,
            work,
            principal,
            changes_before,
            negative,
        } = rest;
        Self {
            stored,
            ttl,
            fresh_until,
            resides_until,
            fill_time,
            work,
            provenance,
            principal,
            changes_before,
            negative,
        }
    }
}

impl Copy {
    #[inline]
    pub(crate) fn new(lifetimes: &Lifetimes, negative: bool) -> Self {
        Self {
            stored: lifetimes.stored,
            ttl: lifetimes.ttl,
            fresh_until: lifetimes.fresh_until,
            resides_until: Time::NEVER,
            fill_time: Duration::ZERO,
            work: Duration::ZERO,
            provenance: NONE,
            principal: NONE,
            changes_before: 0,
            negative,
        }
    }

    /// Its life, as the decisions take it.
    #[inline]
    pub(crate) fn lifetimes(&self, rules: &Rules) -> Lifetimes {
        let window = |length: Duration| {
            if self.negative {
                self.fresh_until
            } else {
                self.fresh_until + length
            }
        };
        let revalidatable_until = window(rules.stale_while_revalidate);
        Lifetimes {
            stored: self.stored,
            ttl: self.ttl,
            fresh_until: self.fresh_until,
            revalidatable_until,
            usable_on_error_until: window(rules.stale_if_error).max(revalidatable_until),
        }
    }

    /// Takes over what an `expire`, or a read under a sliding ttl, made of its life.
    pub(crate) fn set_lifetimes(&mut self, lifetimes: &Lifetimes) {
        self.fresh_until = lifetimes.fresh_until;
    }

    /// When it leaves its tier: it is dead, or the tier's ceiling is reached.
    #[inline]
    pub(crate) fn leaves(&self, rules: &Rules) -> Time {
        self.lifetimes(rules).dead_from().min(self.resides_until)
    }

    /// When its ttl ends.
    #[inline]
    pub(crate) fn fresh_until(&self) -> Time {
        self.fresh_until
    }

    /// Forgets what nobody asks for where fills take no time, so that it takes no room: when the
    /// fill ended, and the ttl, which only begins anew where it slides.
    #[inline]
    pub(crate) fn forget_fill(&mut self, rules: &Rules) {
        self.stored = Time::DISTANT_PAST;
        if !rules.sliding {
            self.ttl = Duration::ZERO;
        }
    }

    /// When its fill ended.
    pub(crate) fn stored(&self) -> Time {
        self.stored
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cachepolicy_core::decide::Stampede;

    #[test]
    fn no_room_loses_nothing() {
        let second = |seconds| Time::ZERO + Duration::from_secs(seconds);
        let rules = Rules {
            ttl: Duration::from_secs(100),
            jitter: 0.5,
            sliding: true,
            stale_while_revalidate: Duration::from_secs(10),
            stale_if_error: Duration::from_secs(20),
            negative_ttl: Some(Duration::from_secs(5)),
            early_refresh: None,
            stampede: Stampede::None,
            fence: false,
            timeout: Duration::from_secs(30),
        };
        let begun = Lifetimes::begin(&rules, rules.ttl, false, second(7), 0.3);
        for lifetimes in [
            begun,
            begun.slid(&rules, second(50)),
            begun.expired(&rules, second(9)),
        ] {
            assert_eq!(Copy::new(&lifetimes, false).lifetimes(&rules), lifetimes);
        }
        let absence = Lifetimes::begin(&rules, Duration::from_secs(5), true, second(7), 0.3);
        assert_eq!(Copy::new(&absence, true).lifetimes(&rules), absence);
        assert!(size_of::<Copy>() <= 64);
    }
}
