//! What follows from how levels contain one another: what a level depends on, and who contains it.
//!
//! A level depends on the dimensions that it uses, that select its variants, that its reads bind,
//! and that it hands to the levels that it contains; and on everything that those depend on. A site
//! also contains every view that answers a request that it answers and does not skip.

use crate::ids::{DimensionId, LevelId, ModelId};
use crate::key::{QueryFilter, holds_dimension};
use crate::level::{KeyPart, Level, LevelKind, ValueSource};
use crate::policy::Policy;
use crate::route::Route;
use std::collections::BTreeSet;

/// The dimension itself, the one that it follows `by`, the one that that one follows, and so on: a
/// key that has any of them covers it.
pub fn determiners(policy: &Policy, dimension: DimensionId) -> impl Iterator<Item = DimensionId> {
    let by = |id: &DimensionId| policy.dimensions.get(id.index()).and_then(|d| d.by);
    // A wrong policy may have a cycle; no chain is longer than the list.
    core::iter::successors(Some(dimension), by).take(policy.dimensions.len() + 1)
}

/// Does the dimension identify somebody, itself or by what it follows?
#[must_use]
pub fn is_personal(policy: &Policy, dimension: DimensionId) -> bool {
    determiners(policy, dimension).any(|id| {
        policy
            .dimensions
            .get(id.index())
            .is_some_and(|dimension| dimension.personal)
    })
}

/// How the levels of one policy hang together.
#[derive(Debug, Clone)]
pub struct Graph {
    levels: Vec<Node>,
}

#[derive(Debug, Clone, Default)]
struct Node {
    contained: BTreeSet<LevelId>,
    containers: BTreeSet<LevelId>,
    /// What it depends on without the views that a site contains by its route.
    own: Dependencies,
    /// What it depends on with them.
    all: Dependencies,
    /// For each parameter: the dimensions whose value it has in every look-up.
    param_dimensions: Vec<BTreeSet<DimensionId>>,
    /// The dimensions that it depends on and its key, variants and `skip` do not tell apart.
    uncovered: Vec<DimensionId>,
}

/// What a level depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dependencies {
    /// Request dimensions.
    pub dimensions: BTreeSet<DimensionId>,
    /// The session's CSRF token.
    pub csrf: bool,
    /// Models whose rows are read.
    pub models: BTreeSet<ModelId>,
}

impl Dependencies {
    fn merge(&mut self, other: &Self) {
        self.dimensions.extend(&other.dimensions);
        self.csrf |= other.csrf;
        self.models.extend(&other.models);
    }

    /// Of the level's own work, and of what it hands to others.
    fn of_own_work(level: &Level) -> Self {
        let sources = level
            .reads
            .iter()
            .flat_map(|read| read.bindings.iter().map(|binding| &binding.value))
            .chain(level.contains.iter().flat_map(|contain| &contain.args));
        let bound = sources.filter_map(|source| match source {
            ValueSource::Dimension(dimension) => Some(*dimension),
            ValueSource::Param(_) | ValueSource::Data(_) | ValueSource::Literal(_) => None,
        });
        Self {
            dimensions: level
                .uses
                .iter()
                .chain(&level.vary)
                .copied()
                .chain(bound)
                .collect(),
            csrf: level.uses_csrf,
            models: level.reads.iter().map(|read| read.model).collect(),
        }
    }
}

