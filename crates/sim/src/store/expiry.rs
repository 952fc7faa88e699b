//! Which copies are dead by now.

use cachepolicy_core::units::Time;
use core::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Of a copy that is dead from an instant on, unless that has changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    dead_from: Time,
    slot: u32,
}

/// So many entries may be outdated, whatever the number of copies that can die.
const OUTDATED_FREE: usize = 1_024;

/// Copies that can die, in the order in which they do. What dies later than all before, as
/// under a constant ttl, goes into a queue, the rest into a heap. A copy that leaves before its time
/// is not looked for there: its entry is dropped when its turn comes, or when more than half of the
/// entries are outdated. Copies that never die are in neither, and as long as there are no others
/// nothing is kept.
#[derive(Debug, Clone)]
pub(super) struct Expiry {
    queue: VecDeque<Entry>,
    heap: BinaryHeap<Reverse<Entry>>,
    /// By slot. Slots beyond the end never die.
    instants: Vec<Time>,
    /// How many slots hold a copy that can die.
    mortal: usize,
    /// Nobody dies before.
    soonest: Time,
}

impl Default for Expiry {
    fn default() -> Self {
        Self {
            queue: VecDeque::new(),
            heap: BinaryHeap::new(),
            instants: Vec::new(),
            mortal: 0,
            soonest: Time::NEVER,
        }
    }
}

impl Expiry {
    /// Does nobody ever die?
    #[inline]
    pub(super) fn is_idle(&self) -> bool {
        self.instants.is_empty()
    }

    /// The copy in this slot, if there is one, is dead from then on.
    #[inline]
    pub(super) fn set(&mut self, slot: u32, dead_from: Time) {
        if dead_from != Time::NEVER || !self.is_idle() {
            self.change(slot, dead_from);
        }
    }

    #[inline]
    fn change(&mut self, slot: u32, dead_from: Time) {
        let index = slot as usize;
        if index >= self.instants.len() {
            if dead_from == Time::NEVER {
                return;
            }
            self.instants.resize(index + 1, Time::NEVER);
        }
        let before = core::mem::replace(&mut self.instants[index], dead_from);
        if before == dead_from {
            return;
        }
        self.mortal -= usize::from(before != Time::NEVER);
        if dead_from != Time::NEVER {
            self.mortal += 1;
            self.add(Entry { dead_from, slot });
        }
    }

    #[inline]
    fn add(&mut self, entry: Entry) {
        self.soonest = self.soonest.min(entry.dead_from);
        if self.queue.back().is_none_or(|last| *last <= entry) {
            self.queue.push_back(entry);
        } else {
            self.heap.push(Reverse(entry));
        }
        if self.queue.len() + self.heap.len() > 2 * self.mortal + OUTDATED_FREE {
            self.drop_outdated();
        }
    }

    #[cold]
    fn drop_outdated(&mut self) {
        let instants = &self.instants;
        let is_valid = |entry: &Entry| instants[entry.slot as usize] == entry.dead_from;
        self.queue.retain(is_valid);
        self.heap.retain(|Reverse(entry)| is_valid(entry));
    }

    /// May somebody be dead by now?
    #[inline]
    pub(super) fn is_due(&self, now: Time) -> bool {
        now >= self.soonest
    }

    /// The next one of the dead, who is to leave.
    pub(super) fn next_dead(&mut self, now: Time) -> Option<u32> {
        loop {
            let queued = self.queue.front().copied();
            let heaped = self.heap.peek().map(|Reverse(entry)| *entry);
            let is_queued = match (queued, heaped) {
                (Some(queued), Some(heaped)) => queued <= heaped,
                (queued, _) => queued.is_some(),
            };
            let next = if is_queued { queued } else { heaped };
            let Some(entry) = next.filter(|entry| entry.dead_from <= now) else {
                self.soonest = next.map_or(Time::NEVER, |entry| entry.dead_from);
                return None;
            };
            if is_queued {
                self.queue.pop_front();
            } else {
                self.heap.pop();
            }
            if self.instants[entry.slot as usize] == entry.dead_from {
                return Some(entry.slot);
            }
        }
    }
}
