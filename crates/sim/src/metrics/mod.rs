//! Everything that is measured while a trace is replayed, in memory that does not grow with it.
//!
//! The engine calls a method for each thing that happens, in the order of time. What is a state
//! (busy slots, copies in a backend) goes on through [`Metrics::warmed_up`]; what was counted
//! until then is forgotten.

mod ahead;
mod backend;
mod coverage;
mod finish;
mod freshness;
mod histogram;
mod invalidation;
pub mod labels;
mod lane;
mod level;
mod observed;
mod origin;
mod peaks;
mod recovery;
mod requests;
mod risk;
mod timeline;
mod types;

#[cfg(test)]
mod tests;

pub(crate) use ahead::{Alike, Answered};
pub use finish::RunEnd;
pub(crate) use lane::LaneFigures;
pub use types::{
    ActionIx, Asked, Cause, Fault, FillBegan, FillResult, Known, Leaving, Outcome, RequestEnd,
    RouteIx, Serve, Stored, Wait,
};

use crate::lane::Tally;
use crate::yardstick::References;
use ahead::AheadCounts;
use backend::BackendCounts;
use cachepolicy_analysis::Outage;
use cachepolicy_core::ids::{BackendId, DimensionId, LevelId, OriginId};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::{Duration, Time};
use coverage::Coverages;
use invalidation::ActionCounts;
use lane::Late;
use level::LevelCounts;
use observed::ObservedCounts;
use origin::OriginCounts;
use recovery::Recoveries;
use requests::RequestCounts;
use risk::Risks;
use timeline::{Timeline, Totals};

/// See the module's description.
#[derive(Debug)]
pub struct Metrics {
    began: Time,
    counted_from: Time,
    /// The last instant at which a request or work of an origin is known to have been under way.
    busy_until: Time,
    /// When the timeline or the recoveries have something to do.
    next_tick: Time,
    /// Those without a route, and accesses.
    unrouted: RequestCounts,
    /// Requests that no level answers, by what their paths begin with.
    beginnings: std::collections::BTreeMap<u32, u64>,
    observed: ObservedCounts,
    /// By chain of levels.
    ahead: Vec<Option<AheadCounts>>,
    late: Option<Late>,
    routes: Vec<RequestCounts>,
    /// From this row on, requests count in the row of their level as well.
    claimed_from: usize,
    route_names: Vec<String>,
    levels: Vec<LevelCounts>,
    /// By level; `None`: its fills take no time.
    risks: Vec<Option<Risks>>,
    backends: Vec<BackendCounts>,
    origins: Vec<OriginCounts>,
    actions: Vec<ActionCounts>,
    recoveries: Recoveries,
    timeline: Timeline,
    timeline_step: Option<Duration>,
    coverages: Coverages,
    notes: Vec<String>,
    outages: Vec<Outage>,
    watched: Option<(BackendId, References)>,
}

impl Metrics {
    /// Before anything happened. `routes` are the names of the report's routes; `timeline_step`:
    /// `None` for one that suits the length of the run.
    #[must_use]
    pub fn new(policy: &Policy, routes: Vec<String>, timeline_step: Option<Duration>) -> Self {
        let levels = policy.levels.len();
        let edges = policy.edges.iter().map(|edge| edge.actions.len());
        let tracking = policy.buses.iter().filter(|bus| bus.tracks.is_some());
        let actions = edges.sum::<usize>() + tracking.count();
        Self {
            began: Time::ZERO,
            counted_from: Time::ZERO,
            busy_until: Time::DISTANT_PAST,
            next_tick: Time::NEVER,
            unrouted: RequestCounts::default(),
            beginnings: std::collections::BTreeMap::new(),
            observed: ObservedCounts::default(),
            ahead: Vec::new(),
            late: None,
            claimed_from: usize::MAX,
            routes: vec![RequestCounts::default(); routes.len()],
            route_names: routes,
            levels: vec![LevelCounts::default(); levels],
            risks: (0..levels)
                .map(|level| Risks::of(policy, LevelId(level as u16)))
                .collect(),
            backends: vec![BackendCounts::new(levels); policy.backends.len()],
            origins: vec![OriginCounts::default(); policy.origins.len()],
            actions: vec![ActionCounts::default(); actions],
            recoveries: Recoveries::new(Time::ZERO, 0),
            timeline: Timeline::new(timeline_step),
            timeline_step,
            coverages: Coverages::new(policy),
            notes: Vec::new(),
            outages: Vec::new(),
            watched: None,
        }
    }

    /// Records what is asked for and stored in a backend. Do the sizes of copies matter?
    pub fn watch(&mut self, backend: BackendId, by_bytes: bool) {
        self.watched = Some((backend, References::new(by_bytes)));
    }

    /// What was recorded.
    pub fn take_references(&mut self) -> Option<References> {
        self.watched.take().map(|(_, references)| references)
    }

    /// The first event of the trace: time zero of the report. Counting begins.
    pub fn begin(&mut self, at: Time) {
        self.began = at;
        self.warmed_up(at);
    }

