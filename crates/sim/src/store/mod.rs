//! The copies of one instance of a backend: one process's memory, one Redis, one point of presence.
//!
//! A copy lives in a slot, a dense number that another copy takes over when it has left. What is
//! known of it lies in arrays by slot, apart by how often it is needed: 4 bytes a copy, 8 more as
//! soon as two copies differ in size, 10 more as soon as two levels share the store, 8 more and about
//! two entries of 16 for its death as soon as one copy of the store can die, about 8 for the eviction
//! policy (with ghosts, about 30 more for each), and what the store's user knows of it; beside that,
//! 4 bytes for each key of the simulation, or 20 a copy where that is less.

mod alike;
mod column;
mod copies;
mod expiry;
mod families;
mod index;
mod lives;
mod rack;
mod traffic;
mod values;

#[cfg(test)]
mod examples;
#[cfg(test)]
mod tests;

pub(crate) use alike::{Departed, Exchange};
pub(crate) use copies::Copies;
pub use families::Pass;
pub(crate) use index::Index;
pub(crate) use lives::Life;
pub(crate) use rack::{Placed, Rack};
pub(crate) use traffic::Gone;
pub use traffic::{Inserted, NewCopy, Reason, Removed};
pub use values::{Apart, NOTHING, Value};

use crate::eviction::{Eviction as _, Evictor, Setting};
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::policy::{Capacity, Evict};
use cachepolicy_core::units::Time;

/// A key of any level, by a dense number from 0; `u32::MAX` is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u32);

/// Where a store keeps a copy. It means that copy until the next call that can remove one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot(u32);

impl Slot {
    /// As an index for tables beside the store: less than the greatest number of copies that the
    /// store ever held.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// As a number, which [`crate::eviction`] knows it by.
    pub(crate) const fn number(self) -> u32 {
        self.0
    }
}

/// Copies under keys, of which the eviction policy removes some when there are too many: at most
/// one copy a key.
#[derive(Debug, Clone)]
pub struct Store<T: Value> {
    pub(crate) rack: Rack<T>,
    pub(crate) evictor: Evictor,
    evict: Evict,
    setting: Setting,
}

impl<T: Value> Store<T> {
    /// An empty one that holds so much (`None`: any amount). The seed is for policies that draw
    /// lots.
    #[must_use]
    pub fn new(capacity: Option<Capacity>, evict: Evict, seed: u64) -> Self {
        let (capacity, by_bytes, evict) = match capacity {
            None => (u64::MAX, false, Evict::None),
            Some(Capacity::Bytes(bytes)) => (bytes.0, true, evict),
            Some(Capacity::Entries(entries)) => (entries, false, evict),
        };
        let setting = Setting {
            capacity,
            by_bytes,
            seed,
        };
        Self {
            rack: Rack::new(setting),
            evictor: Evictor::of(evict, setting),
            evict,
            setting,
        }
    }

    /// The copy under a key. This is no access: see [`Store::touch`].
    #[must_use]
    #[inline]
    pub fn lookup(&self, key: KeyId) -> Option<Slot> {
        self.rack.lookup(key)
    }

    /// What is known of a copy.
    #[must_use]
    #[inline]
    pub fn get(&self, slot: Slot) -> T {
        self.rack.get(slot)
    }

    /// Of a slot that may hold a copy: what the copy depends on, …
    #[inline]
    pub(crate) fn depends_of(&self, slot: u32) -> u32 {
        self.rack.depends_of(slot)
    }

    /// … and that soon somebody will be served by it, or it will leave: what that touches comes to the
    /// processor's caches, and nobody waits for it.
    #[inline]
    pub(crate) fn prefetch(&self, slot: u32) {
        self.evictor.prefetch(slot);
        self.rack.prefetch(slot);
    }

    /// Soon somebody will look this key up.
    #[inline]
    pub(crate) fn prefetch_key(&self, key: KeyId) {
        self.rack.prefetch_key(key);
    }

