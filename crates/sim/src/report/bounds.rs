//! What was proved before the run, beside what the run came to.

use super::{LevelFigures, Ordered, Report};
use cachepolicy_analysis::Bounds;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::policy::Policy;
use serde::{Deserialize, Serialize};

/// The worst case of a level through writes of one model.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct BoundFigures {
    /// How long after a write an answer of the level can miss it, in seconds, through the run's
    /// outages of backends; null: there is no limit.
    pub seconds: Option<f64>,
    /// How much of that the level's most out-of-date serve reached, 0..1; null where that is not
    /// told apart, since the level depends on several models, or where there is no limit.
    pub attained: Option<f64>,
}

impl Report {
    /// Writes the bounds of a policy's levels into its report.
    pub(crate) fn set_bounds(&mut self, policy: &Policy, bounds: &Bounds) {
        for (index, level) in policy.levels.iter().enumerate() {
            let of = bounds.level(LevelId(index as u16));
            let Some((of, figures)) = of.zip(self.levels.get_mut(&level.name)) else {
                continue;
            };
            let bounds: Ordered<BoundFigures> = of
                .models
                .iter()
                .filter(|_| level.is_stored())
                .map(|bound| {
                    let is_only = of.models.len() == 1;
                    let name = policy.models.get(bound.model.index());
                    let name = name.map(|model| model.name.clone()).unwrap_or_default();
                    let seconds = bound.staleness.as_secs_f64();
                    (name, BoundFigures::new(seconds, figures, is_only))
                })
                .collect();
            figures.bounds = bounds;
        }
    }
}

impl BoundFigures {
    fn new(seconds: f64, figures: &LevelFigures, is_only: bool) -> Self {
        let observed = figures.out_of_date.staleness.max;
        let can_tell = is_only && seconds.is_finite() && seconds > 0.0;
        Self {
            seconds: seconds.is_finite().then_some(seconds),
            attained: observed
                .filter(|_| can_tell)
                .map(|observed| observed / seconds),
        }
    }
}
