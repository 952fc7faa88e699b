//! The actions of a policy.

use crate::cover::ActionRef;
use crate::structure::Structure;
use cachepolicy_core::edge::{TagPart, Target, Verb};
use cachepolicy_core::ids::{LevelId, ModelId};
use cachepolicy_core::level::{Level, TemplatePart};
use cachepolicy_core::sorting;
use std::collections::BTreeMap;

/// The actions of a policy by what they are about.
pub(super) struct Actions {
    by_level: BTreeMap<(ModelId, LevelId), Vec<ActionRef>>,
    /// By the shape of a tag.
    by_tag: BTreeMap<(ModelId, usize), Vec<ActionRef>>,
    /// The shapes of a level's tags, each once.
    shapes: Vec<Vec<usize>>,
    pub(super) has_cascade: bool,
    /// By level: whether some action may `bump` keys of it, whatever is written.
    is_bumped: Vec<bool>,
}

/// A tag without its values: those of another shape are other tags.
type Shape<'p> = Vec<Option<&'p str>>;

impl Actions {
    pub(super) fn new(whole: Structure<'_>) -> Self {
        let policy = whole.policy;
        let mut numbers: BTreeMap<Shape<'_>, usize> = BTreeMap::new();
        let mut actions = Self {
            by_level: BTreeMap::new(),
            by_tag: BTreeMap::new(),
            shapes: Vec::with_capacity(policy.levels.len()),
            has_cascade: false,
            is_bumped: Vec::new(),
        };
        for level in &policy.levels {
            actions.shapes.push(shapes(level, &mut numbers));
        }
        for (edge, block) in policy.edges.iter().enumerate() {
            for (action, declared) in block.actions.iter().enumerate() {
                let this = ActionRef { edge, action };
                actions.has_cascade |= declared.cascade;
                match &declared.target {
                    Target::Level { level, .. } => {
                        let list = actions.by_level.entry((block.model, *level));
                        list.or_default().push(this);
                    }
                    Target::Tag(parts) => {
                        let parts = parts.iter().map(|part| match part {
                            TagPart::Text(text) => Some(text.as_str()),
                            TagPart::Row(_) => None,
                        });
                        // No level bears another one.
                        if let Some(&shape) = numbers.get(&parts.collect::<Shape<'_>>()) {
                            let list = actions.by_tag.entry((block.model, shape));
                            list.or_default().push(this);
                        }
                    }
                }
            }
        }
        actions.is_bumped = actions.bumped(whole);
        actions
    }

    /// May an action, of any model's writes, change the version in keys of a level? Who asked under the
    /// earlier one is still answered by copies that nothing else reaches any more.
    pub(super) fn is_bumped(&self, level: LevelId) -> bool {
        self.is_bumped.get(level.index()).is_some_and(|it| *it)
    }

    fn bumped(&self, whole: Structure<'_>) -> Vec<bool> {
        let policy = whole.policy;
        // By level, whether an action bumps it, and one that cascades.
        let mut named = vec![(false, false); policy.levels.len()];
        let mut note = |level: usize, actions: &[ActionRef]| {
            let bumps = actions.iter().filter_map(|action| action.get(policy));
            for action in bumps.filter(|action| action.verb == Verb::Bump) {
                if let Some((any, cascade)) = named.get_mut(level) {
                    *any = true;
                    *cascade |= action.cascade;
                }
            }
        };
        for ((_, level), actions) in &self.by_level {
            note(level.index(), actions);
        }
        let mut by_shape: BTreeMap<usize, Vec<ActionRef>> = BTreeMap::new();
        for ((_, shape), actions) in &self.by_tag {
            by_shape.entry(*shape).or_default().extend(actions);
        }
        for (level, shapes) in self.shapes.iter().enumerate() {
            for actions in shapes.iter().filter_map(|shape| by_shape.get(shape)) {
                note(level, actions);
            }
        }
        // What is embedded stands before what embeds it.
        for level in 0..named.len() {
            let embeds = whole.contained(LevelId(level as u16));
            let mut embeds = embeds.filter_map(|inner| named.get(inner.index()));
            if embeds.any(|(_, cascade)| *cascade) {
                named[level] = (true, true);
            }
        }
        named.into_iter().map(|(any, _)| any).collect()
    }

    /// Those that may be about a level when a model is written.
    pub(super) fn about(&self, model: ModelId, level: LevelId) -> impl Iterator<Item = ActionRef> {
        let by_level = self.by_level.get(&(model, level)).into_iter();
        let shapes = self.shapes.get(level.index()).into_iter().flatten();
        let by_tag = shapes.filter_map(move |shape| self.by_tag.get(&(model, *shape)));
        by_level.chain(by_tag).flatten().copied()
    }
}

fn shapes<'p>(level: &'p Level, numbers: &mut BTreeMap<Shape<'p>, usize>) -> Vec<usize> {
    let mut shapes = Vec::new();
    for tag in &level.tags {
        let parts = tag.parts.iter().map(|part| match part {
            TemplatePart::Text(text) => Some(text.as_str()),
            TemplatePart::Value(_) | TemplatePart::Each(_) => None,
        });
        let next = numbers.len();
        shapes.push(*numbers.entry(parts.collect()).or_insert(next));
    }
    sorting::ascending(&mut shapes);
    shapes.dedup();
    shapes
}
