//! LRU at every capacity, exactly, while the whole trace goes by.

use super::distances::Distances;
use super::keys::{KeyAccess, KeyLevel, Turns, accesses};
use super::stack::Stack;
use crate::access::{Last, Operation};
use crate::options::Operations;
use crate::tables::Tables;
use cachepolicy_core::level::{Level, LifetimeSource};
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::Block;
use cachepolicy_trace::block::NONE;

/// The stacks of a backend's instances, as long as LRU is a stack algorithm on what goes by.
///
/// It is one as long as no copy dies by its ttl (what is filled anew after an eviction would live
/// longer, so that a larger store can miss where a smaller one hits), and, with a capacity in bytes,
/// as long as every key keeps its size and none is deleted. Then stores that are not smaller than
/// the largest copy hold what lies within their capacity, and hit exactly what is counted here.
#[derive(Debug)]
pub(super) struct LruCurve {
    stacks: Vec<Stack>,
    turns: Turns,
    last: Vec<Last>,
    operations: Operations,
    distances: Distances,
    by_bytes: bool,
    /// Of the copies' sizes.
    largest: u64,
    level: Level,
    fixed_size: Option<u64>,
    /// Why it is none.
    reason: Option<&'static str>,
}

const LIFETIMES: &str = "copies have lifetimes";

impl LruCurve {
    /// `named`: capacities that will be asked for.
    pub(super) fn new(
        t: &Tables,
        level: &KeyLevel,
        (seed, operations): (u64, Operations),
        by_bytes: bool,
        named: &[u64],
    ) -> Self {
        let declared = t.policy.levels[level.id.index()].clone();
        let rules = &declared.rules;
        let is_fixed = |ttl: Duration| ttl.is_forever() && level.tier.ceiling.is_none();
        let stacks = (0..level.instances).map(|_| Stack::new(by_bytes));
        Self {
            stacks: stacks.collect(),
            turns: Turns::new(t, level, seed),
            last: Vec::new(),
            operations,
            distances: Distances::new(named),
            by_bytes,
            largest: 0,
            reason: (!is_fixed(rules.ttl)).then_some(LIFETIMES),
            fixed_size: declared
                .size
                .otherwise
                .as_constant()
                .map(|size| libm::round(size) as u64),
            level: declared,
        }
    }

    /// The next events, which are accesses only.
    pub(super) fn push_block(&mut self, block: &Block, counted_from: Time) {
        for access in accesses(block) {
            if self.reason.is_some() {
                self.stacks.clear();
                return;
            }
            self.take(&access, counted_from);
        }
    }

    fn take(&mut self, access: &KeyAccess, counted_from: Time) {
        let instance = self.turns.next() as usize;
        let index = access.key as usize;
        if access.key == NONE || instance >= self.stacks.len() {
            return;
        }
        if index >= self.last.len() {
            self.last.resize(index + 1, Last::default());
        }
        let operation = self.last[index].take(access.operation, access.bytes, self.operations);
        if operation == Operation::Delete {
            self.stacks[instance].remove(access.key);
            self.note(self.by_bytes, "keys are deleted");
            return;
        }
        if self.level.lifetime != LifetimeSource::Declared {
            let ttl = self.level.lifetime.named(access.ttl);
            self.note(ttl.is_some_and(|ttl| !ttl.is_forever()), LIFETIMES);
        }
        let size = self.size(instance, access);
        if operation == Operation::Fill {
            // It corrects the copy that is on top already, unless another access came in between.
            let is_top = self.stacks[instance].is_top(access.key);
            self.note(!is_top, "fills come later than the look-ups that missed");
            return;
        }
        let depth = self.stacks[instance].touch(access.key, size);
        if operation == Operation::Get && access.at >= counted_from {
            self.distances.count(depth);
        }
    }

    fn size(&mut self, instance: usize, access: &KeyAccess) -> u64 {
        if !self.by_bytes {
            return 1;
        }
        let said = access.bytes.filter(|_| self.level.size.from_trace);
        self.note(
            said.or(self.fixed_size).is_none(),
            "sizes are drawn by chance",
        );
        let size = said.or(self.fixed_size).unwrap_or(1);
        let before = self.stacks[instance].size(access.key);
        self.note(
            before.is_some_and(|before| before != size),
            "keys change their size",
        );
        self.largest = self.largest.max(size);
        size
    }

    fn note(&mut self, is_so: bool, reason: &'static str) {
        if is_so {
            self.reason = self.reason.or(Some(reason));
        }
    }

    /// Why nothing can be said exactly; `None`: it can.
    pub(super) fn reason(&self) -> Option<&'static str> {
        self.reason
    }

    /// Look-ups and hits with a capacity; `None` where they are not known exactly.
    pub(super) fn hits(&self, capacity: u64) -> Option<(u64, u64)> {
        if self.reason.is_some() || (self.by_bytes && capacity < self.largest) {
            return None;
        }
        let hits = self.distances.hits(capacity)?;
        Some((self.distances.lookups(), hits))
    }
}
