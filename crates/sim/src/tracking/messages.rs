//! Messages about changes: sent, received, lost with their connection.

use super::{Connection, Doing, Message, Server, Tracker};
use crate::engine::Engine;
use crate::events::What;
use crate::intern::NONE;
use crate::metrics::ActionIx;
use crate::queue::{Class, Todo};
use crate::store::{KeyId, Slot};
use crate::tables::Tables;
use cachepolicy_core::LevelId;
use cachepolicy_core::units::Time;

impl Engine {
    /// Those who read what has changed are told of it, and forgotten. `by`: the process whose doing
    /// it was; [`NONE`]: somebody else's.
    #[inline]
    pub(crate) fn tell_readers(&mut self, t: &Tables, by: u32) {
        if !self.tracking.changed.is_empty() {
            self.tell_of_changes(t, by);
        }
    }

    fn tell_of_changes(&mut self, t: &Tables, by: u32) {
        let mut changed = core::mem::take(&mut self.tracking.changed);
        for change in changed.drain(..) {
            let number = self.tracking.next_change();
            let server = &mut self.tracking.servers[usize::from(change.tracker)];
            for reader in server.readers.forget(change.inst) {
                let message = Message {
                    tracker: change.tracker,
                    process: reader.process,
                    connection: reader.connection,
                    inst: change.inst,
                    change: number,
                    is_lost: false,
                };
                if change.doing == Doing::Backend || reader.process != by {
                    self.send_message(t, message);
                }
            }
        }
        self.tracking.changed = changed;
    }

    /// A backend lost everything: all of its clients are told so.
    pub(crate) fn tell_of_flush(&mut self, t: &Tables, backend: u16) {
        for tracker in trackers_of(t, backend) {
            let change = self.tracking.next_change();
            self.server(tracker).readers.forget_all();
            for process in 0..self.processes.count() {
                let message = Message {
                    tracker,
                    process,
                    connection: self.connection(tracker, process).number,
                    inst: NONE,
                    change,
                    is_lost: false,
                };
                self.send_message(t, message);
            }
        }
    }

    /// Looks at a key's copy in the tracked tier when its life is over, if somebody is to be told.
    pub(super) fn look_when_dead(&mut self, t: &Tables, inst: u32) {
        let Some(at) = self.tracked_until(t, inst).filter(|at| *at > self.now) else {
            return;
        };
        let due = self.tracking.ends.get(&inst);
        if at != Time::NEVER && due.is_none_or(|due| at < *due) {
            self.tracking.ends.insert(inst, at);
            self.tracking.looks += 1;
            self.queue.push(at, Class::Delivery, Todo::LooksDead(inst));
        }
    }

    /// The life of a copy may be over.
    pub(crate) fn look_if_dead(&mut self, t: &Tables, inst: u32) {
        self.tracking.looks -= 1;
        if self.tracking.ends.get(&inst) != Some(&self.now) {
            return;
        }
        self.tracking.ends.remove(&inst);
        let level = self.keys.level(inst).index();
        let Some(tracked) = t.levels[level].tracked else {
            return;
        };
        let Tracker { backend, .. } = t.trackers[usize::from(tracked.tracker)];
        if !self.server(tracked.tracker).readers.has(inst) {
            return;
        }
        match self.tracked_until(t, inst) {
            Some(until) if until > self.now => self.look_when_dead(t, inst),
            Some(_) => {
                self.note_change(t, backend, inst, Doing::Backend);
                self.tell_readers(t, NONE);
            }
            None => {}
        }
    }

    /// When the copy of a key leaves the tracked tier, if there is one.
    fn tracked_until(&self, t: &Tables, inst: u32) -> Option<Time> {
        let table = &t.levels[self.keys.level(inst).index()];
        let tier = table.tiers.get(usize::from(table.tracked?.tier))?;
        let store = &self.stores[tier.first as usize];
        Some(store.get(store.lookup(KeyId(inst))?).leaves(&table.rules))
    }

    fn send_message(&mut self, t: &Tables, mut message: Message) {
        let (now, tracker) = (self.now, t.trackers[usize::from(message.tracker)]);
        let connection = self.connection(message.tracker, message.process);
        if connection.number != message.connection {
            return;
        }
        let (drawn, is_lost) = self.deliveries.draw(t, tracker.bus);
        let fixed = self
            .server(message.tracker)
            .delays
            .to_process(message.process);
        let delay = fixed.unwrap_or(drawn);
        message.is_lost = is_lost;
        let connection = self.connection(message.tracker, message.process);
        connection.arrives = connection.arrives.max(now + delay);
        let at = connection.arrives;
        if is_lost || at == Time::NEVER {
            let action = ActionIx(tracker.action);
            self.metrics.lost(action);
            self.note_in(message.process, What::Lost { action });
        }
        if at != Time::NEVER {
            let slot = self.tracking.messages.take();
            self.tracking.messages[slot] = message;
            self.queue.push(at, Class::Delivery, Todo::Message(slot));
        }
    }

