//! Fills of stored levels: who fills, who waits for it, and what becomes of the result.

use crate::data::FixedName;
use crate::engine::Engine;
use crate::events::What;
use crate::intern::NONE;
use crate::metrics::{Cause, FillBegan, FillResult, Serve};
use crate::queue::{Class, Todo};
use crate::random::jitter;
use crate::state::{Fill, Flags, Frame, Links, TaskKind};
use crate::store::KeyId;
use crate::tables::Tables;
use cachepolicy_core::LevelId;
use cachepolicy_core::decide::{
    FillEnd, FillOutcome, FillVerdict, Found, ServeOnlyReason, Stampede, decide_after_failure,
    fill_ended,
};
use cachepolicy_core::units::Duration;

impl Engine {
    /// The fill of a frame's key that counts as running for it; [`NONE`]: there is none.
    pub(crate) fn flight(&self, t: &Tables, frame: u32) -> u32 {
        let f = &self.frames[frame];
        let mut fill = self.running.first(f.inst);
        if fill == NONE {
            return NONE;
        }
        let task = &self.tasks[f.task];
        let scope = t.levels[f.level as usize].scope(task.process, task.pop);
        while fill != NONE && self.fills[fill].holds {
            let running = &self.fills[fill];
            if running.scope == scope && self.now < running.expires {
                return fill;
            }
            fill = running.of_key.after;
        }
        NONE
    }

    /// A frame becomes a fill. `flight`: the one that counts as running, if there is one; then this
    /// one has a token of its own, and others do not wait for it.
    pub(crate) fn begin_fill(&mut self, t: &Tables, frame: u32, flight: u32, cause: Cause) {
        let f = &mut self.frames[frame];
        let (level, inst) = (f.level, f.inst);
        let is_background = f.flags.has(Flags::REFRESH);
        let task = &self.tasks[f.task];
        let table = &t.levels[level as usize];
        let fill = self.fills.take();
        f.fill = fill;
        f.fill_began = self.now;
        let next = core::mem::replace(&mut self.levels[level as usize].fills, fill);
        let new = &mut self.fills[fill];
        *new = Fill {
            inst,
            level,
            frame,
            scope: table.scope(task.process, task.pop),
            process: task.process,
            pop: task.pop,
            holds: flight == NONE && (is_background || !table.is_unprotected()),
            expires: table.rules.flight_expires(self.now),
            began: self.now,
            overtaken: false,
            has_timeout: false,
            serial: new.serial,
            waiters: (NONE, NONE),
            of_key: Links::default(),
            of_level: Links {
                before: NONE,
                after: next,
            },
        };
        if next != NONE {
            self.fills[next].of_level.before = fill;
        }
        let (concurrent, is_first) = self.running.begin(inst, fill);
        if !is_first {
            self.link_key(fill);
        }
        if self.was_delivered_now(t, fill) {
            self.fills[fill].overtaken = true;
        }
        let began = FillBegan {
            key: KeyId(inst),
            concurrent,
            cause,
            background: is_background,
        };
        let level = LevelId(level);
        self.metrics.fill_began(level, self.now, &began);
        if self.metrics.has_risks(level) {
            self.facts_mut(inst);
            let facts = &mut self.facts[inst as usize];
            self.metrics.risk_began(level, &began, self.now, facts);
        }
        self.note(frame, What::FillBegan { level, fill: began });
    }

    /// Puts a fill among those of its key, behind the holders unless it is one.
    fn link_key(&mut self, fill: u32) {
        let inst = self.fills[fill].inst;
        let (mut before, mut after) = (NONE, self.running.first(inst));
        while !self.fills[fill].holds && after != NONE && self.fills[after].holds {
            (before, after) = (after, self.fills[after].of_key.after);
        }
        self.fills[fill].of_key = Links { before, after };
        match before {
            NONE => self.running.set_first(inst, fill),
            before => self.fills[before].of_key.after = fill,
        }
        if after != NONE {
            self.fills[after].of_key.before = fill;
        }
    }

    fn unlink_key(&mut self, fill: u32) {
        let Fill { inst, of_key, .. } = self.fills[fill];
        if of_key.before == NONE {
            self.running.set_first(inst, of_key.after);
        }
        self.join_neighbours(of_key);
    }

    /// The other fills of a key, without the one between these.
    fn join_neighbours(&mut self, Links { before, after }: Links) {
        if before != NONE {
            self.fills[before].of_key.after = after;
        }
        if after != NONE {
            self.fills[after].of_key.before = before;
        }
    }

    /// Nobody takes the fill for running any more.
    pub(crate) fn let_others(&mut self, fill: u32) {
        if self.fills[fill].holds {
            self.unlink_key(fill);
            self.fills[fill].holds = false;
            self.link_key(fill);
        }
    }

    /// A fill that took this long is over: what it met counts for the risk of its key.
    pub(crate) fn risk_ended(&mut self, level: LevelId, key: KeyId, took: Duration) {
        if self.metrics.has_risks(level) {
            let place = self.facts_of(key.0).place;
            self.metrics.risk_ended(level, key, place, self.now, took);
        }
    }

