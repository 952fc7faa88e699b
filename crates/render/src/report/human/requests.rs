//! What users got: end to end, and by route.

use super::{View, sparkline};
use crate::output::colour::Meaning;
use crate::output::table::{Column, Field, plain};
use crate::output::{text, units};
use cachepolicy_core::sorting;
use cachepolicy_sim::report::{ObservedFigures, RequestFigures, UnroutedFigures};

/// Routes in the table; the JSON has all.
const ROUTES_MAX: usize = 12;

const COLUMNS: [Column; 11] = [
    Column::name("route"),
    Column::figure("count", 3),
    Column::figure("hits", 0),
    Column::words("over time", 2),
    Column::figure("bytes", 8),
    Column::figure("saved", 6),
    Column::figure("p50", 5),
    Column::figure("p99", 1),
    Column::figure("max", 7),
    Column::figure("errors", 1),
    Column::figure("leaks", 1),
];

pub(super) fn render(view: &View<'_>) -> String {
    let report = view.report;
    if report.requests.count == 0 {
        return String::new();
    }
    let over_time = sparkline::ratio(view, "hit_ratio");
    let mut rows = vec![row(view, None, &report.requests, over_time)];
    let mut routes: Vec<_> = report
        .routes
        .iter()
        .filter(|(_, figures)| figures.count > 0)
        .collect();
    // What costs most first: requests that an origin had to work for.
    sorting::by_key(&mut routes, |(_, figures)| {
        std::cmp::Reverse(figures.count - figures.origin_free.min(figures.count))
    });
    if routes.len() > 1 || report.unrouted.is_some() {
        for (name, figures) in routes.iter().take(ROUTES_MAX) {
            let over_time = sparkline::ratio(view, &format!("routes.{name}.hit_ratio"));
            rows.push(row(view, Some(name), figures, over_time));
        }
    }
    if let Some(unrouted) = &report.unrouted {
        rows.push(without_level(unrouted.count));
    }
    let mut section = view.heading(
        "Requests",
        "hits: without any origin work; p50, p99, max: until the answer",
    );
    section.push_str(&view.table(&COLUMNS, &rows));
    if routes.len() > ROUTES_MAX {
        let more = format!(
            "and {} more routes, with less work for the origins",
            routes.len() - ROUTES_MAX
        );
        section.push_str(&view.paragraph("  ", &more, Meaning::Faint));
    }
    if let Some(unrouted) = &report.unrouted {
        section.push_str(&view.paragraph("  ", &beginnings(unrouted), Meaning::Plain));
    }
    if let Some(observed) = &report.observed {
        section.push_str(&view.paragraph("  ", &beside(view, observed), Meaning::Plain));
    }
    section
}

/// The row of requests that no level answers.
fn without_level(count: u64) -> Vec<Field> {
    let mut row = vec![
        plain("(no level)".to_owned()),
        plain(units::count(count)),
        plain(units::ratio(0.0)),
    ];
    row.resize_with(COLUMNS.len(), || plain(String::new()));
    row
}

/// Which they are.
fn beginnings(unrouted: &UnroutedFigures) -> String {
    format!(
        "no `site` and no `view` answers {}: {}",
        units::plural(unrouted.count, "request", "requests"),
        named_beginnings(unrouted)
    )
}

/// What the paths of requests that no level answers begin with, and how many do.
pub(in crate::report) fn named_beginnings(unrouted: &UnroutedFigures) -> String {
    let named = unrouted.beginnings.iter();
    let named = named.map(|(name, count)| format!("{} {}", text::tame(name), units::count(*count)));
    let rest = unrouted.count
        - unrouted
            .beginnings
            .values()
            .sum::<u64>()
            .min(unrouted.count);
    let rest = (rest > 0).then(|| format!("others {}", units::count(rest)));
    let named: Vec<_> = named.chain(rest).collect();
    named.join(", ")
}

/// What the trace says that the cache did, beside what the policy would do.
fn beside(view: &View<'_>, observed: &ObservedFigures) -> String {
    let simulated = view.ratio(
        observed.simulated_hit_ratio,
        &["observed", "simulated_hit_ratio"],
    );
    let each = [
        (observed.hit, "hit"),
        (observed.stale, "stale"),
        (observed.updating, "updating"),
        (observed.revalidated, "revalidated"),
        (observed.expired, "expired"),
        (observed.miss, "miss"),
        (observed.bypass, "bypass"),
    ];
    let each = each.into_iter().filter(|(count, _)| *count > 0);
    let each: Vec<_> = each
        .map(|(count, name)| format!("{name} {}", units::count(count)))
        .collect();
    format!(
        "observed: {} of the {} with a cache status in the trace needed no origin ({}); simulated: {simulated} of the same",
        units::or_nothing(observed.hit_ratio, units::ratio),
        units::plural(observed.count, "request", "requests"),
        each.join(", "),
    )
}

/// Of a route, or of all requests.
fn row(
    view: &View<'_>,
    route: Option<&str>,
    figures: &RequestFigures,
    over_time: String,
) -> Vec<Field> {
    let path = |figure: &[&'static str]| match route {
        Some(route) => [&["routes", route][..], figure].concat(),
        None => [&["requests"][..], figure].concat(),
    };
    let name = match route {
        Some(route) => plain(text::tame(route)),
        None => ("all".to_owned(), Meaning::Strong),
    };
    let timed = figures.latency.max.is_some_and(|max| max > 0.0);
    let latency = |value: Option<f64>| {
        plain(if timed {
            units::or_nothing(value, units::seconds)
        } else {
            String::new()
        })
    };
    let (p99, meaning) = latency(figures.latency.p99);
    let p99 = view.spread(p99, &path(&["latency", "p99"]), units::seconds);
    vec![
        name,
        plain(units::count(figures.count)),
        (
            view.ratio(figures.hit_ratio, &path(&["hit_ratio"])),
            Meaning::Strong,
        ),
        (over_time, Meaning::Curve),
        plain(
            figures
                .byte_hit_ratio
                .map_or_else(String::new, units::ratio),
        ),
        plain(figures.saved.map_or_else(String::new, units::ratio)),
        latency(figures.latency.p50),
        (p99, meaning),
        latency(figures.latency.max),
        alarm(figures.errors),
        alarm(figures.leaks),
    ]
}

/// A count that should be zero: silent while it is.
pub(super) fn alarm(count: u64) -> Field {
    if count == 0 {
        plain("")
    } else {
        (units::count(count), Meaning::Bad)
    }
}