    /// The warm-up is over at `now`: what was counted so far is forgotten, states go on. Requests,
    /// look-ups, waits and fills that began before do not count when they end.
    pub fn warmed_up(&mut self, now: Time) {
        self.add_ahead();
        self.counted_from = now;
        self.unrouted = RequestCounts::default();
        self.beginnings.clear();
        self.observed = ObservedCounts::default();
        self.late = None;
        self.routes.fill_with(RequestCounts::default);
        self.levels.fill_with(LevelCounts::default);
        self.risks.iter_mut().flatten().for_each(Risks::forget);
        self.actions.fill_with(ActionCounts::default);
        self.backends.iter_mut().for_each(BackendCounts::warmed_up);
        if let Some((_, references)) = &mut self.watched {
            references.warmed_up();
        }
        self.origins
            .iter_mut()
            .for_each(|origin| origin.warmed_up(now));
        self.coverages.warmed_up();
        self.recoveries = Recoveries::new(now, self.longest_queue());
        self.timeline = Timeline::new(self.timeline_step);
        self.timeline.begin(now);
        self.next_tick = self.recoveries.ends().min(self.timeline.ends());
    }

    /// A look-up has its outcome. A waiter's is [`Outcome::Miss`], once, when it begins to wait.
    #[inline]
    pub fn lookup(&mut self, level: LevelId, now: Time, outcome: Outcome) {
        self.tick(now);
        self.levels[level.index()].lookup(outcome);
    }

    /// A level answers.
    #[inline]
    pub fn serve(&mut self, level: LevelId, now: Time, serve: &Serve) {
        self.tick(now);
        self.levels[level.index()].serve(now, serve);
    }

    /// A look-up has its answer, this long after it began: the store's latency, waiting, filling.
    #[inline]
    pub fn lookup_ended(&mut self, level: LevelId, now: Time, took: Duration) {
        if self.counts(now, took) {
            self.levels[level.index()].lookup_ended(took);
        }
    }

    /// A look-up waits no longer.
    pub fn wait(&mut self, level: LevelId, now: Time, wait: &Wait) {
        if self.counts(now, wait.waited) {
            self.levels[level.index()].wait(wait);
        }
    }

    /// A fill begins.
    pub fn fill_began(&mut self, level: LevelId, now: Time, fill: &FillBegan) {
        self.tick(now);
        self.timeline.fills(fill.concurrent);
        self.levels[level.index()].fill_began(now, fill);
    }

    /// A fill that took this long is over.
    pub fn fill_ended(&mut self, level: LevelId, now: Time, result: FillResult, took: Duration) {
        if self.counts(now, took) {
            self.levels[level.index()].fill_ended(result);
        }
    }

    /// Is every look-up in a backend recorded?
    pub(crate) const fn is_watched(&self) -> bool {
        self.watched.is_some()
    }

    /// When something is done that goes by what was counted until then.
    pub(crate) const fn next_tick(&self) -> Time {
        self.next_tick
    }

    /// Lets it be done, if it is due.
    pub(crate) fn tick_at(&mut self, now: Time) {
        self.tick(now);
    }

    /// Work asks an origin for a slot; `queue`: how much waits there from now on, this included
    /// unless it begins at once.
    pub fn origin_arrived(&mut self, origin: OriginId, now: Time, queue: u32) {
        self.tick(now);
        self.recoveries.queue(queue);
        self.origins[origin.index()].arrived(now, queue);
    }

    /// Work that waited this long (zero: not at all) begins at an origin; `busy` slots and `queue`
    /// from now on.
    pub fn origin_began(
        &mut self,
        origin: OriginId,
        now: Time,
        waited: Duration,
        busy: u32,
        queue: u32,
    ) {
        self.tick(now);
        let counts = self.counts(now, waited);
        self.origins[origin.index()].began(now, counts.then_some(waited), busy, queue);
    }

    /// Work that began `took` ago ends at an origin, before the next one in the queue begins;
    /// `busy` slots from now on.
    pub fn origin_ended(
        &mut self,
        origin: OriginId,
        now: Time,
        took: Duration,
        busy: u32,
        failed: bool,
    ) {
        self.busy_until = self.busy_until.max(now);
        let failed = failed && self.counts(now, took);
        self.origins[origin.index()].ended(now, busy, failed);
    }

    /// A store answers the first look-up of a walk there; a further one, after waiting for a fill,
    /// does not count.
    #[inline]
    pub fn asked(&mut self, asked: &Asked) {
        self.backends[asked.backend.index()].asked(asked.hit.is_some());
        if let Some((watched, references)) = &mut self.watched
            && *watched == asked.backend
            && let Some(bytes) = asked.hit
        {
            references.hit(asked.instance, asked.key.0, bytes);
        }
    }

    /// A copy is stored. What it replaces has been [`Metrics::removed`] before. Was none of its key
    /// stored in this backend before?
    #[inline]
    pub fn stored(&mut self, stored: &Stored) -> bool {
        let backend = &mut self.backends[stored.backend.index()];
        let is_new = backend.stored_plain(stored.level, stored.key, stored.bytes);
        if let Some((watched, references)) = &mut self.watched
            && *watched == stored.backend
        {
            references.stored(stored.instance, stored.key.0, stored.bytes);
        }
        is_new
    }

