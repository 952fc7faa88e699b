//! Who leaves, policy by policy, where the known answers do not tell: they cover `lru`, `fifo`,
//! `clock`, `lfu`, `sieve`, `s3fifo` and `arc`, which draw no lots.

use super::sketch::Sketch;
use crate::store::{Inserted, KeyId, NewCopy, Removed, Store};
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::policy::{Capacity, Evict};
use cachepolicy_core::units::{Bytes, Time};
use proptest::prelude::*;

struct Cache {
    store: Store<()>,
    now: Time,
    left: Vec<Removed<()>>,
}

impl Cache {
    fn new(evict: Evict, capacity: Capacity, seed: u64) -> Self {
        Self {
            store: Store::new(Some(capacity), evict, seed),
            now: Time::ZERO,
            left: Vec::new(),
        }
    }

    fn of(evict: Evict, entries: u64) -> Self {
        Self::new(evict, Capacity::Entries(entries), 1)
    }

    fn at(&mut self, second: i64) -> &mut Self {
        self.now = Time::from_nanos(second * 1_000_000_000);
        self
    }

    fn put(&mut self, key: u32, size: u64) -> Inserted {
        let new = NewCopy {
            key: KeyId(key),
            level: LevelId(0),
            size,
            dead_from: Time::NEVER,
            value: (),
        };
        self.store.insert(new, self.now, &mut self.left)
    }

    /// Reads the key, and stores it if it is not there. Was it there?
    fn get(&mut self, key: u32) -> bool {
        match self.store.lookup(KeyId(key)) {
            Some(slot) => {
                self.store.touch(slot, self.now);
                true
            }
            None => {
                self.put(key, 1);
                false
            }
        }
    }

    fn has(&self, key: u32) -> bool {
        self.store.lookup(KeyId(key)).is_some()
    }

    /// The keys that left since this was asked last.
    fn left(&mut self) -> Vec<u32> {
        self.left.drain(..).map(|copy| copy.key.0).collect()
    }
}

/// Slots that were in use before are then taken in another order.
#[test]
fn lru_begins_anew_after_a_flush() {
    let mut cache = Cache::of(Evict::Lru, 3);
    for key in 0..3 {
        cache.get(key);
    }
    cache.store.flush(&mut cache.left);
    for key in [4, 5, 4, 6, 7] {
        cache.get(key);
    }
    assert_eq!(
        [4, 5, 6, 7].map(|key| cache.has(key)),
        [true, false, true, true]
    );
}

#[test]
fn lfu_prefers_the_count_that_is_older_among_equals() {
    let mut cache = Cache::of(Evict::Lfu, 3);
    for key in [1, 2, 3, 2, 1, 3, 3] {
        cache.get(key);
    }
    cache.get(4);
    assert_eq!(cache.left(), [2], "2 was read before 1");
    cache.get(5);
    assert_eq!(cache.left(), [4], "a new copy begins with one use");
}

#[test]
fn s3fifo_gives_who_returns_a_place_in_the_main_queue() {
    let mut cache = Cache::of(Evict::S3Fifo, 20);
    for key in 0..30 {
        cache.get(key);
    }
    let ghost = cache.left()[0];
    cache.get(ghost);
    for key in 100..115 {
        cache.get(key);
    }
    assert!(cache.has(ghost), "newcomers leave through the small queue");
}

#[test]
fn random_spares_nobody_and_prefers_nobody() {
    let mut times = [0; 10];
    for seed in 0..10_000 {
        let mut cache = Cache::new(Evict::Random, Capacity::Entries(10), seed);
        for key in 0..11 {
            cache.get(key);
        }
        times[cache.left()[0] as usize] += 1;
    }
    // A binomial of 10,000 and 1/10 has a standard deviation of 30.
    assert!(
        times.iter().all(|times| (850..1_150).contains(times)),
        "{times:?}"
    );
}

#[test]
fn redis_lru_evicts_who_was_idle_for_long() {
    let mut cache = Cache::of(Evict::RedisLru, 1_000);
    for key in 0..1_000 {
        cache.at(key.into()).get(key);
    }
    for key in 1_000..1_200 {
        cache.at(key.into()).get(key);
    }
    let left = cache.left();
    let mean = left.iter().sum::<u32>() as f64 / left.len() as f64;
    // The oldest of five draws of 1,000 is the 167th on average; the pool does better, exact
    // LRU evicts the first 200.
    assert!((99.5..167.0).contains(&mean), "{mean}");
}

