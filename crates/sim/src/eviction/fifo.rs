//! `fifo`: the copy that was stored first leaves.

use super::list::Lists;
use super::{Eviction, Newcomer, Setting, Victim, View};

/// First in, first out. Reading a copy does not prolong its stay; storing it anew does, since the
/// copy that stays is then the new one.
#[derive(Debug, Clone)]
pub(crate) struct Fifo {
    order: Lists,
}

impl Eviction for Fifo {
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
    fn touched(&mut self, _slot: u32, _view: View<'_>) {}

    #[inline]
    fn leaving_soon(&mut self, count: usize, see: impl FnMut(u32)) {
        self.order.oldest_few(0, count).for_each(see);
    }

    fn replaced(&mut self, slot: u32, _weight_before: u64, _view: View<'_>) {
        self.order.renew(0, slot);
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
