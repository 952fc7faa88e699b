//! Worst-case staleness, for people and for machines.

mod human;
mod json;
#[cfg(test)]
mod tests;
pub mod witness;

use crate::{Refused, did_you_mean};
use cachepolicy_analysis::{Bound, Bounds};
use cachepolicy_core::ids::{LevelId, ModelId};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::sorting;

pub use human::for_people;
pub use json::json;

/// What is asked for; `None`: all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// This level alone.
    pub level: Option<LevelId>,
    /// Writes of this model alone.
    pub model: Option<ModelId>,
}

impl Wanted {
    /// What is named; refused where the policy has no such thing.
    ///
    /// # Errors
    /// The policy has no such level or model.
    pub fn named(
        policy: &Policy,
        level: Option<&str>,
        model: Option<&str>,
    ) -> Result<Self, Refused> {
        let levels = || policy.levels.iter().map(|level| level.name.as_str());
        let models = || policy.models.iter().map(|model| model.name.as_str());
        let level = level.map(|name| position("level", name, levels));
        let model = model.map(|name| position("model", name, models));
        Ok(Self {
            level: level.transpose()?.map(LevelId),
            model: model.transpose()?.map(ModelId),
        })
    }

    /// The levels that are asked for, the coarsest first.
    fn levels(self, policy: &Policy) -> impl Iterator<Item = LevelId> {
        let levels = (0..policy.levels.len()).map(|index| LevelId(index as u16));
        let is_wanted = move |level: &LevelId| self.level.is_none_or(|wanted| wanted == *level);
        levels.rev().filter(is_wanted)
    }

    /// The bounds that are asked for, the worst first.
    fn rows<'b>(self, policy: &Policy, bounds: &'b Bounds) -> Vec<(LevelId, &'b Bound)> {
        let mut rows: Vec<_> = self
            .levels(policy)
            .flat_map(|level| {
                let of = bounds.level(level).into_iter().flat_map(|of| &of.models);
                of.map(move |bound| (level, bound))
            })
            .filter(|(_, bound)| self.model.is_none_or(|wanted| wanted == bound.model))
            .collect();
        sorting::by_key(&mut rows, |(level, bound)| {
            (
                std::cmp::Reverse(bound.end_to_end),
                std::cmp::Reverse(*level),
            )
        });
        rows
    }
}

fn position<'n, I: Iterator<Item = &'n str> + Clone>(
    kind: &str,
    name: &str,
    names: impl Fn() -> I,
) -> Result<u16, Refused> {
    match names().position(|known| known == name) {
        Some(index) => Ok(index as u16),
        None => Err(Refused(format!(
            "the policy has no {kind} `{name}`: {}",
            did_you_mean(name, names())
        ))),
    }
}
