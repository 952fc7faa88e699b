//! Copies that differ in nothing but their keys, their sizes, how long they live and what they depend
//! on, as those of most key-value traces: to store one touches little.

use super::lives::Life;
use super::rack::Rack;
use super::traffic::Inserted;
use super::values::{NOTHING, Value};
use super::{KeyId, Slot};
use crate::eviction::{Eviction, Group, Newcomer, TOGETHER, Victim};
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
        key
    }

    /// Do all copies have one size and depend on nothing?
    pub(crate) fn are_plain(&self) -> bool {
        self.only_size().is_some() && self.depends.only() == Some(NOTHING)
    }

    /// Has another copy of this size, which all have, no place unless one of them leaves?
    #[inline(always)]
    pub(crate) fn is_full(&self, size: u64) -> bool {
        let weight = self.copies.weigh(size);
        weight <= self.capacity && self.weight > self.capacity - weight
    }

    /// Stores a copy that differs from all others in its key alone, which has none, in place of the one
    /// whose key is returned; `None`: it is not stored. See [`Rack::are_plain`] and [`Rack::is_full`].
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

    /// The same for those of a group that have no copies, by their places in it, where it is known who
    /// leaves; `exchanged` is told the place in the group, whether there certainly was a copy before, and
    /// whose copy leaves. How many leave? Whoever is in the group twice has a copy the second time.
    #[inline(always)]
    pub(crate) fn exchange_all(
        &mut self,
        keys: &Group,
        (group, missing): (&mut Group, &[u8]),
        leaving: &Group,
        mut exchanged: impl FnMut(usize, bool, KeyId),
    ) -> usize {
        let mut left = 0;
        for &place in missing {
            let place = usize::from(place) % TOGETHER;
            let key = KeyId(keys[place]);
            group[place] = match self.index.entry(key) {
                Ok(slot) => slot,
                Err(was_kept) => {
                    let slot = leaving[left % TOGETHER];
                    left += 1;
                    exchanged(place, was_kept, self.exchange_with(slot, key));
                    slot
                }
            };
        }
        left
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
