//! From keys to slots.

use super::KeyId;

const ABSENT: u32 = u32::MAX;

/// Keys are dense, so that their slots are a plain table: four bytes a key.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    slots: Vec<u32>,
}

impl Index {
    #[inline]
    pub(super) fn get(&self, key: KeyId) -> Option<u32> {
        match self.slots.get(key.0 as usize) {
            Some(&slot) if slot != ABSENT => Some(slot),
            _ => None,
        }
    }

    pub(super) fn insert(&mut self, key: KeyId, slot: u32) {
        let index = key.0 as usize;
        if index >= self.slots.len() {
            self.slots.resize(index + 1, ABSENT);
        }
        self.slots[index] = slot;
    }

    pub(super) fn remove(&mut self, key: KeyId) {
        if let Some(slot) = self.slots.get_mut(key.0 as usize) {
            *slot = ABSENT;
        }
    }
}
