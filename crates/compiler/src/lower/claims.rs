//! `expect` items: what must hold.

use super::headers::header_row;
use super::subjects::{example_subject, served, subject, wrong_subject};
use crate::context::Context;
use crate::names::Kind;
use crate::property::header_span;
use crate::quantity::Quantity;
use crate::reader::{Reader, SIZE_HINT, TIME_HINT};
use crate::suggest;
use crate::table::{CLAIMS, Row};
use cachepolicy_core::expectation::{Claim, Comparison, Expectation, Mode, Unit};
use cachepolicy_core::figures::{self, Figure, SubjectKind};
use cachepolicy_core::{ModelId, WorkloadId};
use cachepolicy_syntax::tree::{Op, Path, Segment, Statement, TermKind};
use cachepolicy_syntax::{Diagnostic, Span};

static MEASURE: Row = header_row(
    "FIGURE(SUBJECT)",
    "<= | >= | < | > LIMIT",
    "hit_ratio(GET \"/\") >= 80%",
);

/// A claim, its place and that of its subject.
pub(crate) fn claim(
    cx: &mut Context<'_>,
    workload: Option<WorkloadId>,
    statement: &Statement,
) -> Option<(Expectation, Span, Span)> {
    let span = header_span(statement);
    let phrase = statement.phrases.first()?;
    if let Some(second) = statement.phrases.get(1) {
        cx.report(
            Diagnostic::error("extra-value", second.span, "a claim has no list")
                .help("write each claim in a line of its own"),
        );
        return None;
    }
    let (mode, row) = match super::head_word(statement) {
        Some("prove") => (Mode::Prove, CLAIMS.first()?),
        Some("accept") => (Mode::Accept, CLAIMS.get(1)?),
        _ => (Mode::Measure, &MEASURE),
    };
    let mut reader = Reader::new(&phrase.terms, phrase.span, row);
    let (claim, subject) = if mode == Mode::Measure {
        measured(cx, &mut reader)?
    } else {
        reader.next();
        proved(cx, &mut reader, mode)?
    };
    reader.finish(cx)?;
    let text: Vec<&str> = cx.text(span).split_whitespace().collect();
    let expectation = Expectation {
        id: String::new(),
        place: cx.place(span),
        mode,
        text: text.join(" "),
        workload,
        claim,
    };
    Some((expectation, span, subject))
}

/// `no-leak`, or `staleness(SUBJECT, MODEL) <= D`.
fn proved(cx: &mut Context<'_>, reader: &mut Reader<'_>, mode: Mode) -> Option<(Claim, Span)> {
    if mode == Mode::Prove && reader.eat("no-leak") {
        return Some((Claim::NoLeak, reader.last()));
    }
    let path = reader.path(cx, "`staleness(SUBJECT, MODEL)`")?;
    let args = match (path.value.head.value.as_str(), path.value.tail.as_slice()) {
        ("staleness", [Segment::Call(args)]) => args.as_slice(),
        _ => &[],
    };
    let [subject, model] = args else {
        let message = format!(
            "`{}` cannot be decided from the policy",
            cx.quote(path.span)
        );
        let word = if mode == Mode::Prove {
            "prove"
        } else {
            "accept"
        };
        cx.report(
            Diagnostic::error("unexpected-value", path.span, message).help(format!(
                "write `{word} staleness(SUBJECT, MODEL) <= DURATION`; a figure of the report stands without `{word}`"
            )),
        );
        return None;
    };
    let what = "a level, a route such as `GET \"/\"`, or `requests`";
    let (subject, span) = served(cx, reader.row(), subject, what)?;
    let mut inner = Reader::new(&model.value.terms, model.value.span, reader.row());
    let model = if inner
        .peek()
        .is_some_and(|term| term.value == TermKind::Star)
    {
        inner.next();
        None
    } else {
        let name = inner.name(cx, "a model, or `*`")?;
        Some(ModelId(cx.look_up(Kind::Model, name)?))
    };
    inner.finish(cx)?;
    let place = reader.place();
    if comparison(cx, reader)? != Comparison::AtMost {
        cx.report(
            Diagnostic::error("unexpected-value", place, "a bound is an upper limit")
                .help("write `<=`")
                .fix("write `<=`", place, "<="),
        );
        return None;
    }
    let limit = reader.lifetime(cx)?;
    let claim = Claim::Staleness {
        subject,
        model,
        limit_seconds: (!limit.is_forever()).then(|| limit.as_secs_f64()),
    };
    Some((claim, span))
}

