//! `django-locmem`: a third of the copies leaves at once.

use super::list::Lists;
use super::{Eviction, Newcomer, Setting, Victim, View};

/// Django's `CULL_FREQUENCY`: one in so many leaves.
const CULL_FREQUENCY: u64 = 3;

/// `django.core.cache.backends.locmem` as of Django 2.1: when `MAX_ENTRIES` are there, a third of
/// them leaves (`CULL_FREQUENCY` 3, rounded down), the least recently used first.
///
/// Three differences. Django also culls when a full cache overwrites a copy; here that needs no
/// room. Django does not look whether copies are dead before it culls; here they leave first.
/// With `MAX_ENTRIES` below 3 Django culls nobody and grows; here at least one leaves.
#[derive(Debug, Clone)]
pub(crate) struct DjangoLocmem {
    order: Lists,
    copies: u64,
    /// So many still have to leave.
    to_cull: u64,
}

impl Eviction for DjangoLocmem {
    const CULLS: bool = true;

    fn new(_setting: Setting) -> Self {
        Self {
            order: Lists::new(1),
            copies: 0,
            to_cull: 0,
        }
    }

    fn inserted(&mut self, slot: u32, _view: View<'_>) {
        self.order.push(0, slot);
        self.copies += 1;
    }

    #[inline]
    fn touched(&mut self, slot: u32, _view: View<'_>) {
        self.order.renew(0, slot);
    }

    fn removed(&mut self, slot: u32, _view: View<'_>) {
        self.order.unlink(slot);
        self.copies -= 1;
    }

    fn victim(&mut self, _newcomer: Option<Newcomer>, _view: View<'_>) -> Victim {
        if self.to_cull == 0 {
            self.to_cull = (self.copies / CULL_FREQUENCY).max(1);
        }
        self.to_cull -= 1;
        match self.order.pop(0) {
            Some(slot) => {
                self.copies -= 1;
                Victim::Slot(slot)
            }
            None => Victim::Newcomer,
        }
    }

    fn culling(&self) -> bool {
        self.to_cull > 0
    }
}
