//! Copies, as they lie in memory.

use crate::params::Params;
use cachepolicy_core::decide::{Found, Lifetimes};
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::units::{Duration, Time};
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A value of any type, shared by all who are served it.
pub(crate) type Shared = Arc<dyn Any + Send + Sync>;

/// A level's copy by its parameters, in whatever variant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Name {
    pub(crate) level: LevelId,
    pub(crate) params: Params,
}

/// What a copy can be found by, beside its key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Mark {
    /// It is a copy of this name.
    Is(Name),
    /// It embeds one.
    Embeds(Name),
    /// It bears this tag.
    Bears(Box<str>),
    /// It embeds a copy that does.
    Inherits(Box<str>),
}

/// A copy.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: Name,
    /// `None`: an absence.
    pub(crate) value: Option<Shared>,
    /// How long its fill took.
    pub(crate) fill_time: Duration,
    /// What it can be found by, [`Mark::Is`] not among them.
    pub(crate) marks: Arc<[Mark]>,
    /// It leaves its tier at the latest then.
    resides_until: Time,
    life: Life,
    /// It says that there is no such thing.
    is_negative: bool,
    /// For how long after its life it can still be found.
    grace: Duration,
    /// What it takes of its backend's capacity: bytes, or 1 where that is in entries.
    weight: usize,
}

/// Lifetimes that an `expire` or a sliding ttl moves while others read them. Who reads meanwhile may
/// see a part of the change: one decision that was made at the same instant as the change then falls
/// on either side of it.
#[derive(Debug)]
struct Life {
    stored: Time,
    ttl: Duration,
    fresh_until: AtomicI64,
    revalidatable_until: AtomicI64,
    usable_on_error_until: AtomicI64,
}

impl Entry {
    pub(crate) fn new(
        name: Name,
        value: Option<Shared>,
        lifetimes: &Lifetimes,
        fill_time: Duration,
        marks: Arc<[Mark]>,
        resides_until: Time,
    ) -> Self {
        Self {
            is_negative: value.is_none(),
            grace: Duration::ZERO,
            weight: 1,
            name,
            value,
            fill_time,
            marks,
            resides_until,
            life: Life {
                stored: lifetimes.stored,
                ttl: lifetimes.ttl,
                fresh_until: AtomicI64::new(lifetimes.fresh_until.nanos()),
                revalidatable_until: AtomicI64::new(lifetimes.revalidatable_until.nanos()),
                usable_on_error_until: AtomicI64::new(lifetimes.usable_on_error_until.nanos()),
            },
        }
    }

    /// With a value that says that there is no such thing, and found for so long after its life.
    pub(crate) fn with(mut self, is_negative: bool, grace: Duration) -> Self {
        self.is_negative |= is_negative;
        self.grace = grace;
        self
    }

    /// It takes so much of its backend's capacity.
    pub(crate) fn weighing(mut self, weight: usize) -> Self {
        self.weight = weight;
        self
    }

    /// What it takes of its backend's capacity.
    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    /// Does it say that there is no such thing?
    #[inline]
    pub(crate) fn is_negative(&self) -> bool {
        self.is_negative
    }

    /// For how long after its life it can still be found.
    #[cfg(feature = "redis")]
    pub(crate) fn grace(&self) -> Duration {
        self.grace
    }

    /// From then on it cannot be found any more.
    pub(crate) fn gone_from(&self) -> Time {
        self.leaves() + self.grace
    }

    /// The same copy in a nearer tier: with the same life, which goes its own way from then on.
    pub(crate) fn promoted(&self, resides_until: Time) -> Self {
        let promoted = Self::new(
            self.name.clone(),
            self.value.clone(),
            &self.lifetimes(),
            self.fill_time,
            Arc::clone(&self.marks),
            resides_until,
        );
        promoted.with(self.is_negative, self.grace)
    }

    /// The same copy under another policy.
    pub(crate) fn under(
        &self,
        name: Name,
        lifetimes: &Lifetimes,
        marks: Arc<[Mark]>,
        resides_until: Time,
    ) -> Self {
        let value = self.value.clone();
        let entry = Self::new(name, value, lifetimes, self.fill_time, marks, resides_until);
        entry.with(self.is_negative, self.grace)
    }

    /// The same copy with another value.
    pub(crate) fn saying(&self, value: Shared) -> Self {
        let mut entry = self.promoted(self.resides_until);
        entry.value = Some(value);
        entry
    }

    /// Its tier's ceiling.
    pub(crate) fn resides_until(&self) -> Time {
        self.resides_until
    }

    /// From then on it is not in its tier any more.
    #[inline]
    pub(crate) fn leaves(&self) -> Time {
        let dead = Time::from_nanos(self.life.usable_on_error_until.load(Ordering::Acquire));
        dead.min(self.resides_until)
    }

    #[inline]
    pub(crate) fn lifetimes(&self) -> Lifetimes {
        let time = |nanos: &AtomicI64| Time::from_nanos(nanos.load(Ordering::Acquire));
        Lifetimes {
            stored: self.life.stored,
            ttl: self.life.ttl,
            fresh_until: time(&self.life.fresh_until),
            revalidatable_until: time(&self.life.revalidatable_until),
            usable_on_error_until: time(&self.life.usable_on_error_until),
        }
    }

    /// An `expire`, or a hit under a sliding ttl.
    pub(crate) fn set_lifetimes(&self, lifetimes: &Lifetimes) {
        let set = |nanos: &AtomicI64, time: Time| nanos.store(time.nanos(), Ordering::Release);
        set(
            &self.life.usable_on_error_until,
            lifetimes.usable_on_error_until,
        );
        set(
            &self.life.revalidatable_until,
            lifetimes.revalidatable_until,
        );
        set(&self.life.fresh_until, lifetimes.fresh_until);
    }

    pub(crate) fn found(&self) -> Found {
        Found::Copy {
            lifetimes: self.lifetimes(),
            negative: self.is_negative,
            fill_time: self.fill_time,
        }
    }
}
