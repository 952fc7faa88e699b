//! The keys of copies as dense numbers, given in the order of first appearance.
//!
//! There may be as many as a trace has requests, and most have one value: that one lies in the
//! place where others say where theirs are.

use crate::intern::{NONE, hash_words};
use cachepolicy_core::LevelId;
use hashbrown::HashTable;
use prefetch_index::prefetch_index;

/// A key that was asked for.
#[derive(Debug, Clone, Copy)]
struct Key {
    level: LevelId,
    count: Count,
    is_unreachable: bool,
    /// Its only value, or the place of all of its values, behind their number.
    value: u32,
}

/// How many values a key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Count {
    None,
    One,
    Several,
}

/// Keys: a level, and the values that tell its keys apart, parameters first, then extras. A key that
/// was forgotten gets a new number when it comes again.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    all: Vec<Key>,
    /// Of keys that have several: how many, and these.
    values: Vec<u32>,
    /// By level and values.
    table: HashTable<u32>,
    /// Those that were forgotten all at once.
    forgotten: HashTable<u32>,
}

impl Keys {
    /// How many there are.
    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.all.len()
    }

    /// The level of a key that is there.
    #[inline]
    pub(crate) fn level(&self, key: u32) -> LevelId {
        self.all[key as usize].level
    }

    /// The level of a key, if it is there.
    pub(crate) fn level_if_known(&self, key: u32) -> Option<LevelId> {
        self.all.get(key as usize).map(|key| key.level)
    }

    /// Did a `bump` make its copies unreachable? Whoever asks again has another key.
    #[inline]
    pub(crate) fn is_unreachable(&self, key: u32) -> bool {
        self.all[key as usize].is_unreachable
    }

    /// Soon somebody will ask for what is known of this key.
    #[inline]
    pub(crate) fn prefetch(&self, key: u32) {
        prefetch_index(&self.all, key as usize);
    }

    /// The values of a key: its parameters, then its extras. None of one that was never given, or
    /// has no name yet.
    #[inline]
    pub(crate) fn values(&self, key: u32) -> &[u32] {
        match self.all.get(key as usize) {
            Some(key) => values_of(key, &self.values),
            None => &[],
        }
    }

    /// The number of a key, and whether it is new.
    pub(crate) fn intern(&mut self, level: LevelId, values: &[u32]) -> (u32, bool) {
        let hash = hash_of(level, values);
        if let Some(key) = self.find_hashed(level, values, hash) {
            return (key, false);
        }
        let number = self.add_unfound(level, values);
        self.enter(number, hash);
        (number, true)
    }

    /// One more key, which is not found by its values before it is [entered](Self::enter_one).
    pub(crate) fn add_unfound(&mut self, level: LevelId, values: &[u32]) -> u32 {
        let number = self.all.len() as u32;
        self.add_unnamed(level);
        self.give_values(number, values);
        number
    }

    /// From now on a key is found by its values, or, unless it is current, known to be forgotten.
    pub(crate) fn enter_one(&mut self, key: u32, is_current: bool) {
        let (level, hash) = (self.level(key), hash_of_key(&self.all, &self.values, key));
        if is_current {
            self.enter(key, hash);
        } else if !self.was_forgotten(level, self.values(key)) {
            let hash_of = |&key: &u32| hash_of_key(&self.all, &self.values, key);
            self.forgotten.insert_unique(hash, key, hash_of);
        }
    }

    fn enter(&mut self, key: u32, hash: u64) {
        let hash_of = |&key: &u32| hash_of_key(&self.all, &self.values, key);
        self.table.insert_unique(hash, key, hash_of);
    }

    /// The number of a key that was seen before.
    pub(crate) fn find(&self, level: LevelId, values: &[u32]) -> Option<u32> {
        self.find_hashed(level, values, hash_of(level, values))
    }

    fn find_hashed(&self, level: LevelId, values: &[u32], hash: u64) -> Option<u32> {
        let is_it = |&key: &u32| self.is(key, level, values);
        self.table.find(hash, is_it).copied()
    }

    #[inline]
    fn is(&self, key: u32, level: LevelId, values: &[u32]) -> bool {
        self.all
            .get(key as usize)
            .is_some_and(|key| key.level == level && values_of(key, &self.values) == values)
    }

    /// One more key of a level, which is not found by its values before it is named.
    pub(crate) fn add_unnamed(&mut self, level: LevelId) {
        self.all.push(Key {
            level,
            count: Count::None,
            is_unreachable: false,
            value: NONE,
        });
    }

    /// Gives its only value to a key that has no name yet.
    pub(crate) fn name(&mut self, key: u32, value: u32) {
        let hash = hash_of(self.level(key), &[value]);
        self.give_values(key, &[value]);
        self.enter(key, hash);
    }

    fn give_values(&mut self, number: u32, values: &[u32]) {
        let key = &mut self.all[number as usize];
        (key.count, key.value) = match values {
            [] => (Count::None, NONE),
            &[value] => (Count::One, value),
            several => {
                let place = self.values.len() as u32;
                self.values.push(several.len() as u32);
                self.values.extend_from_slice(several);
                (Count::Several, place)
            }
        };
    }

    /// From now on this key is another one, and copies of it cannot be reached.
    pub(crate) fn make_unreachable(&mut self, key: u32) {
        let hash = hash_of_key(&self.all, &self.values, key);
        if let Ok(entry) = self.table.find_entry(hash, |&known| known == key) {
            entry.remove();
        }
        self.all[key as usize].is_unreachable = true;
    }

    /// From now on every key is new.
    pub(crate) fn forget(&mut self) {
        for key in core::mem::take(&mut self.table) {
            self.enter_one(key, false);
        }
    }

    /// Was such a key forgotten with all the others?
    pub(crate) fn was_forgotten(&self, level: LevelId, values: &[u32]) -> bool {
        let is_it = |&key: &u32| self.is(key, level, values);
        !self.forgotten.is_empty() && self.forgotten.find(hash_of(level, values), is_it).is_some()
    }
}

