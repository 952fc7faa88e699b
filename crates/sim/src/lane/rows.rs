//! Writes of rows, and what invalidates the copies that were made of them, within a stretch.
//!
//! Where a write says no more than which row it is, where that row is what the key of a copy names, and
//! where what it sets off acts on that one key, nothing of it has to be spelt out: the number of the
//! row stands for the write and for what is on its way. What a stretch does with it is what
//! [`crate::deliver`], [`crate::dependents`] and [`crate::invalidate`] would do, at the same instants and
//! with the same draws.

use super::plain::PlainWrites;
use super::stretch::Stretch;
use crate::deliver::Deliveries;
use crate::eviction::Eviction;
use crate::intern::{NONE, Texts};
use crate::metrics::Cause;
use crate::queue::{Class, Queue, Todo};
use crate::rows::Written;
use crate::store::{KeyId, Reason};
use crate::tables::Tables;
use crate::trace_keys::TraceKeys;
use cachepolicy_core::edge::Verb;
use cachepolicy_core::units::Time;
use cachepolicy_trace::block::Writes;
use core::ops::Range;

/// So many that wait to be let go are let go together.
const LET_GO_TOGETHER: usize = 32;

/// Writes of a block among accesses, and what is on its way.
pub(super) struct Going<'a> {
    pub(super) plain: Option<&'a mut PlainWrites>,
    pub(super) t: &'a Tables,
    pub(super) writes: &'a Writes,
    /// Those of them that may commit in this stretch: all are plain.
    pub(super) range: Range<usize>,
    pub(super) written: &'a [Written],
    pub(super) queue: &'a mut Queue,
    pub(super) deliveries: &'a mut Deliveries,
    pub(super) keys: &'a mut TraceKeys,
    pub(super) values: &'a Texts,
}

impl Going<'_> {
    fn next_write(&self) -> Time {
        let next = self.writes.at.get(self.range.start);
        let next = next.filter(|_| !self.range.is_empty());
        next.copied().unwrap_or(Time::NEVER)
    }

    /// The row of a plain write.
    #[inline]
    fn row(&self, write: usize) -> Option<u32> {
        let number = self.writes.written.get(write)?;
        match self.written.get(*number as usize)? {
            Written::Plain(row) => Some(*row),
            Written::Images(_) => None,
        }
    }

    /// When something is due that is no access.
    pub(super) fn due(&self) -> Time {
        self.next_write().min(self.queue.first_at())
    }
}

