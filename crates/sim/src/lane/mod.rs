//! Accesses of a key-value trace in stretches: as long as nothing else is due, whatever an access
//! comes to is done on the spot, without a task, a frame or an event. So are writes of rows of which no
//! more need be known than which row it is, and what they invalidate: see [`rows`].
//!
//! A stretch does what [`crate::walk`], [`crate::flight`] and [`crate::storing`] would do, in the
//! same order, with the same draws and the same decisions of the core; what it does not know, a
//! stale copy or a fill that takes time, it leaves to them. `lane/tests.rs` replays random traces
//! both ways and compares the reports.

mod alike;
mod chunk;
mod fetch;
mod fills;
mod group;
mod plain;
mod rows;
mod stretch;
#[cfg(test)]
mod tests;
mod writes;

pub(crate) use plain::{PlainWrites, Tally};

use crate::dependents;
use crate::engine::Engine;
use crate::metrics::ActionIx;
use crate::rows::Written;
use crate::state::Facts;
use crate::tables::Tables;
use cachepolicy_core::LevelId;
use cachepolicy_core::decide::Rules;
use cachepolicy_core::ids::BackendId;
use cachepolicy_core::level::LifetimeSource;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::block::{Accesses, NONE, Writes};
use core::ops::Range;
use rows::Going;
use stretch::Stretch;

/// A level whose nearest tier can be read on the spot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lane {
    pub(crate) level: LevelId,
    backend: BackendId,
    /// The nearest tier's only instance.
    pub(crate) instance: u32,
    /// A fill takes no time either, and depends on nothing but rows that its key tells.
    fills: bool,
    /// What copies depend on is noted when it is written to: see [`crate::dependents`].
    pub(crate) notes_late: bool,
    size_from_trace: bool,
    lifetime: LifetimeSource,
}

/// Accesses without anything in between but writes that can commit in a stretch.
#[derive(Debug, Clone)]
pub(crate) struct Span<'b> {
    pub(crate) accesses: &'b Accesses,
    pub(crate) range: Range<usize>,
    pub(crate) writes: &'b Writes,
    pub(crate) commits: Range<usize>,
}

/// What the accesses of a stretch come to, all together.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LaneCounts {
    /// Of the level: fresh hits, and misses.
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    /// Of the level: bytes that copies served, and that fills served.
    pub(crate) hit_bytes: u64,
    pub(crate) miss_bytes: u64,
    /// Of the responses, and how many of these came from copies.
    pub(crate) response_bytes: u64,
    pub(crate) response_bytes_from_copies: u64,
    /// Origin time that the hits saved.
    pub(crate) saved: Duration,
    /// Hits of copies that miss a write; each was told of.
    pub(crate) out_of_date: u64,
    /// When the last `get` came.
    pub(crate) last: Option<Time>,
    /// Copies that came and left, as far as these are not counted one by one.
    pub(crate) moved: Moved,
}

/// Of copies that differ at most in their sizes and lives, in a backend that nobody else uses: how
/// many were evicted, what is there, and the most that there was at once.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Moved {
    pub(crate) evicted: u64,
    pub(crate) evicted_fresh: u64,
    pub(crate) entries: u64,
    pub(crate) bytes: u128,
    pub(crate) entries_peak: u64,
    pub(crate) bytes_peak: u128,
}

impl Lane {
    /// For accesses of a level, if there is one.
    pub(crate) fn of(engine: &Engine, t: &Tables, level: LevelId) -> Option<Self> {
        if !cfg!(feature = "lanes") {
            return None;
        }
        let table = t.levels.get(level.index())?;
        let declared = t.policy.levels.get(level.index())?;
        let tier = table.tiers.first()?;
        let backend = t.backends.get(usize::from(tier.backend))?;
        let is_at_once = engine.backends[usize::from(tier.backend)].latency.is_zero();
        let is_plain = backend.count == 1
            && is_at_once
            && table.extras.is_empty()
            && table.dims.uncovered == 0
            && declared.skip.is_none()
            && !engine.processes.are_limited()
            && t.pops() == 1;
        let cost = &engine.levels[level.index()].cost;
        let notes_late = dependents::are_told_by_key(t, level);
        let is_tracked = t.trackers.iter().any(|it| it.backend == tier.backend);
        let fills = table.tiers.len() == 1
            && !is_tracked
            && tier.ceiling.is_none()
            && declared.origin.is_none()
            && declared.data.is_empty()
            && table.is_source
            && cost.is_zero()
            && !declared.cost.from_trace
            && (!t.needs_values(level) || notes_late);
        is_plain.then_some(Self {
            level,
            backend: BackendId(tier.backend),
            instance: tier.first,
            fills,
            notes_late: fills && notes_late,
            size_from_trace: declared.size.from_trace,
            lifetime: declared.lifetime,
        })
    }

