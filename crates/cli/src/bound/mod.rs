//! Worst-case staleness, for people and for machines.

mod human;
mod json;
#[cfg(test)]
mod tests;
pub(crate) mod witness;

use cachepolicy_analysis::{Bound, Bounds};
use cachepolicy_core::ids::{LevelId, ModelId};
use cachepolicy_core::policy::Policy;

pub(crate) use human::for_people;
pub(crate) use json::json;

/// What is asked for; `None`: all.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted {
    pub(crate) level: Option<LevelId>,
    pub(crate) model: Option<ModelId>,
}

impl Wanted {
    /// The bounds that are asked for, the worst first.
    fn rows<'b>(self, policy: &Policy, bounds: &'b Bounds) -> Vec<(LevelId, &'b Bound)> {
        let levels = (0..policy.levels.len()).map(|index| LevelId(index as u16));
        let levels = levels.filter(|level| self.level.is_none_or(|wanted| wanted == *level));
        let mut rows: Vec<_> = levels
            .flat_map(|level| {
                let of = bounds.level(level).into_iter().flat_map(|of| &of.models);
                of.map(move |bound| (level, bound))
            })
            .filter(|(_, bound)| self.model.is_none_or(|wanted| wanted == bound.model))
            .collect();
        rows.sort_by_key(|(level, bound)| {
            (
                std::cmp::Reverse(bound.end_to_end),
                std::cmp::Reverse(*level),
            )
        });
        rows
    }
}