    /// The slots whose copies will probably die soon, each at three distances from its end, the furthest
    /// first; `u32::MAX`: none.
    #[inline]
    pub(crate) fn dying_soon(&mut self) -> impl Iterator<Item = [u32; 3]> + '_ {
        self.rack.lives.expiry.soon()
    }

    /// Changes what is known of a copy.
    #[inline]
    pub fn set(&mut self, slot: Slot, value: T) {
        self.rack.set(slot, value);
    }

    /// Changes what a copy depends on.
    pub(crate) fn set_depends(&mut self, slot: Slot, depends: u32) {
        self.rack.set_depends(slot, depends);
    }

    /// The key of a copy.
    #[must_use]
    pub fn key(&self, slot: Slot) -> KeyId {
        self.rack.key(slot)
    }

    /// The level of a copy.
    #[must_use]
    pub fn level(&self, slot: Slot) -> LevelId {
        self.rack.level(slot)
    }

    /// The bytes of a copy.
    #[must_use]
    pub fn size(&self, slot: Slot) -> u64 {
        self.rack.size(slot)
    }

    /// Records a read of a copy, which the eviction policy goes by.
    #[inline]
    pub fn touch(&mut self, slot: Slot, now: Time) {
        self.evictor.touched(slot.0, self.rack.view(now));
    }

    /// Stores a copy in place of an older one of its key, and makes the room that it needs. What
    /// left for it is added to `removed`; dead copies go first. `now` never goes back.
    ///
    /// Where the copy is larger than the store, the older one goes all the same: a cache that
    /// cannot take the new value must not keep the old one. Where the policy refuses, it stays.
    pub fn insert(
        &mut self,
        new: NewCopy<T>,
        now: Time,
        removed: &mut Vec<Removed<T>>,
    ) -> Inserted {
        let placed = Placed {
            new,
            quiet_until: Time::DISTANT_PAST,
        };
        self.place(placed, now, removed)
    }

    /// The same, of a copy of which it is known how long reads of it are plain ones.
    pub(crate) fn place(
        &mut self,
        placed: Placed<T>,
        now: Time,
        removed: &mut Vec<Removed<T>>,
    ) -> Inserted {
        let mut gone = |gone: Gone<T>| removed.push(gone.removed());
        self.rack.insert(&mut self.evictor, placed, now, &mut gone)
    }

    /// A copy is fresh until the present or an earlier instant, and dead from then on or later.
    pub(crate) fn expire(&mut self, slot: Slot, fresh_until: Time, dead_from: Time) {
        self.rack.expire(slot, fresh_until, dead_from);
    }

    /// Changes from when on a copy is dead.
    pub fn set_dead_from(&mut self, slot: Slot, dead_from: Time) {
        self.rack.set_dead_from(slot, dead_from);
    }

    /// Takes a copy out.
    pub fn remove(&mut self, slot: Slot, now: Time) -> Removed<T> {
        self.rack
            .take(&mut self.evictor, slot.0, Reason::Taken, now)
            .removed()
    }

    /// Takes all copies out, level by level. The eviction policy forgets everything as well.
    pub fn flush(&mut self, removed: &mut Vec<Removed<T>>) {
        self.evictor = Evictor::of(self.evict, self.setting);
        self.rack.flush(removed);
    }

    /// Takes out the copies that are dead by now. [`Store::insert`] does so too.
    pub fn collect(&mut self, now: Time, removed: &mut Vec<Removed<T>>) {
        self.rack
            .collect(&mut self.evictor, now, &mut |gone: Gone<T>| {
                removed.push(gone.removed());
            });
    }

    /// The copies of a level. Their order depends on what was done to the store, and on nothing
    /// else.
    pub fn family(&self, level: LevelId) -> impl Iterator<Item = Slot> + '_ {
        self.rack.family(level)
    }

    /// The copies of a level to which this was not done yet, nor more; from now on it was. A copy
    /// that is stored later, or over another one, begins anew.
    pub fn pass(&mut self, level: LevelId, pass: Pass) -> Vec<Slot> {
        self.rack.pass(level, pass)
    }

    /// How many copies there are, dead ones that were not collected included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rack.len()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many copies a level has here.
    #[must_use]
    pub fn len_of(&self, level: LevelId) -> usize {
        self.rack.families().len(level, self.len())
    }

    /// The bytes of all copies; saturates.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        u64::try_from(self.rack.bytes()).unwrap_or(u64::MAX)
    }
}
