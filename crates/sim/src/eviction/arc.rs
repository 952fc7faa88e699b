//! `arc`: recency and frequency in two lists, whose shares adapt to what was evicted too early.

use super::ghosts::Ghosts;
use super::list::Lists;
use super::{Eviction, Newcomer, Setting, Victim, View};

/// Lists of copies, and of ghosts: used once, used more often.
const ONCE: usize = 0;
const OFTEN: usize = 1;

/// ARC (Megiddo, Modha, FAST 2003), figure 4: T1 and T2 are `ONCE` and `OFTEN`, B1 and B2 their
/// ghosts.
///
/// The paper leaves open whether the target and its steps are whole numbers. Here they are, which
/// gives the paper's own hit ratio on its trace P3 (17.10%); libCacheSim uses real numbers, and
/// counts up to 0.4% other hits.
///
/// The paper knows pages of one size only. With a capacity in bytes, the lists and ghosts are
/// weighed in bytes and a step is still the ratio of two weights, at least one byte, so that the
/// target moves slowly: libCacheSim does the same.
#[derive(Debug, Clone)]
pub(crate) struct Arc {
    capacity: u64,
    order: Lists,
    /// By slot: the list that it is in.
    list_of: Vec<u8>,
    weights: [u64; 2],
    ghosts: Ghosts,
    /// The share of the capacity that `ONCE` is meant to have.
    target: u64,
    /// The ghost list in which the newcomer was found.
    returning: Option<u8>,
}

impl Arc {
    #[inline]
    fn adapt(&mut self, list: u8) {
        let own = self.ghosts.weight(list);
        let other = self.ghosts.weight(1 - list);
        let step = other.checked_div(own).unwrap_or(1).max(1);
        self.target = if usize::from(list) == ONCE {
            self.target.saturating_add(step).min(self.capacity)
        } else {
            self.target.saturating_sub(step)
        };
    }

    #[inline]
    fn join(&mut self, list: usize, slot: u32, weight: u64) {
        super::put(&mut self.list_of, slot, list as u8);
        self.order.push(list, slot);
        self.weights[list] += weight;
    }

    #[inline]
    fn leave(&mut self, slot: u32, weight: u64) -> usize {
        let list = usize::from(self.list_of[slot as usize]);
        self.order.unlink(slot);
        self.weights[list] -= weight;
        list
    }

    /// The paper's REPLACE: the oldest copy of the list that has more than its share.
    #[inline]
    fn replace(&mut self, view: View<'_>) -> Victim {
        let once = self.weights[ONCE];
        let over = once > self.target
            || (once == self.target && self.returning.map(usize::from) == Some(OFTEN));
        let preferred = if over { ONCE } else { OFTEN };
        let Some(slot) = self
            .order
            .oldest(preferred)
            .or_else(|| self.order.oldest(1 - preferred))
        else {
            return Victim::Newcomer;
        };
        let weight = view.copies.weight(slot);
        let list = self.leave(slot, weight);
        self.ghosts.push(list as u8, view.copies.key(slot), weight);
        self.limit_ghosts();
        Victim::Slot(slot)
    }

    /// Where copies leave otherwise than by eviction, the paper's cases do not bound the ghosts;
    /// this does, far beyond what they reach by eviction alone.
    fn limit_ghosts(&mut self) {
        let (once, often) = (ONCE as u8, OFTEN as u8);
        let limit = self.capacity.saturating_mul(4);
        while self.ghosts.weight(once) + self.ghosts.weight(often) > limit {
            let larger = if self.ghosts.weight(once) > self.ghosts.weight(often) {
                once
            } else {
                often
            };
            self.ghosts.pop(larger);
        }
    }

    /// Case IV of the paper: the newcomer is in none of the four lists.
    #[inline]
    fn make_room(&mut self, weight: u64, view: View<'_>) -> Victim {
        let recent = self.weights[ONCE] + self.ghosts.weight(ONCE as u8);
        if recent.saturating_add(weight) > self.capacity {
            if self.ghosts.pop(ONCE as u8) {
                return self.replace(view);
            }
            return match self.order.oldest(ONCE) {
                Some(slot) => {
                    self.leave(slot, view.copies.weight(slot));
                    Victim::Slot(slot)
                }
                None => self.replace(view),
            };
        }
        let all = recent + self.weights[OFTEN] + self.ghosts.weight(OFTEN as u8);
        if all >= self.capacity.saturating_mul(2) {
            self.ghosts.pop(OFTEN as u8);
        }
        self.replace(view)
    }
}

impl Eviction for Arc {
    fn new(setting: Setting) -> Self {
        Self {
            capacity: setting.capacity,
            order: Lists::new(2),
            list_of: Vec::new(),
            weights: [0; 2],
            ghosts: Ghosts::new(2, setting.by_bytes),
            target: 0,
            returning: None,
        }
    }

    #[inline]
    fn arriving(&mut self, newcomer: Newcomer, _view: View<'_>) {
        self.returning = self.ghosts.list_of(newcomer.key);
        if let Some(list) = self.returning {
            self.adapt(list);
            self.ghosts.forget(newcomer.key);
        }
    }

    #[inline]
    fn inserted(&mut self, slot: u32, view: View<'_>) {
        let list = if self.returning.is_some() {
            OFTEN
        } else {
            ONCE
        };
        self.join(list, slot, view.copies.weight(slot));
    }

    #[inline]
    fn touched(&mut self, slot: u32, view: View<'_>) {
        let weight = view.copies.weight(slot);
        self.leave(slot, weight);
        self.join(OFTEN, slot, weight);
    }

    #[inline]
    fn prefetch_keys(&self, keys: &[u32]) {
        self.ghosts.prefetch(keys);
    }

    #[inline]
    fn leaving_soon(&mut self, count: usize, see: impl FnMut(u32)) {
        self.order.oldest_few(ONCE, count).for_each(see);
    }

    #[inline]
    fn prefetch(&self, slot: u32) {
        self.order.prefetch(slot);
    }

    #[inline]
    fn peek(&self, slot: u32) -> u32 {
        self.order.peek(slot)
    }

    fn replaced(&mut self, slot: u32, weight_before: u64, view: View<'_>) {
        self.leave(slot, weight_before);
        self.join(OFTEN, slot, view.copies.weight(slot));
    }

    #[inline]
    fn removed(&mut self, slot: u32, view: View<'_>) {
        self.leave(slot, view.copies.weight(slot));
    }

    #[inline]
    fn victim(&mut self, newcomer: Option<Newcomer>, view: View<'_>) -> Victim {
        match newcomer {
            Some(newcomer) if self.returning.is_none() => self.make_room(newcomer.weight, view),
            _ => self.replace(view),
        }
    }
}
