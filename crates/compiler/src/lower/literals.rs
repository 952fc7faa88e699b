//! Literal values, and lists.

use crate::context::Context;
use crate::reader::{Reader, plain_word};
use cachepolicy_syntax::tree::{Phrase, Term, TermKind};

/// `[…]`
pub(crate) fn list<'t>(cx: &mut Context<'_>, reader: &mut Reader<'t>) -> Option<&'t [Phrase]> {
    match reader.peek() {
        Some(Term {
            value: TermKind::List(phrases),
            ..
        }) => {
            reader.next();
            Some(phrases)
        }
        _ => reader.expected(cx, "a list in brackets, such as `[a, b]`"),
    }
}

/// A word, a text in quotes, or a number as it is written.
pub(crate) fn literal(cx: &mut Context<'_>, reader: &mut Reader<'_>) -> Option<String> {
    let value = match reader.peek() {
        Some(Term {
            value: TermKind::Quantity(text),
            ..
        }) => Some(text.clone()),
        Some(Term {
            value: TermKind::String(template),
            ..
        }) => template.as_text().map(str::to_owned),
        Some(term) => plain_word(term).map(str::to_owned),
        None => None,
    };
    match value {
        Some(value) => {
            reader.next();
            Some(value)
        }
        None => reader.expected(cx, "a value"),
    }
}
