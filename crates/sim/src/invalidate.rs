//! An invalidation is applied: copies go, and the fills that are under way are overtaken.

use crate::deliver::{ANY, Effect, EffectOn, Reach};
use crate::engine::Engine;
use crate::events::What;
use crate::intern::NONE;
use crate::metrics::{ActionIx, Cause};
use crate::provenance::INHERITED;
use crate::state::Fill;
use crate::store::{KeyId, Slot};
use crate::tables::{Sharing, Tables};
use crate::tracking::Doing;
use cachepolicy_core::LevelId;
use cachepolicy_core::edge::Verb;

impl Engine {
    /// Applies the whole list of a delivery to everything that it reaches.
    pub(crate) fn apply(&mut self, t: &Tables, payload: u32, reach: Reach) {
        let effects = core::mem::take(&mut self.deliveries.payloads[payload].effects);
        let args = core::mem::take(&mut self.deliveries.payloads[payload].args);
        let mut rest = effects.as_slice();
        while let Some(first) = rest.first() {
            let same = rest.iter().take_while(|e| e.action == first.action).count();
            let (group, others) = rest.split_at(same);
            let removed = group
                .iter()
                .map(|effect| self.apply_one(t, effect, &args, reach))
                .sum();
            let action = ActionIx(first.action);
            self.metrics.delivery(action, removed);
            self.note(NONE, What::Delivery { action, removed });
            rest = others;
        }
        self.deliveries.payloads[payload].effects = effects;
        self.deliveries.payloads[payload].args = args;
        // A call in the writer's process reaches its memory too; what comes over a bus is done
        // by somebody else.
        self.tell_readers(t, reach.process.unwrap_or(NONE));
        self.tell_settled();
    }

    fn apply_one(&mut self, t: &Tables, effect: &Effect, args: &[u32], reach: Reach) -> u64 {
        match effect.target {
            EffectOn::Tag(tag) => self.apply_to_tag(t, effect, tag, reach),
            EffectOn::Level(level, first) => {
                let count = t.levels[level.index()].params;
                let args = &args[first as usize..first as usize + count];
                let mut removed = self.apply_to_level(t, effect.verb, level, args, reach);
                if effect.cascade {
                    let name = [args, &[u32::from(level.0)]].concat();
                    // A fill under way may be the first to embed it.
                    let tag = match self.tags.find_embedding(&name) {
                        None if self.fills.live() > 0 => Some(self.tags.embedding(&name)),
                        known => known,
                    };
                    if let Some(tag) = tag {
                        removed += self.apply_to_tag(t, effect, tag, reach);
                    }
                }
                removed
            }
        }
    }

    fn apply_to_level(
        &mut self,
        t: &Tables,
        verb: Verb,
        level: LevelId,
        args: &[u32],
        reach: Reach,
    ) -> u64 {
        if !args.contains(&ANY) {
            let mut removed = 0;
            for inst in self.variants(t, level, args) {
                if !self.is_acted_on(t, verb, inst, reach) {
                    continue;
                }
                removed += self.apply_to_key(t, verb, inst, reach, |_, _| true);
                self.overtake_key(t, inst, reach);
            }
            return removed;
        }
        let removed = if args.iter().all(|arg| *arg == ANY) {
            self.apply_to_family(t, verb, level, reach)
        } else {
            self.apply_to_part(t, verb, level, args, reach)
        };
        let mut fill = self.levels[level.index()].fills;
        while fill != NONE {
            let running = &self.fills[fill];
            let next = running.of_level.after;
            if self.is_meant(t, running.inst, args) && self.is_reached(t, running, reach) {
                self.fills[fill].overtaken = true;
            }
            fill = next;
        }
        if verb == Verb::Bump && self.raises_version(t, &t.levels[level.index()], reach) {
            self.bump_asked_for(t, level, args, reach);
        }
        removed
    }

    /// Applies a verb to those copies of a level whose parameters are meant by arguments with `*`.
    fn apply_to_part(
        &mut self,
        t: &Tables,
        verb: Verb,
        level: LevelId,
        args: &[u32],
        reach: Reach,
    ) -> u64 {
        let (known, release) = (&self.keys, self.release);
        let is_current = |inst: u32| inst >= release && !known.is_unreachable(inst);
        let mut keys = self.deliveries.keys.find(level.0, args, is_current);
        keys.retain(|&inst| self.is_resident(t, verb, inst, reach));
        let mut removed = 0;
        for inst in keys {
            removed += self.apply_to_key(t, verb, inst, reach, |_, _| true);
        }
        removed
    }

