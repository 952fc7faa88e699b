//! The one table of the language: which items and properties there are, what they take, what holds
//! when they are left out, in one line each. Lowering dispatches over it; messages, the formatter,
//! completion and the reference page read it.
//!
//! Adding a property is adding a row, with the function that gives it its meaning.

mod items;
mod levels;
mod services;
mod workloads;

pub(crate) use items::{ACTIONS, CLAIMS};
pub use items::{ITEMS, Item};
pub(crate) use levels::{HTTP, LEVEL};
pub(crate) use services::{BACKEND, BUS, ORIGIN, POLICY, REQUEST};
pub(crate) use workloads::WORKLOAD;

use crate::context::Context;
use crate::property::Property;
use cachepolicy_core::LevelKind;

/// What a word of the language means, for people.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// One or two words: `ttl`, `negative ttl`.
    pub word: &'static str,
    /// What follows it: capitals stand for values, `[ ]` for what may be left out.
    pub takes: &'static str,
    /// One sentence.
    pub doc: &'static str,
    /// What holds when it is left out; empty when nothing does.
    pub left_out: &'static str,
    /// A whole statement.
    pub example: &'static str,
    /// Where it must stand.
    pub required: Required,
    /// May it stand several times?
    pub repeats: bool,
    /// The kinds of level that it applies to; all for other items.
    pub kinds: Kinds,
    /// Does it mean something on a stored level only?
    pub needs_store: bool,
    /// Does a block belong to it?
    pub block: bool,
}

/// Where a property must stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Required {
    /// Nowhere.
    No,
    /// On these kinds of level; on all for other items.
    On(Kinds),
    /// On every level with a `store`.
    WhereStored,
}

/// A set of kinds of level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds(u8);

impl Kinds {
    /// All four.
    pub const ALL: Self = Self(0b1111);
    /// Those that answer requests.
    pub const ROUTED: Self = Self(0b0011);
    /// All but views, which may be there for what they contain only.
    pub const NOT_VIEW: Self = Self(0b1101);

    /// Is the kind among them?
    #[must_use]
    pub const fn contains(self, kind: LevelKind) -> bool {
        self.0 >> kind as u8 & 1 == 1
    }

    /// Their words, coarse to fine.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        [
            LevelKind::Site,
            LevelKind::View,
            LevelKind::Fragment,
            LevelKind::Object,
        ]
        .into_iter()
        .filter(|kind| self.contains(*kind))
        .map(LevelKind::name)
        .collect()
    }
}

impl Row {
    const fn new(
        word: &'static str,
        takes: &'static str,
        doc: &'static str,
        example: &'static str,
    ) -> Self {
        Self {
            word,
            takes,
            doc,
            left_out: "",
            example,
            required: Required::No,
            repeats: false,
            kinds: Kinds::ALL,
            needs_store: false,
            block: false,
        }
    }

    const fn left_out(self, left_out: &'static str) -> Self {
        Self { left_out, ..self }
    }

    const fn required(self, required: Required) -> Self {
        Self { required, ..self }
    }

    const fn always(self) -> Self {
        self.required(Required::On(Kinds::ALL))
    }

    const fn repeats(self) -> Self {
        Self {
            repeats: true,
            ..self
        }
    }

    const fn on(self, kinds: Kinds) -> Self {
        Self { kinds, ..self }
    }

    const fn stored(self) -> Self {
        Self {
            needs_store: true,
            ..self
        }
    }

    const fn block(self) -> Self {
        Self {
            block: true,
            ..self
        }
    }

    /// The first of its words, by which it is found.
    #[must_use]
    pub fn head(&self) -> &'static str {
        self.word.split(' ').next().unwrap_or(self.word)
    }

    /// The word and what it takes.
    #[must_use]
    pub fn usage(&self) -> String {
        let gap = if self.takes.starts_with('.') { "" } else { " " };
        format!("{}{gap}{}", self.word, self.takes)
            .trim_end()
            .to_owned()
    }
}

/// A row together with its meaning: what a statement adds to a `T`. `None` means that the statement
/// was wrong, and that this was reported.
pub(crate) struct Rule<T: 'static> {
    pub(crate) row: Row,
    pub(crate) lower: Lower<T>,
}

/// Gives a statement its meaning.
pub(crate) type Lower<T> = fn(&mut Context<'_>, &mut T, &Property<'_>) -> Option<()>;

impl<T> Rule<T> {
    const fn new(row: Row, lower: Lower<T>) -> Self {
        Self { row, lower }
    }
}

/// The rows of a part of the table.
fn rows<T>(rules: &'static [Rule<T>]) -> Vec<&'static Row> {
    rules.iter().map(|rule| &rule.row).collect()
}

/// The properties in the block of `http`.
#[must_use]
pub fn http_rows() -> Vec<&'static Row> {
    rows(HTTP)
}

/// Does this word begin a property in the block of that item (or, for `http`, of that property)?
/// For the parser and the formatter, which know no words.
#[must_use]
pub fn is_property_word(item: &str, word: &str) -> bool {
    let heads = |rows: Vec<&'static Row>| rows.iter().any(|row| row.head() == word);
    if item == "http" {
        return heads(rows(HTTP));
    }
    ITEMS
        .iter()
        .find(|candidate| candidate.word == item)
        .is_some_and(|item| heads((item.rows)()))
}
