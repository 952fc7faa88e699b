//! The values that a witness is about: each source has its own, so that keys that need not be the
//! same are not.

use crate::structure::Structure;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::level::{Level, ValueSource};

/// Values of a level's parameters; `None` is absent.
pub(super) type Params = Vec<Option<String>>;

/// Of a path's parameter; it fits holes for numbers too.
pub(super) fn param_value(param: u16) -> String {
    (7 + u32::from(param)).to_string()
}

/// Of a data name.
pub(super) fn data_value(whole: Structure<'_>, name: &str) -> String {
    let levels = whole.policy.levels.iter().flat_map(|level| &level.data);
    let number = levels.take_while(|data| data.name != name).count();
    (700 + number).to_string()
}

/// The parameters that a container with these values gives to a level.
pub(super) fn inside(
    whole: Structure<'_>,
    outer: &Level,
    params: &Params,
    inner: LevelId,
) -> Params {
    let mut own = outer
        .contains
        .iter()
        .filter(|contain| contain.level == inner);
    match own.next() {
        Some(contain) => {
            let args = contain.args.iter();
            args.map(|source| value(whole, outer, source, params))
                .collect()
        }
        // A site's view.
        None => {
            let count = whole.level(inner).map_or(0, |level| level.params.len());
            (0..count as u16)
                .map(|param| Some(param_value(param)))
                .collect()
        }
    }
}

/// The value of a source of a level with these parameters, for a request that carries nothing.
pub(super) fn value(
    whole: Structure<'_>,
    level: &Level,
    source: &ValueSource,
    params: &Params,
) -> Option<String> {
    match source {
        ValueSource::Param(param) => params.get(usize::from(*param)).cloned().flatten(),
        ValueSource::Data(data) => {
            let data = level.data.get(usize::from(*data))?;
            Some(data_value(whole, &data.name))
        }
        ValueSource::Dimension(id) => {
            let dimension = whole.policy.dimensions.get(id.index())?;
            dimension.otherwise.clone()
        }
        ValueSource::Literal(text) => Some(text.clone()),
    }
}
