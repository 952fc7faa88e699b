//! Which levels have versions that edges raise, and where that cannot be done.

use crate::start_error::StartError;
use crate::tiers::Tiers;
use cachepolicy_core::Policy;
use cachepolicy_core::edge::{Action, Target};
use cachepolicy_core::ids::LevelId;

/// Does an edge raise a level's versions?
pub(crate) fn is_bumped(policy: &Policy, level: LevelId) -> bool {
    let mut actions = policy.edges.iter().flat_map(|block| &block.actions);
    actions.any(|action| action.may_bump(level))
}

/// Where copies are shared, the version of a key must be known from its name, and asked for with each
/// look-up.
pub(crate) fn check_bumps(policy: &Policy, id: LevelId, tiers: &Tiers) -> Result<(), StartError> {
    let level = policy
        .levels
        .get(id.index())
        .map(|level| level.name.clone());
    let level = level.unwrap_or_default();
    let mut actions = policy.edges.iter().flat_map(|block| &block.actions);
    let of_name = |action: &Action| match &action.target {
        Target::Level { level, .. } => !action.cascade && *level == id,
        Target::Tag(_) => false,
    };
    if actions.any(|action| action.may_bump(id) && !of_name(action)) {
        return Err(StartError::BumpOfTags { level });
    }
    let has_memory = tiers.memories().next().is_some();
    if has_memory && is_bumped(policy, id) {
        return Err(StartError::BumpBehindMemory { level });
    }
    Ok(())
}
