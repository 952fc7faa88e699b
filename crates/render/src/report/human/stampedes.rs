//! Fills of one key at the same time, the worst first, and the waiting that prevents them.

use super::View;
use crate::output::colour::Meaning;
use crate::output::table::{Column, Field, plain};
use crate::output::{text, units};
use cachepolicy_core::sorting;
use cachepolicy_sim::report::LevelFigures;

/// Columns for a key; the JSON has all of it.
const KEY_WIDTH: usize = 28;

const COLUMNS: [Column; 9] = [
    Column::name("level"),
    Column::figure("peak", 0),
    Column::words("key", 1),
    Column::figure("at", 3),
    Column::words("after", 2),
    Column::figure("redundant", 4),
    Column::figure("waits", 5),
    Column::figure("in vain", 6),
    Column::figure("wait p99", 7),
];

pub(super) fn render(view: &View<'_>) -> String {
    let levels = view.report.levels.iter();
    let mut levels: Vec<_> = levels
        .filter(|(_, figures)| figures.stampede.peak > 1 || figures.lock.waits > 0)
        .collect();
    if levels.is_empty() {
        return String::new();
    }
    sorting::by_key(&mut levels, |(_, figures)| {
        std::cmp::Reverse(figures.stampede.peak)
    });
    let rows: Vec<_> = levels
        .into_iter()
        .map(|(name, figures)| row(name, figures))
        .collect();
    let mut section = view.heading(
        "Stampedes",
        "peak: the most fills of one key at the same time",
    );
    section.push_str(&view.table(&COLUMNS, &rows));
    section
}

fn row(name: &str, figures: &LevelFigures) -> Vec<Field> {
    let stampede = &figures.stampede;
    let several = stampede.peak > 1;
    let key = stampede.key.as_deref().filter(|_| several).map(text::tame);
    let some = |count: u64| {
        plain(if count == 0 {
            String::new()
        } else {
            units::count(count)
        })
    };
    vec![
        plain(name),
        (
            units::count(stampede.peak),
            if several {
                Meaning::Warning
            } else {
                Meaning::Good
            },
        ),
        plain(key.map_or_else(String::new, |key| text::shorten_middle(&key, KEY_WIDTH))),
        plain(
            stampede
                .at
                .filter(|_| several)
                .map_or_else(String::new, units::seconds),
        ),
        plain(
            stampede
                .cause
                .clone()
                .filter(|_| several)
                .unwrap_or_default(),
        ),
        plain(
            figures
                .redundant_fills
                .filter(|&share| share > 0.0)
                .map_or_else(String::new, units::ratio),
        ),
        some(figures.lock.waits),
        some(figures.lock.timeouts),
        plain(
            figures
                .lock
                .wait
                .p99
                .map_or_else(String::new, units::seconds),
        ),
    ]
}
