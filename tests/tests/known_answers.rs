//! Eviction policies against counts from outside the project, on real traces.
//!
//! The counts were made with libCacheSim 0.3.5 and with a second, independent program; where the
//! two disagree, as for `arc`, the policy's own page says which variant is built, and these are its
//! counts. Those of Caffeine and Django are their own. docs/eviction.md says how to repeat them,
//! `tests/data/kv/README.md` where the traces are from.
#![allow(missing_docs, reason = "a test")]
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking"
)]

use cachepolicy_core::ids::LevelId;
use cachepolicy_core::policy::{Capacity, Evict};
use cachepolicy_core::units::{Bytes, Time};
use cachepolicy_sim::Options;
use cachepolicy_sim::store::{KeyId, NewCopy, Store};
use cachepolicy_tests::run::{compile, replay};
use cachepolicy_trace::{AccessKey, Event, Format, ReadOptions, Source};
use std::collections::HashMap;
use std::fs::File;

const CLOUD_PHYSICS: &str = "cloudPhysicsIO.oracleGeneral.bin.gz";
const MULTI1: &str = "multi1.trace.gz";
const TWO_POOLS: &str = "2_pools.trace.gz";
const WEB07: &str = "web07.trace.gz";
const P3: &str = "P3.lis.zst";

/// Capacities of the table below, in MiB.
const CLOUD_PHYSICS_MIB: [u64; 8] = [128, 256, 384, 512, 640, 768, 896, 1024];

/// Misses with a capacity in bytes.
const CLOUD_PHYSICS_MISSES: [(Evict, [u64; 8]); 7] = [
    (
        Evict::Lru,
        [93374, 89783, 83572, 81722, 72494, 72104, 71972, 71704],
    ),
    (
        Evict::Fifo,
        [93403, 89386, 84387, 84025, 72498, 72228, 72182, 72140],
    ),
    (
        Evict::Clock,
        [93313, 89775, 83411, 81328, 74815, 72283, 71927, 64456],
    ),
    (
        Evict::Lfu,
        [91699, 86720, 78578, 76707, 69945, 66221, 64445, 64376],
    ),
    (
        Evict::Sieve,
        [91699, 86720, 78578, 76707, 69945, 66221, 64445, 64376],
    ),
    (
        Evict::S3Fifo,
        [90117, 80915, 75060, 72191, 69815, 65542, 60799, 56045],
    ),
    (
        Evict::Arc,
        [90252, 85861, 78168, 74297, 67381, 65685, 64439, 64772],
    ),
];

/// Misses of the clairvoyant algorithm (Belady, IBM Systems Journal 5(2), 1966) with sizes.
const CLOUD_PHYSICS_BELADY: [u64; 8] = [79256, 70724, 65481, 61594, 59645, 57599, 50873, 48974];

/// Policies of the columns below.
const UNIT_POLICIES: [Evict; 7] = [
    Evict::Lru,
    Evict::Fifo,
    Evict::Clock,
    Evict::Lfu,
    Evict::Sieve,
    Evict::Arc,
    Evict::S3Fifo,
];

/// Hits with a capacity in copies: trace, capacity, hits by policy, hits of the clairvoyant
/// algorithm.
const UNIT_HITS: [(&str, u64, [u64; 7], u64); 8] = [
    (
        MULTI1,
        400,
        [7258, 6142, 7336, 7774, 7774, 7805, 8423],
        8922,
    ),
    (
        MULTI1,
        1000,
        [7648, 7103, 7704, 7888, 7888, 7889, 9712],
        11322,
    ),
    (
        TWO_POOLS,
        100,
        [21946, 19379, 23866, 46865, 47895, 46878, 44629],
        50639,
    ),
    (
        TWO_POOLS,
        500,
        [51062, 42701, 51659, 51862, 51864, 51845, 51913],
        62845,
    ),
    (
        WEB07,
        75,
        [23706, 22188, 24259, 17387, 26167, 26184, 26962],
        35426,
    ),
    (
        WEB07,
        300,
        [31895, 29688, 32380, 25925, 34270, 33954, 35502],
        42536,
    ),
    (
        WEB07,
        1200,
        [39314, 37333, 39837, 35477, 41497, 41340, 42002],
        49205,
    ),
    (
        WEB07,
        3000,
        [44559, 42741, 44952, 43156, 46088, 46023, 45997],
        53495,
    ),
];