/// `latency(GET "/").p99 <= 250ms`
fn measured(cx: &mut Context<'_>, reader: &mut Reader<'_>) -> Option<(Claim, Span)> {
    let path = reader.path(
        cx,
        "`prove`, `accept`, or a figure such as `hit_ratio(requests)`",
    )?;
    let head = path.value.head.value.as_str();
    if !figures::heads().any(|known| known == head) {
        return unknown_figure(cx, path.value, path.span);
    }
    let Some((Segment::Call(args), members)) = path.value.tail.split_first() else {
        let message = format!("whose `{head}`?");
        cx.report(
            Diagnostic::error("unexpected-value", path.span, message).help(format!(
                "name a subject: `{head}({})`",
                example_subject(head)
            )),
        );
        return None;
    };
    let (subject, span) = subject(cx, reader.row(), head, args, path.span)?;
    let mut names = Vec::new();
    for member in members {
        match member {
            Segment::Member(name) => names.push(name.value.as_str()),
            Segment::Members(_) | Segment::Call(_) => return no_such_member(cx, head, path.span),
        }
    }
    let kind = SubjectKind::of(&subject);
    let Some(figure) = figures::find(head, &names.join("."), kind) else {
        return if figures::with_head(head).any(|figure| figure.applies_to(kind)) {
            no_such_member(cx, head, path.span)
        } else {
            wrong_subject(cx, head, span)
        };
    };
    let comparison = comparison(cx, reader)?;
    let limit = limit(cx, reader, figure)?;
    let claim = Claim::Figure {
        subject,
        figure: figure.name.to_owned(),
        comparison,
        limit,
        unit: figure.unit,
    };
    Some((claim, span))
}

fn unknown_figure<T>(cx: &mut Context<'_>, path: &Path, span: Span) -> Option<T> {
    let head = path.head.value.as_str();
    let message = format!("`{head}` is not a figure of the report");
    let help = match suggest::closest(head, figures::heads().chain(["prove", "accept"])) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("there are {}", suggest::listed(figures::heads())),
    };
    let place = if path.tail.is_empty() {
        span
    } else {
        path.head.span
    };
    cx.report(Diagnostic::error("unknown-figure", place, message).help(help));
    None
}

fn no_such_member<T>(cx: &mut Context<'_>, head: &str, span: Span) -> Option<T> {
    let message = format!("`{}` is not a figure of the report", cx.quote(span));
    let forms = figures::with_head(head).map(|figure| {
        if figure.path.is_empty() {
            format!("`{head}(…)`")
        } else {
            format!("`{head}(…).{}`", figure.path)
        }
    });
    let mut forms: Vec<String> = forms.collect();
    forms.truncate(14);
    let help = format!("there are {}", forms.join(", "));
    cx.report(Diagnostic::error("unknown-figure", span, message).help(help));
    None
}

fn comparison(cx: &mut Context<'_>, reader: &mut Reader<'_>) -> Option<Comparison> {
    let known = [
        (Op::AtMost, Comparison::AtMost),
        (Op::AtLeast, Comparison::AtLeast),
        (Op::Less, Comparison::Less),
        (Op::Greater, Comparison::Greater),
    ];
    for (op, comparison) in known {
        if reader.eat_op(op) {
            return Some(comparison);
        }
    }
    reader.expected(cx, "`<=`, `>=`, `<` or `>`")
}

/// In the unit of the report.
fn limit(cx: &mut Context<'_>, reader: &mut Reader<'_>, figure: &Figure) -> Option<f64> {
    match figure.unit {
        Unit::Ratio => reader.share(cx),
        Unit::Seconds => reader.quantity(cx, "a duration", TIME_HINT, |read| match read {
            Quantity::Duration(duration) => Some(duration.as_secs_f64()),
            _ => None,
        }),
        Unit::Count => reader.number(cx),
        Unit::PerSecond => reader.rate(cx),
        Unit::Bytes => reader.quantity(cx, "a size", SIZE_HINT, |read| match read {
            Quantity::Bytes(bytes) => Some(bytes as f64),
            _ => None,
        }),
    }
}

/// Numbers the ids of claims that stand twice.
pub(crate) fn number_ids(expectations: &mut [Expectation]) {
    let mut seen: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for expectation in expectations {
        let count = seen.entry(expectation.text.clone()).or_default();
        *count += 1;
        expectation.id = match *count {
            1 => expectation.text.clone(),
            count => format!("{} ({count})", expectation.text),
        };
    }
}
