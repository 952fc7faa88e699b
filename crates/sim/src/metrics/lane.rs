//! What is counted while accesses of a key-value trace are replayed on the spot.

use super::Metrics;
use super::backend::BackendCounts;
use super::freshness::Freshness;
use super::level::LevelCounts;
use super::types::{FillBegan, FillResult, Leaving};
use crate::lane::{LaneCounts, Moved};
use crate::store::KeyId;
use cachepolicy_core::ids::{BackendId, LevelId};
use cachepolicy_core::units::{Duration, Time};

/// Out-of-date serves of accesses on the spot: what a level serves is what its requests get, so that
/// how late it was is noted once for both, and added to both in the end.
#[derive(Debug)]
pub(super) struct Late {
    level: LevelId,
    serves: Freshness,
}

impl Late {
    fn new(level: LevelId) -> Self {
        Self {
            level,
            serves: Freshness::default(),
        }
    }
}

/// The counts of one level and of the backend that it is stored in, which has one instance.
#[derive(Debug)]
pub(crate) struct LaneFigures<'a> {
    level: LevelId,
    level_counts: &'a mut LevelCounts,
    backend: &'a mut BackendCounts,
    late: &'a mut Freshness,
}

impl Metrics {
    /// For accesses before the next tick.
    pub(crate) fn lane_figures(&mut self, level: LevelId, backend: BackendId) -> LaneFigures<'_> {
        let late = self.late.get_or_insert_with(|| Late::new(level));
        LaneFigures {
            level,
            level_counts: &mut self.levels[level.index()],
            backend: &mut self.backends[backend.index()],
            late: &mut late.serves,
        }
    }

    /// How many serves were out of date that are not added to the figures yet.
    pub(super) fn late_serves(&self) -> u64 {
        let late = self.late.as_ref();
        late.map_or(0, |late| late.serves.out_of_date())
    }

    /// Adds them.
    pub(super) fn add_late(&mut self) {
        if let Some(Late { level, serves }) = self.late.take() {
            self.levels[level.index()].late(&serves);
            self.unrouted.late(&serves);
        }
    }

    /// What these accesses came to.
    pub(crate) fn lane(&mut self, level: LevelId, backend: BackendId, counts: &LaneCounts) {
        let Some(last) = counts.last else {
            return;
        };
        self.busy_until = self.busy_until.max(last);
        if counts.misses > 0 {
            self.timeline.fills(1);
        }
        self.timeline.zero_latencies(counts.hits + counts.misses);
        self.unrouted.lane(counts);
        self.levels[level.index()].lane(counts);
        self.backends[backend.index()].lane(counts);
    }
}

impl LaneFigures<'_> {
    pub(crate) fn fill_began(&mut self, now: Time, fill: &FillBegan) {
        self.level_counts.fill_began(now, fill);
    }

    #[inline]
    pub(crate) fn fill_ended(&mut self, result: FillResult) {
        self.level_counts.fill_ended(result);
    }

    /// A copy was served although it misses so many writes, the first of them for so long.
    pub(crate) fn out_of_date(&mut self, staleness: Duration, writes: u32) {
        self.late.serve(Some(staleness));
        self.level_counts.missed(writes);
    }

    /// A copy was replaced at the instant of the write that it missed.
    pub(crate) fn write_settled(&mut self) {
        self.level_counts.write_settled(None, Duration::ZERO);
    }

    #[inline]
    pub(crate) fn stored(&mut self, key: KeyId, bytes: u64) {
        self.backend.stored_plain(self.level, key, bytes);
    }

    #[inline]
    pub(crate) fn removed(&mut self, bytes: u64, why: Leaving) {
        self.backend.removed(self.level, bytes, why);
    }

    pub(crate) fn too_large(&mut self) {
        self.backend.too_large();
    }

    /// A copy of this key is stored, which may be the first one.
    #[inline]
    pub(crate) fn keep(&mut self, key: KeyId) {
        self.backend.keep(self.level, key);
    }

    /// Copies came and left.
    pub(crate) fn moved(&mut self, moved: &Moved) {
        self.backend.moved(self.level, moved);
    }
}
