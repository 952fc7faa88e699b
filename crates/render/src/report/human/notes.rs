//! How far the figures can be trusted: what the trace does not say, and what was left out.

use super::View;
use crate::output::{text, units};
use crate::report::page::Mark;

pub(super) fn render(view: &View<'_>) -> String {
    let mut points = String::new();
    for note in &view.report.notes {
        let mark = if rests_on_defaults(view, note) {
            Mark::Look
        } else {
            Mark::Open
        };
        points.push_str(&view.point(mark, &text::tame(note)));
    }
    if let Some(sentence) = sampled(view) {
        points.push_str(&view.point(Mark::Open, &sentence));
    }
    if points.is_empty() {
        return String::new();
    }
    format!("{}{points}", view.heading("To be known", ""))
}

/// Is the note about a dimension that the trace does not tell?
fn rests_on_defaults(view: &View<'_>, note: &str) -> bool {
    let mut dimensions = view.report.dimensions.iter();
    dimensions.any(|(name, coverage)| coverage.defaulted > 0 && note.contains(&format!("`{name}`")))
}

/// What the trace lacks and the workload's distributions gave.
fn sampled(view: &View<'_>) -> Option<String> {
    let names: Vec<_> = view
        .report
        .dimensions
        .iter()
        .filter(|(_, coverage)| coverage.sampled > 0)
        .map(|(name, coverage)| {
            let total = coverage.observed + coverage.sampled + coverage.defaulted;
            let share = units::ratio(coverage.sampled as f64 / total as f64);
            format!("`{name}` ({share} of the times)")
        })
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "drawn from the workload's distributions, since the trace lacks them: {}",
            names.join(", ")
        )
    })
}
