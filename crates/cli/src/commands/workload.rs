//! Which of a policy's workloads is meant.

use anyhow::{Context as _, Result};
use cachepolicy_core::units::Time;
use cachepolicy_core::workload::Workload;
use cachepolicy_core::{Policy, WorkloadId};
use cachepolicy_render::choose_workload;

/// The one of that name, else the first.
pub(crate) fn choose<'p>(
    policy: &'p Policy,
    name: Option<&str>,
) -> Result<(WorkloadId, &'p Workload)> {
    Ok(choose_workload(policy, name, "give a trace")?)
}

/// The one of that number.
pub(crate) fn get(policy: &Policy, id: WorkloadId) -> Result<&Workload> {
    let workload = policy.workloads.get(id.index());
    workload.with_context(|| format!("`{}` has no workload number {}", policy.name, id.0))
}

/// How much there is of it, for progress.
pub(crate) fn extent(workload: &Workload) -> u64 {
    workload.duration.nanos().unsigned_abs()
}

/// How far a generated event is by its time: a workload begins at time zero.
pub(crate) fn done(at: Time) -> u64 {
    at.nanos().max(0).unsigned_abs()
}