impl Stretch<'_> {
    /// Lets happen what is due before an access at `at`. Is all that is due known here?
    #[inline]
    pub(super) fn catch_up<E: Eviction>(&mut self, at: Time, evictor: &mut E) -> bool {
        let mut due = self.going.due();
        while due < at {
            if due < self.now || !self.happen(due, evictor) {
                return false;
            }
            self.now = due;
            due = self.going.due();
        }
        self.stop = self.limit.min(due);
        due > at
    }

    /// The first thing that is due, which is due at `at`. Was it done?
    fn happen<E: Eviction>(&mut self, at: Time, evictor: &mut E) -> bool {
        if self.going.plain.is_none() {
            return false;
        }
        if self.orphans.len() >= LET_GO_TOGETHER {
            self.let_go();
        }
        // A write that waits in the queue is not for here.
        if self.going.queue.first_at() == at {
            match self.going.queue.peek() {
                Some(Todo::Act { edge, row, key }) if self.going.next_write() > at => {
                    self.going.queue.pop();
                    self.prefetch_acts();
                    self.act(edge, (row, key), at, evictor);
                    return true;
                }
                Some(Todo::Act { .. }) => {}
                _ => return false,
            }
        }
        let Some(row) = self.going.row(self.going.range.start) else {
            return false;
        };
        self.going.range.start += 1;
        self.prefetch_writes();
        self.commit(row, at);
        true
    }

    /// What the writes that come next touch comes to the processor's caches.
    #[inline]
    fn prefetch_writes(&self) {
        /// So many writes ahead, the place of the key is asked for.
        const AHEAD: usize = 3;
        let next = self.going.range.start;
        let rows = self.going.plain.as_ref().map(|plain| &plain.rows);
        let key_of = |write| rows.and_then(|rows| rows.known_key(self.going.row(write)?));
        if let Some(key) = key_of(next + AHEAD) {
            self.rack.prefetch_key(KeyId(key));
        }
        self.prefetch_copy(key_of(next).unwrap_or(NONE));
    }

    /// The same of what arrives next.
    #[inline]
    fn prefetch_acts(&self) {
        for (nth, todo) in self.going.queue.soon().enumerate() {
            match todo {
                Todo::Act { key, .. } if nth == 0 => self.prefetch_copy(key),
                Todo::Act { key, .. } => self.rack.prefetch_key(KeyId(key)),
                _ => {}
            }
        }
    }

    #[inline]
    fn prefetch_copy(&self, key: u32) {
        if let Some(slot) = self.rack.lookup(KeyId(key)) {
            self.rack.prefetch(slot.number());
        }
    }

    /// A write commits: see `Engine::log_write` and `Engine::fire`.
    fn commit(&mut self, row: u32, at: Time) {
        let Some(plain) = &mut self.going.plain else {
            return;
        };
        let key = plain.rows.key(row, self.going.keys, self.going.values);
        let slot = key.and_then(|key| self.rack.lookup(KeyId(key)));
        let shape = plain.shape;
        let cell = plain.rows.cell_mut(row);
        if let Some(slot) = slot {
            if *cell == NONE {
                *cell = self.cells.unnamed(shape);
            }
            let mut provenance = self.rack.depends_of(slot.number());
            if provenance == NONE {
                provenance = self.provenances.begin(self.lane.level.0);
                self.rack.set_depends(slot, provenance);
            }
            self.provenances
                .depend_late(self.cells, provenance, *cell, at);
        }
        if *cell != NONE {
            self.cells.log(&[*cell], at);
        }
        for (number, edge) in (0..).zip(&mut plain.edges) {
            let arrives = match edge.bus {
                None => at,
                Some(bus) => {
                    let (delay, is_lost) = self.going.deliveries.draw(self.going.t, bus);
                    if is_lost { Time::NEVER } else { at + delay }
                }
            };
            if arrives == Time::NEVER {
                edge.tally.lost += 1;
                continue;
            }
            let todo = Todo::Act {
                edge: number,
                row,
                key: key.unwrap_or(NONE),
            };
            self.going.queue.push(arrives, Class::Delivery, todo);
        }
    }

    /// What an edge does for this row arrives: see `Engine::apply`.
    fn act<E: Eviction>(&mut self, edge: u16, (row, key): (u32, u32), at: Time, evictor: &mut E) {
        let Some(plain) = &mut self.going.plain else {
            return;
        };
        let Some((verb, _, _)) = plain.action(edge) else {
            return;
        };
        let key = match key {
            // It may have come since.
            NONE => plain.rows.key(row, self.going.keys, self.going.values),
            known => Some(known),
        };
        let key = key.map(KeyId);
        let found = key.and_then(|key| Some((key, self.rack.lookup(key)?)));
        let is_useful = found.is_some_and(|(key, slot)| {
            let mut copy = self.rack.get(slot);
            let is_alive = at < copy.leaves(self.rules);
            let was_fresh = at < copy.fresh_until();
            let is_useful = is_alive && (verb == Verb::Purge || was_fresh);
            if is_alive && verb == Verb::Purge {
                let (rack, mut leaving) = self.parts();
                let gone = rack.take(evictor, slot.number(), Reason::Taken, at);
                leaving.left(&gone, at);
            } else if is_alive {
                let expired = copy.lifetimes(self.rules).expired(self.rules, at);
                copy.set_lifetimes(&expired);
                let (fresh_until, dead_from) = (copy.fresh_until(), copy.leaves(self.rules));
                self.rack.expire(slot, fresh_until, dead_from);
            }
            if is_useful {
                self.set_cause(key, Cause::Invalidation);
            }
            is_useful
        });
        let plain = self.going.plain.as_mut();
        if let Some(edge) = plain.and_then(|plain| plain.edges.get_mut(usize::from(edge))) {
            edge.tally.useful += u64::from(is_useful);
            edge.tally.useless += u64::from(!is_useful);
        }
    }

    /// What copies depended on that left is let go.
    fn let_go(&mut self) {
        for (provenance, died) in self.orphans.drain(..) {
            self.provenances
                .let_go(self.cells, provenance, Some(died), self.now);
        }
    }
}