#[inline]
fn values_of<'v>(key: &'v Key, values: &'v [u32]) -> &'v [u32] {
    match key.count {
        Count::None => &[],
        Count::One => core::slice::from_ref(&key.value),
        Count::Several => {
            let (count, rest) = values
                .get(key.value as usize..)
                .and_then(<[u32]>::split_first)
                .unwrap_or((&0, &[]));
            rest.get(..*count as usize).unwrap_or_default()
        }
    }
}

#[inline]
fn hash_of(level: LevelId, values: &[u32]) -> u64 {
    hash_words(u32::from(level.0), values)
}

fn hash_of_key(all: &[Key], values: &[u32], key: u32) -> u64 {
    all.get(key as usize)
        .map_or(0, |key| hash_of(key.level, values_of(key, values)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_key_takes_eight_bytes() {
        assert_eq!(size_of::<Key>(), 8);
    }

    #[test]
    fn a_key_gets_its_name_later() {
        let mut keys = Keys::default();
        keys.add_unnamed(LevelId(3));
        assert_eq!((keys.level(0), keys.values(0)), (LevelId(3), [].as_slice()));
        assert_eq!(keys.find(LevelId(3), &[7]), None);
        keys.name(0, 7);
        assert_eq!(keys.find(LevelId(3), &[7]), Some(0));
        assert_eq!(keys.intern(LevelId(3), &[7]), (0, false));
        assert_eq!(keys.level_if_known(1), None);
    }

    proptest! {
        /// Against a map; now and then one becomes unreachable, or all are forgotten.
        #[test]
        fn numbers_are_dense_and_stay(
            steps in prop::collection::vec((0_u16..3, prop::collection::vec(0_u32..3, 0..4), 0_u8..24), 1..300),
        ) {
            let mut keys = Keys::default();
            let (mut known, mut forgotten) = (BTreeMap::new(), BTreeMap::new());
            let mut all = Vec::new();
            for (level, values, event) in steps {
                let key = (LevelId(level), values);
                let next = all.len() as u32;
                let number = *known.entry(key.clone()).or_insert(next);
                prop_assert_eq!(keys.find(key.0, &key.1), (number < next).then_some(number));
                prop_assert_eq!(keys.intern(key.0, &key.1), (number, number == next));
                prop_assert_eq!(keys.was_forgotten(key.0, &key.1), forgotten.contains_key(&key));
                if number == next {
                    all.push((key.clone(), false));
                }
                if event == 0 {
                    keys.make_unreachable(number);
                    known.remove(&key);
                    all[number as usize].1 = true;
                } else if event == 1 {
                    keys.forget();
                    forgotten.append(&mut known);
                }
            }
            for (number, ((level, values), is_unreachable)) in (0..).zip(&all) {
                prop_assert_eq!(keys.level(number), *level);
                prop_assert_eq!(keys.values(number), values.as_slice());
                prop_assert_eq!(keys.is_unreachable(number), *is_unreachable);
            }
            prop_assert_eq!(keys.len(), all.len());
        }
    }
}
