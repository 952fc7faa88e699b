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
use cachepolicy_core::ids::{FieldId, LevelId, ModelId};
use cachepolicy_core::level::{Level, Read, ValueSource};
use cachepolicy_core::policy::{Model, Policy};
use cachepolicy_core::sorting;
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
    /// How long a copy is served after its store.
    pub(crate) lasts: Duration,
    /// After which writes, and why.
    pub(crate) missed: Vec<Missed>,
    /// Those of them that change what the level's own work reads.
    pub(crate) own: Vec<Missed>,
    /// Those that change what it embeds, and nothing of its own.
    pub(crate) inherited: Vec<Missed>,
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
            typical: typical(policy, graph, 0.99),
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
        sorting::ascending(&mut found);
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
                let happens = |kind: &Kind, reason| self.happens(level, bound.model, *kind, reason);
                let missed = only(missed, happens);
                let is_own = |kind: &Kind, _| reads(level, bound.model, *kind);
                if !missed.is_empty() {
                    found.push(Stale {
                        level: id,
                        model: bound.model,
                        lasts: bound.copy,
                        own: only(&missed, is_own),
                        inherited: only(&missed, |kind, reason| !is_own(kind, reason)),
                        missed,
                    });
                }
            }
        }
        found
    }

    /// Some writes matter in a proof and not in a service: an identity does not change; where rows are
    /// joined, they come and go with the rows that refer to them; where absences are not kept, nobody
    /// has a copy under the name of a row that is created.
    fn happens(&self, level: &Level, model: ModelId, kind: Kind, reason: Reason) -> bool {
        let Some(declared) = self.policy.models.get(model.index()) else {
            return false;
        };
        let is_unheard = matches!(reason, Reason::NoAction | Reason::NotEachWrite);
        match kind {
            Kind::Move(field) => declared.field("id") != Some(field),
            Kind::Create | Kind::Delete if is_unheard && self.is_joined(level, model) => false,
            Kind::Create if is_unheard => {
                let mut own = level.reads.iter().filter(|read| read.model == model);
                let is_own = own.clone().next().is_some();
                let is_kept = level.rules.negative_ttl.is_some();
                !is_own || is_kept || !own.all(|read| names_row(declared, read))
            }
            _ => true,
        }
    }

    /// Does a level read these rows because other rows that it reads refer to them?
    fn is_joined(&self, level: &Level, model: ModelId) -> bool {
        let is_own = level.reads.iter().any(|read| read.model == model);
        let refers = |read: &Read| {
            let fields = self
                .policy
                .models
                .get(read.model.index())
                .map(|model| &model.fields);
            let mut fields = (0u16..).zip(fields.into_iter().flatten());
            let is_read = |id: u16| {
                read.fields
                    .as_ref()
                    .is_none_or(|all| all.contains(&FieldId(id)))
            };
            read.model != model
                && fields.any(|(id, field)| {
                    is_read(id) && field.reference.is_some_and(|to| to.model == model)
                })
        };
        is_own && level.reads.iter().any(refers)
    }
}

/// Does a read select its rows by a field that may name one? A reference does not: many rows have the
/// same.
fn names_row(model: &Model, read: &Read) -> bool {
    read.bindings.iter().any(|binding| {
        let field = model.fields.get(binding.field.index());
        field.is_some_and(|field| field.reference.is_none())
            && !matches!(binding.value, ValueSource::Literal(_))
    })
}

/// Does a write of this kind change what a level's own work reads?
fn reads(level: &Level, model: ModelId, kind: Kind) -> bool {
    let mut own = level.reads.iter().filter(|read| read.model == model);
    own.any(|read| match kind {
        Kind::Create | Kind::Delete => true,
        Kind::Update(None) => read.fields.is_none(),
        Kind::Update(Some(field)) => read
            .fields
            .as_ref()
            .is_none_or(|fields| fields.contains(&field)),
        Kind::Move(field) => read.bindings.iter().any(|binding| binding.field == field),
    })
}

/// What is left of what was missed.
fn only(missed: &[Missed], keep: impl Fn(&Kind, Reason) -> bool) -> Vec<Missed> {
    let left = missed.iter().filter_map(|missed| {
        let mut missed = missed.clone();
        missed.kinds.retain(|kind| keep(kind, missed.reason));
        (!missed.kinds.is_empty()).then_some(missed)
    });
    left.collect()
}

/// By level, how long a fill takes that does not wait for anything, in seconds, where each work in
/// it takes what this share of its draws are below.
pub(crate) fn typical(policy: &Policy, graph: &Graph, share: f64) -> Vec<f64> {
    let mut typical: Vec<f64> = Vec::with_capacity(policy.levels.len());
    for (index, level) in policy.levels.iter().enumerate() {
        let of = |inner: LevelId| typical.get(inner.index()).copied().unwrap_or(0.0);
        let mut sum = level.cost.otherwise.quantile(share) / 1e9;
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
