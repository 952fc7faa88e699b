//! What happens inside the engine, one thing after the other, for whoever wants to look: as rows of
//! a table with fixed columns ([`Row`]) or in words ([`describe`]).

mod row;
mod words;

pub use row::{COLUMNS, Row};
pub use words::{describe, sentence};

use crate::metrics::{
    ActionIx, Fault, FillBegan, FillResult, Leaving, Outcome, RequestEnd, RouteIx, Serve, Wait,
    labels,
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
    /// The report's time zero.
    pub zero: Time,
    /// Of the report's routes, by [`RouteIx`].
    pub routes: &'a [String],
    /// Of a key, as people write it.
    pub key: &'a dyn Fn(LevelId, KeyId) -> String,
}

impl Names<'_> {
    fn level(&self, id: LevelId) -> &str {
        let level = self.policy.levels.get(id.index());
        level.map_or("", |level| &level.name)
    }

    fn backend(&self, id: BackendId) -> &str {
        let backend = self.policy.backends.get(id.index());
        backend.map_or("", |backend| &backend.name)
    }

    fn origin(&self, id: OriginId) -> &str {
        let origin = self.policy.origins.get(id.index());
        origin.map_or("", |origin| &origin.name)
    }

    fn model(&self, id: ModelId) -> &str {
        let model = self.policy.models.get(id.index());
        model.map_or("", |model| &model.name)
    }

    fn route(&self, route: Option<RouteIx>) -> &str {
        let name = route.and_then(|RouteIx(index)| self.routes.get(index as usize));
        name.map_or("", String::as_str)
    }

    fn action(&self, ActionIx(index): ActionIx) -> String {
        let edges = self.policy.edges.iter();
        let mut actions =
            edges.flat_map(|edge| edge.actions.iter().map(move |action| (edge, action)));
        let count = actions.clone().count();
        if let Some((edge, action)) = actions.nth(index as usize) {
            return labels::action(self.policy, edge, action);
        }
        let mut tracking = self.policy.buses.iter().filter(|bus| bus.tracks.is_some());
        let bus = tracking.nth(index as usize - count);
        bus.map_or_else(String::new, labels::tracking)
    }

    fn seconds(&self, at: Time) -> f64 {
        at.since(self.zero).as_secs_f64()
    }
}

/// Whoever wants to know what happens. Called in the order of time; it goes wherever its simulation
/// goes, also to another thread.
pub trait Observer: Send {
    /// Something happens.
    fn happens(&mut self, happening: &Happening, names: &Names<'_>);
}

impl<F: FnMut(&Happening, &Names<'_>) + Send> Observer for F {
    fn happens(&mut self, happening: &Happening, names: &Names<'_>) {
        self(happening, names);
    }
}
