//! What came of the actions of invalidation edges.

use super::histogram::{Histogram, Scale};
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
