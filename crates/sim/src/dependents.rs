//! Copies whose dependences are noted when they are written to.
//!
//! What a copy depends on matters as soon as it misses a write, and most copies never do. Where the
//! key of a copy alone says which rows it was made of, and its fill took no time, nothing is noted of
//! that when it is stored: a write finds the copies of its row by their key, and notes it then, as of
//! the write before, which is the same. So a fill writes nothing down, and a hit has one number to
//! look at. Where somebody watches, what the engine fills is noted at once: `lane/tests.rs` compares
//! the two.

use crate::engine::Engine;
use crate::intern::NONE;
use crate::lane::Lane;
use crate::selections::Selections;
use crate::store::KeyId;
use crate::tables::Tables;
use cachepolicy_core::LevelId;
use cachepolicy_core::level::{Read, ValueSource};
use cachepolicy_core::units::Duration;

/// Does the key of a level's copies tell all that they depend on, and does nobody ask for it but
/// those who are served them?
pub(crate) fn are_told_by_key(t: &Tables, level: LevelId) -> bool {
    let (Some(declared), Some(table)) = (
        t.policy.levels.get(level.index()),
        t.levels.get(level.index()),
    ) else {
        return false;
    };
    let is_contained = t.policy.levels.iter().any(|other| {
        let mut contained = other.contains.iter().map(|contain| contain.level);
        contained.any(|contained| contained == level)
    });
    !declared.reads.is_empty()
        && declared.reads.iter().all(is_by_key)
        && table.params == 1
        && table.extras.is_empty()
        && declared.contains.is_empty()
        && declared.tags.is_empty()
        && !t.has_cascade
        && !is_contained
}

/// Does a key alone say which rows a read gives?
pub(crate) fn is_by_key(read: &Read) -> bool {
    let is_fixed = read.bindings.iter().all(|binding| {
        !binding.each
            && matches!(
                binding.value,
                ValueSource::Param(_) | ValueSource::Literal(_)
            )
    });
    let is_param = |value: &ValueSource| matches!(value, ValueSource::Param(_));
    is_fixed && read.bindings.iter().any(|binding| is_param(&binding.value))
}

impl Engine {
    /// A write commits: the cells that it concerns log it, and copies that were made before miss it
    /// from now on.
    pub(crate) fn log_write(&mut self, t: &Tables, selections: &Selections) {
        let late = self.lane.filter(|lane| lane.notes_late);
        let mut concerned = core::mem::take(&mut self.set);
        concerned.clear();
        for selection in selections.iter() {
            if let Some(lane) = late {
                self.note_dependents(t, lane, selection);
            }
            let shape = selection
                .last()
                .and_then(|&shape| t.shapes.get(shape as usize));
            // A replica may still give what was before it.
            let is_kept = shape.is_some_and(|shape| shape.lag > Duration::ZERO);
            concerned.extend(self.cell_of(selection, is_kept));
        }
        concerned.sort_unstable();
        concerned.dedup();
        self.cells.log(&concerned, self.now);
        self.set = concerned;
        self.tell_settled();
    }

    /// Notes of the copies that depend on a cell that they do.
    fn note_dependents(&mut self, t: &Tables, lane: Lane, selection: &[u32]) {
        let Some((&shape, values)) = selection.split_last() else {
            return;
        };
        let level = lane.level.index();
        for (read, &own) in t.policy.levels[level]
            .reads
            .iter()
            .zip(&t.levels[level].reads)
        {
            if own != shape as usize {
                continue;
            }
            let param = self.param_of(read, values);
            let inst = param.and_then(|param| self.find_key(lane.level, &[param]));
            let store = &mut self.stores[lane.instance as usize];
            let slot = inst.and_then(|inst| store.lookup(KeyId(inst)));
            let Some(slot) = slot else {
                continue;
            };
            let mut provenance = store.get(slot).provenance;
            if provenance == NONE {
                provenance = self.provenances.begin(lane.level.0);
                store.set_depends(slot, provenance);
            }
            if let Some(cell) = self.cell_of(selection, true) {
                self.depend_late(provenance, cell);
            }
        }
    }

    /// The parameter of the keys whose copies read rows with these values; the values are those of
    /// the bindings of a read.
    fn param_of(&self, read: &Read, values: &[u32]) -> Option<u32> {
        let mut param = None;
        for (binding, &value) in read.bindings.iter().zip(values) {
            let is_it = match &binding.value {
                ValueSource::Param(_) => *param.get_or_insert(value) == value,
                ValueSource::Literal(text) => self.values.find(text) == Some(value),
                ValueSource::Dimension(_) | ValueSource::Data(_) => false,
            };
            if !is_it {
                return None;
            }
        }
        param
    }
}
