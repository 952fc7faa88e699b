//! Reads the terms of one phrase from left to right, and says what was expected instead.

mod figures;

pub(crate) use figures::{SIZE_HINT, TIME_HINT, unreadable_figure};

use crate::context::Context;
use crate::suggest;
use crate::table::Row;
use cachepolicy_syntax::tree::{Op, Path, Template, Term, TermKind};
use cachepolicy_syntax::{Diagnostic, Span, Spanned};

/// A position in a phrase.
pub(crate) struct Reader<'t> {
    terms: &'t [Term],
    at: usize,
    /// The whole phrase.
    span: Span,
    row: &'static Row,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(terms: &'t [Term], span: Span, row: &'static Row) -> Self {
        Self {
            terms,
            at: 0,
            span,
            row,
        }
    }

    pub(crate) fn skip(&mut self, terms: usize) {
        self.at = (self.at + terms).min(self.terms.len());
    }

    pub(crate) fn peek(&self) -> Option<&'t Term> {
        self.terms.get(self.at)
    }

    pub(crate) fn next(&mut self) -> Option<&'t Term> {
        let term = self.peek()?;
        self.at += 1;
        Some(term)
    }

    /// All terms from the next one on.
    pub(crate) fn rest(&self) -> &'t [Term] {
        self.terms.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn is_done(&self) -> bool {
        self.peek().is_none()
    }

    /// Of the next term, or behind the last one.
    pub(crate) fn place(&self) -> Span {
        self.peek().map_or_else(
            || {
                self.terms
                    .last()
                    .map_or(self.span, |term| term.span)
                    .after()
            },
            |term| term.span,
        )
    }

    /// Of the term that was read last.
    pub(crate) fn last(&self) -> Span {
        self.at
            .checked_sub(1)
            .and_then(|at| self.terms.get(at))
            .map_or(self.span, |term| term.span)
    }

    pub(crate) const fn row(&self) -> &'static Row {
        self.row
    }

    /// Something else stands here than what should. The usage of the property says the rest.
    pub(crate) fn expected<T>(&self, cx: &mut Context<'_>, what: &str) -> Option<T> {
        let message = match (self.peek(), self.at) {
            (Some(term), _) => format!("expected {what}, found `{}`", cx.quote(term.span)),
            (None, 0) => format!("expected {what}"),
            (None, _) => format!("expected {what} after `{}`", cx.quote(self.last())),
        };
        let diagnostic =
            Diagnostic::error("unexpected-value", self.place(), message).help(self.usage());
        cx.report(diagnostic);
        None
    }

    /// How the property is written.
    pub(crate) fn usage(&self) -> String {
        format!(
            "write `{}`, for example `{}`",
            self.row.usage(),
            self.row.example
        )
    }

    /// Nothing may follow.
    pub(crate) fn finish(&self, cx: &mut Context<'_>) -> Option<()> {
        let first = match self.peek() {
            None => return Some(()),
            Some(term) => term.span,
        };
        let all = self.terms.last().map_or(first, |last| first.to(last.span));
        let message = format!("`{}` does not belong to `{}`", cx.quote(all), self.row.word);
        let mut diagnostic = Diagnostic::error("unexpected-value", all, message).help(self.usage());
        if let Some(word) = self.word() {
            let words = self
                .row
                .takes
                .split(|c: char| !c.is_ascii_lowercase() && c != '-');
            if let Some(meant) = suggest::closest(word, words.filter(|word| word.len() > 1)) {
                diagnostic = diagnostic.help(format!("did you mean `{meant}`?"));
            }
        }
        cx.report(diagnostic);
        None
    }

    /// The next term, if it is a word alone.
    pub(crate) fn word(&self) -> Option<&'t str> {
        plain_word(self.peek()?)
    }

    /// The term behind the next one, if it is a word alone.
    pub(crate) fn second_word(&self) -> Option<&'t str> {
        plain_word(self.terms.get(self.at + 1)?)
    }

    /// Goes on if the next term is this word.
    pub(crate) fn eat(&mut self, word: &str) -> bool {
        let found = self.word() == Some(word);
        self.at += usize::from(found);
        found
    }

    /// Goes on if the next term is this operator.
    pub(crate) fn eat_op(&mut self, op: Op) -> bool {
        let found = self
            .peek()
            .is_some_and(|term| term.value == TermKind::Op(op));
        self.at += usize::from(found);
        found
    }

    /// The next term must be this word.
    pub(crate) fn need(&mut self, cx: &mut Context<'_>, word: &str) -> Option<()> {
        if self.eat(word) {
            return Some(());
        }
        let written = self
            .word()
            .and_then(|written| suggest::closest(written, std::iter::once(word)));
        if written.is_some() {
            let place = self.place();
            let message = format!("expected `{word}`, found `{}`", cx.quote(place));
            cx.report(
                Diagnostic::error("unexpected-value", place, message)
                    .help(format!("did you mean `{word}`?")),
            );
            return None;
        }
        self.expected(cx, &format!("`{word}`"))
    }

    /// A word alone.
    pub(crate) fn name(&mut self, cx: &mut Context<'_>, what: &str) -> Option<Spanned<&'t str>> {
        let Some(word) = self.word() else {
            return self.expected(cx, what);
        };
        let span = self.place();
        self.at += 1;
        Some(Spanned { value: word, span })
    }

    /// A path, with its members and calls.
    pub(crate) fn path(&mut self, cx: &mut Context<'_>, what: &str) -> Option<Spanned<&'t Path>> {
        match self.peek() {
            Some(Term {
                value: TermKind::Path(path),
                span,
            }) => {
                self.at += 1;
                Some(Spanned {
                    value: path,
                    span: *span,
                })
            }
            _ => self.expected(cx, what),
        }
    }

    /// A string, with its holes.
    pub(crate) fn template(
        &mut self,
        cx: &mut Context<'_>,
        what: &str,
    ) -> Option<Spanned<&'t Template>> {
        match self.peek() {
            Some(Term {
                value: TermKind::String(template),
                span,
            }) => {
                self.at += 1;
                Some(Spanned {
                    value: template,
                    span: *span,
                })
            }
            _ => self.expected(cx, what),
        }
    }

    /// One of several words.
    pub(crate) fn one_of<T: Copy>(
        &mut self,
        cx: &mut Context<'_>,
        what: &str,
        choices: &[(&'static str, T)],
    ) -> Option<T> {
        let found = self
            .word()
            .and_then(|word| choices.iter().find(|(name, _)| *name == word));
        if let Some((_, value)) = found {
            self.at += 1;
            return Some(*value);
        }
        if let Some(Term {
            value: TermKind::String(template),
            span,
        }) = self.peek()
            && let Some((name, _)) = choices
                .iter()
                .find(|(name, _)| template.as_text() == Some(name))
        {
            let message = format!("`{name}` stands in quotes");
            cx.report(
                Diagnostic::error("unexpected-value", *span, message)
                    .help("figures and words stand without quotes")
                    .fix("remove the quotes", *span, *name),
            );
            return None;
        }
        let names = choices.iter().map(|(name, _)| *name);
        let meant = self
            .word()
            .and_then(|word| suggest::meant(word, names.clone()));
        let message = match self.peek() {
            Some(term) => format!("`{}` is not {what}", cx.quote(term.span)),
            None => format!("expected {what} after `{}`", cx.quote(self.last())),
        };
        let help = match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("write one of {}", suggest::listed(names)),
        };
        cx.report(Diagnostic::error("unexpected-value", self.place(), message).help(help));
        None
    }

    /// `on` or `off`.
    pub(crate) fn switch(&mut self, cx: &mut Context<'_>) -> Option<bool> {
        self.one_of(cx, "a switch", &[("on", true), ("off", false)])
    }
}

/// A term's word, when it is a word alone.
pub(crate) fn plain_word(term: &Term) -> Option<&str> {
    match &term.value {
        TermKind::Path(path) if path.tail.is_empty() => Some(&path.head.value),
        _ => None,
    }
}
