//! Reads the terms of one phrase from left to right, and says what was expected instead.

use crate::context::Context;
use crate::quantity::{Quantity, Unreadable, quantity};
use crate::suggest;
use crate::table::Row;
use cachepolicy_core::Duration;
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
        let names = choices.iter().map(|(name, _)| *name);
        let meant = self
            .word()
            .and_then(|word| suggest::closest(word, names.clone()));
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

    /// A figure of a certain kind.
    pub(crate) fn quantity<T>(
        &mut self,
        cx: &mut Context<'_>,
        what: &str,
        hint: &str,
        pick: impl Fn(Quantity) -> Option<T>,
    ) -> Option<T> {
        let Some(Term {
            value: TermKind::Quantity(text),
            span,
        }) = self.peek()
        else {
            return self.expected(cx, what);
        };
        let read = match quantity(text) {
            Ok(read) => read,
            Err(unreadable) => {
                cx.report(unreadable_figure(text, *span, unreadable, hint));
                return None;
            }
        };
        if let Some(value) = pick(read) {
            self.at += 1;
            return Some(value);
        }
        if let (Quantity::Number(_), Some(next)) = (read, self.terms.get(self.at + 1))
            && let Some(unit) = plain_word(next)
            && let joined = format!("{text}{unit}")
            && let Ok(meant) = quantity(&joined)
            && pick(meant).is_some()
        {
            let place = span.to(next.span);
            let message = format!("there is a space before the unit of `{joined}`");
            cx.report(
                Diagnostic::error("wrong-unit", place, message)
                    .help("write the figure and its unit together")
                    .fix("remove the space", place, joined),
            );
            return None;
        }
        let message = format!("expected {what}, and `{text}` is {}", read.kind());
        let diagnostic = Diagnostic::error("wrong-unit", *span, message);
        cx.report(match read {
            Quantity::Number(number) if hint == SHARE_HINT => {
                let percent = if number <= 1.0 {
                    number * 100.0
                } else {
                    number
                };
                diagnostic.help(format!("write it with its sign: `{percent}%`"))
            }
            Quantity::Number(_) if hint == TIME_HINT => diagnostic.help(format!(
                "write its unit: `{text}s` for seconds, `{text}ms`, `{text}m`, `{text}h`, `{text}d`"
            )),
            _ => diagnostic.help(hint),
        });
        None
    }

    /// A length of time.
    pub(crate) fn duration(&mut self, cx: &mut Context<'_>) -> Option<Duration> {
        if self.word() == Some("forever") {
            let message = format!("`{}` cannot last forever here", self.row.word);
            cx.report(
                Diagnostic::error("unexpected-value", self.place(), message)
                    .help("write a duration, for example `1d`"),
            );
            return None;
        }
        self.quantity(cx, "a duration", TIME_HINT, |read| match read {
            Quantity::Duration(duration) => Some(duration),
            _ => None,
        })
    }

    /// A length of time, or `forever`.
    pub(crate) fn lifetime(&mut self, cx: &mut Context<'_>) -> Option<Duration> {
        if self.eat("forever") {
            return Some(Duration::FOREVER);
        }
        self.duration(cx)
    }

    /// A share of 0% to 100%, as 0..1.
    pub(crate) fn share(&mut self, cx: &mut Context<'_>) -> Option<f64> {
        let place = self.place();
        let share = self.quantity(cx, "a percentage", SHARE_HINT, |read| match read {
            Quantity::Share(share) => Some(share),
            _ => None,
        })?;
        if share > 1.0 {
            let message = format!("`{}` is more than 100%", cx.quote(place));
            cx.report(
                Diagnostic::error("out-of-range", place, message)
                    .help("a percentage lies between 0% and 100%"),
            );
            return None;
        }
        Some(share)
    }

    /// A whole number of at least `low`.
    pub(crate) fn count(&mut self, cx: &mut Context<'_>, low: u64, high: u64) -> Option<u64> {
        let place = self.place();
        let number = self.number(cx)?;
        if number.fract() != 0.0 || number < low as f64 || number > high as f64 {
            let message = format!(
                "`{}` must be a whole number between {low} and {high}",
                cx.quote(place)
            );
            cx.report(Diagnostic::error("out-of-range", place, message).help(self.usage()));
            return None;
        }
        Some(number as u64)
    }

    /// A whole number of at least `low` that fits 32 bits.
    pub(crate) fn count32(&mut self, cx: &mut Context<'_>, low: u32) -> Option<u32> {
        let count = self.count(cx, u64::from(low), u64::from(u32::MAX))?;
        u32::try_from(count).ok()
    }

    /// A number without a unit.
    pub(crate) fn number(&mut self, cx: &mut Context<'_>) -> Option<f64> {
        self.quantity(
            cx,
            "a number",
            "write it without a unit, for example `2_000`",
            |read| match read {
                Quantity::Number(number) => Some(number),
                _ => None,
            },
        )
    }

    /// Events a second.
    pub(crate) fn rate(&mut self, cx: &mut Context<'_>) -> Option<f64> {
        self.quantity(
            cx,
            "a rate",
            "write events per second, minute, hour or day: `200/s`, `3/m`, `6/h`, `1/d`",
            |read| match read {
                Quantity::Rate(rate) => Some(rate),
                _ => None,
            },
        )
    }
}

const SHARE_HINT: &str = "write it with its sign, for example `10%`";
pub(crate) const TIME_HINT: &str =
    "write a duration with its unit: `250us`, `20ms`, `30s`, `5m`, `2h`, `1d`, `1h30m`";
pub(crate) const SIZE_HINT: &str =
    "write a size with its unit: `512B`, `64KiB`, `256MiB`, `2GiB` (or `kB`, `MB`, `GB`)";

/// A term's word, when it is a word alone.
pub(crate) fn plain_word(term: &Term) -> Option<&str> {
    match &term.value {
        TermKind::Path(path) if path.tail.is_empty() => Some(&path.head.value),
        _ => None,
    }
}

/// A figure whose unit nobody knows, or that is beyond everything.
pub(crate) fn unreadable_figure(
    text: &str,
    span: Span,
    unreadable: Unreadable,
    hint: &str,
) -> Diagnostic {
    match unreadable {
        Unreadable::Unit { unit, instead } => {
            let diagnostic =
                Diagnostic::error("unknown-unit", span, format!("`{unit}` is not a unit"));
            match instead {
                Some(instead) => diagnostic.help(format!("write `{instead}`")).fix(
                    format!("write `{instead}`"),
                    span,
                    instead,
                ),
                None => diagnostic.help(hint),
            }
        }
        Unreadable::Compound => Diagnostic::error(
            "unknown-unit",
            span,
            format!("`{text}` mixes units that do not go together"),
        )
        .help("only durations are composed, long units first: `1h30m`"),
        Unreadable::TooLarge => Diagnostic::error(
            "out-of-range",
            span,
            format!("`{text}` is more than can be counted"),
        )
        .help("write a smaller figure; a copy that never expires has `ttl forever`"),
    }
}
