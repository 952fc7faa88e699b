//! Strings: text and holes.

use pest::Parser as _;
use pest::iterators::Pair;

use super::{Builder, children};
use crate::diagnostic::Diagnostic;
use crate::grammar::{Grammar, Rule};
use crate::span::{Span, Spanned};
use crate::tree::{Hole, Part, Template};

impl Builder<'_> {
    /// The template in a string; `string` covers its quotes.
    pub(super) fn template(&mut self, string: Span) -> Template {
        let inside = Span {
            start: string.start + 1,
            end: string.end.saturating_sub(1),
            ..string
        };
        let text = self.between(inside.start, inside.end);
        let Ok(mut pairs) = Grammar::parse(Rule::template, text) else {
            self.damage(Diagnostic::error(
                "unreadable",
                string,
                "this string cannot be read",
            ));
            return Template { parts: Vec::new() };
        };
        let mut parts = Vec::new();
        for pair in pairs.next().into_iter().flat_map(Pair::into_inner) {
            let span = pair.as_span();
            let place = self.at(
                span.start() + inside.start as usize,
                span.end() + inside.start as usize,
            );
            match pair.as_rule() {
                Rule::lit => push_text(&mut parts, pair.as_str()),
                Rule::escape => push_text(&mut parts, pair.as_str().get(1..).unwrap_or_default()),
                Rule::hole => parts.push(Part::Hole(Spanned {
                    value: hole(pair),
                    span: place,
                })),
                Rule::bad_hole => self.bad_hole(place),
                Rule::bad_close => self.lone_closing_brace(place),
                Rule::bad_escape => self.bad_escape(place),
                _ => {}
            }
        }
        Template { parts }
    }

    fn lone_closing_brace(&mut self, place: Span) {
        self.damage(
            Diagnostic::error("bad-hole", place, "this `}` closes no hole")
                .help("write `}}` for a brace in the text")
                .fix("double it", place, "}}"),
        );
    }

    fn bad_escape(&mut self, place: Span) {
        let text = self.between(place.start, place.end);
        self.damage(
            Diagnostic::error(
                "bad-escape",
                place,
                format!("`{text}` means nothing in a string"),
            )
            .help("a string knows `\\\"` and `\\\\`; write `\\\\` for a backslash")
            .fix(
                "double the backslash",
                Span {
                    end: place.start + 1,
                    ..place
                },
                "\\\\",
            ),
        );
    }

    fn bad_hole(&mut self, place: Span) {
        let text = self.between(place.start, place.end);
        let inside = text.trim_start_matches('{').trim_end_matches('}');
        if !text.ends_with('}') {
            self.damage(
                Diagnostic::error("bad-hole", place, "this hole is not closed")
                    .help("close it with `}`, or write `{{` for a brace in the text"),
            );
        } else if inside.trim().is_empty() {
            self.damage(
                Diagnostic::error("bad-hole", place, "this hole is empty")
                    .help("name what it stands for: `{slug}`; write `{{}}` for braces in the text"),
            );
        } else {
            let trimmed = format!("{{{}}}", inside.trim());
            let mut diagnostic = Diagnostic::error("bad-hole", place, format!("`{text}` is not a hole"))
                .help("a hole is a path: `{slug}`, `{author.id}`, `{each tags.id}`, in a route also `{id:int}`, `{path:**}`");
            if trimmed.len() < text.len() && is_hole(&trimmed) {
                diagnostic = diagnostic.fix("remove the blanks", place, trimmed);
            }
            self.damage(diagnostic);
        }
    }
}

fn is_hole(text: &str) -> bool {
    Grammar::parse(Rule::hole, text).is_ok_and(|pairs| pairs.as_str().len() == text.len())
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        Some(Part::Text(last)) => last.push_str(text),
        _ => parts.push(Part::Text(text.to_owned())),
    }
}

fn hole(pair: Pair<'_, Rule>) -> Hole {
    let mut hole = Hole {
        each: false,
        path: Vec::new(),
        kind: None,
    };
    for child in children(pair) {
        match child.as_rule() {
            Rule::each => hole.each = true,
            Rule::kind => hole.kind = Some(child.as_str().to_owned()),
            _ => hole.path.push(child.as_str().to_owned()),
        }
    }
    hole
}
