//! Which of a policy's workloads is meant.

use crate::policy::did_you_mean;
use anyhow::{Result, bail};
use cachepolicy_core::workload::Workload;
use cachepolicy_core::{Policy, WorkloadId};
use cachepolicy_trace::Event;

/// The one of that name, else the first.
pub(crate) fn choose<'p>(
    policy: &'p Policy,
    name: Option<&str>,
) -> Result<(WorkloadId, &'p Workload)> {
    let mut workloads = (0..).map(WorkloadId).zip(&policy.workloads);
    let found = match name {
        Some(name) => workloads.find(|(_, workload)| workload.name == name),
        None => workloads.next(),
    };
    match (found, name) {
        (Some(found), _) => Ok(found),
        (None, Some(name)) if !policy.workloads.is_empty() => {
            let names = policy
                .workloads
                .iter()
                .map(|workload| workload.name.as_str());
            bail!(
                "`{}` has no workload `{name}`; {}",
                policy.name,
                did_you_mean(name, names)
            )
        }
        (None, _) => {
            bail!(
                "`{}` has no workload: give a trace, or write a `workload` block",
                policy.name
            )
        }
    }
}

/// How much there is of it, for progress.
pub(crate) fn extent(workload: &Workload) -> u64 {
    workload.duration.nanos().unsigned_abs()
}

/// How far a generated event is: a workload begins at time zero.
pub(crate) fn done(event: &Event) -> u64 {
    event.at().nanos().max(0).unsigned_abs()
}
