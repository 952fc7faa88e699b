//! How often each value is drawn.

use super::literals::literal;
use crate::context::Context;
use crate::reader::Reader;
use cachepolicy_core::workload::Popularity;
use cachepolicy_syntax::tree::{Arg, Segment, TermKind};
use cachepolicy_syntax::{Diagnostic, Span};

/// `zipf(1.0, 50_000)`, `uniform(100)`, `choice(a 70%, b 30%)`, or a number of equally likely ones.
pub(crate) fn popularity(cx: &mut Context<'_>, reader: &mut Reader<'_>) -> Option<Popularity> {
    const HELP: &str =
        "for example `zipf(1.0, 50_000)`, `uniform(1_000)` or `choice(en 70%, de 30%)`";
    if let Some(TermKind::Quantity(_)) = reader.peek().map(|term| &term.value) {
        let n = reader.count(cx, 1, MAX_VALUES)?;
        return Some(Popularity::Uniform { n });
    }
    let span = reader.place();
    let path = reader.path(
        cx,
        "how often each value is drawn, such as `zipf(1.0, 1_000)`",
    )?;
    let args = match path.value.tail.as_slice() {
        [Segment::Call(args)] => args.as_slice(),
        _ => &[],
    };
    match (path.value.head.value.as_str(), args) {
        ("zipf", [alpha, n]) => {
            let alpha = number(cx, reader, alpha)?;
            let n = count(cx, reader, n)?;
            Some(Popularity::Zipf { alpha, n })
        }
        ("uniform", [n]) => Some(Popularity::Uniform {
            n: count(cx, reader, n)?,
        }),
        ("choice", [_, ..]) => choice(cx, reader, args, span),
        _ => {
            let message = format!(
                "`{}` does not say how often each value is drawn",
                cx.quote(span)
            );
            cx.report(Diagnostic::error("unexpected-value", span, message).help(HELP));
            None
        }
    }
}

/// More values than that are not told apart by a draw.
const MAX_VALUES: u64 = 1 << 40;

fn number(cx: &mut Context<'_>, outer: &Reader<'_>, arg: &Arg) -> Option<f64> {
    let mut reader = Reader::new(&arg.value.terms, arg.value.span, outer.row());
    let number = reader.number(cx)?;
    reader.finish(cx)?;
    Some(number)
}

fn count(cx: &mut Context<'_>, outer: &Reader<'_>, arg: &Arg) -> Option<u64> {
    let mut reader = Reader::new(&arg.value.terms, arg.value.span, outer.row());
    let count = reader.count(cx, 1, MAX_VALUES)?;
    reader.finish(cx)?;
    Some(count)
}

fn choice(
    cx: &mut Context<'_>,
    outer: &Reader<'_>,
    args: &[Arg],
    span: Span,
) -> Option<Popularity> {
    let mut values: Vec<(String, f64)> = Vec::new();
    for arg in args {
        let mut reader = Reader::new(&arg.value.terms, arg.value.span, outer.row());
        let value = literal(cx, &mut reader)?;
        let share = reader.share(cx)?;
        reader.finish(cx)?;
        if values.iter().any(|(known, _)| *known == value) {
            let message = format!("`{value}` stands twice in the choice");
            cx.report(
                Diagnostic::error("duplicate-value", arg.value.span, message)
                    .help("add the two shares together"),
            );
            return None;
        }
        values.push((value, share));
    }
    let sum: f64 = values.iter().map(|(_, share)| share).sum();
    if (sum - 1.0).abs() > 1e-6 {
        let percent = libm::round(sum * 1e6) / 1e4;
        let message = format!("the shares add up to {percent}%");
        cx.report(
            Diagnostic::error("shares", span, message).help("change them so that they make 100%"),
        );
        return None;
    }
    Some(Popularity::Choice(values))
}
