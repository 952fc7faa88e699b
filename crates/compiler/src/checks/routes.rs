//! Routes of views: their parameters, and which of two answers a request.

use crate::context::Context;
use crate::lower::levels::LevelDraft;
use crate::lower::routes::SAFE;
use cachepolicy_core::LevelKind;
use cachepolicy_core::route::{Pattern, Route, Segment};
use cachepolicy_core::sorting;
use cachepolicy_syntax::{Diagnostic, Span};
use std::cmp::Ordering;

pub(crate) fn run(cx: &mut Context<'_>, drafts: &[LevelDraft]) {
    for draft in drafts {
        let Some(route) = &draft.level.route else {
            continue;
        };
        let span = draft.seen.get("route").unwrap_or(draft.header);
        if !draft.is_unsure {
            check_holes(cx, draft);
            check_params(cx, draft, route, span);
        }
        check_methods(cx, draft, route, span);
    }
    check_views(cx, drafts);
}

/// A hole that is no parameter of the level.
fn check_holes(cx: &mut Context<'_>, draft: &LevelDraft) {
    let level = &draft.level;
    let Some(first) = draft.unnamed_holes.first() else {
        return;
    };
    let mut params = level.params.clone();
    params.extend(draft.unnamed_holes.iter().map(|hole| hole.value.clone()));
    let header = format!("{}({})", level.name, params.join(", "));
    let message = format!("`{}` is not a parameter of `{}`", first.value, level.name);
    cx.report(
        Diagnostic::error("route-parameter", first.span, message)
            .related(draft.name, "its parameters are declared here")
            .help(format!("write `{} {header}`", level.kind.name()))
            .fix(format!("write `{header}`"), draft.name_and_params, header),
    );
}

/// A parameter that no hole gives a value.
fn check_params(cx: &mut Context<'_>, draft: &LevelDraft, route: &Route, span: Span) {
    let level = &draft.level;
    for (index, param) in level.params.iter().enumerate() {
        let in_route = route.pattern.segments.iter().any(|segment| match segment {
            Segment::Hole { param, .. } | Segment::Rest { param } => *param == Some(index as u16),
            Segment::Text(_) => false,
        });
        if !in_route {
            let message = format!(
                "the route of `{}` does not say what `{param}` is",
                level.name
            );
            cx.report(
                Diagnostic::error("route-parameter", span, message)
                    .related(draft.name, "the parameter is declared here")
                    .help(format!(
                        "put a hole `{{{param}}}` into the path, or remove the parameter"
                    )),
            );
        }
    }
}

fn check_methods(cx: &mut Context<'_>, draft: &LevelDraft, route: &Route, span: Span) {
    let unsafe_method = route
        .methods
        .iter()
        .find(|method| !SAFE.contains(&method.as_str()));
    if let Some(method) = unsafe_method
        && draft.is_stored()
    {
        let message = format!("responses to `{method}` are kept here, and served for later ones");
        cx.report(Diagnostic::warning("unsafe-method", span, message).help(
            "store responses to `GET` only: a request of another method may change something",
        ));
    }
}

/// Views in the order in which they are tried; of equal ones the first declared.
fn check_views(cx: &mut Context<'_>, drafts: &[LevelDraft]) {
    let mut views: Vec<(usize, &LevelDraft, &Route)> = drafts
        .iter()
        .enumerate()
        .filter(|(_, draft)| draft.level.kind == LevelKind::View)
        .filter_map(|(index, draft)| {
            draft
                .level
                .route
                .as_ref()
                .map(|route| (index, draft, route))
        })
        .collect();
    sorting::by(&mut views, |a, b| {
        a.2.pattern.cmp_precedence(&b.2.pattern).then(a.0.cmp(&b.0))
    });
    let equal = |a: &(usize, &LevelDraft, &Route), b: &(usize, &LevelDraft, &Route)| {
        a.2.pattern.cmp_precedence(&b.2.pattern) == Ordering::Equal
    };
    for group in views.chunk_by(equal) {
        check_equal(cx, group);
    }
    check_halves(cx, &views);
}

/// Views whose routes match the same paths.
fn check_equal(cx: &mut Context<'_>, group: &[(usize, &LevelDraft, &Route)]) {
    let mut answered: Vec<(&str, &LevelDraft)> = Vec::new();
    for (_, draft, route) in group {
        let taken = route.methods.iter().find_map(|method| {
            let first = answered.iter().find(|(known, _)| known == method);
            first.map(|(_, first)| (method, *first))
        });
        let span = draft.seen.get("route").unwrap_or(draft.header);
        if let Some((method, first)) = taken {
            let message = format!(
                "`{}` and `{}` answer the same requests: `{method} \"{}\"`",
                first.level.name, draft.level.name, route.pattern.text
            );
            cx.report(
                Diagnostic::error("duplicate-route", span, message)
                    .related(
                        route_span(first),
                        format!("the route of `{}`", first.level.name),
                    )
                    .help("change the path or the methods of one of them"),
            );
        } else if let Some((_, first)) = answered
            .iter()
            .find(|(known, _)| *known == "GET" && route.methods.as_slice() == ["HEAD"])
        {
            let message = format!(
                "`{}` is never reached: the route of `{}` for `GET` answers `HEAD` too",
                draft.level.name, first.level.name
            );
            cx.report(
                Diagnostic::warning("shadowed-route", span, message)
                    .related(route_span(first), "this one answers")
                    .help("remove it"),
            );
        }
        answered.extend(route.methods.iter().map(|method| (method.as_str(), *draft)));
    }
}

fn route_span(draft: &LevelDraft) -> Span {
    draft.seen.get("route").unwrap_or(draft.header)
}

/// `/a/**` is never reached where `/a` and `/a/{rest:**}` are routes too.
fn check_halves(cx: &mut Context<'_>, views: &[(usize, &LevelDraft, &Route)]) {
    let find = |pattern: &Pattern, route: &Route| {
        let position = views
            .binary_search_by(|(_, _, other)| other.pattern.cmp_precedence(pattern))
            .ok()?;
        let (_, draft, other) = views.get(position)?;
        route
            .methods
            .iter()
            .all(|method| other.answers(method))
            .then_some(*draft)
    };
    for (_, draft, route) in views {
        let Some((Segment::Rest { param: None }, head)) = route.pattern.segments.split_last()
        else {
            continue;
        };
        let mut named = head.to_vec();
        named.push(Segment::Rest { param: Some(0) });
        let pattern = |segments: Vec<Segment>| Pattern {
            text: String::new(),
            segments,
        };
        let whole = find(&pattern(named), route);
        let own = find(&pattern(head.to_vec()), route);
        if let (Some(whole), Some(own)) = (whole, own) {
            let message = format!("`{}` is never reached", draft.level.name);
            cx.report(
                Diagnostic::warning("shadowed-route", route_span(draft), message)
                    .related(route_span(own), "this route answers the path itself")
                    .related(route_span(whole), "this one answers everything below it")
                    .help("remove it, or one of the others"),
            );
        }
    }
}
