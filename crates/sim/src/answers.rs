//! What a look-up comes to: how it counts, what is served, and who goes on.

use crate::copy::Copy;
use crate::engine::Engine;
use crate::events::What;
use crate::intern::NONE;
use crate::metrics::{Asked, Cause, Outcome, Serve};
use crate::state::{Flags, Frame, State};
use crate::store::{KeyId, Slot};
use crate::tables::Tables;
use cachepolicy_core::ids::{BackendId, LevelId};

impl Engine {
    /// Why there is nothing to serve.
    pub(crate) fn cause(
        &self,
        frame: u32,
        reason: cachepolicy_core::decide::FillReason,
        copy: Option<Copy>,
    ) -> Cause {
        use cachepolicy_core::decide::FillReason;
        let known = self.causes[self.frames[frame].inst as usize];
        match (reason, copy) {
            (FillReason::Early, _) => Cause::EarlyRefresh,
            (_, Some(_)) if known != Cause::Invalidation => Cause::Expiry,
            _ => known,
        }
    }

    pub(crate) fn fail(&mut self, frame: u32) -> Option<u32> {
        self.frames[frame].flags.set(Flags::ERROR);
        self.frames[frame].state = State::Done;
        Some(frame)
    }

    /// The look-up has its outcome: the first one counts.
    pub(crate) fn count(&mut self, frame: u32, outcome: Outcome) {
        let f = &mut self.frames[frame];
        if f.flags.has(Flags::COUNTED) {
            return;
        }
        f.flags.set(Flags::COUNTED);
        let (level, inst) = (LevelId(f.level), f.inst);
        self.metrics.lookup(level, self.now, outcome);
        if !matches!(outcome, Outcome::Bypass(_)) {
            self.count_lookup(level, inst, outcome);
        }
        let key = Some(KeyId(inst));
        self.note(
            frame,
            What::LookUp {
                level,
                key,
                outcome,
            },
        );
    }

    /// Of a key at risk: how often it is looked up, and what comes while it is filled.
    fn count_lookup(&mut self, level: LevelId, inst: u32, outcome: Outcome) {
        let Some(risks) = self.metrics.risks(level) else {
            return;
        };
        let index = inst as usize;
        if self.lookups.len() <= index {
            self.lookups.resize(self.insts.len(), 0);
        }
        self.lookups[index] = self.lookups[index].saturating_add(1);
        if self.insts[index].running > 0 {
            risks.met(KeyId(inst), outcome);
        }
    }

    /// How many look-ups a key has had, of a level whose fills take time.
    pub(crate) fn lookups_of(&self, inst: u32) -> u32 {
        self.lookups.get(inst as usize).copied().unwrap_or(0)
    }

    /// The tiers that a look-up asked have answered, the first time of its walk; `served`: the one
    /// whose copy is served.
    #[inline]
    pub(crate) fn count_asked(
        &mut self,
        t: &Tables,
        frame: u32,
        asked: usize,
        served: Option<(u8, Slot)>,
    ) {
        let f = &self.frames[frame];
        if f.flags.has(Flags::COUNTED) {
            return;
        }
        // One that was down did not answer.
        let refused = f.flags.has(Flags::REFUSED);
        let answered = if refused {
            asked.saturating_sub(1)
        } else {
            asked
        };
        let table = &t.levels[f.level as usize];
        let task = &self.tasks[f.task];
        for (index, tier) in table.tiers.iter().enumerate().take(answered) {
            if f.down & (1 << index) != 0 {
                continue;
            }
            let instance = Tables::instance(tier, task.process, task.pop);
            let hit = served.filter(|(tier, _)| usize::from(*tier) == index);
            let hit = hit.map(|(_, slot)| self.stores[instance as usize].size(slot));
            self.metrics.asked(&Asked {
                backend: BackendId(tier.backend),
                instance: instance - tier.first,
                key: KeyId(f.inst),
                hit,
            });
        }
    }

