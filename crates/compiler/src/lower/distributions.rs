//! Distributions of durations and sizes, and popularity.

use crate::context::Context;
use crate::quantity::{Quantity, quantity};
use crate::reader::{Reader, SIZE_HINT, TIME_HINT, unreadable_figure};
use cachepolicy_core::level::Amount;
use cachepolicy_core::{Distribution, Shape};
use cachepolicy_syntax::tree::{Arg, Path, Segment, Term, TermKind};
use cachepolicy_syntax::{Diagnostic, Span, Spanned};

/// What is distributed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    Time,
    Size,
}

impl Measure {
    const fn noun(self) -> &'static str {
        match self {
            Self::Time => "a duration",
            Self::Size => "a size",
        }
    }

    const fn hint(self) -> &'static str {
        match self {
            Self::Time => TIME_HINT,
            Self::Size => SIZE_HINT,
        }
    }

    /// In nanoseconds or bytes.
    const fn pick(self, read: Quantity) -> Option<f64> {
        match (self, read) {
            (Self::Time, Quantity::Duration(duration)) => Some(duration.nanos() as f64),
            (Self::Size, Quantity::Bytes(bytes)) => Some(bytes as f64),
            _ => None,
        }
    }

    const fn example(self) -> &'static str {
        match self {
            Self::Time => {
                "`20ms`, `uniform(10ms..50ms)`, `exp(mean 20ms) max 1s`, `lognormal(p50 20ms, p99 200ms)`"
            }
            Self::Size => "`2KiB`, `uniform(1KiB..64KiB)`, `lognormal(p50 8KiB, p99 200KiB)`",
        }
    }

    fn figure(self, cx: &mut Context<'_>, reader: &mut Reader<'_>) -> Option<f64> {
        reader.quantity(cx, self.noun(), self.hint(), |read| self.pick(read))
    }
}

/// `lognormal(p50 400ms, p99 1.5s) max 3s`
pub(crate) fn distribution(
    cx: &mut Context<'_>,
    reader: &mut Reader<'_>,
    measure: Measure,
) -> Option<Distribution> {
    let place = reader.place();
    let shape = match reader.peek().map(|term| &term.value) {
        Some(TermKind::Path(path)) if path.head.value != "forever" => {
            let shape = shape(cx, reader, path, measure)?;
            reader.next();
            shape
        }
        _ => Shape::Constant {
            value: measure.figure(cx, reader)?,
        },
    };
    let (mut min, mut max) = (None, None);
    loop {
        if min.is_none() && reader.eat("min") {
            min = Some(measure.figure(cx, reader)?);
        } else if max.is_none() && reader.eat("max") {
            max = Some(measure.figure(cx, reader)?);
        } else {
            break;
        }
    }
    if let (Some(low), Some(high)) = (min, max)
        && low > high
    {
        return out_of_order(cx, place.to(reader.last()), "`min` is greater than `max`");
    }
    Some(Distribution { shape, min, max })
}

/// The same, or `from trace [else …]`.
pub(crate) fn amount(
    cx: &mut Context<'_>,
    reader: &mut Reader<'_>,
    measure: Measure,
    silent: f64,
) -> Option<Amount> {
    if !reader.eat("from") {
        return Some(Amount {
            from_trace: false,
            otherwise: distribution(cx, reader, measure)?,
        });
    }
    reader.need(cx, "trace")?;
    let otherwise = if reader.eat("else") {
        distribution(cx, reader, measure)?
    } else {
        Distribution::constant(silent)
    };
    Some(Amount {
        from_trace: true,
        otherwise,
    })
}

fn out_of_order<T>(cx: &mut Context<'_>, span: Span, message: &str) -> Option<T> {
    cx.report(
        Diagnostic::error("out-of-range", span, message)
            .help("write the smaller figure first, or exchange the two"),
    );
    None
}

