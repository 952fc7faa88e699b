//! What came of the actions of invalidation edges.

use super::histogram::{Histogram, Scale};
use crate::lane::Tally;
use crate::report::InvalidationFigures;

/// One action.
#[derive(Debug, Clone, Default)]
pub(super) struct ActionCounts {
    useless: u64,
    lost: u64,
    removed: u64,
    removed_per_delivery: Histogram,
}

impl ActionCounts {
    pub(super) fn delivery(&mut self, removed: u64) {
        self.useless += u64::from(removed == 0);
        self.removed += removed;
        self.removed_per_delivery.record(removed);
    }

    /// See [`super::Metrics::deliveries`].
    pub(super) fn deliveries(&mut self, tally: Tally) {
        self.useless += tally.useless;
        self.removed += tally.useful;
        self.lost += tally.lost;
        self.removed_per_delivery.record_zeros(tally.useless);
        self.removed_per_delivery.record_ones(tally.useful);
    }

    pub(super) fn lost(&mut self) {
        self.lost += 1;
    }

    pub(super) fn figures(&self, on: String, target: String) -> InvalidationFigures {
        InvalidationFigures {
            on,
            target,
            deliveries: self.removed_per_delivery.count(),
            removed: self.removed,
            useless: self.useless,
            lost: self.lost,
            removed_per_delivery: self.removed_per_delivery.quantiles(Scale::Plain, 0),
        }
    }
}
