//! Texts and tuples as dense numbers, given in the order of first appearance. Everything on the
//! replay path compares and hashes these.

use cachepolicy_trace::Ends;
use hashbrown::HashTable;
use rustc_hash::FxHasher;
use std::hash::Hasher;

/// No number.
pub(crate) const NONE: u32 = u32::MAX;

/// The kind of all tuples.
const TUPLE: u32 = 0;

/// The numbers of what is hashed: whoever asks compares what they stand for.
type Numbers = HashTable<u32>;

fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The hash of a text.
pub(crate) fn hash_text(text: &str) -> u64 {
    hash_bytes(text.as_bytes())
}

fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(bytes);
    spread((hasher.finish() >> 32) as u32 ^ hasher.finish() as u32)
}

/// Words of a kind, two at a time.
#[inline]
pub(crate) fn hash_words(kind: u32, words: &[u32]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u32(kind);
    let (pairs, last) = words.as_chunks::<2>();
    for &[first, second] in pairs {
        hasher.write_u64(u64::from(first) << 32 | u64::from(second));
    }
    let last = last.first().copied().unwrap_or(NONE);
    hasher.write_u64((words.len() as u64) << 32 | u64::from(last));
    spread((hasher.finish() >> 32) as u32 ^ hasher.finish() as u32)
}

/// Texts.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    table: Numbers,
    all: String,
    /// Where each text ends.
    ends: Ends,
}

impl Texts {
    /// The number of a text, a new one if it was never seen.
    pub(crate) fn intern(&mut self, text: &str) -> u32 {
        let hash = hash_bytes(text.as_bytes());
        if let Some(id) = self.find_hashed(text, hash) {
            return id;
        }
        let id = self.ends.len() as u32;
        self.all.push_str(text);
        self.ends.push(self.all.len());
        let Self { table, all, ends } = self;
        table.insert_unique(hash, id, |&id| {
            hash_bytes(text_of(all, ends, id).as_bytes())
        });
        id
    }

    /// The number of a whole number's decimal text.
    pub(crate) fn intern_number(&mut self, number: u64) -> u32 {
        let mut digits = [0_u8; 20];
        let mut first = digits.len();
        let mut rest = number;
        while let Some(before) = first.checked_sub(1) {
            first = before;
            digits[first] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        let text = digits.get(first..).unwrap_or_default();
        self.intern(core::str::from_utf8(text).unwrap_or_default())
    }

    /// The number of a text that was seen before.
    pub(crate) fn find(&self, text: &str) -> Option<u32> {
        self.find_hashed(text, hash_bytes(text.as_bytes()))
    }

    fn find_hashed(&self, text: &str, hash: u64) -> Option<u32> {
        let found = self.table.find(hash, |&id| self.get(id) == text);
        found.copied()
    }

    /// The text of a number; empty for one that was never given.
    pub(crate) fn get(&self, id: u32) -> &str {
        text_of(&self.all, &self.ends, id)
    }

    /// The text of a number; `None` for [`NONE`], the absent value.
    pub(crate) fn value(&self, id: u32) -> Option<&str> {
        (id != NONE).then(|| self.get(id))
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }
}

fn text_of<'t>(all: &'t str, ends: &Ends, id: u32) -> &'t str {
    all.get(ends.range(id as usize)).unwrap_or_default()
}

#[inline]
fn tuple_of<'t>(words: &'t [u32], ends: &[u32], id: u32) -> &'t [u32] {
    let index = id as usize;
    let end = ends.get(index).copied().unwrap_or(0);
    let start = match index.checked_sub(1) {
        Some(before) => ends.get(before).copied().unwrap_or(end),
        None => 0,
    };
    words.get(start as usize..end as usize).unwrap_or_default()
}

/// Tuples of numbers. One that was forgotten gets a new number when it comes again.
#[derive(Debug, Default)]
pub(crate) struct Tuples {
    table: Numbers,
    words: Vec<u32>,
    /// Where each tuple ends.
    ends: Vec<u32>,
}

impl Tuples {
    /// The number of a tuple, and whether it is new.
    pub(crate) fn intern(&mut self, tuple: &[u32]) -> (u32, bool) {
        let hash = hash_words(TUPLE, tuple);
        if let Some(id) = self.find_hashed(tuple, hash) {
            return (id, false);
        }
        let id = self.add_unfound(tuple);
        let (words, ends) = (&self.words, &self.ends);
        let hash_of = |&id: &u32| hash_words(TUPLE, tuple_of(words, ends, id));
        self.table.insert_unique(hash, id, hash_of);
        (id, true)
    }

    /// The number of one more tuple, which is not found by what is in it.
    pub(crate) fn add_unfound(&mut self, tuple: &[u32]) -> u32 {
        self.words.extend_from_slice(tuple);
        self.ends.push(self.words.len() as u32);
        (self.ends.len() - 1) as u32
    }

    /// The number of a tuple that was seen before.
    pub(crate) fn find(&self, tuple: &[u32]) -> Option<u32> {
        self.find_hashed(tuple, hash_words(TUPLE, tuple))
    }

    fn find_hashed(&self, tuple: &[u32], hash: u64) -> Option<u32> {
        let found = self.table.find(hash, |&id| self.get(id) == tuple);
        found.copied()
    }

    /// The tuple of a number; empty for one that was never given.
    #[inline]
    pub(crate) fn get(&self, id: u32) -> &[u32] {
        tuple_of(&self.words, &self.ends, id)
    }

    /// From now on every tuple is new.
    pub(crate) fn forget(&mut self) {
        self.table = Numbers::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_keep_their_numbers() {
        let mut texts = Texts::default();
        let ids: Vec<u32> = (0..1000)
            .map(|n: u32| texts.intern(&format!("text {n}")))
            .collect();
        assert_eq!(ids, (0..1000).collect::<Vec<_>>());
        assert_eq!(texts.intern("text 77"), 77);
        assert_eq!(texts.get(77), "text 77");
        assert_eq!((texts.get(5000), texts.len()), ("", 1000));
    }

    #[test]
    fn tuples_can_be_forgotten() {
        let mut tuples = Tuples::default();
        assert_eq!(tuples.intern(&[1, 2]), (0, true));
        assert_eq!(tuples.intern(&[1]), (1, true));
        assert_eq!(tuples.intern(&[]), (2, true));
        assert_eq!(tuples.intern(&[1, 2]), (0, false));
        assert_eq!(tuples.find(&[1]), Some(1));
        tuples.forget();
        assert_eq!(tuples.find(&[1]), None);
        assert_eq!(tuples.intern(&[1, 2]), (3, true));
        assert_eq!(
            (tuples.get(0), tuples.get(3)),
            ([1, 2].as_slice(), [1, 2].as_slice())
        );
    }

    #[test]
    fn numbers_are_their_texts() {
        let mut texts = Texts::default();
        for number in [0, 7, 10, 1234567890, u64::MAX] {
            let id = texts.intern_number(number);
            assert_eq!(texts.get(id), number.to_string());
            assert_eq!(texts.intern(&number.to_string()), id);
        }
        assert_eq!(texts.value(NONE), None);
    }
}
