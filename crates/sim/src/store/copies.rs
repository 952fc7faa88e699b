//! What a store knows of every copy by its slot.

use super::KeyId;
use cachepolicy_core::ids::LevelId;

/// By slot; slots without a copy keep what was there last.
#[derive(Debug, Clone)]
pub(crate) struct Copies {
    by_bytes: bool,
    keys: Vec<KeyId>,
    levels: Vec<LevelId>,
    sizes: Vec<u64>,
}

impl Copies {
    /// Of a store whose capacity is in bytes, or in copies.
    pub(super) fn new(by_bytes: bool) -> Self {
        Self {
            by_bytes,
            keys: Vec::new(),
            levels: Vec::new(),
            sizes: Vec::new(),
        }
    }

    pub(crate) fn key(&self, slot: u32) -> KeyId {
        self.keys[slot as usize]
    }

    pub(super) fn level(&self, slot: u32) -> LevelId {
        self.levels[slot as usize]
    }

    pub(super) fn size(&self, slot: u32) -> u64 {
        self.sizes[slot as usize]
    }

    pub(super) fn of(&self, slot: u32) -> (KeyId, LevelId, u64) {
        (self.key(slot), self.level(slot), self.size(slot))
    }

    /// What a copy counts against the capacity.
    pub(crate) fn weight(&self, slot: u32) -> u64 {
        if self.by_bytes { self.size(slot) } else { 1 }
    }

    /// What a copy of that many bytes would count.
    pub(super) fn weigh(&self, size: u64) -> u64 {
        if self.by_bytes { size } else { 1 }
    }

    /// Slots are taken into use one after the other.
    pub(super) fn set(&mut self, slot: u32, key: KeyId, level: LevelId, size: u64) {
        let index = slot as usize;
        if index == self.keys.len() {
            self.keys.push(key);
            self.levels.push(level);
            self.sizes.push(size);
        } else {
            self.keys[index] = key;
            self.levels[index] = level;
            self.sizes[index] = size;
        }
    }
}
