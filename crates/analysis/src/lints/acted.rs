//! Which actions remove copies of which level, when rows of which model are written.

use crate::cover::ActionRef;
use cachepolicy_core::edge::{TagPart, Target};
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::{LevelId, ModelId};
use cachepolicy_core::level::{Template, TemplatePart};
use cachepolicy_core::policy::Policy;
use std::collections::{BTreeMap, BTreeSet};

/// The actions of a policy by the copies that they are about.
pub(crate) struct Acted {
    by_pair: BTreeMap<(LevelId, ModelId), Vec<ActionRef>>,
    levels: BTreeSet<LevelId>,
    models: BTreeSet<ModelId>,
}

/// The texts of a tag, with a hole between each two.
type Shape<'p> = Vec<Option<&'p str>>;

impl Acted {
    pub(crate) fn new(policy: &Policy, graph: &Graph) -> Self {
        let bearers = bearers(policy);
        let mut acted = Self {
            by_pair: BTreeMap::new(),
            levels: BTreeSet::new(),
            models: BTreeSet::new(),
        };
        for (edge, block) in policy.edges.iter().enumerate() {
            for (number, action) in block.actions.iter().enumerate() {
                acted.models.insert(block.model);
                let direct: Vec<LevelId> = match &action.target {
                    Target::Level { level, .. } => vec![*level],
                    Target::Tag(parts) => bearers
                        .get(&shape_of_target(parts))
                        .cloned()
                        .unwrap_or_default(),
                };
                let mut reached: BTreeSet<LevelId> = direct.iter().copied().collect();
                if action.cascade {
                    for level in direct {
                        reached.extend(graph.all_containers(level));
                    }
                }
                let this = ActionRef {
                    edge,
                    action: number,
                };
                for level in reached {
                    acted.levels.insert(level);
                    let list = acted.by_pair.entry((level, block.model)).or_default();
                    list.push(this);
                }
            }
        }
        acted
    }

    /// Those about copies of a level when a model is written.
    pub(crate) fn on(&self, level: LevelId, model: ModelId) -> &[ActionRef] {
        self.by_pair.get(&(level, model)).map_or(&[], Vec::as_slice)
    }

    /// Is there one about the level at all?
    pub(crate) fn has_level(&self, level: LevelId) -> bool {
        self.levels.contains(&level)
    }

    /// Does a write of the model do anything?
    pub(crate) fn has_model(&self, model: ModelId) -> bool {
        self.models.contains(&model)
    }

    /// All pairs of a level and a model with their actions.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (LevelId, ModelId, &[ActionRef])> {
        self.by_pair
            .iter()
            .map(|((level, model), actions)| (*level, *model, actions.as_slice()))
    }
}

fn bearers(policy: &Policy) -> BTreeMap<Shape<'_>, Vec<LevelId>> {
    let mut bearers: BTreeMap<Shape<'_>, Vec<LevelId>> = BTreeMap::new();
    for (index, level) in policy.levels.iter().enumerate() {
        for tag in &level.tags {
            let list = bearers.entry(shape_of_tag(tag)).or_default();
            list.push(LevelId(index as u16));
        }
    }
    bearers
}

fn shape_of_tag(tag: &Template) -> Shape<'_> {
    fn text(part: &TemplatePart) -> Option<&str> {
        match part {
            TemplatePart::Text(text) => Some(text.as_str()),
            TemplatePart::Value(_) | TemplatePart::Each(_) => None,
        }
    }
    tag.parts.iter().map(text).collect()
}

fn shape_of_target(parts: &[TagPart]) -> Shape<'_> {
    fn text(part: &TagPart) -> Option<&str> {
        match part {
            TagPart::Text(text) => Some(text.as_str()),
            TagPart::Row(_) => None,
        }
    }
    parts.iter().map(text).collect()
}
