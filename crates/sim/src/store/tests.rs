//! Stores of every policy against a naive model.

use super::examples::copy;
use super::*;
use cachepolicy_core::units::{Bytes, Duration};
use proptest::prelude::*;
use std::collections::HashMap;

#[derive(Debug, Clone)]
enum Operation {
    /// A read, and a store of so many bytes if it misses.
    Use {
        key: u32,
        size: u64,
        life: Option<i64>,
    },
    /// A store, whether the key is there or not.
    Put {
        key: u32,
        size: u64,
        life: Option<i64>,
    },
    Remove {
        key: u32,
    },
    Kill {
        key: u32,
        life: Option<i64>,
    },
    Purge {
        level: u16,
    },
    Flush,
    Collect,
    Wait {
        nanos: i64,
    },
}

/// Lengths of time of all magnitudes.
fn nanos() -> impl Strategy<Value = i64> {
    prop_oneof![
        Just(0),
        1i64..8,
        1i64..1_000,
        (0u32..60).prop_map(|bit| 1i64 << bit)
    ]
}

fn life() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![2 => Just(None), 3 => nanos().prop_map(Some), 1 => Just(Some(-5))]
}

fn operation() -> impl Strategy<Value = Operation> {
    let key = || 0u32..12;
    let size = || prop_oneof![Just(0u64), 1u64..6, 1u64..40, Just(u64::MAX)];
    prop_oneof![
        8 => (key(), size(), life()).prop_map(|(key, size, life)| Operation::Use { key, size, life }),
        3 => (key(), size(), life()).prop_map(|(key, size, life)| Operation::Put { key, size, life }),
        1 => key().prop_map(|key| Operation::Remove { key }),
        1 => (key(), life()).prop_map(|(key, life)| Operation::Kill { key, life }),
        1 => (0u16..3).prop_map(|level| Operation::Purge { level }),
        1 => Just(Operation::Flush),
        1 => Just(Operation::Collect),
        4 => nanos().prop_map(|nanos| Operation::Wait { nanos }),
    ]
}

fn capacity() -> impl Strategy<Value = Option<Capacity>> {
    prop_oneof![
        1 => Just(None),
        4 => (0u64..9).prop_map(|entries| Some(Capacity::Entries(entries))),
        4 => prop_oneof![0u64..4, 5u64..60, 200u64..300]
            .prop_map(|bytes| Some(Capacity::Bytes(Bytes(bytes)))),
    ]
}

fn evict() -> impl Strategy<Value = Evict> {
    proptest::sample::select(Evict::ALL.map(|(_, evict)| evict).to_vec())
}

/// Two instants, and two numbers.
impl Value for u64 {
    type Rest = Self;

    fn apart(self) -> Apart<Self> {
        let second = |seconds: Self| Time::ZERO + Duration::from_secs(seconds as i64);
        Apart {
            fresh_until: second(self % 3),
            stored: second(self / 3 % 3),
            depends: (self / 9 % 2) as u32,
            rest: self / 18,
        }
    }

    fn joined(apart: Apart<Self>) -> Self {
        let seconds = |time: Time| time.since(Time::ZERO).nanos() as Self / 1_000_000_000;
        18 * apart.rest
            + 9 * Self::from(apart.depends)
            + 3 * seconds(apart.stored)
            + seconds(apart.fresh_until)
    }
}

/// A copy as the model sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Copy {
    level: u16,
    size: u64,
    dead_from: Time,
    value: u64,
}

/// The store and what must be in it.
struct Model {
    store: Store<u64>,
    capacity: Option<Capacity>,
    evict: Evict,
    copies: HashMap<u32, Copy>,
    /// Keys in the order in which they were stored, and used.
    stored: Vec<u32>,
    used: Vec<u32>,
    now: Time,
    next: u64,
}

fn to_end(order: &mut Vec<u32>, key: u32) {
    order.retain(|&other| other != key);
    order.push(key);
}

impl Model {
    fn new(capacity: Option<Capacity>, evict: Evict) -> Self {
        Self {
            store: Store::new(capacity, evict, 7),
            capacity,
            evict,
            copies: HashMap::new(),
            stored: Vec::new(),
            used: Vec::new(),
            now: Time::from_nanos(-3),
            next: 0,
        }
    }

