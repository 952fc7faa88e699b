//! What a store holds, apart from its eviction policy: the policy is an argument of whatever asks
//! it, so that a replay can be compiled for one policy.

use super::column::Column;
use super::copies::Copies;
use super::families::{Families, Pass};
use super::index::Index;
use super::lives::{Life, Lives};
use super::traffic::{Gone, Inserted, NewCopy, Reason, Removed};
use super::values::{Apart, NOTHING, Value};
use super::{KeyId, Slot};
use crate::eviction::{Eviction, Newcomer, Setting, Victim, View};
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::units::Time;

/// See the module's description.
#[derive(Debug, Clone)]
pub(crate) struct Rack<T: Value> {
    pub(super) index: Index,
    pub(super) copies: Copies,
    /// Since when each copy is there.
    pub(super) stored: Column<Time>,
    /// What each copy depends on.
    pub(super) depends: Column<u32>,
    /// What else the user of the store knows of each copy, but for how long it is fresh.
    pub(super) rest: Column<T::Rest>,
    pub(super) lives: Lives,
    /// How many slots have been in use.
    pub(super) slots: usize,
    /// Slots that no copy is in, the next one to be used last.
    pub(super) free: Vec<u32>,
    pub(super) families: Families,
    pub(super) capacity: u64,
    /// Of all copies, in the unit of the capacity.
    pub(super) weight: u64,
    pub(super) bytes: u128,
}

/// A copy that is to be stored, and what is known beforehand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed<T> {
    pub(crate) new: NewCopy<T>,
    /// Reads before are known to be plain ones, see [`Rack::quiet`]; [`Time::DISTANT_PAST`]:
    /// nothing is known of them.
    pub(crate) quiet_until: Time,
}