    /// The first copy of a key is stored in a backend. `parameters`: a dense number of the key's
    /// parameters without the request's variant, within the level.
    pub fn variant_stored(&mut self, backend: BackendId, level: LevelId, parameters: u32) {
        self.backends[backend.index()].variant_stored(level, parameters);
    }

    /// A copy left a backend.
    #[inline]
    pub fn removed(&mut self, backend: BackendId, level: LevelId, bytes: u64, why: Leaving) {
        self.backends[backend.index()].removed(level, bytes, why);
    }

    /// A copy did not fit into a backend at all.
    pub fn too_large(&mut self, backend: BackendId) {
        self.backends[backend.index()].too_large();
    }

    /// A delivery applied an action: `removed` copies were removed or made stale by it.
    pub fn delivery(&mut self, action: ActionIx, removed: u64) {
        self.actions[action.0 as usize].delivery(removed);
    }

    /// So many deliveries removed a copy each or made it stale, so many did nothing, so many were lost.
    pub(crate) fn deliveries(&mut self, action: ActionIx, tally: Tally) {
        self.actions[action.0 as usize].deliveries(tally);
    }

    /// A delivery of an action was lost.
    pub fn lost(&mut self, action: ActionIx) {
        self.actions[action.0 as usize].lost();
    }

    /// No copy of the level misses this write any more. To be called for writes that at least one
    /// copy missed. `window`: from the commit to the last out-of-date serve caused by it, `None`
    /// if there was none; `exposure`: from the commit to the death of the last copy that missed it.
    pub fn write_settled(
        &mut self,
        level: LevelId,
        committed: Time,
        window: Option<Duration>,
        exposure: Duration,
    ) {
        if committed >= self.counted_from {
            self.levels[level.index()].write_settled(window, exposure);
        }
    }

    /// Something went wrong.
    pub fn fault(&mut self, now: Time, fault: Fault) {
        self.tick(now);
        self.add_ahead();
        let requests = self.sum(RequestCounts::count);
        let hits = self.sum(RequestCounts::origin_free);
        let queue = self.longest_queue();
        self.recoveries.fault(now, fault, requests, hits, queue);
        self.next_tick = self.recoveries.ends().min(self.timeline.ends());
    }

    /// A backend cannot be reached for so long: what was proved is other then.
    pub(crate) fn outage(&mut self, backend: BackendId, time: Duration) {
        self.outages.push(Outage { backend, time });
    }

    /// Where a request's value of a dimension came from.
    #[inline]
    pub fn coverage(&mut self, dimension: DimensionId, known: Known) {
        self.coverages.dimension(dimension, known);
    }

    /// The same of all dimensions of so many requests.
    pub(crate) fn coverages(&mut self, known: &[Known], requests: u64) {
        self.coverages.all_dimensions(known, requests);
    }

    /// Where the values of a level's data name (an index into its `data`) came from.
    pub fn data_coverage(&mut self, level: LevelId, data: u16, known: Known) {
        self.coverages.data(level, data, known);
    }

    /// Something that must be known to read the figures; the same text counts once.
    pub fn note(&mut self, text: impl Into<String>) {
        coverage::add_note(&mut self.notes, text.into());
    }

    /// The last instant at which a request or work of an origin was under way: what is left to do
    /// after it, as late deliveries, is no load.
    pub(crate) fn busy_until(&mut self) -> Time {
        self.add_ahead();
        self.busy_until
    }

    /// Does something count that took this long and ends now?
    fn counts(&self, now: Time, took: Duration) -> bool {
        now.before(took) >= self.counted_from
    }

    #[inline]
    fn tick(&mut self, now: Time) {
        if now >= self.next_tick {
            self.advance(now);
        }
    }

    #[cold]
    fn advance(&mut self, now: Time) {
        self.add_ahead();
        self.busy_until = self.busy_until.max(now);
        if now >= self.recoveries.ends() {
            let requests = self.sum(RequestCounts::count);
            let hits = self.sum(RequestCounts::origin_free);
            let queue = self.longest_queue();
            self.recoveries.advance(now, requests, hits, queue);
        }
        if now >= self.timeline.ends() {
            let totals = self.totals();
            self.timeline.advance(now, &totals);
        }
        self.next_tick = self.recoveries.ends().min(self.timeline.ends());
    }

    fn longest_queue(&self) -> u32 {
        self.origins
            .iter()
            .map(OriginCounts::queue_length)
            .max()
            .unwrap_or(0)
    }

    fn totals(&self) -> Totals {
        let levels = self
            .levels
            .iter()
            .map(|level| (level.hits(), level.tried()));
        Totals {
            requests: self.sum(RequestCounts::count),
            origin_free: self.sum(RequestCounts::origin_free),
            errors: self.sum(RequestCounts::errors),
            out_of_date: self.sum(RequestCounts::out_of_date) + self.late_serves(),
            levels: levels.collect(),
            origins: self.origins.iter().map(OriginCounts::arrivals).collect(),
        }
    }
}

/// `None` of nothing.
fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
