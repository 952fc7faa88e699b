//! What a store holds, apart from its eviction policy: the policy is an argument of whatever asks
//! it, so that a replay can be compiled for one policy.

use super::column::Column;
use super::copies::Copies;
use super::expiry::Expiry;
use super::families::{Families, Pass};
use super::index::Index;
use super::traffic::{Inserted, NewCopy, Reason, Removed};
use super::{KeyId, Slot};
use crate::eviction::{Eviction, Newcomer, Setting, Victim, View};
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::units::Time;

/// See the module's description.
#[derive(Debug, Clone)]
pub(crate) struct Rack<T> {
    index: Index,
    copies: Copies,
    values: Column<T>,
    /// Until when each copy's reads are as the last one was, see [`Rack::is_quiet`].
    quiet: Column<Time>,
    /// How many slots have been in use.
    slots: usize,
    /// Slots that no copy is in, the next one to be used last.
    free: Vec<u32>,
    families: Families,
    expiry: Expiry,
    capacity: u64,
    /// Of all copies, in the unit of the capacity.
    weight: u64,
    bytes: u128,
}

impl<T: Copy + PartialEq> Rack<T> {
    pub(super) fn new(setting: Setting) -> Self {
        Self {
            index: Index::default(),
            copies: Copies::new(setting.by_bytes),
            values: Column::new(),
            quiet: Column::new(),
            slots: 0,
            free: Vec::new(),
            families: Families::default(),
            expiry: Expiry::default(),
            capacity: setting.capacity,
            weight: 0,
            bytes: 0,
        }
    }

    /// See [`super::Store::lookup`].
    #[inline]
    pub(crate) fn lookup(&self, key: KeyId) -> Option<Slot> {
        self.index.get(key).map(Slot)
    }

    /// See [`Index::fetch`].
    #[inline]
    pub(crate) fn fetch(&self, key: KeyId) -> u32 {
        self.index.fetch(key)
    }

    /// See [`super::Store::get`].
    #[inline]
    pub(crate) fn get(&self, slot: Slot) -> &T {
        self.values.get(slot.0)
    }

    /// See [`super::Store::get_mut`].
    #[inline]
    pub(crate) fn get_mut(&mut self, slot: Slot) -> &mut T {
        self.disturb(slot);
        self.values.get_mut(slot.0, self.slots)
    }

    /// Was it found that a read of this copy before that instant is as plain as the last one, and
    /// did nothing happen to the copy since?
    #[inline]
    pub(crate) fn is_quiet(&self, slot: Slot, at: Time) -> bool {
        at < *self.quiet.get(slot.0)
    }

    /// See [`Eviction::leaving_soon`]: the key of a copy. What is only written when a copy leaves
    /// need not be waited for.
    #[inline]
    pub(crate) fn peek_key(&self, slot: u32) -> u32 {
        self.copies.key(slot).0
    }

    /// See [`Eviction::peek`].
    #[inline]
    pub(crate) fn peek(&self, slot: u32) -> u32 {
        self.quiet
            .peek(slot)
            .map_or(0, |until| until.nanos() as u32)
    }

    /// Reads of this copy before `until` are plain ones, unless something happens to it.
    #[inline]
    pub(crate) fn set_quiet(&mut self, slot: Slot, until: Time) {
        self.quiet.set(slot.0, until, self.slots);
    }

    /// Something happened to this copy.
    #[inline]
    pub(crate) fn disturb(&mut self, slot: Slot) {
        self.set_quiet(slot, Time::DISTANT_PAST);
    }

    /// Is the capacity in bytes, so that a larger copy may not fit?
    pub(crate) const fn is_by_bytes(&self) -> bool {
        self.copies.is_by_bytes()
    }

