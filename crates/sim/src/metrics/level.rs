//! What is counted for a level's own look-ups.

use super::ahead::AheadCounts;
use super::freshness::Freshness;
use super::histogram::{Histogram, Scale};
use super::types::{FillBegan, FillResult, Outcome, Serve, Wait};
use super::{Cause, ratio};
use crate::lane::LaneCounts;
use crate::report::{LevelFigures, LockFigures, Ordered, StampedeFigures};
use crate::store::KeyId;
use cachepolicy_core::decide::BypassReason;
use cachepolicy_core::units::{Duration, Time};

/// The most concurrent fills of one key, the first time that there were so many.
#[derive(Debug, Clone, Copy)]
struct Stampede {
    peak: u32,
    key: KeyId,
    at: Time,
    cause: Cause,
}

/// See the module's description.
#[derive(Debug, Clone, Default)]
pub(super) struct LevelCounts {
    fresh: u64,
    stale: u64,
    negative: u64,
    miss: u64,
    skipped: u64,
    outside_domain: u64,
    backend_down: u64,
    waited: u64,
    bytes: u64,
    bytes_from_copies: u64,
    expired_serves: u64,
    leaks: u64,
    freshness: Freshness,
    version_lag: Histogram,
    window: Histogram,
    exposure: Histogram,
    fills: u64,
    refreshes: u64,
    redundant: u64,
    /// By reason, in the order in which they came up; a handful.
    not_stored: Vec<(&'static str, u64)>,
    stampede: Option<Stampede>,
    waits: u64,
    timeouts: u64,
    wait: Histogram,
    latency: Histogram,
}

impl LevelCounts {
    #[inline]
    pub(super) fn lookup(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Fresh => &mut self.fresh,
            Outcome::Stale => &mut self.stale,
            Outcome::Negative => &mut self.negative,
            Outcome::Miss => &mut self.miss,
            Outcome::Bypass(BypassReason::Skipped) => &mut self.skipped,
            Outcome::Bypass(BypassReason::OutsideDomain) => &mut self.outside_domain,
            Outcome::Bypass(BypassReason::BackendDown) => &mut self.backend_down,
        } += 1;
    }

    /// See [`super::Metrics::lane`]. The first fill has been counted.
    pub(super) fn lane(&mut self, counts: &LaneCounts) {
        self.fresh += counts.hits;
        self.miss += counts.misses;
        self.fills += counts.misses.saturating_sub(1);
        self.bytes += counts.hit_bytes + counts.miss_bytes;
        self.bytes_from_copies += counts.hit_bytes;
        self.freshness.up_to_date(counts.hits - counts.out_of_date);
        self.latency.record_zeros(counts.hits + counts.misses);
    }

    /// See [`super::ahead`].
    pub(super) fn ahead(&mut self, counts: &AheadCounts) {
        self.fresh += counts.count;
        self.leaks += counts.leaks;
        self.bytes += counts.size;
        self.bytes_from_copies += counts.size;
        self.freshness.up_to_date(counts.count - counts.out_of_date);
        self.latency
            .record_durations(counts.latency(), counts.count);
    }

    /// A copy was served although it misses so many writes, the first of them for so long.
    pub(super) fn out_of_date(&mut self, staleness: Duration, writes: u32) {
        self.freshness.serve(Some(staleness));
        self.missed(writes);
    }

    /// A copy that was served misses so many writes.
    #[inline]
    pub(super) fn missed(&mut self, writes: u32) {
        self.version_lag.record(u64::from(writes));
    }

    /// See [`super::lane::Late`].
    pub(super) fn late(&mut self, serves: &Freshness) {
        self.freshness.add(serves);
    }

    #[inline]
    pub(super) fn serve(&mut self, now: Time, serve: &Serve) {
        self.bytes += serve.bytes;
        if serve.from_copy {
            self.bytes_from_copies += serve.bytes;
            self.expired_serves += u64::from(serve.expired);
        } else if !serve.waited {
            return;
        }
        self.leaks += u64::from(serve.leak);
        let staleness = serve.missed_since.map(|commit| now.since(commit));
        self.freshness.serve(staleness);
        if staleness.is_some() {
            self.version_lag.record(u64::from(serve.missed_writes));
        }
    }

