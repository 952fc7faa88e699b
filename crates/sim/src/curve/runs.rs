//! One replay: of a part of the sample, with one store in the backend's place.

use super::keys::{KeyLevel, KeyReplay};
use super::{Outcome, Settings};
use crate::options::SimError;
use crate::sample::{Rate, scaled};
use crate::simulation::Simulation;
use crate::tables::Tables;
use crate::yardstick::References;
use cachepolicy_core::policy::{Capacity, Evict};
use cachepolicy_core::units::{Bytes, Time};
use cachepolicy_trace::Block;

/// What replays take.
#[derive(Debug)]
pub(super) struct Replays {
    pub(super) tables: std::sync::Arc<Tables>,
    pub(super) settings: Settings,
    /// Stores alone are replayed.
    pub(super) key_level: Option<KeyLevel>,
    /// The first instant of the trace, and the first that counts.
    pub(super) begins: Time,
    pub(super) counted_from: Time,
}

impl Replays {
    /// With room for everything, and what is asked for and stored recorded.
    pub(super) fn unbounded(
        &self,
        blocks: &[Block],
        rate: Rate,
    ) -> Result<(Outcome, References), SimError> {
        let (outcome, references) = self.replay(blocks, rate, None, true)?;
        Ok((
            outcome,
            references.unwrap_or_else(|| References::new(self.settings.by_bytes)),
        ))
    }

    /// With a capacity of the whole; of a part, it is that part of it.
    pub(super) fn bounded(
        &self,
        blocks: &[Block],
        rate: Rate,
        capacity: u64,
        evict: Evict,
    ) -> Result<Outcome, SimError> {
        let store = (self.capacity(rate, capacity), evict);
        let (outcome, _) = self.replay(blocks, rate, Some(store), false)?;
        Ok(outcome)
    }

    /// A part of a capacity.
    pub(super) fn capacity(&self, rate: Rate, capacity: u64) -> Capacity {
        let capacity = rate.of(capacity);
        if self.settings.by_bytes {
            Capacity::Bytes(Bytes(capacity))
        } else {
            Capacity::Entries(capacity)
        }
    }

    fn replay(
        &self,
        blocks: &[Block],
        rate: Rate,
        store: Option<(Capacity, Evict)>,
        is_watched: bool,
    ) -> Result<(Outcome, Option<References>), SimError> {
        let by_bytes = self.settings.by_bytes;
        if let Some(level) = &self.key_level {
            let (capacity, evict) = store.map_or((None, Evict::None), |(c, e)| (Some(c), e));
            let options = &self.settings.options;
            let store = (capacity, evict);
            let replay = KeyReplay::new(&self.tables, level, options, store, self.counted_from);
            let replay = if is_watched {
                replay.watch(by_bytes)
            } else {
                replay
            };
            return Ok(replay.run(blocks));
        }
        let mut policy = scaled(&self.tables.policy, rate);
        let id = self.settings.backend;
        if let Some(backend) = policy.backends.get_mut(id.index()) {
            backend.capacity = store.map(|(capacity, _)| capacity);
            backend.evict = store.map_or(backend.evict, |(_, evict)| evict);
        }
        let mut simulation = Simulation::new(&policy, self.settings.options.clone())?;
        if is_watched {
            simulation.watch(id, by_bytes);
        }
        simulation.begin(self.begins);
        for block in blocks {
            simulation.push_block(block)?;
        }
        let (report, references) = simulation.finish_watched();
        let instances = self
            .tables
            .backends
            .get(id.index())
            .map_or(1, |it| it.count);
        let instances = u64::from(instances.max(1));
        let figures = report
            .backends
            .get_index(id.index())
            .map(|(_, figures)| figures);
        let outcome = figures.map_or_else(Outcome::default, |figures| Outcome {
            lookups: figures.lookups,
            hits: figures.hits,
            requests: Some((report.requests.count, report.requests.origin_free)),
            entries_peak: figures.entries_peak.div_ceil(instances),
            bytes_peak: figures.bytes_peak.div_ceil(instances),
        });
        Ok((outcome, references))
    }
}
