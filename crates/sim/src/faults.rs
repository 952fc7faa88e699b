//! What goes wrong.

use crate::engine::Engine;
use crate::events::What;
use crate::intern::NONE;
use crate::metrics::{Cause, Fault, FillResult};
use crate::queue::{Class, Todo};
use crate::state::{Flags, State, TaskKind};
use crate::store::KeyId;
use crate::tables::{Sharing, Tables};
use cachepolicy_core::decide::Scope;
use cachepolicy_core::ids::{BackendId, LevelId, OriginId};
use cachepolicy_core::sorting;
use cachepolicy_core::units::{Duration, Time};
use std::collections::BTreeSet;

/// A fault that is due.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DueFault {
    pub(crate) fault: Fault,
    /// Of an outage.
    pub(crate) duration: Duration,
}

impl Engine {
    /// A fault of the trace.
    pub(crate) fn take_fault(&mut self, at: Time, fault: DueFault) {
        let slot = self.ingest.faults.len() as u32;
        self.ingest.faults.push(fault);
        self.queue.push(at, Class::Commit, Todo::Fault(slot));
    }

    /// It happens.
    pub(crate) fn fault(&mut self, t: &Tables, slot: u32) {
        let DueFault { fault, duration } = self.ingest.faults[slot as usize];
        self.metrics.fault(self.now, fault);
        self.note(NONE, What::Fault(fault));
        let until = self.now + duration;
        match fault {
            Fault::Flush(backend) => {
                let table = &t.backends[backend.index()];
                self.flush(
                    t,
                    backend,
                    table.first..table.first + table.count,
                    Cause::Flush,
                );
                self.tell_of_flush(t, backend.0);
            }
            Fault::Outage(backend) => {
                self.metrics.outage(backend, duration);
                let state = &mut self.backends[backend.index()];
                state.down_until = state.down_until.max(until);
                self.lose_connections(t, backend.0);
            }
            Fault::OriginOutage(origin) => self.origin_outage(t, origin, until),
            Fault::Restart(process) => self.restart(t, process, Cause::Restart),
            Fault::Deploy => self.deploy(t),
        }
    }

    fn origin_outage(&mut self, t: &Tables, id: OriginId, until: Time) {
        let origin = &mut self.origins[id.index()];
        origin.down_until = origin.down_until.max(until);
        self.cut_off_work(t, id);
    }

    /// Instances of a backend lose everything, the tokens and locks of fills included.
    fn flush(
        &mut self,
        t: &Tables,
        backend: BackendId,
        instances: core::ops::Range<u32>,
        cause: Cause,
    ) {
        let mut removed = core::mem::take(&mut self.removed);
        for instance in instances.clone() {
            self.stores[instance as usize].flush(&mut removed);
            for copy in removed.drain(..) {
                self.causes[copy.key.0 as usize] = cause;
                self.left(t, instance, &copy);
            }
        }
        self.removed = removed;
        for level in 0..t.levels.len() {
            // Tokens and locks are kept where copies are shared the most.
            let Some(tier) = t.levels[level].tiers.last() else {
                continue;
            };
            if tier.backend != backend.0 {
                continue;
            }
            let mut fill = self.levels[level].fills;
            while fill != NONE {
                let next = self.fills[fill].of_level.after;
                let running = &self.fills[fill];
                let instance = Tables::instance(tier, running.process, running.pop);
                if instances.contains(&instance) {
                    self.lose_token(t, fill);
                }
                fill = next;
            }
        }
    }

    /// The token and the lock of a fill are gone.
    fn lose_token(&mut self, t: &Tables, fill: u32) {
        self.fills[fill].overtaken = true;
        let level = &t.levels[self.fills[fill].level as usize];
        let is_lock = level.rules.stampede.scope() == Scope::Everywhere;
        if is_lock && self.fills[fill].holds {
            self.let_others(fill);
            self.release_waiters(fill, None);
            if self.fills[fill].frame == NONE {
                self.remove_fill(fill);
            }
        }
    }

    /// A process starts anew: its memory is empty, and what it was doing is cut off.
    fn restart(&mut self, t: &Tables, process: u32, cause: Cause) {
        self.cut_off_tasks(t, process);
        for (index, table) in t.backends.iter().enumerate() {
            if table.is_memory && table.sharing == Sharing::Process {
                let instance = table.first + process;
                self.flush(t, BackendId(index as u16), instance..instance + 1, cause);
            }
        }
        self.connect_anew(t, process);
    }

    /// A new release: every version rises, so that no copy is found again, and every process starts
    /// anew.
    fn deploy(&mut self, t: &Tables) {
        for process in 0..self.processes.count() {
            self.restart(t, process, Cause::Deploy);
        }
        for instance in 0..self.stores.len() {
            for level in 0..t.levels.len() {
                let level = LevelId(level as u16);
                let slots: Vec<_> = self.stores[instance].family(level).collect();
                for slot in slots {
                    let store = &mut self.stores[instance];
                    let provenance = store.get(slot).provenance;
                    store.set_depends(slot, NONE);
                    self.let_go(provenance, Some(self.now));
                }
            }
        }
        self.name_keys();
        self.trace_keys.set_apart();
        self.keys.forget();
        self.parameters.forget();
        self.tags.forget();
        self.release = self.keys.len() as u32;
    }

