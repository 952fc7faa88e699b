//! The comments of a text, handed out in order while the tree is walked in the same order.

use crate::tree::Comment;

/// A comment between two tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) text: String,
    /// Whether it stands on a line of its own, and not behind something.
    pub(super) own_line: bool,
}

/// What is left of the comments.
pub(super) struct Comments<'a> {
    /// Nothing for a tree that was not read from a text.
    text: Option<&'a str>,
    rest: &'a [Comment],
}

impl<'a> Comments<'a> {
    pub(super) fn new(text: &'a str, comments: &'a [Comment]) -> Self {
        Self {
            text: Some(text),
            rest: comments,
        }
    }

    pub(super) fn none() -> Self {
        Self {
            text: None,
            rest: &[],
        }
    }

    pub(super) fn has_text(&self) -> bool {
        self.text.is_some()
    }

    /// The text between two places; empty where there is none.
    pub(super) fn between(&self, start: u32, end: u32) -> &'a str {
        self.text
            .and_then(|text| text.get(start as usize..end as usize))
            .unwrap_or_default()
    }

    /// The next comment, if it begins before `end`.
    pub(super) fn next_before(&mut self, end: u32) -> Option<&'a Comment> {
        let (first, rest) = self.rest.split_first()?;
        if first.span.start >= end {
            return None;
        }
        self.rest = rest;
        Some(first)
    }

    /// The comments between two tokens; the first one ends at `start`, the second begins at `end`.
    pub(super) fn notes(&mut self, start: u32, end: u32) -> Vec<Note> {
        let mut notes = Vec::new();
        let mut from = start;
        while let Some(comment) = self.next_before(end) {
            let own_line = !notes.is_empty()
                || self
                    .between(from, comment.span.start)
                    .contains(['\n', '\r']);
            from = comment.span.end;
            notes.push(Note {
                text: comment.text.clone(),
                own_line,
            });
        }
        notes
    }

    /// The comment on the same line behind something that ends at `end`.
    pub(super) fn behind(&mut self, end: u32) -> Option<String> {
        let (first, rest) = self.rest.split_first()?;
        let between = self.text?.get(end as usize..first.span.start as usize)?;
        if !between
            .bytes()
            .all(|byte| matches!(byte, b' ' | b'\t' | b';'))
        {
            return None;
        }
        self.rest = rest;
        Some(first.text.clone())
    }
}
