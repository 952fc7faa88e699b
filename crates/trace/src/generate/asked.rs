//! By which values of its fields each model is asked for: from the routes of the workload, through
//! levels and what they contain, to what the levels read.

use cachepolicy_core::ids::{FieldId, ModelId};
use cachepolicy_core::level::{Level, ValueSource};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::workload::{Popularity, Workload};
use std::collections::BTreeMap;

/// The popularity of the values by which a field is read.
pub(super) type Asked = BTreeMap<(ModelId, FieldId), Popularity>;

/// Follows the values of a workload to the fields that they select rows by.
pub(super) fn asked(policy: &Policy, workload: &Workload) -> Asked {
    let mut params: Vec<Vec<Option<Popularity>>> = policy
        .levels
        .iter()
        .map(|level| of_route(level, workload))
        .collect();
    let mut asked = Asked::new();
    // A container stands behind what it contains.
    for (index, level) in policy.levels.iter().enumerate().rev() {
        let own = params.get(index).cloned().unwrap_or_default();
        let popularity = |source: &ValueSource| match source {
            ValueSource::Param(param) => own.get(usize::from(*param)).cloned().flatten(),
            ValueSource::Dimension(id) => {
                let draws = &workload.dimensions;
                let draw = draws.iter().find(|draw| draw.dimension == *id);
                draw.map(|draw| draw.value.clone())
            }
            ValueSource::Data(data) => {
                let name = &level.data.get(usize::from(*data))?.name;
                let draw = workload.data.iter().find(|draw| draw.name == *name);
                draw.map(|draw| draw.value.clone())
            }
            ValueSource::Literal(_) => None,
        };
        for read in &level.reads {
            for binding in &read.bindings {
                if let Some(found) = popularity(&binding.value) {
                    asked.entry((read.model, binding.field)).or_insert(found);
                }
            }
        }
        for contain in &level.contains {
            let found: Vec<_> = contain.args.iter().map(popularity).collect();
            let Some(inner) = params.get_mut(contain.level.index()) else {
                continue;
            };
            for (slot, found) in inner.iter_mut().zip(found) {
                if slot.is_none() {
                    *slot = found;
                }
            }
        }
    }
    asked
}

/// The popularity of each parameter of a level, where the workload draws it for the level's route.
fn of_route(level: &Level, workload: &Workload) -> Vec<Option<Popularity>> {
    let draws = level.route.iter().flat_map(|route| {
        let routes = workload.requests.iter().flat_map(|mix| &mix.routes);
        routes.filter(|draw| draw.pattern.text == route.pattern.text && route.answers(&draw.method))
    });
    let drawn: Vec<_> = draws.flat_map(|draw| &draw.params).collect();
    let of = |name: &String| {
        let found = drawn.iter().find(|(hole, _)| hole == name);
        found.map(|(_, popularity)| popularity.clone())
    };
    level.params.iter().map(of).collect()
}
