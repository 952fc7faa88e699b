//! A table, the worst first, and under it what causes each bound.

use super::Wanted;
use crate::output::colour::Meaning;
use crate::output::table::{Column, Field, plain};
use crate::output::{Terminal, units};
use crate::report::page::{Layout, Mark, Page, join};
use cachepolicy_analysis::{Bound, Bounds, By, Edge, Words};
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::Duration;

const COLUMNS: [Column; 6] = [
    Column::name("level"),
    Column::words("writes of", 0),
    Column::figure("at most", 0),
    Column::words("decided by", 1),
    Column::figure("by time alone", 3),
    Column::figure("with what it embeds", 2),
];

/// A policy that says nothing about writes has nothing to be bounded.
const NOTHING: &str = "No level of this policy says what it reads, so that nothing can be said about \
    writes: give each level its `reads`.";

/// Conditions that one level's edges miss, at most; the JSON has all of them.
const MISSED_MAX: usize = 3;

/// The bounds for a terminal.
pub fn for_people(policy: &Policy, wanted: Wanted, terminal: Terminal) -> String {
    let bounds = Bounds::new(policy, &Graph::new(policy));
    let rows = wanted.rows(policy, &bounds);
    let page = Page {
        terminal,
        layout: Layout::Lines,
    };
    if rows.is_empty() {
        return page.paragraph("", NOTHING, Meaning::Plain);
    }
    let words = Words {
        policy,
        bounds: &bounds,
    };
    let mut table = page.heading(
        "Worst case",
        "how long after a write an answer can still miss it, whatever the traffic",
    );
    let cells: Vec<_> = rows
        .iter()
        .map(|(level, bound)| row(policy, *level, bound))
        .collect();
    table.push_str(&page.table(&COLUMNS, &cells));
    let mut why = page.heading("Why", "");
    for (level, bound) in &rows {
        why.push_str(&reason(page, &words, *level, bound));
    }
    join(Layout::Lines, [table, why])
}

fn row(policy: &Policy, level: LevelId, bound: &Bound) -> Vec<Field> {
    let declared = &policy.levels[level.index()];
    let model = &policy.models[bound.model.index()];
    let (decided, meaning) = match bound.by {
        By::Embedded => ("what it embeds", Meaning::Plain),
        By::Time => ("time", Meaning::Warning),
        By::Edges => ("its edges", Meaning::Good),
    };
    let own = if declared.is_stored() {
        (limit(bound.staleness), meaning)
    } else {
        plain("not stored")
    };
    let through_time = if declared.is_stored() && bound.by == By::Edges {
        limit(bound.through_time)
    } else {
        String::new()
    };
    let end_to_end = if bound.end_to_end == bound.staleness {
        String::new()
    } else {
        limit(bound.end_to_end)
    };
    vec![
        plain(declared.name.clone()),
        plain(model.name.clone()),
        own,
        (decided.to_owned(), meaning),
        plain(through_time),
        plain(end_to_end),
    ]
}

fn limit(time: Duration) -> String {
    if time.is_forever() {
        "no limit".to_owned()
    } else {
        units::at_most(time.as_secs_f64())
    }
}

fn reason(page: Page, words: &Words<'_>, level: LevelId, bound: &Bound) -> String {
    let policy = words.policy;
    let mark = match bound.by {
        By::Embedded => Mark::Open,
        By::Time => Mark::Look,
        By::Edges => Mark::Holds,
    };
    let name = &policy.levels[level.index()].name;
    let model = &policy.models[bound.model.index()].name;
    let sentence = format!(
        "`{name}` when {model} is written: {}",
        words.path(level, bound)
    );
    let mut text = page.point(mark, &sentence);
    if let (By::Time, Edge::Unsound(missed)) = (bound.by, &bound.edge) {
        for one in missed.iter().take(MISSED_MAX) {
            let sentence = format!(
                "{}: {}",
                words.missed(level, bound.model, one),
                words.remedy(level, bound.model, one)
            );
            text.push_str(&page.paragraph("      → ", &sentence, Meaning::Faint));
        }
        if missed.len() > MISSED_MAX {
            let rest = format!("and {} more", missed.len() - MISSED_MAX);
            text.push_str(&page.paragraph("      → ", &rest, Meaning::Faint));
        }
    }
    text
}
