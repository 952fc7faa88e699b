//! The keys of a key-value trace, and the engine's keys that they are.
//!
//! A trace of nothing but accesses can have hundreds of millions of keys, of which the engine needs
//! no more than that they differ. As long as that is so, a key of the trace and the engine's key
//! have the same number, nobody makes a value of it, and the engine keeps nothing else of it.

mod by_text;

pub(crate) use by_text::Wanted;

use crate::deliver::ANY;
use crate::engine::Engine;
use crate::intern::NONE;
use crate::invalidate::matches;
use crate::metrics::Cause;
use crate::tables::{Extra, Tables};
use cachepolicy_core::LevelId;
use cachepolicy_core::edge::{EdgeBlock, Verb};
use cachepolicy_trace::Ends;
use cachepolicy_trace::event::AccessKey;

/// Texts one behind the other, each after its length. They are hardly ever asked for, so that only
/// the place of every sixteenth is known.
#[derive(Debug, Default)]
struct Texts {
    all: Vec<u8>,
    /// Where the groups of sixteen end that are full.
    groups: Ends,
    len: usize,
}

impl Texts {
    const GROUP: usize = 16;

    fn push(&mut self, text: &str) {
        let mut length = text.len();
        while length >= 0x80 {
            self.all.push(length as u8 | 0x80);
            length >>= 7;
        }
        self.all.push(length as u8);
        self.all.extend_from_slice(text.as_bytes());
        self.len += 1;
        if self.len.is_multiple_of(Self::GROUP) {
            self.groups.push(self.all.len());
        }
    }

    fn get(&self, number: usize) -> &str {
        let group = (number / Self::GROUP).checked_sub(1);
        let start = group.and_then(|group| self.groups.get(group)).unwrap_or(0);
        let mut rest = self.all.get(start..).unwrap_or_default();
        for _ in 0..number % Self::GROUP {
            rest = split_first(rest).1;
        }
        core::str::from_utf8(split_first(rest).0).unwrap_or_default()
    }
}

