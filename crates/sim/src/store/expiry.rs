//! Which copies are dead by now: a radix heap over the instants from which copies are dead.

use crate::eviction::list::Lists;
use cachepolicy_core::units::Time;

/// The present, and one list for each place of the highest bit in which an instant differs from it.
const LISTS: usize = 65;

/// The list of the dead.
const DEAD: usize = 0;

/// A radix heap (Ahuja, Mehlhorn, Orlin, Tarjan, JACM 37(2), 1990) of linked lists. An instant
/// lies in the list of the highest bit in which it differs from the present; when the present
/// moves on, only the lists of lower bits and the one of its own highest changed bit are looked at,
/// and whatever stays alive there moves to a lower list. A copy so moves at most 64 times; setting
/// an instant anew, as `sliding` does at each read, costs O(1). Copies that never die are in no
/// list, and as long as there are no others the arrays are empty.
#[derive(Debug, Clone)]
pub(super) struct Expiry {
    lists: Lists,
    /// By slot: the instant, in an order-preserving encoding without signs. Slots beyond the end
    /// never die.
    instants: Vec<u64>,
    present: u64,
    /// A bit for each list but [`DEAD`] that may not be empty: bit i for list i + 1.
    filled: u64,
}

const NEVER: u64 = encode(Time::NEVER);

const fn encode(time: Time) -> u64 {
    (time.nanos() as u64) ^ (1 << 63)
}

impl Default for Expiry {
    fn default() -> Self {
        Self {
            lists: Lists::new(LISTS),
            instants: Vec::new(),
            present: 0,
            filled: 0,
        }
    }
}

impl Expiry {
    /// The copy in this slot, if there is one, is dead from then on.
    #[inline]
    pub(super) fn set(&mut self, slot: u32, dead_from: Time) {
        let index = slot as usize;
        let instant = encode(dead_from);
        if index >= self.instants.len() {
            if instant == NEVER {
                return;
            }
            self.instants.resize(index + 1, NEVER);
        }
        let before = core::mem::replace(&mut self.instants[index], instant);
        if before == instant {
            return;
        }
        if before != NEVER {
            self.lists.unlink(self.list_of(before), slot);
        }
        if instant != NEVER {
            self.link(slot, instant);
        }
    }

    /// The present is now at least this.
    #[inline]
    pub(super) fn advance(&mut self, now: Time) {
        let now = encode(now);
        if now <= self.present {
            return;
        }
        let highest = 63 - (now ^ self.present).leading_zeros();
        self.present = now;
        let mut touched = self.filled & (u64::MAX >> (63 - highest));
        self.filled &= !touched;
        // Each list is emptied before anything is linked into it: what lives on moves lower than
        // `highest`, and the lists below hold only the dead and are met first.
        while touched != 0 {
            let list = touched.trailing_zeros() as usize + 1;
            touched &= touched - 1;
            self.relink(list);
        }
    }

    /// A dead copy.
    #[inline]
    pub(super) fn dead(&self) -> Option<u32> {
        self.lists.oldest(DEAD)
    }

    fn relink(&mut self, list: usize) {
        while let Some(slot) = self.lists.pop(list) {
            self.link(slot, self.instants[slot as usize]);
        }
    }

    fn link(&mut self, slot: u32, instant: u64) {
        let list = self.list_of(instant);
        if list != DEAD {
            self.filled |= 1 << (list - 1);
        }
        self.lists.push(list, slot);
    }

    #[inline]
    fn list_of(&self, instant: u64) -> usize {
        if instant <= self.present {
            DEAD
        } else {
            64 - (instant ^ self.present).leading_zeros() as usize
        }
    }
}
