//! An invalidation of all copies of a level: `purge page(*)`. Each copy is looked at once, however
//! often a level is invalidated: what expired already, and what nobody will ask for any more, is
//! passed over, see [`crate::store::Pass`].

use crate::deliver::Reach;
use crate::engine::Engine;
use crate::store::{Pass, Slot};
use crate::tables::Tables;
use cachepolicy_core::LevelId;
use cachepolicy_core::edge::Verb;

/// A copy that an invalidation finds. They are taken key by key, of each the farthest tier first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    inst: u32,
    /// From the farthest tier on.
    tier: usize,
    instance: u32,
    slot: Slot,
}

impl Engine {
    /// Applies a verb to all copies of a level that a delivery reaches.
    pub(crate) fn apply_to_family(
        &mut self,
        t: &Tables,
        verb: Verb,
        level: LevelId,
        reach: Reach,
    ) -> u64 {
        let table = &t.levels[level.index()];
        let pass = match verb {
            Verb::Purge | Verb::Bump => Pass::Gone,
            Verb::Expire => Pass::Expired,
        };
        let mut found = Vec::new();
        for (order, tier) in table.tiers.iter().rev().enumerate() {
            for instance in self.acted_on(t, verb, table, tier.backend, reach) {
                self.collect(t, instance);
                let store = &mut self.stores[instance as usize];
                let slots = store.pass(level, pass);
                found.extend(slots.into_iter().map(|slot| Found {
                    inst: store.key(slot).0,
                    tier: order,
                    instance,
                    slot,
                }));
            }
        }
        found.retain(|copy| self.is_current(copy.inst));
        found.sort_unstable();
        found.dedup();
        let mut removed = 0;
        for copies in found.chunk_by(|a, b| a.inst == b.inst) {
            let Some(&Found { inst, .. }) = copies.first() else {
                continue;
            };
            let mut of_key = 0;
            for copy in copies {
                of_key += u64::from(self.apply_to_copy(t, verb, copy.instance, copy.slot));
            }
            self.applied_to_key(t, verb, inst, reach, of_key);
            removed += of_key;
        }
        removed
    }

    /// Dead copies leave an instance of a backend: an invalidation removes none that is dead already.
    fn collect(&mut self, t: &Tables, instance: u32) {
        let mut removed = core::mem::take(&mut self.removed);
        self.stores[instance as usize].collect(self.now, &mut removed);
        for gone in removed.drain(..) {
            self.left(t, instance, &gone);
        }
        self.removed = removed;
    }
}
