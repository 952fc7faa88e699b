//! Sets of request dimensions: which of them a level depends on, and which of the personal ones its
//! key does not tell apart.

use cachepolicy_core::graph::{Graph, is_personal};
use cachepolicy_core::ids::{DimensionId, LevelId};
use cachepolicy_core::key::QueryFilter;
use cachepolicy_core::level::{KeyPart, Level, ValueSource};
use cachepolicy_core::policy::{Carrier, Policy};

/// A set of dimensions, a bit each.
pub(crate) type Dims = u128;

pub(crate) fn bit(dimension: DimensionId) -> Dims {
    1_u128.checked_shl(u32::from(dimension.0)).unwrap_or(0)
}

/// The dimensions of a set, in their order.
pub(crate) fn list(set: Dims) -> impl Iterator<Item = DimensionId> {
    let mut rest = set;
    core::iter::from_fn(move || {
        if rest == 0 {
            return None;
        }
        let index = rest.trailing_zeros();
        rest &= rest - 1;
        Some(DimensionId(index as u16))
    })
}

/// What a level depends on, and which personal dimensions of these its copies do not tell apart.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LevelDims {
    pub(crate) depends: Dims,
    pub(crate) uncovered: Dims,
}

/// Of a level, as part of the requests that `view` answers if it is a site.
pub(crate) fn of(
    policy: &Policy,
    graph: &Graph,
    filter: &QueryFilter,
    level: LevelId,
    view: Option<Option<LevelId>>,
) -> LevelDims {
    let Some(declared) = policy.levels.get(level.index()) else {
        return LevelDims::default();
    };
    let (dependencies, uncovered, shares_token) = match view {
        Some(view) => (
            graph.dependencies_with(level, view),
            graph.uncovered_with(policy, level, view),
            graph.shares_token_with(policy, level, view),
        ),
        None => (
            graph.dependencies(level).cloned().unwrap_or_default(),
            graph.uncovered(level).to_vec(),
            graph.shares_token(policy, level),
        ),
    };
    let depends = set(dependencies.dimensions.iter().copied()) | of_key(policy, filter, declared);
    let personal = uncovered
        .iter()
        .copied()
        .filter(|&id| is_personal(policy, id));
    // A session's token belongs to whatever identifies somebody.
    let owners = all(policy).filter(|&id| shares_token && is_personal(policy, id));
    LevelDims {
        depends,
        uncovered: set(personal) | set(owners),
    }
}

fn set(dimensions: impl Iterator<Item = DimensionId>) -> Dims {
    dimensions.fold(0, |set, id| set | bit(id))
}

/// Dimensions in a level's key, in the URL too.
fn of_key(policy: &Policy, filter: &QueryFilter, level: &Level) -> Dims {
    let in_url = |id: &DimensionId| match &policy.dimensions[id.index()].carrier {
        Carrier::Query(name) => filter.keeps(name),
        Carrier::Header(name) => name == "host",
        Carrier::User(_) | Carrier::Cookie(_) | Carrier::Attr(_) => false,
    };
    level.key.parts.iter().fold(0, |held, part| match part {
        KeyPart::Value(ValueSource::Dimension(id)) => held | bit(*id),
        KeyPart::Url => held | set(all(policy).filter(in_url)),
        KeyPart::Value(_) | KeyPart::Text(_) => held,
    })
}

fn all(policy: &Policy) -> impl Iterator<Item = DimensionId> {
    (0..policy.dimensions.len()).map(|index| DimensionId(index as u16))
}
