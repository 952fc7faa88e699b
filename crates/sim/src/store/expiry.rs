//! Which copies are dead by now.

use cachepolicy_core::units::Time;
use core::cmp::Reverse;
use prefetch_index::prefetch_index;
use std::collections::BinaryHeap;

/// Of a copy that is dead from an instant on, unless that has changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    dead_from: Time,
    slot: u32,
}

/// So many entries may be outdated, whatever the number of copies that can die.
const OUTDATED_FREE: usize = 1_024;

/// Of the entries in no order, this share is put in order when its turn comes, …
const ORDERED_SHARE: usize = 4;

/// … and as many as this anyway.
const ORDERED_MIN: usize = 32;

/// Copies that can die, in the order in which they do. Only those that die next are in order: most
/// copies of a cache that is full leave before, and with them what would have been put in order. A
/// copy that leaves before its time is not looked for: its entry is dropped when its turn comes, or
/// when more than half of the entries are outdated. Copies that never die have none, and as long as
/// there are no others nothing is kept.
#[derive(Debug, Clone)]
pub(super) struct Expiry {
    /// Who dies next, last first.
    next: Vec<Entry>,
    /// Who came when these were in order already and dies among them.
    between: BinaryHeap<Reverse<Entry>>,
    /// No entry of the two above is greater, every one below is.
    horizon: Entry,
    /// Who dies later, in no order.
    later: Vec<Entry>,
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
            next: Vec::new(),
            between: BinaryHeap::new(),
            horizon: Entry {
                dead_from: Time::DISTANT_PAST,
                slot: 0,
            },
            later: Vec::new(),
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

    /// From when on the copy in this slot, if there is one, is dead.
    #[inline]
    pub(super) fn instant(&self, slot: u32) -> Time {
        let instant = self.instants.get(slot as usize);
        instant.copied().unwrap_or(Time::NEVER)
    }

    /// Soon somebody will ask for [`Expiry::instant`].
    #[inline]
    pub(super) fn prefetch(&self, slot: u32) {
        prefetch_index(&self.instants, slot as usize);
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
        if entry > self.horizon {
            self.later.push(entry);
        } else {
            self.between.push(Reverse(entry));
        }
        let entries = self.next.len() + self.between.len() + self.later.len();
        if entries > 2 * self.mortal + OUTDATED_FREE {
            self.drop_outdated();
        }
    }

    #[cold]
    fn drop_outdated(&mut self) {
        let instants = &self.instants;
        let is_valid = |entry: &Entry| instants[entry.slot as usize] == entry.dead_from;
        self.next.retain(is_valid);
        self.between.retain(|Reverse(entry)| is_valid(entry));
        self.later.retain(is_valid);
    }

    /// Some of those who probably die soon, the later ones first; `u32::MAX`: none.
    #[inline]
    pub(super) fn soon(&self) -> [u32; 3] {
        let (next, between) = (self.next.as_slice(), self.between.as_slice());
        // Either may be empty: the slots between are in the order of a heap.
        let is_between = match (next.last(), between.first()) {
            (Some(next), Some(Reverse(between))) => between < next,
            (next, _) => next.is_none(),
        };
        [12_usize, 6, 3].map(|ahead| {
            let entry = if is_between {
                between.get(ahead).map(|Reverse(entry)| entry)
            } else {
                next.len()
                    .checked_sub(ahead + 1)
                    .and_then(|at| next.get(at))
            };
            entry.map_or(u32::MAX, |entry| entry.slot)
        })
    }

    /// May somebody be dead by now?
    #[inline]
    pub(super) fn is_due(&self, now: Time) -> bool {
        now >= self.soonest
    }

    /// The next one of the dead, who is to leave.
    pub(super) fn next_dead(&mut self, now: Time) -> Option<u32> {
        loop {
            if self.next.is_empty() && self.between.is_empty() {
                self.put_in_order();
            }
            let first = self.next.last().copied();
            let between = self.between.peek().map(|Reverse(entry)| *entry);
            let is_between = match (first, between) {
                (Some(first), Some(between)) => between < first,
                (first, _) => first.is_none(),
            };
            let next = if is_between { between } else { first };
            let Some(entry) = next.filter(|entry| entry.dead_from <= now) else {
                self.soonest = next.map_or(Time::NEVER, |entry| entry.dead_from);
                return None;
            };
            if is_between {
                self.between.pop();
            } else {
                self.next.pop();
            }
            if self.instants[entry.slot as usize] == entry.dead_from {
                return Some(entry.slot);
            }
        }
    }

    /// Finds who dies next among the entries in no order.
    fn put_in_order(&mut self) {
        let (instants, later) = (&self.instants, &mut self.later);
        later.retain(|entry| instants[entry.slot as usize] == entry.dead_from);
        let count = (later.len() / ORDERED_SHARE).max(ORDERED_MIN);
        if count < later.len() {
            // The greatest first, so that those that die next are at the end.
            let rest = later.len() - count;
            later.select_nth_unstable_by(rest, |one, other| other.cmp(one));
            self.next.extend(later.drain(rest..));
        } else {
            self.next.append(later);
        }
        self.next.sort_unstable_by(|one, other| other.cmp(one));
        if let Some(&last) = self.next.first() {
            self.horizon = last;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cachepolicy_core::units::Duration;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_dead_come_in_their_order(
            sets in prop::collection::vec((0..300_u32, 1..400_i64, any::<bool>()), 1..900),
        ) {
            let mut expiry = Expiry::default();
            let mut instants = std::collections::BTreeMap::new();
            for (step, (slot, life, is_forever)) in sets.into_iter().enumerate() {
                let now = Time::ZERO + Duration::from_nanos(step as i64);
                let dead_from = if is_forever { Time::NEVER } else { now + Duration::from_nanos(life) };
                expiry.set(slot, dead_from);
                instants.insert(slot, dead_from);
                let mut expected: Vec<(Time, u32)> =
                    instants.iter().map(|(&slot, &at)| (at, slot)).filter(|(at, _)| *at <= now).collect();
                expected.sort_unstable();
                for (_, slot) in expected {
                    prop_assert!(expiry.is_due(now));
                    prop_assert_eq!(expiry.next_dead(now), Some(slot));
                    expiry.set(slot, Time::NEVER);
                    instants.remove(&slot);
                }
                if expiry.is_due(now) {
                    prop_assert_eq!(expiry.next_dead(now), None);
                }
            }
        }
    }
}