    fn run(&mut self, operation: &Operation) {
        match *operation {
            Operation::Use { key, size, life } => match self.store.lookup(KeyId(key)) {
                Some(slot) => {
                    self.store.touch(slot, self.now);
                    to_end(&mut self.used, key);
                }
                None => self.put(key, size, life),
            },
            Operation::Put { key, size, life } => self.put(key, size, life),
            Operation::Remove { key } => {
                if let Some(slot) = self.store.lookup(KeyId(key)) {
                    let removed = self.store.remove(slot, self.now);
                    assert_eq!(removed.reason, Reason::Taken);
                    self.gone(&removed);
                }
            }
            Operation::Kill { key, life } => {
                if let Some(slot) = self.store.lookup(KeyId(key)) {
                    let dead_from = self.instant(life);
                    self.store.set_dead_from(slot, dead_from);
                    self.copies.get_mut(&key).unwrap().dead_from = dead_from;
                }
            }
            Operation::Purge { level } => {
                let family = |store: &Store<u64>| store.family(LevelId(level)).next();
                while let Some(slot) = family(&self.store) {
                    let removed = self.store.remove(slot, self.now);
                    self.gone(&removed);
                }
                assert_eq!(self.store.len_of(LevelId(level)), 0);
            }
            Operation::Flush => {
                let mut removed = Vec::new();
                self.store.flush(&mut removed);
                for copy in &removed {
                    assert_eq!(copy.reason, Reason::Flushed);
                    self.gone(copy);
                }
                assert!(self.copies.is_empty() && self.store.is_empty());
            }
            Operation::Collect => {
                let mut removed = Vec::new();
                self.store.collect(self.now, &mut removed);
                self.expired(&removed);
            }
            Operation::Wait { nanos } => {
                self.now = Time::from_nanos(self.now.nanos().saturating_add(nanos));
            }
        }
    }

    fn instant(&self, life: Option<i64>) -> Time {
        life.map_or(Time::NEVER, |life| {
            Time::from_nanos(self.now.nanos().saturating_add(life))
        })
    }

    fn weigh(&self, size: u64) -> u64 {
        match self.capacity {
            Some(Capacity::Bytes(_)) => size,
            _ => 1,
        }
    }

    fn room(&self) -> u64 {
        match self.capacity {
            None => u64::MAX,
            Some(Capacity::Bytes(bytes)) => bytes.0,
            Some(Capacity::Entries(entries)) => entries,
        }
    }

    fn weight(&self) -> u64 {
        self.copies.values().map(|copy| self.weigh(copy.size)).sum()
    }

    fn gone(&mut self, removed: &Removed<u64>) -> Copy {
        let copy = self.copies.remove(&removed.key.0).unwrap();
        assert_eq!(removed.level.0, copy.level);
        assert_eq!(removed.size, copy.size);
        assert_eq!(removed.value, copy.value);
        self.stored.retain(|&key| key != removed.key.0);
        self.used.retain(|&key| key != removed.key.0);
        copy
    }

    /// The dead have left, and only they.
    fn expired(&mut self, removed: &[Removed<u64>]) {
        for copy in removed {
            assert_eq!(copy.reason, Reason::Expired);
            assert!(self.gone(copy).dead_from <= self.now);
        }
        assert!(self.copies.values().all(|copy| copy.dead_from > self.now));
    }

    fn put(&mut self, key: u32, size: u64, life: Option<i64>) {
        self.next += 1;
        let copy = Copy {
            level: (self.next % 3) as u16,
            size,
            dead_from: self.instant(life),
            value: self.next,
        };
        let mut removed = Vec::new();
        let new = NewCopy {
            key: KeyId(key),
            level: LevelId(copy.level),
            size,
            dead_from: copy.dead_from,
            value: copy.value,
        };
        let inserted = self.store.insert(new, self.now, &mut removed);
        let dead = removed.partition_point(|copy| copy.reason == Reason::Expired);
        self.expired(&removed[..dead]);
        for gone in &removed[dead..] {
            self.made_room(gone, key, size);
        }
        match inserted {
            Inserted::Stored(slot) => {
                assert_eq!(self.store.lookup(KeyId(key)), Some(slot));
                assert!(
                    !self.copies.contains_key(&key),
                    "the older one was handed out"
                );
                self.copies.insert(key, copy);
                to_end(&mut self.stored, key);
                to_end(&mut self.used, key);
            }
            Inserted::TooLarge => {
                assert!(self.weigh(size) > self.room());
                assert!(!self.copies.contains_key(&key));
            }
            Inserted::Refused => {
                assert!(matches!(self.evict, Evict::None | Evict::WTinyLfu));
                assert!(self.weigh(size) <= self.room());
            }
        }
    }

