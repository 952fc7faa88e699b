//! A store and the accesses of a key-value trace, without the event engine: fills take no time, so
//! that a miss is stored at once. What is decided about copies is decided by the same functions.

use super::Outcome;
use crate::access::{Last, Operation};
use crate::copy::Copy;
use crate::options::Options;
use crate::random::{Sampler, Stream, jitter};
use crate::store::{Inserted, KeyId, NewCopy, Removed, Store};
use crate::tables::{Sharing, Tables, Tier, key_level};
use crate::yardstick::References;
use cachepolicy_core::LevelId;
use cachepolicy_core::decide::{
    Decision, FillEnd, FillOutcome, FillVerdict, Flight, Found, Hit, Lifetimes, decide, fill_ended,
};
use cachepolicy_core::ids::BackendId;
use cachepolicy_core::level::Level;
use cachepolicy_core::policy::{Capacity, Evict};
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::Block;
use cachepolicy_trace::block::{Accesses, NONE};
use cachepolicy_trace::event::AccessOperation;

/// An access of a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyAccess {
    pub(super) at: Time,
    pub(super) key: u32,
    pub(super) operation: AccessOperation,
    pub(super) bytes: Option<u64>,
    pub(super) ttl: Option<Duration>,
}

/// The accesses of a block in order.
pub(super) fn accesses(block: &Block) -> impl Iterator<Item = KeyAccess> + '_ {
    let columns: &Accesses = &block.accesses;
    let rows = columns.at.iter().zip(&columns.key).enumerate();
    rows.map(|(index, (&at, &key))| KeyAccess {
        at,
        key,
        operation: columns
            .operation
            .get(index)
            .copied()
            .unwrap_or(AccessOperation::Get),
        bytes: columns.bytes.said(index),
        ttl: columns.ttl.get(index).copied().flatten(),
    })
}

/// The level that accesses go to, whose only tier is the backend in question.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyLevel {
    pub(super) id: LevelId,
    pub(super) backend: BackendId,
    pub(super) tier: Tier,
    /// Instances of the backend.
    pub(super) instances: u32,
}

impl KeyLevel {
    /// `None`: accesses have to go through the event engine, if they go anywhere at all.
    pub(super) fn of(t: &Tables, backend: BackendId, options: &Options) -> Option<Self> {
        let id = key_level(&t.policy, options.level).ok()?;
        let table = t.levels.get(id.index())?;
        let [tier] = table.tiers.as_slice() else {
            return None;
        };
        let instances = t.backends.get(backend.index())?.count;
        (tier.backend == backend.0).then_some(Self {
            id,
            backend,
            tier: *tier,
            instances,
        })
    }
}

/// Which instance each access meets, as the engine hands them out.
#[derive(Debug)]
pub(super) struct Turns {
    sharing: Sharing,
    instances: u32,
    next: u32,
    pops: u32,
    pop: Stream,
}

impl Turns {
    pub(super) fn new(t: &Tables, level: &KeyLevel, seed: u64) -> Self {
        Self {
            sharing: level.tier.sharing,
            instances: level.instances.max(1),
            next: 0,
            pops: t.pops(),
            pop: Stream::new(seed, &["pop"]),
        }
    }

    pub(super) fn next(&mut self) -> u32 {
        match self.sharing {
            Sharing::All => 0,
            Sharing::Process => {
                let process = self.next;
                self.next = (self.next + 1) % self.instances;
                process
            }
            Sharing::Pop if self.pops <= 1 => 0,
            Sharing::Pop => self.pop.below(u64::from(self.pops)) as u32,
        }
    }
}

/// One size of the backend, all of its instances.
pub(super) struct KeyReplay<'t> {
    level: &'t Level,
    id: LevelId,
    ceiling: Option<Duration>,
    options: &'t Options,
    stores: Vec<Store<Copy>>,
    turns: Turns,
    last: Vec<Last>,
    size: Sampler,
    jitter: Stream,
    removed: Vec<Removed<Copy>>,
    counted_from: Time,
    outcome: Outcome,
    references: Option<References>,
}

impl<'t> KeyReplay<'t> {
    pub(super) fn new(
        t: &'t Tables,
        level: &KeyLevel,
        options: &'t Options,
        store: (Option<Capacity>, Evict),
        counted_from: Time,
    ) -> Self {
        let declared = &t.policy.levels[level.id.index()];
        let name = &t.policy.backends[level.backend.index()].name;
        let (capacity, evict) = store;
        let stores = (0..level.instances).map(|instance| {
            let number = u64::from(level.tier.first + instance);
            let seed = options.seed.wrapping_add(number);
            Store::new(capacity, evict, Stream::new(seed, &["evict", name]).bits())
        });
        Self {
            level: declared,
            id: level.id,
            ceiling: level.tier.ceiling,
            options,
            stores: stores.collect(),
            turns: Turns::new(t, level, options.seed),
            last: Vec::new(),
            size: Sampler::new(
                declared.size.otherwise,
                options.seed,
                "size",
                &declared.name,
            ),
            jitter: Stream::new(options.seed, &["jitter", &declared.name]),
            removed: Vec::new(),
            counted_from,
            outcome: Outcome::default(),
            references: None,
        }
    }

