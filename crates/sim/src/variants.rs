//! Variants of a level's keys as small numbers: a target then finds the key of each of its variants
//! in a table of its own, and no key is put together that was there before.

use crate::intern::NONE;
use crate::tables::Extra;
use cachepolicy_core::ids::DimensionId;
use cachepolicy_core::policy::{Dimension, Domain};

/// Variants of a level at most, so that a target's table stays small.
const VARIANTS_MAX: u64 = 64;

/// Dimensions with a digit at most: each has a byte of a task's digits.
const PLACES_MAX: usize = 8;

/// A digit that no dimension has: the value is not among the few that have one.
const NO_DIGIT: u64 = 0xff;

/// A dimension with few values: each has a digit, in the order in which they come up; absent is 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    dimension: DimensionId,
    /// Digits are below this.
    radix: u64,
}

/// The dimensions with few values.
pub(crate) fn places(dimensions: &[Dimension]) -> Vec<Place> {
    let places = (0..).zip(dimensions).filter_map(|(index, dimension)| {
        let values = match &dimension.domain {
            Domain::Values(values) | Domain::Negotiated(values) => values.len() as u64,
            Domain::Range { low, high } => high.abs_diff(*low).saturating_add(1),
            Domain::Any => return None,
        };
        // Beside them: absent, and `else`.
        let radix = values.saturating_add(2);
        (radix <= VARIANTS_MAX).then_some(Place {
            dimension: DimensionId(index),
            radix,
        })
    });
    places.take(PLACES_MAX).collect()
}

/// Which values have which digits.
#[derive(Debug, Default)]
pub(crate) struct Digits {
    /// By place: the value of each digit from 1 on.
    values: Vec<Vec<u32>>,
}

impl Digits {
    /// The digits of a request's dimensions, a byte for each place.
    #[inline]
    pub(crate) fn of(&mut self, places: &[Place], dimensions: &[u32]) -> u64 {
        self.values.resize_with(places.len(), Vec::new);
        let each = places.iter().zip(&mut self.values);
        each.rev().fold(0, |digits, (place, known)| {
            let value = dimensions.get(place.dimension.index());
            digits << 8 | digit(known, place.radix, value.copied().unwrap_or(NONE))
        })
    }
}

#[inline]
fn digit(known: &mut Vec<u32>, radix: u64, value: u32) -> u64 {
    if value == NONE {
        return 0;
    }
    if let Some(index) = known.iter().position(|&other| other == value) {
        return index as u64 + 1;
    }
    known.push(value);
    let digit = known.len() as u64;
    if digit < radix {
        digit
    } else {
        known.pop();
        NO_DIGIT
    }
}

/// How a level's variants are numbered.
#[derive(Debug, Default)]
pub(crate) struct Variants {
    /// How many there are; 0: they have no numbers.
    count: u64,
    /// Where the digit of each of its dimensions is, what it is below, and what it counts.
    parts: Vec<(u32, u64, u64)>,
}

impl Variants {
    /// Of a level whose keys are told apart by this, beside their parameters.
    pub(crate) fn new(extras: &[Extra], places: &[Place]) -> Self {
        let mut variants = Self {
            count: 1,
            parts: Vec::new(),
        };
        for extra in extras {
            let dimension = match extra {
                // The target alone decides it.
                Extra::Url => continue,
                Extra::Dimension(dimension) => *dimension,
                Extra::Process => return Self::default(),
            };
            let place = places.iter().position(|place| place.dimension == dimension);
            let Some((index, place)) = place.and_then(|index| Some((index, places.get(index)?)))
            else {
                return Self::default();
            };
            let shift = 8 * index as u32;
            variants.parts.push((shift, place.radix, variants.count));
            variants.count *= place.radix;
            if variants.count > VARIANTS_MAX {
                return Self::default();
            }
        }
        variants
    }

    /// How many there are at most.
    pub(crate) const fn count(&self) -> usize {
        self.count as usize
    }

    /// The number of the variant that these digits make; `None`: it has none.
    #[inline]
    pub(crate) fn number(&self, digits: u64) -> Option<usize> {
        let mut number = 0;
        for &(shift, radix, counts) in &self.parts {
            let digit = digits >> shift & 0xff;
            if digit >= radix {
                return None;
            }
            number += digit * counts;
        }
        (self.count > 0).then_some(number as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cachepolicy_core::policy::Carrier;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn dimension(values: usize) -> Dimension {
        let policy = crate::testing::policy();
        Dimension {
            name: format!("d{values}"),
            carrier: Carrier::Query("d".into()),
            domain: Domain::Values((0..values).map(|value| value.to_string()).collect()),
            ..policy.dimensions[0].clone()
        }
    }

    proptest! {
        /// Two requests have the same number exactly if their values are the same.
        #[test]
        fn numbers_tell_variants_apart(
            requests in prop::collection::vec((0u32..7, 0u32..4), 1..60),
        ) {
            // The first has a value more than declared, as a broken trace would.
            let places = places(&[dimension(5), dimension(2)]);
            let extras = [Extra::Dimension(DimensionId(1)), Extra::Url, Extra::Dimension(DimensionId(0))];
            let variants = Variants::new(&extras, &places);
            let mut digits = Digits::default();
            let mut seen = BTreeMap::new();
            for (first, second) in requests {
                let value = |value: u32| if value == 0 { NONE } else { value };
                let digits = digits.of(&places, &[value(first), value(second)]);
                let Some(number) = variants.number(digits) else { continue };
                prop_assert!(number < variants.count());
                let known = *seen.entry(number).or_insert((first, second));
                prop_assert_eq!(known, (first, second));
            }
        }
    }

    #[test]
    fn many_values_have_no_numbers() {
        let many = places(&[dimension(1000), dimension(60)]);
        assert_eq!(many.len(), 1);
        let extra = |index| Extra::Dimension(DimensionId(index));
        assert_eq!(Variants::new(&[extra(0)], &many).number(0), None);
        assert_eq!(Variants::new(&[extra(1)], &many).number(7), Some(7));
        assert_eq!(Variants::new(&[Extra::Url], &many).number(7), Some(0));
        assert_eq!(Variants::new(&[], &many).count(), 1);
    }
}