    /// What a policy sees.
    #[inline]
    pub(crate) fn view(&self, now: Time) -> View<'_> {
        View {
            copies: &self.copies,
            now,
        }
    }

    pub(super) fn key(&self, slot: Slot) -> KeyId {
        self.copies.key(slot.0)
    }

    pub(super) fn level(&self, slot: Slot) -> LevelId {
        self.copies.level(slot.0)
    }

    #[inline]
    pub(crate) fn size(&self, slot: Slot) -> u64 {
        self.copies.size(slot.0)
    }

    pub(super) fn families(&self) -> &Families {
        &self.families
    }

    pub(super) const fn bytes(&self) -> u128 {
        self.bytes
    }

    /// How many slots have been in use.
    #[cfg(test)]
    pub(super) const fn slots(&self) -> usize {
        self.slots
    }

    pub(super) fn len(&self) -> usize {
        self.slots - self.free.len()
    }

    /// See [`super::Store::insert`]. Reads before `quiet_until` are known to be plain ones, see
    /// [`Rack::is_quiet`]; [`Time::DISTANT_PAST`]: nothing is known of them.
    #[inline]
    pub(crate) fn insert<E: Eviction>(
        &mut self,
        evictor: &mut E,
        (new, quiet_until): (NewCopy<T>, Time),
        now: Time,
        removed: &mut impl FnMut(Removed<T>),
    ) -> Inserted {
        self.collect(evictor, now, removed);
        let weight = self.copies.weigh(new.size);
        let older = self.index.get(new.key);
        if weight > self.capacity {
            if let Some(slot) = older {
                removed(self.take(evictor, slot, Reason::Replaced, now));
            }
            return Inserted::TooLarge;
        }
        match older {
            Some(slot) => self.insert_over(evictor, slot, (new, quiet_until), weight, now, removed),
            None => self.insert_anew(evictor, (new, quiet_until), weight, now, removed),
        }
    }

    fn insert_over<E: Eviction>(
        &mut self,
        evictor: &mut E,
        slot: u32,
        (new, quiet_until): (NewCopy<T>, Time),
        weight: u64,
        now: Time,
        removed: &mut impl FnMut(Removed<T>),
    ) -> Inserted {
        let before = self.copies.weight(slot);
        while self.weight - before > self.capacity - weight {
            match evictor.victim(None, self.view(now)) {
                Victim::Newcomer => return Inserted::Refused,
                Victim::Slot(victim) if victim == slot => {
                    removed(self.detach(slot, Reason::Replaced));
                    return self.insert_anew(evictor, (new, quiet_until), weight, now, removed);
                }
                Victim::Slot(victim) => removed(self.detach(victim, Reason::Evicted)),
            }
        }
        removed(self.overwrite(slot, new, quiet_until));
        self.weight = self.weight - before + weight;
        evictor.replaced(slot, before, self.view(now));
        Inserted::Stored(Slot(slot))
    }

    #[inline]
    fn insert_anew<E: Eviction>(
        &mut self,
        evictor: &mut E,
        (new, quiet_until): (NewCopy<T>, Time),
        weight: u64,
        now: Time,
        removed: &mut impl FnMut(Removed<T>),
    ) -> Inserted {
        let newcomer = Newcomer {
            key: new.key,
            weight,
        };
        evictor.arriving(newcomer, self.view(now));
        while self.weight > self.capacity - weight || evictor.culling() {
            match evictor.victim(Some(newcomer), self.view(now)) {
                Victim::Slot(victim) => removed(self.detach(victim, Reason::Evicted)),
                Victim::Newcomer => return Inserted::Refused,
            }
        }
        let slot = self.attach(new, quiet_until);
        self.weight += weight;
        evictor.inserted(slot, self.view(now));
        Inserted::Stored(Slot(slot))
    }

    /// See [`super::Store::set_dead_from`].
    pub(super) fn set_dead_from(&mut self, slot: Slot, dead_from: Time) {
        self.expiry.set(slot.0, dead_from);
    }

    /// See [`super::Store::flush`]. The policy is told nothing: it begins anew.
    pub(super) fn flush(&mut self, removed: &mut Vec<Removed<T>>) {
        for level in 0..self.families.levels() {
            let slots: Vec<_> = self.family(LevelId(level as u16)).collect();
            removed.extend(
                slots
                    .iter()
                    .map(|slot| self.detach(slot.0, Reason::Flushed)),
            );
        }
    }

    /// See [`super::Store::collect`].
    #[inline]
    pub(crate) fn collect<E: Eviction>(
        &mut self,
        evictor: &mut E,
        now: Time,
        removed: &mut impl FnMut(Removed<T>),
    ) {
        self.expiry.advance(now);
        while let Some(slot) = self.expiry.dead() {
            removed(self.take(evictor, slot, Reason::Expired, now));
        }
    }

    /// See [`super::Store::family`].
    pub(super) fn family(&self, level: LevelId) -> impl Iterator<Item = Slot> + '_ {
        self.families.of(level, &self.copies).map(Slot)
    }

    /// See [`super::Store::pass`].
    pub(super) fn pass(&mut self, level: LevelId, pass: Pass) -> Vec<Slot> {
        let slots = self.families.pass(level, pass, &self.copies);
        slots.into_iter().map(Slot).collect()
    }

    /// Removes a copy that the eviction policy still knows.
    pub(crate) fn take<E: Eviction>(
        &mut self,
        evictor: &mut E,
        slot: u32,
        reason: Reason,
        now: Time,
    ) -> Removed<T> {
        evictor.removed(slot, self.view(now));
        self.detach(slot, reason)
    }

    /// Removes a copy from everything but the eviction policy.
    #[inline]
    fn detach(&mut self, slot: u32, reason: Reason) -> Removed<T> {
        let (key, level, size) = self.copies.of(slot);
        self.weight -= self.copies.weight(slot);
        self.bytes -= u128::from(size);
        self.index.remove(key);
        self.families.leave(level, slot);
        self.copies.vacate(slot);
        self.expiry.set(slot, Time::NEVER);
        self.free.push(slot);
        Removed {
            key,
            level,
            size,
            value: *self.values.get(slot),
            reason,
        }
    }

    /// Puts a copy into a free slot, known to everything but the eviction policy.
    #[inline]
    fn attach(&mut self, new: NewCopy<T>, quiet_until: Time) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots += 1;
            (self.slots - 1) as u32
        });
        self.values.set(slot, new.value, self.slots);
        self.quiet.set(slot, quiet_until, self.slots);
        self.bytes += u128::from(new.size);
        self.families.join(new.level, slot, &self.copies);
        self.copies.set(slot, new.key, new.level, new.size);
        self.index.insert(new.key, slot, self.len());
        self.expiry.set(slot, new.dead_from);
        slot
    }

    /// Puts a copy where an older one of its key is; returns that one.
    fn overwrite(&mut self, slot: u32, new: NewCopy<T>, quiet_until: Time) -> Removed<T> {
        let (key, level, size) = self.copies.of(slot);
        let value = *self.values.get(slot);
        self.values.set(slot, new.value, self.slots);
        self.quiet.set(slot, quiet_until, self.slots);
        self.bytes = self.bytes - u128::from(size) + u128::from(new.size);
        self.families.leave(level, slot);
        self.families.join(new.level, slot, &self.copies);
        self.copies.set(slot, key, new.level, new.size);
        self.expiry.set(slot, new.dead_from);
        Removed {
            key,
            level,
            size,
            value,
            reason: Reason::Replaced,
        }
    }
}
