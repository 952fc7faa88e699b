//! A `bump` raises a version which is part of each key. It is kept where the farthest tier of a level
//! is: who raises it there hides every earlier copy, wherever that lies, for whoever asks puts the
//! new version into the key. A level that has nothing but memory has a version in each process.

use crate::deliver::Reach;
use crate::engine::Engine;
use crate::intern::NONE;
use crate::invalidate::matches;
use crate::store::Slot;
use crate::tables::{Extra, LevelTable, Sharing, Tables};
use cachepolicy_core::LevelId;
use cachepolicy_core::edge::Verb;

impl Engine {
    /// The instances of a backend in which a verb acts on copies of a level.
    pub(crate) fn acted_on(
        &self,
        t: &Tables,
        verb: Verb,
        table: &LevelTable,
        backend: u16,
        reach: Reach,
    ) -> core::ops::Range<u32> {
        if verb != Verb::Bump {
            return self.reached(t, backend, reach);
        }
        if !self.raises_version(t, table, reach) {
            return 0..0;
        }
        let backend = &t.backends[usize::from(backend)];
        match version_of(table, reach) {
            Some(process) if backend.sharing == Sharing::Process => {
                backend.first + process..backend.first + process + 1
            }
            _ => backend.first..backend.first + backend.count,
        }
    }

    /// Does a delivery arrive where a level's version is?
    pub(crate) fn raises_version(&self, t: &Tables, table: &LevelTable, reach: Reach) -> bool {
        let farthest = table.tiers.last();
        farthest.is_some_and(|tier| !self.reached(t, tier.backend, reach).is_empty())
    }

    /// Is this a key whose version a delivery raises?
    pub(crate) fn has_version_of(&self, table: &LevelTable, inst: u32, reach: Reach) -> bool {
        let Some(place) = table.extras.iter().position(|it| *it == Extra::Process) else {
            return true;
        };
        let values = self.keys.values(inst);
        values.get(table.params + place).copied() == reach.process
    }

    /// Whoever asks for this key from now on has another one.
    pub(crate) fn bump(&mut self, inst: u32) {
        // Keys of the trace get names as long as their numbers are those of the engine's.
        self.name_keys();
        self.trace_keys.set_apart();
        self.keys.make_unreachable(inst);
    }

    /// Whoever has asked for a key already and has no answer yet asked for the earlier version, and
    /// fills that.
    pub(crate) fn bump_asked_for(
        &mut self,
        t: &Tables,
        level: LevelId,
        args: &[u32],
        reach: Reach,
    ) {
        self.write_looks();
        let table = &t.levels[level.index()];
        for frame in 0..self.frames.slots() {
            let asking = &self.frames[frame];
            let inst = asking.inst;
            let is_meant = asking.task != NONE
                && asking.level == level.0
                && matches(self.params_of(t, inst), args)
                && self.has_version_of(table, inst, reach);
            if is_meant && self.is_current(inst) {
                self.bump(inst);
            }
        }
    }

    /// The copy stays where it is and takes room, but nobody will be served it.
    pub(crate) fn hide(&mut self, instance: u32, slot: Slot) {
        let store = &mut self.stores[instance as usize];
        let provenance = store.get(slot).provenance;
        store.set_depends(slot, NONE);
        self.let_go(provenance, Some(self.now));
    }
}

/// The process whose version it is; `None`: there is one for all.
fn version_of(table: &LevelTable, reach: Reach) -> Option<u32> {
    let farthest = table.tiers.last()?;
    (farthest.sharing == Sharing::Process)
        .then_some(reach.process)
        .flatten()
}
