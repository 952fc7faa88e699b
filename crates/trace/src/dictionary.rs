//! Texts, keys and other things as dense numbers, given in the order of first appearance.

mod index;
mod ordered;

use crate::event::AccessKey;
use crate::pieces::Pieces;
use crate::random::mix;
use index::Index;
use ordered::Ordered;
use rustc_hash::FxHasher;
use std::hash::Hasher;

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
    index: Index,
    texts: Pieces,
}

impl TextNumbers {
    /// The hash of a text.
    #[inline]
    pub(crate) fn hash(text: &[u8]) -> u32 {
        hash_of(|hasher| hasher.write(text))
    }

    /// The number of a text, a new one if it was never seen.
    pub(crate) fn number(&mut self, text: &str) -> Numbered {
        self.number_hashed(text, Self::hash(text.as_bytes()))
    }

    /// The number of a text with this hash.
    #[inline]
    pub(crate) fn number_hashed(&mut self, text: &str, hash: u32) -> Numbered {
        let next = self.texts.len() as u32;
        let texts = &self.texts;
        let is_it = |number| texts.bytes(number) == text.as_bytes();
        let number = self.index.number(hash, next, is_it);
        let is_new = number == next;
        if is_new {
            self.texts.push(text);
        }
        Numbered { number, is_new }
    }

    /// The number of a text with this hash, if it was seen.
    #[inline]
    pub(crate) fn find(&self, text: &[u8], hash: u32) -> Option<u32> {
        self.index
            .find(hash, |number| self.texts.bytes(number) == text)
    }

    /// Reads what will be looked at when the numbers of texts with these hashes are asked for, all
    /// at once, so that the waits for the memory overlap. So many at most.
    pub(crate) fn touch<const N: usize>(&self, hashes: impl Iterator<Item = u32> + Clone) {
        self.index.touch::<N>(hashes.clone());
        let likely = hashes.filter_map(|hash| self.index.likely(hash));
        let first = |number| self.texts.bytes(number).first().copied();
        let sum = likely.fold(0, |sum, number| sum ^ first(number).unwrap_or(0));
        std::hint::black_box(sum);
    }

    /// The text of a number.
    pub(crate) fn get(&self, number: u32) -> &str {
        self.texts.get(number)
    }

    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    /// The texts, to be shared.
    pub(crate) fn texts(&mut self) -> &mut Pieces {
        &mut self.texts
    }
}

/// Things that are compared as a whole, as numbers.
#[derive(Debug)]
pub(crate) struct ItemNumbers<T> {
    index: Index,
    items: Vec<T>,
}

impl<T> Default for ItemNumbers<T> {
    fn default() -> Self {
        Self {
            index: Index::default(),
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
        let next = self.items.len() as u32;
        let items = &self.items;
        let is_it = |number: u32| items.get(number as usize).is_some_and(&is);
        let number = self.index.number(hash_of(write), next, is_it);
        let is_new = number == next;
        if is_new {
            self.items.push(make());
        }
        Numbered { number, is_new }
    }

    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        self.items.get(number as usize)
    }

    /// Forgets all of them; the next one gets the number 0.
    pub(crate) fn clear(&mut self) {
        if !self.items.is_empty() {
            self.index.clear();
            self.items.clear();
        }
    }
}

/// Keys as numbers: those that are numbers themselves, and texts.
#[derive(Debug, Default)]
pub(crate) struct KeyNumbers {
    numbers: WholeNumbers,
    texts: TextNumbers,
    /// By text: its number among all keys. As long as all are texts, it is that among the texts.
    number_of_text: Option<Vec<u32>>,
    count: u32,
    recent: Recent,
}

/// Keys of which is settled together which ones were asked for lately.
const TOGETHER: usize = 512;

/// So many keys before it is looked for, the processor is asked for what will be read: more than come at
/// a time, since some keys take longer than others.
const AHEAD: usize = 32;

/// A key that was not asked for lately, and its place among those that are looked for.
#[derive(Debug, Clone, Copy, Default)]
struct Missing {
    place: usize,
    mixed: u64,
}

/// Numbers that were asked for lately, by their lowest bits: few keys are asked for most, and these
/// few are nearer to the processor here than among all.
#[derive(Debug)]
struct Recent(Box<[RecentNumber; Self::PLACES]>);

#[derive(Debug, Clone, Copy, Default)]
struct RecentNumber {
    mixed: u64,
    number: u32,
}

impl Recent {
    const PLACES: usize = 1 << 13;

    /// The one of these bits.
    #[inline]
    fn of(&self, mixed: u64) -> RecentNumber {
        self.0[mixed as usize % Self::PLACES]
    }

    #[inline]
    fn remember(&mut self, mixed: u64, number: u32) {
        self.0[mixed as usize % Self::PLACES] = RecentNumber { mixed, number };
    }
}

impl Default for Recent {
    fn default() -> Self {
        // What is at another place than its own is never found.
        let mut free = [RecentNumber::default(); Self::PLACES];
        free[0].mixed = 1;
        Self(Box::new(free))
    }
}

impl KeyNumbers {
    /// The number of a key.
    pub(crate) fn number(&mut self, key: &AccessKey) -> Numbered {
        match key {
            AccessKey::Number(key) => self.number_of(*key),
            AccessKey::Text(text) => self.number_of_text(text),
        }
    }

    /// The number of a key that is a number.
    #[inline]
    pub(crate) fn number_of(&mut self, key: u64) -> Numbered {
        self.number_mixed(mix(key))
    }