    /// Serves a copy of a tier.
    pub(crate) fn serve_copy(
        &mut self,
        t: &Tables,
        frame: u32,
        tier: u8,
        slot: Slot,
        copy: Copy,
    ) -> Option<u32> {
        let table = &t.levels[self.frames[frame].level as usize];
        let task = self.frames[frame].task;
        let (process, pop) = (self.tasks[task].process, self.tasks[task].pop);
        let instance = Tables::instance(&table.tiers[tier as usize], process, pop);
        let store = &mut self.stores[instance as usize];
        store.touch(slot, self.now);
        let size = store.size(slot);
        let is_fresh = self.now < copy.fresh_until();
        if is_fresh && table.rules.sliding && !copy.negative {
            self.slide(t, instance, slot);
        }
        if is_fresh && tier > 0 {
            self.promote(t, frame, tier, slot);
        }
        let (missed_since, missed_writes) = self.missed(copy.provenance);
        let own = core::mem::replace(&mut self.frames[frame].provenance, NONE);
        self.let_go(own, None);
        let f = &mut self.frames[frame];
        let leak = copy.principal != f.principal;
        f.size = size;
        f.work = copy.work;
        if copy.negative {
            f.flags.set(Flags::ABSENT);
        }
        if f.parent != NONE && copy.provenance != NONE {
            f.provenance = copy.provenance;
            self.provenances.hold(copy.provenance);
        }
        self.serve(
            frame,
            Serve {
                from_copy: true,
                waited: false,
                expired: !is_fresh,
                bytes: size,
                missed_since,
                missed_writes,
                leak,
            },
        );
        let gathered = &mut self.tasks[task].gathered;
        gathered.origin_time_saved = gathered.origin_time_saved + copy.work;
        gathered.bytes_from_copies = gathered.bytes_from_copies.saturating_add(size);
        self.frames[frame].state = State::Done;
        Some(frame)
    }

    /// What a level answers, counted for it and for the request.
    pub(crate) fn serve(&mut self, frame: u32, serve: Serve) {
        let (level, inst, task) = {
            let f = &self.frames[frame];
            (LevelId(f.level), f.inst, f.task)
        };
        self.metrics.serve(level, self.now, &serve);
        let gathered = &mut self.tasks[task].gathered;
        gathered.leak |= serve.leak;
        if let Some(since) = serve.missed_since {
            gathered.out_of_date = true;
            gathered.staleness = gathered.staleness.max(self.now.since(since));
        }
        let key = KeyId(inst);
        self.note(frame, What::Serve { level, key, serve });
    }

    /// A read of a copy under a sliding ttl.
    fn slide(&mut self, t: &Tables, instance: u32, slot: Slot) {
        let now = self.now;
        let store = &mut self.stores[instance as usize];
        let rules = &t.levels[store.level(slot).index()].rules;
        let copy = store.get_mut(slot);
        let slid = copy.lifetimes(rules).slid(rules, now);
        copy.set_lifetimes(&slid);
        let leaves = copy.leaves(rules);
        store.set_dead_from(slot, leaves);
    }

    /// The answer of a frame is there, and whoever waits for it goes on.
    pub(crate) fn finish(&mut self, t: &Tables, frame: u32) -> Option<u32> {
        let f = &self.frames[frame];
        let (level, parent, began) = (f.level, f.parent, f.began);
        let is_background = f.flags.has(Flags::REFRESH);
        if t.levels[level as usize].is_stored && !is_background {
            let took = self.now.since(began);
            self.metrics.lookup_ended(LevelId(level), self.now, took);
        }
        if parent == NONE {
            self.end_task(t, frame);
            return None;
        }
        self.embed(t, parent, frame);
        self.free_frame(frame);
        Some(parent)
    }

    /// A frame is over. Nothing that was scheduled for it happens.
    pub(crate) fn free_frame(&mut self, frame: u32) {
        let f = &mut self.frames[frame];
        let provenance = f.provenance;
        let serial = f.serial.wrapping_add(1);
        *f = Frame {
            serial,
            state: State::Done,
            ..Frame::default()
        };
        self.frames.give_back(frame);
        self.let_go(provenance, None);
    }
}
