//! Phrases and the terms in them.

use pest::iterators::Pair;

use super::{Builder, children};
use crate::diagnostic::Diagnostic;
use crate::grammar::Rule;
use crate::span::{Span, Spanned};
use crate::tree::{Arg, Op, Path, Phrase, Segment, Term, TermKind};

/// Words after which `(` opens a group and not a call.
const CONNECTIVES: [&str; 5] = ["and", "or", "not", "in", "when"];

/// What stands between two brackets, in the order of the text.
enum Item<T> {
    Element(T),
    Comma(Span),
}

impl Builder<'_> {
    /// Terms side by side; `leads` when the phrase begins a statement. Empty if none could be read.
    pub(super) fn phrase(&mut self, pair: Pair<'_, Rule>, leads: bool) -> Phrase {
        let start = pair.as_span().start();
        let mut terms: Vec<Term> = Vec::new();
        let mut end = start as u32;
        for child in children(pair) {
            let span = self.span(&child);
            let before = terms.len();
            match child.as_rule() {
                Rule::group => {
                    let (args, span) = self.args(child);
                    self.group(args, span, &mut terms);
                    end = end.max(span.end);
                    continue;
                }
                Rule::path => self.path(child, &mut terms),
                Rule::stray_close => self.stray_close(span),
                Rule::bad_chars if leads && self.quoted_word(span, &mut terms) => {}
                Rule::bad_chars => self.bad_chars(span, &terms, leads),
                Rule::bad_number => self.bad_number(span),
                Rule::bad_string => self.bad_string(span),
                Rule::foreign_string => self.foreign_string(span),
                Rule::bad_op => self.bad_op(span, &mut terms),
                _ => terms.extend(self.value(child)),
            }
            // A term knows its end; a pair that was not closed may reach further.
            let term = terms.last().filter(|_| terms.len() > before);
            end = end.max(term.map_or(span.end, |term| term.span.end));
        }
        Phrase {
            terms,
            span: self.at(start, end as usize),
        }
    }

    fn value(&mut self, pair: Pair<'_, Rule>) -> Option<Term> {
        let mut span = self.span(&pair);
        let value = match pair.as_rule() {
            Rule::op => TermKind::Op(op(pair.as_str())?),
            Rule::quantity => TermKind::Quantity(pair.as_str().to_owned()),
            Rule::range => {
                let mut ends = children(pair).map(|end| end.as_str().to_owned());
                TermKind::Range {
                    low: ends.next()?,
                    high: ends.next(),
                }
            }
            Rule::string => TermKind::String(self.template(span)),
            Rule::list => {
                let (phrases, list) = self.list(pair);
                span = list;
                TermKind::List(phrases)
            }
            Rule::glob => TermKind::Glob(pair.as_str().to_owned()),
            Rule::star => TermKind::Star,
            _ => return None,
        };
        Some(Spanned { value, span })
    }

    fn path(&mut self, pair: Pair<'_, Rule>, terms: &mut Vec<Term>) {
        let mut span = self.span(&pair);
        let mut parts = children(pair);
        let Some(head) = parts.next().map(|word| self.word(&word)) else {
            return;
        };
        let mut tail = Vec::new();
        for part in parts {
            match part.as_rule() {
                Rule::word => {
                    let word = self.word(&part);
                    span.end = word.span.end;
                    tail.push(Segment::Member(word));
                }
                Rule::fields => {
                    let (fields, end) = self.fields(part);
                    span.end = end;
                    tail.push(Segment::Members(fields));
                }
                _ => {
                    let (args, call) = self.args(part);
                    span.end = call.end;
                    tail.push(Segment::Call(args));
                }
            }
        }
        if tail.len() == 1
            && CONNECTIVES.contains(&head.value.as_str())
            && let Some(Segment::Call(args)) =
                tail.pop_if(|segment| matches!(segment, Segment::Call(_)))
        {
            self.missing_space(&head);
            let group = Span {
                start: head.span.end,
                ..span
            };
            terms.push(Spanned {
                span: head.span,
                value: TermKind::Path(Path { head, tail }),
            });
            return self.group(args, group, terms);
        }
        terms.push(Spanned {
            value: TermKind::Path(Path { head, tail }),
            span,
        });
    }

    fn word(&self, pair: &Pair<'_, Rule>) -> Spanned<String> {
        Spanned {
            value: pair.as_str().to_owned(),
            span: self.span(pair),
        }
    }

    fn list(&mut self, pair: Pair<'_, Rule>) -> (Vec<Phrase>, Span) {
        let (items, span) = self.bracketed(pair, '[', |builder, child| {
            let phrase = builder.phrase(child, false);
            let end = phrase.span.end;
            ((!phrase.terms.is_empty()).then_some(phrase), end)
        });
        (self.separated(items), span)
    }

    fn args(&mut self, pair: Pair<'_, Rule>) -> (Vec<Arg>, Span) {
        let (items, span) = self.bracketed(pair, '(', Self::arg);
        (self.separated(items), span)
    }

    fn fields(&mut self, pair: Pair<'_, Rule>) -> (Vec<Spanned<String>>, u32) {
        let (items, span) = self.bracketed(pair, '{', Self::field);
        let fields = self.separated(items);
        if fields.is_empty() && !self.damaged {
            self.damage(
                Diagnostic::error(
                    "empty-brackets",
                    span,
                    "there is no field between these braces",
                )
                .help("name the fields: `.{title, slug}`"),
            );
        }
        (fields, span.end)
    }

    /// One field of `.{a, b}` and where it ends.
    fn field(&mut self, pair: Pair<'_, Rule>) -> (Option<Spanned<String>>, u32) {
        let start = pair.as_span().start();
        let mut end = start;
        let mut words = Vec::new();
        for child in children(pair) {
            let span = self.span(&child);
            end = child.as_span().end();
            match child.as_rule() {
                Rule::word => words.push(self.word(&child)),
                Rule::string | Rule::foreign_string => self.quoted_field(span),
                Rule::bad_string => self.bad_string(span),
                _ => self.bad_chars(span, &[], false),
            }
        }
        if words.len() > 1 {
            self.damage(
                Diagnostic::error(
                    "missing-comma",
                    self.at(start, end),
                    "two fields stand side by side",
                )
                .help("write a comma between them"),
            );
        }
        (words.into_iter().next(), end as u32)
    }

    /// One argument of a call and where it ends.
    fn arg(&mut self, pair: Pair<'_, Rule>) -> (Option<Arg>, u32) {
        let mut end = pair.as_span().start() as u32;
        let mut name = None;
        let mut value = None;
        for child in children(pair) {
            if child.as_rule() == Rule::name {
                // The colon follows, perhaps after blanks.
                end = child.as_span().end() as u32;
                name = Some(self.word(&child));
            } else {
                let phrase = self.phrase(child, false);
                end = phrase.span.end;
                value = Some(phrase);
            }
        }
        if let (Some(name), None) = (&name, &value) {
            let message = format!("nothing is given for `{}`", name.value);
            self.damage(
                Diagnostic::error("missing-value", name.span, message).help(format!(
                    "write its value after the colon: `{}: …`",
                    name.value
                )),
            );
        }
        let value = value.filter(|phrase| !phrase.terms.is_empty());
        (value.map(|value| Arg { name, value }), end)
    }

    /// What stands in a pair's brackets, and the pair's span; reports a missing closing bracket.
    fn bracketed<T>(
        &mut self,
        pair: Pair<'_, Rule>,
        opener: char,
        mut element: impl FnMut(&mut Self, Pair<'_, Rule>) -> (Option<T>, u32),
    ) -> (Vec<Item<T>>, Span) {
        let mut span = self.span(&pair);
        let open = Span {
            end: span.start + 1,
            ..span
        };
        let mut end = open.end;
        let mut items = Vec::new();
        for child in children(pair) {
            match child.as_rule() {
                Rule::missing => {
                    span.end = end;
                    self.unclosed_bracket(opener, open, end);
                }
                Rule::comma => {
                    let comma = self.span(&child);
                    end = comma.end;
                    items.push(Item::Comma(comma));
                }
                _ => {
                    let (read, read_end) = element(self, child);
                    end = read_end;
                    items.extend(read.map(Item::Element));
                }
            }
        }
        (items, span)
    }

    /// The elements; a comma that separates nothing is reported. One before the closing bracket is
    /// allowed.
    fn separated<T>(&mut self, items: Vec<Item<T>>) -> Vec<T> {
        let mut elements = Vec::new();
        let mut separated = false;
        for item in items {
            match item {
                Item::Element(element) => {
                    elements.push(element);
                    separated = true;
                }
                Item::Comma(_) if separated || self.damaged => separated = false,
                Item::Comma(span) => self.misplaced_comma(span, true),
            }
        }
        elements
    }

    /// `( … )` after other terms: a group, or a call whose name stands too far away.
    fn group(&mut self, args: Vec<Arg>, span: Span, terms: &mut Vec<Term>) {
        if let Some(Spanned {
            value: TermKind::Path(path),
            span: before,
        }) = terms.last_mut()
            && !(path.tail.is_empty() && CONNECTIVES.contains(&path.head.value.as_str()))
        {
            let gap = Span {
                start: before.end,
                end: span.start,
                ..span
            };
            let message = format!("there is a space between `{}` and its `(`", path.head.value);
            path.tail.push(Segment::Call(args));
            before.end = span.end;
            if gap.start < gap.end {
                self.mended(
                    Diagnostic::error("space-before-call", gap, message)
                        .help("write the `(` right after the name")
                        .fix("remove the space", gap, ""),
                );
            }
            return;
        }
        let mut args = args.into_iter();
        match (args.next(), args.next()) {
            (Some(Arg { name: None, value }), None) => {
                terms.push(Spanned {
                    value: TermKind::Group(value),
                    span,
                });
            }
            _ if self.damaged => {}
            (None, _) => self.damage(
                Diagnostic::error(
                    "empty-brackets",
                    span,
                    "there is nothing between these parentheses",
                )
                .help("write an expression between them, or remove them"),
            ),
            _ => self.damage(
                Diagnostic::error(
                    "not-one-expression",
                    span,
                    "parentheses without a name before them hold one expression",
                )
                .help("write a list as `[a, b]`, and a call with its name: `f(a, b)`"),
            ),
        }
    }
}

fn op(text: &str) -> Option<Op> {
    Some(match text {
        "->" => Op::Arrow,
        "==" => Op::Equal,
        "!=" => Op::NotEqual,
        "<=" => Op::AtMost,
        ">=" => Op::AtLeast,
        "<" => Op::Less,
        ">" => Op::Greater,
        "|" => Op::Or,
        "=" => Op::Assign,
        _ => return None,
    })
}
