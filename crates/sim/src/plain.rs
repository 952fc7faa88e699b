//! Look-ups that come to nothing but a plain hit: they need no frame.
//!
//! A look-up begins with no more than a [`Look`]; the slot of its frame is kept free for it. If the
//! nearest tier has a copy that serves it whoever fills and whatever is drawn, as the core tells
//! (see [`plain_until`]), it is answered on the spot. Whatever else it comes to, a miss, a stale
//! copy, a further tier, a backend that is down: the frame is written, and goes on as any other.
//! `plain/tests.rs` replays random traces both ways and compares the reports.

#[cfg(test)]
mod tests;

use crate::engine::Engine;
use crate::intern::NONE;
use crate::metrics::{Asked, Outcome, Serve};
use crate::queue::{Class, Look};
use crate::state::{Flags, Frame, Slab, State, TaskKind};
use crate::store::KeyId;
use crate::tables::{LevelTable, Tables};
use crate::walk::Place;
use cachepolicy_core::LevelId;
use cachepolicy_core::decide::{Decision, FillReason, Flight, Found, decide, plain_until};
use cachepolicy_core::ids::BackendId;
use cachepolicy_core::units::Duration;

/// Where the nearest tier has a copy, if it has one, and whether it is fresh.
pub(crate) type Nearest = Option<(Place, bool)>;

/// Writes the frame that a look-up becomes.
fn write(frames: &mut Slab<Frame>, look: &Look, state: State) {
    let f = &mut frames[look.frame];
    *f = Frame {
        state,
        level: look.level.0,
        task: look.task,
        parent: look.parent,
        inst: look.inst,
        link: look.link,
        principal: look.principal,
        serial: f.serial,
        began: look.began,
        ..Frame::default()
    };
}

impl Engine {
    /// A task looks a level up; its parameters are in `self.tuple`. The frame that goes on now, if
    /// one does.
    #[inline]
    pub(crate) fn look_up(
        &mut self,
        t: &Tables,
        task: u32,
        parent: u32,
        level: LevelId,
    ) -> Option<u32> {
        let inst = self.key_of(t, task, level, NONE);
        self.look_up_key(t, task, parent, (level, inst), NONE)
    }

    /// The same, of the level of a link.
    #[inline]
    pub(crate) fn look_up_link(
        &mut self,
        t: &Tables,
        task: u32,
        parent: u32,
        link: u32,
    ) -> Option<u32> {
        let links = &self.ingest.paths.links;
        let level = links.get(link).level;
        let variants = &t.levels[level.index()].variants;
        let inst = variants
            .number(self.tasks[task].digits)
            .map(|variant| links.known_key(link, variants, variant))
            .filter(|&known| known != NONE && self.is_current(known));
        let inst = inst.unwrap_or_else(|| self.key_of(t, task, level, link));
        self.look_up_key(t, task, parent, (level, inst), link)
    }

    /// The same, of a key that is known.
    pub(crate) fn look_up_key(
        &mut self,
        t: &Tables,
        task: u32,
        parent: u32,
        key: (LevelId, u32),
        link: u32,
    ) -> Option<u32> {
        let look = self.new_look(t, task, parent, key, link);
        let table = &t.levels[look.level.index()];
        let Some(latency) = self.plain_latency(t, table, &look) else {
            write(&mut self.frames, &look, State::Enter);
            return Some(look.frame);
        };
        if latency > Duration::ZERO {
            let at = self.now + latency;
            if !self.is_next(at, Class::LookUp) {
                self.queue.push_look(table.line, at, look);
                return None;
            }
            self.now = at;
        }
        self.answer(t, &look)
    }

    /// A look-up that is nothing else yet.
    #[inline]
    pub(crate) fn new_look(
        &mut self,
        t: &Tables,
        task: u32,
        parent: u32,
        (level, inst): (LevelId, u32),
        link: u32,
    ) -> Look {
        let principal = self.principal(t, task, level, link);
        let frame = self.frames.take();
        self.tasks[task].current = frame;
        Look {
            frame,
            task,
            parent,
            inst,
            link,
            principal,
            level,
            began: self.now,
        }
    }

    /// A frame for a look-up that has not begun.
    pub(crate) fn write_frame(&mut self, look: &Look) -> u32 {
        write(&mut self.frames, look, State::Enter);
        look.frame
    }

    /// How long the nearest tier takes to answer, where there is nothing else to a look-up until
    /// then.
    #[inline]
    fn plain_latency(&self, t: &Tables, table: &LevelTable, look: &Look) -> Option<Duration> {
        let latency = table.nearest_latency?;
        let tier = table.tiers.first()?;
        let is_up = self.now >= self.backends[usize::from(tier.backend)].down_until;
        let has_thread = || {
            let task = &self.tasks[look.task];
            task.has_thread || task.kind == TaskKind::Background
        };
        let is_plain = is_up
            && self.observer.is_none()
            && (table.is_edge || !self.processes.are_limited() || has_thread())
            && self
                .left_out(t, table, look.task, look.level, look.link)
                .is_none();
        is_plain.then_some(latency)
    }

