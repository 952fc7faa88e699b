//! How far the figures can be trusted: what the trace does not say, and what was left out.

use super::{Mark, View};
use crate::output::{text, units};

pub(super) fn render(view: &View<'_>) -> String {
    let mut points = String::new();
    for (name, coverage) in &view.report.dimensions {
        let total = coverage.observed + coverage.sampled + coverage.defaulted;
        if total == 0 {
            continue;
        }
        let share = |count: u64| units::ratio(count as f64 / total as f64);
        if coverage.defaulted > 0 {
            let sentence = format!(
                "`{name}` is not known of {} of the requests, which got its default: figures that \
                 depend on it show one variant where there may be many",
                share(coverage.defaulted)
            );
            points.push_str(&view.point(Mark::Look, &sentence));
        }
        if coverage.sampled > 0 {
            let sentence = format!(
                "`{name}` was drawn from the workload's distribution for {} of the requests",
                share(coverage.sampled)
            );
            points.push_str(&view.point(Mark::Open, &sentence));
        }
    }
    for note in &view.report.notes {
        points.push_str(&view.point(Mark::Open, &text::tame(note)));
    }
    if points.is_empty() {
        return String::new();
    }
    format!("{}{points}", view.heading("To be known", ""))
}
