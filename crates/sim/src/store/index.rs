//! From keys to slots.

use super::KeyId;
use prefetch_index::prefetch_index;
use rustc_hash::FxHashMap;

/// No copy, and nothing is known of earlier ones.
const ABSENT: u32 = u32::MAX;

/// No copy any more.
const GONE: u32 = u32::MAX - 1;

/// A table is given up when it has more entries than this for each copy, …
const ENTRIES_PER_COPY_MAX: usize = 128;

/// … and taken up again when it would have fewer than this.
const ENTRIES_PER_COPY_AGAIN: usize = 32;

/// A table of so many entries is never given up.
const ENTRIES_FREE: usize = 1 << 16;

/// A table grows by this share of it at least.
const GROWTH_SHARE: usize = 16;

/// Keys are dense over all of a simulation, so that a plain table is the quickest: four bytes a
/// key. A store that holds few of many keys, as one of a hundred points of presence does, uses a
/// hash table instead, so that its memory grows with its copies.
#[derive(Debug, Clone)]
pub(crate) enum Index {
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
    pub(crate) fn get(&self, key: KeyId) -> Option<u32> {
        match self {
            Self::Table(slots) => match slots.get(key.0 as usize) {
                Some(&slot) if slot < GONE => Some(slot),
                _ => None,
            },
            Self::Map { slots, .. } => slots.get(&key).copied(),
        }
    }

    /// Is it certain that there was a copy under this key, which has none now?
    #[inline]
    pub(crate) fn is_gone(&self, key: KeyId) -> bool {
        match self {
            Self::Table(slots) => slots.get(key.0 as usize) == Some(&GONE),
            Self::Map { .. } => false,
        }
    }

    /// The slot of each key, a number above all slots without; where it can, without a branch that
    /// depends on what is read.
    #[inline]
    pub(crate) fn fetch(&self, keys: &[u32], slots: &mut [u32]) {
        match self {
            Self::Table(table) => {
                for (slot, key) in slots.iter_mut().zip(keys) {
                    *slot = table.get(*key as usize).copied().unwrap_or(ABSENT);
                }
            }
            Self::Map { slots: known, .. } => {
                for (slot, key) in slots.iter_mut().zip(keys) {
                    *slot = known.get(&KeyId(*key)).copied().unwrap_or(ABSENT);
                }
            }
        }
    }

    /// Is that a slot?
    #[inline]
    pub(crate) const fn is_slot(fetched: u32) -> bool {
        fetched < GONE
    }

    /// A slot, or else: is it certain that there was one?
    #[inline]
    pub(crate) fn entry(&self, key: KeyId) -> Result<u32, bool> {
        let entry = match self {
            Self::Table(slots) => slots.get(key.0 as usize).copied(),
            Self::Map { slots, .. } => slots.get(&key).copied(),
        };
        match entry {
            Some(slot) if slot < GONE => Ok(slot),
            other => Err(other == Some(GONE)),
        }
    }

    /// Soon somebody will look this key up.
    #[inline]
    pub(crate) fn prefetch(&self, key: KeyId) {
        if let Self::Table(slots) = self {
            prefetch_index(slots, key.0 as usize);
        }
    }

    /// Sets the slot of a key, where that asks for no room.
    #[inline]
    pub(crate) fn set(&mut self, key: KeyId, slot: u32) -> bool {
        match self {
            Self::Table(slots) => match slots.get_mut(key.0 as usize) {
                Some(entry) => {
                    *entry = slot;
                    true
                }
                None => false,
            },
            Self::Map { .. } => false,
        }
    }

    /// `copies`: how many others there are.
    pub(crate) fn insert(&mut self, key: KeyId, slot: u32, copies: usize) {
        let entry = key.0 as usize;
        match self {
            Self::Table(slots) if entry < slots.len() => slots[entry] = slot,
            Self::Table(_) => self.lengthen(key, slot, copies),
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
    pub(crate) fn remove(&mut self, key: KeyId) {
        match self {
            Self::Table(slots) => {
                if let Some(slot) = slots.get_mut(key.0 as usize) {
                    *slot = GONE;
                }
            }
            Self::Map { slots, .. } => {
                slots.remove(&key);
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn lengthen(&mut self, key: KeyId, slot: u32, copies: usize) {
        let entry = key.0 as usize;
        let affordable = ENTRIES_FREE.max(copies * ENTRIES_PER_COPY_MAX);
        match self {
            Self::Table(slots) if entry < affordable => {
                // By a share, so that keys that come one after the other are cheap.
                let entries = entry + 1 + entry / GROWTH_SHARE;
                slots.resize(entries.min(affordable), ABSENT);
                slots[entry] = slot;
            }
            _ => {
                self.become_map(entry + 1);
                self.insert(key, slot, copies);
            }
        }
    }

    fn become_map(&mut self, keys: usize) {
        if let Self::Table(table) = self {
            let present = (0..).zip(table.iter()).filter(|&(_, &slot)| slot < GONE);
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