/// Hits of Django 5.2's own backend, by `benches/peers/django_locmem.py`: trace, `MAX_ENTRIES`,
/// hits. 300 is Django's default.
const DJANGO_HITS: [(&str, u64, u64); 15] = [
    (MULTI1, 3, 135),
    (MULTI1, 100, 2290),
    (MULTI1, 300, 6888),
    (MULTI1, 1200, 7647),
    (MULTI1, 3000, 13252),
    (TWO_POOLS, 3, 490),
    (TWO_POOLS, 100, 18847),
    (TWO_POOLS, 300, 41616),
    (TWO_POOLS, 1200, 54416),
    (TWO_POOLS, 3000, 61740),
    (WEB07, 3, 8764),
    (WEB07, 100, 24320),
    (WEB07, 300, 30885),
    (WEB07, 1200, 38356),
    (WEB07, 3000, 43494),
];

/// Misses of Caffeine 3 with a capacity in copies, where the lots that it draws change nothing.
const CAFFEINE_MISSES: [(&str, u64, u64); 4] = [
    (MULTI1, 400, 7602),
    (TWO_POOLS, 500, 48103),
    (WEB07, 75, 49203),
    (WEB07, 1200, 37195),
];

/// The same with a capacity in bytes, on the cloud's trace.
const CAFFEINE_CLOUD_PHYSICS: [(u64, u64); 7] = [
    (256, 84080),
    (384, 77825),
    (512, 70724),
    (640, 70671),
    (768, 66151),
    (896, 60936),
    (1024, 59357),
];

