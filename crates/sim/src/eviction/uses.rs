//! Slots in the order of their last uses, as a log of all uses.

use super::TOGETHER;
use prefetch_index::prefetch_index;

/// The slot is not in the log.
const NOWHERE: u32 = u32::MAX;

/// The log has room for so many uses of each slot …
const USES_PER_SLOT: usize = 4;

/// … as if there were so many slots at least.
const SLOTS_MIN: usize = 64;

/// So many of those who are next are known at a time; a power of two.
const NEXT_MAX: usize = 4 * TOGETHER;

/// A use is written down at the end of the log, and beside its slot where that is: two numbers, where a
/// list changes five links in four places of the memory. Earlier uses of a slot stay where they are, and
/// are passed over when their turn comes.
#[derive(Debug, Clone)]
pub(super) struct Uses {
    /// A ring of slots: the uses from `first` to `end`, which is free.
    log: Vec<u32>,
    first: usize,
    end: usize,
    /// By slot, the place of its last use in the log; the last [`TOGETHER`] are nobody's.
    last: Vec<u32>,
    next: Next,
    taken: Taken,
}

/// What of the log was looked through, which needs no branch that is hard to guess.
#[derive(Debug, Clone)]
struct Next {
    /// Of last uses, in the log.
    places: Box<[u32; NEXT_MAX]>,
    /// Those from `first` to `end`.
    first: usize,
    end: usize,
    /// The log is looked through up to there.
    looked: usize,
}

/// Who was taken out together, and a group that was used meanwhile.
#[derive(Debug, Clone)]
struct Taken {
    /// Their numbers in [`Next::places`].
    numbers: [u8; TOGETHER],
    count: usize,
}

impl Uses {
    /// Of some of so many slots, in the order in which they were used.
    pub(super) fn new(slots: &[u32], count: usize) -> Self {
        let mut uses = Self {
            log: vec![0; places(slots.len())],
            first: 0,
            end: 0,
            last: vec![0; count + TOGETHER],
            next: Next {
                places: Box::new([0; NEXT_MAX]),
                first: 0,
                end: 0,
                looked: 0,
            },
            taken: Taken {
                numbers: [0; TOGETHER],
                count: 0,
            },
        };
        slots.iter().for_each(|slot| uses.note(*slot));
        uses
    }

    #[inline]
    fn after(&self, place: usize) -> usize {
        let after = place + 1;
        if after == self.log.len() { 0 } else { after }
    }

    /// A slot is used.
    #[inline(always)]
    pub(super) fn note(&mut self, slot: u32) {
        let place = self.end;
        if slot as usize + TOGETHER >= self.last.len() {
            self.lengthen(slot);
        }
        self.last[slot as usize] = place as u32;
        self.log[place] = slot;
        self.end = self.after(place);
        if self.end == self.first {
            self.tidy();
        }
    }

    #[cold]
    #[inline(never)]
    fn lengthen(&mut self, slot: u32) {
        // What was nobody's is one of these slots.
        self.last.resize(slot as usize + 1 + TOGETHER, 0);
    }

    /// A slot is not used any more.
    #[inline]
    pub(super) fn forget(&mut self, slot: u32) {
        if let Some(last) = self.last.get_mut(slot as usize) {
            *last = NOWHERE;
        }
    }