    /// A message arrives, or its connection is found lost.
    pub(crate) fn receive(&mut self, t: &Tables, slot: u32) {
        let message = self.tracking.messages[slot];
        self.tracking.messages.give_back(slot);
        let Message {
            tracker,
            process,
            inst,
            change,
            ..
        } = message;
        if self.connection(tracker, process).number != message.connection {
            return;
        }
        if message.is_lost {
            self.lose_connection(t, tracker, process);
            return;
        }
        let removed = if inst == NONE {
            self.empty_memory(t, tracker, process, Some(change))
        } else {
            self.forget_older(t, inst, process, change)
        };
        let action = ActionIx(t.trackers[usize::from(tracker)].action);
        self.metrics.delivery(action, removed);
        self.note_in(process, What::Delivery { action, removed });
        self.tell_settled();
    }

    /// A backend cannot be reached: all of its clients have lost their connections.
    pub(crate) fn lose_connections(&mut self, t: &Tables, backend: u16) {
        for tracker in trackers_of(t, backend) {
            for process in 0..self.processes.count() {
                self.lose_connection(t, tracker, process);
            }
        }
    }

    /// A process starts anew, with new connections.
    pub(crate) fn connect_anew(&mut self, t: &Tables, process: u32) {
        for tracker in 0..t.trackers.len() as u16 {
            self.lose_connection(t, tracker, process);
        }
    }

    /// What a process keeps of a tracked backend goes; over its next connection it has read nothing.
    fn lose_connection(&mut self, t: &Tables, tracker: u16, process: u32) {
        let now = self.now;
        let connection = self.connection(tracker, process);
        connection.number = connection.number.wrapping_add(1);
        connection.arrives = now;
        self.empty_memory(t, tracker, process, None);
        self.tell_settled();
    }

    /// Removes what a process holds of a tracked backend; with `change`: what it read before that.
    fn empty_memory(&mut self, t: &Tables, tracker: u16, process: u32, change: Option<u32>) -> u64 {
        let mut removed = 0;
        for (index, table) in t.levels.iter().enumerate() {
            let is_tracked = |tracked: super::Tracked| tracked.tracker == tracker;
            if !table.tracked.is_some_and(is_tracked) {
                continue;
            }
            for tier in table.readers() {
                let instance = tier.first + process;
                let store = &self.stores[instance as usize];
                let older = |slot: &Slot| {
                    change.is_none_or(|change| store.get(*slot).changes_before < change)
                };
                let slots: Vec<Slot> = store.family(LevelId(index as u16)).filter(older).collect();
                for slot in slots {
                    removed += self.remove_from(t, instance, slot);
                }
            }
        }
        removed
    }

    /// Removes a key's copies that a process read before this change.
    fn forget_older(&mut self, t: &Tables, inst: u32, process: u32, change: u32) -> u64 {
        let level = self.keys.level(inst).index();
        let mut removed = 0;
        for tier in t.levels[level].readers() {
            let instance = tier.first + process;
            let store = &self.stores[instance as usize];
            if let Some(slot) = store.lookup(KeyId(inst))
                && store.get(slot).changes_before < change
            {
                removed += self.remove_from(t, instance, slot);
            }
        }
        removed
    }

    /// A frame's process has nothing of its key in its memory from now on: what it got is not in
    /// the tracked tier, which could not tell of changes.
    pub(crate) fn keep_nothing(&mut self, t: &Tables, frame: u32) {
        let f = &self.frames[frame];
        let (inst, process) = (f.inst, self.tasks[f.task].process);
        for tier in t.levels[f.level as usize].readers() {
            let instance = tier.first + process;
            if let Some(slot) = self.stores[instance as usize].lookup(KeyId(inst)) {
                self.remove_from(t, instance, slot);
            }
        }
    }

    fn remove_from(&mut self, t: &Tables, instance: u32, slot: Slot) -> u64 {
        let gone = self.stores[instance as usize].remove(slot, self.now);
        let is_alive = self.now < gone.value.leaves(&t.levels[gone.level.index()].rules);
        self.left(t, instance, &gone);
        u64::from(is_alive)
    }

    fn server(&mut self, tracker: u16) -> &mut Server {
        &mut self.tracking.servers[usize::from(tracker)]
    }

    fn connection(&mut self, tracker: u16, process: u32) -> &mut Connection {
        &mut self.server(tracker).connections[process as usize]
    }
}

fn trackers_of(t: &Tables, backend: u16) -> impl Iterator<Item = u16> {
    let trackers = t.trackers.iter().zip(0..);
    trackers.filter_map(move |(tracker, number)| (tracker.backend == backend).then_some(number))
}
