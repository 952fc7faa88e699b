//! Whether a request is left out by a level's `skip`.

use super::RequestStep;
use cachepolicy_core::expr::RequestView;
use cachepolicy_core::ids::DimensionId;
use cachepolicy_core::level::Level;
use cachepolicy_core::policy::{Domain, Policy};
use cachepolicy_core::vary::Normalised;

/// What a request carries: a value of its own in each of these dimensions, and nothing else.
struct Carrying<'w> {
    policy: &'w Policy,
    own: &'w [DimensionId],
    method: &'w str,
    path: &'w str,
}

/// A value that is in no list.
const OWN: &str = "";

impl RequestView for Carrying<'_> {
    fn dimension(&self, id: DimensionId) -> Normalised<'_> {
        let Some(dimension) = self.policy.dimensions.get(id.index()) else {
            return Normalised::Absent;
        };
        if self.own.contains(&id) {
            return match dimension.domain {
                Domain::Any => Normalised::Value(OWN),
                _ => Normalised::Outside,
            };
        }
        let otherwise = dimension.otherwise.as_deref();
        otherwise.map_or(Normalised::Absent, Normalised::Value)
    }

    fn method(&self) -> &str {
        self.method
    }

    fn path(&self) -> &str {
        self.path
    }
}

/// Is a request left out that has values of its own in these dimensions?
fn is_left_out(policy: &Policy, level: &Level, request: &RequestStep, own: &[DimensionId]) -> bool {
    let path = request.path.split('?').next().unwrap_or_default();
    let carrying = Carrying {
        policy,
        own,
        method: &request.method,
        path,
    };
    level
        .skip
        .as_ref()
        .is_some_and(|skip| skip.holds(&carrying))
}

/// Those of the dimensions in which requests may differ, so that a level does not leave them out:
/// where it does, none of which its `skip` asks, if that helps.
pub(super) fn kept(
    policy: &Policy,
    level: &Level,
    request: &RequestStep,
    own: Vec<DimensionId>,
) -> Vec<DimensionId> {
    let Some(skip) = &level.skip else {
        return own;
    };
    if !is_left_out(policy, level, request, &own) {
        return own;
    }
    let mut fewer = own.clone();
    skip.visit_dimensions(&mut |asked| fewer.retain(|id| *id != asked));
    if is_left_out(policy, level, request, &fewer) {
        own
    } else {
        fewer
    }
}
