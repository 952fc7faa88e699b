//! What requests will touch, read for some of them at once before they come: the waits for memory
//! overlap. Nothing is decided by it, and nothing depends on what was read.

use crate::engine::Engine;
use crate::intern::NONE;
use crate::store::KeyId;
use crate::tables::{Sharing, Tables};
use cachepolicy_trace::block::Requests;
use core::hint::black_box;
use core::ops::Range;

/// So many requests together.
pub(crate) const TOGETHER: usize = 16;

/// By request, or by look-up.
type Each = [u32; TOGETHER];

impl Engine {
    /// Of the requests of the range, [`TOGETHER`] at most: the copies that may answer them; where
    /// there are none, those that a fill may be made of.
    pub(crate) fn fetch(&self, t: &Tables, requests: &Requests, range: Range<usize>) {
        let (mut sites, mut links) = ([NONE; TOGETHER], [NONE; TOGETHER]);
        let targets = requests.target.get(range.clone()).unwrap_or_default();
        for (link, target) in links.iter_mut().zip(targets) {
            *link = self.ingest.paths.entry(*target).links;
        }
        let mut inner = [NONE; TOGETHER];
        for (nth, index) in range.enumerate().take(TOGETHER) {
            let carried = requests.carried.get(index).copied().unwrap_or(NONE);
            let digits = self.ingest.dimensions.digits(carried);
            (sites[nth], inner[nth]) = self.known_keys(t, links[nth], digits);
        }
        let mut read = 0;
        let mut missing = [NONE; TOGETHER];
        let mut count = 0;
        let slots = self.fetch_slots(t, &sites, &mut read);
        for (slot, inner) in slots.iter().zip(inner) {
            missing[count] = inner;
            count += usize::from(slot.1 == NONE && inner != NONE);
        }
        if let Some(rest) = missing.get_mut(count..) {
            rest.fill(NONE);
        }
        self.fetch_copies(&slots, &mut read);
        if count > 0 {
            let slots = self.fetch_slots(t, &missing, &mut read);
            let parts = missing.map(|inst| self.facts_of(inst).part);
            let parts = self.fetch_slots(t, &parts, &mut read);
            self.fetch_copies(&slots, &mut read);
            self.fetch_copies(&parts, &mut read);
        }
        black_box(read);
    }

    /// The keys of the first two levels that answer a target, as far as they are known.
    #[inline]
    fn known_keys(&self, t: &Tables, link: u32, digits: Option<u64>) -> (u32, u32) {
        let (Some(digits), true) = (digits, link != NONE) else {
            return (NONE, NONE);
        };
        let paths = &self.ingest.paths;
        let known = |link: u32| {
            let variants = &t.levels[paths.link(link).level.index()].variants;
            let number = variants.number(digits);
            number.map_or(NONE, |number| paths.known_key(link, variants, number))
        };
        let has_inner = paths.link(link).has_inner;
        (known(link), if has_inner { known(link + 1) } else { NONE })
    }

    /// Where the nearest tier has copies of these keys, where it is the same for everybody.
    #[inline]
    fn fetch_slots(&self, t: &Tables, insts: &Each, read: &mut u32) -> [(u32, u32); TOGETHER] {
        let mut levels = [NONE; TOGETHER];
        for (level, inst) in levels.iter_mut().zip(insts) {
            let index = *inst as usize;
            *level = self
                .insts
                .get(index)
                .map_or(NONE, |inst| u32::from(inst.level));
            *read ^= self.facts.get(index).map_or(0, |facts| facts.lookups)
                ^ self.causes.get(index).map_or(0, |cause| *cause as u32);
        }
        let mut slots = [(NONE, NONE); TOGETHER];
        for ((slot, level), inst) in slots.iter_mut().zip(levels).zip(insts) {
            let tier = t
                .levels
                .get(level as usize)
                .and_then(|level| level.tiers.first());
            if let Some(tier) = tier.filter(|tier| tier.sharing == Sharing::All) {
                let found = self.stores[tier.first as usize].lookup(KeyId(*inst));
                *slot = (tier.first, found.map_or(NONE, |slot| slot.number()));
            }
        }
        slots
    }

    /// What serving copies touches.
    #[inline]
    fn fetch_copies(&self, slots: &[(u32, u32); TOGETHER], read: &mut u32) {
        let mut provenances = [NONE; TOGETHER];
        for (provenance, &(instance, slot)) in provenances.iter_mut().zip(slots) {
            if slot != NONE {
                let store = &self.stores[instance as usize];
                *provenance = store.depends_of(slot);
                *read ^= store.peek(slot);
            }
        }
        let mut cells = [NONE; TOGETHER];
        for (cell, provenance) in cells.iter_mut().zip(provenances) {
            if provenance != NONE {
                *cell = self.provenances.peek(provenance);
            }
        }
        for cell in cells {
            *read ^= self.cells.peek(cell);
        }
    }

    /// Copies that will soon be dead are touched, some further away than others.
    #[inline]
    pub(crate) fn fetch_dying(&self, instance: u32) {
        let store = &self.stores[instance as usize];
        let mut read = 0;
        for (nth, slot) in store.dying_soon().into_iter().enumerate() {
            if slot == NONE {
                continue;
            }
            if nth == 0 {
                read ^= store.peek(slot);
                continue;
            }
            let provenance = store.depends_of(slot);
            if provenance != NONE {
                let cell = self.provenances.peek(provenance);
                read ^= cell;
                if nth > 1 {
                    read ^= self.cells.peek(cell);
                }
            }
        }
        black_box(read);
    }
}
