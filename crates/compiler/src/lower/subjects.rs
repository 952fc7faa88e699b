//! What a claim is about: a level, a route, all requests, an origin, a backend, a fault.

use super::faults;
use super::routes;
use crate::context::Context;
use crate::names::Kind;
use crate::reader::Reader;
use crate::suggest;
use crate::table::Row;
use cachepolicy_core::expectation::Subject;
use cachepolicy_core::figures::{self, SubjectKind};
use cachepolicy_core::route::Pattern;
use cachepolicy_core::{BackendId, LevelId, OriginId};
use cachepolicy_syntax::tree::{Arg, TermKind};
use cachepolicy_syntax::{Diagnostic, Span};

/// A figure that the subject does not have.
pub(super) fn wrong_subject<T>(cx: &mut Context<'_>, head: &str, span: Span) -> Option<T> {
    let mut kinds: Vec<&str> = Vec::new();
    for kind in figures::with_head(head).flat_map(|figure| figure.subjects) {
        if !kinds.contains(&kind.described()) {
            kinds.push(kind.described());
        }
    }
    let message = format!("`{}` has no `{head}`", cx.quote(span));
    let help = format!("`{head}` is about {}", kinds.join(", or "));
    cx.report(Diagnostic::error("wrong-subject", span, message).help(help));
    None
}

pub(super) fn example_subject(head: &str) -> &'static str {
    match figures::with_head(head)
        .next()
        .and_then(|figure| figure.subjects.last())
    {
        Some(SubjectKind::Level) => "article",
        Some(SubjectKind::Origin) => "db",
        Some(SubjectKind::Backend) => "shared",
        Some(SubjectKind::Fault) => "flush shared",
        _ => "requests",
    }
}

/// The one argument of a measured figure.
pub(super) fn subject(
    cx: &mut Context<'_>,
    row: &'static Row,
    head: &str,
    args: &[Arg],
    span: Span,
) -> Option<(Subject, Span)> {
    let [arg] = args else {
        let message = format!("`{head}` has one subject");
        let help = match (head, args.len()) {
            ("staleness", 2) => {
                "with a model it is proved: `prove staleness(level, Model) <= 10s`".to_owned()
            }
            _ => format!("write `{head}({})`", example_subject(head)),
        };
        cx.report(Diagnostic::error("unexpected-value", span, message).help(help));
        return None;
    };
    let mut reader = Reader::new(&arg.value.terms, arg.value.span, row);
    let of = |kind: SubjectKind| figures::with_head(head).any(|figure| figure.applies_to(kind));
    if of(SubjectKind::Origin) || of(SubjectKind::Backend) {
        let kind = if of(SubjectKind::Origin) {
            Kind::Origin
        } else {
            Kind::Backend
        };
        let name = reader.name(cx, &format!("the name of {}", kind.noun()))?;
        reader.finish(cx)?;
        let index = cx.look_up(kind, name)?;
        let subject = match kind {
            Kind::Origin => Subject::Origin(OriginId(index)),
            _ => Subject::Backend(BackendId(index)),
        };
        return Some((subject, name.span));
    }
    if of(SubjectKind::Fault) {
        let (text, span) = faults::named(cx, &mut reader)?;
        reader.finish(cx)?;
        return Some((Subject::Fault(text), span));
    }
    let what = if of(SubjectKind::Requests) {
        "a level, a route such as `GET \"/\"`, or `requests`"
    } else {
        "a level"
    };
    served(cx, row, arg, what)
}

/// A level, a route, or `requests`.
pub(super) fn served(
    cx: &mut Context<'_>,
    row: &'static Row,
    arg: &Arg,
    what: &str,
) -> Option<(Subject, Span)> {
    let span = arg.value.span;
    let mut reader = Reader::new(&arg.value.terms, span, row);
    let subject = match (
        reader.word(),
        arg.value.terms.get(1).map(|term| &term.value),
    ) {
        (Some(_), Some(TermKind::String(_))) => {
            let method = routes::method(cx, &mut reader)?;
            let template = reader.template(cx, "a path in quotes")?;
            let pattern = routes::pattern(cx, template, &mut |_| None)?;
            Subject::Route(route(cx, &method, &pattern, span)?)
        }
        (Some("requests"), _) if cx.names.get("requests").is_none() => {
            reader.next();
            Subject::Requests
        }
        _ => {
            let name = reader.name(cx, what)?;
            Subject::Level(LevelId(cx.look_up(Kind::Level, name)?))
        }
    };
    reader.finish(cx)?;
    Some((subject, span))
}

/// A route under the name that the report has for it: as its level is declared.
fn route(cx: &mut Context<'_>, method: &str, pattern: &Pattern, span: Span) -> Option<String> {
    let routes = cx
        .policy
        .levels
        .iter()
        .filter_map(|level| level.route.as_ref());
    let answering: Vec<&str> = routes
        .filter(|route| route.answers(method))
        .map(|route| route.pattern.text.as_str())
        .collect();
    let same_shape = |text: &&&str| shape(text) == shape(&pattern.text);
    let found = answering
        .iter()
        .find(|text| **text == pattern.text)
        .or_else(|| answering.iter().find(same_shape));
    if let Some(text) = found {
        return Some(format!("{method} {text}"));
    }
    let asked = cx
        .policy
        .workloads
        .iter()
        .flat_map(|workload| &workload.requests)
        .flat_map(|stream| &stream.routes);
    let drawn = asked
        .filter(|route| route.method == method)
        .any(|route| route.pattern.text == pattern.text);
    if drawn {
        return Some(format!("{method} {}", pattern.text));
    }
    let message = format!(
        "no view, site or workload has the route `{method} \"{}\"`",
        pattern.text
    );
    let help = match suggest::closest(&pattern.text, answering.iter().copied()) {
        Some(meant) => format!("did you mean `{method} \"{meant}\"`?"),
        None if answering.is_empty() => "no level has a route for that method".to_owned(),
        None => format!(
            "write one as its level declares it: {}",
            suggest::listed(answering.iter().copied())
        ),
    };
    cx.report(Diagnostic::error("unknown-route", span, message).help(help));
    None
}

/// A pattern without the names and kinds of its holes.
fn shape(pattern: &str) -> String {
    let mut shape = String::new();
    let mut inside = false;
    for c in pattern.chars() {
        match c {
            '{' => inside = true,
            '}' => {
                inside = false;
                shape.push('}');
            }
            _ if inside => {}
            _ => shape.push(c),
        }
    }
    shape
}