    pub(super) fn lookup_ended(&mut self, took: Duration) {
        self.latency.record_duration(took);
    }

    pub(super) fn wait(&mut self, wait: &Wait) {
        self.waits += 1;
        self.timeouts += u64::from(wait.in_vain);
        self.waited += u64::from(wait.served_by_other);
        self.wait.record_duration(wait.waited);
    }

    pub(super) fn fill_began(&mut self, now: Time, fill: &FillBegan) {
        self.fills += 1;
        self.refreshes += u64::from(fill.background);
        self.redundant += u64::from(fill.concurrent > 1);
        if self
            .stampede
            .is_none_or(|worst| fill.concurrent > worst.peak)
        {
            self.stampede = Some(Stampede {
                peak: fill.concurrent,
                key: fill.key,
                at: now,
                cause: fill.cause,
            });
        }
    }

    pub(super) fn fill_ended(&mut self, result: FillResult) {
        if result == FillResult::Stored {
            return;
        }
        let reason = result.as_str();
        match self
            .not_stored
            .iter_mut()
            .find(|(known, _)| *known == reason)
        {
            Some((_, count)) => *count += 1,
            None => self.not_stored.push((reason, 1)),
        }
    }

    pub(super) fn write_settled(&mut self, window: Option<Duration>, exposure: Duration) {
        self.window
            .record_scattered_duration(window.unwrap_or_default());
        self.exposure.record_scattered_duration(exposure);
    }

    pub(super) const fn hits(&self) -> u64 {
        self.fresh + self.stale + self.negative
    }

    /// Look-ups without the bypassed ones.
    pub(super) const fn tried(&self) -> u64 {
        self.hits() + self.miss
    }

    pub(super) fn figures(
        &self,
        kind: &str,
        began: Time,
        key_name: &dyn Fn(KeyId) -> String,
    ) -> LevelFigures {
        let bypass = self.skipped + self.outside_domain + self.backend_down;
        LevelFigures {
            kind: kind.to_owned(),
            lookups: self.tried() + bypass,
            fresh: self.fresh,
            stale: self.stale,
            miss: self.miss,
            waited: self.waited,
            negative: self.negative,
            bypass,
            bypassed: self.bypassed(),
            hit_ratio: ratio(self.hits(), self.tried()),
            byte_hit_ratio: ratio(self.bytes_from_copies, self.bytes),
            expired_serves: self.expired_serves,
            out_of_date: self.freshness.figures(),
            window: self.window.quantiles(Scale::Seconds, 0),
            exposure: self.exposure.quantiles(Scale::Seconds, 0),
            version_lag: self.version_lag.quantiles(Scale::Plain, 0),
            fills: self.fills,
            refreshes: self.refreshes,
            not_stored: counted(self.not_stored.iter().copied()),
            redundant_fills: ratio(self.redundant, self.fills),
            stampede: self.stampede_figures(began, key_name),
            risk: Vec::new(),
            lock: LockFigures {
                waits: self.waits,
                timeouts: self.timeouts,
                wait: self.wait.quantiles(Scale::Seconds, 0),
            },
            latency: self.latency.quantiles(Scale::Seconds, 0),
            leaks: self.leaks,
            bounds: Ordered::new(),
        }
    }

    fn bypassed(&self) -> Ordered<u64> {
        let by_reason = [
            (BypassReason::Skipped, self.skipped),
            (BypassReason::OutsideDomain, self.outside_domain),
            (BypassReason::BackendDown, self.backend_down),
        ];
        counted(
            by_reason
                .into_iter()
                .map(|(reason, count)| (reason.as_str(), count)),
        )
    }

    fn stampede_figures(&self, began: Time, key_name: &dyn Fn(KeyId) -> String) -> StampedeFigures {
        self.stampede
            .map_or_else(StampedeFigures::default, |worst| StampedeFigures {
                peak: u64::from(worst.peak),
                key: Some(key_name(worst.key)),
                at: Some(worst.at.since(began).as_secs_f64()),
                cause: Some(worst.cause.as_str().to_owned()),
            })
    }
}

/// Those that happened at all.
fn counted(counts: impl Iterator<Item = (&'static str, u64)>) -> Ordered<u64> {
    counts
        .filter(|(_, count)| *count > 0)
        .map(|(reason, count)| (reason.to_owned(), count))
        .collect()
}
