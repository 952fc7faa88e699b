//! A policy and how its levels hang together; for all requests, or for those that one view answers.

use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::{BackendId, DimensionId, LevelId};
use cachepolicy_core::level::{Level, LevelKind};
use cachepolicy_core::policy::{Domain, Policy};
use cachepolicy_core::units::Duration;

/// See the module's description.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Structure<'p> {
    pub(crate) policy: &'p Policy,
    pub(crate) graph: &'p Graph,
    /// Of the views that a site contains because of its route, only this one.
    pub(crate) view: Option<LevelId>,
    /// What happens to the backends.
    pub(crate) outages: &'p [Outage],
}

/// A backend that cannot be reached for some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// The backend.
    pub backend: BackendId,
    /// For how long.
    pub time: Duration,
}

impl<'p> Structure<'p> {
    pub(crate) fn level(&self, level: LevelId) -> Option<&'p Level> {
        self.policy.levels.get(level.index())
    }

    pub(crate) fn is_stored(&self, level: LevelId) -> bool {
        self.level(level).is_some_and(Level::is_stored)
    }

    /// Do some requests go past its copies, although its backends are up: does its `skip` hold for
    /// them, or has a dimension that it depends on a value outside of its domain?
    pub(crate) fn is_left_out(&self, level: LevelId) -> bool {
        let has_skip = self.level(level).is_some_and(|level| level.skip.is_some());
        let can_be_outside = |dimension: &DimensionId| {
            let dimension = self.policy.dimensions.get(dimension.index());
            dimension.is_some_and(|dimension| match dimension.domain {
                Domain::Any => false,
                Domain::Negotiated(_) if dimension.otherwise.is_some() => false,
                _ => !dimension.coerce,
            })
        };
        let all = self.graph.dependencies(level);
        has_skip || all.is_some_and(|all| all.dimensions.iter().any(can_be_outside))
    }

    /// The levels that it embeds directly, finest first.
    pub(crate) fn contained(self, outer: LevelId) -> impl Iterator<Item = LevelId> {
        let level = self.level(outer);
        let is_site = level.is_some_and(|level| level.kind == LevelKind::Site);
        let is_written = move |inner: LevelId| {
            level.is_some_and(|level| level.contains.iter().any(|own| own.level == inner))
        };
        self.graph.contained(outer).filter(move |&inner| {
            !is_site || self.view.is_none_or(|view| view == inner) || is_written(inner)
        })
    }
}
