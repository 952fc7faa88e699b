//! Texts, keys and other things as dense numbers, given in the order of first appearance.

use crate::event::AccessKey;
use hashbrown::HashTable;
use rustc_hash::FxHasher;
use std::hash::Hasher;

/// A number and 32 bits of its text's hash, so that growing the table and most comparisons do not
/// touch the text.
type Entry = (u32, u32);

fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// 32 bits of a hash of what is written into the hasher.
fn hash_of(write: impl FnOnce(&mut FxHasher)) -> u32 {
    let mut hasher = FxHasher::default();
    write(&mut hasher);
    let hash = hasher.finish();
    (hash >> 32) as u32 ^ hash as u32
}

/// Whether something has just been given its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Numbered {
    pub(crate) number: u32,
    pub(crate) is_new: bool,
}

/// Texts as numbers.
#[derive(Debug, Default)]
pub(crate) struct TextNumbers {
    table: HashTable<Entry>,
    all: String,
    /// Where each text ends.
    ends: Vec<usize>,
}

impl TextNumbers {
    /// The number of a text, a new one if it was never seen.
    pub(crate) fn number(&mut self, text: &str) -> Numbered {
        let hash = hash_of(|hasher| hasher.write(text.as_bytes()));
        let is_it = |&(number, own): &Entry| own == hash && self.get(number) == text;
        if let Some(&(number, _)) = self.table.find(spread(hash), is_it) {
            return Numbered {
                number,
                is_new: false,
            };
        }
        let number = self.ends.len() as u32;
        self.all.push_str(text);
        self.ends.push(self.all.len());
        self.table
            .insert_unique(spread(hash), (number, hash), |&(_, hash)| spread(hash));
        Numbered {
            number,
            is_new: true,
        }
    }

    fn get(&self, number: u32) -> &str {
        let index = number as usize;
        let end = self.ends.get(index).copied().unwrap_or(0);
        let start = match index.checked_sub(1) {
            Some(before) => self.ends.get(before).copied().unwrap_or(end),
            None => 0,
        };
        self.all.get(start..end).unwrap_or_default()
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }
}

/// Things that are compared as a whole, as numbers.
#[derive(Debug)]
pub(crate) struct ItemNumbers<T> {
    table: HashTable<Entry>,
    items: Vec<T>,
}

impl<T> Default for ItemNumbers<T> {
    fn default() -> Self {
        Self {
            table: HashTable::new(),
            items: Vec::new(),
        }
    }
}

impl<T: PartialEq> ItemNumbers<T> {
    /// The number of a thing of which `write` hashes all that tells it from others; `is` says
    /// whether another one is the same, `make` makes it where it was never seen.
    pub(crate) fn number(
        &mut self,
        write: impl FnOnce(&mut FxHasher),
        is: impl Fn(&T) -> bool,
        make: impl FnOnce() -> T,
    ) -> Numbered {
        let hash = hash_of(write);
        let found = self.table.find(spread(hash), |&(number, own)| {
            own == hash && self.items.get(number as usize).is_some_and(&is)
        });
        if let Some(&(number, _)) = found {
            return Numbered {
                number,
                is_new: false,
            };
        }
        let number = self.items.len() as u32;
        self.items.push(make());
        self.table
            .insert_unique(spread(hash), (number, hash), |&(_, hash)| spread(hash));
        Numbered {
            number,
            is_new: true,
        }
    }

    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        self.items.get(number as usize)
    }

    /// Forgets all of them; the next one gets the number 0.
    pub(crate) fn clear(&mut self) {
        self.table.clear();
        self.items.clear();
    }
}

/// Keys as numbers: those that are numbers themselves, and texts.
#[derive(Debug, Default)]
pub(crate) struct KeyNumbers {
    numbers: WholeNumbers,
    texts: TextNumbers,
    /// By text: its number among all keys.
    number_of_text: Vec<u32>,
    count: u32,
}

impl KeyNumbers {
    /// The number of a key.
    pub(crate) fn number(&mut self, key: &AccessKey) -> Numbered {
        match key {
            AccessKey::Number(key) => self.number_of(*key),
            // The number 7 and the text "7" are one key.
            AccessKey::Text(text) => match canonical(text) {
                Some(key) => self.number_of(key),
                None => self.text(text),
            },
        }
    }

    /// The number of a key that is a number.
    pub(crate) fn number_of(&mut self, key: u64) -> Numbered {
        let number = self.numbers.number(key, self.count);
        let is_new = number == self.count;
        self.count += u32::from(is_new);
        Numbered { number, is_new }
    }

