//! What a store knows of every copy by its slot.

use super::KeyId;
use super::column::Column;
use cachepolicy_core::ids::LevelId;
use prefetch_index::prefetch_index;

/// No key: the slot is free.
const VACANT: KeyId = KeyId(u32::MAX);

/// By slot. What is the same for all copies takes no room.
#[derive(Debug, Clone)]
pub(crate) struct Copies {
    by_bytes: bool,
    keys: Vec<KeyId>,
    levels: Column<LevelId>,
    sizes: Column<u64>,
}

impl Copies {
    /// Of a store whose capacity is in bytes, or in copies.
    pub(super) fn new(by_bytes: bool) -> Self {
        Self {
            by_bytes,
            keys: Vec::new(),
            levels: Column::new(),
            sizes: Column::new(),
        }
    }

    pub(super) const fn is_by_bytes(&self) -> bool {
        self.by_bytes
    }

    #[inline]
    pub(crate) fn key(&self, slot: u32) -> KeyId {
        self.keys[slot as usize]
    }

    #[inline]
    pub(super) fn level(&self, slot: u32) -> LevelId {
        *self.levels.get(slot)
    }

    #[inline]
    pub(super) fn size(&self, slot: u32) -> u64 {
        *self.sizes.get(slot)
    }

    #[inline]
    pub(super) fn of(&self, slot: u32) -> (KeyId, LevelId, u64) {
        (self.key(slot), self.level(slot), self.size(slot))
    }

    /// Soon somebody will look at this slot.
    #[inline]
    pub(super) fn prefetch(&self, slot: u32) {
        prefetch_index(&self.keys, slot as usize);
        self.sizes.prefetch(slot);
    }

    /// What a copy counts against the capacity.
    #[inline]
    pub(crate) fn weight(&self, slot: u32) -> u64 {
        if self.by_bytes { self.size(slot) } else { 1 }
    }

    /// What a copy of that many bytes would count.
    #[inline]
    pub(super) fn weigh(&self, size: u64) -> u64 {
        if self.by_bytes { size } else { 1 }
    }

    /// Is there a copy?
    pub(super) fn is_taken(&self, slot: u32) -> bool {
        self.keys
            .get(slot as usize)
            .is_some_and(|&key| key != VACANT)
    }

    /// The copy is gone. Its size and level are still told.
    #[inline]
    pub(super) fn vacate(&mut self, slot: u32) {
        self.keys[slot as usize] = VACANT;
    }

    /// Another copy of the same size takes the place of one. Whose was it?
    #[inline]
    pub(super) fn rename(&mut self, slot: u32, key: KeyId) -> KeyId {
        core::mem::replace(&mut self.keys[slot as usize], key)
    }

    /// How many slots have been in use.
    #[inline]
    pub(super) fn slots(&self) -> usize {
        self.keys.len()
    }

    /// See [`super::column::Column::unify`].
    pub(super) fn unify(&mut self, level: LevelId) -> bool {
        self.levels.unify(level)
    }

    /// The size of all copies, if there are some and it is known to be one.
    #[inline]
    pub(super) fn only_size(&self) -> Option<u64> {
        self.sizes.only()
    }

    /// Slots are taken into use one after the other. The level is set apart.
    #[inline]
    pub(super) fn set(&mut self, slot: u32, key: KeyId, size: u64) {
        match self.keys.get_mut(slot as usize) {
            Some(known) => *known = key,
            None => self.keys.push(key),
        }
        self.sizes.set(slot, size, self.keys.len());
    }

    #[inline]
    pub(super) fn set_level(&mut self, slot: u32, level: LevelId) {
        self.levels.set(slot, level, self.keys.len());
    }
}
