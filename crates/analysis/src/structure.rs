//! A policy and how its levels hang together; for all requests, or for those that one view answers.

use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::{BackendId, LevelId};
use cachepolicy_core::level::{Level, LevelKind};
use cachepolicy_core::policy::Policy;
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
