//! `workload` items: streams of requests, and the values that they carry.

use super::headers::header_row;
use super::popularity::popularity;
use super::routes;
use crate::context::Context;
use crate::property::Property;
use crate::reader::Reader;
use crate::table::Row;
use cachepolicy_core::Duration;
use cachepolicy_core::policy::Place;
use cachepolicy_core::route::Segment as PathSegment;
use cachepolicy_core::workload::{Arrivals, Popularity, RequestMix, RouteDraw, Workload};
use cachepolicy_syntax::tree::{Part, Statement};
use cachepolicy_syntax::{Diagnostic, Span};
use std::collections::BTreeMap;

/// A workload, and what can be resolved only once all of it was read.
pub(crate) struct WorkloadDraft {
    pub(crate) workload: Workload,
    /// `slug zipf(1.0, 50_000)` in a statement of its own.
    pub(super) defaults: BTreeMap<String, (Popularity, Span)>,
    /// Holes of routes without a popularity of their own: stream, route, name, place.
    pub(super) open: Vec<(usize, usize, String, Span)>,
    /// `data headlines 10 of slug`: draw, name, place.
    pub(super) of_param: Vec<(usize, String, Span)>,
    /// When each fault comes, and where that stands.
    pub(crate) faults: Vec<(Duration, Span)>,
}

