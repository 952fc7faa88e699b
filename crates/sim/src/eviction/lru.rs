//! `lru`: the copy that was not used for the longest time leaves.

use super::list::Lists;
use super::{Eviction, Newcomer, Setting, Victim, View};
use prefetch_index::prefetch_index;

/// Least recently used (Mattson, Gecsei, Slutz, Traiger, IBM Systems Journal 9(2), 1970). A copy
/// is used when it is stored, overwritten or read; the order is exact.
#[derive(Debug, Clone)]
pub(crate) struct Lru {
    order: Order,
}

/// Until somebody has to leave, nobody asks who would: a use is then one number beside its copy, where
/// a list changes five links.
#[derive(Debug, Clone)]
enum Order {
    /// By slot, the number of the last use of the copy; 0: there is none.
    Used {
        last: Vec<u64>,
        uses: u64,
    },
    Listed(Lists),
}

impl Order {
    /// A copy is used while there is no list.
    #[inline(never)]
    fn used(&mut self, slot: u32) {
        if let Self::Used { last, uses } = self {
            *uses += 1;
            let slot = slot as usize;
            if last.len() <= slot {
                // After a flush, slots are not taken into use one after the other.
                last.resize(slot + 1, 0);
            }
            last[slot] = *uses;
        }
    }
}

/// The order in which copies were used.
#[cold]
fn listed(last: Vec<u64>) -> Lists {
    let mut slots: Vec<u32> = (0..).take(last.len()).collect();
    let used = |slot: &u32| last.get(*slot as usize).copied().unwrap_or(0);
    slots.retain(|slot| used(slot) > 0);
    slots.sort_unstable_by_key(used);
    drop(last);
    let mut order = Lists::new(1);
    for slot in slots {
        order.push(0, slot);
    }
    order
}

impl Eviction for Lru {
    fn new(_setting: Setting) -> Self {
        Self {
            order: Order::Used {
                last: Vec::new(),
                uses: 0,
            },
        }
    }

    #[inline(always)]
    fn inserted(&mut self, slot: u32, _view: View<'_>) {
        match &mut self.order {
            Order::Listed(order) => order.push(0, slot),
            order @ Order::Used { .. } => order.used(slot),
        }
    }

    #[inline(always)]
    fn touched(&mut self, slot: u32, _view: View<'_>) {
        match &mut self.order {
            Order::Listed(order) => order.renew(0, slot),
            order @ Order::Used { .. } => order.used(slot),
        }
    }

    #[inline]
    fn leaving_soon(&self, count: usize, see: impl FnMut(u32)) {
        if let Order::Listed(order) = &self.order {
            order.oldest_few(0, count).for_each(see);
        }
    }

    #[inline]
    fn prefetch(&self, slot: u32) {
        match &self.order {
            Order::Listed(order) => order.prefetch(slot),
            Order::Used { last, .. } => prefetch_index(last, slot as usize),
        }
    }

    #[inline]
    fn peek(&self, slot: u32) -> u32 {
        match &self.order {
            Order::Listed(order) => order.peek(slot),
            Order::Used { last, .. } => last.get(slot as usize).map_or(0, |used| *used as u32),
        }
    }

    #[inline]
    fn removed(&mut self, slot: u32, _view: View<'_>) {
        match &mut self.order {
            Order::Listed(order) => order.unlink(slot),
            Order::Used { last, .. } => {
                if let Some(used) = last.get_mut(slot as usize) {
                    *used = 0;
                }
            }
        }
    }

    #[inline]
    fn victim(&mut self, _newcomer: Option<Newcomer>, _view: View<'_>) -> Victim {
        if let Order::Used { last, .. } = &mut self.order {
            self.order = Order::Listed(listed(core::mem::take(last)));
        }
        match &mut self.order {
            Order::Listed(order) => order.pop(0).map_or(Victim::Newcomer, Victim::Slot),
            Order::Used { .. } => Victim::Newcomer,
        }
    }
}
