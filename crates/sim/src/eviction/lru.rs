//! `lru`: the copy that was not used for the longest time leaves.

use super::list::Lists;
use super::{Eviction, Newcomer, Setting, Victim, View};

/// Least recently used (Mattson, Gecsei, Slutz, Traiger, IBM Systems Journal 9(2), 1970). A copy
/// is used when it is stored, overwritten or read; the order is exact.
#[derive(Debug, Clone)]
pub(crate) struct Lru {
    order: Lists,
}

impl Eviction for Lru {
    fn new(_setting: Setting) -> Self {
        Self {
            order: Lists::new(1),
        }
    }

    #[inline]
    fn inserted(&mut self, slot: u32, _view: View<'_>) {
        self.order.push(0, slot);
    }

    #[inline]
    fn touched(&mut self, slot: u32, _view: View<'_>) {
        self.order.renew(0, slot);
    }

    #[inline]
    fn leaving_soon(&self, count: usize, see: impl FnMut(u32)) {
        self.order.oldest_few(0, count).for_each(see);
    }

    #[inline]
    fn peek(&self, slot: u32) -> u32 {
        self.order.peek(slot)
    }

    #[inline]
    fn removed(&mut self, slot: u32, _view: View<'_>) {
        self.order.unlink(slot);
    }

    #[inline]
    fn victim(&mut self, _newcomer: Option<Newcomer>, _view: View<'_>) -> Victim {
        self.order.pop(0).map_or(Victim::Newcomer, Victim::Slot)
    }
}
