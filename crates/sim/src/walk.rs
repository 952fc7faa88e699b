//! A look-up: is the level left out, what do its tiers say, and what is decided.

use crate::copy::Copy;
use crate::engine::Engine;
use crate::intern::NONE;
use crate::metrics::Outcome;
use crate::queue::Class;
use crate::settled::Carries;
use crate::skip;
use crate::state::{Flags, State, TaskKind};
use crate::store::{KeyId, Slot};
use crate::tables::{LevelTable, Tables};
use cachepolicy_core::LevelId;
use cachepolicy_core::decide::{
    BypassReason, Decision, Flight, Found, decide, decide_after_wait, is_better, plain_until,
};
use cachepolicy_core::expr::RequestView;
use cachepolicy_core::ids::DimensionId;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_core::vary::Normalised;

/// Where a copy was found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) tier: u8,
    pub(crate) instance: u32,
    pub(crate) slot: Slot,
}

impl Engine {
    /// A frame begins.
    pub(crate) fn enter(&mut self, t: &Tables, frame: u32) -> Option<u32> {
        let f = &mut self.frames[frame];
        f.began = self.now;
        let (level, task, link) = (f.level, f.task, f.link);
        let is_refresh = f.flags.has(Flags::REFRESH);
        let table = &t.levels[level as usize];
        if !table.is_edge
            && self.processes.are_limited()
            && self.tasks[task].kind != TaskKind::Background
            && !self.tasks[task].has_thread
            && !self.processes.take_thread(&mut self.tasks, task)
        {
            return None;
        }
        if is_refresh || !table.is_stored {
            return self.begin_work(t, frame);
        }
        if let Some(reason) = self.left_out(t, table, task, LevelId(level), link) {
            return self.bypass(t, frame, reason);
        }
        if self.processes.are_limited() {
            // Whoever had to wait for a thread asks now.
            self.renew_key(t, frame);
        }
        self.look(t, frame)
    }

    /// Is a level left out for a task, and why?
    #[inline]
    pub(crate) fn left_out(
        &self,
        t: &Tables,
        table: &LevelTable,
        task: u32,
        level: LevelId,
        link: u32,
    ) -> Option<BypassReason> {
        let is_skipped = if link == NONE {
            (!table.has_condition).then_some(false)
        } else {
            let condition = self.ingest.paths.link(link).skip;
            skip::holds(condition, self.tasks[task].conditions)
        };
        if is_skipped.unwrap_or_else(|| self.is_skipped(t, task, level, link)) {
            return Some(BypassReason::Skipped);
        }
        let outside = self.tasks[task].outside;
        (outside != 0 && outside & self.dims_of(table, link).depends != 0)
            .then_some(BypassReason::OutsideDomain)
    }

    fn is_skipped(&self, t: &Tables, task: u32, level: LevelId, link: u32) -> bool {
        let view = View { engine: self, task };
        let expr = if link == NONE {
            let has_path = self.tasks[task].path != NONE;
            t.policy.levels[level.index()]
                .skip
                .as_ref()
                .filter(|_| has_path)
        } else {
            match self.ingest.paths.link(link).skip {
                skip::ALWAYS => return true,
                rest => self.ingest.paths.skips.get(rest),
            }
        };
        expr.is_some_and(|expr| expr.holds(&view))
    }

    fn bypass(&mut self, t: &Tables, frame: u32, reason: BypassReason) -> Option<u32> {
        self.count(frame, Outcome::Bypass(reason));
        self.frames[frame].flags.set(Flags::BYPASS);
        self.begin_work(t, frame)
    }

    /// Asks the next tier.
    pub(crate) fn look(&mut self, t: &Tables, frame: u32) -> Option<u32> {
        let level = &t.levels[self.frames[frame].level as usize];
        let Some(tier) = level.tiers.get(self.frames[frame].tier as usize) else {
            return self.answered(t, frame);
        };
        let backend = &mut self.backends[tier.backend as usize];
        let latency = if self.now < backend.down_until {
            self.frames[frame].flags.set(Flags::TIER_DOWN);
            t.policy.backends[tier.backend as usize].on_failure.after
        } else {
            backend.latency.duration()
        };
        self.frames[frame].state = State::Looking;
        if latency == Duration::ZERO {
            return self.looked(t, frame);
        }
        self.resume_at(frame, self.now + latency, Class::LookUp)
    }

