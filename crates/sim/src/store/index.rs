//! From keys to slots.

use super::KeyId;
use rustc_hash::FxHashMap;

const ABSENT: u32 = u32::MAX;

/// A table is given up when it has more entries than this for each copy, …
const ENTRIES_PER_COPY_MAX: usize = 128;

/// … and taken up again when it would have fewer than this.
const ENTRIES_PER_COPY_AGAIN: usize = 32;

/// A table of so many entries is never given up.
const ENTRIES_FREE: usize = 1 << 16;

/// Keys are dense over all of a simulation, so that a plain table is the quickest: four bytes a
/// key. A store that holds few of many keys, as one of a hundred points of presence does, uses a
/// hash table instead, so that its memory grows with its copies.
#[derive(Debug, Clone)]
pub(super) enum Index {
    /// By key.
    Table(Vec<u32>),
    /// Iterated only to fill a table, where order means nothing.
    Map {
        slots: FxHashMap<KeyId, u32>,
        /// The keys seen are below this.
        keys: usize,
    },
}

impl Default for Index {
    fn default() -> Self {
        Self::Table(Vec::new())
    }
}

impl Index {
    #[inline]
    pub(super) fn get(&self, key: KeyId) -> Option<u32> {
        match self {
            Self::Table(slots) => match slots.get(key.0 as usize) {
                Some(&slot) if slot != ABSENT => Some(slot),
                _ => None,
            },
            Self::Map { slots, .. } => slots.get(&key).copied(),
        }
    }

    /// The slot of a key, [`u32::MAX`] without; where it can, without a branch that depends on what
    /// is read.
    #[inline]
    pub(super) fn fetch(&self, key: KeyId) -> u32 {
        match self {
            Self::Table(slots) => slots.get(key.0 as usize).copied().unwrap_or(ABSENT),
            Self::Map { slots, .. } => slots.get(&key).copied().unwrap_or(ABSENT),
        }
    }

    /// `copies`: how many others there are.
    #[inline]
    pub(super) fn insert(&mut self, key: KeyId, slot: u32, copies: usize) {
        let entry = key.0 as usize;
        match self {
            Self::Table(slots) if entry < slots.len() => slots[entry] = slot,
            Self::Table(slots) => {
                let affordable = copies * ENTRIES_PER_COPY_MAX;
                if entry < ENTRIES_FREE.max(affordable) {
                    slots.resize(entry + 1, ABSENT);
                    slots[entry] = slot;
                } else {
                    self.become_map(entry + 1);
                    self.insert(key, slot, copies);
                }
            }
            Self::Map { slots, keys } => {
                slots.insert(key, slot);
                *keys = (*keys).max(entry + 1);
                if slots.len() * ENTRIES_PER_COPY_AGAIN > *keys {
                    self.become_table();
                }
            }
        }
    }

    #[inline]
    pub(super) fn remove(&mut self, key: KeyId) {
        match self {
            Self::Table(slots) => {
                if let Some(slot) = slots.get_mut(key.0 as usize) {
                    *slot = ABSENT;
                }
            }
            Self::Map { slots, .. } => {
                slots.remove(&key);
            }
        }
    }

    fn become_map(&mut self, keys: usize) {
        if let Self::Table(table) = self {
            let present = (0..).zip(table.iter()).filter(|&(_, &slot)| slot != ABSENT);
            let slots = present.map(|(key, &slot)| (KeyId(key), slot)).collect();
            *self = Self::Map { slots, keys };
        }
    }

    fn become_table(&mut self) {
        if let Self::Map { slots, keys } = self {
            let mut table = vec![ABSENT; *keys];
            for (key, &slot) in slots.iter() {
                table[key.0 as usize] = slot;
            }
            *self = Self::Table(table);
        }
    }
}