    /// Everything that a process was doing for its requests ends in an error. What holds a lock
    /// leaves it until it expires.
    fn cut_off_tasks(&mut self, t: &Tables, process: u32) {
        for task in self.processes.waiting(&self.tasks, process) {
            self.first_frame(t, task);
        }
        self.write_looks();
        let mut cut: Vec<u32> = Vec::new();
        let mut awaited: Vec<u32> = Vec::new();
        for frame in 0..self.frames.slots() {
            let f = &self.frames[frame];
            let is_of_it = f.task != NONE && self.tasks[f.task].process == process;
            if is_of_it && !self.is_before_the_application(t, frame) {
                let f = &mut self.frames[frame];
                f.flags.set(Flags::CUT_OFF);
                cut.push(frame);
                if f.awaited != NONE && f.state == State::Waiting {
                    awaited.push(f.awaited);
                }
            }
        }
        sorting::ascending(&mut awaited);
        awaited.dedup();
        for fill in awaited {
            self.drop_cut_off_waiters(fill);
        }
        for origin in 0..self.origins.len() {
            self.drop_cut_off_work(OriginId(origin as u16));
        }
        self.processes.reset(&mut self.tasks, process);
        // Where a walk entered the application: what is before it, if anything is, goes on.
        let is_entry = |engine: &Self, frame: u32| {
            let parent = engine.frames[frame].parent;
            parent == NONE || engine.is_before_the_application(t, parent)
        };
        let (mut entries, mut inner): (Vec<u32>, Vec<u32>) =
            cut.into_iter().partition(|&frame| is_entry(self, frame));
        inner.extend(self.drop_cut_off_batches(&mut entries));
        for &frame in inner.iter().chain(&entries) {
            self.cut_off_frame(t, frame);
        }
        for frame in inner {
            self.free_frame(frame);
        }
        for entry in entries {
            self.end_cut_off(t, entry);
        }
    }

    /// Is a frame, with all that it is part of, of a `proxy` or `cdn`?
    fn is_before_the_application(&self, t: &Tables, mut frame: u32) -> bool {
        while frame != NONE {
            let f = &self.frames[frame];
            if !t.levels[f.level as usize].is_edge {
                return false;
            }
            frame = f.parent;
        }
        true
    }

    /// Of elements that were to be loaded in one batch, one tells what stands before the application
    /// that they failed; gives the others.
    fn drop_cut_off_batches(&mut self, entries: &mut Vec<u32>) -> Vec<u32> {
        let mut told = BTreeSet::new();
        let mut others = Vec::new();
        entries.retain(|&entry| {
            let parent = self.frames[entry].parent;
            if parent == NONE {
                return true;
            }
            self.frames[parent].parked = (NONE, NONE, 0);
            let is_first = told.insert(parent);
            if !is_first {
                others.push(entry);
            }
            is_first
        });
        others
    }

    /// A frame ends in the middle of what it does.
    fn cut_off_frame(&mut self, t: &Tables, frame: u32) {
        let fill = self.frames[frame].fill;
        self.frames[frame].parked = (NONE, NONE, 0);
        self.frames[frame].awaited = NONE;
        self.frames[frame].flags.set(Flags::ERROR);
        if let Some(origin) = t.policy.levels[self.frames[frame].level as usize].origin
            && self.frames[frame].flags.has(Flags::IN_SERVICE)
        {
            self.leave_origin(t, frame, origin);
        }
        if fill != NONE {
            self.abandon_fill(t, frame, fill);
        }
        let f = &mut self.frames[frame];
        f.serial = f.serial.wrapping_add(1);
    }

    fn abandon_fill(&mut self, t: &Tables, frame: u32, fill: u32) {
        let level = self.frames[frame].level;
        let took = self.now.since(self.fills[fill].began);
        let id = LevelId(level);
        self.metrics
            .fill_ended(id, self.now, FillResult::Failed, took);
        let key = KeyId(self.fills[fill].inst);
        self.risk_ended(id, key, took);
        let is_lock = t.levels[level as usize].rules.stampede.scope() == Scope::Everywhere
            && self.fills[fill].holds
            && self.now < self.fills[fill].expires;
        self.frames[frame].fill = NONE;
        if is_lock {
            let of = &mut self.fills[fill];
            of.frame = NONE;
            self.running.end(of.inst);
            let (at, serial) = (of.expires, of.serial);
            self.queue
                .push(at, Class::Store, Todo::FillTimeout { fill, serial });
        } else {
            self.release_waiters(fill, None);
            self.remove_fill(fill);
        }
    }

    /// The walk ends at its entry into the application: with an error response, or with a failed
    /// fill of whatever stands before it.
    fn end_cut_off(&mut self, t: &Tables, frame: u32) {
        let task = self.frames[frame].task;
        self.tasks[task].has_thread = false;
        self.tasks[task].current = frame;
        self.frames[frame].state = State::Done;
        if self.tasks[task].kind == TaskKind::Background && self.frames[frame].parent == NONE {
            self.end_task(t, frame);
            return;
        }
        self.schedule(frame, self.now, Class::Store);
    }
}