    /// Takes out the slot that was not used for the longest time.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<u32> {
        loop {
            if self.next.first == self.next.end {
                self.look_through();
            }
            if self.next.first == self.next.end {
                return None;
            }
            let place = self.next.places[self.next.first % NEXT_MAX];
            let slot = self.log[place as usize];
            self.next.first += 1;
            self.first = self.after(place as usize);
            // It may have been used since.
            let last = &mut self.last[slot as usize];
            if *last == place {
                *last = NOWHERE;
                return Some(slot);
            }
        }
    }

    /// Takes out so many slots that were not used for the longest time, while a group is used, unless one
    /// of these is among them. See [`super::Eviction::exchange`].
    #[inline]
    pub(super) fn exchange<const N: usize>(
        &mut self,
        group: &[u32; N],
        leave: usize,
        leaving: &mut [u32; N],
    ) -> bool {
        const { assert!(N <= TOGETHER) }
        let place = self.end;
        let until = if place < self.first {
            self.first
        } else {
            self.log.len()
        };
        if until - place <= N || !self.take(leave, leaving) {
            return false;
        }
        let last = self.last.as_mut_slice();
        let nobody = last.len() - TOGETHER;
        let (mut before, mut is_taken) = ([0; N], false);
        for (number, slot) in group.iter().enumerate() {
            // Without a branch that would be guessed wrong: a newcomer uses what is nobody's.
            let slot = (*slot as usize).min(nobody + number);
            before[number] = core::mem::replace(&mut last[slot], (place + number) as u32);
            is_taken |= before[number] == NOWHERE;
        }
        if is_taken {
            self.undo(group, &before);
            return false;
        }
        if let Some(log) = self.log.get_mut(place..place + N) {
            log.copy_from_slice(group);
        }
        true
    }

    /// Marks so many slots that were not used for the longest time as taken out, if they are known.
    #[inline(always)]
    fn take<const N: usize>(&mut self, count: usize, taken: &mut [u32; N]) -> bool {
        if self.next.end - self.next.first < TOGETHER {
            self.look_through();
        }
        let (next, last) = (&self.next, self.last.as_mut_slice());
        let mut number = next.first;
        let mut found = 0;
        while found < count && number < next.end {
            let place = next.places[number % NEXT_MAX];
            let slot = self.log[place as usize];
            taken[found % N] = slot;
            self.taken.numbers[found % TOGETHER] = number as u8;
            found += usize::from(last[slot as usize] == place);
            number += 1;
        }
        if found < count {
            return false;
        }
        self.taken.count = count;
        for slot in taken.iter().take(count) {
            last[*slot as usize] = NOWHERE;
        }
        true
    }

    /// Nobody was taken out, and the group not used.
    #[cold]
    #[inline(never)]
    fn undo<const N: usize>(&mut self, group: &[u32; N], before: &[u32; N]) {
        let nobody = self.last.len() - TOGETHER;
        for (number, slot) in group.iter().enumerate().rev() {
            self.last[(*slot as usize).min(nobody + number)] = before[number];
        }
        self.give_back(0);
    }

    /// Of those who were taken out together, only the first so many are.
    #[cold]
    #[inline(never)]
    fn give_back(&mut self, taken: usize) {
        let others = self.taken.numbers.get(taken..self.taken.count);
        for number in others.unwrap_or_default() {
            let place = self.next.places[usize::from(*number) % NEXT_MAX];
            let slot = self.log[place as usize];
            self.last[slot as usize] = place;
        }
        self.taken.count = taken;
    }

    /// Newcomers are where they are in the group, in place of the first so many who were taken out.
    #[inline]
    pub(super) fn exchanged<const N: usize>(
        &mut self,
        newcomers: impl Iterator<Item = (usize, u32)>,
        taken: usize,
    ) {
        if taken < self.taken.count {
            self.give_back(taken);
        }
        self.taken.count = 0;
        if let Some(last) = taken.checked_sub(1) {
            let number = usize::from(self.taken.numbers[last % TOGETHER]);
            self.next.first = number + 1;
            self.first = self.after(self.next.places[number % NEXT_MAX] as usize);
        }
        for (number, slot) in newcomers {
            let place = self.end + number;
            self.log[place] = slot;
            self.last[slot as usize] = place as u32;
        }
        self.end += N;
    }

    /// The slots that will probably be taken out next, so many at most.
    #[inline]
    pub(super) fn next_few(&mut self, count: usize) -> impl Iterator<Item = u32> + '_ {
        if self.next.end - self.next.first < count {
            self.look_through();
        }
        let places = self.next.places.get(self.next.first..self.next.end);
        let places = places.unwrap_or_default().iter().take(count);
        places.filter_map(|place| self.log.get(*place as usize).copied())
    }

    /// See [`super::Eviction::peek`].
    #[inline]
    pub(super) fn peek(&self, slot: u32) -> u32 {
        self.last.get(slot as usize).copied().unwrap_or(0)
    }

    /// Soon a slot will be used.
    #[inline]
    pub(super) fn prefetch(&self, slot: u32) {
        prefetch_index(&self.last, slot as usize);
    }

    /// Looks through more of the log, until the next ones are known or its end is reached.
    #[inline(never)]
    fn look_through(&mut self) {
        let next = &mut self.next;
        next.places.copy_within(next.first..next.end, 0);
        next.end -= next.first;
        next.first = 0;
        while next.end < NEXT_MAX / 2 && next.looked != self.end {
            let end = if next.looked < self.end {
                self.end
            } else {
                self.log.len()
            };
            let end = end.min(next.looked + NEXT_MAX - next.end);
            let uses = self.log.get(next.looked..end).unwrap_or_default();
            let last = self.last.as_slice();
            let mut found = next.end;
            for (place, slot) in (next.looked as u32..).zip(uses) {
                next.places[found % NEXT_MAX] = place;
                found += usize::from(last[*slot as usize] == place);
            }
            next.end = found;
            next.looked = if end == self.log.len() { 0 } else { end };
        }
        if next.end == 0 {
            self.first = self.end;
        }
    }

    /// The log is full: what is not the last use of its slot leaves.
    #[cold]
    #[inline(never)]
    fn tidy(&mut self) {
        let first = self.first;
        self.log.rotate_left(first);
        let mut kept = 0;
        for place in 0..self.log.len() {
            let slot = self.log[place];
            let before = if place + first < self.log.len() {
                place + first
            } else {
                place + first - self.log.len()
            };
            let last = &mut self.last[slot as usize];
            let is_last = *last == before as u32;
            *last = if is_last { kept as u32 } else { *last };
            self.log[kept] = slot;
            kept += usize::from(is_last);
        }
        if kept > self.log.len() / 2 {
            self.log.resize(places(kept), 0);
        }
        (self.first, self.end) = (0, kept);
        (self.next.first, self.next.end, self.next.looked) = (0, 0, 0);
    }
}

/// So many places the log has for that many slots.
fn places(slots: usize) -> usize {
    let places = slots.max(SLOTS_MIN).saturating_mul(USES_PER_SLOT);
    places.min(NOWHERE as usize).max(slots + 1)
}

#[cfg(test)]
mod tests;
