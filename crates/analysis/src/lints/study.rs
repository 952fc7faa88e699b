//! What the lints look at.

use super::accepted::Accepted;
use super::acted::Acted;
use super::finding::Place;
use super::traffic::Traffic;
use crate::bounds::missed::{Missed, Reason};
use crate::bounds::{Bounds, Edge};
use crate::cover::ActionRef;
use crate::kinds::Kind;
use crate::words::Words;
use cachepolicy_core::distribution::Distribution;
use cachepolicy_core::edge::EdgeBlock;
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::{LevelId, ModelId};
use cachepolicy_core::level::{Level, ValueSource};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::Duration;
use std::cell::OnceCell;

/// What is wrong for no longer than this is let be: who keeps copies for a minute has decided that a
/// minute does not matter.
pub(crate) const WORTH_TELLING: Duration = Duration::from_secs(60);

/// A policy and what is known of it.
pub(crate) struct Study<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) graph: &'a Graph,
    pub(crate) bounds: &'a Bounds,
    pub(crate) acted: Acted,
    pub(crate) accepted: Accepted,
    /// Copies that may stay old after a write, for longer than is worth telling, and that nobody
    /// said to know of. Finest level first.
    pub(crate) stale: Vec<Stale>,
    typical: Vec<f64>,
    traffic: OnceCell<Traffic>,
}

/// Copies of a level that may miss writes of a model.
pub(crate) struct Stale {
    pub(crate) level: LevelId,
    pub(crate) model: ModelId,
    /// How long after the write they are served at worst.
    pub(crate) lasts: Duration,
    /// The level's own work reads the model.
    pub(crate) is_own: bool,
    /// After which writes, and why.
    pub(crate) missed: Vec<Missed>,
}

impl<'a> Study<'a> {
    pub(crate) fn new(policy: &'a Policy, graph: &'a Graph, bounds: &'a Bounds) -> Self {
        let mut study = Self {
            policy,
            graph,
            bounds,
            acted: Acted::new(policy, graph),
            accepted: Accepted::new(policy, graph),
            stale: Vec::new(),
            typical: typical(policy, graph),
            traffic: OnceCell::new(),
        };
        study.stale = study.find_stale();
        study
    }

    /// All levels, finest first.
    pub(crate) fn levels(&self) -> impl Iterator<Item = (LevelId, &'a Level)> + use<'a> {
        let levels = self.policy.levels.iter().enumerate();
        levels.map(|(index, level)| (LevelId(index as u16), level))
    }

    pub(crate) fn level(&self, level: LevelId) -> Option<&'a Level> {
        self.policy.levels.get(level.index())
    }

