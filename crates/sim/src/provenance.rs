//! What a result depends on, and the tags that it bears. A fill gathers it; the copies that are made
//! of the fill share it.

use crate::engine::Engine;
use crate::intern::NONE;
use crate::staleness::Cells;
use crate::state::{Follower, Slab};
use crate::tables::Tables;
use cachepolicy_core::LevelId;
use cachepolicy_core::level::ValueSource;
use cachepolicy_core::units::Time;
use smallvec::SmallVec;

/// An epoch that never comes: nothing was found yet.
const NEVER: u64 = u64::MAX;

/// In a tag of a provenance: the tag is not of the level itself but of something that it embeds.
pub(crate) const INHERITED: u32 = 1 << 31;

/// What every serve and every copy that leaves asks for is together in one line of the processor's
/// cache.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub(crate) struct Provenance {
    /// Frames and copies that have it.
    held: u32,
    /// How many writes were found that it misses, at this epoch, …
    writes: u32,
    level: u16,
    /// Cells, and the positions in their logs.
    deps: SmallVec<[(u32, u32); 2]>,
    epoch: u64,
    /// … and since when it is out of date; [`Time::NEVER`]: it is not.
    since: Time,
    /// When somebody last got it out of date.
    served: Time,
    /// When the last copy that had it died.
    died: Time,
    pub(crate) tags: Vec<u32>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Provenances {
    slab: Slab<Provenance>,
    scratch: Vec<u32>,
}

impl Provenances {
    /// One of a level, which depends on nothing yet and is held once.
    pub(crate) fn begin(&mut self, level: u16) -> u32 {
        let provenance = self.slab.take();
        let new = &mut self.slab[provenance];
        new.held = 1;
        new.level = level;
        new.deps.clear();
        new.tags.clear();
        new.served = Time::DISTANT_PAST;
        new.died = Time::DISTANT_PAST;
        new.epoch = NEVER;
        provenance
    }

    /// One more has it.
    pub(crate) fn hold(&mut self, provenance: u32) {
        self.slab[provenance].held += 1;
    }

    pub(crate) fn get(&self, provenance: u32) -> &Provenance {
        &self.slab[provenance]
    }

    /// The first cell of one, to be touched before it is needed.
    #[inline]
    pub(crate) fn peek(&self, provenance: u32) -> u32 {
        let of = &self.slab[provenance];
        of.deps.first().map_or(NONE, |&(cell, _)| cell)
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
        if let &[(cell, position)] = of.deps.as_slice()
            && of.epoch != NEVER
            && of.since != Time::NEVER
        {
            // The first write that it misses stays the first.
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
        for &(cell, position) in &of.deps {
            if let Some(at) = cells.missed_since(cell, position) {
                since = Some(since.map_or(at, |since| since.min(at)));
                count = cells.missed_count(cell, position);
                stale += 1;
            }
        }
        if stale > 1 {
            // One write can concern several cells.
            let writes = &mut self.scratch;
            writes.clear();
            for &(cell, position) in &of.deps {
                cells.missed_writes(cell, position, after, writes);
            }
            writes.sort_unstable();
            writes.dedup();
            count = counted + writes.len() as u32;
        }
        of.since = since.unwrap_or(Time::NEVER);
        of.writes = count;
    }
}

impl Engine {
    /// The provenance that a frame gathers.
    fn gathering(&mut self, frame: u32) -> u32 {
        let f = &mut self.frames[frame];
        if f.provenance == NONE {
            f.provenance = self.provenances.begin(f.level);
        }
        f.provenance
    }

    /// A frame depends on a cell, as of an instant.
    pub(crate) fn depend(&mut self, frame: u32, cell: u32, as_of: Time) {
        let position = self.cells.remember_as_of(cell, as_of);
        let provenance = self.gathering(frame);
        let of = &mut self.provenances.slab[provenance];
        of.deps.push((cell, position));
        of.epoch = NEVER;
    }

    /// A result depends on a cell as it was before the write that comes now.
    pub(crate) fn depend_late(&mut self, provenance: u32, cell: u32) {
        let deps = &self.provenances.slab[provenance].deps;
        if !deps.iter().any(|&(known, _)| known == cell) {
            let position = self.cells.remember_as_of(cell, self.now);
            self.provenances.slab[provenance]
                .deps
                .push((cell, position));
        }
    }

    /// The provenance of a running fill, a new one if it has none.
    pub(crate) fn provenance_of(&mut self, frame: u32) -> u32 {
        self.gathering(frame)
    }

    /// A frame's own work reads its rows.
    pub(crate) fn read_rows(&mut self, t: &Tables, frame: u32, as_of: Time) {
        let level = self.frames[frame].level;
        if self.notes_late(LevelId(level)) {
            return;
        }
        let level = usize::from(level);
        let inst = self.frames[frame].inst;
        let follows = t.levels[level].read_follows;
        let known = self.followers.get(inst as usize);
        let known = known.filter(|known| follows && known.cell != NONE);
        if let Some(&Follower { cell, .. }) = known {
            self.depend(frame, cell, as_of);
            return;
        }
        let mut key = core::mem::take(&mut self.set);
        for (read, &shape) in t.policy.levels[level]
            .reads
            .iter()
            .zip(&t.levels[level].reads)
        {
            let each = read.bindings.iter().position(|binding| binding.each);
            let list = match each {
                Some(index) => self.list_of(t, frame, &read.bindings[index].value),
                None => (0, 1),
            };
            for nth in 0..list.1 {
                key.clear();
                for (index, binding) in read.bindings.iter().enumerate() {
                    key.push(if each == Some(index) {
                        self.nth_of(t, frame, &binding.value, list.0 + nth)
                    } else {
                        self.value_of(t, frame, &binding.value)
                    });
                }
                key.push(shape as u32);
                let cell = self.cells.cell(&key);
                self.depend(frame, cell, as_of);
                if follows {
                    self.follower(inst).cell = cell;
                }
            }
        }
        self.set = key;
    }

