//! The actions of a policy.

use crate::cover::ActionRef;
use cachepolicy_core::edge::Target;
use cachepolicy_core::ids::{LevelId, ModelId};
use cachepolicy_core::policy::Policy;
use std::collections::BTreeMap;

/// The actions of a policy by what they are about.
pub(super) struct Actions {
    by_level: BTreeMap<(ModelId, LevelId), Vec<ActionRef>>,
    by_tag: BTreeMap<ModelId, Vec<ActionRef>>,
    pub(super) has_cascade: bool,
}

impl Actions {
    pub(super) fn new(policy: &Policy) -> Self {
        let mut actions = Self {
            by_level: BTreeMap::new(),
            by_tag: BTreeMap::new(),
            has_cascade: false,
        };
        for (edge, block) in policy.edges.iter().enumerate() {
            for (action, declared) in block.actions.iter().enumerate() {
                let this = ActionRef { edge, action };
                actions.has_cascade |= declared.cascade;
                match &declared.target {
                    Target::Level { level, .. } => {
                        let list = actions.by_level.entry((block.model, *level));
                        list.or_default().push(this);
                    }
                    Target::Tag(_) => actions.by_tag.entry(block.model).or_default().push(this),
                }
            }
        }
        actions
    }

    /// Those that may be about a level when a model is written.
    pub(super) fn about(&self, model: ModelId, level: LevelId) -> impl Iterator<Item = ActionRef> {
        let by_level = self.by_level.get(&(model, level)).into_iter();
        let by_tag = self.by_tag.get(&model).into_iter();
        by_level.chain(by_tag).flatten().copied()
    }
}
