//! What was compared, and what came of it in a sentence or two.

use super::View;
use crate::output::colour::Meaning;
use crate::output::table::{Column, Field, INDENT, plain};
use crate::output::{text, units};
use crate::report::human::{headline, sparkline};
use crate::report::page::{Layout, Mark};

const COLUMNS: [Column; 5] = [
    Column::name(""),
    Column::words("policy", 0),
    Column::figure("hits", 1),
    Column::figure("out of date", 2),
    Column::words("hits over time", 3),
];

/// Columns that a file's name may take.
const FILE_WIDTH: usize = 32;

pub(super) fn render(view: &View<'_>) -> String {
    let comparison = view.comparison;
    let Some(first) = comparison.policies.first() else {
        return String::new();
    };
    let report = first.did.report();
    let title = format!("{} policies on {}", view.policies(), view.input);
    let mut text = view.page.title(&title);
    let replayed = format!(
        "{}, {}{}",
        headline::events(report),
        seeds(view),
        headline::warmup(report)
    );
    text.push_str(&view.page.paragraph("  ", &replayed, Meaning::Faint));
    text.push('\n');
    text.push_str(&policies(view));
    let points = [verdict(view), newly_missed(view), chance(view)];
    let points = points.into_iter().flatten();
    let points: String = points
        .map(|(mark, it)| view.page.point(mark, &it))
        .collect();
    if !points.is_empty() {
        text.push('\n');
        text.push_str(&points);
    }
    text
}

/// Which seeds, and what a `±` means.
fn seeds(view: &View<'_>) -> String {
    let Some(seeds) = &view.comparison.seeds else {
        let first = view.comparison.policies.first();
        let seed = first.map_or(0, |policy| policy.did.report().seed);
        return format!("seed {seed}");
    };
    match seeds.as_slice() {
        [first, .., last] => format!(
            "seeds {first} to {last}: means; ± half of the 95% confidence interval of the difference within each seed"
        ),
        [only] => format!("seed {only} alone, which says nothing about others"),
        [] => String::new(),
    }
}

/// Which column is which policy.
fn policies(view: &View<'_>) -> String {
    let rows = view.comparison.policies.iter().zip(&view.titles);
    let rows: Vec<_> = rows
        .map(|(policy, title)| {
            let report = policy.did.report();
            let over_time = sparkline::of(report, "hit_ratio", view.page.terminal.width);
            let file = text::tame(&policy.file);
            let file = match view.page.layout {
                Layout::Lines => text::shorten_middle(&file, FILE_WIDTH),
                Layout::Markdown | Layout::Html => file,
            };
            let with = match policy.set.is_empty() {
                true => String::new(),
                false => format!(" with {}", text::tame(&policy.set.join("; "))),
            };
            let out_of_date = report.requests.out_of_date.ratio;
            vec![
                (title.clone(), Meaning::Strong),
                plain(format!("{file}{with}")),
                plain(units::or_nothing(report.requests.hit_ratio, units::ratio)),
                plain(units::or_nothing(out_of_date, units::ratio)),
                (over_time, Meaning::Curve),
            ]
        })
        .collect();
    let room = view.page.terminal.width.saturating_sub(INDENT + 2);
    let fits = |row: &Vec<Field>| {
        let named = row.iter().take(2).map(|(cell, _)| text::width(cell));
        named.sum::<usize>() <= room
    };
    if view.page.layout != Layout::Lines || rows.iter().all(fits) {
        return view.page.table(&COLUMNS, &rows);
    }
    // What is replaced is not to be shortened: without the figures it has several lines.
    let line = |row: &Vec<Field>| {
        let cell = |index: usize| row.get(index).map_or("", |(cell, _)| cell.as_str());
        let first = format!("  {}  ", cell(0));
        view.page.paragraph(&first, cell(1), Meaning::Plain)
    };
    rows.iter().map(line).collect()
}

/// Nothing differs at all.
fn verdict(view: &View<'_>) -> Option<(Mark, String)> {
    let comparison = view.comparison;
    let changed = comparison.claims.iter().any(|claim| claim.changed);
    if !comparison.differences.is_empty() || changed || !comparison.only.is_empty() {
        return None;
    }
    let mut hashes = comparison.policies.iter().map(|it| &it.identity.hash);
    let first = hashes.next();
    let why = if hashes.all(|hash| Some(hash) == first) {
        "no figure differs: the policies are the same text"
    } else {
        "no figure differs"
    };
    Some((Mark::Holds, why.to_owned()))
}

fn newly_missed(view: &View<'_>) -> Option<(Mark, String)> {
    let claims = &view.comparison.claims;
    let broken = claims.iter().filter(|claim| claim.is_newly_missed());
    let missed = |index: usize| {
        index > 0
            && broken.clone().any(|claim| {
                let outcome = claim.outcomes.get(index).copied().flatten();
                outcome.is_some_and(|outcome| outcome.held == Some(false))
            })
    };
    let count = broken.clone().count() as u64;
    let first = view.titles.first()?;
    (count > 0).then(|| {
        let what = units::plural(count, "expectation is", "expectations are");
        let by = view.named(missed);
        (
            Mark::Fails,
            format!("{what} missed by {by} and not by `{first}`"),
        )
    })
}

/// One run cannot tell what chance does.
fn chance(view: &View<'_>) -> Option<(Mark, String)> {
    let alone = view
        .comparison
        .seeds
        .as_ref()
        .is_none_or(|seeds| seeds.len() < 2);
    (alone && !view.comparison.differences.is_empty()).then(|| {
        let sentence = "one seed: small differences may be chance; `--seeds 10` tells them apart";
        (Mark::Open, sentence.to_owned())
    })
}
