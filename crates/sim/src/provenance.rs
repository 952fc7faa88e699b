//! What a result depends on, and the tags that it bears. A fill gathers it; the copies that are made
//! of the fill share it.

use crate::engine::Engine;
use crate::intern::NONE;
use crate::tables::Tables;
use cachepolicy_core::LevelId;
use cachepolicy_core::level::ValueSource;
use cachepolicy_core::units::Time;

/// In a tag of a provenance: the tag is not of the level itself but of something that it embeds.
pub(crate) const INHERITED: u32 = 1 << 31;

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
        self.provenances.add_dep(provenance, (cell, position));
        self.provenances.look_again(provenance);
    }

    /// A result depends on a cell as it was before the write that comes now.
    pub(crate) fn depend_late(&mut self, provenance: u32, cell: u32) {
        self.provenances
            .depend_late(&mut self.cells, provenance, cell, self.now);
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
        let cell = self.facts_of(inst).cell;
        if follows && cell != NONE {
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
                    self.facts_mut(inst).cell = cell;
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
        for nth in 0..self.provenances.count(child) {
            let (cell, position) = self.provenances.dep(child, nth);
            self.cells.remember(cell, position);
            self.provenances.add_dep(into, (cell, position));
        }
        self.provenances.look_again(into);
        if t.has_cascade {
            self.inherit_tags(into, child);
        }
    }

    /// What embeds something that has tags inherits them.
    fn inherit_tags(&mut self, into: u32, child: u32) {
        for nth in 0..self.provenances.tags(child).len() {
            let tag = self.provenances.tags(child)[nth];
            self.provenances.add_tag(into, tag | INHERITED);
        }
    }

    pub(crate) fn add_tag(&mut self, frame: u32, tag: u32) {
        let provenance = self.gathering(frame);
        self.provenances.add_tag(provenance, tag);
    }

    /// Nothing more is added: of each cell the older position counts.
    pub(crate) fn close_provenance(&mut self, frame: u32) {
        let provenance = self.frames[frame].provenance;
        if provenance == NONE {
            return;
        }
        self.provenances.join_tags(provenance);
        let (cells, now) = (&mut self.cells, self.now);
        let past = Time::DISTANT_PAST;
        self.provenances
            .join_deps(provenance, |(cell, position), level| {
                cells.forget(cell, position, level, past, past, now);
            });
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
        self.provenances
            .let_go(&mut self.cells, provenance, died, self.now);
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