impl<T: Value> Rack<T> {
    pub(super) fn new(setting: Setting) -> Self {
        Self {
            index: Index::default(),
            copies: Copies::new(setting.by_bytes),
            stored: Column::new(),
            depends: Column::new(),
            rest: Column::new(),
            lives: Lives::default(),
            slots: 0,
            free: Vec::new(),
            families: Families::default(),
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
    pub(crate) fn fetch(&self, keys: &[u32], slots: &mut [u32]) {
        self.index.fetch(keys, slots);
    }

    /// Is what [`Rack::fetch`] gave a slot?
    #[inline]
    pub(crate) const fn is_slot(fetched: u32) -> bool {
        Index::is_slot(fetched)
    }

    /// See [`super::Store::get`].
    #[inline]
    pub(crate) fn get(&self, slot: Slot) -> T {
        T::joined(Apart {
            fresh_until: self.lives.fresh_until(slot.0),
            stored: *self.stored.get(slot.0),
            depends: self.depends_of(slot.0),
            rest: *self.rest.get(slot.0),
        })
    }

    /// See [`super::Store::set`].
    #[inline]
    pub(crate) fn set(&mut self, slot: Slot, value: T) {
        let value = value.apart();
        self.disturb(slot);
        self.lives.set_fresh(slot.0, value.fresh_until, self.slots);
        self.stored.set(slot.0, value.stored, self.slots);
        self.depends.set(slot.0, value.depends, self.slots);
        self.rest.set(slot.0, value.rest, self.slots);
    }

    /// What the copy in a slot depends on.
    #[inline]
    pub(crate) fn depends_of(&self, slot: u32) -> u32 {
        self.depends.peek(slot).copied().unwrap_or(NOTHING)
    }

    /// See [`super::Store::set_depends`].
    pub(crate) fn set_depends(&mut self, slot: Slot, depends: u32) {
        self.depends.set(slot.0, depends, self.slots);
    }

    /// Was it found that a read of this copy before that instant is as plain as the last one, but for
    /// what the copy depends on, and did nothing else happen to it since? Then what it depends on.
    #[inline]
    pub(crate) fn quiet(&self, slot: Slot, at: Time) -> Option<u32> {
        let is_quiet = self.lives.is_quiet(slot.0, at);
        is_quiet.then(|| self.depends_of(slot.0))
    }

    /// See [`Eviction::leaving_soon`]: the key of a copy, and what it lived for. What is only
    /// written when a copy leaves need not be waited for.
    #[inline]
    pub(crate) fn peek_leaving(&self, slot: u32) -> u32 {
        self.copies.key(slot).0 ^ self.lives.peek_leaving(slot)
    }

    /// Soon somebody will look this key up.
    #[inline]
    pub(crate) fn prefetch_key(&self, key: KeyId) {
        self.index.prefetch(key);
    }

    /// See [`super::Store::prefetch`].
    #[inline]
    pub(crate) fn prefetch(&self, slot: u32) {
        self.rest.prefetch(slot);
        self.stored.prefetch(slot);
        self.depends.prefetch(slot);
        self.copies.prefetch(slot);
        self.lives.prefetch(slot);
    }

    /// See [`Eviction::peek`].
    #[inline]
    pub(crate) fn peek(&self, slot: u32) -> u32 {
        self.lives.peek(slot) ^ self.depends_of(slot)
    }

    /// Reads of this copy before `until` are plain ones, unless something happens to it.
    #[inline]
    pub(crate) fn set_quiet(&mut self, slot: Slot, until: Time) {
        self.lives.set_quiet(slot.0, until, self.slots);
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

    /// Was there certainly a copy under this key, which has none now?
    #[inline]
    pub(crate) fn is_gone(&self, key: KeyId) -> bool {
        self.index.is_gone(key)
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

    #[inline]
    pub(crate) const fn bytes(&self) -> u128 {
        self.bytes
    }

    /// How many slots have been in use.
    #[cfg(test)]
    pub(super) const fn slots(&self) -> usize {
        self.slots
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.slots - self.free.len()
    }

    /// See [`super::Store::insert`].
    #[inline]
    pub(crate) fn insert<E: Eviction>(
        &mut self,
        evictor: &mut E,
        placed: Placed<T>,
        now: Time,
        removed: &mut impl FnMut(Gone<T>),
    ) -> Inserted {
        self.collect(evictor, now, removed);
        let weight = self.copies.weigh(placed.new.size);
        let older = self.index.get(placed.new.key);
        if weight > self.capacity {
            if let Some(slot) = older {
                removed(self.take(evictor, slot, Reason::Replaced, now));
            }
            return Inserted::TooLarge;
        }
        match older {
            Some(slot) => self.insert_over(evictor, slot, placed, weight, now, removed),
            None => self.insert_anew(evictor, placed, weight, now, removed),
        }
    }

    fn insert_over<E: Eviction>(
        &mut self,
        evictor: &mut E,
        slot: u32,
        placed: Placed<T>,
        weight: u64,
        now: Time,
        removed: &mut impl FnMut(Gone<T>),
    ) -> Inserted {
        let before = self.copies.weight(slot);
        while self.weight - before > self.capacity - weight {
            match evictor.victim(None, self.view(now)) {
                Victim::Newcomer => return Inserted::Refused,
                Victim::Slot(victim) if victim == slot => {
                    removed(self.detach(slot, Reason::Replaced));
                    return self.insert_anew(evictor, placed, weight, now, removed);
                }
                Victim::Slot(victim) => removed(self.detach(victim, Reason::Evicted)),
            }
        }
        self.overwrite(slot, &placed, removed);
        self.weight = self.weight - before + weight;
        evictor.replaced(slot, before, self.view(now));
        Inserted::Stored(Slot(slot))
    }

    #[inline]
    fn insert_anew<E: Eviction>(
        &mut self,
        evictor: &mut E,
        placed: Placed<T>,
        weight: u64,
        now: Time,
        removed: &mut impl FnMut(Gone<T>),
    ) -> Inserted {
        let newcomer = Newcomer {
            key: placed.new.key,
            weight,
        };
        evictor.arriving(newcomer, self.view(now));
        while self.weight > self.capacity - weight || evictor.culling() {
            match evictor.victim(Some(newcomer), self.view(now)) {
                Victim::Slot(victim) => removed(self.detach(victim, Reason::Evicted)),
                Victim::Newcomer => return Inserted::Refused,
            }
        }
        let slot = self.attach(&placed);
        evictor.inserted(slot, self.view(now));
        Inserted::Stored(Slot(slot))
    }

    /// See [`super::Store::set_dead_from`].
    pub(super) fn set_dead_from(&mut self, slot: Slot, dead_from: Time) {
        self.lives.set_dead_from(slot.0, dead_from, self.slots);
    }

    /// See [`super::Store::expire`].
    pub(crate) fn expire(&mut self, slot: Slot, fresh_until: Time, dead_from: Time) {
        let life = Life {
            fresh_until,
            // Nobody reads it before any more.
            quiet_until: fresh_until,
            dead_from,
        };
        self.lives.set(slot.0, life, self.slots);
    }

    /// See [`super::Store::flush`]. The policy is told nothing: it begins anew.
    pub(super) fn flush(&mut self, removed: &mut Vec<Removed<T>>) {
        for level in 0..self.families.levels() {
            let slots: Vec<_> = self.family(LevelId(level as u16)).collect();
            removed.extend(
                slots
                    .iter()
                    .map(|slot| self.detach(slot.0, Reason::Flushed).removed()),
            );
        }
    }

    /// See [`super::Store::collect`].
    #[inline]
    pub(crate) fn collect<E: Eviction>(
        &mut self,
        evictor: &mut E,
        now: Time,
        removed: &mut impl FnMut(Gone<T>),
    ) {
        if self.lives.expiry.is_due(now) {
            while let Some(slot) = self.lives.expiry.next_dead(now) {
                removed(self.take(evictor, slot, Reason::Expired, now));
            }
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
    ) -> Gone<T> {
        evictor.removed(slot, self.view(now));
        self.detach(slot, reason)
    }

    /// Removes a copy from everything but the eviction policy.
    #[inline]
    fn detach(&mut self, slot: u32, reason: Reason) -> Gone<T> {
        let gone = self.gone(slot, reason);
        let Gone {
            key, level, size, ..
        } = gone;
        self.weight -= self.copies.weigh(size);
        self.bytes -= u128::from(size);
        self.index.remove(key);
        self.families.leave(level, slot);
        self.copies.vacate(slot);
        self.lives.end(slot);
        self.free.push(slot);
        gone
    }

    /// A copy that leaves.
    #[inline]
    fn gone(&self, slot: u32, reason: Reason) -> Gone<T> {
        let (key, level, size) = self.copies.of(slot);
        Gone {
            key,
            level,
            size,
            value: self.get(Slot(slot)),
            reason,
            quiet_until: self.lives.quiet_until(slot),
        }
    }

    /// Sets what is known of a copy but for its key, size and level.
    #[inline]
    fn set_all(&mut self, slot: u32, placed: &Placed<T>) {
        let value = placed.new.value.apart();
        self.stored.set(slot, value.stored, self.slots);
        self.depends.set(slot, value.depends, self.slots);
        self.rest.set(slot, value.rest, self.slots);
        let life = Life {
            fresh_until: value.fresh_until,
            quiet_until: placed.quiet_until,
            dead_from: placed.new.dead_from,
        };
        self.lives.set(slot, life, self.slots);
    }

    #[inline]
    pub(super) fn enter(&mut self, key: KeyId, slot: u32) {
        if !self.index.set(key, slot) {
            self.index.insert(key, slot, self.len());
        }
    }

    #[inline]
    pub(super) fn free_slot(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.slots += 1;
            (self.slots - 1) as u32
        })
    }

    /// Puts a copy into a free slot, known to everything but the eviction policy.
    #[inline]
    fn attach(&mut self, placed: &Placed<T>) -> u32 {
        let new = &placed.new;
        let slot = self.free_slot();
        self.set_all(slot, placed);
        self.weight += self.copies.weigh(new.size);
        self.bytes += u128::from(new.size);
        self.families.join(new.level, slot, &self.copies);
        self.copies.set(slot, new.key, new.size);
        self.copies.set_level(slot, new.level);
        self.enter(new.key, slot);
        slot
    }

    /// Puts a copy where an older one of its key is, which is shown before.
    fn overwrite(&mut self, slot: u32, placed: &Placed<T>, removed: &mut impl FnMut(Gone<T>)) {
        let new = &placed.new;
        let (key, level, size) = self.copies.of(slot);
        removed(self.gone(slot, Reason::Replaced));
        self.set_all(slot, placed);
        self.bytes = self.bytes - u128::from(size) + u128::from(new.size);
        self.families.leave(level, slot);
        self.families.join(new.level, slot, &self.copies);
        self.copies.set(slot, key, new.size);
        self.copies.set_level(slot, new.level);
    }
}
