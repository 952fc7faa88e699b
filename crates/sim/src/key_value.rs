//! `set` and `delete` of a key-value trace: the row changed, and the application changes or removes
//! the cache's copy.

use crate::access::Operation;
use crate::engine::Engine;
use crate::intern::NONE;
use crate::metrics::Cause;
use crate::random::jitter;
use crate::store::KeyId;
use crate::tables::Tables;
use crate::walk::Place;
use cachepolicy_core::decide::{FillEnd, FillOutcome, FillVerdict, fill_ended};
use cachepolicy_core::units::Duration;

/// Marks cells of single keys; no shape has this number.
const KEY_CELL: u32 = u32::MAX;

impl Engine {
    /// A `set` or `delete`.
    pub(crate) fn operate(&mut self, t: &Tables, frame: u32, operation: Operation) {
        match operation {
            Operation::Get => {}
            Operation::Fill => self.correct_fill(t, frame),
            Operation::Write => {
                self.write_key(t, frame);
                self.put(t, frame);
            }
            Operation::Delete => {
                self.write_key(t, frame);
                self.remove_own(t, frame);
            }
        }
        self.tell_settled();
        let process = self.tasks[self.frames[frame].task].process;
        self.tell_readers(t, process);
    }

    /// The fill of a `get` says more of the value than the `get` did: its size, its ttl.
    fn correct_fill(&mut self, t: &Tables, frame: u32) {
        let size = self.draw_size(t, frame);
        let nearest = self.copy_in(t, frame, 0).map(|(place, _)| place);
        let is_known = nearest.is_some_and(|place| {
            let stored = self.stores[place.instance as usize].size(place.slot);
            stored == size && self.tasks[self.frames[frame].task].ttl.is_none()
        });
        let is_filling = self.running.first(self.frames[frame].inst) != NONE;
        if !is_known && !is_filling {
            self.put(t, frame);
        }
    }

    /// The row behind a key changed: whatever was read before, and is not replaced by this access,
    /// is out of date from now on.
    fn write_key(&mut self, t: &Tables, frame: u32) {
        let inst = self.frames[frame].inst;
        let cell = self.cells.cell(&[inst, KEY_CELL]);
        let mut fill = self.running.first(inst);
        while fill != NONE {
            let (next, filler) = (self.fills[fill].of_key.after, self.fills[fill].frame);
            if filler != NONE {
                let provenance = self.provenance_of(filler);
                self.depend_late(provenance, cell);
            }
            if t.levels[self.fills[fill].level as usize].fenced {
                self.fills[fill].overtaken = true;
            }
            fill = next;
        }
        let level = self.frames[frame].level as usize;
        for tier in &t.levels[level].tiers {
            let table = &t.backends[tier.backend as usize];
            for instance in table.first..table.first + table.count {
                let store = &self.stores[instance as usize];
                let Some(slot) = store.lookup(KeyId(inst)) else {
                    continue;
                };
                let known = store.get(slot).provenance;
                let provenance = if known == NONE {
                    let new = self.provenance_of(frame);
                    self.frames[frame].provenance = NONE;
                    self.stores[instance as usize].set_depends(slot, new);
                    new
                } else {
                    known
                };
                self.depend_late(provenance, cell);
            }
        }
        self.cells.log(&[cell], self.now);
    }

    /// Puts the value of a `set` into every tier.
    fn put(&mut self, t: &Tables, frame: u32) {
        let level = self.frames[frame].level as usize;
        let rules = &t.levels[level].rules;
        let said = self.tasks[self.frames[frame].task].ttl;
        let ttl = t.policy.levels[level].lifetime.named(said);
        let end = FillEnd {
            began: self.now,
            outcome: FillOutcome::Value { ttl },
            overtaken: false,
            backend_up: self.can_store(t, frame),
            storable: true,
        };
        let draw = jitter(&mut self.levels[level].jitter, rules);
        let verdict = fill_ended(rules, end, self.now, draw);
        if let FillVerdict::Store {
            lifetimes,
            negative,
        } = verdict
        {
            self.frames[frame].size = self.draw_size(t, frame);
            // It is as new as the rows that a fill would read now.
            self.read_rows(t, frame, self.now);
            self.close_provenance(frame);
            self.store_copy(t, frame, &lifetimes, negative, Duration::ZERO);
        }
    }

    /// Removes the copies that this process reaches, farthest tier first.
    fn remove_own(&mut self, t: &Tables, frame: u32) {
        let (level, inst) = (self.frames[frame].level as usize, self.frames[frame].inst);
        for tier in (0..t.levels[level].tiers.len() as u8).rev() {
            let Some((Place { instance, slot, .. }, _)) = self.copy_in(t, frame, tier) else {
                continue;
            };
            let gone = self.stores[instance as usize].remove(slot, self.now);
            self.left(t, instance, &gone);
            self.causes[inst as usize] = Cause::Invalidation;
        }
    }
}
