//! The copies of one instance of a backend: one process's memory, one Redis, one point of presence.
//!
//! A copy lives in a slot, a dense number that another copy takes over when it has left. What is
//! known of it lies in arrays by slot, apart by how often it is needed: 14 bytes a copy and 8 for
//! its family, 16 more for its death as soon as one copy of the store can die, about 8 for the
//! eviction policy (with ghosts, about 50 more for each), and what the store's user knows of it;
//! beside that, 4 bytes for each key of the simulation, or 20 a copy where that is less.

mod copies;
mod expiry;
mod index;
mod traffic;

#[cfg(test)]
mod tests;

pub(crate) use copies::Copies;
pub use traffic::{Inserted, NewCopy, Reason, Removed};

use crate::eviction::list::Lists;
use crate::eviction::{Evictor, Newcomer, Setting, Victim, View};
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::policy::{Capacity, Evict};
use cachepolicy_core::units::Time;
use expiry::Expiry;
use index::Index;

/// A key of any level, by a dense number from 0; `u32::MAX` is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u32);

/// Where a store keeps a copy. It means that copy until the next call that can remove one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot(u32);

impl Slot {
    /// As an index for tables beside the store: less than the greatest number of copies that the
    /// store ever held.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Copies under keys, of which the eviction policy removes some when there are too many: at most
/// one copy a key.
#[derive(Debug, Clone)]
pub struct Store<T> {
    index: Index,
    copies: Copies,
    values: Vec<T>,
    /// Slots that no copy is in, the next one to be used last.
    free: Vec<u32>,
    /// The copies of each level, in the order in which they were stored.
    families: Lists,
    /// How many copies each level has.
    family_sizes: Vec<u32>,
    expiry: Expiry,
    evict: Evict,
    setting: Setting,
    evictor: Evictor,
    /// Of all copies, in the unit of the capacity.
    weight: u64,
    bytes: u128,
}

impl<T: Copy> Store<T> {
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
            index: Index::default(),
            copies: Copies::new(by_bytes),
            values: Vec::new(),
            free: Vec::new(),
            families: Lists::new(0),
            family_sizes: Vec::new(),
            expiry: Expiry::default(),
            evict,
            setting,
            evictor: Evictor::of(evict, setting),
            weight: 0,
            bytes: 0,
        }
    }

    /// The copy under a key. This is no access: see [`Store::touch`].
    #[must_use]
    #[inline]
    pub fn lookup(&self, key: KeyId) -> Option<Slot> {
        self.index.get(key).map(Slot)
    }

    /// What is known of a copy.
    #[must_use]
    #[inline]
    pub fn get(&self, slot: Slot) -> &T {
        &self.values[slot.index()]
    }

    /// The same, to be changed.
    #[inline]
    pub fn get_mut(&mut self, slot: Slot) -> &mut T {
        &mut self.values[slot.index()]
    }

    /// The key of a copy.
    #[must_use]
    pub fn key(&self, slot: Slot) -> KeyId {
        self.copies.key(slot.0)
    }

    /// The level of a copy.
    #[must_use]
    pub fn level(&self, slot: Slot) -> LevelId {
        self.copies.level(slot.0)
    }

    /// The bytes of a copy.
    #[must_use]
    pub fn size(&self, slot: Slot) -> u64 {
        self.copies.size(slot.0)
    }

    /// Records a read of a copy, which the eviction policy goes by.
    #[inline]
    pub fn touch(&mut self, slot: Slot, now: Time) {
        let view = View {
            copies: &self.copies,
            now,
        };
        self.evictor.touched(slot.0, view);
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
        self.collect(now, removed);
        let weight = self.copies.weigh(new.size);
        let older = self.index.get(new.key);
        if weight > self.setting.capacity {
            if let Some(slot) = older {
                removed.push(self.take(slot, Reason::Replaced, now));
            }
            return Inserted::TooLarge;
        }
        match older {
            Some(slot) => self.insert_over(slot, new, weight, now, removed),
            None => self.insert_anew(new, weight, now, removed),
        }
    }

    fn insert_over(
        &mut self,
        slot: u32,
        new: NewCopy<T>,
        weight: u64,
        now: Time,
        removed: &mut Vec<Removed<T>>,
    ) -> Inserted {
        let before = self.copies.weight(slot);
        while self.weight - before > self.setting.capacity - weight {
            match self.victim(None, now) {
                Victim::Newcomer => return Inserted::Refused,
                Victim::Slot(victim) if victim == slot => {
                    removed.push(self.detach(slot, Reason::Replaced));
                    return self.insert_anew(new, weight, now, removed);
                }
                Victim::Slot(victim) => removed.push(self.detach(victim, Reason::Evicted)),
            }
        }
        removed.push(self.overwrite(slot, new));
        self.weight = self.weight - before + weight;
        let view = View {
            copies: &self.copies,
            now,
        };
        self.evictor.replaced(slot, before, view);
        Inserted::Stored(Slot(slot))
    }

    fn insert_anew(
        &mut self,
        new: NewCopy<T>,
        weight: u64,
        now: Time,
        removed: &mut Vec<Removed<T>>,
    ) -> Inserted {
        let newcomer = Newcomer {
            key: new.key,
            weight,
        };
        let view = View {
            copies: &self.copies,
            now,
        };
        self.evictor.arriving(newcomer, view);
        while self.weight > self.setting.capacity - weight || self.evictor.culling() {
            match self.victim(Some(newcomer), now) {
                Victim::Slot(victim) => removed.push(self.detach(victim, Reason::Evicted)),
                Victim::Newcomer => return Inserted::Refused,
            }
        }
        let slot = self.attach(new);
        self.weight += weight;
        let view = View {
            copies: &self.copies,
            now,
        };
        self.evictor.inserted(slot, view);
        Inserted::Stored(Slot(slot))
    }

    /// Changes from when on a copy is dead.
    pub fn set_dead_from(&mut self, slot: Slot, dead_from: Time) {
        self.expiry.set(slot.0, dead_from);
    }

    /// Takes a copy out.
    pub fn remove(&mut self, slot: Slot, now: Time) -> Removed<T> {
        self.take(slot.0, Reason::Taken, now)
    }

    /// Takes all copies out, level by level. The eviction policy forgets everything as well.
    pub fn flush(&mut self, removed: &mut Vec<Removed<T>>) {
        self.evictor = Evictor::of(self.evict, self.setting);
        for level in 0..self.family_sizes.len() {
            while let Some(slot) = self.families.oldest(level) {
                removed.push(self.detach(slot, Reason::Flushed));
            }
        }
    }

    /// Takes out the copies that are dead by now. [`Store::insert`] does so too.
    pub fn collect(&mut self, now: Time, removed: &mut Vec<Removed<T>>) {
        self.expiry.advance(now);
        while let Some(slot) = self.expiry.dead() {
            removed.push(self.take(slot, Reason::Expired, now));
        }
    }

    /// The copies of a level, in the order in which they were stored.
    pub fn family(&self, level: LevelId) -> impl Iterator<Item = Slot> + '_ {
        core::iter::successors(self.families.oldest(level.index()), |&slot| {
            self.families.newer(slot)
        })
        .map(Slot)
    }

    /// The copy of a level that was stored first. Taking it out again and again empties the level.
    #[must_use]
    pub fn oldest_of(&self, level: LevelId) -> Option<Slot> {
        self.families.oldest(level.index()).map(Slot)
    }

    /// How many copies there are, dead ones that were not collected included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() - self.free.len()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many copies a level has here.
    #[must_use]
    pub fn len_of(&self, level: LevelId) -> usize {
        self.family_sizes
            .get(level.index())
            .map_or(0, |&size| size as usize)
    }

    /// The bytes of all copies; saturates.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        u64::try_from(self.bytes).unwrap_or(u64::MAX)
    }

    fn victim(&mut self, newcomer: Option<Newcomer>, now: Time) -> Victim {
        let view = View {
            copies: &self.copies,
            now,
        };
        self.evictor.victim(newcomer, view)
    }

    /// Removes a copy that the eviction policy still knows.
    fn take(&mut self, slot: u32, reason: Reason, now: Time) -> Removed<T> {
        let view = View {
            copies: &self.copies,
            now,
        };
        self.evictor.removed(slot, view);
        self.detach(slot, reason)
    }

    /// Removes a copy from everything but the eviction policy.
    fn detach(&mut self, slot: u32, reason: Reason) -> Removed<T> {
        let (key, level, size) = self.copies.of(slot);
        self.weight -= self.copies.weight(slot);
        self.bytes -= u128::from(size);
        self.index.remove(key);
        self.leave_family(slot, level);
        self.expiry.set(slot, Time::NEVER);
        self.free.push(slot);
        Removed {
            key,
            level,
            size,
            value: self.values[slot as usize],
            reason,
        }
    }

    /// Puts a copy into a free slot, known to everything but the eviction policy.
    fn attach(&mut self, new: NewCopy<T>) -> u32 {
        let slot = match self.free.pop() {
            Some(slot) => {
                self.values[slot as usize] = new.value;
                slot
            }
            None => {
                self.values.push(new.value);
                (self.values.len() - 1) as u32
            }
        };
        self.copies.set(slot, new.key, new.level, new.size);
        self.bytes += u128::from(new.size);
        self.index.insert(new.key, slot, self.len());
        self.join_family(slot, new.level);
        self.expiry.set(slot, new.dead_from);
        slot
    }

    /// Puts a copy where an older one of its key is; returns that one.
    fn overwrite(&mut self, slot: u32, new: NewCopy<T>) -> Removed<T> {
        let (key, level, size) = self.copies.of(slot);
        let value = core::mem::replace(&mut self.values[slot as usize], new.value);
        self.copies.set(slot, key, new.level, new.size);
        self.bytes = self.bytes - u128::from(size) + u128::from(new.size);
        self.leave_family(slot, level);
        self.join_family(slot, new.level);
        self.expiry.set(slot, new.dead_from);
        Removed {
            key,
            level,
            size,
            value,
            reason: Reason::Replaced,
        }
    }

    fn join_family(&mut self, slot: u32, level: LevelId) {
        let family = level.index();
        self.families.ensure(family);
        if family >= self.family_sizes.len() {
            self.family_sizes.resize(family + 1, 0);
        }
        self.families.push(family, slot);
        self.family_sizes[family] += 1;
    }

    fn leave_family(&mut self, slot: u32, level: LevelId) {
        self.families.unlink(level.index(), slot);
        self.family_sizes[level.index()] -= 1;
    }
}
