//! `random`: any copy leaves.

use super::residents::Residents;
use super::{Eviction, Newcomer, Setting, Victim, View};

/// Each copy with the same probability, drawn from the store's seed.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    residents: Residents,
}

impl Eviction for Random {
    fn new(setting: Setting) -> Self {
        Self {
            residents: Residents::new(setting.seed),
        }
    }

    fn inserted(&mut self, slot: u32, _view: View<'_>) {
        self.residents.add(slot);
    }

    #[inline]
    fn touched(&mut self, _slot: u32, _view: View<'_>) {}

    fn removed(&mut self, slot: u32, _view: View<'_>) {
        self.residents.remove(slot);
    }

    fn victim(&mut self, _newcomer: Option<Newcomer>, _view: View<'_>) -> Victim {
        match self.residents.draw() {
            Some(slot) => {
                self.residents.remove(slot);
                Victim::Slot(slot)
            }
            None => Victim::Newcomer,
        }
    }
}
