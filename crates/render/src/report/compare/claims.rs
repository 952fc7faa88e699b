//! Expectations that are not the same in all policies: missed by one and held by another,
//! tightened or loosened, new or given up.

use super::View;
use crate::output::colour::Meaning;
use crate::output::table::{Column, Field, plain};
use crate::output::{text, units};
use crate::report::page::Mark;
use cachepolicy_core::expectation::Unit;
use cachepolicy_core::sorting;
use cachepolicy_sim::compare::{ClaimOutcome, ClaimRow};

/// More are in the JSON.
const ROWS_MAX: usize = 30;

pub(super) fn render(view: &View<'_>) -> String {
    let mut changed: Vec<_> = view
        .comparison
        .claims
        .iter()
        .filter(|it| it.changed)
        .collect();
    if changed.is_empty() {
        return String::new();
    }
    sorting::by_key(&mut changed, |claim| {
        (!claim.is_newly_missed(), !claim.is_missed())
    });
    let mut columns = vec![Column::name("claim")];
    columns.extend(view.titles.iter().map(|title| Column::words(title, 0)));
    let rows: Vec<_> = changed
        .iter()
        .take(ROWS_MAX)
        .map(|claim| row(claim))
        .collect();
    let mut section = view.page.heading("Expectations that changed", "");
    section.push_str(&view.page.table(&columns, &rows));
    if changed.len() > ROWS_MAX {
        let more = format!("and {} more", changed.len() - ROWS_MAX);
        section.push_str(&view.page.paragraph("  ", &more, Meaning::Faint));
    }
    section
}

fn row(claim: &ClaimRow) -> Vec<Field> {
    let mut row = vec![plain(text::tame(&claim.claim))];
    let limits = !claim.same_limit();
    row.extend(claim.outcomes.iter().map(|outcome| match outcome {
        Some(outcome) => cell(claim, outcome, limits),
        None => ("not claimed".to_owned(), Meaning::Faint),
    }));
    row
}

/// `✗ 74.2%`; with its limit where policies have different ones.
fn cell(claim: &ClaimRow, outcome: &ClaimOutcome, with_limit: bool) -> Field {
    let mark = match outcome.held {
        Some(true) => Mark::Holds,
        Some(false) => Mark::Fails,
        None => Mark::Open,
    };
    let unit = unit(&claim.unit);
    let figure = match outcome.figure {
        Some(figure) => units::figure(figure, unit),
        None if outcome.held.is_some() => units::NOTHING.to_owned(),
        None if claim.kind == "measure" => "no data".to_owned(),
        None => "by proof".to_owned(),
    };
    let limit = outcome.limit.filter(|_| with_limit);
    let limit = limit.map_or_else(String::new, |limit| {
        format!(", limit {}", units::figure(limit, unit))
    });
    (format!("{} {figure}{limit}", mark.sign()), mark.meaning())
}

/// A unit by its name in reports.
fn unit(name: &str) -> Unit {
    match name {
        "ratio" => Unit::Ratio,
        "seconds" => Unit::Seconds,
        "per-second" => Unit::PerSecond,
        "bytes" => Unit::Bytes,
        _ => Unit::Count,
    }
}
