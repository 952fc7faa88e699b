//! What not all policies declare.

use super::View;
use crate::output::{text, units};
use crate::report::human::requests::named_beginnings;
use crate::report::page::Mark;
use cachepolicy_sim::compare::Only;
use cachepolicy_sim::report::Report;

/// Names in a point; the JSON has all.
const NAMES_MAX: usize = 8;

pub(super) fn render(view: &View<'_>) -> String {
    // What is declared by the same policies is told together.
    let mut points: Vec<(&Only, Vec<String>)> = Vec::new();
    for only in &view.comparison.only {
        let same = |(it, _): &&mut (&Only, _)| it.what == only.what && it.declared == only.declared;
        let name = name(view, only);
        match points.iter_mut().find(same) {
            Some((_, names)) => names.push(name),
            None => points.push((only, vec![name])),
        }
    }
    let unanswered = unanswered(view);
    if points.is_empty() && unanswered.is_empty() {
        return String::new();
    }
    let mut section = view.page.heading("Only in some", "");
    for sentence in unanswered {
        section.push_str(&view.page.point(Mark::Look, &sentence));
    }
    for (only, names) in &points {
        section.push_str(&view.page.point(Mark::Look, &sentence(view, only, names)));
    }
    section
}

/// Where the policies do not answer the same requests: how many each leaves without a level.
fn unanswered(view: &View<'_>) -> Vec<String> {
    let unrouted: Vec<_> = view
        .comparison
        .policies
        .iter()
        .map(|policy| policy.did.report().unrouted.as_ref())
        .collect();
    let first = unrouted.first().copied().flatten();
    if unrouted.iter().all(|it| *it == first) {
        return Vec::new();
    }
    let each = unrouted.iter().enumerate();
    let some = each.filter_map(|(index, unrouted)| Some((index, (*unrouted)?)));
    some.map(|(index, unrouted)| {
        format!(
            "no `site` and no `view` of {} answers {}: {}",
            view.named(|it| it == index),
            units::plural(unrouted.count, "request", "requests"),
            named_beginnings(unrouted)
        )
    })
    .collect()
}

/// ``removed, only in `before`: level `sidebar` (12.3k look-ups, hits 81.2%)``
fn sentence(view: &View<'_>, only: &Only, names: &[String]) -> String {
    let declares = |index: usize| only.declared.get(index) == Some(&true);
    let known = view.named(declares);
    let which = match (view.policies(), declares(0)) {
        (2, true) => format!("removed, only in {known}"),
        (2, false) => format!("added, only in {known}"),
        _ => format!("only in {known}"),
    };
    let plural = if names.len() == 1 { "" } else { "s" };
    let shown = names.get(..NAMES_MAX).unwrap_or(names).join(", ");
    let more = match names.len().saturating_sub(NAMES_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{which}: {}{plural} {shown}{more}", only.what)
}

/// Its name, and what it did.
fn name(view: &View<'_>, only: &Only) -> String {
    let reports = view.comparison.policies.iter().map(|it| it.did.report());
    let mut reports = reports.zip(&only.declared);
    let there = reports.find(|(_, declared)| **declared);
    let figures = there.and_then(|(report, _)| figures(report, only));
    format!(
        "`{}`{}",
        text::tame(&only.name),
        figures.unwrap_or_default()
    )
}

/// What it did where it is.
fn figures(report: &Report, only: &Only) -> Option<String> {
    match only.what {
        "level" => {
            let level = report.levels.get(&only.name).filter(|it| it.lookups > 0)?;
            Some(format!(
                " ({}, hits {})",
                units::plural(level.lookups, "look-up", "look-ups"),
                units::or_nothing(level.hit_ratio, units::ratio)
            ))
        }
        "backend" => {
            let backend = report.backends.get(&only.name)?;
            let copies = units::plural(backend.entries_peak, "copy", "copies");
            Some(format!(" ({copies} at most)"))
        }
        "origin" => {
            let origin = report.origins.get(&only.name)?;
            Some(format!(
                " ({} of work)",
                units::plural(origin.work, "unit", "units")
            ))
        }
        _ => None,
    }
}
