//! The cache that a service holds.

use crate::builder::Builder;
use crate::context::{self, Context};
use crate::counters::{Counters, Counting, StoreCounters};
use crate::deliver::Recent;
use crate::flight::Flights;
use crate::level::{Level, UnknownLevel};
use crate::request::{Request, RequestBuilder};
use crate::store::Store;
use crate::tiers::Tiers;
use crate::time::Clock;
#[cfg(feature = "record")]
use crate::trail::Trail;
use crate::versions::Versions;
use cachepolicy_core::Policy;
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::key::QueryFilter;
use parking_lot::Mutex;
use rand::RngExt as _;
use rand::rngs::StdRng;
use std::sync::{Arc, OnceLock};

/// Copies, kept as a policy says. Cheap to clone; clones are the same cache.
#[derive(Debug, Clone)]
pub struct Cache {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) policy: Policy,
    pub(crate) graph: Graph,
    pub(crate) filter: QueryFilter,
    pub(crate) clock: Clock,
    pub(crate) random: Mutex<StdRng>,
    pub(crate) recent: Mutex<Recent>,
    /// By backend; `None`: it keeps nothing, or nobody uses it.
    pub(crate) stores: Vec<Option<Store>>,
    /// By bus; `None`: within this process, or nobody uses it.
    #[cfg(feature = "redis")]
    pub(crate) buses: Vec<Option<Arc<crate::bus::Bus>>>,
    /// By level.
    pub(crate) levels: Vec<LevelState>,
    #[cfg(feature = "record")]
    pub(crate) recording: Option<Arc<crate::record::Recording>>,
    /// The cache of a changed policy, which has taken its place.
    pub(crate) successor: OnceLock<Cache>,
    /// How levels with a route are answered, if they are.
    #[cfg(feature = "http")]
    pub(crate) http: Option<crate::http::HttpOptions>,
}

/// What changes at a level.
#[derive(Debug)]
pub(crate) struct LevelState {
    pub(crate) tiers: Tiers,
    pub(crate) flights: Arc<Flights>,
    pub(crate) counting: Counting,
    /// `None`: no edge raises them.
    pub(crate) versions: Option<Arc<Versions>>,
    /// On what responses vary beyond the policy.
    #[cfg(feature = "http")]
    pub(crate) variants: Arc<crate::http::Variants>,
}

impl core::fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("Inner")
            .field("policy", &self.policy.name)
            .finish_non_exhaustive()
    }
}

impl From<Inner> for Cache {
    fn from(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
        }
    }
}

impl Cache {
    /// Begins to build a cache by a policy, which [`crate::decode`] reads from an artefact.
    #[must_use]
    pub fn builder(policy: Policy) -> Builder {
        Builder::new(policy)
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.inner.policy
    }

    /// A level.
    ///
    /// # Errors
    /// The policy has no fragment or object of that name.
    pub fn level(&self, name: &str) -> Result<Level, UnknownLevel> {
        let mut levels = self.inner.policy.levels.iter();
        let found = levels.position(|level| level.name == name && level.route.is_none());
        match found {
            Some(index) => Ok(Level::new(self.clone(), LevelId(index as u16))),
            None => Err(UnknownLevel(name.to_owned())),
        }
    }

    /// Begins to say what a request carries.
    #[must_use]
    pub fn request(&self) -> RequestBuilder<'_> {
        RequestBuilder::new(&self.inner.policy)
    }

    /// Does work for a request: what is looked up meanwhile takes the request's variants.
    pub async fn serve<R>(&self, request: Request, work: impl Future<Output = R>) -> R {
        let around = context::current();
        #[cfg(feature = "record")]
        let trail = self.follow(&request, None, around.trail);
        #[cfg(not(feature = "record"))]
        let trail = around.trail;
        let context = Context {
            request: Some(request),
            notes: around.notes,
            trail,
        };
        context::within(context, work).await
    }

    /// Who follows a request: whoever follows what it is part of, else the recorder.
    #[cfg(feature = "record")]
    pub(crate) fn follow(
        &self,
        request: &Request,
        innermost: Option<LevelId>,
        around: Trail,
    ) -> Trail {
        match &self.inner.recording {
            Some(recording) if !around.is_decided => recording.begin(request, innermost),
            _ => around,
        }
    }

    /// What has been recorded; `None`: [`crate::Builder::record`] was not said.
    #[cfg(feature = "record")]
    #[must_use]
    pub fn recorded(&self) -> Option<crate::Recorded> {
        let recording = self.inner.recording.as_ref()?;
        Some(recording.counted())
    }

    /// Ends the recording: what came so far is written, and the last file is complete. It waits for that,
    /// so it is for the end of the program. Without it the same happens when the cache is dropped.
    #[cfg(feature = "record")]
    pub fn stop_recording(&self) -> Option<crate::Recorded> {
        let recording = self.inner.recording.as_ref()?;
        Some(recording.stop())
    }

    /// What happened at a level; `None`: there is none of that name.
    #[must_use]
    pub fn counters(&self, level: &str) -> Option<Counters> {
        let mut levels = self.inner.policy.levels.iter();
        let index = levels.position(|known| known.name == level)?;
        let state = self.inner.levels.get(index)?;
        Some(state.counting.read(state.flights.peak()))
    }

    /// Begins to listen to what other processes and stores say.
    #[cfg(feature = "redis")]
    pub(crate) fn listen(&self) {
        for bus in self.inner.buses.iter().flatten() {
            bus.listen(&self.inner);
        }
        for store in self.inner.stores.iter().flatten() {
            if let Store::Shared(shared) = store {
                shared.begin_to_listen(&self.inner);
            }
        }
    }

    /// What happened at a store that is shared; `None`: there is no such store.
    #[must_use]
    pub fn store_counters(&self, backend: &str) -> Option<StoreCounters> {
        match self.store(backend)? {
            Store::Shared(shared) => Some(shared.counters()),
            Store::Memory(_) => None,
        }
    }

    /// How many copies a backend has in this process, dead ones that nobody asked for since among them;
    /// `None`: there is no such store.
    #[must_use]
    pub fn entries(&self, backend: &str) -> Option<usize> {
        Some(self.store(backend)?.memory()?.entries())
    }

    /// How many bytes they take; `None`: there is no such store, or its capacity is not in bytes.
    #[must_use]
    pub fn bytes(&self, backend: &str) -> Option<usize> {
        self.store(backend)?.memory()?.bytes()
    }

    fn store(&self, backend: &str) -> Option<&Store> {
        let mut backends = self.inner.policy.backends.iter();
        let index = backends.position(|known| known.name == backend)?;
        self.inner.stores.get(index)?.as_ref()
    }
}

impl Inner {
    /// What changes at a level.
    pub(crate) fn state(&self, level: LevelId) -> Option<&LevelState> {
        self.levels.get(level.index())
    }

    /// Is anything kept in this process?
    #[cfg(feature = "redis")]
    pub(crate) fn has_memory(&self) -> bool {
        self.stores
            .iter()
            .flatten()
            .any(|store| store.memory().is_some())
    }

    /// Is anything kept outside of it?
    #[cfg(feature = "redis")]
    pub(crate) fn has_shared(&self) -> bool {
        self.stores
            .iter()
            .flatten()
            .any(|store| store.memory().is_none())
    }

    /// Any number.
    #[cfg(feature = "redis")]
    pub(crate) fn draw_number(&self) -> u64 {
        self.random.lock().random()
    }

    /// 0 ≤ draw < 1.
    pub(crate) fn draw(&self) -> f64 {
        self.random.lock().random()
    }
}
