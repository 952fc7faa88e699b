//! Copies come into stores and leave them.

use crate::copy::Copy;
use crate::engine::Engine;
use crate::events::What;
use crate::intern::NONE;
use crate::metrics::{Cause, Leaving, Stored};
use crate::state::Variant;
use crate::store::{Inserted, KeyId, NewCopy, Placed, Reason, Removed};
use crate::tables::{Extra, LevelTable, Tables};
use crate::tracking::Doing;
use crate::walk::Place;
use cachepolicy_core::decide::{Lifetimes, Rules, plain_until};
use cachepolicy_core::ids::{BackendId, LevelId};
use cachepolicy_core::units::{Duration, Time};

/// What it means that a copy left its store.
pub(crate) struct Left {
    /// For the figures.
    pub(crate) why: Leaving,
    /// When nobody could use it any more.
    pub(crate) died: Time,
    /// Why its key has no copy now, where that is a new reason.
    pub(crate) cause: Option<Cause>,
}

impl Left {
    /// Of a copy of a level with these rules that left just now.
    #[inline]
    pub(crate) fn of(reason: Reason, copy: &Copy, rules: &Rules, now: Time) -> Self {
        let (why, cause) = match reason {
            Reason::Evicted => {
                let fresh = now < copy.fresh_until();
                (Leaving::Evicted { fresh }, Some(Cause::Eviction))
            }
            Reason::Expired => (Leaving::Expired, None),
            Reason::Replaced => (Leaving::Replaced, None),
            Reason::Flushed => (Leaving::Flushed, None),
            Reason::Taken => (Leaving::Purged, None),
        };
        Self {
            why,
            died: now.min(copy.leaves(rules)),
            cause,
        }
    }
}

impl Engine {
    /// Is there a tier that takes the frame's result: up, and not left out when it was asked?
    pub(crate) fn can_store(&self, t: &Tables, frame: u32) -> bool {
        let f = &self.frames[frame];
        let table = &t.levels[f.level as usize];
        if table.misses_plainly
            && let Some(only) = table.tiers.first()
        {
            let is_left_out = f.down & 1 != 0;
            return !is_left_out && self.now >= self.backends[only.backend as usize].down_until;
        }
        table.tiers.iter().enumerate().any(|(index, tier)| {
            f.down & (1 << index) == 0
                && self.is_tracked_now(table, index as u8, f.down)
                && self.now >= self.backends[tier.backend as usize].down_until
        })
    }

    /// Stores a fill's result in every tier that takes it, farthest first. Is it in one of them?
    pub(crate) fn store_copy(
        &mut self,
        t: &Tables,
        frame: u32,
        lifetimes: &Lifetimes,
        negative: bool,
        fill_time: Duration,
    ) -> bool {
        let f = &self.frames[frame];
        let mut copy = Copy::new(lifetimes, negative);
        copy.fill_time = fill_time;
        copy.work = f.work;
        copy.provenance = f.provenance;
        copy.principal = f.principal;
        copy.changes_before = self.tracking.changes();
        if t.levels[f.level as usize].misses_plainly {
            let (down, size) = (f.down, f.size);
            let is_stored = down & 1 == 0 && self.store_in(t, frame, 0, copy, size);
            if is_stored {
                self.index_tags(frame);
            }
            return is_stored;
        }
        let (down, size, count) = (f.down, f.size, t.levels[f.level as usize].tiers.len());
        let mut is_stored = count == 0;
        let tracked = t.levels[f.level as usize]
            .tracked
            .map(|tracked| tracked.tier);
        for tier in (0..count as u8).rev() {
            let is_taken = down & (1 << tier) == 0 && self.store_in(t, frame, tier, copy, size);
            is_stored |= is_taken;
            if !is_taken && tracked == Some(tier) {
                self.keep_nothing(t, frame);
                break;
            }
        }
        if is_stored {
            self.index_tags(frame);
        }
        self.tell_and_read(t, frame);
        is_stored
    }

    /// A fresh copy of a farther tier comes to the nearer ones. It is read and stored at one
    /// instant, so that no invalidation can come in between.
    pub(crate) fn promote(&mut self, t: &Tables, frame: u32, place: Place) {
        let store = &self.stores[place.instance as usize];
        let (mut copy, size) = (store.get(place.slot), store.size(place.slot));
        let down = self.frames[frame].down;
        copy.resides_until = Time::NEVER;
        let tracked = t.levels[self.frames[frame].level as usize].tracked;
        if tracked.is_none_or(|tracked| place.tier >= tracked.tier) {
            copy.changes_before = self.tracking.changes();
        } // else it is no newer than what its process read from the tracked tier
        for nearer in (0..place.tier).rev() {
            if down & (1 << nearer) == 0 {
                self.store_in(t, frame, nearer, copy, size);
            }
        }
        self.tell_and_read(t, frame);
    }

    /// Others are told of what a frame's process changed in a tracked tier, and it reads that there.
    fn tell_and_read(&mut self, t: &Tables, frame: u32) {
        let by = self.tasks[self.frames[frame].task].process;
        self.tell_readers(t, by);
        self.remember_reader(t, frame);
    }

