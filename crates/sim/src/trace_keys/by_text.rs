//! Keys of the trace by their texts, for writes of rows that name few of many.

use super::TraceKeys;
use crate::intern::{NONE, Texts, hash_text};
use crate::tagged::Tagged;
use cachepolicy_trace::random::mix;

/// So many keys ahead, the place is asked for where a key will be entered.
const AHEAD: usize = 16;

/// Numbers of keys. Whoever asks compares what they stand for.
#[derive(Debug, Default)]
pub(super) struct ByText {
    /// The first so many keys.
    numbers: Tagged,
    /// By the numbers of values, the keys that were found; [`NONE`]: it was not looked for.
    found: Vec<u32>,
}

/// A key as it is looked for: the number 7 and the text "7" are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted<'a> {
    Number(u64),
    Text(&'a str),
}

impl<'a> Wanted<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let is_usual = text == "0" || !text.starts_with(['0', '+']);
        match text.parse() {
            Ok(number) if is_usual => Self::Number(number),
            _ => Self::Text(text),
        }
    }

    pub(crate) fn hash(self) -> u64 {
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
    pub(super) fn find_unnamed(&mut self, values: &Texts, value: u32) -> Option<u32> {
        if self.named >= self.admitted {
            return None;
        }
        let place = value as usize;
        let known = self.by_text.found.get(place).copied();
        let found = known.filter(|&known| known != NONE).or_else(|| {
            let found = self.search(Wanted::of(values.value(value)?))?;
            let known = &mut self.by_text.found;
            known.resize(known.len().max(place + 1), NONE);
            known[place] = found;
            Some(found)
        });
        found.filter(|&key| (self.named..self.admitted).contains(&(key as usize)))
    }

    /// Soon somebody will search for a key of this hash.
    #[inline]
    pub(crate) fn prefetch(&mut self, hash: u64) {
        self.index_all();
        self.by_text.numbers.prefetch(hash);
    }

    /// Enters the keys that came since this was done last.
    #[inline]
    fn index_all(&mut self) {
        if self.by_text.numbers.len() < self.len() {
            self.index_more();
        }
    }

    #[cold]
    fn index_more(&mut self) {
        let mut numbers = core::mem::take(&mut self.by_text.numbers);
        for key in numbers.len()..self.len() {
            if let Some(number) = self.numbers.get(key + AHEAD) {
                numbers.prefetch(Wanted::Number(*number).hash());
            }
            numbers.insert(self.wanted(key).hash(), key as u32);
        }
        self.by_text.numbers = numbers;
    }

    /// The key that is this one, whether or not it has been admitted.
    pub(crate) fn search(&mut self, wanted: Wanted<'_>) -> Option<u32> {
        self.index_all();
        let numbers = core::mem::take(&mut self.by_text.numbers);
        let is_it = |key: u32| self.wanted(key as usize) == wanted;
        let found = numbers.find(wanted.hash(), is_it);
        self.by_text.numbers = numbers;
        found
    }
}
