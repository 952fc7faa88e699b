//! `wtinylfu`: a small window for what is new; from there, only what was used more often than who
//! would have to leave gets into the main part.

use super::list::Lists;
use super::sketch::Sketch;
use super::{Eviction, Newcomer, Setting, Victim, View};
use crate::store::KeyId;

const WINDOW: usize = 0;
const PROBATION: usize = 1;
const PROTECTED: usize = 2;

/// W-TinyLFU (Einziger, Friedman, Manes, ACM TOS 13(4), 2017): a window of 1% (at least 1) in LRU
/// order before a segmented LRU, of which 80% is protected. What falls out of the window is
/// admitted to the main part as long as there is room, else if its estimated frequency is greater
/// than that of the oldest copy on probation, else it leaves.
///
/// Caffeine, which this follows, also adapts the window's size by hill climbing and lets a frequent
/// candidate win at random against attacks; libCacheSim counts hits in the main part and candidates
/// only, and does not store copies larger than the window. Here a copy larger than the window is a
/// candidate at once, and is refused if it loses.
#[derive(Debug, Clone)]
pub(crate) struct WTinyLfu {
    segments: Lists,
    /// By slot: the segment that it is in.
    segment_of: Vec<u8>,
    weights: [u64; 3],
    window_max: u64,
    main_max: u64,
    protected_max: u64,
    copies: usize,
    sketch: Sketch,
}

impl WTinyLfu {
    fn main(&self) -> u64 {
        self.weights[PROBATION] + self.weights[PROTECTED]
    }

    fn join(&mut self, segment: usize, slot: u32, weight: u64) {
        super::put(&mut self.segment_of, slot, segment as u8);
        self.segments.push(segment, slot);
        self.weights[segment] += weight;
    }

    fn leave(&mut self, slot: u32, weight: u64) -> usize {
        let segment = usize::from(self.segment_of[slot as usize]);
        self.segments.unlink(segment, slot);
        self.weights[segment] -= weight;
        segment
    }

    fn evict(&mut self, slot: u32, view: View<'_>) -> Victim {
        self.leave(slot, view.copies.weight(slot));
        self.copies -= 1;
        Victim::Slot(slot)
    }

    /// Moves what the window has too much of to the main part while there is room. Returns the
    /// first one for which there is none.
    fn spill(&mut self, arriving: u64, view: View<'_>) -> Option<u32> {
        while self.weights[WINDOW].saturating_add(arriving) > self.window_max {
            let slot = self.segments.oldest(WINDOW)?;
            let weight = view.copies.weight(slot);
            if self.main().saturating_add(weight) > self.main_max {
                return Some(slot);
            }
            self.leave(slot, weight);
            self.join(PROBATION, slot, weight);
        }
        None
    }

    /// Who has to leave the main part next.
    fn defender(&self) -> Option<u32> {
        self.segments
            .oldest(PROBATION)
            .or_else(|| self.segments.oldest(PROTECTED))
    }

    fn wins(&self, candidate: KeyId, defender: u32, view: View<'_>) -> bool {
        self.sketch.estimate(candidate) > self.sketch.estimate(view.copies.key(defender))
    }

    /// What is protected beyond its share goes back on probation.
    fn demote(&mut self, view: View<'_>) {
        while self.weights[PROTECTED] > self.protected_max {
            let Some(slot) = self.segments.oldest(PROTECTED) else {
                return;
            };
            let weight = view.copies.weight(slot);
            self.leave(slot, weight);
            self.join(PROBATION, slot, weight);
        }
    }
}

impl Eviction for WTinyLfu {
    fn new(setting: Setting) -> Self {
        let window_max = (setting.capacity / 100).max(1).min(setting.capacity);
        let main_max = setting.capacity - window_max;
        Self {
            segments: Lists::new(3),
            segment_of: Vec::new(),
            weights: [0; 3],
            window_max,
            main_max,
            protected_max: main_max - main_max / 5,
            copies: 0,
            sketch: Sketch::new(),
        }
    }

    fn arriving(&mut self, newcomer: Newcomer) {
        self.sketch.count(newcomer.key);
    }

    fn inserted(&mut self, slot: u32, view: View<'_>) {
        let weight = view.copies.weight(slot);
        let segment = if weight > self.window_max {
            PROBATION
        } else {
            WINDOW
        };
        self.join(segment, slot, weight);
        self.copies += 1;
        self.sketch.fit(self.copies);
        self.spill(0, view);
    }

    fn touched(&mut self, slot: u32, view: View<'_>) {
        self.replaced(slot, view.copies.weight(slot), view);
    }

    fn replaced(&mut self, slot: u32, weight_before: u64, view: View<'_>) {
        self.sketch.count(view.copies.key(slot));
        let segment = self.leave(slot, weight_before);
        let promoted = if segment == WINDOW { WINDOW } else { PROTECTED };
        self.join(promoted, slot, view.copies.weight(slot));
        self.demote(view);
        self.spill(0, view);
    }

    fn removed(&mut self, slot: u32, view: View<'_>) {
        self.leave(slot, view.copies.weight(slot));
        self.copies -= 1;
    }

    fn victim(&mut self, newcomer: Option<Newcomer>, view: View<'_>) -> Victim {
        let through_window = newcomer.filter(|newcomer| newcomer.weight <= self.window_max);
        let arriving = through_window.map_or(0, |newcomer| newcomer.weight);
        let candidate = self.spill(arriving, view);
        match (candidate, self.defender()) {
            (Some(candidate), Some(defender)) => {
                if self.wins(view.copies.key(candidate), defender, view) {
                    self.evict(defender, view)
                } else {
                    self.evict(candidate, view)
                }
            }
            (Some(candidate), None) => self.evict(candidate, view),
            (None, Some(defender)) => match newcomer {
                Some(newcomer)
                    if through_window.is_none() && !self.wins(newcomer.key, defender, view) =>
                {
                    Victim::Newcomer
                }
                _ => self.evict(defender, view),
            },
            (None, None) => match self.segments.oldest(WINDOW) {
                Some(slot) => self.evict(slot, view),
                None => Victim::Newcomer,
            },
        }
    }
}