impl WorkloadDraft {
    pub(crate) fn new(name: String, place: Place) -> Self {
        Self {
            workload: Workload {
                name,
                place,
                duration: Duration::ZERO,
                requests: Vec::new(),
                dimensions: Vec::new(),
                data: Vec::new(),
                writes: Vec::new(),
                write_rules: Vec::new(),
                faults: Vec::new(),
            },
            defaults: BTreeMap::new(),
            open: Vec::new(),
            of_param: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// Fills in what other statements say.
    pub(crate) fn finish(mut self, cx: &mut Context<'_>) -> Workload {
        for (stream, route, name, span) in std::mem::take(&mut self.open) {
            let Some((popularity, _)) = self.defaults.get(&name) else {
                let message = format!("nothing says which `{name}` is asked for");
                cx.report(
                    Diagnostic::error("missing-popularity", span, message).help(format!(
                        "write it behind the route, for example `{name} zipf(1.0, 1_000)`"
                    )),
                );
                continue;
            };
            let route = self
                .workload
                .requests
                .get_mut(stream)
                .and_then(|stream| stream.routes.get_mut(route));
            if let Some(route) = route {
                route.params.push((name, popularity.clone()));
            }
        }
        for route in self
            .workload
            .requests
            .iter_mut()
            .flat_map(|stream| &mut stream.routes)
        {
            put_in_order(route);
        }
        for (draw, name, span) in std::mem::take(&mut self.of_param) {
            let Some(popularity) = self.of_route(&name) else {
                let message = format!("no route of this workload has a `{name}`");
                cx.report(
                    Diagnostic::error("unknown-value", span, message).help(
                        "write a popularity, for example `10 of zipf(1.0, 1_000)`, or the name of a hole",
                    ),
                );
                continue;
            };
            if let Some(draw) = self.workload.data.get_mut(draw) {
                draw.value = popularity;
            }
        }
        for &(at, span) in &self.faults {
            if at > self.workload.duration && self.workload.duration > Duration::ZERO {
                let message = "this happens after the workload has ended";
                cx.report(
                    Diagnostic::warning("no-effect", span, message)
                        .help("make it earlier, or the `duration` longer"),
                );
            }
        }
        self.workload
    }

    /// The popularity of a route's parameter.
    fn of_route(&self, name: &str) -> Option<Popularity> {
        let routes = self
            .workload
            .requests
            .iter()
            .flat_map(|stream| &stream.routes);
        let drawn = routes
            .flat_map(|route| &route.params)
            .find(|(param, _)| param == name)
            .map(|(_, popularity)| popularity.clone());
        drawn.or_else(|| {
            let default = self.defaults.get(name);
            default.map(|(popularity, _)| popularity.clone())
        })
    }
}

/// A route's parameters in the order of the indices in its pattern, which are those of its holes'
/// names in the order of the text.
fn put_in_order(route: &mut RouteDraw) {
    let names = hole_names(&route.pattern.text);
    route
        .params
        .sort_by_key(|(name, _)| names.iter().position(|hole| hole == name));
}

/// The names of the holes of a pattern, in order.
pub(crate) fn hole_names(pattern: &str) -> Vec<String> {
    let mut names = Vec::new();
    // The same reader gives the names in the order of the text.
    let _ = cachepolicy_core::route::Pattern::parse(pattern, |name| {
        names.push(name.to_owned());
        None
    });
    names
}

pub(crate) fn duration(
    cx: &mut Context<'_>,
    draft: &mut WorkloadDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    let place = reader.place();
    let duration = reader.duration(cx)?;
    reader.finish(cx)?;
    if duration == Duration::ZERO {
        let diagnostic = Diagnostic::error("out-of-range", place, "a workload lasts some time");
        cx.report(diagnostic.help("write for example `duration 1h`"));
        return None;
    }
    draft.workload.duration = duration;
    Some(())
}

/// `200/s poisson`
pub(crate) fn arrivals(cx: &mut Context<'_>, reader: &mut Reader<'_>) -> Option<Arrivals> {
    let place = reader.place();
    let per_second = reader.rate(cx)?;
    if per_second <= 0.0 {
        let diagnostic = Diagnostic::error("out-of-range", place, "a rate of 0 gives no event");
        cx.report(diagnostic.help("write a rate above 0, or remove the line"));
        return None;
    }
    let constant = reader.eat("constant");
    if !constant {
        reader.eat("poisson");
    }
    Some(Arrivals {
        per_second,
        poisson: !constant,
    })
}

static ROUTE: Row = header_row(
    "METHOD",
    "\"/path\" [weight NUMBER] [NAME POPULARITY …]",
    "GET \"/articles/{slug}\" weight 60 slug zipf(1.0, 50_000)",
);

pub(crate) fn requests(
    cx: &mut Context<'_>,
    draft: &mut WorkloadDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    let arrivals = arrivals(cx, &mut reader)?;
    let Some(block) = property.block() else {
        return reader.expected(cx, "a block with what is asked for");
    };
    reader.finish(cx)?;
    let stream = draft.workload.requests.len();
    draft.workload.requests.push(RequestMix {
        arrivals,
        routes: Vec::new(),
    });
    for statement in &block.statements {
        if let Some(route) = route(cx, draft, stream, statement)
            && let Some(stream) = draft.workload.requests.get_mut(stream)
        {
            stream.routes.push(route);
        }
    }
    if block.statements.is_empty() {
        cx.report(
            Diagnostic::error("unexpected-value", block.span, "nothing is asked for here")
                .help("write routes into the block, for example `GET \"/\"`"),
        );
    }
    Some(())
}

fn route(
    cx: &mut Context<'_>,
    draft: &mut WorkloadDraft,
    stream: usize,
    statement: &Statement,
) -> Option<RouteDraw> {
    let property = Property {
        statement,
        row: &ROUTE,
        skip: 0,
    };
    let mut reader = property.value(cx);
    let method = routes::method(cx, &mut reader)?;
    let template = reader.template(cx, "a path in quotes")?;
    let mut names: Vec<String> = Vec::new();
    let pattern = routes::pattern(cx, template, &mut |name| {
        names.push(name.to_owned());
        Some((names.len() - 1) as u16)
    })?;
    let has_anonymous = pattern.segments.iter().any(|segment| {
        matches!(
            segment,
            PathSegment::Rest { param: None } | PathSegment::Hole { param: None, .. }
        )
    });
    if has_anonymous {
        cx.report(
            Diagnostic::error("bad-route", template.span, "no path can be made of a `*`").help(
                "give it a name and a popularity: `GET \"/{path:**}\" path zipf(1.0, 1_000)`",
            ),
        );
        return None;
    }
    let mut weight = None;
    let mut params: Vec<(String, Popularity)> = Vec::new();
    while !reader.is_done() {
        if weight.is_none() && !names.iter().any(|name| name == "weight") && reader.eat("weight") {
            weight = Some(reader.number(cx)?);
            continue;
        }
        let name = reader.name(cx, "`weight`, or the name of a hole")?;
        if !names.iter().any(|hole| hole == name.value) {
            let message = format!("the route has no `{{{}}}`", name.value);
            let help = match crate::suggest::closest(
                name.value,
                names.iter().map(String::as_str).chain(["weight"]),
            ) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => reader.usage(),
            };
            cx.report(Diagnostic::error("unknown-value", name.span, message).help(help));
            return None;
        }
        params.push((name.value.to_owned(), popularity(cx, &mut reader)?));
    }
    let index = draft
        .workload
        .requests
        .get(stream)
        .map_or(0, |stream| stream.routes.len());
    for part in &template.value.parts {
        if let Part::Hole(hole) = part {
            let name = hole.value.path.join(".");
            if !params.iter().any(|(param, _)| *param == name) {
                draft.open.push((stream, index, name, hole.span));
            }
        }
    }
    Some(RouteDraw {
        method,
        pattern,
        weight: weight.unwrap_or(1.0),
        params,
    })
}
