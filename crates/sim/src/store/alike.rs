//! Copies that differ in nothing but their keys, their sizes, how long they live and what they depend
//! on, as those of most key-value traces: to store one touches little.

use super::lives::Life;
use super::rack::Rack;
use super::traffic::Inserted;
use super::values::{NOTHING, Value};
use super::{KeyId, Slot};
use crate::eviction::{Eviction, Newcomer, Victim};
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::units::Time;

/// A copy that left although nobody asked for that.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Departed {
    pub(crate) key: KeyId,
    pub(crate) is_fresh: bool,
    /// See [`super::values::Apart::depends`].
    pub(crate) depends: u32,
    /// From when on it is dead; where it depends on nothing, this may be unknown.
    pub(crate) dead_from: Time,
}

/// A copy that was stored with others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exchange {
    /// There certainly was a copy under its key before.
    pub(crate) was_kept: bool,
    /// Whose copy left for it.
    pub(crate) left: Option<KeyId>,
    /// What that one depended on.
    pub(crate) depends: u32,
}

impl<T: Value> Rack<T> {
    /// Are all copies like this one in everything but key, size, how long they live and what they
    /// depend on?
    pub(crate) fn unify(&mut self, value: T, level: LevelId) -> bool {
        let value = value.apart();
        self.stored.unify(value.stored)
            && self.rest.unify(value.rest)
            && self.copies.unify(level)
            && self.families.unify(level)
    }

    /// Do all copies live forever, with nothing to it?
    pub(crate) fn are_endless(&self) -> bool {
        self.lives.are_endless()
    }

    /// See [`super::copies::Copies::only_size`].
    #[inline]
    pub(crate) fn only_size(&self) -> Option<u64> {
        self.copies.only_size()
    }

    /// Stores a copy that depends on nothing and is like all others but for its key, which has none,
    /// its size, and its life, unless that is the same forever; see [`Rack::unify`]. The dead have
    /// left.
    #[inline(always)]
    pub(crate) fn insert_alike<E: Eviction>(
        &mut self,
        evictor: &mut E,
        (key, size): (KeyId, u64),
        life: Option<Life>,
        now: Time,
        mut evicted: impl FnMut(Departed),
    ) -> Inserted {
        let weight = self.copies.weigh(size);
        if weight > self.capacity {
            return Inserted::TooLarge;
        }
        let newcomer = Newcomer { key, weight };
        evictor.arriving(newcomer, self.view(now));
        let mut vacant = None;
        while self.weight > self.capacity - weight || evictor.culling() {
            let Victim::Slot(victim) = evictor.victim(Some(newcomer), self.view(now)) else {
                self.free.extend(vacant);
                return Inserted::Refused;
            };
            let is_fresh = life.is_none() || now < self.lives.fresh_until(victim);
            evicted(self.vacate(victim, life.is_some(), is_fresh));
            if let Some(another) = vacant.replace(victim) {
                self.free.push(another);
            }
        }
        let slot = vacant.unwrap_or_else(|| self.free_slot());
        self.weight += weight;
        self.bytes += u128::from(size);
        self.copies.set(slot, key, size);
        self.enter(key, slot);
        if let Some(life) = life {
            self.lives.set(slot, life, self.slots);
        }
        self.depends.set(slot, NOTHING, self.slots);
        evictor.inserted(slot, self.view(now));
        Inserted::Stored(Slot(slot))
    }

    /// Puts a copy that depends on nothing over one that differs from it in its life alone. `false`:
    /// nothing was done, they differ in more.
    #[inline]
    pub(crate) fn renew_alike<E: Eviction>(
        &mut self,
        evictor: &mut E,
        Slot(slot): Slot,
        (size, life): (u64, Life),
        now: Time,
    ) -> bool {
        if self.copies.size(slot) != size || self.depends_of(slot) != NOTHING {
            return false;
        }
        self.lives.set(slot, life, self.slots);
        evictor.replaced(slot, self.copies.weigh(size), self.view(now));
        true
    }

    /// Soon somebody will look these keys up.
    #[inline]
    pub(crate) fn prefetch_keys(&self, keys: &[u32]) {
        keys.iter().for_each(|key| self.index.prefetch(KeyId(*key)));
    }

    /// Soon this copy will leave. Whose is it?
    #[inline]
    pub(crate) fn prefetch_leaving(&self, slot: u32) -> KeyId {
        let key = self.copies.key(slot);
        self.index.prefetch(key);
        self.lives.prefetch(slot);
        key
    }

    /// Has another copy of this size, which all have, no place unless one of them leaves?
    #[inline(always)]
    pub(crate) fn is_full(&self, size: u64) -> bool {
        let weight = self.copies.weigh(size);
        weight <= self.capacity && self.weight > self.capacity - weight
    }

