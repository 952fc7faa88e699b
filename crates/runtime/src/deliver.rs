//! Invalidations are delivered: copies go, and fills under way are overtaken.

use crate::cache::{Cache, Inner};
use crate::entry::{Mark, Name};
use crate::meant::{Meant, MeantTarget, takes};
use crate::params::Param;
use crate::store::Store;
use crate::store::memory::{Index, Memory};
use crate::write::{Write, WriteError, Written};
use cachepolicy_core::decide::Rules;
use cachepolicy_core::edge::{Timing, Verb};
use cachepolicy_core::effects::{EffectBuffer, effects};
use cachepolicy_core::ids::{BusId, LevelId};
use cachepolicy_core::units::{Duration, Time};
use std::collections::VecDeque;
use std::sync::Arc;

/// What was read in a farther tier longer ago than this is not promoted: deliveries since then may not be
/// known any more.
pub(crate) const PROMOTION: Duration = Duration::from_secs(10);

/// Deliveries that a fill under way may have been overtaken by, the earliest first.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    deliveries: VecDeque<(Time, Arc<Meant>)>,
}

impl Recent {
    /// Is what a fill made meant by a delivery since it began?
    pub(crate) fn overtook(&self, began: Time, name: &Name, marks: &[Mark]) -> bool {
        let all = self.deliveries.iter().rev();
        let mut later = all.take_while(|(at, _)| *at >= began);
        later.any(|(_, meant)| {
            meant.takes(&Mark::Is(name.clone())) || marks.iter().any(|mark| meant.takes(mark))
        })
    }
}

/// What a write came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delivered {
    /// Copies in this process's memory that were removed or expired, before the call returned.
    pub copies: u64,
    /// Deliveries that did not reach a store since it was down, and do not come again.
    pub lost: u64,
}

impl Cache {
    /// The policy's edges that act after the commit, for a write that has been committed.
    ///
    /// # Errors
    /// The write does not say what the edges ask for; then nothing was invalidated. Or a bus that delivers
    /// at least once does not take it: then say it again, which does no harm.
    pub async fn write(&self, write: &Write) -> Result<Delivered, WriteError> {
        #[cfg(feature = "record")]
        if let Some(recording) = &self.inner.recording {
            recording.write(write);
        }
        self.deliver(write, |timing| timing == Timing::AfterCommit)
            .await
    }

    /// The policy's edges that act before the commit, for a write that is about to be committed.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub async fn write_before_commit(&self, write: &Write) -> Result<Delivered, WriteError> {
        self.deliver(write, |timing| timing != Timing::AfterCommit)
            .await
    }

    async fn deliver(
        &self,
        write: &Write,
        is_now: impl Fn(Timing) -> bool,
    ) -> Result<Delivered, WriteError> {
        let inner = &*self.inner;
        let mut deliveries = Vec::new();
        {
            let written = Written::new(&inner.policy, write)?;
            let blocks = inner.policy.edges.iter();
            let blocks: Vec<_> = blocks.filter(|block| is_now(block.timing)).collect();
            for block in &blocks {
                written.check(block)?;
            }
            let mut buffer = EffectBuffer::default();
            for block in blocks {
                // Finest level first: see the semantics of a delivery.
                let mut meant = Vec::new();
                effects(block, &written, &mut buffer, |effect| {
                    meant.push(Arc::new(Meant::of(&effect)));
                });
                deliveries.push((block.bus, meant));
            }
        }
        let mut delivered = Delivered::default();
        for (bus, delivery) in deliveries {
            if !delivery.is_empty() {
                self.send(bus, delivery, &mut delivered).await?;
            }
        }
        Ok(delivered)
    }

    /// Sends a delivery over its bus; without one it is made here and now.
    async fn send(
        &self,
        bus: Option<BusId>,
        delivery: Vec<Arc<Meant>>,
        delivered: &mut Delivered,
    ) -> Result<(), WriteError> {
        #[cfg(feature = "redis")]
        if let Some(id) = bus
            && let Some(Some(bus)) = self.inner.buses.get(id.index())
        {
            let sent = bus.send(self, delivery).await;
            let lost = sent.map_err(|_| WriteError::BusDown(self.bus_name(id)))?;
            delivered.lost += lost;
            return Ok(());
        }
        #[cfg(not(feature = "redis"))]
        let _ = bus;
        // The farthest tier first.
        delivered.lost += self.inner.apply_far(&delivery).await;
        delivered.copies += self.inner.apply_near(&delivery);
        Ok(())
    }

    #[cfg(feature = "redis")]
    fn bus_name(&self, bus: BusId) -> String {
        let bus = self.inner.policy.buses.get(bus.index());
        bus.map(|bus| bus.name.clone()).unwrap_or_default()
    }
}

