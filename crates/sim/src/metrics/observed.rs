//! What the cache did that was there when the trace was recorded, beside what the policy would do.

use super::ratio;
use super::types::RequestEnd;
use crate::report::ObservedFigures;
use cachepolicy_trace::CacheStatus;

/// Of the requests of which the trace tells it.
#[derive(Debug, Clone, Default)]
pub(super) struct ObservedCounts {
    each: [u64; CacheStatus::ALL.len()],
    /// Of the same requests, those that the simulation needed no origin for.
    origin_free: u64,
}

impl ObservedCounts {
    #[inline]
    pub(super) fn ended(&mut self, end: &RequestEnd) {
        if let Some(status) = end.cache_status {
            self.each[status as usize] += 1;
            self.origin_free += u64::from(end.origin_free);
        }
    }

    /// A request of which the trace tells this needs no origin.
    pub(super) fn hit(&mut self, status: CacheStatus) {
        self.each[status as usize] += 1;
        self.origin_free += 1;
    }

    /// `None`: the trace does not tell.
    pub(super) fn figures(&self) -> Option<ObservedFigures> {
        let count: u64 = self.each.iter().sum();
        let of = |status: CacheStatus| self.each[status as usize];
        let hits = CacheStatus::ALL
            .into_iter()
            .filter(|status| status.is_hit());
        (count > 0).then(|| ObservedFigures {
            count,
            hit: of(CacheStatus::Hit),
            stale: of(CacheStatus::Stale),
            updating: of(CacheStatus::Updating),
            revalidated: of(CacheStatus::Revalidated),
            expired: of(CacheStatus::Expired),
            miss: of(CacheStatus::Miss),
            bypass: of(CacheStatus::Bypass),
            hit_ratio: ratio(hits.map(of).sum(), count),
            simulated_hit_ratio: ratio(self.origin_free, count),
        })
    }
}