    /// Stores a copy that differs from all others in its key alone, which has none, in place of the one
    /// whose key is returned; `None`: it is not stored. All copies are of this size and independent, see
    /// [`Rack::is_full`].
    #[inline(always)]
    pub(crate) fn exchange<E: Eviction>(
        &mut self,
        evictor: &mut E,
        (key, size): (KeyId, u64),
        now: Time,
    ) -> Option<KeyId> {
        let weight = self.copies.weigh(size);
        let newcomer = Newcomer { key, weight };
        evictor.arriving(newcomer, self.view(now));
        let Victim::Slot(slot) = evictor.victim(Some(newcomer), self.view(now)) else {
            return None;
        };
        let left = self.exchange_with(slot, key);
        evictor.inserted(slot, self.view(now));
        Some(left)
    }

    /// The copy of a key, which has none, in place of that of another one, which is returned.
    #[inline(always)]
    fn exchange_with(&mut self, slot: u32, key: KeyId) -> KeyId {
        let left = self.copies.rename(slot, key);
        self.index.remove(left);
        self.enter(key, slot);
        left
    }

    /// So many copies more of this size, which all have, find room without one that leaves.
    #[inline]
    pub(crate) fn room(&self, size: u64) -> usize {
        let weight = self.copies.weigh(size).max(1);
        let room = self.capacity.saturating_sub(self.weight) / weight;
        usize::try_from(room).unwrap_or(usize::MAX)
    }

    /// May somebody be dead by then?
    #[inline]
    pub(crate) fn is_due(&self, at: Time) -> bool {
        self.lives.expiry.is_due(at)
    }

    /// Is the copy in this slot alive at that instant? Asked where [`Rack::are_simple`].
    #[inline]
    pub(crate) fn is_alive(&self, slot: u32, at: Time) -> bool {
        at < self.lives.expiry.instant(slot)
    }

    /// Is each copy fresh until it is dead, and every read of it before a plain one?
    #[inline]
    pub(crate) fn are_simple(&self) -> bool {
        self.lives.are_simple()
    }

    /// Does no copy depend on anything?
    #[inline]
    pub(crate) fn are_independent(&self) -> bool {
        self.depends.only() == Some(NOTHING)
    }

    /// Stores copies for those of a group that have none, by their places in it, which differ from all
    /// others in their keys and lives alone: as far as there is [room](Rack::room), and then in place of those
    /// who leave, of whom it is known who they are; `exchanged` is told what came of each. How many leave?
    /// Whoever is in the group twice has a copy the second time. No copy is dead before the group is over.
    #[inline(always)]
    pub(crate) fn exchange_all<const N: usize>(
        &mut self,
        keys: &[u32; N],
        (group, missing): (&mut [u32; N], &[u8]),
        (size, mut room, leaving): (u64, usize, &[u32; N]),
        mut life: impl FnMut(usize) -> Option<Life>,
        mut exchanged: impl FnMut(usize, Exchange),
    ) -> usize {
        let mut left = 0;
        for &place in missing {
            let place = usize::from(place) % N;
            let key = KeyId(keys[place]);
            let was_kept = match self.index.entry(key) {
                Ok(slot) => {
                    group[place] = slot;
                    continue;
                }
                Err(was_kept) => was_kept,
            };
            let mut exchange = Exchange {
                was_kept,
                left: None,
                depends: NOTHING,
            };
            let slot = if room > 0 {
                room -= 1;
                self.settle(key, size)
            } else {
                let slot = leaving[left % N];
                left += 1;
                exchange.depends = self.depends_of(slot);
                exchange.left = Some(self.exchange_with(slot, key));
                slot
            };
            if let Some(life) = life(place) {
                self.lives.set(slot, life, self.slots);
            }
            self.depends.set(slot, NOTHING, self.slots);
            group[place] = slot;
            exchanged(place, exchange);
        }
        left
    }

    /// A copy of a key, which has none, where there is room.
    #[inline(never)]
    fn settle(&mut self, key: KeyId, size: u64) -> u32 {
        let slot = self.free_slot();
        self.weight += self.copies.weigh(size);
        self.bytes += u128::from(size);
        self.copies.set(slot, key, size);
        self.enter(key, slot);
        slot
    }

    /// Takes out the copies that are dead by now, which are like others, see [`Rack::unify`].
    #[inline]
    pub(crate) fn collect_alike<E: Eviction>(
        &mut self,
        evictor: &mut E,
        now: Time,
        mut dead: impl FnMut(Departed),
    ) {
        if self.lives.expiry.is_due(now) {
            while let Some(slot) = self.lives.expiry.next_dead(now) {
                evictor.removed(slot, self.view(now));
                dead(self.vacate(slot, true, false));
                self.free.push(slot);
            }
        }
    }

    /// Empties a slot that the eviction policy does not know any more.
    #[inline(always)]
    fn vacate(&mut self, slot: u32, is_mortal: bool, is_fresh: bool) -> Departed {
        let (key, size) = (self.copies.key(slot), self.copies.size(slot));
        let depends = self.depends_of(slot);
        let departed = Departed {
            key,
            is_fresh,
            depends,
            dead_from: if depends == NOTHING {
                Time::NEVER
            } else {
                self.lives.expiry.instant(slot)
            },
        };
        self.weight -= self.copies.weigh(size);
        self.bytes -= u128::from(size);
        self.index.remove(key);
        self.copies.vacate(slot);
        if is_mortal {
            self.lives.end(slot);
        }
        departed
    }
}
