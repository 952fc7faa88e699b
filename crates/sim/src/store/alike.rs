//! Copies that differ in nothing but their keys and sizes, as those of most key-value traces: to
//! store one touches little.

use super::rack::Rack;
use super::traffic::Inserted;
use super::{KeyId, Slot};
use crate::eviction::{Eviction, Newcomer, Victim};
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::units::Time;

impl<T: Copy + PartialEq> Rack<T> {
    /// Are all copies like this one in everything but key and size, and do they live forever?
    pub(crate) fn unify(&mut self, value: T, quiet_until: Time, level: LevelId) -> bool {
        self.expiry.is_idle()
            && self.values.unify(value)
            && self.quiet.unify(quiet_until)
            && self.copies.unify(level)
            && self.families.unify(level)
    }

    /// See [`super::copies::Copies::only_size`].
    #[inline]
    pub(crate) fn only_size(&self) -> Option<u64> {
        self.copies.only_size()
    }

    /// Stores a copy that is like all others but for its key, which has none, and its size; see
    /// [`Rack::unify`].
    #[inline(always)]
    pub(crate) fn insert_alike<E: Eviction>(
        &mut self,
        evictor: &mut E,
        (key, size): (KeyId, u64),
        now: Time,
        mut evicted: impl FnMut(KeyId),
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
            let (key, size) = (self.copies.key(victim), self.copies.size(victim));
            self.weight -= self.copies.weigh(size);
            self.bytes -= u128::from(size);
            self.index.remove(key);
            self.copies.vacate(victim);
            evicted(key);
            if let Some(another) = vacant.replace(victim) {
                self.free.push(another);
            }
        }
        let slot = vacant.unwrap_or_else(|| self.free_slot());
        self.weight += weight;
        self.bytes += u128::from(size);
        self.copies.set(slot, key, size);
        self.enter(key, slot);
        evictor.inserted(slot, self.view(now));
        Inserted::Stored(Slot(slot))
    }
}
