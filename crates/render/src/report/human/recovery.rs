//! How long the faults were felt, the longest first.

use super::View;
use crate::output::colour::Meaning;
use crate::output::table::{Column, Field, plain};
use crate::output::units;
use cachepolicy_core::sorting;
use cachepolicy_sim::report::{Recovery, RecoveryOutcome};

const COLUMNS: [Column; 3] = [
    Column::name("fault"),
    Column::figure("at", 1),
    Column::figure("felt for", 0),
];

pub(super) fn render(view: &View<'_>) -> String {
    let mut faults: Vec<_> = view.report.recovery.iter().collect();
    if faults.is_empty() {
        return String::new();
    }
    // The longest first; what was not measured last.
    let felt = |fault: &Recovery| match fault.outcome {
        RecoveryOutcome::NotWithinTrace => f64::INFINITY,
        RecoveryOutcome::Recovered => fault.seconds.unwrap_or_default(),
        RecoveryOutcome::TooFewRequests => -1.0,
    };
    sorting::by(&mut faults, |a, b| felt(b).total_cmp(&felt(a)));
    let rows: Vec<_> = faults.into_iter().map(row).collect();
    let remark = "felt: until the hit ratio is 95% of what it was and no origin queues, for 30 s";
    let mut section = view.heading("Recovery", remark);
    section.push_str(&view.table(&COLUMNS, &rows));
    section
}

fn row(fault: &Recovery) -> Vec<Field> {
    let felt = match fault.outcome {
        RecoveryOutcome::Recovered => plain(units::or_nothing(fault.seconds, units::seconds)),
        RecoveryOutcome::NotWithinTrace => ("to the end".to_owned(), Meaning::Warning),
        RecoveryOutcome::TooFewRequests => {
            ("too few requests before it".to_owned(), Meaning::Faint)
        }
    };
    vec![
        plain(fault.fault.clone()),
        plain(units::seconds(fault.at)),
        felt,
    ]
}
