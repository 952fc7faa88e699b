//! The words of a text by what they are, for an editor's colours. From the grammar's own pairs, so that a text
//! with mistakes has colours too.

use crate::grammar::{Grammar, Rule};
use crate::limits;
use crate::span::FileId;
use pest::Parser as _;
use pest::iterators::Pair;

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// `# …`
    Comment,
    /// The word that begins an item: `view`, `on`.
    Item,
    /// The word that begins a statement in a block: `ttl`, `purge`.
    Property,
    /// Any other word.
    Name,
    /// `"…"`, but for its holes.
    String,
    /// `{slug}` in a string.
    Hole,
    /// `30s`, `10%`, `1..5`
    Quantity,
    /// `->`, `|`, `and`, `*`
    Operator,
    /// What no statement may contain.
    Mistake,
}

impl TokenKind {
    /// All of them; an editor's classes are in this order.
    pub const ALL: [Self; 9] = [
        Self::Comment,
        Self::Item,
        Self::Property,
        Self::Name,
        Self::String,
        Self::Hole,
        Self::Quantity,
        Self::Operator,
        Self::Mistake,
    ];

    /// Its name, lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Comment => "comment",
            Self::Item => "item",
            Self::Property => "property",
            Self::Name => "name",
            Self::String => "string",
            Self::Hole => "hole",
            Self::Quantity => "quantity",
            Self::Operator => "operator",
            Self::Mistake => "mistake",
        }
    }
}

/// A piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Where it begins, in bytes.
    pub start: usize,
    /// Behind its last byte.
    pub end: usize,
    /// What it is.
    pub kind: TokenKind,
}

/// The tokens of a text, in order, none inside another. A text over a limit ([`crate::limits`]) has none.
#[must_use]
pub fn tokens(text: &str) -> Vec<Token> {
    if limits::exceeded(FileId(0), text).is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    if let Ok(pairs) = Grammar::parse(Rule::file, text) {
        // With a stack of its own: a browser's is small.
        let mut todo: Vec<(Pair<'_, Rule>, Place)> = Vec::new();
        let outside = Place {
            depth: 0,
            head: false,
        };
        todo.extend(pairs.map(|pair| (pair, outside)));
        while let Some((pair, place)) = todo.pop() {
            visit(pair, place, &mut todo, &mut found);
        }
    }
    // Comments come from between other pairs, and holes from inside strings.
    found.sort_by_key(|token| (token.start, token.end));
    found
}

/// Where a pair stands.
#[derive(Clone, Copy)]
struct Place {
    /// In so many blocks.
    depth: u32,
    /// A word here begins a statement.
    head: bool,
}

fn visit<'t>(
    pair: Pair<'t, Rule>,
    place: Place,
    todo: &mut Vec<(Pair<'t, Rule>, Place)>,
    found: &mut Vec<Token>,
) {
    let span = pair.as_span();
    let mut token = |kind| {
        found.push(Token {
            start: span.start(),
            end: span.end(),
            kind,
        });
    };
    match pair.as_rule() {
        Rule::COMMENT => token(TokenKind::Comment),
        Rule::quantity | Rule::range | Rule::bad_number => token(TokenKind::Quantity),
        Rule::op | Rule::star => token(TokenKind::Operator),
        Rule::bad_op
        | Rule::bad_chars
        | Rule::foreign_string
        | Rule::stray_brace
        | Rule::stray_close
        | Rule::dangling => token(TokenKind::Mistake),
        Rule::string | Rule::bad_string => pieces(span.as_str(), span.start(), found),
        Rule::word | Rule::glob | Rule::name => token(match (place, span.as_str()) {
            (
                Place {
                    head: true,
                    depth: 0,
                },
                _,
            ) => TokenKind::Item,
            (Place { head: true, .. }, _) => TokenKind::Property,
            (_, "and" | "or" | "not" | "in") => TokenKind::Operator,
            _ => TokenKind::Name,
        }),
        rule => {
            let depth = place.depth + u32::from(rule == Rule::block);
            let mut first = rule == Rule::statement || place.head;
            for inner in pair.into_inner() {
                // Only the very first word of a statement is its head.
                let head = first && !matches!(rule, Rule::block | Rule::file);
                if inner.as_rule() != Rule::COMMENT {
                    first = false;
                }
                todo.push((inner, Place { depth, head }));
            }
        }
    }
}

/// A string and the holes in it.
fn pieces(text: &str, at: usize, found: &mut Vec<Token>) {
    let mut push = |start: usize, end: usize, kind| {
        if start < end {
            found.push(Token {
                start: at + start,
                end: at + end,
                kind,
            });
        }
    };
    let (mut from, mut open) = (0, None);
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((index, byte)) = bytes.next() {
        let doubled = bytes.peek().is_some_and(|(_, next)| *next == byte);
        match (byte, open) {
            (b'{' | b'}', None) if doubled => drop(bytes.next()),
            (b'{', None) => open = Some(index),
            (b'}', Some(start)) => {
                push(from, start, TokenKind::String);
                push(start, index + 1, TokenKind::Hole);
                (from, open) = (index + 1, None);
            }
            _ => {}
        }
    }
    push(from, text.len(), TokenKind::String);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(text: &str) -> Vec<String> {
        let piece = |token: Token| {
            let piece = text.get(token.start..token.end).unwrap();
            format!("{} {piece}", token.kind.name())
        };
        tokens(text).into_iter().map(piece).collect()
    }

    #[test]
    fn words_are_told_by_where_they_stand() {
        let text = "view page(slug) { # first\n  route GET|HEAD \"/a{{/{slug}\"; ttl 30s\n  skip when user and not x\n}\non Article update { purge page(*) }";
        assert_eq!(
            told(text),
            [
                "item view",
                "name page",
                "name slug",
                "comment # first",
                "property route",
                "name GET",
                "operator |",
                "name HEAD",
                "string \"/a{{/",
                "hole {slug}",
                "string \"",
                "property ttl",
                "quantity 30s",
                "property skip",
                "name when",
                "name user",
                "operator and",
                "operator not",
                "name x",
                "item on",
                "name Article",
                "name update",
                "property purge",
                "name page",
                "operator *",
            ]
        );
    }

    #[test]
    fn what_is_wrong_has_colours_too() {
        assert_eq!(
            told("view x { ttl 'a' \n"),
            ["item view", "name x", "property ttl", "mistake 'a'"]
        );
        assert_eq!(told("\u{feff}view ü"), ["item view", "mistake ü"]);
    }

    proptest! {
        #[test]
        fn tokens_are_pieces_in_order(text in "([a-z{}\"#; \n(),*|.0-9ü]|view |on ){0,80}") {
            let mut last = 0;
            for token in tokens(&text) {
                prop_assert!(last <= token.start && token.start < token.end, "{:?} {:?}", text, token);
                prop_assert!(text.get(token.start..token.end).is_some());
                last = token.end;
            }
        }
    }
}