fn shape(
    cx: &mut Context<'_>,
    reader: &Reader<'_>,
    path: &Path,
    measure: Measure,
) -> Option<Shape> {
    let name = path.head.value.as_str();
    let args = match path.tail.as_slice() {
        [Segment::Call(args)] => args.as_slice(),
        [] if reader.word().is_some() => {
            return reader.expected(cx, measure.noun());
        }
        _ => &[],
    };
    let span = reader.place();
    match name {
        "uniform" => {
            let [Arg { name: None, value }] = args else {
                return wrong_call(cx, span, name, measure);
            };
            let (low, high) = range(cx, &value.terms, measure, span)?;
            Some(Shape::Uniform { low, high })
        }
        "exp" => {
            let [mean] = args else {
                return wrong_call(cx, span, name, measure);
            };
            let mean = labelled(cx, reader, mean, "mean", measure)?;
            if mean <= 0.0 {
                return out_of_order(cx, span, "the mean of `exp` must be greater than 0");
            }
            Some(Shape::Exponential { mean })
        }
        "lognormal" => {
            let [p50, p99] = args else {
                return wrong_call(cx, span, name, measure);
            };
            let p50 = labelled(cx, reader, p50, "p50", measure)?;
            let p99 = labelled(cx, reader, p99, "p99", measure)?;
            if p50 <= 0.0 || p99 < p50 {
                return out_of_order(cx, span, "`p50` must be greater than 0 and at most `p99`");
            }
            Some(Shape::LogNormal { p50, p99 })
        }
        _ => wrong_call(cx, span, name, measure),
    }
}

/// Not one of the shapes, or not with these arguments.
fn wrong_call<T>(cx: &mut Context<'_>, span: Span, name: &str, measure: Measure) -> Option<T> {
    let known = ["uniform", "exp", "lognormal"];
    let message = if known.contains(&name) {
        format!("`{name}` is not written like this")
    } else {
        format!(
            "`{}` is not {} or a distribution",
            cx.quote(span),
            measure.noun()
        )
    };
    cx.report(
        Diagnostic::error("unexpected-value", span, message)
            .help(format!("for example {}", measure.example())),
    );
    None
}

/// `mean 40ms`, or `mean: 40ms`.
fn labelled(
    cx: &mut Context<'_>,
    outer: &Reader<'_>,
    arg: &Arg,
    label: &str,
    measure: Measure,
) -> Option<f64> {
    let mut reader = Reader::new(&arg.value.terms, arg.value.span, outer.row());
    match &arg.name {
        Some(name) if name.value == label => {}
        Some(name) => {
            let message = format!("expected `{label}`, found `{}`", name.value);
            cx.report(
                Diagnostic::error("unexpected-value", name.span, message)
                    .help(format!("for example {}", measure.example())),
            );
            return None;
        }
        None if reader.eat(label) => {}
        None => {
            let message = format!("expected `{label}` before `{}`", cx.quote(arg.value.span));
            cx.report(
                Diagnostic::error("unexpected-value", arg.value.span, message)
                    .help(format!("for example {}", measure.example())),
            );
            return None;
        }
    }
    let figure = measure.figure(cx, &mut reader)?;
    reader.finish(cx)?;
    Some(figure)
}

/// `10ms..50ms`
fn range(cx: &mut Context<'_>, terms: &[Term], measure: Measure, span: Span) -> Option<(f64, f64)> {
    let [
        Spanned {
            value:
                TermKind::Range {
                    low,
                    high: Some(high),
                },
            span: place,
        },
    ] = terms
    else {
        return wrong_call(cx, span, "uniform", measure);
    };
    let mut read = |text: &str| match quantity(text) {
        Ok(read) => match measure.pick(read) {
            Some(value) => Some(value),
            None => {
                let message = format!(
                    "expected {}, and `{text}` is {}",
                    measure.noun(),
                    read.kind()
                );
                cx.report(Diagnostic::error("wrong-unit", *place, message).help(measure.hint()));
                None
            }
        },
        Err(unreadable) => {
            let mut diagnostic = unreadable_figure(text, *place, unreadable, measure.hint());
            // The fix would replace both ends.
            diagnostic.fix = None;
            cx.report(diagnostic);
            None
        }
    };
    let (low, high) = (read(low)?, read(high)?);
    if low > high {
        return out_of_order(cx, *place, "the range begins above its end");
    }
    Some((low, high))
}