    /// A copy left so that the new copy fits, and had to.
    fn made_room(&mut self, gone: &Removed<u64>, key: u32, size: u64) {
        if gone.key.0 == key {
            assert_eq!(gone.reason, Reason::Replaced);
            self.gone(gone);
            return;
        }
        assert_eq!(gone.reason, Reason::Evicted);
        let older = self
            .copies
            .get(&key)
            .map_or(0, |copy| self.weigh(copy.size));
        let needed = u128::from(self.weight() - older) + u128::from(self.weigh(size));
        let culls = self.evict == Evict::DjangoLocmem;
        assert!(
            culls || needed > u128::from(self.room()),
            "nobody had to leave"
        );
        match self.evict {
            Evict::Lru => assert_eq!(Some(&gone.key.0), self.used.first()),
            Evict::Fifo => assert_eq!(Some(&gone.key.0), self.stored.first()),
            Evict::DjangoLocmem => assert_eq!(Some(&gone.key.0), self.used.first()),
            Evict::None => panic!("`none` evicts nobody"),
            _ => {}
        }
        self.gone(gone);
    }

    fn check(&self) {
        let store = &self.store;
        assert!(self.weight() <= self.room(), "above its capacity");
        assert_eq!(store.len(), self.copies.len());
        let bytes: u128 = self.copies.values().map(|copy| u128::from(copy.size)).sum();
        assert_eq!(store.bytes(), u64::try_from(bytes).unwrap_or(u64::MAX));
        for key in 0..12 {
            let slot = store.lookup(KeyId(key));
            assert_eq!(
                slot.map(|slot| store.get(slot)),
                self.copies.get(&key).map(|copy| copy.value)
            );
            if let (Some(slot), Some(copy)) = (slot, self.copies.get(&key)) {
                assert_eq!(store.key(slot), KeyId(key));
                assert_eq!(store.level(slot), LevelId(copy.level));
                assert_eq!(store.size(slot), copy.size);
            }
        }
        for level in 0..3 {
            let mut family: Vec<u32> = store
                .family(LevelId(level))
                .map(|slot| store.key(slot).0)
                .collect();
            family.sort_unstable();
            let mut expected: Vec<u32> = self
                .stored
                .iter()
                .copied()
                .filter(|key| self.copies[key].level == level)
                .collect();
            expected.sort_unstable();
            assert_eq!(family, expected);
            assert_eq!(store.len_of(LevelId(level)), expected.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn stores_do_what_the_model_does(
        capacity in capacity(),
        evict in evict(),
        operations in proptest::collection::vec(operation(), 0..120),
    ) {
        let mut model = Model::new(capacity, evict);
        for operation in &operations {
            model.run(operation);
            model.check();
        }
    }

    /// A store that sees few of many keys turns its index into a hash table and back.
    #[test]
    fn keys_of_all_magnitudes_are_found(
        keys in proptest::collection::vec(prop_oneof![0u32..100, 0u32..70_000, 0u32..20_000_000], 1..200),
        entries in 1u64..300,
    ) {
        let mut store = Store::new(Some(Capacity::Entries(entries)), Evict::Fifo, 0);
        let mut removed = Vec::new();
        let mut there: Vec<u32> = Vec::new();
        for &key in &keys {
            store.insert(copy(key, 1, Time::NEVER), Time::ZERO, &mut removed);
            to_end(&mut there, key);
            if there.len() as u64 > entries {
                there.remove(0);
            }
        }
        for key in keys {
            prop_assert_eq!(store.lookup(KeyId(key)).is_some(), there.contains(&key));
        }
        prop_assert_eq!(store.len(), there.len());
    }
}
