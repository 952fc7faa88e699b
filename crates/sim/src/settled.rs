//! What a request carries, as far as it tells all that there is to know of the request's dimensions.

use crate::depends::{Dims, bit};
use crate::intern::{NONE, Texts};
use cachepolicy_core::expr::RequestView;
use cachepolicy_core::ids::DimensionId;
use cachepolicy_core::vary::Normalised;

/// What follows from the values of a request's dimensions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settled {
    /// Those that are outside their domain.
    pub(crate) outside: Dims,
    /// See [`crate::variants`].
    pub(crate) digits: u64,
    /// See [`crate::skip::Skips::holding`].
    pub(crate) conditions: Option<u64>,
}

impl Settled {
    /// Of a request of which nobody asks what it carries.
    pub(crate) const OF_NOTHING: Self = Self {
        outside: 0,
        digits: 0,
        conditions: Some(0),
    };
}

/// What a request carries, as conditions see it whose questions about method and path have their
/// answers.
pub(crate) struct Carries<'r> {
    pub(crate) values: &'r Texts,
    /// By dimension; [`NONE`]: it has no value in its domain.
    pub(crate) dims: &'r [u32],
    pub(crate) outside: Dims,
}

impl<'r> Carries<'r> {
    pub(crate) fn value(&self, dimension: DimensionId) -> Normalised<'r> {
        if self.outside & bit(dimension) != 0 {
            return Normalised::Outside;
        }
        match self.dims.get(dimension.index()) {
            Some(&value) if value != NONE => Normalised::Value(self.values.get(value)),
            _ => Normalised::Absent,
        }
    }
}

impl RequestView for Carries<'_> {
    fn dimension(&self, dimension: DimensionId) -> Normalised<'_> {
        self.value(dimension)
    }

    fn has(&self, dimension: DimensionId) -> bool {
        let value = self.dims.get(dimension.index());
        value.is_some_and(|value| *value != NONE) || self.outside & bit(dimension) != 0
    }

    fn method(&self) -> &str {
        ""
    }

    fn path(&self) -> &str {
        ""
    }
}
