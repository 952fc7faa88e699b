//! What happens inside the engine, one thing after the other, for whoever wants to look.

use crate::metrics::{
    ActionIx, Fault, FillBegan, FillResult, Leaving, Outcome, RequestEnd, RouteIx, Serve, Wait,
};
use crate::store::KeyId;
use cachepolicy_core::edge::Operation;
use cachepolicy_core::ids::{BackendId, LevelId, ModelId, OriginId};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::{Duration, Time};

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Happening {
    /// When.
    pub at: Time,
    /// For which request, counted from 1 in the order of the trace.
    pub request: Option<u64>,
    /// In which process, from 0.
    pub process: Option<u32>,
    /// What.
    pub what: What,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A request arrives.
    Arrival {
        /// Its route.
        route: Option<RouteIx>,
    },
    /// A look-up has its outcome.
    LookUp {
        /// At this level.
        level: LevelId,
        /// Of this key; `None`: it was left out before the key was known.
        key: Option<KeyId>,
        /// What came of it.
        outcome: Outcome,
    },
    /// A look-up begins to wait for somebody else's fill.
    WaitBegan {
        /// At this level.
        level: LevelId,
        /// Of this key.
        key: KeyId,
    },
    /// It waits no longer.
    WaitEnded {
        /// At this level.
        level: LevelId,
        /// Of this key.
        key: KeyId,
        /// How it was.
        wait: Wait,
    },
    /// A fill begins.
    FillBegan {
        /// At this level.
        level: LevelId,
        /// What is known of it.
        fill: FillBegan,
    },
    /// A fill is over.
    FillEnded {
        /// At this level.
        level: LevelId,
        /// Of this key.
        key: KeyId,
        /// What came of it.
        result: FillResult,
        /// How long it took.
        took: Duration,
    },
    /// A copy is stored.
    Stored {
        /// In this backend.
        backend: BackendId,
        /// Of this level.
        level: LevelId,
        /// Of this key.
        key: KeyId,
        /// Its size.
        bytes: u64,
    },
    /// A copy leaves a backend.
    Removed {
        /// This backend.
        backend: BackendId,
        /// Of this level.
        level: LevelId,
        /// Of this key.
        key: KeyId,
        /// Its size.
        bytes: u64,
        /// Why.
        why: Leaving,
    },
    /// A level answers.
    Serve {
        /// This level.
        level: LevelId,
        /// With this key.
        key: KeyId,
        /// How.
        serve: Serve,
    },
    /// An origin begins to work.
    WorkBegan {
        /// This origin.
        origin: OriginId,
        /// After waiting this long for a slot.
        waited: Duration,
    },
    /// An origin is done.
    WorkEnded {
        /// This origin.
        origin: OriginId,
        /// After this long.
        took: Duration,
        /// It failed.
        failed: bool,
    },
    /// A request is answered.
    Answer {
        /// Its route.
        route: Option<RouteIx>,
        /// How.
        end: RequestEnd,
    },
    /// A write commits.
    Write {
        /// To this model.
        model: ModelId,
        /// What happens to the row.
        operation: Operation,
    },
    /// An invalidation is applied.
    Delivery {
        /// This action of an edge.
        action: ActionIx,
        /// To so many copies.
        removed: u64,
    },
    /// An invalidation is lost.
    Lost {
        /// This action of an edge.
        action: ActionIx,
    },
    /// Something goes wrong.
    Fault(Fault),
}

/// Names for the numbers in a [`Happening`].
pub struct Names<'a> {
    /// Of everything that it declares.
    pub policy: &'a Policy,
    /// Of the report's routes, by [`RouteIx`].
    pub routes: &'a [String],
    /// Of a key, as people write it.
    pub key: &'a dyn Fn(LevelId, KeyId) -> String,
}

/// Whoever wants to know what happens. Called in the order of time.
pub trait Observer {
    /// Something happens.
    fn happens(&mut self, happening: &Happening, names: &Names<'_>);
}
