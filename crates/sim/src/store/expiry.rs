//! Which copies are dead by now.

use cachepolicy_core::units::Time;
use core::cmp::Reverse;
use prefetch_index::prefetch_index;
use std::collections::{BinaryHeap, VecDeque};

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

/// So many of those who die next are known one by one, so that what their end touches can be asked of the
/// memory before.
const FIRST: usize = 24;

/// At these places of them what is asked for is asked for: see [`Expiry::soon`].
const ASKED_AT: [usize; 3] = [FIRST - 1, 14, 7];

/// Copies that can die, in the order in which they do. Only those that die next are in order: most
/// copies of a cache that is full leave before, and with them what would have been put in order. A
/// copy that leaves before its time is not looked for: its entry is dropped when its turn comes, or
/// when more than half of the entries are outdated. Copies that never die have none, and as long as
/// there are no others nothing is kept.
#[derive(Debug, Clone)]
pub(super) struct Expiry {
    /// Who dies first, in order.
    first: VecDeque<Entry>,
    /// How many joined them since [`Expiry::soon`] was asked.
    joined: usize,
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
            first: VecDeque::new(),
            joined: 0,
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
        if self.first.back().is_some_and(|last| entry < *last) {
            self.add_first(entry);
        } else if entry > self.horizon {
            self.later.push(entry);
        } else {
            self.between.push(Reverse(entry));
        }
        let entries = self.first.len() + self.next.len() + self.between.len() + self.later.len();
        if entries > 2 * self.mortal + OUTDATED_FREE {
            self.drop_outdated();
        }
    }

    /// Adds somebody who dies before one of the first.
    fn add_first(&mut self, entry: Entry) {
        let place = self.first.partition_point(|first| *first < entry);
        self.first.insert(place, entry);
        if self.first.len() > 2 * FIRST {
            self.between.extend(self.first.drain(FIRST..).map(Reverse));
        }
    }

    #[cold]
    fn drop_outdated(&mut self) {
        let instants = &self.instants;
        let is_valid = |entry: &Entry| instants[entry.slot as usize] == entry.dead_from;
        self.first.retain(is_valid);
        self.next.retain(is_valid);
        self.between.retain(|Reverse(entry)| is_valid(entry));
        self.later.retain(is_valid);
    }

    /// Those who die soon: each of them once at three distances from its end, the furthest first;
    /// `u32::MAX`: nobody.
    #[inline]
    pub(super) fn soon(&mut self) -> impl Iterator<Item = [u32; 3]> + '_ {
        let moved = core::mem::take(&mut self.joined).min(FIRST);
        let slot_at = |place: Option<usize>| {
            let entry = place.and_then(|place| self.first.get(place));
            entry.map_or(u32::MAX, |entry| entry.slot)
        };
        (0..moved).map(move |nth| ASKED_AT.map(|place| slot_at(place.checked_sub(nth))))
    }

    /// May somebody be dead by now?
    #[inline]
    pub(super) fn is_due(&self, now: Time) -> bool {
        now >= self.soonest
    }

    /// The next one of the dead, who is to leave.
    pub(super) fn next_dead(&mut self, now: Time) -> Option<u32> {
        loop {
            while self.first.len() < FIRST
                && let Some(next) = self.take_next()
            {
                self.first.push_back(next);
                self.joined += 1;
            }
            let first = self.first.front().copied();
            let Some(entry) = first.filter(|entry| entry.dead_from <= now) else {
                self.soonest = first.map_or(Time::NEVER, |entry| entry.dead_from);
                return None;
            };
            self.first.pop_front();
            if self.is_valid(entry) {
                return Some(entry.slot);
            }
        }
    }

    #[inline]
    fn is_valid(&self, entry: Entry) -> bool {
        self.instants[entry.slot as usize] == entry.dead_from
    }

    /// Who dies after the first ones.
    #[inline]
    fn take_next(&mut self) -> Option<Entry> {
        if self.next.is_empty() && self.between.is_empty() {
            self.put_in_order();
        }
        let between = self.between.peek().map(|Reverse(entry)| *entry);
        match (self.next.last(), between) {
            (Some(next), Some(between)) if between > *next => self.next.pop(),
            (Some(_), None) => self.next.pop(),
            _ => self.between.pop().map(|Reverse(entry)| entry),
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
