//! Whether what a policy's edges ask for can be done.

use crate::start_error::StartError;
use crate::tiers::Tiers;
use cachepolicy_core::Policy;
use cachepolicy_core::edge::{Action, EdgeBlock, Target};
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::policy::Delivery;

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

pub(crate) fn check_bus(policy: &Policy, block: &EdgeBlock) -> Result<(), StartError> {
    let bus = block.bus.and_then(|bus| policy.buses.get(bus.index()));
    let Some(bus) = bus else {
        return Ok(());
    };
    if bus.delivery != Delivery::InProcess {
        #[cfg(feature = "redis")]
        return Ok(());
        #[cfg(not(feature = "redis"))]
        return Err(StartError::Bus {
            bus: bus.name.clone(),
        });
    }
    let is_wide = bus.reaches == cachepolicy_core::policy::Reaches::AllProcesses;
    if is_wide && policy.processes > 1 {
        return Err(StartError::Processes {
            bus: bus.name.clone(),
            processes: policy.processes,
        });
    }
    Ok(())
}