    /// Does a delivery act on the keys that this one is of? A version is that of one process's keys.
    fn is_acted_on(&self, t: &Tables, verb: Verb, inst: u32, reach: Reach) -> bool {
        let table = &t.levels[self.keys.level(inst).index()];
        verb != Verb::Bump || self.has_version_of(table, inst, reach)
    }

    /// Has a key a copy that a delivery acts on?
    fn is_resident(&self, t: &Tables, verb: Verb, inst: u32, reach: Reach) -> bool {
        let table = &t.levels[self.keys.level(inst).index()];
        table.tiers.iter().any(|tier| {
            let mut instances = self.acted_on(t, verb, table, tier.backend, reach);
            instances.any(|it| self.stores[it as usize].lookup(KeyId(inst)).is_some())
        })
    }

    /// The keys of a level with these parameters. Those that nobody can ask for any more leave the
    /// list of variants on this occasion.
    fn variants(&mut self, t: &Tables, level: LevelId, args: &[u32]) -> Vec<u32> {
        let mut key = core::mem::take(&mut self.set);
        key.clear();
        key.extend_from_slice(args);
        key.push(u32::from(level.0));
        let mut found = Vec::new();
        if t.levels[level.index()].extras.is_empty() {
            found.extend(self.find_key(level, args));
        } else if let Some(set) = self.parameters.find(&key) {
            let mut before = NONE;
            let mut inst = self.first_variant[set as usize];
            while inst != NONE {
                let next = self.variants[inst as usize].next;
                if self.is_current(inst) {
                    found.push(inst);
                    before = inst;
                } else if before == NONE {
                    self.first_variant[set as usize] = next;
                } else {
                    self.variants[before as usize].next = next;
                }
                inst = next;
            }
        }
        self.set = key;
        found
    }

    /// The instances of a backend that a delivery arrives at.
    pub(crate) fn reached(&self, t: &Tables, backend: u16, reach: Reach) -> core::ops::Range<u32> {
        let table = &t.backends[backend as usize];
        if !reach.has(t, backend) || self.now < self.backends[backend as usize].down_until {
            return 0..0;
        }
        match (table.sharing, reach.process) {
            (Sharing::Process, Some(process)) => table.first + process..table.first + process + 1,
            (Sharing::Process, None) => 0..0,
            (Sharing::All | Sharing::Pop, _) => table.first..table.first + table.count,
        }
    }

    /// Applies a verb to the copies of a key that `is_meant` takes, farthest tier first.
    fn apply_to_key(
        &mut self,
        t: &Tables,
        verb: Verb,
        inst: u32,
        reach: Reach,
        is_meant: impl Fn(&Self, u32) -> bool,
    ) -> u64 {
        let table = &t.levels[self.keys.level(inst).index()];
        let mut removed = 0;
        for tier in table.tiers.iter().rev() {
            for instance in self.acted_on(t, verb, table, tier.backend, reach) {
                let store = &self.stores[instance as usize];
                let Some(slot) = store.lookup(KeyId(inst)) else {
                    continue;
                };
                if self.now >= store.get(slot).leaves(&table.rules)
                    || !is_meant(self, store.get(slot).provenance)
                {
                    continue;
                }
                removed += u64::from(self.apply_to_copy(t, verb, instance, slot));
            }
        }
        self.applied_to_key(t, verb, inst, reach, removed);
        removed
    }

    /// So many copies of a key were removed or expired.
    pub(crate) fn applied_to_key(
        &mut self,
        t: &Tables,
        verb: Verb,
        inst: u32,
        reach: Reach,
        removed: u64,
    ) {
        let level = self.keys.level(inst);
        if removed > 0 {
            self.causes[inst as usize] = Cause::Invalidation;
        }
        if verb == Verb::Bump && self.raises_version(t, &t.levels[level.index()], reach) {
            self.bump(inst);
        }
    }

    /// Was something done to the copy?
    pub(crate) fn apply_to_copy(
        &mut self,
        t: &Tables,
        verb: Verb,
        instance: u32,
        slot: Slot,
    ) -> bool {
        match verb {
            Verb::Purge => {
                let gone = self.stores[instance as usize].remove(slot, self.now);
                self.left(t, instance, &gone);
                true
            }
            Verb::Expire if self.is_told_of(t, instance, slot) => {
                // Its process is not told of what becomes of it from now on, since it has changed it itself.
                let was_fresh = self.now < self.stores[instance as usize].get(slot).fresh_until();
                self.apply_to_copy(t, Verb::Purge, instance, slot);
                was_fresh
            }
            Verb::Expire => {
                let now = self.now;
                let store = &mut self.stores[instance as usize];
                let rules = &t.levels[store.level(slot).index()].rules;
                let mut copy = store.get(slot);
                let was_fresh = now < copy.fresh_until();
                let expired = copy.lifetimes(rules).expired(rules, now);
                copy.set_lifetimes(&expired);
                store.expire(slot, copy.fresh_until(), copy.leaves(rules));
                let inst = store.key(slot).0;
                if was_fresh {
                    self.note_change(t, t.backend_of[instance as usize], inst, Doing::Command);
                }
                was_fresh
            }
            Verb::Bump => {
                self.hide(instance, slot);
                true
            }
        }
    }