impl Inner {
    /// A delivery reaches the shared stores. How many of them did not answer?
    pub(crate) async fn apply_far(&self, delivery: &[Arc<Meant>]) -> u64 {
        let mut lost = 0;
        for store in self.stores.iter().flatten() {
            if let Store::Shared(shared) = store {
                lost += u64::from(shared.apply(delivery).await.is_err());
            }
        }
        lost
    }

    /// A delivery reaches this process's memory.
    pub(crate) fn apply_near(&self, delivery: &[Arc<Meant>]) -> u64 {
        let mut changed = 0;
        for meant in delivery {
            for store in self.stores.iter().flatten().filter_map(Store::memory) {
                let mut index = store.lock();
                let now = self.remember(meant);
                let keys = meant.keys(&index);
                if let (Verb::Bump, MeantTarget::Level(level, args)) = (meant.verb, &meant.target) {
                    self.raise_meant(*level, args);
                }
                for key in keys {
                    changed += u64::from(self.act(store, &mut index, &key, meant.verb, now));
                }
            }
        }
        changed
    }

    /// A copy leaves this process's memory: it has changed where it came from.
    #[cfg(feature = "redis")]
    pub(crate) fn remove_near(&self, text: &str) {
        for store in self.stores.iter().flatten().filter_map(Store::memory) {
            let mut index = store.lock();
            store.remove(&mut index, text);
        }
    }

    /// Something may have been missed: whatever is in memory may be out of date.
    #[cfg(feature = "redis")]
    pub(crate) fn forget_memory(&self) {
        self.apply_near(&[Arc::new(Meant {
            verb: Verb::Purge,
            target: MeantTarget::All,
            cascade: true,
        })]);
    }

    /// Fills that are under way will see it; when it came.
    fn remember(&self, meant: &Arc<Meant>) -> Time {
        let began = self
            .levels
            .iter()
            .filter_map(|level| level.flights.oldest());
        let oldest = began.min();
        let mut recent = self.recent.lock();
        // The latest stands last.
        let now = self.clock.now();
        let oldest = oldest.unwrap_or(now).min(now.before(PROMOTION));
        while recent
            .deliveries
            .front()
            .is_some_and(|(at, _)| *at < oldest)
        {
            recent.deliveries.pop_front();
        }
        recent.deliveries.push_back((now, Arc::clone(meant)));
        now
    }

    /// Was something done to the copy?
    fn act(&self, store: &Memory, index: &mut Index, key: &str, verb: Verb, now: Time) -> bool {
        let Some(entry) = index.copy(key) else {
            return false;
        };
        let lifetimes = entry.lifetimes();
        let is_alive = now < entry.leaves();
        match verb {
            Verb::Purge => {
                store.remove(index, key);
                is_alive
            }
            Verb::Bump => {
                self.raise(&entry.name);
                store.hide(index, key);
                is_alive
            }
            Verb::Expire => {
                if let Some(rules) = self.rules(entry.name.level) {
                    entry.set_lifetimes(&lifetimes.expired(rules, now));
                }
                is_alive && now < lifetimes.fresh_until
            }
        }
    }

    /// The version of one name.
    fn raise(&self, name: &Name) {
        let state = self.state(name.level);
        if let Some(versions) = state.and_then(|state| state.versions.as_ref()) {
            versions.raise(&name.params);
        }
    }

    /// The versions of keys of which there need not be copies.
    fn raise_meant(&self, level: LevelId, args: &[Option<Param>]) {
        let state = self.state(level);
        let Some(versions) = state.and_then(|state| state.versions.as_ref()) else {
            return;
        };
        if args.iter().all(Option::is_none) {
            versions.raise_all();
        } else if let Some(params) = args.iter().cloned().collect::<Option<Vec<Param>>>() {
            versions.raise(&params.into());
        } else {
            // Those with copies are raised with their copies.
            let names = state.map(|state| state.flights.names()).unwrap_or_default();
            let is_meant = |name: &&Name| takes(args, &name.params);
            names
                .iter()
                .filter(is_meant)
                .for_each(|name| versions.raise(&name.params));
        }
    }

    pub(crate) fn rules(&self, level: LevelId) -> Option<&Rules> {
        self.policy
            .levels
            .get(level.index())
            .map(|level| &level.rules)
    }
}
