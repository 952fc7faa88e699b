//! Counters, by the names of the simulator's report.

use cachepolicy_core::decide::Hit;
use std::sync::atomic::{AtomicU64, Ordering};

/// What happened at a level since the cache was built.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Look-ups: hits, misses and those that went past.
    pub lookups: u64,
    /// Served within the ttl.
    pub fresh: u64,
    /// Served past it.
    pub stale: u64,
    /// Absences served.
    pub negative: u64,
    /// Found nothing that serves: filled, or waited for somebody else's fill.
    pub miss: u64,
    /// Of the misses: served by a fill that somebody else began.
    pub waited: u64,
    /// Went past the level.
    pub bypass: u64,
    /// Fills that ended, in the background too.
    pub fills: u64,
    /// The most concurrent fills of one key, in this process.
    pub stampede_peak: u64,
}

impl Counters {
    /// What look-ups came to, by the words of reports.
    #[must_use]
    pub const fn outcomes(&self) -> [(&'static str, u64); 5] {
        [
            ("fresh", self.fresh),
            ("stale", self.stale),
            ("negative", self.negative),
            ("miss", self.miss),
            ("bypass", self.bypass),
        ]
    }
}

/// What happened at a shared store, since this process began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreCounters {
    /// Commands that were not answered in time, or at all, or not sent since the store is down.
    pub unanswered: u64,
    /// Copies that were none: not written by this crate, damaged, or by another codec or for another
    /// key. Each was a miss.
    pub unreadable: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counting {
    fresh: AtomicU64,
    stale: AtomicU64,
    negative: AtomicU64,
    miss: AtomicU64,
    waited: AtomicU64,
    bypass: AtomicU64,
    fills: AtomicU64,
}

/// How a look-up counts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Count {
    Hit(Hit),
    Miss,
    Waited,
    Bypass,
    Fill,
}

impl Counting {
    #[inline]
    pub(crate) fn count(&self, what: Count) {
        self.counter(what).fetch_add(1, Ordering::Relaxed);
    }

    fn counter(&self, what: Count) -> &AtomicU64 {
        match what {
            Count::Hit(Hit::Fresh) => &self.fresh,
            Count::Hit(Hit::Stale) => &self.stale,
            Count::Hit(Hit::Negative) => &self.negative,
            Count::Miss => &self.miss,
            Count::Waited => &self.waited,
            Count::Bypass => &self.bypass,
            Count::Fill => &self.fills,
        }
    }

    /// What was counted was no look-up of its own.
    #[cfg(feature = "http")]
    pub(crate) fn take_back(&self, what: Count) {
        self.counter(what).fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self, stampede_peak: u64) -> Counters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut counters = Counters {
            lookups: 0,
            fresh: read(&self.fresh),
            stale: read(&self.stale),
            negative: read(&self.negative),
            miss: read(&self.miss),
            waited: read(&self.waited),
            bypass: read(&self.bypass),
            fills: read(&self.fills),
            stampede_peak,
        };
        counters.lookups =
            counters.fresh + counters.stale + counters.negative + counters.miss + counters.bypass;
        counters
    }
}
