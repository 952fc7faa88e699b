//! Phrases as pieces of text with places where a line may break.

use super::comments::{Comments, Note};
use super::flat;
use crate::span::Span;
use crate::tree::{Arg, Op, Path, Phrase, Segment, Term, TermKind};

/// A piece of a line.
#[derive(Debug)]
pub(super) enum Doc {
    /// Never broken.
    Text(String),
    /// Side by side without blanks.
    Joined(Vec<Doc>),
    /// Side by side with blanks.
    Words(Vec<Word>),
    /// Between brackets, separated by commas.
    Brackets {
        open: char,
        close: char,
        first_notes: Vec<Note>,
        items: Vec<Item>,
    },
}

/// One of [`Doc::Words`].
#[derive(Debug)]
pub(super) struct Word {
    pub(super) doc: Doc,
    /// Whether the line may break before it.
    pub(super) may_break: bool,
    /// Comments between it and the next one.
    pub(super) notes: Vec<Note>,
}

/// An element of a list, an argument, a phrase of a statement.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) doc: Doc,
    /// Comments between it and the next one.
    pub(super) notes: Vec<Note>,
}

impl Doc {
    /// The piece on one line; nothing if a comment inside forbids that.
    pub(super) fn flat(&self) -> Option<String> {
        let mut out = String::new();
        self.flat_into(&mut out).then_some(out)
    }

    fn flat_into(&self, out: &mut String) -> bool {
        match self {
            Self::Text(text) => {
                out.push_str(text);
                true
            }
            Self::Joined(docs) => docs.iter().all(|doc| doc.flat_into(out)),
            Self::Words(words) => words.iter().enumerate().all(|(index, word)| {
                if index > 0 {
                    out.push(' ');
                }
                word.doc.flat_into(out) && word.notes.is_empty()
            }),
            Self::Brackets {
                open,
                close,
                first_notes,
                items,
            } => {
                out.push(*open);
                let all = items.iter().enumerate().all(|(index, item)| {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    item.doc.flat_into(out) && item.notes.is_empty()
                });
                out.push(*close);
                all && first_notes.is_empty()
            }
        }
    }
}

/// The phrases of a header or a list, whose last one ends before `end`.
pub(super) fn phrases(phrases: &[Phrase], end: u32, comments: &mut Comments<'_>) -> Vec<Item> {
    let starts = phrases
        .iter()
        .skip(1)
        .map(|phrase| phrase.span.start)
        .chain([end]);
    phrases
        .iter()
        .zip(starts)
        .map(|(phrase, next)| {
            let doc = Doc::Words(units(phrase, false, comments));
            Item {
                doc,
                notes: comments.notes(phrase.span.end, next),
            }
        })
        .collect()
}

/// The terms of a phrase; what `|` joins is one unit. A line may break before `and` and `or` if the
/// phrase `wraps`: in parentheses.
pub(super) fn units(phrase: &Phrase, wraps: bool, comments: &mut Comments<'_>) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut glue = false;
    let mut before: Option<&Term> = None;
    for (index, written) in phrase.terms.iter().enumerate() {
        let notes_before = before
            .map(|before| comments.notes(before.span.end, written.span.start))
            .unwrap_or_default();
        if let Some(last) = words.last_mut() {
            last.notes.extend(notes_before);
        }
        let joins = matches!(written.value, TermKind::Op(Op::Or))
            && before.is_some_and(is_alternative)
            && phrase.terms.get(index + 1).is_some_and(is_alternative);
        let may_break = wraps && is_connective(written);
        let doc = term(written, comments);
        match words.last_mut() {
            Some(last) if (glue || joins) && last.notes.is_empty() => {
                let first = std::mem::replace(&mut last.doc, Doc::Joined(Vec::new()));
                last.doc = match first {
                    Doc::Joined(mut docs) => {
                        docs.push(doc);
                        Doc::Joined(docs)
                    }
                    first => Doc::Joined(vec![first, doc]),
                };
            }
            _ => words.push(Word {
                doc,
                may_break,
                notes: Vec::new(),
            }),
        }
        glue = joins;
        before = Some(written);
    }
    words
}

/// What stands beside a `|` without blanks: `create|update`.
fn is_alternative(term: &Term) -> bool {
    !matches!(term.value, TermKind::Op(_))
}

/// Before these a line breaks in parentheses.
fn is_connective(term: &Term) -> bool {
    match &term.value {
        TermKind::Path(path) => {
            path.tail.is_empty() && matches!(path.head.value.as_str(), "and" | "or")
        }
        _ => false,
    }
}

