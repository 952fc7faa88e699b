//! The slots with a copy as a dense array, for policies that draw lots.

use rand_pcg::Pcg32;
use rand_pcg::rand_core::{Rng, SeedableRng};

const ABSENT: u32 = u32::MAX;

/// Slots with a copy, in no order that means anything. Eight bytes a slot.
#[derive(Debug, Clone)]
pub(super) struct Residents {
    slots: Vec<u32>,
    /// By slot: where it is in `slots`.
    places: Vec<u32>,
    lots: Pcg32,
}

impl Residents {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            slots: Vec::new(),
            places: Vec::new(),
            lots: Pcg32::seed_from_u64(seed),
        }
    }

    pub(super) fn add(&mut self, slot: u32) {
        super::put(&mut self.places, slot, self.slots.len() as u32);
        self.slots.push(slot);
    }

    pub(super) fn remove(&mut self, slot: u32) {
        let place = core::mem::replace(&mut self.places[slot as usize], ABSENT);
        self.slots.swap_remove(place as usize);
        if let Some(&moved) = self.slots.get(place as usize) {
            self.places[moved as usize] = place;
        }
    }

    pub(super) fn contains(&self, slot: u32) -> bool {
        self.places
            .get(slot as usize)
            .is_some_and(|&place| place != ABSENT)
    }

    /// One of them, each with the same probability (to 2⁻³² of the number of slots).
    pub(super) fn draw(&mut self) -> Option<u32> {
        let place = (u64::from(self.lots.next_u32()) * self.slots.len() as u64) >> 32;
        self.slots.get(place as usize).copied()
    }

    /// A number in 0..1.
    pub(super) fn chance(&mut self) -> f64 {
        f64::from(self.lots.next_u32()) / 4_294_967_296.0
    }
}