#[test]
fn redis_lru_survives_the_wrap_of_its_clock() {
    let wrap = 1 << 24;
    let mut cache = Cache::of(Evict::RedisLru, 100);
    for key in 0..50 {
        cache.at(wrap - 100).get(key);
    }
    for key in 50..101 {
        cache.at(wrap + 1).get(key);
    }
    assert!(cache.left()[0] < 50);
}

#[test]
fn redis_lfu_evicts_who_is_rarely_used_and_forgets_with_time() {
    let mut cache = Cache::of(Evict::RedisLfu, 100);
    for _ in 0..200 {
        for key in 0..50 {
            cache.get(key);
        }
    }
    for key in 50..1_000 {
        cache.get(key);
    }
    assert!(
        (0..50).all(|key| cache.has(key)),
        "those with many uses stay"
    );
    cache.left();
    cache.at(60 * 60);
    for key in 2_000..2_200 {
        cache.get(key);
    }
    assert!(
        (0..50).filter(|&key| cache.has(key)).count() < 20,
        "an hour later they may go"
    );
}

#[test]
fn django_culls_a_third_of_the_least_recently_used() {
    let mut cache = Cache::of(Evict::DjangoLocmem, 10);
    for key in 0..10 {
        cache.get(key);
    }
    cache.get(0);
    cache.get(10);
    assert_eq!(cache.left(), [1, 2, 3]);
    cache.get(11);
    assert_eq!(cache.left(), [0_u32; 0]);
    let mut small = Cache::of(Evict::DjangoLocmem, 2);
    for key in 0..3 {
        small.get(key);
    }
    assert_eq!(small.left(), [0]);
}

#[test]
fn none_refuses_and_still_overwrites() {
    let mut cache = Cache::new(Evict::None, Capacity::Bytes(Bytes(10)), 1);
    assert!(matches!(cache.put(1, 6), Inserted::Stored(_)));
    assert_eq!(cache.put(2, 5), Inserted::Refused);
    assert_eq!(cache.put(1, 11), Inserted::TooLarge);
    assert!(matches!(cache.put(1, 4), Inserted::Stored(_)));
    assert!(matches!(cache.put(2, 6), Inserted::Stored(_)));
    assert_eq!(cache.put(2, 7), Inserted::Refused);
    assert!(cache.has(1) && cache.has(2), "who is there stays");
}

#[test]
fn wtinylfu_does_not_let_a_scan_through() {
    let mut cache = Cache::of(Evict::WTinyLfu, 100);
    for _ in 0..10 {
        for key in 0..80 {
            cache.get(key);
        }
    }
    for key in 1_000..2_000 {
        cache.get(key);
    }
    let kept = (0..80).filter(|&key| cache.has(key)).count();
    assert!(kept >= 78, "{kept} of 80");
}

#[test]
fn wtinylfu_refuses_what_is_larger_than_its_window_and_not_wanted() {
    let mut cache = Cache::new(Evict::WTinyLfu, Capacity::Bytes(Bytes(1_000)), 1);
    for _ in 0..5 {
        for key in 0..10 {
            if cache.has(key) {
                cache.get(key);
            } else {
                cache.put(key, 99);
            }
        }
    }
    assert_eq!(cache.put(20, 99), Inserted::Refused);
    let mut tries = 1;
    while cache.put(20, 99) == Inserted::Refused {
        tries += 1;
        assert!(tries < 15, "asked for often enough, it gets in");
    }
    assert!(tries > 3);
}

proptest! {
    #[test]
    fn a_sketch_never_counts_too_little(
        keys in proptest::collection::vec(0u32..40, 0..150),
        fit in 20u64..200,
    ) {
        let mut sketch = Sketch::default();
        sketch.fit(fit);
        for &key in &keys {
            sketch.count(KeyId(key));
        }
        for key in 0..40 {
            let uses = keys.iter().filter(|&&other| other == key).count() as u64;
            prop_assert!(sketch.estimate(KeyId(key)) >= uses.min(15));
        }
    }
}

#[test]
fn a_sketch_ages() {
    let mut sketch = Sketch::default();
    sketch.fit(1_024);
    for _ in 0..15 {
        sketch.count(KeyId(0));
    }
    for key in 1..10_225 {
        sketch.count(KeyId(key));
    }
    assert_eq!(sketch.estimate(KeyId(0)), 15);
    sketch.count(KeyId(20_000));
    assert_eq!(sketch.estimate(KeyId(0)), 7, "ten uses for each copy");
}
