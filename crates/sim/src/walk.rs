//! A look-up: is the level left out, what do its tiers say, and what is decided.

use crate::copy::Copy;
use crate::depends::{self, Dims};
use crate::engine::Engine;
use crate::intern::NONE;
use crate::metrics::Outcome;
use crate::paths::Chain;
use crate::queue::Class;
use crate::skip;
use crate::state::{Flags, Frame, State, TaskKind};
use crate::store::{KeyId, Slot};
use crate::tables::{Extra, LevelTable, Tables};
use cachepolicy_core::LevelId;
use cachepolicy_core::decide::{BypassReason, Decision, Flight, Found, decide, decide_after_wait};
use cachepolicy_core::expr::RequestView;
use cachepolicy_core::ids::DimensionId;
use cachepolicy_core::units::Duration;
use cachepolicy_core::vary::Normalised;

impl Engine {
    /// A frame for one level of a task's walk. `self.tuple` holds the level's parameters.
    pub(crate) fn new_frame(
        &mut self,
        t: &Tables,
        task: u32,
        parent: u32,
        level: LevelId,
        link: u32,
    ) -> u32 {
        let inst = self.key_of(t, task, level, link);
        self.new_frame_of(t, task, parent, (level, inst), link)
    }

    /// The same, of a key that is known.
    pub(crate) fn new_frame_of(
        &mut self,
        t: &Tables,
        task: u32,
        parent: u32,
        (level, inst): (LevelId, u32),
        link: u32,
    ) -> u32 {
        let frame = self.frames.take();
        let serial = self.frames[frame].serial;
        self.frames[frame] = Frame {
            level: level.0,
            task,
            parent,
            inst,
            link,
            serial,
            began: self.now,
            ..Frame::default()
        };
        self.frames[frame].principal = self.principal(t, frame);
        self.tasks[task].current = frame;
        frame
    }

    /// The key of a level for a task; its parameters are in `self.tuple`, unless `link` has them.
    fn key_of(&mut self, t: &Tables, task: u32, level: LevelId, link: u32) -> u32 {
        let table = &t.levels[level.index()];
        let is_by_path = link != NONE && table.extras.iter().all(|extra| *extra == Extra::Url);
        if link != NONE {
            let known = self.ingest.paths.link(link).inst;
            if is_by_path && known != NONE && self.is_current(known) {
                return known;
            }
            self.tuple.clear();
            let params = self.ingest.paths.params(link, table.params);
            self.tuple.extend_from_slice(params);
        }
        debug_assert_eq!(self.tuple.len(), table.params);
        for extra in &table.extras {
            let value = match extra {
                Extra::Dimension(dimension) => self.tasks[task].dims[dimension.index()],
                Extra::Url => self.ingest.paths.entry(self.tasks[task].path).url,
            };
            self.tuple.push(value);
        }
        let inst = self.intern_key(t, level);
        if is_by_path {
            self.ingest.paths.remember_key(link, inst);
        }
        inst
    }

    /// The key of the parameters and extras in `self.tuple`.
    pub(crate) fn intern_key(&mut self, t: &Tables, level: LevelId) -> u32 {
        let table = &t.levels[level.index()];
        self.tuple.push(u32::from(level.0));
        let (inst, is_new) = self.keys.intern(&self.tuple);
        if is_new {
            self.add_inst(table, level, table.params);
        }
        inst
    }

    /// The parameters of a key.
    #[inline]
    pub(crate) fn params_of(&self, t: &Tables, inst: u32) -> &[u32] {
        let count = t.levels[self.insts[inst as usize].level as usize].params;
        self.keys.get(inst).get(..count).unwrap_or_default()
    }

    /// Whom a copy of this frame is for: the values of the personal dimensions that the level
    /// depends on and that its key does not tell apart. [`NONE`]: there are none such.
    fn principal(&mut self, t: &Tables, frame: u32) -> u32 {
        let uncovered = self.uncovered(t, frame);
        if uncovered == 0 {
            return NONE;
        }
        let task = self.frames[frame].task;
        self.tuple.clear();
        for dimension in depends::list(uncovered) {
            self.tuple.push(self.tasks[task].dims[dimension.index()]);
        }
        self.principals.intern(&self.tuple).0
    }

    fn uncovered(&self, t: &Tables, frame: u32) -> Dims {
        let frame = &self.frames[frame];
        let table = &t.levels[frame.level as usize];
        match self.chain_position(frame) {
            Some((chain, position)) => chain.levels[position].dims.uncovered,
            None => table.dims.uncovered,
        }
    }

    /// The chain that a site's or view's frame belongs to, and its place there.
    pub(crate) fn chain_position(&self, frame: &Frame) -> Option<(&Chain, usize)> {
        if frame.link == NONE {
            return None;
        }
        let entry = self.ingest.paths.entry(self.tasks[frame.task].path);
        let chain = &self.ingest.paths.chains[entry.chain as usize];
        Some((chain, (frame.link - entry.links) as usize))
    }

    /// A frame begins.
    pub(crate) fn enter(&mut self, t: &Tables, frame: u32) -> Option<u32> {
        let (level, task) = (self.frames[frame].level, self.frames[frame].task);
        let table = &t.levels[level as usize];
        if !table.is_edge
            && self.processes.are_limited()
            && self.tasks[task].kind != TaskKind::Background
            && !self.tasks[task].has_thread
            && !self.processes.take_thread(&mut self.tasks, task)
        {
            return None;
        }
        if self.frames[frame].flags.has(Flags::REFRESH) {
            return self.begin_work(t, frame);
        }
        if !table.is_stored {
            return self.begin_work(t, frame);
        }
        self.frames[frame].began = self.now;
        if let Some(reason) = self.left_out(t, frame, table) {
            return self.bypass(t, frame, reason);
        }
        self.look(t, frame)
    }