fn open(name: &str) -> Box<dyn Source> {
    let path = format!("{}/data/kv/{name}", env!("CARGO_MANIFEST_DIR"));
    let format = if name.contains(".trace.") {
        Format::named("keys")
    } else {
        None
    };
    let options = ReadOptions {
        format,
        ..ReadOptions::default()
    };
    let file = File::open(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    cachepolicy_trace::open(Box::new(file), name, &options)
        .unwrap_or_else(|error| panic!("{error}"))
}

/// An access with its key as a dense number.
struct Read {
    key: KeyId,
    size: u64,
    at: Time,
}

fn reads(name: &str) -> Vec<Read> {
    let mut source = open(name);
    let mut keys: HashMap<AccessKey, u32> = HashMap::new();
    let mut reads = Vec::new();
    let mut event = Event::default();
    while source.next(&mut event).unwrap() {
        let Event::Access(access) = &event else {
            panic!("{name} has other events than accesses");
        };
        let next = keys.len() as u32;
        let key = *keys.entry(access.key.clone()).or_insert(next);
        reads.push(Read {
            key: KeyId(key),
            size: access.bytes.unwrap_or(1),
            at: access.at,
        });
    }
    reads
}

fn hits(reads: &[Read], capacity: Capacity, evict: Evict) -> u64 {
    let mut store = Store::new(Some(capacity), evict, 1);
    let mut removed = Vec::new();
    let mut hits = 0;
    for read in reads {
        if let Some(slot) = store.lookup(read.key) {
            store.touch(slot, read.at);
            hits += 1;
        } else {
            let copy = NewCopy {
                key: read.key,
                level: LevelId(0),
                size: read.size,
                dead_from: Time::NEVER,
                value: (),
            };
            store.insert(copy, read.at, &mut removed);
            removed.clear();
        }
    }
    hits
}

fn mib(mib: u64) -> Capacity {
    Capacity::Bytes(Bytes(mib << 20))
}

#[test]
fn misses_with_a_capacity_in_bytes() {
    let reads = reads(CLOUD_PHYSICS);
    assert_eq!(reads.len(), 113_872);
    for (evict, expected) in CLOUD_PHYSICS_MISSES {
        let misses =
            CLOUD_PHYSICS_MIB.map(|size| reads.len() as u64 - hits(&reads, mib(size), evict));
        assert_eq!(misses, expected, "{}", evict.name());
    }
}

#[test]
fn hits_with_a_capacity_in_copies() {
    for (name, capacity, expected, _) in UNIT_HITS {
        let reads = reads(name);
        let hits = UNIT_POLICIES.map(|evict| hits(&reads, Capacity::Entries(capacity), evict));
        assert_eq!(hits, expected, "{name}, {capacity} entries");
    }
}

#[test]
fn hits_of_django() {
    for (name, entries, expected) in DJANGO_HITS {
        let hits = hits(
            &reads(name),
            Capacity::Entries(entries),
            Evict::DjangoLocmem,
        );
        assert_eq!(hits, expected, "{name}, {entries} entries");
    }
}

#[test]
fn misses_of_caffeine() {
    for (name, entries, expected) in CAFFEINE_MISSES {
        let reads = reads(name);
        let hits = hits(&reads, Capacity::Entries(entries), Evict::WTinyLfu);
        let misses = reads.len() as u64 - hits;
        assert_eq!(misses, expected, "{name}, {entries} entries");
    }
    let reads = reads(CLOUD_PHYSICS);
    for (size, expected) in CAFFEINE_CLOUD_PHYSICS {
        let misses = reads.len() as u64 - hits(&reads, mib(size), Evict::WTinyLfu);
        assert_eq!(misses, expected, "{size} MiB");
    }
}

#[test]
fn hits_of_the_arc_papers_trace() {
    let reads = reads(P3);
    assert_eq!(reads.len(), 3_912_296);
    for (evict, percent) in [(Evict::Lru, "3.57"), (Evict::Arc, "17.10")] {
        let hits = hits(&reads, Capacity::Entries(32_768), evict);
        let ratio = 100.0 * hits as f64 / reads.len() as f64;
        assert_eq!(format!("{ratio:.2}"), percent, "{}", evict.name());
    }
}

#[test]
fn nobody_does_better_than_the_clairvoyant() {
    for (name, capacity, _, best) in UNIT_HITS {
        let reads = reads(name);
        for (policy, evict) in Evict::ALL {
            let hits = hits(&reads, Capacity::Entries(capacity), evict);
            assert!(hits < best, "{policy} on {name}: {hits} of at most {best}");
        }
    }
    let reads = reads(CLOUD_PHYSICS);
    for (size, fewest) in CLOUD_PHYSICS_MIB.into_iter().zip(CLOUD_PHYSICS_BELADY) {
        for (policy, evict) in Evict::ALL {
            let misses = reads.len() as u64 - hits(&reads, mib(size), evict);
            assert!(
                misses > fewest,
                "{policy} with {size} MiB: {misses} of at least {fewest}"
            );
        }
    }
}

/// Hits and misses of a whole run: a trace's file, a policy's text, a report.
fn simulated(name: &str, capacity: &str, evict: Evict) -> (u64, u64) {
    let evict = evict.name();
    let policy = compile(&format!(
        "policy kv {{ edition 1 }}
         backend cache memory {{ capacity {capacity}; evict {evict} }}
         object entry(key) {{ store cache; ttl forever; size from trace else 1KiB }}"
    ));
    let report = replay(&policy, Options::default(), &mut *open(name));
    let level = &report.levels["entry"];
    assert_eq!(level.fresh + level.miss, level.lookups);
    (level.fresh, level.miss)
}

#[test]
fn simulations_count_the_same_with_a_capacity_in_bytes() {
    for (evict, expected) in &CLOUD_PHYSICS_MISSES[..2] {
        let misses =
            CLOUD_PHYSICS_MIB.map(|size| simulated(CLOUD_PHYSICS, &format!("{size}MiB"), *evict).1);
        assert_eq!(misses, *expected, "{}", evict.name());
    }
}

#[test]
fn simulations_count_the_same_with_a_capacity_in_copies() {
    for (name, capacity, expected, _) in UNIT_HITS {
        for (evict, expected) in UNIT_POLICIES.into_iter().zip(expected).take(2) {
            let (hits, _) = simulated(name, &format!("{capacity} entries"), evict);
            assert_eq!(
                hits,
                expected,
                "{} on {name}, {capacity} entries",
                evict.name()
            );
        }
    }
}

#[test]
fn simulations_count_the_same_on_the_arc_papers_trace() {
    let (hits, misses) = simulated(P3, "32_768 entries", Evict::Lru);
    assert_eq!(hits + misses, 3_912_296);
    assert_eq!(
        format!("{:.2}", 100.0 * hits as f64 / (hits + misses) as f64),
        "3.57"
    );
}
