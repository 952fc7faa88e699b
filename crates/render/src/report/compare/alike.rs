//! What does not differ, or hardly, or by no more than chance, in brief.

use super::View;
use super::rows::{Standing, named, standing};
use crate::output::{text, units};
use crate::report::page::Mark;
use cachepolicy_core::sorting;
use cachepolicy_sim::compare::{Difference, Group, Place, known};

/// Names in a sentence.
const NAMES_MAX: usize = 10;

pub(super) fn render(view: &View<'_>) -> String {
    let points = [
        claims(view),
        equal(view),
        subjects(view),
        differences(view, Standing::Chance, "no larger than chance"),
        differences(view, Standing::Hardly, "hardly apart"),
        more(view),
    ];
    let points = points.into_iter().flatten();
    let points: String = points.map(|it| view.page.point(Mark::Open, &it)).collect();
    if points.is_empty() {
        return String::new();
    }
    view.page.folded("What does not differ", "", &points)
}

/// `expectations: 6 held, 4 not decided, missed by all: …`
fn claims(view: &View<'_>) -> Option<String> {
    let same = view.comparison.claims.iter().filter(|claim| !claim.changed);
    let of = |held: Option<bool>| {
        same.clone().filter(move |claim| {
            let first = claim.outcomes.first().copied().flatten();
            first.is_some_and(|outcome| outcome.held == held)
        })
    };
    let counts = [(Some(true), "held"), (None, "not decided")].map(|(held, word)| {
        let count = of(held).count() as u64;
        (count > 0).then(|| format!("{} {word}", units::count(count)))
    });
    let mut parts: Vec<_> = counts.into_iter().flatten().collect();
    let missed: Vec<_> = of(Some(false))
        .map(|claim| format!("`{}`", text::tame(&claim.claim)))
        .collect();
    if !missed.is_empty() {
        parts.push(format!("missed by all: {}", some_of(&missed)));
    }
    (!parts.is_empty()).then(|| format!("expectations: {}", parts.join(", ")))
}

/// What users and origins have in common, with its value.
fn equal(view: &View<'_>) -> Option<String> {
    let places = view.comparison.equal.iter().filter_map(|(place, value)| {
        let known = known(place.group, &place.figure);
        let everybody = matches!(
            place.group,
            Group::Requests | Group::Origins | Group::Recovery
        );
        let value = units::figure((*value)?, known.unit);
        let words = known.words.filter(|_| everybody)?;
        Some((known.weight, format!("{} {value}", figure(place, words))))
    });
    let mut places: Vec<_> = places.collect();
    sorting::by(&mut places, |(a, _), (b, _)| b.total_cmp(a));
    let places: Vec<_> = places.into_iter().map(|(_, text)| text).collect();
    (!places.is_empty()).then(|| format!("equal: {}", some_of(&places)))
}

/// `requests leaks`, `db work`
fn figure(place: &Place, words: &str) -> String {
    format!("{} {words}", named(place))
}

/// Routes, levels and backends in which nothing differs that a table shows.
fn subjects(view: &View<'_>) -> Option<String> {
    let differs = |group: Group, name: &str| {
        view.comparison.differences.iter().any(|it| {
            it.place.group == group
                && it.place.subject.as_deref() == Some(name)
                && standing(view, it) != Standing::Hardly
                && it.known.words.is_some()
        })
    };
    let report = view.comparison.policies.first()?.did.report();
    let routes = report.routes.iter().filter(|(_, it)| it.count > 0);
    let levels = report.levels.iter().filter(|(_, it)| it.lookups > 0);
    let backends = report.backends.iter().filter(|(_, it)| it.entries_peak > 0);
    let alike = |group: Group, names: Vec<&String>, word: &str| {
        let alike = names.into_iter().filter(|name| !differs(group, name));
        let alike: Vec<_> = alike
            .map(|name| format!("`{}`", text::tame(name)))
            .collect();
        (!alike.is_empty()).then(|| format!("{word} {}", some_of(&alike)))
    };
    let parts = [
        alike(
            Group::Routes,
            routes.map(|(name, _)| name).collect(),
            "routes",
        ),
        alike(
            Group::Levels,
            levels.map(|(name, _)| name).collect(),
            "levels",
        ),
        alike(
            Group::Backends,
            backends.map(|(name, _)| name).collect(),
            "backends",
        ),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("nothing differs in {}", parts.join("; ")))
}

/// Differences that are told in a sentence.
fn differences(view: &View<'_>, wanted: Standing, words: &str) -> Option<String> {
    let all = view.comparison.differences.iter();
    let names: Vec<_> = all
        .filter(|it| standing(view, it) == wanted)
        .map(|it| figure(&it.place, it.known.words.unwrap_or_default()))
        .collect();
    (!names.is_empty()).then(|| format!("{words}: {}", some_of(&names)))
}

/// Figures that people have no name for.
fn more(view: &View<'_>) -> Option<String> {
    let unnamed = |it: &&Difference| it.known.words.is_none();
    let count = view.comparison.differences.iter().filter(unnamed).count() as u64;
    (count > 0).then(|| {
        let what = units::plural(count, "more figure differs", "more figures differ");
        format!("{what}: `--format json` has all")
    })
}

fn some_of(names: &[String]) -> String {
    let shown = names.get(..NAMES_MAX).unwrap_or(names).join(", ");
    match names.len().saturating_sub(NAMES_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
