//! Waiting for somebody else's fill.

use crate::engine::Engine;
use crate::events::What;
use crate::intern::NONE;
use crate::metrics::{Serve, Wait};
use crate::queue::Class;
use crate::state::{Flags, State};
use crate::store::KeyId;
use crate::tables::Tables;
use crate::walk::Place;
use cachepolicy_core::LevelId;
use cachepolicy_core::decide::Decision;
use cachepolicy_core::units::Time;

impl Engine {
    /// A frame waits for a fill, until `until` at the latest.
    pub(crate) fn wait_for(
        &mut self,
        t: &Tables,
        frame: u32,
        fill: u32,
        until: Time,
    ) -> Option<u32> {
        let f = &mut self.frames[frame];
        if !f.flags.has(Flags::WAITED) {
            f.flags.set(Flags::WAITED);
            f.wait_began = self.now;
            f.deadline = until;
            let (level, key) = (LevelId(f.level), KeyId(f.inst));
            self.note(frame, What::WaitBegan { level, key });
        }
        let parent = self.frames[frame].parent;
        if parent != NONE && self.frames[parent].parked.2 > 0 {
            // Others may wait for what is parked: that is filled first, so that nobody waits in a
            // circle. Afterwards it looks again, as whoever waited.
            self.frames[frame].state = State::Waiting;
            self.frames[frame].awaited = NONE;
            return self.work_on_batch(t, parent, frame);
        }
        let f = &mut self.frames[frame];
        f.state = State::Waiting;
        f.awaited = fill;
        self.join_waiters(fill, frame);
        if until == Time::NEVER {
            self.schedule_timeout(t, fill);
        } else {
            // A lock that expires before its holder is done keeps nobody waiting.
            let expires = self.fills[fill].expires;
            self.schedule(frame, until.min(expires), Class::LookUp);
        }
        None
    }

    /// A waiter was released, or its patience is over.
    pub(crate) fn wait_is_over(&mut self, t: &Tables, frame: u32) -> Option<u32> {
        let awaited = core::mem::replace(&mut self.frames[frame].awaited, NONE);
        if awaited != NONE {
            self.leave_waiters(awaited, frame);
        }
        if !self.frames[frame].flags.has(Flags::GIVEN) {
            self.renew_key(t, frame);
            self.frames[frame].tier = 0;
            self.frames[frame].down = 0;
            return self.look(t, frame);
        }
        let flags = self.frames[frame].flags;
        let has_failed = flags.has(Flags::ERROR);
        self.wait_ended(frame, has_failed, !has_failed);
        self.frames[frame].state = State::Done;
        if has_failed {
            self.fall_back(t, frame);
            return Some(frame);
        }
        let (size, work, provenance, task) = {
            let f = &self.frames[frame];
            (f.size, f.work, f.provenance, f.task)
        };
        let (missed_since, missed_writes) = self.missed(provenance);
        let gathered = &mut self.tasks[task].gathered;
        gathered.origin_time_saved = gathered.origin_time_saved + work;
        self.serve(
            frame,
            Serve {
                from_copy: false,
                waited: true,
                expired: false,
                bytes: size,
                missed_since,
                missed_writes,
                leak: flags.has(Flags::FOREIGN),
            },
        );
        Some(frame)
    }

    /// A `bump` came while it waited, or filled: it looks again under the key of the present version.
    pub(crate) fn renew_key(&mut self, t: &Tables, frame: u32) {
        let inst = self.frames[frame].inst;
        if self.is_current(inst) {
            return;
        }
        let level = self.keys.level(inst);
        let (task, link) = (self.frames[frame].task, self.frames[frame].link);
        if t.levels[level.index()].is_known_by_url && link != NONE {
            self.frames[frame].inst = self.key_of(t, task, level, link);
            return;
        }
        let mut tuple = core::mem::take(&mut self.tuple);
        tuple.clear();
        tuple.extend_from_slice(self.keys.values(inst));
        self.tuple = tuple;
        self.frames[frame].inst = self.intern_key(t, level);
    }

    /// A waiter looked again and knows what to do.
    pub(crate) fn released(&mut self, frame: u32, decision: &Decision, copy: Option<Place>) {
        let began = self.frames[frame].wait_began;
        let is_served = matches!(decision, Decision::Serve { .. });
        let is_new = copy.is_some_and(|place| self.copy_at(place).stored() >= began);
        self.wait_ended(frame, !is_served, is_served && is_new);
    }

    fn wait_ended(&mut self, frame: u32, in_vain: bool, served_by_other: bool) {
        let f = &self.frames[frame];
        let (level, key) = (LevelId(f.level), KeyId(f.inst));
        let wait = Wait {
            waited: self.now.since(f.wait_began),
            in_vain,
            served_by_other,
        };
        self.metrics.wait(level, self.now, &wait);
        self.note(frame, What::WaitEnded { level, key, wait });
    }

    pub(crate) fn leave_waiters(&mut self, fill: u32, frame: u32) {
        let (mut before, mut at) = (NONE, self.fills[fill].waiters.0);
        while at != NONE && at != frame {
            (before, at) = (at, self.frames[at].next);
        }
        if at == NONE {
            return;
        }
        let after = self.frames[at].next;
        let (first, last) = &mut self.fills[fill].waiters;
        if *last == at {
            *last = before;
        }
        if before == NONE {
            *first = after;
        } else {
            self.frames[before].next = after;
        }
    }

    fn join_waiters(&mut self, fill: u32, frame: u32) {
        self.frames[frame].next = NONE;
        match self.fills[fill].waiters {
            (NONE, _) => self.fills[fill].waiters = (frame, frame),
            (first, last) => {
                self.frames[last].next = frame;
                self.fills[fill].waiters = (first, frame);
            }
        }
    }

    /// Of those who wait for a fill, drops who died with their process.
    pub(crate) fn drop_cut_off_waiters(&mut self, fill: u32) {
        let (mut waiter, _) = core::mem::replace(&mut self.fills[fill].waiters, (NONE, NONE));
        while waiter != NONE {
            let next = self.frames[waiter].next;
            if !self.frames[waiter].flags.has(Flags::CUT_OFF) {
                self.join_waiters(fill, waiter);
            }
            waiter = next;
        }
    }
}
