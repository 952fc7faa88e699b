//! What the author knows: `accept staleness(…)`.

use cachepolicy_core::expectation::{Claim, Mode, Subject};
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::{LevelId, ModelId};
use cachepolicy_core::policy::Policy;
use std::collections::BTreeSet;

/// Pairs of a level and a model whose staleness is accepted.
#[derive(Debug, Default)]
pub(crate) struct Accepted {
    pairs: BTreeSet<(LevelId, ModelId)>,
    whole: BTreeSet<LevelId>,
}

impl Accepted {
    pub(crate) fn new(policy: &Policy, graph: &Graph) -> Self {
        let mut accepted = Self::default();
        for expectation in &policy.expectations {
            let Claim::Staleness { subject, model, .. } = &expectation.claim else {
                continue;
            };
            if expectation.mode != Mode::Accept {
                continue;
            }
            for level in levels(policy, graph, subject) {
                match model {
                    Some(model) => accepted.pairs.insert((level, *model)),
                    None => accepted.whole.insert(level),
                };
            }
        }
        accepted
    }

    pub(crate) fn has(&self, level: LevelId, model: ModelId) -> bool {
        self.whole.contains(&level) || self.pairs.contains(&(level, model))
    }
}

/// The levels that a claim is about. What users of a route get holds copies of whatever is in it.
fn levels(policy: &Policy, graph: &Graph, subject: &Subject) -> BTreeSet<LevelId> {
    let mut todo: Vec<LevelId> = match subject {
        Subject::Level(level) => return BTreeSet::from([*level]),
        Subject::Requests => (0..policy.levels.len())
            .map(|index| LevelId(index as u16))
            .collect(),
        Subject::Route(name) => super::traffic::answering(policy, name),
        Subject::Origin(_) | Subject::Backend(_) | Subject::Fault(_) => Vec::new(),
    };
    let mut found = BTreeSet::new();
    while let Some(next) = todo.pop() {
        if found.insert(next) {
            todo.extend(graph.contained(next));
        }
    }
    found
}
