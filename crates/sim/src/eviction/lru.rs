//! `lru`: the copy that was not used for the longest time leaves.

use super::uses::Uses;
use super::{Eviction, Newcomer, Setting, Victim, View};
use prefetch_index::prefetch_index;

/// Least recently used (Mattson, Gecsei, Slutz, Traiger, IBM Systems Journal 9(2), 1970). A copy
/// is used when it is stored, overwritten or read; the order is exact.
#[derive(Debug, Clone)]
pub(crate) struct Lru {
    order: Order,
}

/// Until somebody has to leave, nobody asks who would: a use is then one number beside its copy.
#[derive(Debug, Clone)]
enum Order {
    /// By slot, the number of the last use of the copy; 0: there is none.
    Used {
        last: Vec<u64>,
        uses: u64,
    },
    Logged(Uses),
}

impl Order {
    /// A copy is used while there is no log.
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
fn logged(last: &[u64]) -> Uses {
    let mut slots: Vec<u32> = (0..).take(last.len()).collect();
    let used = |slot: &u32| last.get(*slot as usize).copied().unwrap_or(0);
    slots.retain(|slot| used(slot) > 0);
    slots.sort_unstable_by_key(used);
    Uses::new(&slots, last.len())
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
            Order::Logged(uses) => uses.note(slot),
            order @ Order::Used { .. } => order.used(slot),
        }
    }

    #[inline(always)]
    fn touched(&mut self, slot: u32, _view: View<'_>) {
        match &mut self.order {
            Order::Logged(uses) => uses.note(slot),
            order @ Order::Used { .. } => order.used(slot),
        }
    }

    const EXCHANGES: bool = true;

    #[inline]
    fn exchange<const N: usize>(
        &mut self,
        group: &[u32; N],
        leave: usize,
        leaving: &mut [u32; N],
    ) -> bool {
        match &mut self.order {
            Order::Logged(uses) => uses.exchange(group, leave, leaving),
            Order::Used { .. } => false,
        }
    }

    #[inline]
    fn exchanged<const N: usize>(
        &mut self,
        newcomers: impl Iterator<Item = (usize, u32)>,
        left: usize,
    ) {
        if let Order::Logged(uses) = &mut self.order {
            uses.exchanged::<N>(newcomers, left);
        }
    }

    #[inline]
    fn leaving_soon(&mut self, count: usize, see: impl FnMut(u32)) {
        if let Order::Logged(uses) = &mut self.order {
            uses.next_few(count).for_each(see);
        }
    }

    #[inline]
    fn prefetch(&self, slot: u32) {
        match &self.order {
            Order::Logged(uses) => uses.prefetch(slot),
            Order::Used { last, .. } => prefetch_index(last, slot as usize),
        }
    }

    #[inline]
    fn peek(&self, slot: u32) -> u32 {
        match &self.order {
            Order::Logged(uses) => uses.peek(slot),
            Order::Used { last, .. } => last.get(slot as usize).map_or(0, |used| *used as u32),
        }
    }

    #[inline]
    fn removed(&mut self, slot: u32, _view: View<'_>) {
        match &mut self.order {
            Order::Logged(uses) => uses.forget(slot),
            Order::Used { last, .. } => {
                if let Some(used) = last.get_mut(slot as usize) {
                    *used = 0;
                }
            }
        }
    }

    #[inline]
    fn victim(&mut self, _newcomer: Option<Newcomer>, _view: View<'_>) -> Victim {
        if let Order::Used { last, .. } = &self.order {
            self.order = Order::Logged(logged(last));
        }
        match &mut self.order {
            Order::Logged(uses) => uses.pop().map_or(Victim::Newcomer, Victim::Slot),
            Order::Used { .. } => Victim::Newcomer,
        }
    }
}