/// The first text, and those behind it.
fn split_first(texts: &[u8]) -> (&[u8], &[u8]) {
    let (mut length, mut rest) = (0, texts);
    for shift in (0..usize::BITS).step_by(7) {
        let Some((&byte, behind)) = rest.split_first() else {
            break;
        };
        rest = behind;
        length |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    rest.split_at(length.min(rest.len()))
}

/// See the module's description.
#[derive(Debug, Default)]
pub(crate) struct TraceKeys {
    /// The first keys, as long as all are numbers.
    numbers: Vec<u64>,
    /// All further keys.
    texts: Texts,
    /// The first so many are keys of the engine.
    admitted: usize,
    /// Of this level.
    level: Option<LevelId>,
    /// The first so many are known to the engine by their values.
    named: usize,
    by_text: by_text::ByText,
    /// The engine's keys, once they have other numbers.
    apart: Option<Vec<u32>>,
}

impl TraceKeys {
    /// The next key of the trace.
    pub(crate) fn learn(&mut self, key: &AccessKey) {
        match key {
            AccessKey::Number(number) if self.texts.len == 0 => self.numbers.push(*number),
            AccessKey::Number(number) => self.texts.push(&number.to_string()),
            AccessKey::Text(text) => self.texts.push(text),
        }
    }

    fn len(&self) -> usize {
        self.numbers.len() + self.texts.len
    }

    /// The number of a key's value.
    fn value(&self, values: &mut crate::intern::Texts, key: usize) -> u32 {
        match self.numbers.get(key) {
            Some(&number) => values.intern_number(number),
            None if key < self.len() => values.intern(self.texts.get(key - self.numbers.len())),
            None => NONE,
        }
    }

    /// The text of a key that the engine does not know by its value.
    pub(crate) fn unnamed(&self, inst: u32) -> Option<String> {
        let key = inst as usize;
        if key < self.named || key >= self.admitted {
            return None;
        }
        Some(match self.numbers.get(key) {
            Some(number) => number.to_string(),
            None => self.texts.get(key - self.numbers.len()).to_owned(),
        })
    }

    /// The level of a key that the engine does not know yet but by its number.
    pub(crate) fn level(&self, inst: u32) -> Option<LevelId> {
        self.level.filter(|_| (inst as usize) < self.admitted)
    }

    /// Are the numbers of the trace's keys those of the engine's?
    pub(crate) fn are_direct(&self) -> bool {
        self.apart.is_none()
    }

    /// Does nobody know any of them by its value?
    pub(crate) const fn are_unnamed(&self) -> bool {
        self.named == 0
    }

    /// From now on a key of the trace may be another one of the engine's than before.
    pub(crate) fn set_apart(&mut self) {
        let admitted = self.admitted as u32;
        self.apart.get_or_insert_with(|| (0..admitted).collect());
    }
}

impl Engine {
    /// What the trace has brought so far become keys of a level, of which more than their numbers is
    /// wanted.
    pub(crate) fn admit_keys(&mut self, t: &Tables, level: LevelId) {
        self.number_keys(t, level);
        self.complete_keys();
        if self.trace_keys.are_direct() && t.needs_values(level) && !self.notes_late(level) {
            self.name_keys();
        }
    }

    /// What the trace has brought so far become keys of a level.
    pub(crate) fn number_keys(&mut self, t: &Tables, level: LevelId) {
        let known = self.trace_keys.admitted;
        if self.trace_keys.are_direct() && self.keys.len() > known {
            self.trace_keys.set_apart();
        }
        let all = self.trace_keys.len();
        if !self.trace_keys.are_direct() || known == all {
            return;
        }
        self.causes.resize(all, Cause::ColdStart);
        self.trace_keys.admitted = all;
        self.trace_keys.level = Some(level);
        if !t.policy.edges.is_empty() {
            self.complete_keys();
        }
    }

    /// From now on more is known of the keys than their numbers.
    fn complete_keys(&mut self) {
        let Some(level) = self.trace_keys.level else {
            return;
        };
        for _ in self.keys.len()..self.trace_keys.admitted {
            self.keys.add_unnamed(level);
        }
    }

    /// Something comes that knows keys by their values.
    #[inline]
    pub(crate) fn name_keys(&mut self) {
        if self.trace_keys.named < self.trace_keys.admitted {
            self.name_admitted();
        }
    }

    #[cold]
    fn name_admitted(&mut self) {
        self.complete_keys();
        for key in self.trace_keys.named..self.trace_keys.admitted {
            let value = self.trace_keys.value(&mut self.values, key);
            self.keys.name(key as u32, value);
        }
        self.trace_keys.named = self.trace_keys.admitted;
    }

    /// A write comes, which knows keys by their values. Where it does no more than to look for copies,
    /// it finds keys without names.
    pub(crate) fn name_keys_for_write(&mut self, t: &Tables) {
        let bumps = |edge: &EdgeBlock| edge.actions.iter().any(|it| it.verb == Verb::Bump);
        let is_enough = self.trace_keys.are_direct()
            && self.lane.is_some_and(|lane| lane.finds_unnamed())
            && !t.policy.edges.iter().any(bumps);
        if !is_enough {
            self.name_keys();
        }
    }

    /// The key of a level with these parameters; it has no variants.
    pub(crate) fn find_key(&mut self, level: LevelId, params: &[u32]) -> Option<u32> {
        let found = self.keys.find(level, params);
        if found.is_some() {
            return found;
        }
        let &[param] = params else {
            return None;
        };
        if self.trace_keys.level != Some(level) {
            return None;
        }
        self.trace_keys.find_unnamed(&self.values, param)
    }

    /// Are these arguments, of which some may be `*`, those of a key of the trace or another one?
    pub(crate) fn is_meant(&self, t: &Tables, inst: u32, args: &[u32]) -> bool {
        match self.trace_keys.unnamed(inst) {
            Some(text) => {
                let is_it =
                    |&arg: &u32| arg == ANY || self.values.value(arg) == Some(text.as_str());
                args.iter().all(is_it)
            }
            None => matches(self.params_of(t, inst), args),
        }
    }

    /// The engine's key of a key of the trace, which has been admitted.
    pub(crate) fn key_of_trace(&mut self, t: &Tables, task: u32, level: LevelId, key: u32) -> u32 {
        if t.levels[level.index()].extras.contains(&Extra::Process) {
            let value = self.trace_keys.value(&mut self.values, key as usize);
            self.tuple.clear();
            self.tuple.push(value);
            return self.key_of(t, task, level, NONE);
        }
        let known = match &self.trace_keys.apart {
            None => return key,
            Some(insts) => insts.get(key as usize).copied().unwrap_or(NONE),
        };
        if known != NONE && self.is_current(known) {
            return known;
        }
        let value = self.trace_keys.value(&mut self.values, key as usize);
        self.tuple.clear();
        self.tuple.push(value);
        let inst = self.intern_key(t, level);
        if let Some(insts) = &mut self.trace_keys.apart {
            if insts.len() <= key as usize {
                insts.resize(key as usize + 1, NONE);
            }
            insts[key as usize] = inst;
        }
        inst
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn texts_are_told_again(lengths in proptest::collection::vec(0_usize..300, 0..80)) {
            let mut texts = Texts::default();
            let text = |(number, length): (usize, &usize)| format!("{number:0length$}é");
            let plain: Vec<String> = lengths.iter().enumerate().map(text).collect();
            plain.iter().for_each(|text| texts.push(text));
            for (number, text) in plain.iter().enumerate() {
                prop_assert_eq!(texts.get(number), text);
            }
            prop_assert_eq!(texts.get(plain.len()), "");
        }
    }
}
