//! What requests will touch, asked of the memory some time before they come, so that nobody has to
//! wait for it: each thing is found by what was asked for a step earlier. Nothing is decided by it,
//! and what has changed until then is only found later.

use crate::engine::Engine;
use crate::intern::NONE;
use crate::links::{Known, Link};
use crate::store::KeyId;
use crate::tables::{Sharing, Tables};
use cachepolicy_core::LevelId;
use cachepolicy_trace::block::Requests;
use prefetch_index::prefetch_index;

/// A browser's engine has no such hint, and need not look for what it would be of.
const HAS_HINT: bool = !cfg!(target_family = "wasm");

/// So many requests go a step together.
const TOGETHER: usize = 16;

/// One step after the other: the target, its links, their keys, what is known of these, copies, what
/// copies depend on, its cells, and those of what a fill is made of.
const STEPS: usize = 8;

/// Requests on their way.
const AHEAD: usize = STEPS * TOGETHER;

/// How far the requests of the present block are.
#[derive(Debug, Default)]
pub(crate) struct Fetching {
    /// By index in the block modulo [`AHEAD`], as far as they are on their way.
    each: Vec<Touched>,
    /// How many times [`TOGETHER`] requests went their first step.
    begun: usize,
}

/// What a request will probably touch, as far as it was found.
#[derive(Debug, Clone, Copy)]
struct Touched {
    link: u32,
    digits: Option<u64>,
    /// Where their keys stand, and then the key of the level that answers, of the one inside, and of the
    /// part that that one is made of.
    known: [(LevelId, Known); 2],
    outer: Key,
    inner: Key,
    part: Key,
    /// Copies that may answer; where there is none, those that a fill may be made of.
    copies: [Place; 2],
}

/// With its level; [`NONE`]: it is not known.
type Key = (LevelId, u32);

const NO_KEY: Key = (LevelId(0), NONE);

/// A store's number, and a slot there; [`NONE`]: there is no copy.
type Place = (u32, u32);

const NOWHERE: Place = (NONE, NONE);

const NOTHING: Touched = Touched {
    link: NONE,
    digits: None,
    known: [(LevelId(0), Known::Key(NONE)); 2],
    outer: NO_KEY,
    inner: NO_KEY,
    part: NO_KEY,
    copies: [NOWHERE; 2],
};

impl Fetching {
    /// The key of the level that answers the request of this index, if it was found.
    #[inline]
    pub(crate) fn key_of(&self, index: usize) -> Option<u32> {
        let of = self.each.get(index % AHEAD).filter(|_| HAS_HINT)?;
        (of.outer.1 != NONE).then_some(of.outer.1)
    }
}

impl Engine {
    /// A new block comes.
    pub(crate) fn fetch_anew(&mut self) {
        self.fetched = 0;
        self.fetching.begun = 0;
    }

    /// The request of this index in the block is next.
    #[inline]
    pub(crate) fn fetch(&mut self, t: &Tables, requests: &Requests, index: usize) {
        if HAS_HINT && index / TOGETHER + STEPS >= self.fetching.begun {
            self.fetch_more(t, requests, index / TOGETHER + STEPS + 1);
        }
    }

    /// Goes on until so many times [`TOGETHER`] requests are on their way.
    fn fetch_more(&mut self, t: &Tables, requests: &Requests, until: usize) {
        let mut fetching = core::mem::take(&mut self.fetching);
        fetching.each.resize(AHEAD, NOTHING);
        while fetching.begun < until {
            // Who is furthest goes first: what the others ask for comes meanwhile.
            for step in (0..STEPS).rev() {
                let Some(group) = fetching.begun.checked_sub(step) else {
                    continue;
                };
                let first = group * TOGETHER;
                let targets = requests.target.get(first..).unwrap_or_default();
                let carried = requests.carried.get(first..).unwrap_or_default();
                let place = first % AHEAD;
                let there = targets.len().min(TOGETHER);
                if let Some(each) = fetching.each.get_mut(place..place + there) {
                    self.step(t, step, each, (targets, carried));
                }
            }
            fetching.begun += 1;
        }
        self.fetching = fetching;
    }

    /// Requests for these targets, carrying this, go a step together.
    #[inline]
    fn step(
        &self,
        t: &Tables,
        step: usize,
        each: &mut [Touched],
        (targets, carried): (&[u32], &[u32]),
    ) {
        let paths = &self.ingest.paths;
        match step {
            0 => {
                for target in targets.iter().take(each.len()) {
                    paths.prefetch_entry(*target);
                }
            }
            1 => {
                for (nth, (of, target)) in each.iter_mut().zip(targets).enumerate() {
                    *of = NOTHING;
                    of.link = paths.first_link(*target);
                    let carried = carried.get(nth).copied().unwrap_or(NONE);
                    let settled = self.ingest.dimensions.settled(carried, NONE);
                    of.digits = settled.map(|settled| settled.digits);
                    if of.link != NONE {
                        paths.links.prefetch(of.link);
                    }
                }
            }
            2 => each.iter_mut().for_each(|of| self.fetch_known(t, of)),
            3 => {
                for of in each {
                    [of.outer, of.inner] = of
                        .known
                        .map(|(level, place)| (level, paths.links.known(place)));
                    self.fetch_key(t, of.outer);
                    self.fetch_key(t, of.inner);
                }
            }
            4 => each.iter_mut().for_each(|of| self.fetch_copy(t, of)),
            5 => {
                for of in each {
                    self.fetch_depends(of);
                    self.fetch_part(t, of);
                }
            }
            6 => each.iter().for_each(|of| self.fetch_cells(of)),
            _ => each.iter().for_each(|of| self.fetch_rest(of)),
        }
    }

