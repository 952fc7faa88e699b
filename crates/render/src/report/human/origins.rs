//! What the misses do to the origins, the busiest first.

use super::View;
use super::requests::alarm;
use crate::output::colour::Meaning;
use crate::output::table::{Column, Field, plain};
use crate::output::units;
use cachepolicy_core::sorting;
use cachepolicy_sim::report::OriginFigures;

/// Above this share of busy slots queues grow quickly.
const BUSY: f64 = 0.8;

const COLUMNS: [Column; 10] = [
    Column::name("origin"),
    Column::figure("work", 3),
    Column::figure("mean", 2),
    Column::figure("peak 1 s", 0),
    Column::figure("peak 100 ms", 5),
    Column::figure("busy", 0),
    Column::figure("slots peak", 6),
    Column::figure("queue peak", 1),
    Column::figure("wait p99", 4),
    Column::figure("failed", 1),
];

pub(super) fn render(view: &View<'_>) -> String {
    let mut origins: Vec<_> = view
        .report
        .origins
        .iter()
        .filter(|(_, figures)| figures.work > 0)
        .collect();
    if origins.is_empty() {
        return String::new();
    }
    sorting::by(&mut origins, |(_, a), (_, b)| {
        let busy = |figures: &OriginFigures| figures.utilisation.unwrap_or_default();
        busy(b).total_cmp(&busy(a))
    });
    let rows: Vec<_> = origins
        .into_iter()
        .map(|(name, figures)| row(view, name, figures))
        .collect();
    let mut section = view.heading("Origins", "busy: share of their slots, over the whole run");
    section.push_str(&view.table(&COLUMNS, &rows));
    section
}

fn row(view: &View<'_>, name: &str, figures: &OriginFigures) -> Vec<Field> {
    let busy = figures.utilisation.is_some_and(|share| share > BUSY);
    let queued = figures.queue_peak > 0;
    vec![
        plain(name),
        plain(units::count(figures.work)),
        plain(units::or_nothing(figures.rate.mean, units::rate)),
        (
            view.spread(
                units::or_nothing(figures.rate.peak_1s, units::rate),
                &["origins", name, "rate", "peak_1s"],
                units::rate,
            ),
            Meaning::Strong,
        ),
        plain(units::or_nothing(figures.rate.peak_100ms, units::rate)),
        (
            view.ratio(figures.utilisation, &["origins", name, "utilisation"]),
            if busy {
                Meaning::Warning
            } else {
                Meaning::Plain
            },
        ),
        plain(units::count(figures.busy_peak)),
        (
            units::count(figures.queue_peak),
            if queued {
                Meaning::Warning
            } else {
                Meaning::Plain
            },
        ),
        plain(
            figures
                .wait
                .p99
                .filter(|_| queued)
                .map_or_else(String::new, units::seconds),
        ),
        alarm(figures.failed),
    ]
}
