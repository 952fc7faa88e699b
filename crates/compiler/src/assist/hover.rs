//! What a word means.

use super::declared::{declared, referred, word_at};
use super::scope::{Scope, row};
use crate::table::{ITEMS, Required, Row};
use cachepolicy_syntax::tokens::TokenKind;
use core::ops::Range;

/// What is said of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hover {
    /// The word, in bytes.
    pub place: Range<usize>,
    /// How it is used, or how it is declared.
    pub title: String,
    /// What it means, in sentences; may be empty.
    pub text: String,
}

/// The meaning of the word at a place.
#[must_use]
pub fn hover(text: &str, place: usize) -> Option<Hover> {
    let (word, kind) = word_at(text, place)?;
    let name = text.get(word.clone())?;
    let said = match kind {
        TokenKind::Item => of_item(name),
        TokenKind::Property => of_property(text, &word),
        _ => None,
    };
    let (title, said) = said.or_else(|| of_name(text, &word))?;
    Some(Hover {
        place: word,
        title,
        text: said,
    })
}

fn of_item(name: &str) -> Option<(String, String)> {
    let item = ITEMS.iter().find(|item| item.word == name)?;
    Some((item.header.to_owned(), item.doc.to_owned()))
}

fn of_property(text: &str, word: &Range<usize>) -> Option<(String, String)> {
    let scope = Scope::at(text, word.end);
    let mut words = scope.words.clone();
    words.push(text.get(word.clone())?);
    // `negative ttl`: its second word, too.
    let after = text.get(word.end..)?.split_whitespace().next();
    words.extend(after);
    let rows = scope.rows();
    let row = row(&rows, &words)?;
    Some((row.usage(), sentences(row)))
}

fn sentences(row: &Row) -> String {
    let mut text = format!("{}.", row.doc);
    let required = match row.required {
        Required::No => "",
        Required::WhereStored => " Required on every level with a store.",
        Required::On(_) if row.left_out.is_empty() => " Required.",
        Required::On(_) => " Required on some kinds of level.",
    };
    text.push_str(required);
    if !row.left_out.is_empty() {
        text.push_str(&format!(" Left out: {}.", row.left_out));
    }
    text.push_str(&format!(" Example: {}", row.example));
    text
}

/// The line that declares it.
fn of_name(text: &str, word: &Range<usize>) -> Option<(String, String)> {
    let all = declared(text);
    let found = referred(text, word, &all)?;
    let whole = text.get(found.whole.start as usize..found.whole.end as usize)?;
    let line = whole.lines().next().unwrap_or_default();
    let title = line
        .split(" {")
        .next()
        .unwrap_or(line)
        .trim_end()
        .to_owned();
    let number = text.get(..found.place.start as usize)?.lines().count();
    let inside = match &found.inside {
        Some(inside) => format!(" of `{inside}`"),
        None => String::new(),
    };
    Some((
        title,
        format!(
            "{}{inside}, declared in line {number}.",
            capital(found.kind)
        ),
    ))
}

fn capital(word: &str) -> String {
    let mut capital = word.to_owned();
    if let Some(first) = capital.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    capital
}
