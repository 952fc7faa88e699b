//! Building a cache: what the policy asks for, and whether there is that.

use crate::cache::{Cache, Inner, LevelState};
use crate::counters::Counting;
use crate::deliver::Recent;
use crate::flight::Flights;
use crate::store::memory::Memory;
use crate::time::Clock;
use crate::versions::Versions;
use cachepolicy_core::Policy;
use cachepolicy_core::edge::EdgeBlock;
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::key::QueryFilter;
use cachepolicy_core::level::{Level, LevelKind};
use cachepolicy_core::policy::{Backend, BackendKind, Delivery};
use parking_lot::Mutex;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use std::sync::Arc;

/// A policy that asks for something that this version does not do, or does not do as the policy says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A backend of a kind for which there is no store.
    #[error("backend `{backend}` is {kind}: copies can be kept in `memory` only")]
    Backend {
        /// Its name.
        backend: String,
        /// Its kind, with its article.
        kind: &'static str,
    },
    /// An eviction policy that the store does not have.
    #[error(
        "backend `{backend}` evicts by `{evict}`, which the store does not do: use `lru`, `fifo`, `s3fifo`, `sieve` or `wtinylfu`"
    )]
    Evict {
        /// The backend.
        backend: String,
        /// The eviction policy.
        evict: &'static str,
    },
    /// A capacity in bytes: the store does not know how large a value is.
    #[error("backend `{backend}` has a capacity in bytes: say how many entries it takes")]
    Capacity {
        /// The backend.
        backend: String,
    },
    /// A level in several backends.
    #[error("level `{level}` has several tiers: it can have one")]
    Tiers {
        /// The level.
        level: String,
    },
    /// A stored level that answers requests.
    #[error(
        "{kind} `{level}` is stored: copies of whole responses are not kept yet, only those of fragments and objects"
    )]
    Response {
        /// `view` or `site`.
        kind: &'static str,
        /// The level.
        level: String,
    },
    /// Something of a level that is not done.
    #[error("level `{level}` has `{property}`, which is not done yet")]
    Property {
        /// The level.
        level: String,
        /// The property.
        property: &'static str,
    },
    /// A bus that needs a connection.
    #[error("bus `{bus}` is not `in-process`: invalidations travel within this process only")]
    Bus {
        /// The bus.
        bus: String,
    },
    /// Several processes, of which the others would not hear.
    #[error(
        "bus `{bus}` reaches all processes, and there are {processes}: invalidations travel within this process only"
    )]
    Processes {
        /// The bus.
        bus: String,
        /// How many there are.
        processes: u32,
    },
}

/// See [`Cache::builder`].
#[derive(Debug)]
pub struct Builder {
    policy: Policy,
    clock: Option<Clock>,
    seed: Option<u64>,
}

impl Builder {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            policy,
            clock: None,
            seed: None,
        }
    }

    /// The time that decides; left out: the machine's.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Jitter and early refresh are drawn by this seed, the same each time; left out: by chance.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The cache.
    ///
    /// # Errors
    /// The policy asks for something that is not there, or would be done otherwise than it says.
    pub fn build(self) -> Result<Cache, StartError> {
        let policy = self.policy;
        let used = |index: usize| {
            let mut tiers = policy.levels.iter().flat_map(|level| &level.tiers);
            tiers.any(|tier| tier.backend.index() == index)
        };
        let mut stores = Vec::new();
        for (index, backend) in policy.backends.iter().enumerate() {
            stores.push(if used(index) { store(backend)? } else { None });
        }
        let levels = policy.levels.iter().enumerate();
        let levels = levels.map(|(index, level)| state(&policy, index, level));
        let levels = levels.collect::<Result<_, _>>()?;
        for block in &policy.edges {
            check_bus(&policy, block)?;
        }
        let random = match self.seed {
            Some(seed) => StdRng::seed_from_u64(seed),
            None => rand::make_rng(),
        };
        Ok(Cache::from(Inner {
            filter: QueryFilter::new(&policy),
            graph: Graph::new(&policy),
            clock: self.clock.unwrap_or_else(Clock::system),
            random: Mutex::new(random),
            recent: Mutex::new(Recent::default()),
            stores,
            levels,
            policy,
        }))
    }
}

/// `None`: it keeps nothing.
fn store(backend: &Backend) -> Result<Option<Memory>, StartError> {
    let kind = match backend.kind {
        BackendKind::Memory => return Memory::new(backend).map(Some),
        BackendKind::None => return Ok(None),
        BackendKind::Redis => "a `redis`",
        BackendKind::Proxy => "a `proxy`",
        BackendKind::Cdn { .. } => "a `cdn`",
        BackendKind::Disk => "a `disk`",
    };
    Err(StartError::Backend {
        backend: backend.name.clone(),
        kind,
    })
}

fn state(policy: &Policy, index: usize, level: &Level) -> Result<LevelState, StartError> {
    let name = || level.name.clone();
    let kind = match level.kind {
        LevelKind::Site => Some("site"),
        LevelKind::View => Some("view"),
        LevelKind::Fragment | LevelKind::Object => None,
    };
    if let Some(kind) = kind.filter(|_| level.is_stored()) {
        return Err(StartError::Response {
            kind,
            level: name(),
        });
    }
    if level.tiers.len() > 1 {
        return Err(StartError::Tiers { level: name() });
    }
    if level.batch.is_some() {
        return Err(StartError::Property {
            level: name(),
            property: "batch",
        });
    }
    Ok(LevelState {
        flights: Arc::new(Flights::default()),
        counting: Counting::default(),
        versions: is_bumped(policy, index).then(Versions::default),
    })
}

/// Does an edge raise a level's versions?
fn is_bumped(policy: &Policy, index: usize) -> bool {
    let mut actions = policy.edges.iter().flat_map(|block| &block.actions);
    actions.any(|action| action.may_bump(LevelId(index as u16)))
}

fn check_bus(policy: &Policy, block: &EdgeBlock) -> Result<(), StartError> {
    let bus = block.bus.and_then(|bus| policy.buses.get(bus.index()));
    let Some(bus) = bus else {
        return Ok(());
    };
    if bus.delivery != Delivery::InProcess {
        return Err(StartError::Bus {
            bus: bus.name.clone(),
        });
    }
    let is_wide = bus.reaches == cachepolicy_core::policy::Reaches::AllProcesses;
    if is_wide && policy.processes > 1 {
        return Err(StartError::Processes {
            bus: bus.name.clone(),
            processes: policy.processes,
        });
    }
    Ok(())
}
