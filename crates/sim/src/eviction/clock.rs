//! `clock`: the copy that was stored first leaves, unless it was read since the hand last passed.

use super::list::Lists;
use super::{Eviction, Newcomer, Setting, Victim, View};

/// CLOCK with one bit (Corbató, "A paging experiment with the Multics system", 1968), also known
/// as second chance or FIFO with reinsertion. A copy starts with its bit clear, a read sets it, and
/// the hand clears it and passes on.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    order: Lists,
    /// By slot.
    visited: Vec<bool>,
}

impl Eviction for Clock {
    fn new(_setting: Setting) -> Self {
        Self {
            order: Lists::new(1),
            visited: Vec::new(),
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
        self.order.unlink(slot);
    }

    #[inline]
    fn victim(&mut self, _newcomer: Option<Newcomer>, _view: View<'_>) -> Victim {
        while let Some(slot) = self.order.pop(0) {
            if !core::mem::replace(&mut self.visited[slot as usize], false) {
                return Victim::Slot(slot);
            }
            self.order.push(0, slot);
        }
        Victim::Newcomer
    }
}