    pub(crate) fn name(&self, level: LevelId) -> &'a str {
        self.level(level).map_or("", |level| &level.name)
    }

    pub(crate) fn model(&self, model: ModelId) -> &'a str {
        let model = self.policy.models.get(model.index());
        model.map_or("", |model| &model.name)
    }

    pub(crate) fn words(&self) -> Words<'a> {
        Words {
            policy: self.policy,
            bounds: self.bounds,
        }
    }

    pub(crate) fn block(&self, action: ActionRef) -> Option<&'a EdgeBlock> {
        action.block(self.policy)
    }

    /// What the policy's first workload asks of each level.
    pub(crate) fn traffic(&self) -> &Traffic {
        self.traffic
            .get_or_init(|| Traffic::new(self.policy, self.graph))
    }

    /// How long a fill takes that does not wait for anything, in seconds: 99 of 100 of its level's
    /// own works, and those of all that it embeds.
    pub(crate) fn typical_fill(&self, level: LevelId) -> f64 {
        self.typical.get(level.index()).copied().unwrap_or(0.0)
    }

    /// Where a level names a contained one; itself, if that has its place by a route or through
    /// others.
    pub(crate) fn contain(&self, outer: LevelId, inner: LevelId) -> Place {
        let contains = self.level(outer).map_or(&[][..], |level| &level.contains);
        let number = contains.iter().position(|contain| contain.level == inner);
        number.map_or(Place::Level(outer), |number| Place::Contain(outer, number))
    }

    /// Where a level's own work reads a model.
    pub(crate) fn read(&self, level: LevelId, model: ModelId) -> Place {
        let reads = self.level(level).map_or(&[][..], |level| &level.reads);
        let number = reads.iter().position(|read| read.model == model);
        number.map_or(Place::Level(level), |number| Place::Read(level, number))
    }

    /// The stored levels among what a level embeds, directly or through levels that are not stored.
    pub(crate) fn stored_inside(&self, level: LevelId) -> Vec<LevelId> {
        let mut found = Vec::new();
        let mut todo: Vec<LevelId> = self.graph.contained(level).collect();
        let mut seen = std::collections::BTreeSet::new();
        while let Some(next) = todo.pop() {
            if !seen.insert(next) {
                continue;
            }
            if self.level(next).is_some_and(Level::is_stored) {
                found.push(next);
            } else {
                todo.extend(self.graph.contained(next));
            }
        }
        found.sort_unstable();
        found
    }

    fn find_stale(&self) -> Vec<Stale> {
        let mut found = Vec::new();
        for (id, level) in self.levels().filter(|(_, level)| level.is_stored()) {
            let bounds = self.bounds.level(id).into_iter();
            for bound in bounds.flat_map(|bounds| &bounds.models) {
                let Edge::Unsound(missed) = &bound.edge else {
                    continue;
                };
                if bound.copy <= WORTH_TELLING || self.accepted.has(id, bound.model) {
                    continue;
                }
                let is_own = level.reads.iter().any(|read| read.model == bound.model);
                let missed = missed.iter().filter_map(|missed| {
                    let mut missed = missed.clone();
                    missed
                        .kinds
                        .retain(|kind| self.happens(level, bound.model, *kind, missed.reason));
                    (!missed.kinds.is_empty()).then_some(missed)
                });
                let missed: Vec<Missed> = missed.collect();
                if !missed.is_empty() {
                    found.push(Stale {
                        level: id,
                        model: bound.model,
                        lasts: bound.through_time,
                        is_own,
                        missed,
                    });
                }
            }
        }
        found
    }

    /// Kinds of writes that can happen in a proof and not in a service: an identity changes; a row is
    /// created under a name that somebody has a copy of, although absences are not kept.
    fn happens(&self, level: &Level, model: ModelId, kind: Kind, reason: Reason) -> bool {
        let Some(declared) = self.policy.models.get(model.index()) else {
            return false;
        };
        match kind {
            Kind::Move(field) => declared.field("id") != Some(field),
            Kind::Create if matches!(reason, Reason::NoAction | Reason::NotEachWrite) => {
                let mut reads = level.reads.iter().filter(|read| read.model == model);
                let is_named = |field: usize, value: &ValueSource| {
                    let field = declared.fields.get(field);
                    field.is_some_and(|field| field.reference.is_none())
                        && !matches!(value, ValueSource::Literal(_))
                };
                let names_row = |read: &cachepolicy_core::level::Read| {
                    let bindings = &read.bindings;
                    bindings
                        .iter()
                        .any(|binding| is_named(binding.field.index(), &binding.value))
                };
                let is_own = reads.clone().next().is_some();
                !is_own || level.rules.negative_ttl.is_some() || !reads.all(names_row)
            }
            _ => true,
        }
    }
}

/// By level, in seconds.
fn typical(policy: &Policy, graph: &Graph) -> Vec<f64> {
    let mut typical: Vec<f64> = Vec::with_capacity(policy.levels.len());
    for (index, level) in policy.levels.iter().enumerate() {
        let of = |inner: LevelId| typical.get(inner.index()).copied().unwrap_or(0.0);
        let mut sum = p99_seconds(&level.cost.otherwise);
        for contain in &level.contains {
            let inner = policy.levels.get(contain.level.index());
            let batch = inner.and_then(|inner| inner.batch);
            let count = super::traffic::how_many(level, contain);
            sum += match batch {
                Some(batch) => of(contain.level) + count * batch.each.as_secs_f64(),
                None => count * of(contain.level),
            };
        }
        let is_written = |view: &LevelId| level.contains.iter().any(|c| c.level == *view);
        let routed = graph
            .contained(LevelId(index as u16))
            .filter(|view| !is_written(view));
        sum += routed.map(of).fold(0.0, f64::max);
        typical.push(sum);
    }
    typical
}

/// What 99 of 100 draws are below, in seconds.
pub(crate) fn p99_seconds(distribution: &Distribution) -> f64 {
    distribution.quantile(0.99) / 1e9
}