fn term(term: &Term, comments: &mut Comments<'_>) -> Doc {
    match &term.value {
        TermKind::Op(op) => Doc::Text(flat::op(*op).to_owned()),
        TermKind::Quantity(text) | TermKind::Glob(text) => Doc::Text(text.clone()),
        TermKind::Range { low, high } => {
            Doc::Text(format!("{low}..{}", high.as_deref().unwrap_or_default()))
        }
        TermKind::String(template) => Doc::Text(flat::template(template)),
        TermKind::Star => Doc::Text("*".to_owned()),
        TermKind::List(elements) => {
            let start = elements
                .first()
                .map_or(term.span.end, |first| first.span.start);
            let first_notes = comments.notes(term.span.start, start);
            Doc::Brackets {
                open: '[',
                close: ']',
                first_notes,
                items: phrases(elements, term.span.end, comments),
            }
        }
        TermKind::Group(inner) => {
            let first_notes = comments.notes(term.span.start, inner.span.start);
            let doc = Doc::Words(units(inner, true, comments));
            let item = Item {
                doc,
                notes: comments.notes(inner.span.end, term.span.end),
            };
            Doc::Brackets {
                open: '(',
                close: ')',
                first_notes,
                items: vec![item],
            }
        }
        TermKind::Path(written) => path(written, term.span, comments),
    }
}

fn path(path: &Path, span: Span, comments: &mut Comments<'_>) -> Doc {
    let mut docs = vec![Doc::Text(path.head.value.clone())];
    let mut at = path.head.span.end;
    for (index, segment) in path.tail.iter().enumerate() {
        // Comments up to here belong to this segment.
        let end = path
            .tail
            .iter()
            .skip(index + 1)
            .find_map(segment_start)
            .unwrap_or(span.end);
        match segment {
            Segment::Member(name) => {
                docs.push(Doc::Text(format!(".{}", name.value)));
                at = name.span.end;
            }
            Segment::Members(names) => {
                docs.push(Doc::Text(".".to_owned()));
                docs.push(brackets(
                    '{',
                    '}',
                    names,
                    |name| name.span,
                    |name, _| Doc::Text(name.value.clone()),
                    (at, end),
                    comments,
                ));
                at = names.last().map_or(at, |name| name.span.end);
            }
            Segment::Call(args) => {
                docs.push(brackets('(', ')', args, arg_span, arg, (at, end), comments));
                at = args.last().map_or(at, |arg| arg.value.span.end);
            }
        }
    }
    Doc::Joined(docs)
}

fn segment_start(segment: &Segment) -> Option<u32> {
    match segment {
        Segment::Member(name) => Some(name.span.start),
        Segment::Members(names) => names.first().map(|name| name.span.start),
        Segment::Call(args) => args.first().map(|arg| arg_span(arg).start),
    }
}

/// Elements between brackets that open after `place.0` and close before `place.1`.
fn brackets<T>(
    open: char,
    close: char,
    elements: &[T],
    span: impl Fn(&T) -> Span,
    doc: impl Fn(&T, &mut Comments<'_>) -> Doc,
    place: (u32, u32),
    comments: &mut Comments<'_>,
) -> Doc {
    let first = elements.first().map_or(place.1, |first| span(first).start);
    let first_notes = comments.notes(place.0, first);
    let starts = elements
        .iter()
        .skip(1)
        .map(|element| span(element).start)
        .chain([place.1]);
    let items = elements
        .iter()
        .zip(starts)
        .map(|(element, next)| Item {
            doc: doc(element, comments),
            notes: comments.notes(span(element).end, next),
        })
        .collect();
    Doc::Brackets {
        open,
        close,
        first_notes,
        items,
    }
}

fn arg_span(arg: &Arg) -> Span {
    arg.name
        .as_ref()
        .map_or(arg.value.span, |name| name.span.to(arg.value.span))
}

fn arg(arg: &Arg, comments: &mut Comments<'_>) -> Doc {
    let Some(name) = &arg.name else {
        return Doc::Words(units(&arg.value, true, comments));
    };
    let notes = comments.notes(name.span.end, arg.value.span.start);
    let name = Doc::Text(format!("{}:", name.value));
    let value = Doc::Words(units(&arg.value, true, comments));
    let word = |doc, notes| Word {
        doc,
        may_break: false,
        notes,
    };
    Doc::Words(vec![word(name, notes), word(value, Vec::new())])
}
