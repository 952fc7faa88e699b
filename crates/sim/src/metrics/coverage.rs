//! How much of what the policy asks the trace tells.

use super::types::Known;
use crate::report::{Coverage, Ordered};
use cachepolicy_core::ids::{DimensionId, LevelId};
use cachepolicy_core::policy::Policy;

/// The most different notes.
const NOTES: usize = 100;

/// For each dimension, and each data name of each level.
#[derive(Debug, Clone, Default)]
pub(super) struct Coverages {
    dimensions: Vec<Coverage>,
    data: Vec<Vec<Coverage>>,
}

impl Coverages {
    pub(super) fn new(policy: &Policy) -> Self {
        let of_level = |data: usize| vec![Coverage::default(); data];
        Self {
            dimensions: vec![Coverage::default(); policy.dimensions.len()],
            data: policy
                .levels
                .iter()
                .map(|level| of_level(level.data.len()))
                .collect(),
        }
    }

    /// Forgets what was counted.
    pub(super) fn warmed_up(&mut self) {
        self.dimensions.fill(Coverage::default());
        self.data
            .iter_mut()
            .for_each(|data| data.fill(Coverage::default()));
    }

    #[inline]
    pub(super) fn dimension(&mut self, dimension: DimensionId, known: Known) {
        *counter(&mut self.dimensions[dimension.index()], known) += 1;
    }

    pub(super) fn all_dimensions(&mut self, known: &[Known], requests: u64) {
        for (dimension, known) in self.dimensions.iter_mut().zip(known) {
            *counter(dimension, *known) += requests;
        }
    }

    pub(super) fn data(&mut self, level: LevelId, data: u16, known: Known) {
        *counter(&mut self.data[level.index()][usize::from(data)], known) += 1;
    }

    /// By the dimension's name, or `LEVEL.NAME` of data.
    pub(super) fn figures(&self, policy: &Policy) -> Ordered<Coverage> {
        let dimensions = policy
            .dimensions
            .iter()
            .map(|dimension| dimension.name.clone());
        let mut all: Ordered<Coverage> = dimensions.zip(self.dimensions.iter().copied()).collect();
        for (level, coverages) in policy.levels.iter().zip(&self.data) {
            for (data, coverage) in level.data.iter().zip(coverages) {
                all.insert(format!("{}.{}", level.name, data.name), *coverage);
            }
        }
        all
    }

    /// A note for each dimension that the figures do not rest on the trace for.
    pub(super) fn notes(&self, policy: &Policy) -> Vec<String> {
        let dimensions = policy.dimensions.iter().zip(&self.dimensions);
        let dimensions = dimensions.filter_map(|(dimension, coverage)| {
            let counted_as = match &dimension.otherwise {
                Some(value) => format!("counted as `{value}`"),
                None => "counted as absent".to_owned(),
            };
            note(&dimension.name, *coverage, &counted_as)
        });
        let data = policy
            .levels
            .iter()
            .zip(&self.data)
            .flat_map(|(level, coverages)| {
                level
                    .data
                    .iter()
                    .zip(coverages)
                    .filter_map(|(data, coverage)| {
                        note(
                            &format!("{}.{}", level.name, data.name),
                            *coverage,
                            "counted as empty",
                        )
                    })
            });
        dimensions.chain(data).collect()
    }
}

#[inline]
fn counter(coverage: &mut Coverage, known: Known) -> &mut u64 {
    match known {
        Known::Observed => &mut coverage.observed,
        Known::Sampled => &mut coverage.sampled,
        Known::Defaulted => &mut coverage.defaulted,
    }
}

fn note(name: &str, coverage: Coverage, counted_as: &str) -> Option<String> {
    let all = coverage.observed + coverage.sampled + coverage.defaulted;
    (coverage.defaulted > 0).then(|| {
        format!(
            "neither the trace nor a workload tells `{name}` for {} of {all} requests: it {counted_as} \
             there, and the figures of what depends on it rest on that",
            coverage.defaulted
        )
    })
}

/// Adds a note that is not there yet, while there is room.
pub(super) fn add_note(notes: &mut Vec<String>, text: String) {
    if notes.len() < NOTES && !notes.contains(&text) {
        notes.push(text);
    }
}
