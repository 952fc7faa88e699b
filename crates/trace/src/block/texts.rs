//! Texts and request targets, many of them in one allocation.

use crate::pieces::{Piece, Pieces, text_in};
use core::fmt::Write;
use memchr::memchr;
use std::sync::Arc;

/// Texts one behind the other in one allocation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextList {
    all: String,
    ends: Vec<u32>,
}

impl TextList {
    /// Adds a text; `false` where there is no room: all texts together have 4 GiB at most.
    pub fn push(&mut self, text: &str) -> bool {
        let Ok(end) = u32::try_from(self.all.len() + text.len()) else {
            return false;
        };
        self.all.push_str(text);
        self.ends.push(end);
        true
    }

    /// The text of a position; empty where there is none.
    #[must_use]
    pub fn get(&self, index: usize) -> &str {
        let end = self.ends.get(index).copied().unwrap_or(0) as usize;
        let start = match index.checked_sub(1) {
            Some(before) => self.ends.get(before).copied().unwrap_or(0) as usize,
            None => 0,
        };
        self.all.get(start..end).unwrap_or_default()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All of them in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index))
    }

    /// Their bytes together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.all.len()
    }

    /// Forgets all of them and keeps the memory.
    pub fn clear(&mut self) {
        self.all.clear();
        self.ends.clear();
    }
}

/// Request targets: method, host, and path with query.
#[derive(Debug, Clone, Default)]
pub struct TargetList {
    /// Where the first ones are, which whoever reads the trace has as well, and their numbers there.
    pieces: Vec<Arc<Piece>>,
    numbers: Vec<u32>,
    /// Bytes of these.
    bytes: usize,
    /// Those behind.
    own: TextList,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Target<'a> {
    /// Upper case.
    pub method: &'a str,
    /// Lower case; empty: not said.
    pub host: &'a str,
    /// Path and query, as sent.
    pub path: &'a str,
}

impl Target<'_> {
    /// Appends it as one text, from which [`Target::of`] makes it again. Where none of its parts has a
    /// space or a line break in it, that is `METHOD path`, with ` host` behind it where one is said.
    pub(crate) fn spell(&self, out: &mut String) {
        let Self { method, host, path } = self;
        let is_plain = |text: &str| !text.bytes().any(|byte| matches!(byte, b' ' | b'\n'));
        if [method, path, host].into_iter().all(|text| is_plain(text)) {
            out.push_str(method);
            out.push(' ');
            out.push_str(path);
            if !host.is_empty() {
                out.push(' ');
                out.push_str(host);
            }
            return;
        }
        // Writing to a string cannot fail.
        let _ = write!(out, "\n{} {}\n", method.len(), host.len());
        for text in [method, host, path] {
            out.push_str(text);
        }
    }
}

impl<'a> Target<'a> {
    /// The target that was [spelled](Target::spell).
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        if let Some(lengths) = text.strip_prefix('\n') {
            return Self::behind_lengths(lengths).unwrap_or_default();
        }
        let (method, rest) = split_at_space(text);
        let (path, host) = split_at_space(rest);
        Self { method, host, path }
    }

    fn behind_lengths(text: &'a str) -> Option<Self> {
        let (lengths, texts) = text.split_once('\n')?;
        let (method, host) = lengths.split_once(' ')?;
        let (method, rest) = texts.split_at_checked(method.parse().ok()?)?;
        let (host, path) = rest.split_at_checked(host.parse().ok()?)?;
        Some(Self { method, host, path })
    }
}

/// What is before the first space and what is behind it.
fn split_at_space(text: &str) -> (&str, &str) {
    let parts = memchr(b' ', text.as_bytes()).and_then(|space| {
        let (before, behind) = text.split_at_checked(space)?;
        Some((before, behind.get(1..)?))
    });
    parts.unwrap_or((text, ""))
}

impl TargetList {
    /// Adds a target; `false` where there is no room.
    pub fn push(&mut self, target: Target<'_>) -> bool {
        let mut text = String::new();
        target.spell(&mut text);
        self.own.push(&text)
    }

    /// The same of one that is [spelled](Target::spell).
    pub(crate) fn push_spelled(&mut self, text: &str) -> bool {
        self.own.push(text)
    }

    /// Adds a spelled target that has a number with whoever reads the trace, and so many bytes.
    /// [`Self::share`] must follow before it is asked for, and none of the list's own before it.
    pub(crate) fn push_shared(&mut self, number: u32, bytes: usize) {
        self.numbers.push(number);
        self.bytes += bytes;
    }

    /// All that were added are in these pieces, of which the first so many were said before.
    pub(crate) fn share(&mut self, from: &mut Pieces, said: &mut usize) {
        from.close();
        self.pieces.extend(from.with(&self.numbers, *said).cloned());
        *said = from.closed();
    }

    /// The target of a position as one text, see [`Target::of`].
    #[must_use]
    pub fn spelled(&self, index: usize) -> &str {
        match self.numbers.get(index) {
            Some(&number) => text_in(&self.pieces, number),
            None => self.own.get(index - self.numbers.len()),
        }
    }

    /// The target of a position.
    #[must_use]
    pub fn get(&self, index: usize) -> Target<'_> {
        Target::of(self.spelled(index))
    }

    /// The number that the target of a position has in [`Self::pieces`], if it is there.
    #[must_use]
    pub fn number(&self, index: usize) -> Option<u32> {
        self.numbers.get(index).copied()
    }

    /// Texts that whoever reads the trace has as well, among them the first targets of this list.
    /// Those of all lists of a trace, one after the other, leave none out.
    #[must_use]
    pub fn pieces(&self) -> &[Arc<Piece>] {
        &self.pieces
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers.len() + self.own.len()
    }

    /// The bytes of their texts together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes + self.own.bytes()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets all of them and keeps the memory.
    pub fn clear(&mut self) {
        self.pieces.clear();
        self.numbers.clear();
        self.bytes = 0;
        self.own.clear();
    }
}

impl PartialEq for TargetList {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && (0..self.len()).all(|at| self.get(at) == other.get(at))
    }
}

impl Eq for TargetList {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn targets_are_told_again(
            targets in prop::collection::vec(["[A-Z \n]{0,3}", "[a-z. \né]{0,3}", "[/a \né?0-9]{0,6}"], 0..9),
        ) {
            let target = |[method, host, path]: &'_ [String; 3]| {
                let mut text = String::new();
                Target { method, host, path }.spell(&mut text);
                text
            };
            let mut list = TargetList::default();
            for [method, host, path] in &targets {
                let is_in = list.push(Target { method, host, path });
                prop_assert!(is_in);
            }
            prop_assert_eq!(list.len(), targets.len());
            for (index, parts) in targets.iter().enumerate() {
                let [method, host, path] = parts;
                prop_assert_eq!(list.get(index), Target { method, host, path });
                prop_assert_eq!(list.spelled(index), target(parts));
            }
        }
    }
}
