//! What the writes' invalidations did: lost ones first, then those that most often found nothing.

use super::View;
use super::requests::alarm;
use crate::output::colour::Meaning;
use crate::output::table::{Column, Field, plain};
use crate::output::units;
use cachepolicy_core::sorting;
use cachepolicy_sim::report::InvalidationFigures;

/// Rows in the table; the JSON has all.
const ROWS_MAX: usize = 15;

const COLUMNS: [Column; 7] = [
    Column::name("action"),
    Column::words("on", 3),
    Column::figure("deliveries", 2),
    Column::figure("removed", 0),
    Column::figure("most at once", 4),
    Column::figure("in vain", 0),
    Column::figure("lost", 1),
];

pub(super) fn render(view: &View<'_>) -> String {
    let mut actions: Vec<_> = view
        .report
        .invalidation
        .iter()
        .filter(|action| action.deliveries + action.lost > 0)
        .collect();
    if actions.is_empty() {
        return String::new();
    }
    sorting::by(&mut actions, |a, b| {
        b.lost.cmp(&a.lost).then(in_vain(b).total_cmp(&in_vain(a)))
    });
    let rows: Vec<_> = actions
        .iter()
        .take(ROWS_MAX)
        .map(|action| row(action))
        .collect();
    let mut section = view.heading(
        "Invalidation",
        "in vain: deliveries that found nothing to remove",
    );
    section.push_str(&view.table(&COLUMNS, &rows));
    if actions.len() > ROWS_MAX {
        let more = format!("and {} more, with less in vain", actions.len() - ROWS_MAX);
        section.push_str(&view.paragraph("  ", &more, Meaning::Faint));
    }
    section
}

fn in_vain(action: &InvalidationFigures) -> f64 {
    if action.deliveries == 0 {
        0.0
    } else {
        action.useless as f64 / action.deliveries as f64
    }
}

fn row(action: &InvalidationFigures) -> Vec<Field> {
    let most = action.removed_per_delivery.max.filter(|&most| most > 1.0);
    vec![
        plain(action.target.clone()),
        (action.on.clone(), Meaning::Faint),
        plain(units::count(action.deliveries)),
        plain(units::count(action.removed)),
        plain(most.map_or_else(String::new, units::number)),
        plain(units::ratio(in_vain(action))),
        alarm(action.lost),
    ]
}
