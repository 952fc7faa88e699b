//! What follows from how levels contain one another: what they depend on, and who contains them.

use crate::ids::DimensionId;
use crate::policy::Policy;

/// The dimension itself, the one that it follows `by`, the one that that one follows, and so on: a
/// key that has any of them covers it.
pub fn determiners(policy: &Policy, dimension: DimensionId) -> impl Iterator<Item = DimensionId> {
    let by = |id: &DimensionId| policy.dimensions.get(id.index()).and_then(|d| d.by);
    // A wrong policy may have a cycle; no chain is longer than the list.
    core::iter::successors(Some(dimension), by).take(policy.dimensions.len() + 1)
}