    /// A tier answers.
    pub(crate) fn looked(&mut self, t: &Tables, frame: u32) -> Option<u32> {
        let f = &mut self.frames[frame];
        let tiers = &t.levels[f.level as usize].tiers;
        let index = f.tier;
        let backend = tiers[index as usize].backend;
        let was_down = f.flags.has(Flags::TIER_DOWN);
        if was_down || self.now < self.backends[backend as usize].down_until {
            f.flags.clear(Flags::TIER_DOWN);
            if !t.policy.backends[backend as usize].on_failure.bypass {
                f.flags.set(Flags::REFUSED);
                return self.answered(t, frame);
            }
            f.down |= 1 << index;
        } else {
            let tracked = t.levels[f.level as usize].tracked;
            if tracked.is_some_and(|tracked| tracked.tier == index) {
                self.remember_reader(t, frame);
            }
            let found = self.copy_in(t, frame, index);
            let found = found.map(|(place, copy)| (place, self.now < copy.fresh_until()));
            return self.found(t, frame, index, found);
        }
        self.frames[frame].tier += 1;
        self.look(t, frame)
    }

    /// What a tier has is known: where, and is it fresh?
    #[inline]
    pub(crate) fn found(
        &mut self,
        t: &Tables,
        frame: u32,
        index: u8,
        found: Option<(Place, bool)>,
    ) -> Option<u32> {
        let f = &mut self.frames[frame];
        let tiers = t.levels[f.level as usize].tiers.len();
        let is_fresh = found.is_some_and(|(_, is_fresh)| is_fresh);
        if index == 0 && (is_fresh || tiers == 1) {
            return self.decided(t, frame, 1, found.map(|(place, _)| place));
        }
        if is_fresh {
            return self.answered(t, frame);
        }
        f.tier += 1;
        self.look(t, frame)
    }

    /// The copy in a tier, if it still resides there.
    #[inline]
    pub(crate) fn copy_in(&self, t: &Tables, frame: u32, tier: u8) -> Option<(Place, Copy)> {
        let frame = &self.frames[frame];
        let table = &t.levels[frame.level as usize];
        let of = &table.tiers[tier as usize];
        if self.now < self.backends[of.backend as usize].down_until {
            return None;
        }
        let task = &self.tasks[frame.task];
        let instance = Tables::instance(of, task.process, task.pop);
        let store = &self.stores[instance as usize];
        let slot = store.lookup(KeyId(frame.inst))?;
        let copy = store.get(slot);
        let place = Place {
            tier,
            instance,
            slot,
        };
        (self.now < copy.leaves(&table.rules)).then_some((place, copy))
    }

    /// Of the copies in the first `tiers`, the one that is fresh for the longest; of the nearest
    /// tier that has it.
    pub(crate) fn best_copy(&self, t: &Tables, frame: u32, tiers: usize) -> Option<Place> {
        let down = self.frames[frame].down;
        let mut best: Option<(Place, Time)> = None;
        for tier in 0..tiers as u8 {
            if down & (1 << tier) == 0
                && let Some((place, copy)) = self.copy_in(t, frame, tier)
                && is_better(copy.fresh_until(), best.map(|(_, best)| best))
            {
                best = Some((place, copy.fresh_until()));
            }
        }
        best.map(|(place, _)| place)
    }

    /// The copy at a place.
    #[inline]
    pub(crate) fn copy_at(&self, place: Place) -> Copy {
        self.stores[place.instance as usize].get(place.slot)
    }

    /// All tiers that matter have answered: what do they have?
    pub(crate) fn answered(&mut self, t: &Tables, frame: u32) -> Option<u32> {
        let f = &self.frames[frame];
        let tiers = t.levels[f.level as usize].tiers.len();
        // A fresh copy in a near tier is the answer: the farther ones are not asked.
        let asked = tiers.min(f.tier as usize + 1);
        let best = self.best_copy(t, frame, asked);
        self.decided(t, frame, asked, best)
    }