    /// Records what is asked for and stored.
    pub(super) fn watch(mut self, by_bytes: bool) -> Self {
        self.references = Some(References::new(by_bytes));
        self
    }

    /// What becomes of all accesses.
    pub(super) fn run(mut self, blocks: &[Block]) -> (Outcome, Option<References>) {
        for access in blocks.iter().flat_map(accesses) {
            self.take(&access);
        }
        (self.outcome, self.references)
    }

    fn take(&mut self, access: &KeyAccess) {
        let instance = self.turns.next();
        let index = access.key as usize;
        if access.key == NONE || instance as usize >= self.stores.len() {
            return;
        }
        if index >= self.last.len() {
            self.last.resize(index + 1, Last::default());
        }
        let last = &mut self.last[index];
        match last.take(access.operation, access.bytes, self.options.operations) {
            Operation::Get => self.get(instance, access),
            Operation::Fill => {
                let size = self.draw_size(access);
                let present = self.present(instance, access);
                let store = &self.stores[instance as usize];
                let is_known = present.is_some_and(|(slot, _)| store.size(slot) == size);
                if !is_known || access.ttl.is_some() {
                    self.put(instance, access);
                } else if let Some(references) = &mut self.references {
                    // A store that has lost the copy gets it here.
                    references.stored(instance, access.key, size);
                }
            }
            Operation::Write => self.put(instance, access),
            Operation::Delete => {
                if let Some((slot, _)) = self.present(instance, access) {
                    self.stores[instance as usize].remove(slot, access.at);
                }
            }
        }
    }

    /// The copy of a key, if it is not dead.
    fn present(&self, instance: u32, access: &KeyAccess) -> Option<(crate::store::Slot, Copy)> {
        let store = &self.stores[instance as usize];
        let slot = store.lookup(KeyId(access.key))?;
        let copy = store.get(slot);
        (access.at < copy.leaves(&self.level.rules)).then_some((slot, copy))
    }

    fn get(&mut self, instance: u32, access: &KeyAccess) {
        let (rules, now) = (&self.level.rules, access.at);
        if self.references.is_some() && now >= self.counted_from && self.outcome.lookups == 0 {
            self.references.iter_mut().for_each(References::warmed_up);
        }
        let present = self.present(instance, access);
        let found = present.map_or(Found::Nothing, |(_, copy)| Found::Copy {
            lifetimes: copy.lifetimes(rules),
            negative: false,
            fill_time: Duration::ZERO,
        });
        let decision = decide(rules, found, Flight::Nobody, now, 0.0);
        let counts = now >= self.counted_from;
        self.outcome.lookups += u64::from(counts);
        if let (Decision::Serve { outcome, refresh }, Some((slot, copy))) = (decision, present) {
            self.outcome.hits += u64::from(counts);
            let store = &mut self.stores[instance as usize];
            store.touch(slot, now);
            if outcome == Hit::Fresh && rules.sliding {
                let mut copy = copy;
                copy.set_lifetimes(&copy.lifetimes(rules).slid(rules, now));
                store.set_dead_from(slot, copy.leaves(rules));
                store.set(slot, copy);
            }
            if let Some(references) = &mut self.references {
                references.hit(instance, access.key, store.size(slot));
            }
            if refresh {
                let size = self.draw_size(access);
                self.fill(instance, access, size);
            }
        } else {
            let size = self.draw_size(access);
            self.fill(instance, access, size);
        }
    }

    /// The value of a `set`.
    fn put(&mut self, instance: u32, access: &KeyAccess) {
        let size = self.draw_size(access);
        self.fill(instance, access, size);
    }

    fn draw_size(&mut self, access: &KeyAccess) -> u64 {
        match access.bytes.filter(|_| self.level.size.from_trace) {
            Some(bytes) => bytes,
            None => self.size.bytes(),
        }
    }

    /// A value comes into the store.
    fn fill(&mut self, instance: u32, access: &KeyAccess, size: u64) {
        let (rules, now) = (&self.level.rules, access.at);
        let end = FillEnd {
            began: now,
            outcome: FillOutcome::Value {
                ttl: self.level.lifetime.named(access.ttl),
            },
            overtaken: false,
            backend_up: true,
            storable: true,
        };
        let draw = jitter(&mut self.jitter, rules);
        let verdict = fill_ended(rules, end, now, draw);
        if let FillVerdict::Store { lifetimes, .. } = verdict {
            self.store(instance, access, size, &lifetimes);
        }
    }

    fn store(&mut self, instance: u32, access: &KeyAccess, size: u64, lifetimes: &Lifetimes) {
        let mut copy = Copy::new(lifetimes, false);
        if let Some(ceiling) = self.ceiling {
            copy.resides_until = access.at + ceiling;
        }
        let store = &mut self.stores[instance as usize];
        let new = NewCopy {
            key: KeyId(access.key),
            level: self.id,
            size,
            dead_from: copy.leaves(&self.level.rules),
            value: copy,
        };
        let inserted = store.insert(new, access.at, &mut self.removed);
        self.removed.clear();
        self.outcome.entries_peak = self.outcome.entries_peak.max(store.len() as u64);
        self.outcome.bytes_peak = self.outcome.bytes_peak.max(store.bytes());
        if let (Inserted::Stored(_), Some(references)) = (inserted, &mut self.references) {
            references.stored(instance, access.key, size);
        }
    }
}
