//! Look-ups that go past a level.

use crate::level::{Failure, Key, Outcome, Served};
use crate::load::Load;
use crate::lookup::Answer;
use crate::request::Request;
use cachepolicy_core::decide::BypassReason;
use cachepolicy_core::expr::RequestView as _;
use cachepolicy_core::ids::DimensionId;
use cachepolicy_core::level::Level;
use cachepolicy_core::vary::Normalised;
use std::sync::Arc;

/// As if the level were not stored.
pub(crate) async fn go_past<L: Load>(load: L, reason: Option<BypassReason>) -> Answer<L> {
    let value = load.load().await.map_err(Failure::Work)?;
    Ok(Served {
        value: value.map(Arc::new),
        outcome: Outcome::Bypass(reason),
        fresh_until: None,
    })
}

/// Why a request goes past the level.
#[inline]
pub(crate) fn bypass(key: &Key, level: &Level, request: Option<&Request>) -> Option<BypassReason> {
    let request = request?;
    if level.skip.as_ref().is_some_and(|skip| skip.holds(request)) {
        return Some(BypassReason::Skipped);
    }
    let dependencies = key.cache.inner.graph.dependencies(key.name.level)?;
    let is_outside = |id: &DimensionId| request.dimension(*id) == Normalised::Outside;
    dependencies
        .dimensions
        .iter()
        .any(is_outside)
        .then_some(BypassReason::OutsideDomain)
}
