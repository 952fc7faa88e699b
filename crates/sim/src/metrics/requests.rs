//! What users get: counted for all requests, and for each route.

use super::ahead::AheadCounts;
use super::freshness::Freshness;
use super::histogram::{Histogram, Scale};
use super::types::{RequestEnd, RouteIx};
use super::{Metrics, ratio};
use crate::lane::LaneCounts;
use crate::report::{RequestFigures, UnroutedFigures};
use cachepolicy_core::sorting;
use cachepolicy_core::units::{Duration, Time};

/// So many beginnings of paths stand in the report.
const BEGINNINGS_MAX: usize = 10;

/// See the module's description.
#[derive(Debug, Clone, Default)]
pub(super) struct RequestCounts {
    count: u64,
    origin_free: u64,
    errors: u64,
    leaks: u64,
    bytes: u64,
    bytes_from_copies: u64,
    /// Nanoseconds.
    origin_time: u128,
    origin_time_saved: u128,
    latency: Histogram,
    freshness: Freshness,
}

impl Metrics {
    /// A request, or an access of a key-value trace (which has no route), is answered.
    #[inline]
    pub fn request_ended(&mut self, route: Option<RouteIx>, now: Time, end: &RequestEnd) {
        self.busy_until = self.busy_until.max(now);
        if !self.counts(now, end.latency) {
            return;
        }
        self.tick(now);
        self.timeline.latency(end.latency);
        self.observed.ended(end);
        match route {
            Some(RouteIx(route)) => self.routes[route as usize].ended(end),
            None => self.unrouted.ended(end),
        }
    }

    /// A request is answered by no level; its path begins as those of that number do.
    pub(crate) fn unrouted_ended(&mut self, beginning: u32, now: Time, end: &RequestEnd) {
        self.request_ended(None, now, end);
        if self.counts(now, end.latency) {
            *self.beginnings.entry(beginning).or_default() += 1;
        }
    }

    /// Those that no level answers, most frequent beginnings first.
    pub(super) fn unrouted_figures(&self, name: &dyn Fn(u32) -> String) -> Option<UnroutedFigures> {
        let mut beginnings: Vec<_> = self.beginnings.iter().collect();
        sorting::by_key(&mut beginnings, |&(beginning, count)| {
            (core::cmp::Reverse(*count), *beginning)
        });
        let named = beginnings.iter().take(BEGINNINGS_MAX);
        (!beginnings.is_empty()).then(|| UnroutedFigures {
            count: self.beginnings.values().sum(),
            beginnings: named
                .map(|&(&beginning, &count)| (name(beginning), count))
                .collect(),
        })
    }

    /// Each request once: those without a route, then those of each route.
    fn each_once(&self) -> impl Iterator<Item = &RequestCounts> {
        let routes = self.routes.iter().take(self.claimed_from);
        core::iter::once(&self.unrouted).chain(routes)
    }

    /// A number of all requests together.
    pub(super) fn sum(&self, number: fn(&RequestCounts) -> u64) -> u64 {
        self.each_once().map(number).sum()
    }

    /// All requests together.
    pub(super) fn all_requests(&self) -> RequestCounts {
        let mut all = RequestCounts::default();
        self.each_once().for_each(|counts| all.add(counts));
        all
    }

    /// A request also counts in a row that a claim asks for.
    pub(crate) fn claimed_ended(&mut self, RouteIx(route): RouteIx, now: Time, end: &RequestEnd) {
        self.claimed_from = self.claimed_from.min(route as usize);
        if self.counts(now, end.latency)
            && let Some(route) = self.routes.get_mut(route as usize)
        {
            route.ended(end);
        }
    }
}

impl RequestCounts {
    #[inline]
    pub(super) fn ended(&mut self, end: &RequestEnd) {
        self.count += 1;
        self.origin_free += u64::from(end.origin_free);
        self.errors += u64::from(end.error);
        self.leaks += u64::from(end.leak);
        self.bytes += end.bytes;
        self.bytes_from_copies += end.bytes_from_copies;
        self.origin_time += u128::from(end.origin_time.nanos().unsigned_abs());
        self.origin_time_saved += u128::from(end.origin_time_saved.nanos().unsigned_abs());
        self.latency.record_duration(end.latency);
        self.freshness
            .serve(end.out_of_date.then_some(end.staleness));
    }

    /// Those of others as well.
    fn add(&mut self, others: &Self) {
        self.count += others.count;
        self.origin_free += others.origin_free;
        self.errors += others.errors;
        self.leaks += others.leaks;
        self.bytes += others.bytes;
        self.bytes_from_copies += others.bytes_from_copies;
        self.origin_time += others.origin_time;
        self.origin_time_saved += others.origin_time_saved;
        self.latency.add(&others.latency);
        self.freshness.add(&others.freshness);
    }

    /// See [`super::ahead`].
    pub(super) fn ahead(&mut self, counts: &AheadCounts) {
        self.count += counts.count;
        self.origin_free += counts.count;
        self.leaks += counts.leaks;
        self.bytes += counts.bytes;
        self.bytes_from_copies += counts.bytes_from_copies;
        self.origin_time_saved += counts.saved;
        self.latency
            .record_durations(counts.latency(), counts.count);
        self.freshness.up_to_date(counts.count - counts.out_of_date);
    }

    /// See [`super::Metrics::lane`].
    pub(super) fn lane(&mut self, counts: &LaneCounts) {
        let all = counts.hits + counts.misses;
        self.count += all;
        self.origin_free += counts.hits;
        self.bytes += counts.response_bytes;
        self.bytes_from_copies += counts.response_bytes_from_copies;
        self.origin_time_saved += u128::from(counts.saved.nanos().unsigned_abs());
        self.latency.record_zeros(all);
        self.freshness.up_to_date(all - counts.out_of_date);
    }

    /// See [`super::lane::Late`].
    pub(super) fn late(&mut self, serves: &Freshness) {
        self.freshness.add(serves);
    }

    /// A response was this much out of date.
    pub(super) fn out_of_date_for(&mut self, staleness: Duration) {
        self.freshness.serve(Some(staleness));
    }

    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    pub(super) const fn origin_free(&self) -> u64 {
        self.origin_free
    }

    pub(super) const fn errors(&self) -> u64 {
        self.errors
    }

    pub(super) const fn out_of_date(&self) -> u64 {
        self.freshness.out_of_date()
    }

    pub(super) fn figures(&self) -> RequestFigures {
        let without_cache = self.origin_time + self.origin_time_saved;
        let saved = self.origin_time_saved as f64 / without_cache as f64;
        RequestFigures {
            count: self.count,
            hit_ratio: ratio(self.origin_free, self.count),
            byte_hit_ratio: ratio(self.bytes_from_copies, self.bytes),
            origin_free: self.origin_free,
            saved: (without_cache > 0).then_some(saved),
            latency: self.latency.quantiles(Scale::Seconds, 0),
            out_of_date: self.freshness.figures(),
            errors: self.errors,
            leaks: self.leaks,
        }
    }
}