    /// A fill is over, for everybody.
    pub(crate) fn remove_fill(&mut self, fill: u32) {
        let Fill {
            inst,
            level,
            frame,
            of_key,
            of_level,
            ..
        } = self.fills[fill];
        let runs = frame != NONE;
        if of_key.before == NONE {
            self.running.remove_first(inst, runs, of_key.after);
        } else if runs {
            self.running.end(inst);
        }
        self.join_neighbours(of_key);
        match of_level.before {
            NONE => self.levels[level as usize].fills = of_level.after,
            before => self.fills[before].of_level.after = of_level.after,
        }
        if of_level.after != NONE {
            self.fills[of_level.after].of_level.before = of_level.before;
        }
        self.fills[fill].serial = self.fills[fill].serial.wrapping_add(1);
        self.fills.give_back(fill);
    }

    /// A stale copy was served: its key is filled in the background.
    pub(crate) fn begin_refresh(&mut self, t: &Tables, frame: u32) {
        let task = self.tasks.take();
        let cause = self.frames[frame].clone();
        self.copy_task(cause.task, task);
        let refresh = self.frames.take();
        let serial = self.frames[refresh].serial;
        let mut flags = Flags::default();
        flags.set(Flags::REFRESH);
        self.frames[refresh] = Frame {
            flags,
            level: cause.level,
            task,
            inst: cause.inst,
            link: cause.link,
            principal: cause.principal,
            down: cause.down,
            serial,
            began: self.now,
            ..Frame::default()
        };
        self.tasks[task].current = refresh;
        self.begin_fill(t, refresh, NONE, Cause::Expiry);
        self.schedule(refresh, self.now, Class::LookUp);
    }

    /// A background task in the place of the request that caused it.
    fn copy_task(&mut self, from: u32, to: u32) {
        let mut task = core::mem::take(&mut self.tasks[to]);
        let cause = &self.tasks[from];
        task.begin(TaskKind::Background, self.now);
        task.number = cause.number;
        task.process = cause.process;
        task.pop = cause.pop;
        task.path = cause.path;
        task.route = cause.route;
        task.digits = cause.digits;
        task.outside = cause.outside;
        task.status = cause.status;
        task.bytes = cause.bytes;
        task.cost = cause.cost;
        task.ttl = cause.ttl;
        task.dims.clone_from(&cause.dims);
        task.data.clone_from(&cause.data);
        task.data_values.clone_from(&cause.data_values);
        self.tasks[to] = task;
    }

    /// A fill has its result.
    pub(crate) fn end_fill(&mut self, t: &Tables, frame: u32) {
        let (level, inst, fill) = {
            let f = &self.frames[frame];
            (f.level, f.inst, f.fill)
        };
        let table = &t.levels[level as usize];
        let rules = &table.rules;
        if table.fenced && self.is_overtaken(t, frame) {
            self.frames[frame].flags.set(Flags::OVERTAKEN);
        }
        let f = &self.frames[frame];
        let end = FillEnd {
            began: f.fill_began,
            outcome: self.outcome(t, frame),
            overtaken: f.flags.has(Flags::OVERTAKEN),
            backend_up: table.tiers.is_empty() || self.can_store(t, frame),
            storable: self.is_storable(t, frame),
        };
        let took = self.now.since(f.fill_began);
        let draw = match self.fixed(frame, FixedName::Jitter) {
            Some(draw) => draw.min(1.0),
            None => jitter(&mut self.levels[level as usize].jitter, rules),
        };
        let verdict = fill_ended(rules, end, self.now, draw);
        if verdict == FillVerdict::ServeOnly(ServeOnlyReason::Overtaken) {
            // Also where an expired lease is the reason.
            self.frames[frame].flags.set(Flags::OVERTAKEN);
        }
        let result = match verdict {
            FillVerdict::Store {
                lifetimes,
                negative,
            } => {
                if self.store_copy(t, frame, &lifetimes, negative, took) {
                    FillResult::Stored
                } else {
                    FillResult::NoRoom
                }
            }
            FillVerdict::ServeOnly(reason) => {
                self.causes[inst as usize] = Cause::NotStored;
                FillResult::ServedOnly(reason)
            }
            FillVerdict::Failed => FillResult::Failed,
        };
        let (level, key) = (LevelId(level), KeyId(inst));
        self.metrics.fill_ended(level, self.now, result, took);
        self.risk_ended(level, key, took);
        self.note(
            frame,
            What::FillEnded {
                level,
                key,
                result,
                took,
            },
        );
        let is_shared = rules.stampede == Stampede::Coalesce
            && result != FillResult::ServedOnly(ServeOnlyReason::TooSlow);
        self.release_waiters(fill, is_shared.then_some(frame));
        self.remove_fill(fill);
        self.frames[frame].fill = NONE;
        if verdict == FillVerdict::Failed {
            self.fall_back(t, frame);
        } else {
            self.serve_own(frame);
        }
    }