    /// A frame takes a child's result in.
    pub(crate) fn take_in(&mut self, t: &Tables, frame: u32, child: u32) {
        if child == NONE {
            return;
        }
        let into = self.gathering(frame);
        let source = core::mem::take(&mut self.provenances.slab[child].deps);
        for &(cell, position) in &source {
            self.cells.remember(cell, position);
        }
        let of = &mut self.provenances.slab[into];
        of.deps.extend_from_slice(&source);
        of.epoch = NEVER;
        self.provenances.slab[child].deps = source;
        if t.has_cascade {
            let tags = core::mem::take(&mut self.provenances.slab[child].tags);
            let inherited = tags.iter().map(|tag| tag | INHERITED);
            self.provenances.slab[into].tags.extend(inherited);
            self.provenances.slab[child].tags = tags;
        }
    }

    pub(crate) fn add_tag(&mut self, frame: u32, tag: u32) {
        let provenance = self.gathering(frame);
        self.provenances.slab[provenance].tags.push(tag);
    }

    /// Nothing more is added: of each cell the older position counts.
    pub(crate) fn close_provenance(&mut self, frame: u32) {
        let provenance = self.frames[frame].provenance;
        if provenance == NONE {
            return;
        }
        let of = &mut self.provenances.slab[provenance];
        if of.tags.len() > 1 {
            of.tags.sort_unstable();
            of.tags.dedup();
        }
        if of.deps.len() <= 1 {
            return;
        }
        let mut deps = core::mem::take(&mut of.deps);
        let level = of.level;
        deps.sort_unstable();
        let now = self.now;
        let past = Time::DISTANT_PAST;
        let cells = &mut self.cells;
        deps.dedup_by(|later, first| {
            let is_same = later.0 == first.0;
            if is_same {
                cells.forget(later.0, later.1, level, past, past, now);
            }
            is_same
        });
        self.provenances.slab[provenance].deps = deps;
    }

    /// A result is served: since when is it out of date, and how many writes does it miss?
    #[inline]
    pub(crate) fn missed(&mut self, provenance: u32) -> (Option<Time>, u32) {
        self.provenances.missed(&self.cells, provenance, self.now)
    }

    /// One less has it. `died`: it was a copy, which died then.
    #[inline]
    pub(crate) fn let_go(&mut self, provenance: u32, died: Option<Time>) {
        if provenance != NONE {
            self.let_some_go(provenance, died);
        }
    }

    fn let_some_go(&mut self, provenance: u32, died: Option<Time>) {
        let of = &mut self.provenances.slab[provenance];
        if let Some(died) = died {
            of.died = of.died.max(died);
        }
        of.held -= 1;
        if of.held > 0 {
            return;
        }
        let (level, served, died) = (of.level, of.served, of.died);
        let deps = core::mem::take(&mut of.deps);
        for &(cell, position) in &deps {
            self.cells
                .forget(cell, position, level, served, died, self.now);
        }
        self.provenances.slab[provenance].deps = deps;
        self.provenances.slab.give_back(provenance);
        if !self.cells.settled.is_empty() {
            self.tell_settled();
        }
    }

    pub(crate) fn tell_settled(&mut self) {
        for settled in self.cells.settled.drain(..) {
            self.metrics.write_settled(
                settled.level,
                settled.committed,
                settled.window,
                settled.exposure,
            );
        }
    }

    /// A list that an `each` goes over: its place among the data values.
    pub(crate) fn list_of(&mut self, t: &Tables, frame: u32, source: &ValueSource) -> (u32, u32) {
        match source {
            ValueSource::Data(index) => {
                let list = self.data_of(t, frame, *index);
                (list.first, list.count)
            }
            ValueSource::Param(_) | ValueSource::Dimension(_) | ValueSource::Literal(_) => (0, 1),
        }
    }

    /// The value of a source that is a list, at this place among the data values.
    pub(crate) fn nth_of(&mut self, t: &Tables, frame: u32, source: &ValueSource, at: u32) -> u32 {
        match source {
            ValueSource::Data(index) => {
                let list = self.data_of(t, frame, *index);
                self.data_value(frame, &list, at - list.first)
            }
            _ => self.value_of(t, frame, source),
        }
    }

    /// The value of a source.
    pub(crate) fn value_of(&mut self, t: &Tables, frame: u32, source: &ValueSource) -> u32 {
        match source {
            ValueSource::Param(index) => {
                let params = self.params_of(t, self.frames[frame].inst);
                params.get(*index as usize).copied().unwrap_or(NONE)
            }
            ValueSource::Dimension(id) => {
                let dims = &self.tasks[self.frames[frame].task].dims;
                dims.get(id.index()).copied().unwrap_or(NONE)
            }
            ValueSource::Data(index) => {
                let list = self.data_of(t, frame, *index);
                if list.count == 0 {
                    NONE
                } else {
                    self.data_value(frame, &list, 0)
                }
            }
            ValueSource::Literal(text) => self.values.intern(text),
        }
    }
}
