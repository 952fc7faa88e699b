//! Everything that is measured while a trace is replayed, in memory that does not grow with it.
//!
//! The engine calls a method for each thing that happens, in the order of time. What is a state
//! (busy slots, copies in a backend) goes on through [`Metrics::warmed_up`]; what was counted
//! until then is forgotten.

mod types;

pub use types::{
    ActionIx, Cause, Fault, FillBegan, FillResult, Known, Leaving, Outcome, RequestEnd, RouteIx,
    Serve, Stored, Wait,
};

use crate::report::{Report, TraceSummary};
use crate::store::KeyId;
use cachepolicy_core::ids::{BackendId, DimensionId, LevelId, OriginId, WorkloadId};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::{Duration, Time};

/// See the module's description.
#[derive(Debug)]
pub struct Metrics {}

/// What the report needs beside the figures.
pub struct RunEnd<'a> {
    /// The policy that was simulated.
    pub policy: &'a Policy,
    /// What was replayed.
    pub trace: TraceSummary,
    /// Of every random stream.
    pub seed: u64,
    /// The workload that the trace came from or that filled its gaps; claims for another one are
    /// not decided.
    pub workload: Option<WorkloadId>,
    /// The last instant that was simulated.
    pub ended: Time,
    /// A key as people write it.
    pub key_name: &'a dyn Fn(LevelId, KeyId) -> String,
}

impl Metrics {
    /// Before anything happened. `routes` are the names of the report's routes; `timeline_step`:
    /// `None` for one that suits the length of the run.
    #[must_use]
    pub fn new(policy: &Policy, routes: Vec<String>, timeline_step: Option<Duration>) -> Self {
        let _ = (policy, routes, timeline_step);
        Self {}
    }

    /// The first event of the trace: time zero of the report. Counting begins.
    pub fn begin(&mut self, at: Time) {
        let _ = at;
    }

    /// The warm-up is over at `now`: what was counted so far is forgotten, states go on. Requests,
    /// look-ups, waits and fills that began before do not count when they end.
    pub fn warmed_up(&mut self, now: Time) {
        let _ = now;
    }

    /// A look-up has its outcome. A waiter's is [`Outcome::Miss`], once, when it begins to wait.
    pub fn lookup(&mut self, level: LevelId, now: Time, outcome: Outcome) {
        let _ = (level, now, outcome);
    }

    /// A level answers.
    pub fn serve(&mut self, level: LevelId, now: Time, serve: &Serve) {
        let _ = (level, now, serve);
    }

    /// A look-up has its answer, this long after it began: the store's latency, waiting, filling.
    pub fn lookup_ended(&mut self, level: LevelId, now: Time, took: Duration) {
        let _ = (level, now, took);
    }

    /// A look-up waits no longer.
    pub fn wait(&mut self, level: LevelId, now: Time, wait: &Wait) {
        let _ = (level, now, wait);
    }

    /// A fill begins.
    pub fn fill_began(&mut self, level: LevelId, now: Time, fill: &FillBegan) {
        let _ = (level, now, fill);
    }

    /// A fill that took this long is over.
    pub fn fill_ended(&mut self, level: LevelId, now: Time, result: FillResult, took: Duration) {
        let _ = (level, now, result, took);
    }

    /// A request, or an access of a key-value trace (which has no route), is answered.
    pub fn request_ended(&mut self, route: Option<RouteIx>, now: Time, end: &RequestEnd) {
        let _ = (route, now, end);
    }

    /// Work asks an origin for a slot; `queue`: how much waits there from now on, this included
    /// unless it begins at once.
    pub fn origin_arrived(&mut self, origin: OriginId, now: Time, queue: u32) {
        let _ = (origin, now, queue);
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
        let _ = (origin, now, waited, busy, queue);
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
        let _ = (origin, now, took, busy, failed);
    }

    /// A copy is stored. What it replaces has been [`Metrics::removed`] before.
    pub fn stored(&mut self, now: Time, stored: &Stored) {
        let _ = (now, stored);
    }

    /// A copy left a backend.
    pub fn removed(&mut self, backend: BackendId, level: LevelId, bytes: u64, why: Leaving) {
        let _ = (backend, level, bytes, why);
    }

    /// A copy did not fit into a backend at all.
    pub fn too_large(&mut self, backend: BackendId) {
        let _ = backend;
    }

    /// A delivery applied an action: `removed` copies were removed or made stale by it.
    pub fn delivery(&mut self, action: ActionIx, now: Time, removed: u64) {
        let _ = (action, now, removed);
    }

    /// A delivery of an action was lost.
    pub fn lost(&mut self, action: ActionIx, now: Time) {
        let _ = (action, now);
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
        let _ = (level, committed, window, exposure);
    }

    /// Something went wrong.
    pub fn fault(&mut self, now: Time, fault: Fault) {
        let _ = (now, fault);
    }

    /// Where a request's value of a dimension came from.
    pub fn coverage(&mut self, dimension: DimensionId, known: Known) {
        let _ = (dimension, known);
    }

    /// Where the values of a level's data name (an index into its `data`) came from.
    pub fn data_coverage(&mut self, level: LevelId, data: u16, known: Known) {
        let _ = (level, data, known);
    }

    /// Something that must be known to read the figures; the same text counts once.
    pub fn note(&mut self, text: impl Into<String>) {
        let _ = text.into();
    }

    /// The report, its claims evaluated.
    #[must_use]
    pub fn finish(self, end: &RunEnd<'_>) -> Report {
        let _ = end;
        unreachable!("follows")
    }
}
