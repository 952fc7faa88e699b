//! What is said to who named something that is not there.

use crate::Refused;
use cachepolicy_compiler::{closest, codes};
use cachepolicy_core::workload::Workload;
use cachepolicy_core::{Policy, WorkloadId};

/// `there is no diagnostic …; did you mean …?`
pub fn unknown_code(code: &str) -> String {
    let meant = closest(code, codes::codes().map(|doc| doc.code));
    let advice = meant.map_or_else(
        || "`cachepolicy explain` lists all".to_owned(),
        |meant| format!("did you mean `{meant}`?"),
    );
    format!("there is no diagnostic with the code `{code}`; {advice}")
}

/// `; did you mean `x`?`, or what there is.
pub fn did_you_mean<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match closest(word, known.clone()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => {
            let all: Vec<_> = known.map(|name| format!("`{name}`")).collect();
            format!("there is {}", all.join(", "))
        }
    }
}

/// The workload of that name, else the first. `instead`: what else may be done where there is none.
///
/// # Errors
/// When there is none, or none of that name.
pub fn choose_workload<'p>(
    policy: &'p Policy,
    name: Option<&str>,
    instead: &str,
) -> Result<(WorkloadId, &'p Workload), Refused> {
    let mut workloads = (0..).map(WorkloadId).zip(&policy.workloads);
    let found = match name {
        Some(name) => workloads.find(|(_, workload)| workload.name == name),
        None => workloads.next(),
    };
    let Policy {
        name: of,
        workloads,
        ..
    } = policy;
    found.ok_or_else(|| {
        Refused(match name {
            Some(name) if !workloads.is_empty() => {
                let names = workloads.iter().map(|workload| workload.name.as_str());
                let advice = did_you_mean(name, names);
                format!("`{of}` has no workload `{name}`; {advice}")
            }
            _ => format!("`{of}` has no workload: {instead}, or write a `workload` block"),
        })
    })
}
