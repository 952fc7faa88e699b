//! `sieve`: a hand sifts from the oldest copy to the newest, and what was not read leaves.

use super::list::Lists;
use super::{Eviction, Newcomer, Setting, Victim, View};

/// SIEVE (Zhang, Yang, Yue, Vigfusson, Rashmi, NSDI 2024). Copies stay in the order in which they
/// were stored; the hand goes from the oldest to the newest, clears the bits that reads have set,
/// evicts the first copy whose bit is clear, and goes on from there the next time.
#[derive(Debug, Clone)]
pub(crate) struct Sieve {
    order: Lists,
    /// By slot.
    visited: Vec<bool>,
    /// `None`: at the oldest copy.
    hand: Option<u32>,
}

impl Eviction for Sieve {
    fn new(_setting: Setting) -> Self {
        Self {
            order: Lists::new(1),
            visited: Vec::new(),
            hand: None,
        }
    }

    #[inline]
    fn inserted(&mut self, slot: u32, _view: View<'_>) {
        super::put(&mut self.visited, slot, false);
        self.order.push(0, slot);
    }

    #[inline]
    fn touched(&mut self, slot: u32, _view: View<'_>) {
        self.visited[slot as usize] = true;
    }

    #[inline]
    fn removed(&mut self, slot: u32, _view: View<'_>) {
        if self.hand == Some(slot) {
            self.hand = self.order.newer(slot);
        }
        self.order.unlink(slot);
    }

    #[inline]
    fn victim(&mut self, _newcomer: Option<Newcomer>, view: View<'_>) -> Victim {
        while let Some(slot) = self.hand.or_else(|| self.order.oldest(0)) {
            if !core::mem::replace(&mut self.visited[slot as usize], false) {
                self.hand = Some(slot);
                self.removed(slot, view);
                return Victim::Slot(slot);
            }
            self.hand = self.order.newer(slot);
        }
        Victim::Newcomer
    }
}
