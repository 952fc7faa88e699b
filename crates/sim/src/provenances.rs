//! What results depend on, and the tags that they bear: a row for each, and lists for the few rows
//! that need more room.

use crate::intern::NONE;
use crate::staleness::Cells;
use crate::state::Slab;
use cachepolicy_core::units::Time;

/// An epoch that never comes: nothing was found yet.
const NEVER: u64 = u64::MAX;

/// Cells that are kept without a list of their own.
const FEW: usize = 2;

/// What every fill, every serve and every copy that leaves asks for, in one line of the processor's
/// cache.
#[derive(Debug, Default)]
#[repr(C, align(64))]
struct Provenance {
    /// Frames and copies that have it.
    held: u32,
    /// How many writes were found that it misses, at this epoch, …
    writes: u32,
    epoch: u64,
    /// … and since when it is out of date; [`Time::NEVER`]: it is not.
    since: Time,
    /// When somebody last got it out of date.
    served: Time,
    /// When the last copy that had it died.
    died: Time,
    /// Cells, and the positions in their logs, as long as they are few.
    few: [(u32, u32); FEW],
    /// How many cells there are.
    count: u32,
    level: u16,
    has_tags: bool,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Provenances {
    slab: Slab<Provenance>,
    /// Of those that depend on more cells: all of them.
    many: Vec<Vec<(u32, u32)>>,
    /// Of those that have tags.
    tags: Vec<Vec<u32>>,
    scratch: Vec<u32>,
}

/// The list of a provenance in a table that is as long as it needs to be.
fn list_of<T>(table: &mut Vec<Vec<T>>, provenance: u32) -> &mut Vec<T> {
    let index = provenance as usize;
    if table.len() <= index {
        table.resize_with(index + 1, Vec::new);
    }
    &mut table[index]
}

impl Provenances {
    /// One of a level, which depends on nothing yet and is held once.
    pub(crate) fn begin(&mut self, level: u16) -> u32 {
        let provenance = self.slab.take();
        self.slab[provenance] = Provenance {
            held: 1,
            level,
            served: Time::DISTANT_PAST,
            died: Time::DISTANT_PAST,
            epoch: NEVER,
            ..Provenance::default()
        };
        provenance
    }

    /// Its tags are all there.
    pub(crate) fn join_tags(&mut self, provenance: u32) {
        if self.slab[provenance].has_tags {
            let tags = list_of(&mut self.tags, provenance);
            tags.sort_unstable();
            tags.dedup();
        }
    }

    /// One less has it; `died`: it was a copy, which died then. What the last one depended on is
    /// forgotten.
    #[inline]
    pub(crate) fn let_go(
        &mut self,
        cells: &mut Cells,
        provenance: u32,
        died: Option<Time>,
        now: Time,
    ) {
        let of = &mut self.slab[provenance];
        if let Some(died) = died {
            of.died = of.died.max(died);
        }
        of.held -= 1;
        if of.held > 0 {
            return;
        }
        let (level, served, died) = (of.level, of.served, of.died);
        for &(cell, position) in self.deps(provenance) {
            cells.forget(cell, position, level, served, died, now);
        }
        self.slab.give_back(provenance);
    }

    /// A result depends on a cell as it was before the write that comes now.
    pub(crate) fn depend_late(&mut self, cells: &mut Cells, provenance: u32, cell: u32, now: Time) {
        let deps = self.deps(provenance);
        if !deps.iter().any(|&(known, _)| known == cell) {
            let position = cells.remember_as_of(cell, now);
            self.add_dep(provenance, (cell, position));
        }
    }

    /// One more has it.
    pub(crate) fn hold(&mut self, provenance: u32) {
        self.slab[provenance].held += 1;
    }

    /// The tags of one.
    pub(crate) fn tags(&self, provenance: u32) -> &[u32] {
        if !self.slab[provenance].has_tags {
            return &[];
        }
        let tags = self.tags.get(provenance as usize);
        tags.map_or(&[], Vec::as_slice)
    }

    /// It bears one more tag.
    pub(crate) fn add_tag(&mut self, provenance: u32, tag: u32) {
        let tags = list_of(&mut self.tags, provenance);
        if !core::mem::replace(&mut self.slab[provenance].has_tags, true) {
            tags.clear();
        }
        tags.push(tag);
    }

    /// The cells of one, and the positions in their logs.
    #[inline]
    pub(crate) fn deps(&self, provenance: u32) -> &[(u32, u32)] {
        let of = &self.slab[provenance];
        match of.few.get(..of.count as usize) {
            Some(few) => few,
            None => &self.many[provenance as usize],
        }
    }

    /// One of them.
    #[inline]
    pub(crate) fn dep(&self, provenance: u32, nth: u32) -> (u32, u32) {
        let of = &self.slab[provenance];
        match of.few.get(nth as usize) {
            Some(&few) if of.count as usize <= FEW => few,
            _ => self.many[provenance as usize][nth as usize],
        }
    }

