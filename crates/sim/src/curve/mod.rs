//! Miss ratios of a backend against its capacity.
//!
//! What is asked: what would `simulate` say of the backend if its capacity were C, and nothing else
//! of the policy changed? There are two ways to an answer.
//!
//! **Keys.** Accesses of a key-value trace go to one level. Where that level's only tier is the
//! backend, what is looked up there does not depend on the capacity, and the stores can be replayed
//! alone, without the event engine. Fills take no time then. LRU is worked out exactly at every
//! capacity while the trace goes by, as long as no copy dies by its ttl ([`lru`]).
//!
//! **The policy.** Everywhere else, what is looked up in a backend depends on what is found there:
//! with more room for pages, fewer of the objects that they contain are asked for, and a nearer tier
//! hides what a farther one would be asked. So the whole policy is simulated with each capacity, and
//! what comes out is also what the requests get of it. Levels before the backend are simulated as
//! they are, and stay as good as they are.
//!
//! Both replay a sample ([`crate::sample`]) where the whole would take too long, and say how far it
//! can be trusted ([`estimate`]).
//!
//! Pure, and in three steps: a [`Collecting`] takes the trace; the [`Plan`] that it becomes has a
//! list of jobs, which can be run on as many threads as one likes; [`Plan::finish`] makes a
//! [`Curve`] of their results.

mod distances;
mod estimate;
mod figures;
mod grid;
mod keys;
mod lru;
mod notes;
mod plan;
mod result;
mod runs;
mod stack;

#[cfg(test)]
mod tests;

pub use figures::{Curve, EvictionCurve, Footprint, Point, SCHEMA, Sample, Traffic};
pub use grid::{At, Capacities, POINTS_MAX};
pub use plan::{Done, Plan};

use crate::options::{Options, SimError};
use crate::sample::{Collector, KEYS_MIN, Rate, begins, counted};
use crate::tables::{Tables, key_level};
use cachepolicy_core::ids::BackendId;
use cachepolicy_core::policy::{Capacity, Evict, Policy};
use cachepolicy_core::units::Time;
use cachepolicy_trace::Block;
use keys::KeyLevel;
use lru::LruCurve;
use std::sync::Arc;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Of which backend.
    pub backend: BackendId,
    /// With which eviction policies; empty: its own.
    pub evicts: Vec<Evict>,
    /// At which capacities.
    pub capacities: Capacities,
    /// Are those in bytes, and not in copies?
    pub by_bytes: bool,
    /// The share of the keys, or of the paths of requests, that is replayed; `None`: as many as are
    /// needed and not more than can be replayed in seconds.
    pub rate: Option<Rate>,
    /// How the trace is replayed; its `sample` is not used.
    pub options: Options,
}

/// So many accesses of stores are replayed in some seconds, …
const ACCESSES_MAX: u64 = 100_000_000;

/// … and so many requests of simulations, unless that would leave fewer keys than
/// [`KEYS_MIN`] in the sample.
const REQUESTS_MAX: u64 = 16_000_000;

/// What a store came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    lookups: u64,
    hits: u64,
    /// Requests, and those without origin work.
    requests: Option<(u64, u64)>,
    entries_peak: u64,
    bytes_peak: u64,
}

/// Takes the trace, block by block.
#[derive(Debug)]
pub struct Collecting {
    tables: Arc<Tables>,
    settings: Settings,
    collector: Collector,
    /// Where accesses of keys go, if stores alone can be replayed.
    key_level: Option<KeyLevel>,
    lru: Option<LruCurve>,
    /// Everything from here on counts; known from the first event on.
    counted_from: Option<Time>,
    /// Requests that count, and look-ups of keys.
    requests: u64,
}

impl Collecting {
    /// Before the first event.
    ///
    /// # Errors
    /// When the policy is larger than a simulation's limits, or the backend stores nothing.
    pub fn new(policy: &Policy, mut settings: Settings) -> Result<Self, SimError> {
        let tables = Arc::new(Tables::new(policy, settings.options.workload)?);
        let id = settings.backend;
        let backend = policy.backends.get(id.index());
        let is_used = tables.levels.iter().any(|level| {
            let mut tiers = level.tiers.iter();
            tiers.any(|tier| tier.backend == id.0)
        });
        let Some(backend) = backend.filter(|_| is_used) else {
            let name = backend.map_or("", |backend| &backend.name);
            return Err(SimError::Option(format!(
                "no level stores anything in the backend `{name}`"
            )));
        };
        if settings.options.level.is_some() {
            key_level(policy, settings.options.level)
                .map_err(|reason| SimError::NoKeyLevel { reason })?;
        }
        if settings.evicts.is_empty() {
            settings.evicts.push(backend.evict);
        }
        settings.options.sample = None;
        let key_level = KeyLevel::of(&tables, id, &settings.options);
        let wants_lru = settings.evicts.contains(&Evict::Lru);
        let named = settings.capacities.named(settings.present(policy));
        let replay = (settings.options.seed, settings.options.operations);
        let lru = key_level
            .filter(|_| wants_lru)
            .map(|level| LruCurve::new(&tables, &level, replay, settings.by_bytes, &named));
        let seed = settings.options.seed;
        let collector = match settings.rate {
            Some(rate) => Collector::fixed(&tables, rate, seed),
            None => {
                // Each capacity is replayed once with the whole sample and once with its groups.
                // Beside stores alone the clairvoyant counts too; beside simulations it does not.
                let evicts = settings.evicts.len() + usize::from(key_level.is_some());
                let runs = 2 * (evicts * settings.capacities.len()).max(1) as u64;
                let events = if key_level.is_some() {
                    ACCESSES_MAX
                } else {
                    REQUESTS_MAX
                };
                Collector::adaptive(&tables, events / runs, KEYS_MIN, seed)
            }
        };
        Ok(Self {
            tables,
            settings,
            collector,
            key_level,
            lru,
            counted_from: None,
            requests: 0,
        })
    }

    /// The next events.
    pub fn push_block(&mut self, block: &Block) {
        let counted_from = match (self.counted_from, begins(block)) {
            (Some(known), _) => known,
            (None, Some(first)) => first + self.settings.options.warmup,
            (None, None) => return,
        };
        self.counted_from = Some(counted_from);
        if block.accesses.at.len() < block.len() {
            self.lru = None;
        }
        if let Some(lru) = &mut self.lru {
            lru.push_block(block, counted_from);
        }
        self.requests += counted(block, counted_from);
        self.collector.push_block(block);
    }

    /// The trace is over: works out how much there is to hold, and what is to be done.
    ///
    /// # Errors
    /// When the trace cannot be replayed, or nothing of it is looked up in the backend.
    pub fn finish(self) -> Result<Plan, SimError> {
        Plan::new(self)
    }
}

impl Settings {
    /// The policy's own capacity, if it is in the unit of the curve.
    fn present(&self, policy: &Policy) -> Option<u64> {
        let backend = policy.backends.get(self.backend.index())?;
        match backend.capacity? {
            Capacity::Bytes(bytes) if self.by_bytes => Some(bytes.0),
            Capacity::Entries(entries) if !self.by_bytes => Some(entries),
            Capacity::Bytes(_) | Capacity::Entries(_) => None,
        }
    }
}