    /// Where the keys stand of the levels of a request's first two links.
    #[inline]
    fn fetch_known(&self, t: &Tables, of: &mut Touched) {
        let (Some(digits), true) = (of.digits, of.link != NONE) else {
            return;
        };
        let links = &self.ingest.paths.links;
        let mut link = of.link;
        for known in &mut of.known {
            let &Link {
                level, has_inner, ..
            } = links.get(link);
            let variants = &t.levels[level.index()].variants;
            if let Some(variant) = variants.number(digits) {
                let place = links.known_place(link, variants, variant);
                links.prefetch_known(place);
                *known = (level, place);
            }
            if !has_inner {
                break;
            }
            link = links.inner(link);
        }
    }

    /// What is known of a key, and where its copy is.
    #[inline]
    fn fetch_key(&self, t: &Tables, (level, inst): Key) {
        if inst == NONE {
            return;
        }
        let index = inst as usize;
        self.keys.prefetch(inst);
        prefetch_index(&self.facts, index);
        prefetch_index(&self.causes, index);
        if let Some(store) = shared_store(t, level) {
            self.stores[store as usize].prefetch_key(KeyId(inst));
        }
    }

    /// Where the nearest tier has the copy of a key, where it is the same for everybody.
    #[inline]
    fn place_of(&self, t: &Tables, (level, inst): Key) -> Place {
        if inst == NONE {
            return NOWHERE;
        }
        let found = shared_store(t, level).and_then(|store| {
            let slot = self.stores[store as usize].lookup(KeyId(inst))?;
            Some((store, slot.number()))
        });
        found.unwrap_or(NOWHERE)
    }

    #[inline]
    fn fetch_place(&self, (store, slot): Place) {
        if slot != NONE {
            self.stores[store as usize].prefetch(slot);
        }
    }

    /// The copy that may answer; where there is none, those that a fill may be made of.
    fn fetch_copy(&self, t: &Tables, of: &mut Touched) {
        of.copies[0] = self.place_of(t, of.outer);
        if of.copies[0].1 == NONE {
            self.fetch_risk(of.outer);
            if of.inner.1 != NONE {
                of.copies[0] = self.place_of(t, of.inner);
                of.part = self.part_of(t, of.inner);
                self.fetch_key(t, of.part);
                self.fetch_risk(of.inner);
            }
        }
        self.fetch_place(of.copies[0]);
    }

    /// The first of what is made for a key that follows from the key.
    #[inline]
    fn part_of(&self, t: &Tables, (level, inst): Key) -> Key {
        let part = t.levels[level.index()].part;
        let contains = &t.policy.levels[level.index()].contains;
        let part = part.and_then(|part| contains.get(usize::from(part)));
        part.map_or(NO_KEY, |part| (part.level, self.facts_of(inst).part))
    }

    /// What is followed of a key that will be filled.
    #[inline]
    fn fetch_risk(&self, (level, inst): Key) {
        self.metrics.prefetch_risk(level, self.facts_of(inst).place);
    }

    fn fetch_part(&self, t: &Tables, of: &mut Touched) {
        if of.part.1 != NONE {
            of.copies[1] = self.place_of(t, of.part);
            self.fetch_place(of.copies[1]);
            self.cells.prefetch(self.facts_of(of.part.1).cell);
        }
    }

    #[inline]
    fn depends_of(&self, (store, slot): Place) -> u32 {
        if slot == NONE {
            return NONE;
        }
        self.stores[store as usize].depends_of(slot)
    }

    fn fetch_depends(&self, of: &Touched) {
        let provenance = self.depends_of(of.copies[0]);
        if provenance != NONE {
            self.provenances.prefetch(provenance);
        }
    }

    fn fetch_cells(&self, of: &Touched) {
        let [first, second] = of.copies.map(|place| self.depends_of(place));
        if first != NONE {
            self.cells.prefetch(self.provenances.first_cell(first));
        }
        if second != NONE {
            self.provenances.prefetch(second);
        }
    }

    fn fetch_rest(&self, of: &Touched) {
        let second = self.depends_of(of.copies[1]);
        if second != NONE {
            self.cells.prefetch(self.provenances.first_cell(second));
        }
    }

    /// What the end of copies touches that will soon be dead.
    pub(crate) fn fetch_dying(&mut self, instance: u32) {
        if !HAS_HINT {
            return;
        }
        let mut soon = core::mem::take(&mut self.soon);
        soon.extend(self.stores[instance as usize].dying_soon());
        let store = &self.stores[instance as usize];
        let depends_of = |slot: u32| {
            if slot == NONE {
                NONE
            } else {
                store.depends_of(slot)
            }
        };
        for [third, second, first] in soon.drain(..) {
            if third != NONE {
                store.prefetch(third);
            }
            let second = depends_of(second);
            if second != NONE {
                self.provenances.prefetch(second);
            }
            let first = depends_of(first);
            if first != NONE {
                self.cells.prefetch(self.provenances.first_cell(first));
            }
        }
        self.soon = soon;
    }
}

/// The store of a level's nearest tier, where it is the same for everybody.
#[inline]
fn shared_store(t: &Tables, level: LevelId) -> Option<u32> {
    let tier = t.levels.get(level.index())?.tiers.first()?;
    (tier.sharing == Sharing::All).then_some(tier.first)
}
