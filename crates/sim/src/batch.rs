//! `batch`: the misses of an `each`, loaded together. A miss whose own work is due is parked at its
//! parent; when enough of them are there, the first one does the work of all.

use crate::engine::Engine;
use crate::intern::NONE;
use crate::state::{Flags, State};
use crate::tables::Tables;
use cachepolicy_core::units::Duration;

impl Engine {
    /// Own work of a member is due: it waits for the others, and its parent goes on.
    pub(crate) fn park(&mut self, frame: u32) -> Option<u32> {
        let parent = self.frames[frame].parent;
        if self.frames[frame].flags.has(Flags::ERROR) {
            self.frames[frame].flags.clear(Flags::BATCHED);
            self.frames[frame].state = State::Working;
            return Some(frame);
        }
        self.frames[frame].state = State::Parked;
        self.frames[frame].next = NONE;
        let (first, last, count) = self.frames[parent].parked;
        if last != NONE {
            self.frames[last].next = frame;
        }
        let first = if first == NONE { frame } else { first };
        self.frames[parent].parked = (first, frame, count + 1);
        self.tasks[self.frames[parent].task].current = parent;
        Some(parent)
    }

    /// The first of the parked frames works for all. `pending`: a frame that goes on afterwards, in
    /// place of the parent.
    pub(crate) fn work_on_batch(&mut self, t: &Tables, parent: u32, pending: u32) -> Option<u32> {
        let (leader, _, count) = self.frames[parent].parked;
        self.frames[leader].awaited = pending;
        let batch = t.policy.levels[self.frames[leader].level as usize].batch;
        let each = batch.map_or(Duration::ZERO, |batch| batch.each);
        let rows = Duration::from_nanos(each.nanos().saturating_mul(i64::from(count)));
        let cost = self.draw_cost(t, leader) + rows;
        self.tasks[self.frames[leader].task].current = leader;
        self.start_work(t, leader, cost)
    }

    /// The work of a batch is done: each member has its result.
    pub(crate) fn batch_done(&mut self, t: &Tables, leader: u32) -> Option<u32> {
        let parent = self.frames[leader].parent;
        let pending = core::mem::replace(&mut self.frames[leader].awaited, NONE);
        let (first, _, count) =
            core::mem::replace(&mut self.frames[parent].parked, (NONE, NONE, 0));
        let shared =
            Duration::from_nanos(self.frames[leader].work.nanos() / i64::from(count.max(1)));
        let has_failed = self.frames[leader].flags.has(Flags::ERROR);
        let mut member = first;
        while member != NONE {
            let next = self.frames[member].next;
            self.frames[member].work = shared;
            if has_failed {
                self.frames[member].flags.set(Flags::ERROR);
            }
            self.complete(t, member);
            self.finish(t, member);
            member = next;
        }
        let goes_on = if pending == NONE { parent } else { pending };
        self.tasks[self.frames[goes_on].task].current = goes_on;
        self.resume_at(goes_on, self.now, crate::queue::Class::LookUp)
    }

    /// A frame has failed while misses are parked at it: they fail too.
    pub(crate) fn drop_batch(&mut self, t: &Tables, frame: u32) -> Option<u32> {
        let (first, _, _) = core::mem::replace(&mut self.frames[frame].parked, (NONE, NONE, 0));
        let mut member = first;
        while member != NONE {
            let next = self.frames[member].next;
            self.frames[member].flags.set(Flags::ERROR);
            self.complete(t, member);
            self.finish(t, member);
            member = next;
        }
        self.complete(t, frame);
        self.resume_at(frame, self.now, crate::queue::Class::LookUp)
    }
}
