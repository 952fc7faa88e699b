//! From text to tree, with a message for every mistake.
//!
//! pest recognises (the grammar is total, see `grammar.pest`); this module turns its pairs into the
//! tree and its error nodes into diagnostics. A statement whose meaning a mistake obscures is left
//! out; where it is certain what was meant, the tree holds that.

mod layout;
mod mistakes;
mod statement;
mod template;
mod term;

use pest::Parser as _;
use pest::iterators::Pair;

use crate::diagnostic::{Diagnostic, Severity};
use crate::grammar::{Grammar, Rule};
use crate::limits::{self, MAX_DIAGNOSTICS};
use crate::span::{FileId, Span};
use crate::tree::{Comment, File};

pub(crate) use statement::first_word;

/// Whether a word begins a property inside an item's block: given the item's first word (`view`)
/// and the word (`ttl`). Inside a block within an item (`http { … }`) the first is that block's
/// head (`http`); outside of all items it is empty.
///
/// The tree knows no words; this is the one question that the parser has about them, for the list
/// that a trailing comma continues into the next property. Answering always `false` is right, only
/// less helpful.
pub type IsProperty<'a> = &'a dyn Fn(&str, &str) -> bool;

/// What a text says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parsed {
    /// Everything that could be read.
    pub file: File,
    /// All comments, in order.
    pub comments: Vec<Comment>,
    /// The mistakes, in order of their places; empty for a well-formed text.
    pub diagnostics: Vec<Diagnostic>,
}

impl Parsed {
    /// Whether a mistake was reported inside of a place, so that something may be missing from its
    /// tree: a property that "is not there" may be the one that could not be read.
    #[must_use]
    pub fn is_damaged(&self, place: Span) -> bool {
        self.diagnostics.iter().any(|diagnostic| {
            let at = diagnostic.primary.span;
            diagnostic.severity == Severity::Error
                && at.file == place.file
                && place.start <= at.start
                && at.start <= place.end
        })
    }
}

/// Reads a text without knowing its words; see [`parse_with`].
#[must_use]
pub fn parse(file: FileId, text: &str) -> Parsed {
    parse_with(file, text, &|_, _| false)
}

/// Reads a text. Never panics; a text over a limit ([`crate::limits`]) gives an empty tree and the
/// diagnostic that says so.
#[must_use]
pub fn parse_with(file: FileId, text: &str, is_property: IsProperty<'_>) -> Parsed {
    if let Some(diagnostic) = limits::exceeded(file, text) {
        return Parsed {
            diagnostics: vec![diagnostic],
            ..Parsed::default()
        };
    }
    let pairs = match Grammar::parse(Rule::file, text) {
        Ok(pairs) => pairs,
        Err(error) => {
            return Parsed {
                diagnostics: vec![unreadable(file, &error)],
                ..Parsed::default()
            };
        }
    };
    let mut builder = Builder {
        file,
        text,
        is_property,
        diagnostics: Vec::new(),
        suppressed: 0,
        damaged: false,
    };
    let comments = pairs
        .clone()
        .flatten()
        .filter(|pair| pair.as_rule() == Rule::COMMENT)
        .map(|pair| Comment {
            text: pair.as_str().trim_end().to_owned(),
            span: builder.span(&pair),
        })
        .collect();
    let items = pairs
        .into_iter()
        .next()
        .map(|pair| builder.file(pair))
        .unwrap_or_default();
    let diagnostics = builder.into_diagnostics();
    Parsed {
        file: File { items },
        comments,
        diagnostics,
    }
}

/// The grammar is total, so this is not reached; if a change to it makes a gap, the gap is reported.
fn unreadable(file: FileId, error: &pest::error::Error<Rule>) -> Diagnostic {
    let (start, end) = match error.location {
        pest::error::InputLocation::Pos(at) => (at, at),
        pest::error::InputLocation::Span(range) => range,
    };
    let place = Span {
        file,
        start: start as u32,
        end: end as u32,
    };
    Diagnostic::error("unreadable", place, "this cannot be read")
}

/// Turns pairs into the tree. Recursion follows the brackets, whose depth was bounded before.
struct Builder<'a> {
    file: FileId,
    text: &'a str,
    is_property: IsProperty<'a>,
    diagnostics: Vec<Diagnostic>,
    /// How many diagnostics were found beyond the limit.
    suppressed: usize,
    /// Whether the header of the statement at hand had a mistake that obscures its meaning.
    damaged: bool,
}

impl<'a> Builder<'a> {
    fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let span = pair.as_span();
        self.at(span.start(), span.end())
    }

    /// Texts are shorter than 4 GiB by [`limits::MAX_FILE_BYTES`].
    fn at(&self, start: usize, end: usize) -> Span {
        Span {
            file: self.file,
            start: start as u32,
            end: end as u32,
        }
    }

    fn between(&self, start: u32, end: u32) -> &'a str {
        self.text
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    /// A mistake that leaves it open what was meant.
    fn damage(&mut self, diagnostic: Diagnostic) {
        self.damaged = true;
        self.mended(diagnostic);
    }

    /// A mistake where it is certain what was meant; the tree holds that.
    fn mended(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() < MAX_DIAGNOSTICS {
            self.diagnostics.push(diagnostic);
        } else {
            self.suppressed += 1;
        }
    }

    /// The diagnostics by place, and how many there were beyond the limit.
    fn into_diagnostics(mut self) -> Vec<Diagnostic> {
        self.diagnostics
            .sort_by_key(|diagnostic| (diagnostic.primary.span.start, diagnostic.primary.span.end));
        if let (1.., Some(last)) = (self.suppressed, self.diagnostics.last()) {
            let message = format!("this text has {} more mistakes", self.suppressed);
            let place = last.primary.span.after();
            let diagnostic = Diagnostic::error("too-many-mistakes", place, message);
            self.diagnostics
                .push(diagnostic.help("mend those above first"));
        }
        self.diagnostics
    }
}

/// A pair's children without the comments, which are collected apart.
fn children(pair: Pair<'_, Rule>) -> impl Iterator<Item = Pair<'_, Rule>> {
    pair.into_inner()
        .filter(|child| child.as_rule() != Rule::COMMENT)
}