    /// Is it enough for a write to find keys of the trace, without names?
    pub(crate) const fn finds_unnamed(&self) -> bool {
        self.fills
    }

    /// Do fills of this level take no time?
    pub(crate) fn fills_at_once(&self, level: LevelId) -> bool {
        self.fills && self.level == level
    }

    fn rules<'t>(&self, t: &'t Tables) -> &'t Rules {
        &t.levels[self.level.index()].rules
    }
}

impl Engine {
    /// Is what copies of this level depend on noted when it is written to? Whoever watches sees it
    /// noted at once.
    pub(crate) fn notes_late(&self, level: LevelId) -> bool {
        let is_it = |lane: Lane| lane.notes_late && lane.level == level;
        self.observer.is_none() && self.lane.is_some_and(is_it)
    }

    /// Can stretches go on across this write?
    pub(crate) fn is_plain(&self, writes: &Writes, index: usize) -> bool {
        let written = writes.written.get(index);
        let written = written.and_then(|&written| self.ingest.written.get(written as usize));
        let process = writes.process.get(index);
        matches!(written, Some(Written::Plain(_)))
            && process.is_none_or(|&process| process == NONE)
            && writes.delay.get(index).copied().flatten().is_none()
    }

    /// Replays accesses of a span as far as it goes on the spot, and before `until`, with the writes in
    /// between; all that is due before the first of them has happened. How many were replayed, and how
    /// many writes?
    pub(crate) fn replay_stretch(
        &mut self,
        t: &Tables,
        span: &Span<'_>,
        until: Time,
    ) -> (usize, usize) {
        let Some(lane) = self.lane.filter(|_| cfg!(feature = "lanes")) else {
            return (0, 0);
        };
        let Span {
            accesses, range, ..
        } = span;
        let first = accesses.at.get(range.start).copied();
        let limit = until.min(self.metrics.next_tick());
        let is_calm = self.arrivals.is_empty()
            && self.observer.is_none()
            && !self.metrics.is_watched()
            && self.trace_keys.are_direct()
            && first.is_some_and(|first| {
                first < limit.min(self.queue.first_at())
                    && first >= self.backends[lane.backend.index()].down_until
            });
        if !is_calm {
            return (0, 0);
        }
        self.number_keys(t, lane.level);
        if !self.trace_keys.are_direct() {
            return (0, 0);
        }
        if self.metrics.has_risks(lane.level) {
            self.facts.resize(self.causes.len(), Facts::NONE);
        }
        let store = &mut self.stores[lane.instance as usize];
        let (rack, evictor) = (&mut store.rack, &mut store.evictor);
        let going = Going {
            plain: self
                .plain
                .as_mut()
                .filter(|_| self.trace_keys.are_unnamed()),
            t,
            writes: span.writes,
            range: span.commits.clone(),
            written: &self.ingest.written,
            queue: &mut self.queue,
            deliveries: &mut self.deliveries,
            keys: &mut self.trace_keys,
            values: &self.values,
        };
        let mut outcome = evictor.visited(Stretch {
            lane,
            rules: lane.rules(t),
            accesses,
            range: range.clone(),
            fetched: &mut self.fetched,
            limit,
            stop: limit.min(going.due()),
            rack,
            operations: self.ingest.accesses.operations,
            last: &mut self.last_accesses,
            level: &mut self.levels[lane.level.index()],
            causes: &mut self.causes,
            facts: &mut self.facts,
            figures: self.metrics.lane_figures(lane.level, lane.backend),
            provenances: &mut self.provenances,
            cells: &mut self.cells,
            orphans: core::mem::take(&mut self.orphans),
            counts: LaneCounts::default(),
            now: self.now,
            uniform: None,
            going,
        });
        let replayed = outcome.end - range.start;
        let written = outcome.next_write - span.commits.start;
        self.now = outcome.now;
        self.metrics.lane(lane.level, lane.backend, &outcome.counts);
        self.processes.skip(replayed as u64, written as u64);
        self.ingest.count_requests(replayed as u64);
        for (provenance, died) in outcome.orphans.drain(..) {
            self.let_go(provenance, Some(died));
        }
        self.orphans = outcome.orphans;
        self.tell_plain();
        (replayed, written)
    }

    /// What came of writes of a stretch and of what they set off.
    fn tell_plain(&mut self) {
        if let Some(plain) = self.plain.as_mut().filter(|_| cfg!(feature = "lanes")) {
            for (action, tally) in plain.tallies() {
                self.metrics.deliveries(ActionIx(action), tally);
            }
            self.tell_settled();
        }
    }
}