    #[inline]
    fn number_mixed(&mut self, mixed: u64) -> Numbered {
        let number = self.numbers.number(mixed, self.count);
        let is_new = number == self.count;
        if is_new && self.number_of_text.is_none() {
            self.number_of_text = Some((0..self.count).collect());
        }
        self.count += u32::from(is_new);
        Numbered { number, is_new }
    }

    /// The numbers of keys that are numbers; `new` gets those that are new. Those that were not asked
    /// for lately are gathered first: whoever is looked for later is known then, and asked of the memory.
    pub(crate) fn number_all(&mut self, keys: &[u64], to: &mut Vec<u32>, mut new: impl FnMut(u64)) {
        for keys in keys.chunks(TOGETHER) {
            let mut numbers = [0; TOGETHER];
            let mut missing = [Missing::default(); TOGETHER];
            let mut count = 0;
            for (place, (key, number)) in keys.iter().zip(&mut numbers).enumerate() {
                let mixed = mix(*key);
                let recent = self.recent.of(mixed);
                *number = recent.number;
                // Without a branch that depends on it.
                missing[count % TOGETHER] = Missing { place, mixed };
                count += usize::from(recent.mixed != mixed);
            }
            let missing = missing.get(..count).unwrap_or_default();
            for first in missing.iter().take(AHEAD) {
                self.numbers.mixed.prefetch(first.mixed);
            }
            for (index, &Missing { place, mixed }) in missing.iter().enumerate() {
                if let Some(ahead) = missing.get(index + AHEAD) {
                    self.numbers.mixed.prefetch(ahead.mixed);
                }
                let Numbered { number, is_new } = self.number_mixed(mixed);
                numbers[place % TOGETHER] = number;
                self.recent.remember(mixed, number);
                if is_new && let Some(key) = keys.get(place) {
                    new(*key);
                }
            }
            to.extend_from_slice(numbers.get(..keys.len()).unwrap_or_default());
        }
    }

    /// The number of a key that is a text. The number 7 and the text "7" are one key.
    pub(crate) fn number_of_text(&mut self, text: &str) -> Numbered {
        if let Some(key) = canonical(text) {
            return self.number_of(key);
        }
        let Numbered { number, is_new } = self.texts.number(text);
        if is_new {
            if let Some(numbers) = &mut self.number_of_text {
                numbers.push(self.count);
            }
            self.count += 1;
        }
        let number = match &self.number_of_text {
            Some(numbers) => numbers.get(number as usize).copied().unwrap_or(0),
            None => number,
        };
        Numbered { number, is_new }
    }

    pub(crate) fn len(&self) -> usize {
        self.count as usize
    }
}

/// Whole numbers as dense ones. What stands for a number in the table is what [`mix`] makes of it:
/// since no two numbers are mixed to the same, nothing else need be compared.
#[derive(Debug, Default)]
struct WholeNumbers {
    mixed: Ordered<u32, 5>,
    /// Of the one that is mixed to 0.
    zero: Option<u32>,
}

impl WholeNumbers {
    /// The number of a mixed number: `next` if it was never seen.
    #[inline]
    fn number(&mut self, mixed: u64, next: u32) -> u32 {
        if mixed == 0 {
            return *self.zero.get_or_insert(next);
        }
        self.mixed.get(mixed).unwrap_or_else(|| {
            self.mixed.insert(mixed, next);
            next
        })
    }
}

/// The number whose usual decimal text this is.
fn canonical(text: &str) -> Option<u64> {
    let has_sign_or_zero = text.starts_with(['+', '0']) && text != "0";
    (!has_sign_or_zero).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn many_texts() {
        let mut texts = TextNumbers::default();
        for is_new in [true, false] {
            for number in 0..200_000 {
                let text = format!("/articles/{number}");
                assert_eq!(texts.number(&text), Numbered { number, is_new });
            }
        }
    }

    #[test]
    fn the_number_that_is_mixed_to_nothing() {
        let mut keys = KeyNumbers::default();
        // What the first step of `mix` adds, and no more.
        let zero = 0x9e37_79b9_7f4a_7c15_u64.wrapping_neg();
        assert_eq!(mix(zero), 0);
        let numbers = [5, zero, 5, zero].map(|key| keys.number_of(key).number);
        assert_eq!(numbers, [0, 1, 0, 1]);
    }

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
            let mut all = Vec::new();
            for key in keys {
                // Far apart, in steps of a power of two as addresses are.
                let key = key << 40 | key << 12;
                let next = known.len() as u32;
                let expected = *known.entry(key).or_insert(next);
                let given = numbers.number_of(key);
                prop_assert_eq!(given, Numbered { number: expected, is_new: expected == next });
                all.push((key, expected));
            }
            let (keys, expected): (Vec<u64>, Vec<u32>) = all.into_iter().unzip();
            let (mut given, mut new) = (Vec::new(), Vec::new());
            KeyNumbers::default().number_all(&keys, &mut given, |key| new.push(key));
            prop_assert_eq!(given, expected);
            prop_assert!(new.iter().enumerate().all(|(number, key)| known.get(key) == Some(&(number as u32))));
            prop_assert_eq!(new.len(), known.len());
        }

        #[test]
        fn texts_and_numbers_mixed(keys in proptest::collection::vec("[ab]{0,3}|[01]{1,4}", 0..300)) {
            let (mut numbers, mut texts) = (KeyNumbers::default(), TextNumbers::default());
            let mut known = BTreeMap::new();
            for key in &keys {
                let next = known.len() as u32;
                let number = *known.entry(key).or_insert(next);
                let expected = Numbered { number, is_new: number == next };
                prop_assert_eq!(numbers.number_of_text(key), expected);
                prop_assert_eq!(texts.number(key), expected);
                prop_assert_eq!(texts.get(number), key);
            }
        }
    }
}