    fn store_in(&mut self, t: &Tables, frame: u32, tier: u8, mut copy: Copy, size: u64) -> bool {
        let f = &self.frames[frame];
        let (level, inst, task) = (LevelId(f.level), f.inst, f.task);
        let table = &t.levels[level.index()];
        let place = &table.tiers[tier as usize];
        if self.now < self.backends[place.backend as usize].down_until
            || !self.is_tracked_now(table, tier, f.down)
        {
            return false;
        }
        if let Some(ceiling) = place.ceiling {
            copy.resides_until = self.now + ceiling;
        }
        let mut quiet_until = Time::DISTANT_PAST;
        if self.lane.is_some_and(|lane| lane.fills_at_once(level)) {
            // As a stretch would store it, so that all copies stay alike.
            copy.forget_fill(&table.rules);
            quiet_until = plain_until(&table.rules, &copy.lifetimes(&table.rules), copy.negative);
        }
        let (process, pop) = (self.tasks[task].process, self.tasks[task].pop);
        let instance = Tables::instance(place, process, pop);
        let new = NewCopy {
            key: KeyId(inst),
            level,
            size,
            dead_from: copy.leaves(&table.rules),
            value: copy,
        };
        let mut removed = core::mem::take(&mut self.removed);
        let placed = Placed { new, quiet_until };
        let inserted = self.stores[instance as usize].place(placed, self.now, &mut removed);
        for copy in removed.drain(..) {
            self.left(t, instance, &copy);
        }
        self.removed = removed;
        self.fetch_dying(instance);
        let backend = BackendId(place.backend);
        let has_variants = table.has_variants;
        match inserted {
            Inserted::Stored(_) => {
                if copy.provenance != NONE {
                    self.provenances.hold(copy.provenance);
                }
                self.causes[inst as usize] = Cause::Expiry;
                let stored = Stored {
                    backend,
                    instance: instance - t.backends[backend.index()].first,
                    level,
                    key: KeyId(inst),
                    bytes: size,
                };
                if self.metrics.stored(&stored) && has_variants {
                    let parameters = self.variants[inst as usize].parameters;
                    self.metrics.variant_stored(backend, level, parameters);
                }
                self.note_change(t, place.backend, inst, Doing::Command);
                let (key, bytes) = (stored.key, size);
                self.note(
                    frame,
                    What::Stored {
                        backend,
                        level,
                        key,
                        bytes,
                    },
                );
                true
            }
            Inserted::TooLarge => {
                self.metrics.too_large(backend);
                self.causes[inst as usize] = Cause::Eviction;
                false
            }
            Inserted::Refused => {
                self.causes[inst as usize] = Cause::Eviction;
                false
            }
        }
    }

    /// A copy left an instance of a backend.
    pub(crate) fn left(&mut self, t: &Tables, instance: u32, gone: &Removed<Copy>) {
        let rules = &t.levels[gone.level.index()].rules;
        let Left { why, died, cause } = Left::of(gone.reason, &gone.value, rules, self.now);
        if let Some(cause) = cause {
            self.causes[gone.key.0 as usize] = cause;
        }
        let doing = match gone.reason {
            Reason::Evicted => Some(Doing::Backend),
            Reason::Taken | Reason::Replaced => Some(Doing::Command),
            // All are told of a flush at once; an end is looked for.
            Reason::Flushed | Reason::Expired => None,
        };
        if let Some(doing) = doing {
            self.note_change(t, t.backend_of[instance as usize], gone.key.0, doing);
        }
        self.let_go(gone.value.provenance, Some(died));
        let backend = BackendId(t.backend_of[instance as usize]);
        self.metrics.removed(backend, gone.level, gone.size, why);
        self.note(
            NONE,
            What::Removed {
                backend,
                level: gone.level,
                key: gone.key,
                bytes: gone.size,
                why,
            },
        );
    }

    /// The key of `self.tuple` was never asked for; or only in an earlier release.
    pub(crate) fn add_key(
        &mut self,
        inst: u32,
        table: &LevelTable,
        level: LevelId,
        was_forgotten: bool,
    ) {
        let params = table.params;
        let values = self.tuple.get(..params).unwrap_or_default();
        self.deliveries.keys.add(level.0, values, inst);
        let mut parameters = inst;
        let mut next_variant = NONE;
        if table.has_variants {
            // A URL holds the parameters, and is what a page is known by.
            let url = table.extras.iter().position(|extra| *extra == Extra::Url);
            if table.is_target {
                let (set, is_new) = self.parameter_set(level, params);
                if is_new {
                    self.first_variant.push(NONE);
                }
                let first = &mut self.first_variant[set as usize];
                next_variant = core::mem::replace(first, inst);
                parameters = set;
            } else if url.is_none() {
                let (set, is_new) = self.parameter_set(level, params);
                if is_new {
                    self.first_variant.push(NONE);
                }
                parameters = set;
            }
            if let Some(url) = url {
                parameters = self.tuple[params + url];
            }
            let none = Variant {
                parameters: NONE,
                next: NONE,
            };
            self.variants.resize(inst as usize, none);
            self.variants.push(Variant {
                parameters,
                next: next_variant,
            });
        }
        let cause = if was_forgotten {
            Cause::Deploy
        } else {
            Cause::ColdStart
        };
        self.causes.push(cause);
    }

    fn parameter_set(&mut self, level: LevelId, params: usize) -> (u32, bool) {
        let mut set = core::mem::take(&mut self.set);
        set.clear();
        set.extend_from_slice(&self.tuple[..params]);
        set.push(u32::from(level.0));
        let found = self.parameters.intern(&set);
        self.set = set;
        found
    }

    /// Is this key one of the present release?
    #[inline]
    pub(crate) fn is_current(&self, inst: u32) -> bool {
        inst >= self.release && !self.keys.is_unreachable(inst)
    }
}