    /// The best copy of the tiers that were asked is known: what now?
    fn decided(
        &mut self,
        t: &Tables,
        frame: u32,
        asked: usize,
        best: Option<Place>,
    ) -> Option<u32> {
        let f = &mut self.frames[frame];
        let rules = &t.levels[f.level as usize].rules;
        let flags = f.flags;
        if let Some(place) = best
            && !flags.has(Flags::WAITED)
            && !flags.has(Flags::REFUSED)
        {
            let copy = self.stores[place.instance as usize].get(place.slot);
            if self.now < plain_until(rules, &copy.lifetimes(rules), copy.negative) {
                f.tier = 0;
                self.count_asked(t, frame, asked, best);
                self.count(frame, Outcome::Fresh);
                return self.serve_copy(t, frame, place);
            }
        }
        self.decide_on(t, frame, asked, best)
    }

    fn decide_on(
        &mut self,
        t: &Tables,
        frame: u32,
        asked: usize,
        best: Option<Place>,
    ) -> Option<u32> {
        let table = &t.levels[self.frames[frame].level as usize];
        let flags = self.frames[frame].flags;
        let tiers = table.tiers.len();
        let is_all_down = tiers > 0 && self.frames[frame].down.count_ones() as usize == tiers;
        let found = match best.map(|place| self.copy_at(place)) {
            _ if flags.has(Flags::REFUSED) => Found::Down { bypass: false },
            _ if is_all_down => Found::Down { bypass: true },
            None => Found::Nothing,
            Some(copy) => Found::Copy {
                lifetimes: copy.lifetimes(&table.rules),
                negative: copy.negative,
                fill_time: copy.fill_time,
            },
        };
        let flight = self.flight(t, frame);
        let running = if flight == NONE {
            Flight::Nobody
        } else {
            Flight::Running
        };
        let decision = if flags.has(Flags::WAITED) {
            decide_after_wait(
                &table.rules,
                found,
                running,
                self.now,
                self.frames[frame].deadline,
            )
        } else {
            let draw = match table.rules.early_refresh {
                Some(_) => self.levels[self.frames[frame].level as usize].early.unit(),
                None => 0.0,
            };
            decide(&table.rules, found, running, self.now, draw)
        };
        self.frames[frame].tier = 0;
        if flags.has(Flags::WAITED) && !matches!(decision, Decision::Wait { .. }) {
            self.released(frame, &decision, best);
        }
        let served = best.filter(|_| matches!(decision, Decision::Serve { .. }));
        self.count_asked(t, frame, asked, served);
        match (decision, best) {
            (Decision::Serve { outcome, refresh }, Some(place)) => {
                self.count(frame, outcome.into());
                if refresh {
                    self.begin_refresh(t, frame);
                }
                self.serve_copy(t, frame, place)
            }
            (Decision::Bypass(reason), _) => self.bypass(t, frame, reason),
            (Decision::Fail, _) => {
                self.count(frame, Outcome::Bypass(BypassReason::BackendDown));
                self.fail(frame)
            }
            (Decision::Wait { until }, _) => {
                self.count(frame, Outcome::Miss);
                self.wait_for(t, frame, flight, until)
            }
            (Decision::Fill(reason), best) => {
                self.count(frame, Outcome::Miss);
                let cause = self.cause(frame, reason, best.is_some());
                self.begin_fill(t, frame, flight, cause);
                self.begin_work(t, frame)
            }
            // A copy is served only where one was found.
            (Decision::Serve { .. }, None) => self.fail(frame),
        }
    }
}

/// A task as conditions see it.
struct View<'e> {
    engine: &'e Engine,
    task: u32,
}

impl View<'_> {
    fn carries(&self) -> Carries<'_> {
        let task = &self.engine.tasks[self.task];
        Carries {
            values: &self.engine.values,
            dims: &task.dims,
            outside: task.outside,
        }
    }

    fn method_and_path(&self) -> (&str, &str) {
        let path = self.engine.tasks[self.task].path;
        self.engine.ingest.paths.method_and_path(path)
    }
}

impl RequestView for View<'_> {
    fn dimension(&self, dimension: DimensionId) -> Normalised<'_> {
        self.carries().value(dimension)
    }

    fn has(&self, dimension: DimensionId) -> bool {
        self.carries().has(dimension)
    }

    fn method(&self) -> &str {
        self.method_and_path().0
    }

    fn path(&self) -> &str {
        self.method_and_path().1
    }
}