    /// How many they are.
    #[inline]
    pub(crate) fn count(&self, provenance: u32) -> u32 {
        self.slab[provenance].count
    }

    /// What was found of the writes that it misses does not hold any more.
    #[inline]
    pub(crate) fn look_again(&mut self, provenance: u32) {
        self.slab[provenance].epoch = NEVER;
    }

    /// It depends on one more.
    #[inline]
    pub(crate) fn add_dep(&mut self, provenance: u32, dep: (u32, u32)) {
        let of = &mut self.slab[provenance];
        let nth = of.count as usize;
        of.count += 1;
        match of.few.get_mut(nth) {
            Some(few) => *few = dep,
            None => self.add_to_many(provenance, dep),
        }
    }

    fn add_to_many(&mut self, provenance: u32, dep: (u32, u32)) {
        let of = &self.slab[provenance];
        let many = list_of(&mut self.many, provenance);
        if of.count as usize == FEW + 1 {
            many.clear();
            many.extend_from_slice(&of.few);
        }
        many.push(dep);
    }

    /// Of each cell only the older position is kept; shows the others.
    pub(crate) fn join_deps(&mut self, provenance: u32, mut forget: impl FnMut((u32, u32), u16)) {
        let of = &mut self.slab[provenance];
        let level = of.level;
        if of.count as usize <= FEW {
            let [first, second] = &mut of.few;
            if of.count as usize == FEW {
                if second < first {
                    core::mem::swap(first, second);
                }
                if first.0 == second.0 {
                    of.count = 1;
                    forget(*second, level);
                }
            }
            return;
        }
        let many = &mut self.many[provenance as usize];
        many.sort_unstable();
        many.dedup_by(|later, first| {
            let is_same = later.0 == first.0;
            if is_same {
                forget(*later, level);
            }
            is_same
        });
        of.count = many.len() as u32;
        if let Some(few) = of.few.get_mut(..many.len()) {
            few.copy_from_slice(many);
        }
    }

    /// Soon somebody will look at this one, if it is one.
    #[inline]
    pub(crate) fn prefetch(&self, provenance: u32) {
        self.slab.prefetch(provenance);
    }

    /// The first cell of one; [`NONE`]: it has none, or many.
    #[inline]
    pub(crate) fn first_cell(&self, provenance: u32) -> u32 {
        let of = &self.slab[provenance];
        if of.count == 0 { NONE } else { of.few[0].0 }
    }

    /// How many there are.
    pub(crate) fn live(&self) -> usize {
        self.slab.live()
    }

    /// See [`Engine::missed`].
    #[inline]
    pub(crate) fn missed(
        &mut self,
        cells: &Cells,
        provenance: u32,
        now: Time,
    ) -> (Option<Time>, u32) {
        if provenance == NONE {
            return (None, 0);
        }
        if self.slab[provenance].epoch != cells.epoch {
            self.find_missed(cells, provenance);
        }
        let of = &mut self.slab[provenance];
        if of.since == Time::NEVER {
            return (None, of.writes);
        }
        of.served = now;
        (Some(of.since), of.writes)
    }

    /// Writes were committed since somebody looked last.
    fn find_missed(&mut self, cells: &Cells, provenance: u32) {
        let of = &mut self.slab[provenance];
        if of.count == 1 && of.epoch != NEVER && of.since != Time::NEVER {
            // The first write that it misses stays the first.
            let (cell, position) = of.few[0];
            of.epoch = cells.epoch;
            of.writes = cells.missed_count(cell, position);
            return;
        }
        // What was counted before is not counted again: whoever is served the same old copy
        // after each of many writes would otherwise count all of them each time.
        let (after, counted) = match of.epoch {
            NEVER => (0, 0),
            epoch => (epoch, of.writes),
        };
        of.epoch = cells.epoch;
        let (mut since, mut count, mut stale) = (None::<Time>, 0, 0);
        for &(cell, position) in self.deps(provenance) {
            if let Some(at) = cells.missed_since(cell, position) {
                since = Some(since.map_or(at, |since| since.min(at)));
                count = cells.missed_count(cell, position);
                stale += 1;
            }
        }
        if stale > 1 {
            // One write can concern several cells.
            let mut writes = core::mem::take(&mut self.scratch);
            writes.clear();
            for &(cell, position) in self.deps(provenance) {
                cells.missed_writes(cell, position, after, &mut writes);
            }
            writes.sort_unstable();
            writes.dedup();
            count = counted + writes.len() as u32;
            self.scratch = writes;
        }
        let of = &mut self.slab[provenance];
        of.since = since.unwrap_or(Time::NEVER);
        of.writes = count;
    }
}