impl Graph {
    /// Of a policy whose levels stand behind what they contain.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        let mut graph = Self {
            levels: vec![Node::default(); policy.levels.len()],
        };
        graph.connect(policy);
        graph.close(policy);
        graph.trace_params(policy);
        let filter = QueryFilter::new(policy);
        for (index, level) in policy.levels.iter().enumerate() {
            let id = LevelId(index as u16);
            let Some(node) = graph.levels.get(index) else {
                continue;
            };
            let uncovered = graph.uncovered_among(policy, &filter, id, level, &node.all);
            if let Some(node) = graph.levels.get_mut(index) {
                node.uncovered = uncovered;
            }
        }
        graph
    }

    /// The levels that it embeds directly, finest first; for a site also the views that answer a
    /// request that it answers and does not skip.
    pub fn contained(&self, level: LevelId) -> impl Iterator<Item = LevelId> {
        self.node(level)
            .into_iter()
            .flat_map(|node| node.contained.iter().copied())
    }

    /// The levels that embed it directly, finest first.
    pub fn containers(&self, level: LevelId) -> impl Iterator<Item = LevelId> {
        self.node(level)
            .into_iter()
            .flat_map(|node| node.containers.iter().copied())
    }

    /// The levels that embed it, directly or through others, finest first: those that a `cascade`
    /// reaches.
    #[must_use]
    pub fn all_containers(&self, level: LevelId) -> Vec<LevelId> {
        let mut found = BTreeSet::new();
        let mut todo: Vec<LevelId> = self.containers(level).collect();
        while let Some(next) = todo.pop() {
            if found.insert(next) {
                todo.extend(self.containers(next));
            }
        }
        found.into_iter().collect()
    }

    /// What it depends on; a site, through all the views that it contains.
    #[must_use]
    pub fn dependencies(&self, level: LevelId) -> Option<&Dependencies> {
        self.node(level).map(|node| &node.all)
    }

    /// What a site's copy of a request that `view` answers depends on.
    #[must_use]
    pub fn dependencies_with(&self, site: LevelId, view: Option<LevelId>) -> Dependencies {
        let mut all = self
            .node(site)
            .map(|node| node.own.clone())
            .unwrap_or_default();
        if let Some(node) = view.and_then(|view| self.node(view)) {
            all.merge(&node.all);
        }
        all
    }

    /// The dimensions that a stored level depends on although neither its key nor its variants tell
    /// them apart and its `skip` does not exclude the requests that have them: its copies are served
    /// to requests for which they were not made. Empty for a level that is not stored.
    #[must_use]
    pub fn uncovered(&self, level: LevelId) -> &[DimensionId] {
        self.node(level)
            .map_or(&[], |node| node.uncovered.as_slice())
    }

    /// As [`Self::uncovered`], of a site's copies of the requests that `view` answers.
    #[must_use]
    pub fn uncovered_with(
        &self,
        policy: &Policy,
        site: LevelId,
        view: Option<LevelId>,
    ) -> Vec<DimensionId> {
        let Some(level) = policy.levels.get(site.index()) else {
            return Vec::new();
        };
        let all = self.dependencies_with(site, view);
        self.uncovered_among(policy, &QueryFilter::new(policy), site, level, &all)
    }

    fn node(&self, level: LevelId) -> Option<&Node> {
        self.levels.get(level.index())
    }

    fn connect(&mut self, policy: &Policy) {
        let mut edges = Vec::new();
        for (index, level) in policy.levels.iter().enumerate() {
            let id = LevelId(index as u16);
            edges.extend(level.contains.iter().map(|contain| (id, contain.level)));
            let (LevelKind::Site, Some(route)) = (level.kind, &level.route) else {
                continue;
            };
            for (inner, view) in policy.levels.iter().enumerate() {
                let embeds = |inner: &Route| {
                    route.overlaps(inner)
                        && !level
                            .skip
                            .as_ref()
                            .is_some_and(|skip| skip.follows_from_path(&inner.pattern))
                };
                if view.kind == LevelKind::View && view.route.as_ref().is_some_and(embeds) {
                    edges.push((id, LevelId(inner as u16)));
                }
            }
        }
        for (outer, inner) in edges {
            if let Some(node) = self.levels.get_mut(outer.index()) {
                node.contained.insert(inner);
            }
            if let Some(node) = self.levels.get_mut(inner.index()) {
                node.containers.insert(outer);
            }
        }
    }

    /// Dependencies, from the finest level up.
    fn close(&mut self, policy: &Policy) {
        for (index, level) in policy.levels.iter().enumerate() {
            let mut own = Dependencies::of_own_work(level);
            for contain in &level.contains {
                if let Some(inner) = self.node(contain.level) {
                    own.merge(&inner.own);
                }
            }
            let mut all = own.clone();
            for inner in self.contained(LevelId(index as u16)) {
                if let Some(inner) = self.node(inner) {
                    all.merge(&inner.all);
                }
            }
            if let Some(node) = self.levels.get_mut(index) {
                node.own = own;
                node.all = all;
            }
        }
    }

    /// Which parameters always have the value of a dimension, from the coarsest level down.
    fn trace_params(&mut self, policy: &Policy) {
        let mut given: Vec<Vec<Option<BTreeSet<DimensionId>>>> = policy
            .levels
            .iter()
            .map(|level| vec![None; level.params.len()])
            .collect();
        for (index, level) in policy.levels.iter().enumerate().rev() {
            let own: Vec<BTreeSet<DimensionId>> = given
                .get(index)
                .into_iter()
                .flatten()
                .map(|dimensions| match dimensions {
                    // The holes of a route have the values of the path.
                    Some(dimensions) if level.route.is_none() => dimensions.clone(),
                    _ => BTreeSet::new(),
                })
                .collect();
            for contain in &level.contains {
                let Some(params) = given.get_mut(contain.level.index()) else {
                    continue;
                };
                for (slot, arg) in params.iter_mut().zip(&contain.args) {
                    let here: BTreeSet<DimensionId> = match arg {
                        ValueSource::Dimension(dimension) => BTreeSet::from([*dimension]),
                        ValueSource::Param(param) => {
                            own.get(usize::from(*param)).cloned().unwrap_or_default()
                        }
                        ValueSource::Data(_) | ValueSource::Literal(_) => BTreeSet::new(),
                    };
                    *slot = Some(match slot.take() {
                        Some(before) => before.intersection(&here).copied().collect(),
                        None => here,
                    });
                }
            }
            if let Some(node) = self.levels.get_mut(index) {
                node.param_dimensions = own;
            }
        }
    }

    fn uncovered_among(
        &self,
        policy: &Policy,
        filter: &QueryFilter,
        id: LevelId,
        level: &Level,
        dependencies: &Dependencies,
    ) -> Vec<DimensionId> {
        if !level.is_stored() {
            return Vec::new();
        }
        let is_skipped = |dimension: DimensionId| {
            level
                .skip
                .as_ref()
                .is_some_and(|skip| skip.follows_from_presence(dimension))
        };
        dependencies
            .dimensions
            .iter()
            .copied()
            .filter(|&dimension| {
                !determiners(policy, dimension).any(|each| {
                    self.is_in_key(policy, filter, (id, level), each) || is_skipped(each)
                })
            })
            .collect()
    }

    /// Does a level's key tell the values of a dimension apart?
    fn is_in_key(
        &self,
        policy: &Policy,
        filter: &QueryFilter,
        (id, level): (LevelId, &Level),
        dimension: DimensionId,
    ) -> bool {
        let params = self.node(id).map(|node| node.param_dimensions.as_slice());
        let mut params = (0..).zip(params.unwrap_or_default());
        let is_param = |index| {
            let part = KeyPart::Value(ValueSource::Param(index));
            level.key.parts.contains(&part)
        };
        level.vary.contains(&dimension)
            || holds_dimension(policy, filter, &level.key, dimension)
            || params.any(|(index, values)| values.contains(&dimension) && is_param(index))
    }

    /// Is a session's CSRF token in the level's copies, and nothing in its key that tells users
    /// apart? Then one browser gets the other's. `skip` does not help: who is not logged in has a
    /// token too.
    #[must_use]
    pub fn shares_token(&self, policy: &Policy, level: LevelId) -> bool {
        let all = self.dependencies(level);
        all.is_some_and(|all| self.shares_token_among(policy, level, all))
    }

    /// As [`Self::shares_token`], of a site's copies of the requests that `view` answers.
    #[must_use]
    pub fn shares_token_with(&self, policy: &Policy, site: LevelId, view: Option<LevelId>) -> bool {
        self.shares_token_among(policy, site, &self.dependencies_with(site, view))
    }

    fn shares_token_among(&self, policy: &Policy, id: LevelId, all: &Dependencies) -> bool {
        let Some(level) = policy.levels.get(id.index()) else {
            return false;
        };
        if !all.csrf || !level.is_stored() {
            return false;
        }
        let filter = QueryFilter::new(policy);
        let mut dimensions = (0..policy.dimensions.len()).map(|index| DimensionId(index as u16));
        !dimensions.any(|each| {
            is_personal(policy, each) && self.is_in_key(policy, &filter, (id, level), each)
        })
    }
}

#[cfg(test)]
mod tests;