    /// The nearest tier answers. The frame that goes on now, if one does.
    pub(crate) fn answer(&mut self, t: &Tables, look: &Look) -> Option<u32> {
        let table = &t.levels[look.level.index()];
        let tier = table.tiers.first()?;
        if self.now < self.backends[usize::from(tier.backend)].down_until {
            write(&mut self.frames, look, State::Looking);
            return Some(look.frame);
        }
        let task = &self.tasks[look.task];
        let instance = Tables::instance(tier, task.process, task.pop);
        let store = &self.stores[instance as usize];
        let found = store.lookup(KeyId(look.inst)).map(|slot| {
            let place = Place {
                tier: 0,
                instance,
                slot,
            };
            (place, store.get(slot))
        });
        if let Some((place, copy)) = found {
            let plain_until =
                plain_until(&table.rules, &copy.lifetimes(&table.rules), copy.negative);
            if self.now < plain_until.min(copy.resides_until) {
                self.metrics.asked(&Asked {
                    backend: BackendId(tier.backend),
                    instance: instance - tier.first,
                    key: KeyId(look.inst),
                    hit: Some(store.size(place.slot)),
                });
                return self.serve_plainly(t, look, place);
            }
        }
        if found.is_none()
            && table.misses_plainly
            && self.running.first(look.inst) == NONE
            && let Decision::Fill(FillReason::Missing) =
                decide(&table.rules, Found::Nothing, Flight::Nobody, self.now, 0.0)
        {
            return Some(self.miss_plainly(t, look, instance - tier.first));
        }
        let resides = found.filter(|(_, copy)| self.now < copy.leaves(&table.rules));
        self.nearest = resides.map(|(place, copy)| (place, self.now < copy.fresh_until()));
        write(&mut self.frames, look, State::Found);
        Some(look.frame)
    }

    /// Nobody has a copy, nor fills: see [`Engine::decided`].
    fn miss_plainly(&mut self, t: &Tables, look: &Look, instance: u32) -> u32 {
        let (level, inst) = (look.level, look.inst);
        let table = &t.levels[level.index()];
        if let Some(tier) = table.tiers.first() {
            self.metrics.asked(&Asked {
                backend: BackendId(tier.backend),
                instance,
                key: KeyId(inst),
                hit: None,
            });
        }
        self.count_outcome(level, inst, Outcome::Miss);
        let cause = self.causes[inst as usize];
        write(&mut self.frames, look, State::Children);
        self.frames[look.frame].flags.set(Flags::COUNTED);
        self.begin_fill(t, look.frame, NONE, cause);
        self.prepare_work(t, look.frame);
        look.frame
    }

    /// See [`Engine::serve_copy`] and [`Engine::finish`].
    #[inline]
    fn serve_plainly(&mut self, t: &Tables, look: &Look, place: Place) -> Option<u32> {
        let &Look {
            frame,
            task,
            parent,
            inst,
            level,
            ..
        } = look;
        self.count_outcome(level, inst, Outcome::Fresh);
        let store = &mut self.stores[place.instance as usize];
        store.touch(place.slot, self.now);
        let size = store.size(place.slot);
        let copy = store.get(place.slot);
        let (provenance, principal, work) = (copy.provenance, copy.principal, copy.work);
        let (missed_since, missed_writes) = self.missed(provenance);
        let serve = Serve {
            from_copy: true,
            waited: false,
            expired: false,
            bytes: size,
            missed_since,
            missed_writes,
            leak: principal != look.principal,
        };
        self.count_serve(level, task, &serve);
        self.tasks[task].gathered.take_copy(work, size);
        let took = self.now.since(look.began);
        self.metrics.lookup_ended(level, self.now, took);
        self.frames.give_back(frame);
        if parent == NONE {
            self.answer_task(t, task, false, size);
            return None;
        }
        let f = &mut self.frames[parent];
        f.work = f.work + work;
        self.tasks[task].current = parent;
        self.take_in(t, parent, provenance);
        if t.has_cascade {
            self.remember_embedded(t, parent, inst);
        }
        Some(parent)
    }

    /// All look-ups get their frames, where all frames are looked through.
    pub(crate) fn write_looks(&mut self) {
        let frames = &mut self.frames;
        self.queue.disband(|look| {
            write(frames, look, State::Looking);
            frames[look.frame].serial
        });
    }
}
