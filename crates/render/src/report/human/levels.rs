//! Each level's own look-ups, lowest hit ratio first.

use super::requests::alarm;
use super::{View, sparkline};
use crate::output::colour::Meaning;
use crate::output::table::{Column, Field, plain};
use crate::output::units;
use cachepolicy_core::sorting;
use cachepolicy_sim::report::LevelFigures;

const COLUMNS: [Column; 11] = [
    Column::name("level"),
    Column::words("kind", 6),
    Column::figure("look-ups", 4),
    Column::figure("hits", 0),
    Column::words("over time", 2),
    Column::figure("stale", 5),
    Column::figure("absent", 8),
    Column::figure("bypass", 7),
    Column::figure("fills", 1),
    Column::figure("p99", 3),
    Column::figure("leaks", 1),
];

pub(super) fn render(view: &View<'_>) -> String {
    let looked_up = view
        .report
        .levels
        .iter()
        .filter(|(_, figures)| figures.lookups > 0);
    let mut levels: Vec<_> = looked_up.collect();
    if levels.is_empty() {
        return String::new();
    }
    sorting::by(&mut levels, |(_, a), (_, b)| {
        let ratio = |figures: &LevelFigures| figures.hit_ratio.unwrap_or(f64::INFINITY);
        b.leaks.cmp(&a.leaks).then(ratio(a).total_cmp(&ratio(b)))
    });
    let rows: Vec<_> = levels
        .into_iter()
        .map(|(name, figures)| row(view, name, figures))
        .collect();
    let mut section = view.heading(
        "Levels",
        "lowest hit ratio first; p99: from look-up to answer",
    );
    section.push_str(&view.table(&COLUMNS, &rows));
    section
}

fn row(view: &View<'_>, name: &str, figures: &LevelFigures) -> Vec<Field> {
    let some = |count: u64| {
        plain(if count == 0 {
            String::new()
        } else {
            units::count(count)
        })
    };
    let over_time = sparkline::ratio(view, &format!("levels.{name}.hit_ratio"));
    let latency = figures.latency.p99.filter(|&p99| p99 > 0.0);
    vec![
        plain(name),
        (figures.kind.clone(), Meaning::Faint),
        plain(units::count(figures.lookups)),
        (
            view.ratio(figures.hit_ratio, &["levels", name, "hit_ratio"]),
            Meaning::Strong,
        ),
        (over_time, Meaning::Curve),
        some(figures.stale),
        some(figures.negative),
        some(figures.bypass),
        plain(units::count(figures.fills)),
        plain(view.spread(
            latency.map_or_else(String::new, units::seconds),
            &["levels", name, "latency", "p99"],
            units::seconds,
        )),
        alarm(figures.leaks),
    ]
}