    /// See [`WholeNumbers::touch`].
    pub(crate) fn touch(&self, keys: &[u64]) {
        self.numbers.touch(keys);
    }

    fn text(&mut self, text: &str) -> Numbered {
        let Numbered { number, is_new } = self.texts.number(text);
        if is_new {
            self.number_of_text.push(self.count);
            self.count += 1;
        }
        let number = self.number_of_text.get(number as usize).copied();
        Numbered {
            number: number.unwrap_or(0),
            is_new,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.count as usize
    }
}

/// The number whose usual decimal text this is.
fn canonical(text: &str) -> Option<u64> {
    let has_sign_or_zero = text.starts_with(['+', '0']) && text != "0";
    (!has_sign_or_zero).then(|| text.parse().ok()).flatten()
}

/// Whole numbers as dense ones: a table with linear probing (Knuth, TAOCP 3, 6.4, algorithm L),
/// sixteen bytes an entry, at most three quarters full. One look-up touches one cache line.
#[derive(Debug)]
struct WholeNumbers {
    entries: Vec<(u64, u32)>,
    /// The entry of a hash is at its highest bits.
    shift: u32,
    used: usize,
}

/// No entry.
const FREE: u32 = u32::MAX;

impl Default for WholeNumbers {
    fn default() -> Self {
        const BITS: u32 = 10;
        Self {
            entries: vec![(0, FREE); 1 << BITS],
            shift: u64::BITS - BITS,
            used: 0,
        }
    }
}

impl WholeNumbers {
    #[inline]
    fn place(&self, key: u64) -> usize {
        // Fibonacci hashing (Knuth, TAOCP 3, 6.4); the fold lets high bits count as well.
        ((key ^ (key >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize
    }

    /// The number of a key: `next` if it was never seen.
    #[inline]
    fn number(&mut self, key: u64, next: u32) -> u32 {
        if self.used * 4 >= self.entries.len() * 3 {
            self.grow();
        }
        let mask = self.entries.len() - 1;
        let mut place = self.place(key);
        loop {
            let Some(entry) = self.entries.get_mut(place & mask) else {
                return next;
            };
            if entry.1 == FREE {
                *entry = (key, next);
                self.used += 1;
                return next;
            }
            if entry.0 == key {
                return entry.1;
            }
            place += 1;
        }
    }

    /// Reads where the entries of these keys are, so that their cache lines come all at once and
    /// are there when each is looked for.
    #[inline]
    fn touch(&self, keys: &[u64]) {
        let mut sum = 0;
        for key in keys {
            sum ^= self
                .entries
                .get(self.place(*key))
                .map_or(0, |entry| entry.1);
        }
        std::hint::black_box(sum);
    }

    #[cold]
    fn grow(&mut self) {
        let larger = vec![(0, FREE); self.entries.len() * 2];
        let entries = std::mem::replace(&mut self.entries, larger);
        self.shift -= 1;
        let mask = self.entries.len() - 1;
        for entry in entries.into_iter().filter(|entry| entry.1 != FREE) {
            let mut place = self.place(entry.0);
            while let Some(other) = self.entries.get_mut(place & mask) {
                if other.1 == FREE {
                    *other = entry;
                    break;
                }
                place += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_number_and_its_decimal_text_are_one_key() {
        let mut keys = KeyNumbers::default();
        let mut number = |key: AccessKey| keys.number(&key).number;
        assert_eq!(number(AccessKey::Number(7)), 0);
        assert_eq!(number(AccessKey::Text("7".to_owned())), 0);
        assert_eq!(number(AccessKey::Text("07".to_owned())), 1);
        assert_eq!(number(AccessKey::Text("+7".to_owned())), 2);
        assert_eq!(number(AccessKey::Text("0".to_owned())), 3);
        assert_eq!(number(AccessKey::Number(0)), 3);
        assert_eq!(number(AccessKey::Text("a".to_owned())), 4);
        assert_eq!(number(AccessKey::Text("07".to_owned())), 1);
    }

    proptest! {
        #[test]
        fn numbers_are_dense_and_stay(keys in proptest::collection::vec(0_u64..3_000, 0..5_000)) {
            let mut numbers = KeyNumbers::default();
            let mut known = BTreeMap::new();
            for key in keys {
                // Far apart, in steps of a power of two as addresses are.
                let key = key << 40 | key << 12;
                let next = known.len() as u32;
                let expected = *known.entry(key).or_insert(next);
                let given = numbers.number_of(key);
                prop_assert_eq!(given, Numbered { number: expected, is_new: expected == next });
            }
        }
    }
}
