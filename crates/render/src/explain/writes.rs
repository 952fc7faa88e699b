//! Which writes make a level's copies wrong, what removes them then, and how late.

use super::lifetimes::percent;
use crate::output::units;
use cachepolicy_analysis::Words;
use cachepolicy_compiler::graph::{Link, PolicyGraph};
use cachepolicy_core::edge::{EdgeBlock, Timing};
use cachepolicy_core::level::Level;
use cachepolicy_core::policy::{Backend, BackendKind, Delivery, Reaches};
use cachepolicy_core::sorting;
use cachepolicy_core::{Distribution, EdgeId, LevelId, ModelId, Policy};
use cachepolicy_sim::metrics::labels;
use serde::Serialize;
use std::collections::BTreeSet;

/// A model that a level depends on.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ModelReach {
    /// Its name.
    pub(super) model: String,
    /// What removes the level's copies when it is written; empty: nothing.
    pub(super) edges: Vec<EdgeReach>,
    /// How long after a write an answer of the level can still miss it, in seconds; `None`: there is
    /// no limit.
    pub(super) at_most: Option<f64>,
    /// Why, in a sentence.
    pub(super) because: String,
}

/// One action that reaches a level.
#[derive(Debug, Clone, Serialize)]
pub(super) struct EdgeReach {
    /// `Article create|update|delete`
    pub(super) on: String,
    /// `purge article(slug)`
    pub(super) action: String,
    /// `500ms to 2s after the commit, via outbox`
    pub(super) when: String,
    pub(super) file: String,
    pub(super) line: u32,
}

/// For each of the models that a level depends on, itself or through what it contains.
pub(super) fn reach(
    words: &Words<'_>,
    whole: &PolicyGraph,
    models: &BTreeSet<ModelId>,
    id: LevelId,
    level: &Level,
) -> Vec<ModelReach> {
    let policy = words.policy;
    let models = models
        .iter()
        .filter_map(|model| Some((*model, policy.models.get(model.index())?)));
    models
        .map(|(model, declared)| {
            let edges = links(whole, model, id);
            let edges = edges
                .filter_map(|(edge, action)| edge_reach(policy, edge, action, level))
                .collect();
            let bound = words.bounds.of(id, model);
            let seconds = bound.map(|bound| bound.staleness.as_secs_f64());
            ModelReach {
                model: declared.name.clone(),
                edges,
                at_most: seconds.filter(|seconds| seconds.is_finite()),
                because: bound.map_or_else(String::new, |bound| words.path(id, bound)),
            }
        })
        .collect()
}

/// The actions through which writes of a model reach a level.
fn links(
    whole: &PolicyGraph,
    model: ModelId,
    level: LevelId,
) -> impl Iterator<Item = (EdgeId, usize)> + '_ {
    let ends = whole.model(model).zip(whole.level(level));
    let links = ends
        .into_iter()
        .flat_map(|(model, level)| whole.graph.edges_connecting(model, level));
    let mut links: Vec<_> = links
        .filter_map(|link| match link.weight() {
            Link::Invalidates { edge, action, .. } => Some((*edge, *action)),
            _ => None,
        })
        .collect();
    sorting::ascending(&mut links);
    links.into_iter()
}

fn edge_reach(policy: &Policy, edge: EdgeId, action: usize, level: &Level) -> Option<EdgeReach> {
    let block = policy.edges.get(edge.index())?;
    let action = block.actions.get(action)?;
    Some(EdgeReach {
        on: labels::on(policy, block),
        action: labels::action(policy, block, action),
        when: when(policy, block, Some(level)),
        file: policy.file(action.place).to_owned(),
        line: action.place.line,
    })
}

/// When an edge's deliveries arrive, and what does not get them.
pub(super) fn when(policy: &Policy, block: &EdgeBlock, level: Option<&Level>) -> String {
    let mut words = match block.timing {
        Timing::BeforeCommit { by } => format!("{} before the commit", units::literal(by)),
        Timing::AfterCommit => String::new(),
    };
    let bus = block.bus.and_then(|bus| policy.buses.get(bus.index()));
    let (delivery, reaches) = match bus {
        None => {
            if words.is_empty() {
                words.push_str("at once");
            }
            words.push_str(", in the writer's process");
            (Delivery::InProcess, Reaches::Shared)
        }
        Some(bus) => {
            if words.is_empty() {
                words = format!("{} after the commit", delay(&bus.delay));
            } else {
                words.push_str(&format!(" and {} on the way", delay(&bus.delay)));
            }
            words.push_str(&format!(", via {}", bus.name));
            (bus.delivery, bus.reaches)
        }
    };
    if let Delivery::AtMostOnce { loss } = delivery {
        words.push_str(&format!("; {} are lost", percent(loss)));
    }
    let in_memory = level.is_some_and(|level| {
        level.tiers.iter().any(|tier| {
            let backend = policy.backends.get(tier.backend.index());
            backend.is_some_and(|backend| {
                matches!(backend.kind, BackendKind::Memory | BackendKind::Disk)
            })
        })
    });
    let tracking = level.and_then(|level| policy.tracking(level));
    if let Some((backend, bus)) = tracking
        && let Some(Backend { name: backend, .. }) = policy.backends.get(backend.index())
    {
        words.push_str(&format!(
            "; {backend} tells the processes that keep it in their memory, {} later, via {}",
            delay(&bus.delay),
            bus.name
        ));
    } else if in_memory && policy.processes > 1 && reaches == Reaches::Shared {
        words.push_str("; the memory of other processes does not get it");
    }
    words
}

/// `500ms to 2s`, `5ms`, `about 40ms, at times much longer`
fn delay(delay: &Distribution) -> String {
    let literal = |nanos: f64| units::literal(cachepolicy_core::Duration::from_nanos(nanos as i64));
    if let Some(constant) = delay.as_constant() {
        return literal(constant);
    }
    match delay.maximum() {
        Some(maximum) => format!("{} to {}", literal(delay.quantile(0.0)), literal(maximum)),
        None => format!(
            "about {}, at times much longer,",
            literal(delay.quantile(0.5))
        ),
    }
}
