//! What a text declares, and where.

use crate::table::is_property_word;
use cachepolicy_syntax::tokens::{TokenKind, tokens};
use cachepolicy_syntax::tree::{Path, Segment, Statement, Term, TermKind};
use cachepolicy_syntax::{FileId, Span, parse_with};
use core::ops::Range;

/// Something with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declared {
    /// The word before it: `view`, `model`, `header`.
    pub(super) kind: &'static str,
    /// As it is referred to.
    pub(super) name: String,
    /// Of its name.
    pub(super) place: Span,
    /// Of the whole of it.
    pub(super) whole: Span,
    /// What it is declared in, if that is another one: a field's model.
    pub(super) inside: Option<String>,
}

/// Words before names.
const KINDS: [&str; 9] = [
    "model", "origin", "backend", "bus", "site", "view", "fragment", "object", "workload",
];

/// Everything with a name, in the order of the text.
pub(super) fn declared(text: &str) -> Vec<Declared> {
    let parsed = parse_with(FileId(0), text, &is_property_word);
    let mut all = Vec::new();
    for item in &parsed.file.items {
        let terms = item.phrases.first().map_or(&[][..], |phrase| &phrase.terms);
        let Some(word) = terms
            .first()
            .and_then(path)
            .map(|path| path.head.value.as_str())
        else {
            continue;
        };
        if word == "request" {
            dimensions(item, &mut all);
            continue;
        }
        let kind = KINDS.iter().find(|kind| **kind == word);
        let (Some(kind), Some(name)) = (kind, terms.get(1).and_then(path)) else {
            continue;
        };
        all.push(Declared {
            kind,
            name: name.head.value.clone(),
            place: name.head.span,
            whole: item.span,
            inside: None,
        });
        match word {
            "model" => fields(item, &name.head.value, &mut all),
            "site" | "view" | "fragment" | "object" => data(item, &name.head.value, &mut all),
            _ => {}
        }
    }
    all
}

fn path(term: &Term) -> Option<&Path> {
    match &term.value {
        TermKind::Path(path) => Some(path),
        _ => None,
    }
}

fn inner(item: &Statement) -> impl Iterator<Item = &Statement> {
    item.block.iter().flat_map(|block| &block.statements)
}

fn fields(item: &Statement, model: &str, all: &mut Vec<Declared>) {
    for field in inner(item) {
        let first = field
            .phrases
            .first()
            .and_then(|phrase| phrase.terms.first());
        if let Some(name) = first.and_then(path) {
            all.push(Declared {
                kind: "field",
                name: name.head.value.clone(),
                place: name.head.span,
                whole: field.span,
                inside: Some(model.to_owned()),
            });
        }
    }
}

/// `data headlines max 10`
fn data(item: &Statement, level: &str, all: &mut Vec<Declared>) {
    for statement in inner(item) {
        let terms = statement
            .phrases
            .first()
            .map_or(&[][..], |phrase| &phrase.terms);
        let is_data = terms
            .first()
            .and_then(path)
            .is_some_and(|path| path.head.value == "data");
        if let Some(name) = terms.get(1).and_then(path).filter(|_| is_data) {
            all.push(Declared {
                kind: "data",
                name: name.head.value.clone(),
                place: name.head.span,
                whole: statement.span,
                inside: Some(level.to_owned()),
            });
        }
    }
}

/// `header accept-language …`, `user.id …`, `cookie "session-id" as session …`
fn dimensions(item: &Statement, all: &mut Vec<Declared>) {
    for statement in inner(item) {
        let terms = statement
            .phrases
            .first()
            .map_or(&[][..], |phrase| &phrase.terms);
        let Some(word) = terms.first().and_then(path) else {
            continue;
        };
        let alias = terms.windows(2).find_map(|pair| {
            let is_as = path(&pair[0]).is_some_and(|path| path.head.value == "as");
            path(&pair[1])
                .filter(|_| is_as)
                .map(|path| (path.head.value.clone(), path.head.span))
        });
        let named = match word.head.value.as_str() {
            "user" => member(word),
            "header" | "cookie" | "query" | "attr" => terms
                .get(1)
                .and_then(path)
                .map(|path| (path.head.value.clone(), path.head.span)),
            _ => None,
        };
        if let Some((name, place)) = alias.or(named) {
            all.push(Declared {
                kind: "dimension",
                name,
                place,
                whole: statement.span,
                inside: None,
            });
        }
    }
}

/// `user.id`
fn member(path: &Path) -> Option<(String, Span)> {
    let Segment::Member(member) = path.tail.first()? else {
        return None;
    };
    let name = format!("{}.{}", path.head.value, member.value);
    let place = Span {
        end: member.span.end,
        ..path.head.span
    };
    Some((name, place))
}

/// The word at a place.
pub(super) fn word_at(text: &str, place: usize) -> Option<(Range<usize>, TokenKind)> {
    let is_word = |kind| {
        matches!(
            kind,
            TokenKind::Item | TokenKind::Property | TokenKind::Name | TokenKind::Hole
        )
    };
    let mut all = tokens(text).into_iter();
    let token =
        all.find(|token| token.start <= place && place <= token.end && is_word(token.kind))?;
    if token.kind != TokenKind::Hole {
        return Some((token.start..token.end, token.kind));
    }
    // `{each article.slug}`: the word in it.
    let inside = text.get(token.start..token.end)?;
    let is_part = |character: char| character.is_ascii_alphanumeric() || "_-".contains(character);
    let (before, after) = inside.split_at_checked(place - token.start)?;
    let start = before.trim_end_matches(is_part).len();
    let end = inside.len() - after.trim_start_matches(is_part).len();
    (start < end).then(|| (token.start + start..token.start + end, TokenKind::Name))
}

/// What a name at a place refers to.
pub(super) fn referred<'d>(
    text: &str,
    word: &Range<usize>,
    all: &'d [Declared],
) -> Option<&'d Declared> {
    let name = text.get(word.clone())?;
    // `user.id`, `Author.name`
    let before = text.get(..word.start)?;
    let owner = before.strip_suffix('.').map(|before| {
        let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
        before
            .get(before.trim_end_matches(is_part).len()..)
            .unwrap_or_default()
    });
    let whole = owner.map(|owner| format!("{owner}.{name}"));
    let dimension = |declared: &&Declared| Some(&declared.name) == whole.as_ref();
    let user = |declared: &&Declared| {
        name == "user" && declared.kind == "dimension" && declared.name == "user.id"
    };
    let field = |declared: &&Declared| {
        declared.name == name && declared.inside.as_deref() == owner && declared.kind == "field"
    };
    let plain = |declared: &&Declared| declared.name == name && declared.inside.is_none();
    let inside = |declared: &&Declared| declared.name == name;
    all.iter()
        .find(dimension)
        .or_else(|| all.iter().find(field).filter(|_| owner.is_some()))
        .or_else(|| all.iter().find(plain))
        .or_else(|| all.iter().find(inside))
        .or_else(|| all.iter().find(user))
}

/// Where what the word at a place names is declared, in bytes.
#[must_use]
pub fn definition(text: &str, place: usize) -> Option<Range<usize>> {
    let (word, _) = word_at(text, place)?;
    let all = declared(text);
    let declared = referred(text, &word, &all)?;
    Some(declared.place.start as usize..declared.place.end as usize)
}