    fn left_out(&self, t: &Tables, frame: u32, table: &LevelTable) -> Option<BypassReason> {
        let frame = &self.frames[frame];
        let task = &self.tasks[frame.task];
        let (skip, depends) = match self.chain_position(frame) {
            Some((chain, position)) => (
                self.ingest.paths.link(frame.link).skip,
                chain.levels[position].dims.depends,
            ),
            None => (skip::NEVER, table.dims.depends),
        };
        let view = View {
            engine: self,
            task: frame.task,
        };
        let is_skipped = match skip {
            skip::ALWAYS => true,
            skip::NEVER => {
                frame.link == NONE
                    && task.path != NONE
                    && t.policy.levels[frame.level as usize]
                        .skip
                        .as_ref()
                        .is_some_and(|expr| expr.holds(&view))
            }
            rest => {
                let expr = self.ingest.paths.skips.get(rest);
                expr.is_some_and(|expr| expr.holds(&view))
            }
        };
        if is_skipped {
            Some(BypassReason::Skipped)
        } else if task.outside & depends != 0 {
            Some(BypassReason::OutsideDomain)
        } else {
            None
        }
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
        let level = &t.levels[self.frames[frame].level as usize];
        let index = self.frames[frame].tier;
        let tier = &level.tiers[index as usize];
        let was_down = self.frames[frame].flags.has(Flags::TIER_DOWN);
        self.frames[frame].flags.clear(Flags::TIER_DOWN);
        if was_down || self.now < self.backends[tier.backend as usize].down_until {
            if !t.policy.backends[tier.backend as usize].on_failure.bypass {
                self.frames[frame].flags.set(Flags::REFUSED);
                return self.answered(t, frame);
            }
            self.frames[frame].down |= 1 << index;
        } else if let Some((_, copy)) = self.copy_in(t, frame, index)
            && self.now < copy.fresh_until()
        {
            return self.answered(t, frame);
        }
        self.frames[frame].tier += 1;
        self.look(t, frame)
    }

    /// The copy in a tier, if it still resides there.
    pub(crate) fn copy_in(&self, t: &Tables, frame: u32, tier: u8) -> Option<(Slot, &Copy)> {
        let frame = &self.frames[frame];
        let table = &t.levels[frame.level as usize];
        let task = &self.tasks[frame.task];
        let instance = Tables::instance(&table.tiers[tier as usize], task.process, task.pop);
        let backend = table.tiers[tier as usize].backend;
        if self.now < self.backends[backend as usize].down_until {
            return None;
        }
        let store = &self.stores[instance as usize];
        let slot = store.lookup(KeyId(frame.inst))?;
        let copy = store.get(slot);
        (self.now < copy.leaves(&table.rules)).then_some((slot, copy))
    }

    /// Of the copies in the first `tiers`, the one that is fresh for the longest; of the nearest
    /// tier that has it.
    pub(crate) fn best_copy(
        &self,
        t: &Tables,
        frame: u32,
        tiers: usize,
    ) -> Option<(u8, Slot, Copy)> {
        let down = self.frames[frame].down;
        let mut best: Option<(u8, Slot, Copy)> = None;
        for tier in 0..tiers as u8 {
            if down & (1 << tier) == 0
                && let Some((slot, copy)) = self.copy_in(t, frame, tier)
                && best.is_none_or(|(_, _, best)| copy.fresh_until() > best.fresh_until())
            {
                best = Some((tier, slot, *copy));
            }
        }
        best
    }

    /// All tiers that matter have answered: what now?
    pub(crate) fn answered(&mut self, t: &Tables, frame: u32) -> Option<u32> {
        let table = &t.levels[self.frames[frame].level as usize];
        let flags = self.frames[frame].flags;
        let tiers = table.tiers.len();
        // A fresh copy in a near tier is the answer: the farther ones are not asked.
        let asked = tiers.min(self.frames[frame].tier as usize + 1);
        let best = self.best_copy(t, frame, asked);
        let is_all_down = tiers > 0 && self.frames[frame].down.count_ones() as usize == tiers;
        let found = match best {
            _ if flags.has(Flags::REFUSED) => Found::Down { bypass: false },
            _ if is_all_down => Found::Down { bypass: true },
            None => Found::Nothing,
            Some((_, _, copy)) => Found::Copy {
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
            self.released(frame, &decision, best.map(|(_, _, copy)| copy));
        }
        let served = best.filter(|_| matches!(decision, Decision::Serve { .. }));
        self.count_asked(t, frame, asked, served.map(|(tier, slot, _)| (tier, slot)));
        match (decision, best) {
            (Decision::Serve { outcome, refresh }, Some((tier, slot, copy))) => {
                self.count(frame, outcome.into());
                if refresh {
                    self.begin_refresh(t, frame);
                }
                self.serve_copy(t, frame, tier, slot, copy)
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
                let cause = self.cause(frame, reason, best.map(|(_, _, copy)| copy));
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

impl RequestView for View<'_> {
    fn dimension(&self, dimension: DimensionId) -> Normalised<'_> {
        let task = &self.engine.tasks[self.task];
        if task.outside & depends::bit(dimension) != 0 {
            return Normalised::Outside;
        }
        match task.dims.get(dimension.index()) {
            Some(&value) if value != NONE => Normalised::Value(self.engine.values.get(value)),
            _ => Normalised::Absent,
        }
    }

    fn method(&self) -> &str {
        let path = self.engine.tasks[self.task].path;
        self.engine.ingest.paths.method_and_path(path).0
    }

    fn path(&self) -> &str {
        let path = self.engine.tasks[self.task].path;
        self.engine.ingest.paths.method_and_path(path).1
    }
}
