//! What was served although a write had made it wrong, worst first.

use super::View;
use crate::output::colour::Meaning;
use crate::output::table::{Column, Field, plain};
use crate::output::units;
use cachepolicy_core::sorting;
use cachepolicy_sim::report::{LevelFigures, OutOfDate};

const COLUMNS: [Column; 10] = [
    Column::name("served by"),
    Column::figure("serves", 5),
    Column::figure("share", 0),
    Column::figure("p50", 2),
    Column::figure("p99", 1),
    Column::figure("max", 0),
    Column::figure("at most", 2),
    Column::figure("writes missed", 4),
    Column::figure("window p99", 3),
    Column::figure("exposure max", 6),
];

pub(super) fn render(view: &View<'_>) -> String {
    let levels = view.report.levels.iter();
    let mut levels: Vec<_> = levels
        .filter(|(_, figures)| figures.out_of_date.serves > 0)
        .collect();
    if levels.is_empty() && view.report.requests.out_of_date.serves == 0 {
        return String::new();
    }
    sorting::by(&mut levels, |(_, a), (_, b)| {
        let ratio = |figures: &LevelFigures| figures.out_of_date.ratio.unwrap_or_default();
        ratio(b).total_cmp(&ratio(a))
    });
    let mut rows = vec![row("all requests", &view.report.requests.out_of_date, None)];
    rows.extend(
        levels
            .into_iter()
            .map(|(name, figures)| row(name, &figures.out_of_date, Some(figures))),
    );
    let mut section = view.heading(
        "Out of date",
        "p50, p99, max: how old the first write is that such an answer misses; at most: proved",
    );
    section.push_str(&view.table(&COLUMNS, &rows));
    section
}

fn row(name: &str, out_of_date: &OutOfDate, level: Option<&LevelFigures>) -> Vec<Field> {
    let late = &out_of_date.when_out_of_date;
    let time = |value: Option<f64>| value.map_or_else(String::new, units::seconds);
    vec![
        (
            name.to_owned(),
            if level.is_none() {
                Meaning::Strong
            } else {
                Meaning::Plain
            },
        ),
        plain(units::count(out_of_date.serves)),
        (
            units::or_nothing(out_of_date.ratio, units::ratio),
            Meaning::Strong,
        ),
        plain(time(late.p50)),
        plain(time(late.p99)),
        (time(late.max), Meaning::Warning),
        plain(level.map_or_else(String::new, bound)),
        plain(
            level
                .and_then(|level| level.version_lag.mean)
                .map_or_else(String::new, units::number),
        ),
        plain(time(level.and_then(|level| level.window.p99))),
        plain(time(level.and_then(|level| level.exposure.max))),
    ]
}

/// The worst of what was proved of a level, through writes of any model.
fn bound(level: &LevelFigures) -> String {
    let bounds = level.bounds.values();
    let worst = bounds.map(|bound| bound.seconds.unwrap_or(f64::INFINITY));
    match worst.reduce(f64::max) {
        None => String::new(),
        Some(seconds) if seconds.is_infinite() => "no limit".to_owned(),
        Some(seconds) => units::at_most(seconds),
    }
}
