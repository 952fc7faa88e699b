//! Figures with units: what was expected, and what is wrong with the one that stands there.

use super::{Reader, plain_word};
use crate::context::Context;
use crate::elsewhere;
use crate::quantity::{Quantity, Unreadable, quantity};
use cachepolicy_core::Duration;
use cachepolicy_syntax::tree::{Term, TermKind};
use cachepolicy_syntax::{Diagnostic, Span};

const SHARE_HINT: &str = "write it with its sign, for example `10%`";
pub(crate) const TIME_HINT: &str =
    "write a duration with its unit: `250us`, `20ms`, `30s`, `5m`, `2h`, `1d`, `1h30m`";
pub(crate) const SIZE_HINT: &str =
    "write a size with its unit: `512B`, `64KiB`, `256MiB`, `2GiB` (or `kB`, `MB`, `GB`)";

impl Reader<'_> {
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
            return self.no_figure(cx, what, &pick);
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
            && let Some(joined) = meant(&format!("{text}{unit}"), &pick)
        {
            let place = span.to(next.span);
            let message = format!("there is a space before the unit of `{text} {unit}`");
            cx.report(
                Diagnostic::error("wrong-unit", place, message)
                    .help(format!(
                        "write the figure and its unit together: `{joined}`"
                    ))
                    .fix(format!("write `{joined}`"), place, joined),
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

    /// Something else than a figure; one in quotes has the right one in it.
    fn no_figure<T>(
        &self,
        cx: &mut Context<'_>,
        what: &str,
        pick: &impl Fn(Quantity) -> Option<T>,
    ) -> Option<T> {
        let Some(Term {
            value: TermKind::String(template),
            span,
        }) = self.peek()
        else {
            return self.expected(cx, what);
        };
        let inside = template.as_text().unwrap_or_default();
        let bare: String = inside.split_whitespace().collect();
        let Some(bare) = meant(&bare, pick) else {
            return self.expected(cx, what);
        };
        let message = format!("`{bare}` stands in quotes");
        cx.report(
            Diagnostic::error("unexpected-value", *span, message)
                .help("figures and words stand without quotes")
                .fix("remove the quotes", *span, bare),
        );
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
        if let Some(word) = self.word().filter(|word| elsewhere::is_forever(word)) {
            let message = format!("`{word}` is not a duration");
            cx.report(
                Diagnostic::error("unexpected-value", self.place(), message)
                    .help("what never ends is `forever`")
                    .fix("write `forever`", self.place(), "forever"),
            );
            return None;
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

/// A figure as written, or with our unit in place of another language's, if it is of that kind.
fn meant<T>(text: &str, pick: &impl Fn(Quantity) -> Option<T>) -> Option<String> {
    let text = match quantity(text) {
        Ok(_) => text.to_owned(),
        Err(Unreadable::Unit { instead, .. }) => instead?,
        Err(_) => return None,
    };
    pick(quantity(&text).ok()?).map(|_| text)
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
