//! The report as JSON: the stable names, one document, a line break at its end.

use cachepolicy_sim::aggregate::Aggregate;
use cachepolicy_sim::report::Report;

/// Indented, since people read it too; the same bytes for the same report.
pub fn render(report: &Report) -> String {
    let mut text = report.to_json();
    text.push('\n');
    text
}

/// Of several seeds: means, with intervals beside them.
pub fn of_seeds(aggregate: &Aggregate) -> String {
    let mut text = aggregate.to_json();
    text.push('\n');
    text
}