    fn apply_to_tag(&mut self, t: &Tables, effect: &Effect, tag: u32, reach: Reach) -> u64 {
        for backend in 0..t.backends.len() as u16 {
            if !self.reached(t, backend, reach).is_empty() {
                let process = match t.backends[backend as usize].sharing {
                    Sharing::Process => reach.process.unwrap_or(NONE),
                    Sharing::All | Sharing::Pop => NONE,
                };
                self.tags
                    .purged(tag, backend, process, effect.cascade, self.now);
            }
        }
        let mut members = self.tags.take_members(tag);
        members.sort_unstable_by_key(|&inst| (self.keys.level(inst), inst));
        let cascade = effect.cascade;
        let bears = |engine: &Self, provenance: u32| engine.bears(provenance, tag, cascade);
        let mut removed = 0;
        for &inst in &members {
            // Members bear the tag, or embed what does.
            if self.is_current(inst)
                && self.has_bearer(t, inst, tag, cascade)
                && self.is_acted_on(t, effect.verb, inst, reach)
            {
                removed += self.apply_to_key(t, effect.verb, inst, reach, bears);
            }
        }
        members.retain(|&inst| {
            let is_there = self.is_current(inst) && self.has_bearer(t, inst, tag, true);
            if !is_there {
                self.tags.drop_pair(tag, inst);
            }
            is_there
        });
        self.tags.put_back(tag, members);
        removed
    }

    /// Does a result bear a tag, itself or through what it embeds?
    fn bears(&self, provenance: u32, tag: u32, inherited: bool) -> bool {
        if provenance == NONE {
            return false;
        }
        let tags = self.provenances.tags(provenance);
        tags.contains(&tag) || (inherited && tags.contains(&(tag | INHERITED)))
    }

    /// Has a key a copy that bears a tag, itself or through what it embeds?
    fn has_bearer(&self, t: &Tables, inst: u32, tag: u32, inherited: bool) -> bool {
        let level = self.keys.level(inst);
        t.levels[level.index()].tiers.iter().any(|tier| {
            let table = &t.backends[tier.backend as usize];
            (table.first..table.first + table.count).any(|instance| {
                let store = &self.stores[instance as usize];
                store
                    .lookup(KeyId(inst))
                    .is_some_and(|slot| self.bears(store.get(slot).provenance, tag, inherited))
            })
        })
    }

    fn overtake_key(&mut self, t: &Tables, inst: u32, reach: Reach) {
        let mut fill = self.running.first(inst);
        while fill != NONE {
            let next = self.fills[fill].of_key.after;
            if self.is_reached(t, &self.fills[fill], reach) {
                self.fills[fill].overtaken = true;
            }
            fill = next;
        }
    }

    /// Does a delivery arrive where a fill's result would be stored?
    fn is_reached(&self, t: &Tables, fill: &Fill, reach: Reach) -> bool {
        t.levels[fill.level as usize].tiers.iter().any(|tier| {
            let is_own = tier.sharing != Sharing::Process || reach.process == Some(fill.process);
            is_own && !self.reached(t, tier.backend, reach).is_empty()
        })
    }

    /// Was an invalidation of a fill's key delivered at the very instant at which it begins?
    pub(crate) fn was_delivered_now(&mut self, t: &Tables, fill: u32) -> bool {
        if self.deliveries.now.1.is_empty() {
            return false;
        }
        self.forget_earlier_instants();
        let fill = &self.fills[fill];
        let count = t.levels[fill.level as usize].params;
        self.deliveries.now.1.iter().any(|&(payload, reach)| {
            let payload = &self.deliveries.payloads[payload];
            self.is_reached(t, fill, reach)
                && payload.effects.iter().any(|effect| match effect.target {
                    EffectOn::Level(level, first) if level.0 == fill.level => {
                        let first = first as usize;
                        self.is_meant(t, fill.inst, &payload.args[first..first + count])
                    }
                    EffectOn::Level(..) | EffectOn::Tag(_) => false,
                })
        })
    }
}

/// Are these parameters meant by arguments, of which some may be `*`?
pub(crate) fn matches(params: &[u32], args: &[u32]) -> bool {
    params
        .iter()
        .zip(args)
        .all(|(param, arg)| *arg == ANY || param == arg)
}
