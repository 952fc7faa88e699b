//! Texts, keys and other things as dense numbers, given in the order of first appearance.

mod index;

use crate::event::AccessKey;
use index::Index;
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
    all: Vec<u8>,
    /// Where each text ends.
    ends: Vec<usize>,
}

impl TextNumbers {
    /// The hash of a text.
    #[inline]
    pub(crate) fn hash(text: &[u8]) -> u32 {
        hash_of(|hasher| hasher.write(text))
    }

    /// The number of a text, a new one if it was never seen.
    pub(crate) fn number(&mut self, text: &[u8]) -> Numbered {
        self.number_hashed(text, Self::hash(text))
    }

    /// The number of a text with this hash.
    #[inline]
    pub(crate) fn number_hashed(&mut self, text: &[u8], hash: u32) -> Numbered {
        let next = self.ends.len() as u32;
        let (all, ends) = (&self.all, &self.ends);
        let is_it = |number| get(all, ends, number) == text;
        let number = self.index.number(hash, next, is_it);
        let is_new = number == next;
        if is_new {
            self.all.extend_from_slice(text);
            self.ends.push(self.all.len());
        }
        Numbered { number, is_new }
    }

    /// Reads what will be looked at when the numbers of texts with these hashes are asked for, all
    /// at once, so that the waits for the memory overlap.
    pub(crate) fn touch(&self, hashes: impl Iterator<Item = u32> + Clone) {
        self.index.touch(hashes.clone());
        let likely = hashes.filter_map(|hash| self.index.likely(hash));
        let first = |number| get(&self.all, &self.ends, number).first().copied();
        let sum = likely.fold(0, |sum, number| sum ^ first(number).unwrap_or(0));
        std::hint::black_box(sum);
    }

    /// The text of a number.
    pub(crate) fn get(&self, number: u32) -> &[u8] {
        get(&self.all, &self.ends, number)
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }
}

#[inline]
fn get<'a>(all: &'a [u8], ends: &[usize], number: u32) -> &'a [u8] {
    let index = number as usize;
    let end = ends.get(index).copied().unwrap_or(0);
    let start = match index.checked_sub(1) {
        Some(before) => ends.get(before).copied().unwrap_or(end),
        None => 0,
    };
    all.get(start..end).unwrap_or_default()
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
    index: Index,
    /// Of each: the number that it is, or where its text begins.
    raw: Vec<u64>,
    texts: LongTexts,
}

/// The last bit of a hash tells whether it is a text's.
const TEXT: u32 = 1;

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
        let next = self.raw.len() as u32;
        let raw = &self.raw;
        let is_it = |number: u32| raw.get(number as usize) == Some(&key);
        let number = self.index.number(hash_of_number(key), next, is_it);
        let is_new = number == next;
        if is_new {
            self.raw.push(key);
        }
        Numbered { number, is_new }
    }

    /// See [`Index::touch`].
    #[inline]
    pub(crate) fn touch(&self, keys: &[u64]) {
        self.index.touch(keys.iter().map(|key| hash_of_number(*key)));
    }

    /// The number of a key that is a text. The number 7 and the text "7" are one key.
    pub(crate) fn number_of_text(&mut self, text: &str) -> Numbered {
        if let Some(key) = canonical(text) {
            return self.number_of(key);
        }
        let next = self.raw.len() as u32;
        let (raw, texts) = (&self.raw, &self.texts);
        let is_it = |number: u32| {
            let start = raw.get(number as usize).copied();
            start.is_some_and(|start| texts.get(start) == text.as_bytes())
        };
        let hash = TextNumbers::hash(text.as_bytes()) | TEXT;
        let number = self.index.number(hash, next, is_it);
        let is_new = number == next;
        if is_new {
            self.raw.push(self.texts.push(text.as_bytes()));
        }
        Numbered { number, is_new }
    }

    pub(crate) fn len(&self) -> usize {
        self.raw.len()
    }
}

/// A hash of a number: both halves of its product with an odd one, folded together, as wyhash does
/// (Wang Yi, "wyhash", 2019).
#[inline]
fn hash_of_number(key: u64) -> u32 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    const OTHER: u64 = 0xd1b5_4a32_d192_ed03;
    let product = u128::from(key ^ ODD) * u128::from(OTHER);
    let folded = (product >> 64) as u64 ^ product as u64;
    (folded >> 32) as u32 & !TEXT
}

/// The number whose usual decimal text this is.
fn canonical(text: &str) -> Option<u64> {
    let has_sign_or_zero = text.starts_with(['+', '0']) && text != "0";
    (!has_sign_or_zero).then(|| text.parse().ok()).flatten()
}

/// Texts one behind the other, each after its length in as many bytes as that needs, seven bits in
/// each (LEB128).
#[derive(Debug, Default)]
struct LongTexts(Vec<u8>);

impl LongTexts {
    /// Where the text begins.
    fn push(&mut self, text: &[u8]) -> u64 {
        let start = self.0.len() as u64;
        let mut rest = text.len();
        while rest > 0x7f {
            self.0.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.0.push(rest as u8);
        self.0.extend_from_slice(text);
        start
    }

    fn get(&self, start: u64) -> &[u8] {
        let mut rest = self.0.get(start as usize..).unwrap_or_default();
        let (mut length, mut shift) = (0, 0);
        while let Some((&byte, behind)) = rest.split_first() {
            rest = behind;
            length |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
            shift += 7;
        }
        rest.get(..length).unwrap_or_default()
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

    #[test]
    fn texts_of_any_length() {
        let mut keys = KeyNumbers::default();
        let texts: Vec<String> = [0, 1, 127, 128, 16_383, 16_384, 100_000]
            .map(|length| "k".repeat(length))
            .to_vec();
        for round in 0..2 {
            for (index, text) in texts.iter().enumerate() {
                let Numbered { number, is_new } = keys.number_of_text(text);
                assert_eq!((number as usize, is_new), (index, round == 0));
            }
        }
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

        #[test]
        fn texts_and_numbers_mixed(keys in proptest::collection::vec("[ab]{0,3}|[01]{1,4}", 0..300)) {
            let (mut numbers, mut texts) = (KeyNumbers::default(), TextNumbers::default());
            let mut known = BTreeMap::new();
            for key in &keys {
                let next = known.len() as u32;
                let number = *known.entry(key).or_insert(next);
                let expected = Numbered { number, is_new: number == next };
                prop_assert_eq!(numbers.number_of_text(key), expected);
                prop_assert_eq!(texts.number(key.as_bytes()), expected);
                prop_assert_eq!(texts.get(number), key.as_bytes());
            }
        }
    }
}
