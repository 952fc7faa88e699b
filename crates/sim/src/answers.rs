//! What a look-up comes to: how it counts, what is served, and who goes on.

use crate::engine::Engine;
use crate::events::What;
use crate::intern::NONE;
use crate::metrics::{Asked, Cause, Outcome, Serve};
use crate::state::{Flags, State};
use crate::store::{KeyId, Slot};
use crate::tables::Tables;
use crate::tracking::Doing;
use crate::walk::Place;
use cachepolicy_core::ids::{BackendId, LevelId};

impl Engine {
    /// Why there is nothing to serve.
    pub(crate) fn cause(
        &self,
        frame: u32,
        reason: cachepolicy_core::decide::FillReason,
        has_copy: bool,
    ) -> Cause {
        use cachepolicy_core::decide::FillReason;
        let known = self.causes[self.frames[frame].inst as usize];
        match (reason, has_copy) {
            (FillReason::Early, _) => Cause::EarlyRefresh,
            (_, true) if known != Cause::Invalidation => Cause::Expiry,
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
        self.count_outcome(level, inst, outcome);
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

    #[inline]
    pub(crate) fn count_outcome(&mut self, level: LevelId, inst: u32, outcome: Outcome) {
        self.metrics.lookup(level, self.now, outcome);
        if !matches!(outcome, Outcome::Bypass(_)) {
            self.count_lookup(level, inst, outcome);
        }
    }

    /// Of a key at risk: how often it is looked up, and what comes while it is filled.
    #[inline]
    pub(crate) fn count_lookup(&mut self, level: LevelId, inst: u32, outcome: Outcome) {
        if !self.metrics.has_risks(level) {
            return;
        }
        let facts = self.facts_mut(inst);
        facts.lookups = facts.lookups.saturating_add(1);
        if self.running.count(inst) > 0 {
            let place = self.facts_of(inst).place;
            self.metrics.met_fill(level, KeyId(inst), place, outcome);
        }
    }

    /// How many look-ups a key has had, of a level whose fills take time.
    pub(crate) fn lookups_of(&self, inst: u32) -> u32 {
        self.facts_of(inst).lookups
    }

    /// The tiers that a look-up asked have answered, the first time of its walk; `served`: the one
    /// whose copy is served.
    #[inline]
    pub(crate) fn count_asked(
        &mut self,
        t: &Tables,
        frame: u32,
        asked: usize,
        served: Option<Place>,
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
            let hit = served.filter(|place| usize::from(place.tier) == index);
            let hit = hit.map(|place| self.stores[instance as usize].size(place.slot));
            self.metrics.asked(&Asked {
                backend: BackendId(tier.backend),
                instance: instance - tier.first,
                key: KeyId(f.inst),
                hit,
            });
        }
    }

    /// Serves a copy of a tier.
    pub(crate) fn serve_copy(&mut self, t: &Tables, frame: u32, place: Place) -> Option<u32> {
        let rules = &t.levels[self.frames[frame].level as usize].rules;
        let Place { instance, slot, .. } = place;
        let store = &mut self.stores[instance as usize];
        store.touch(slot, self.now);
        let size = store.size(slot);
        let copy = store.get(slot);
        let (provenance, principal, work) = (copy.provenance, copy.principal, copy.work);
        let (is_fresh, is_negative) = (self.now < copy.fresh_until(), copy.negative);
        if is_fresh && rules.sliding && !is_negative {
            self.slide(t, instance, slot);
        }
        if is_fresh && place.tier > 0 {
            self.promote(t, frame, place);
        }
        let (missed_since, missed_writes) = self.missed(provenance);
        let own = core::mem::replace(&mut self.frames[frame].provenance, NONE);
        self.let_go(own, None);
        let f = &mut self.frames[frame];
        let task = f.task;
        let leak = principal != f.principal;
        f.state = State::Done;
        f.size = size;
        f.work = work;
        if is_negative {
            f.flags.set(Flags::ABSENT);
        }
        if f.parent != NONE && provenance != NONE {
            f.provenance = provenance;
            self.provenances.hold(provenance);
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
        self.tasks[task].gathered.take_copy(work, size);
        Some(frame)
    }

    /// What a level answers, counted for it and for the request.
    pub(crate) fn serve(&mut self, frame: u32, serve: Serve) {
        let (level, inst, task) = {
            let f = &self.frames[frame];
            (LevelId(f.level), f.inst, f.task)
        };
        self.count_serve(level, task, &serve);
        let key = KeyId(inst);
        self.note(frame, What::Serve { level, key, serve });
    }

    #[inline]
    pub(crate) fn count_serve(&mut self, level: LevelId, task: u32, serve: &Serve) {
        self.metrics.serve(level, self.now, serve);
        let gathered = &mut self.tasks[task].gathered;
        gathered.leak |= serve.leak;
        if let Some(since) = serve.missed_since {
            gathered.out_of_date = true;
            gathered.staleness = gathered.staleness.max(self.now.since(since));
        }
    }

    /// A read of a copy under a sliding ttl.
    fn slide(&mut self, t: &Tables, instance: u32, slot: Slot) {
        let now = self.now;
        let store = &mut self.stores[instance as usize];
        let rules = &t.levels[store.level(slot).index()].rules;
        let mut copy = store.get(slot);
        let slid = copy.lifetimes(rules).slid(rules, now);
        copy.set_lifetimes(&slid);
        store.set(slot, copy);
        store.set_dead_from(slot, copy.leaves(rules));
        let inst = store.key(slot).0;
        self.note_change(t, t.backend_of[instance as usize], inst, Doing::Command);
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
        let provenance = core::mem::replace(&mut f.provenance, NONE);
        f.serial = f.serial.wrapping_add(1);
        // Whoever looks through all frames passes over it; whoever takes it writes the rest anew.
        f.task = NONE;
        f.flags = Flags::default();
        f.state = State::Done;
        self.frames.give_back(frame);
        self.let_go(provenance, None);
    }
}
