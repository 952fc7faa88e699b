//! The tags that a copy bears, as the policy declares them.

use crate::context::Notes;
use crate::level::{Key, KeyValues};
use crate::request::Request;
use cachepolicy_core::ids::DimensionId;
use cachepolicy_core::key::{Url, Values};
use cachepolicy_core::level::Level;
use cachepolicy_core::tags::{TagValues, tags};

/// The copy's own tags.
pub(crate) fn mark((key, request): (&Key, Option<&Request>), level: &Level, notes: &Notes) {
    let values = FillValues {
        key: KeyValues {
            name: &key.name,
            request,
        },
        data: level
            .data
            .iter()
            .map(|data| notes.data(&data.name))
            .collect(),
    };
    let mut scratch = String::new();
    for template in &level.tags {
        tags(template, &values, &mut scratch, |tag| notes.bear(tag));
    }
}

struct FillValues<'k> {
    key: KeyValues<'k>,
    /// By the level's data names.
    data: Vec<Vec<String>>,
}

impl Values for FillValues<'_> {
    fn param(&self, index: u16) -> Option<&str> {
        self.key.param(index)
    }

    fn dimension(&self, dimension: DimensionId) -> Option<&str> {
        self.key.dimension(dimension)
    }

    fn url(&self) -> Url<'_> {
        self.key.url()
    }
}

impl TagValues for FillValues<'_> {
    fn data_len(&self, index: u16) -> usize {
        self.data.get(usize::from(index)).map_or(0, Vec::len)
    }

    fn data(&self, index: u16, nth: usize) -> Option<&str> {
        let values = self.data.get(usize::from(index))?;
        values.get(nth).map(String::as_str)
    }
}
