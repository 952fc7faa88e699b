//! Keys of the trace by their texts, for writes of rows that name few of many.

use super::TraceKeys;
use crate::intern::{NONE, Texts, hash_text};
use cachepolicy_trace::random::mix;
use hashbrown::HashTable;

/// Numbers of keys. Whoever asks compares what they stand for.
#[derive(Debug, Default)]
pub(super) struct ByText {
    numbers: HashTable<u32>,
    /// The first so many are in it.
    indexed: usize,
    /// By the numbers of values, the keys that were found; [`NONE`]: it was not looked for.
    found: Vec<u32>,
}

/// A key as it is looked for: the number 7 and the text "7" are one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted<'a> {
    Number(u64),
    Text(&'a str),
}

impl<'a> Wanted<'a> {
    fn of(text: &'a str) -> Self {
        let is_usual = text == "0" || !text.starts_with(['0', '+']);
        match text.parse() {
            Ok(number) if is_usual => Self::Number(number),
            _ => Self::Text(text),
        }
    }

    fn hash(self) -> u64 {
        match self {
            Self::Number(number) => mix(number),
            Self::Text(text) => hash_text(text),
        }
    }
}

impl TraceKeys {
    fn wanted(&self, key: usize) -> Wanted<'_> {
        match self.numbers.get(key) {
            Some(&number) => Wanted::Number(number),
            None => Wanted::of(self.texts.get(key - self.numbers.len())),
        }
    }

    /// The key of a value, if it has been admitted and has no name yet.
    pub(crate) fn find_unnamed(&mut self, values: &Texts, value: u32) -> Option<u32> {
        if self.named >= self.admitted {
            return None;
        }
        let place = value as usize;
        let known = self.by_text.found.get(place).copied();
        let found = known.filter(|&known| known != NONE).or_else(|| {
            let found = self.search(values.value(value)?)?;
            let known = &mut self.by_text.found;
            known.resize(known.len().max(place + 1), NONE);
            known[place] = found;
            Some(found)
        });
        found.filter(|&key| key as usize >= self.named)
    }

    fn search(&mut self, text: &str) -> Option<u32> {
        let mut by_text = core::mem::take(&mut self.by_text);
        let hash_of = |&key: &u32| self.wanted(key as usize).hash();
        let numbers = &mut by_text.numbers;
        numbers.reserve(self.admitted - by_text.indexed, hash_of);
        for key in by_text.indexed..self.admitted {
            let key = key as u32;
            numbers.insert_unique(hash_of(&key), key, hash_of);
        }
        by_text.indexed = self.admitted;
        let wanted = Wanted::of(text);
        let is_it = |&key: &u32| self.wanted(key as usize) == wanted;
        let found = numbers.find(wanted.hash(), is_it).copied();
        self.by_text = by_text;
        found
    }
}
