//! Which references of a written row the policy's edges follow, so that the trace has to say what
//! is at their end.

use cachepolicy_core::edge::{Action, Condition, RowPath, TagPart, Target, TargetArg};
use cachepolicy_core::ids::{FieldId, ModelId};
use cachepolicy_core::policy::Policy;
use std::collections::BTreeMap;

/// Fields, and what is followed through each.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Paths(BTreeMap<FieldId, Paths>);

impl Paths {
    /// Of all edges on that model.
    pub(super) fn of(policy: &Policy, model: ModelId) -> Self {
        let mut paths = Self::default();
        let edges = policy.edges.iter().filter(|edge| edge.model == model);
        for action in edges.flat_map(|edge| &edge.actions) {
            for path in row_paths(action) {
                paths.add(&path.path);
            }
        }
        paths
    }

    fn add(&mut self, path: &[FieldId]) {
        if let [first, rest @ ..] = path {
            self.0.entry(*first).or_default().add(rest);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn inside(&self, field: FieldId) -> Option<&Self> {
        self.0.get(&field)
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = (FieldId, &Self)> {
        self.0.iter().map(|(field, inside)| (*field, inside))
    }
}

fn row_paths(action: &Action) -> Vec<&RowPath> {
    let mut found = Vec::new();
    match &action.target {
        Target::Level { args, .. } => found.extend(args.iter().filter_map(|arg| match arg {
            TargetArg::Row(path) => Some(path),
            TargetArg::Any | TargetArg::Literal(_) => None,
        })),
        Target::Tag(parts) => found.extend(parts.iter().filter_map(|part| match part {
            TagPart::Row(path) => Some(path),
            TagPart::Text(_) => None,
        })),
    }
    if let Some(condition) = &action.when {
        conditions(condition, &mut found);
    }
    found
}

fn conditions<'a>(condition: &'a Condition, found: &mut Vec<&'a RowPath>) {
    match condition {
        Condition::And(all) | Condition::Or(all) => {
            for condition in all {
                conditions(condition, found);
            }
        }
        Condition::Not(condition) => conditions(condition, found),
        Condition::In(path, _) => found.push(path),
        Condition::Changed(_) => {}
    }
}
