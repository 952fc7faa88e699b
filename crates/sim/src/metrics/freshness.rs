//! How far behind the data the serves are.

use super::histogram::{Histogram, Scale};
use super::ratio;
use crate::report::OutOfDate;
use cachepolicy_core::units::Duration;

/// Serves, and the staleness of those that miss a write.
#[derive(Debug, Clone, Default)]
pub(super) struct Freshness {
    serves: u64,
    when_out_of_date: Histogram,
}

impl Freshness {
    /// A serve; `staleness`: `None` if it is up to date.
    #[inline]
    pub(super) fn serve(&mut self, staleness: Option<Duration>) {
        self.serves += 1;
        if let Some(staleness) = staleness {
            self.when_out_of_date.record_scattered_duration(staleness);
        }
    }

    /// The serves of others as well.
    pub(super) fn add(&mut self, others: &Self) {
        self.serves += others.serves;
        self.when_out_of_date.add(&others.when_out_of_date);
    }

    /// So many serves that are up to date.
    pub(super) fn up_to_date(&mut self, serves: u64) {
        self.serves += serves;
    }

    pub(super) const fn out_of_date(&self) -> u64 {
        self.when_out_of_date.count()
    }

    pub(super) fn figures(&self) -> OutOfDate {
        let up_to_date = self.serves - self.out_of_date();
        OutOfDate {
            serves: self.out_of_date(),
            ratio: ratio(self.out_of_date(), self.serves),
            staleness: self.when_out_of_date.quantiles(Scale::Seconds, up_to_date),
            when_out_of_date: self.when_out_of_date.quantiles(Scale::Seconds, 0),
        }
    }
}
