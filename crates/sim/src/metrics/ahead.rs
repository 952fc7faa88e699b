//! Requests that a fresh copy answers ahead of their time, counted together as far as they are alike.
//! Whoever asks for a figure has them added before.

use super::types::RouteIx;
use super::{Metrics, requests::RequestCounts};
use cachepolicy_core::ids::{BackendId, LevelId};
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::CacheStatus;

/// What the requests of one chain of levels have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Alike {
    /// The level that they ask first.
    pub(crate) level: LevelId,
    /// Where its copy is.
    pub(crate) backend: BackendId,
    /// The row of the report in which they count.
    pub(crate) route: Option<RouteIx>,
    /// How long the backend takes to answer.
    pub(crate) latency: Duration,
}

/// What one of them gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answered {
    /// Bytes of the response.
    pub(crate) bytes: u64,
    /// Of the copy.
    pub(crate) size: u64,
    /// Origin work that it was spared.
    pub(crate) saved: Duration,
    /// It was filled for somebody else.
    pub(crate) leak: bool,
    /// How long it has been out of date, and by how many writes; `None`: it is up to date.
    pub(crate) misses: Option<(Duration, u32)>,
    /// What the cache did that was there when the trace was recorded.
    pub(crate) cache_status: Option<CacheStatus>,
}

/// Of one chain, since they were added last.
#[derive(Debug, Clone, Copy)]
pub(super) struct AheadCounts {
    of: Alike,
    pub(super) count: u64,
    pub(super) leaks: u64,
    pub(super) out_of_date: u64,
    pub(super) bytes: u64,
    pub(super) bytes_from_copies: u64,
    /// Of the copies.
    pub(super) size: u64,
    /// Nanoseconds.
    pub(super) saved: u128,
    last: Time,
}

impl AheadCounts {
    const fn new(of: Alike) -> Self {
        Self {
            of,
            count: 0,
            leaks: 0,
            out_of_date: 0,
            bytes: 0,
            bytes_from_copies: 0,
            size: 0,
            saved: 0,
            last: Time::DISTANT_PAST,
        }
    }

    pub(super) const fn latency(&self) -> Duration {
        self.of.latency
    }
}

impl Metrics {
    /// A fresh copy answers a request of this chain at `now`, before the next tick.
    #[inline]
    pub(crate) fn answered_ahead(
        &mut self,
        chain: u32,
        of: impl FnOnce() -> Alike,
        now: Time,
        answered: &Answered,
    ) {
        let chain = chain as usize;
        if self.ahead.len() <= chain {
            self.ahead.resize(chain + 1, None);
        }
        let counts = self.ahead[chain].get_or_insert_with(|| AheadCounts::new(of()));
        counts.count += 1;
        counts.leaks += u64::from(answered.leak);
        counts.bytes += answered.bytes;
        counts.bytes_from_copies += answered.size.min(answered.bytes);
        counts.size += answered.size;
        counts.saved += u128::from(answered.saved.nanos().unsigned_abs());
        counts.last = counts.last.max(now);
        if let Some((staleness, writes)) = answered.misses {
            counts.out_of_date += 1;
            let of = counts.of;
            self.levels[of.level.index()].out_of_date(staleness, writes);
            self.requests_of(of.route).out_of_date_for(staleness);
        }
        if let Some(status) = answered.cache_status {
            self.observed.hit(status);
        }
    }

    /// Adds them to the figures.
    pub(super) fn add_ahead(&mut self) {
        for index in 0..self.ahead.len() {
            let Some(counts) = self.ahead[index].filter(|counts| counts.count > 0) else {
                continue;
            };
            self.ahead[index] = Some(AheadCounts::new(counts.of));
            // Others may have been answered ahead until later.
            self.busy_until = self.busy_until.max(counts.last);
            self.timeline.latencies(counts.of.latency, counts.count);
            self.levels[counts.of.level.index()].ahead(&counts);
            self.backends[counts.of.backend.index()].hit(counts.count);
            self.requests_of(counts.of.route).ahead(&counts);
        }
    }

    #[inline]
    fn requests_of(&mut self, route: Option<RouteIx>) -> &mut RequestCounts {
        match route {
            Some(RouteIx(route)) => &mut self.routes[route as usize],
            None => &mut self.unrouted,
        }
    }
}
