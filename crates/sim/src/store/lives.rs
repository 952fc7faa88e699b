//! How long copies live.

use super::column::Column;
use super::expiry::Expiry;
use cachepolicy_core::units::Time;

/// How long a copy lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Life {
    pub(crate) fresh_until: Time,
    /// Reads before are known to be plain ones, see [`super::rack::Rack::quiet`];
    /// [`Time::DISTANT_PAST`]: nothing is known of them.
    pub(crate) quiet_until: Time,
    pub(crate) dead_from: Time,
}

impl Life {
    /// Of a copy that is fresh until it is dead, and all reads of it before are plain ones.
    #[inline]
    pub(crate) const fn simple(end: Time) -> Self {
        Self {
            fresh_until: end,
            quiet_until: end,
            dead_from: end,
        }
    }

    /// Is a copy fresh until it is dead, and are all reads before plain ones?
    #[inline]
    fn is_simple(&self) -> bool {
        self.fresh_until == self.dead_from && self.quiet_until == self.dead_from
    }
}

/// What is known beside the instants of death where some lives are not simple, by slot.
#[derive(Debug, Clone)]
struct Apart {
    fresh: Column<Time>,
    quiet: Column<Time>,
}

impl Apart {
    /// Of so many slots, whose lives have been simple.
    #[cold]
    fn new(expiry: &Expiry, slots: usize) -> Self {
        let (mut fresh, mut quiet) = (Column::new(), Column::new());
        for slot in 0..slots as u32 {
            fresh.set(slot, expiry.instant(slot), slots);
            quiet.set(slot, expiry.instant(slot), slots);
        }
        Self { fresh, quiet }
    }
}

/// By slot. As long as all lives are simple, only the instants of death take room.
#[derive(Debug, Clone, Default)]
pub(super) struct Lives {
    pub(super) expiry: Expiry,
    apart: Option<Apart>,
}

impl Lives {
    /// Do all copies live forever, simply?
    #[inline]
    pub(super) fn are_endless(&self) -> bool {
        self.expiry.is_idle() && self.apart.is_none()
    }

    /// Is each copy fresh until it is dead, and every read of it before a plain one?
    #[inline]
    pub(super) fn are_simple(&self) -> bool {
        self.apart.is_none()
    }

    #[inline]
    pub(super) fn fresh_until(&self, slot: u32) -> Time {
        match &self.apart {
            Some(apart) => *apart.fresh.get(slot),
            None => self.expiry.instant(slot),
        }
    }

    #[inline]
    pub(super) fn quiet_until(&self, slot: u32) -> Time {
        match &self.apart {
            Some(apart) => *apart.quiet.get(slot),
            None => self.expiry.instant(slot),
        }
    }

    /// Is a read of the copy in this slot known to be a plain one?
    #[inline]
    pub(super) fn is_quiet(&self, slot: u32, at: Time) -> bool {
        match &self.apart {
            Some(apart) => at < *apart.quiet.get(slot),
            // Where nobody can be dead, what is known of the copy need not be read.
            None => !self.expiry.is_due(at) || at < self.expiry.instant(slot),
        }
    }

    /// Something of what a read needs: see [`crate::eviction::Eviction::peek`].
    #[inline]
    pub(super) fn peek(&self, slot: u32) -> u32 {
        let quiet = self.apart.as_ref().and_then(|all| all.quiet.peek(slot));
        quiet.map_or(0, |until| until.nanos() as u32)
    }

    /// The same of a copy that leaves.
    #[inline]
    pub(super) fn peek_leaving(&self, slot: u32) -> u32 {
        let fresh = self.apart.as_ref().and_then(|all| all.fresh.peek(slot));
        let fresh = fresh.map_or(0, |until| until.nanos() as u32);
        self.expiry.instant(slot).nanos() as u32 ^ self.peek(slot) ^ fresh
    }

    /// Soon the copy in this slot will be read, or leave.
    #[inline]
    pub(super) fn prefetch(&self, slot: u32) {
        if let Some(apart) = &self.apart {
            apart.fresh.prefetch(slot);
            apart.quiet.prefetch(slot);
        }
        self.expiry.prefetch(slot);
    }

    /// Of a slot that gets a copy. `slots`: how many have been in use, this one included.
    #[inline]
    pub(super) fn set(&mut self, slot: u32, life: Life, slots: usize) {
        if self.apart.is_none() && slots == 1 && !life.is_simple() {
            // The first of all: what all others have as well then takes no room.
            self.apart = Some(Apart {
                fresh: Column::new(),
                quiet: Column::new(),
            });
        }
        if self.apart.is_some() || !life.is_simple() {
            self.set_fresh(slot, life.fresh_until, slots);
            self.set_quiet(slot, life.quiet_until, slots);
        }
        self.expiry.set(slot, life.dead_from);
    }

    /// Sets until when a copy is fresh.
    #[inline]
    pub(super) fn set_fresh(&mut self, slot: u32, fresh_until: Time, slots: usize) {
        let apart = self.set_apart(slots);
        apart.fresh.set(slot, fresh_until, slots);
    }

    /// Sets until when reads of a copy are plain ones.
    #[inline]
    pub(super) fn set_quiet(&mut self, slot: u32, quiet_until: Time, slots: usize) {
        let apart = self.set_apart(slots);
        apart.quiet.set(slot, quiet_until, slots);
    }

    /// Sets from when on a copy is dead.
    pub(super) fn set_dead_from(&mut self, slot: u32, dead_from: Time, slots: usize) {
        self.set_apart(slots);
        self.expiry.set(slot, dead_from);
    }

    /// The copy in this slot left.
    #[inline]
    pub(super) fn end(&mut self, slot: u32) {
        self.expiry.set(slot, Time::NEVER);
    }

    #[inline]
    fn set_apart(&mut self, slots: usize) -> &mut Apart {
        let expiry = &self.expiry;
        self.apart.get_or_insert_with(|| Apart::new(expiry, slots))
    }
}
