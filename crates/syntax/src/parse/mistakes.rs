//! What to say about characters that no term begins with, and about terms that were not finished.

use pest::Parser as _;

use super::Builder;
use crate::diagnostic::Diagnostic;
use crate::grammar::{Grammar, Rule};
use crate::span::{Span, Spanned};
use crate::tree::{Path, Term, TermKind};

/// Longest piece of the user's text in a message, in characters.
const MAX_QUOTED: usize = 24;

impl Builder<'_> {
    /// Characters that begin no term, after `before`; `leads` if these began a statement.
    pub(super) fn bad_chars(&mut self, span: Span, before: &[Term], leads: bool) {
        let text = self.between(span.start, span.end);
        let adjacent = before.last().filter(|term| term.span.end == span.start);
        if let (":", true, [first] | [first, _]) = (text, leads, before)
            && adjacent.is_some()
            && before
                .iter()
                .all(|term| matches!(term.value, TermKind::Path(_)))
        {
            let word = self.between(first.span.start, span.start);
            let message = format!("there is a colon after `{}`", quoted(word));
            return self.mended(
                Diagnostic::error("unexpected-character", span, message)
                    .help("a word and its value stand side by side: `ttl 5m`")
                    .fix("remove the colon", span, ""),
            );
        }
        if text == "%"
            && matches!(
                before.last(),
                Some(Spanned {
                    value: TermKind::Quantity(_),
                    ..
                })
            )
        {
            let start = before.last().map_or(span.start, |term| term.span.end);
            let gap = Span {
                start,
                end: span.start,
                ..span
            };
            return self.damage(
                Diagnostic::error(
                    "unexpected-character",
                    span,
                    "there is a space before this `%`",
                )
                .help("write the figure and its unit together: `10%`")
                .fix("remove the space", gap, ""),
            );
        }
        let diagnostic = self.unexpected(span, text, adjacent);
        self.damage(diagnostic);
    }

    /// `"capacity": "256MiB"` as in JSON: the tree gets the word. Gives back whether it was one.
    pub(super) fn quoted_word(&mut self, colon: Span, terms: &mut [Term]) -> bool {
        let [only] = terms else {
            return false;
        };
        let TermKind::String(template) = &only.value else {
            return false;
        };
        let word = template.as_text().unwrap_or_default();
        let is_word =
            Grammar::parse(Rule::word, word).is_ok_and(|pairs| pairs.as_str().len() == word.len());
        if !is_word || self.between(colon.start, colon.end) != ":" {
            return false;
        }
        let word = word.to_owned();
        let place = only.span.to(colon);
        let message = format!("`{word}` stands in quotes, with a colon behind it");
        let diagnostic = Diagnostic::error("unexpected-character", place, message)
            .help("a word and its value stand side by side, without quotes: `ttl 5m`")
            .fix("write the word alone", place, word.clone());
        let head = Spanned {
            value: word,
            span: only.span,
        };
        only.value = TermKind::Path(Path {
            head,
            tail: Vec::new(),
        });
        self.mended(diagnostic);
        true
    }

    fn unexpected(&self, span: Span, text: &str, adjacent: Option<&Term>) -> Diagnostic {
        let first = text.chars().next().unwrap_or(' ');
        let one = Span {
            end: span.start + first.len_utf8() as u32,
            ..span
        };
        let error = |message: String| Diagnostic::error("unexpected-character", span, message);
        if text.starts_with("//") || text.starts_with("/*") {
            return error(format!("`{}` begins no comment here", quoted(text)))
                .help("a comment begins with `#` and ends with its line");
        }
        if text.starts_with("..") {
            return error("a range needs its lower end right before the `..`".to_owned())
                .help("write it without spaces: `1..500`, or `1..` without an upper end");
        }
        match first {
            '\'' | '`' | '“' | '”' | '„' | '‘' | '’' | '«' | '»' => {
                error(format!("`{first}` begins no string")).help("strings stand between straight double quotes: `\"…\"`")
            }
            '\u{A0}' | '\u{2007}' | '\u{202F}' | '\u{3000}' => {
                Diagnostic::error("unexpected-character", one, "this blank is not a plain space")
                    .help("it often comes with text copied from a web page")
                    .fix("write a plain space", one, " ")
            }
            '\u{FEFF}' | '\u{200B}'..='\u{200F}' | '\u{2060}' => Diagnostic::error(
                "unexpected-character",
                one,
                format!("there is an invisible character (U+{:04X}) here", first as u32),
            )
            .fix("remove it", one, ""),
            '.' if adjacent.is_some() => error("a word must follow this `.`".to_owned())
                .help("write `model.field`, or `model.{a, b}` for several"),
            '&' => error("`&` means nothing here".to_owned()).help("write `and`"),
            '!' => error("`!` means nothing here".to_owned()).help("write `not`"),
            ':' => error("this `:` means nothing here".to_owned())
                .help("a colon stands between an argument's name and its value: `article(slug: id)`"),
            '-' if text == "-" => error("this `-` belongs to no word and no number".to_owned())
                .help("join words as in `replica-lag`; there are no negative figures"),
            _ if first.is_control() => {
                error(format!("there is a control character (U+{:04X}) here", first as u32)).help("remove it")
            }
            _ if first.is_alphabetic() => error(format!("`{}` cannot stand in a name", quoted(text)))
                .help("names have the letters a to z, digits, `_` and `-`; other text goes between double quotes"),
            _ => error(format!("`{}` means nothing here", quoted(text)))
                .help("remove it, or put text between double quotes"),
        }
    }

    pub(super) fn bad_number(&mut self, span: Span) {
        let text = self.between(span.start, span.end);
        let message = format!("`{}` is neither a figure nor a name", quoted(text));
        self.damage(
            Diagnostic::error("bad-number", span, message)
                .help("a figure ends with its unit: `1h30m`, `2_000`, `10%`, `5/s`; a name does not begin with a digit"),
        );
    }

    pub(super) fn bad_string(&mut self, span: Span) {
        self.damage(
            Diagnostic::error("unclosed-string", span, "this string is not closed")
                .help("close it with `\"` on the same line; a quote in the text is written `\\\"`"),
        );
    }

    pub(super) fn quoted_field(&mut self, span: Span) {
        self.damage(
            Diagnostic::error(
                "unexpected-character",
                span,
                "a field's name stands without quotes",
            )
            .help("name the fields: `.{title, slug}`"),
        );
    }

    pub(super) fn foreign_string(&mut self, span: Span) {
        let text = self.between(span.start, span.end);
        let quote = text.chars().next().unwrap_or('\'');
        let inside = text.get(quote.len_utf8()..).unwrap_or_default();
        let inside = inside
            .char_indices()
            .next_back()
            .map_or("", |(last, _)| inside.get(..last).unwrap_or_default());
        let diagnostic = Diagnostic::error(
            "unexpected-character",
            span,
            format!("`{quote}` begins no string"),
        )
        .help("strings stand between straight double quotes: `\"…\"`");
        self.damage(if inside.contains(['"', '\\', '{', '}']) {
            diagnostic
        } else {
            diagnostic.fix("write double quotes", span, format!("\"{inside}\""))
        });
    }

    /// Operators of other languages; where ours is a word, the tree gets that.
    pub(super) fn bad_op(&mut self, span: Span, terms: &mut Vec<Term>) {
        let text = self.between(span.start, span.end);
        let instead = match text {
            "&&" => "and",
            "||" => "or",
            "=>" => "->",
            "===" => "==",
            _ => "!=",
        };
        let diagnostic = Diagnostic::error(
            "unknown-operator",
            span,
            format!("`{text}` is not an operator here"),
        )
        .help(format!("write `{instead}`"));
        if matches!(instead, "and" | "or") {
            let head = Spanned {
                value: instead.to_owned(),
                span,
            };
            terms.push(Spanned {
                value: TermKind::Path(Path {
                    head,
                    tail: Vec::new(),
                }),
                span,
            });
            self.mended(diagnostic.fix(format!("write `{instead}`"), span, instead));
        } else {
            self.damage(diagnostic);
        }
    }

    /// `not(` reads as a call.
    pub(super) fn missing_space(&mut self, head: &Spanned<String>) {
        let place = head.span.after();
        self.mended(
            Diagnostic::error(
                "missing-space",
                place,
                format!("`{}` cannot be called", head.value),
            )
            .help(format!(
                "write a space between `{}` and the `(`",
                head.value
            ))
            .fix("insert a space", place, " "),
        );
    }

    pub(super) fn unclosed_bracket(&mut self, opener: char, open: Span, end: u32) {
        let closer = closer(opener);
        let message = format!("this `{opener}` is not closed");
        let place = Span {
            start: end,
            end,
            ..open
        };
        self.damage(
            Diagnostic::error("unclosed-bracket", open, message)
                .related(place, format!("no `{closer}` up to here"))
                .help(format!("write a `{closer}` where it ends; a list goes on in the next line after a comma only")),
        );
    }

    /// A `)` or `]` without its opening bracket. Right after a bracket that was not closed it is
    /// part of that mistake: `[a, b)`.
    pub(super) fn stray_close(&mut self, span: Span) {
        let of_unclosed = self.diagnostics.iter().rev().take(2).any(|last| {
            last.code == "unclosed-bracket"
                && last.related.first().is_some_and(|label| {
                    let end = label.span.end.min(span.start);
                    self.between(end, span.start).trim().is_empty()
                })
        });
        if of_unclosed {
            return;
        }
        let text = self.between(span.start, span.end);
        self.damage(
            Diagnostic::error(
                "stray-bracket",
                span,
                format!("there is no open bracket that this `{text}` closes"),
            )
            .help("remove it"),
        );
    }
}

fn closer(opener: char) -> char {
    match opener {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}

/// A piece of the user's text, shortened for a message.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted: String = text.chars().take(MAX_QUOTED).collect();
    if quoted.len() < text.len() {
        quoted.push('…');
    }
    quoted
}