    fn outcome(&self, t: &Tables, frame: u32) -> FillOutcome {
        let f = &self.frames[frame];
        if f.flags.has(Flags::ERROR) {
            return FillOutcome::Error;
        }
        if f.flags.has(Flags::ABSENT) {
            return FillOutcome::Absent;
        }
        let task = &self.tasks[f.task];
        let is_response = f.link != NONE || task.path == NONE;
        let said = task.ttl.filter(|_| is_response);
        let ttl = t.policy.levels[f.level as usize].lifetime.named(said);
        FillOutcome::Value { ttl }
    }

    /// Responses have a status, what they are made of has none. Not modified is what a client with
    /// a copy of its own is told: the response is the same as without.
    fn is_storable(&self, t: &Tables, frame: u32) -> bool {
        let f = &self.frames[frame];
        match self.tasks[f.task].status {
            Some(status) if f.link != NONE => {
                let status = if status == 304 { 200 } else { status };
                t.policy.levels[f.level as usize].status.contains(&status)
            }
            _ => true,
        }
    }

    /// The token of a fenced fill is gone, or was never worth anything.
    fn is_overtaken(&self, t: &Tables, frame: u32) -> bool {
        let f = &self.frames[frame];
        let fill = &self.fills[f.fill];
        fill.overtaken || self.was_purged_by_tag(t, frame, fill.began)
    }

    /// A requester gets what it filled.
    pub(crate) fn serve_own(&mut self, frame: u32) {
        let f = &self.frames[frame];
        if f.flags.has(Flags::REFRESH) {
            return;
        }
        let serve = Serve {
            from_copy: false,
            waited: false,
            expired: false,
            bytes: f.size,
            missed_since: None,
            missed_writes: 0,
            leak: false,
        };
        self.serve(frame, serve);
    }

    /// A fill failed: an expired copy will do, if it is usable on error. One that was bumped will not.
    pub(crate) fn fall_back(&mut self, t: &Tables, frame: u32) {
        if self.frames[frame].flags.has(Flags::REFRESH) {
            return;
        }
        self.renew_key(t, frame);
        let table = &t.levels[self.frames[frame].level as usize];
        let rules = &table.rules;
        let Some(place) = self.best_copy(t, frame, table.tiers.len()) else {
            return;
        };
        let copy = self.copy_at(place);
        let found = Found::Copy {
            lifetimes: copy.lifetimes(rules),
            negative: copy.negative,
            fill_time: copy.fill_time,
        };
        if decide_after_failure(found, self.now).is_some() {
            for flag in [Flags::ERROR, Flags::OVERTAKEN, Flags::ABSENT] {
                self.frames[frame].flags.clear(flag);
            }
            self.serve_copy(t, frame, place);
        }
    }

    /// Those who wait for a fill go on; with its result, if they may have it.
    pub(crate) fn release_waiters(&mut self, fill: u32, result: Option<u32>) {
        let (mut waiter, _) = core::mem::replace(&mut self.fills[fill].waiters, (NONE, NONE));
        while waiter != NONE {
            let next = self.frames[waiter].next;
            self.frames[waiter].awaited = NONE;
            if let Some(frame) = result {
                self.give(frame, waiter);
            }
            self.schedule(waiter, self.now, Class::LookUp);
            waiter = next;
        }
    }

    fn give(&mut self, frame: u32, waiter: u32) {
        let Frame {
            flags,
            size,
            work,
            provenance,
            principal,
            ..
        } = self.frames[frame];
        if provenance != NONE {
            self.provenances.hold(provenance);
        }
        let w = &mut self.frames[waiter];
        for flag in [Flags::OVERTAKEN, Flags::ERROR, Flags::ABSENT] {
            if flags.has(flag) {
                w.flags.set(flag);
            }
        }
        w.flags.set(Flags::GIVEN);
        w.size = size;
        w.work = work;
        w.provenance = provenance;
        if w.principal != principal {
            w.flags.set(Flags::FOREIGN);
        }
    }

    /// A fill has run for its timeout: its result is for its requester only. Or its filler is dead,
    /// and the lock that it left expires.
    pub(crate) fn fill_timed_out(&mut self, fill: u32, serial: u32) {
        if self.fills[fill].serial == serial {
            self.let_others(fill);
            self.release_waiters(fill, None);
            if self.fills[fill].frame == NONE {
                self.remove_fill(fill);
            }
        }
    }

    pub(crate) fn schedule_timeout(&mut self, t: &Tables, fill: u32) {
        let running = &mut self.fills[fill];
        if !running.has_timeout {
            running.has_timeout = true;
            let at = running.began + t.levels[running.level as usize].rules.timeout;
            let serial = running.serial;
            let at = at.max(self.now);
            self.queue
                .push(at, Class::LookUp, Todo::FillTimeout { fill, serial });
        }
    }
}
