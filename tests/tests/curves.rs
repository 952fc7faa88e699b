//! Curves and samples against the known answers of `known_answers.rs`: LRU by stack distances and
//! the clairvoyant to the count, the others as stores of the whole trace; and what rests on samples,
//! within the error that it states.
#![allow(missing_docs, reason = "a test")]
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking"
)]

use cachepolicy_core::Policy;
use cachepolicy_core::ids::BackendId;
use cachepolicy_core::policy::Evict;
use cachepolicy_sim::aggregate::Aggregate;
use cachepolicy_sim::aggregate::interval::Interval;
use cachepolicy_sim::curve::{At, Capacities, Collecting, Curve, EvictionCurve, Settings};
use cachepolicy_sim::sample::Rate;
use cachepolicy_sim::{Options, Simulation};
use cachepolicy_tests::run::compile;
use cachepolicy_trace::{Block, BlockSource, Format, ReadOptions};
use std::fs::File;

const MIB: [u64; 8] = [128, 256, 384, 512, 640, 768, 896, 1024];

/// Misses of `lru`, `fifo`, `sieve` and the clairvoyant with a capacity in bytes.
const CLOUD_PHYSICS: [[u64; 8]; 4] = [
    [93374, 89783, 83572, 81722, 72494, 72104, 71972, 71704],
    [93403, 89386, 84387, 84025, 72498, 72228, 72182, 72140],
    [91699, 86720, 78578, 76707, 69945, 66221, 64445, 64376],
    [79256, 70724, 65481, 61594, 59645, 57599, 50873, 48974],
];

/// A trace, its requests, capacities, and at each the hits of some policies.
type UnitHits = (&'static str, u64, &'static [u64], &'static [[u64; 4]]);

/// Of `lru`, `fifo`, `sieve` and the clairvoyant.
const UNIT_HITS: [UnitHits; 3] = [
    (
        "multi1.trace.gz",
        15_858,
        &[400, 1000],
        &[[7258, 6142, 7774, 8922], [7648, 7103, 7888, 11322]],
    ),
    (
        "2_pools.trace.gz",
        100_000,
        &[100, 500],
        &[[21946, 19379, 47895, 50639], [51062, 42701, 51864, 62845]],
    ),
    (
        "web07.trace.gz",
        76_118,
        &[75, 300, 1200, 3000],
        &[
            [23706, 22188, 26167, 35426],
            [31895, 29688, 34270, 42536],
            [39314, 37333, 41497, 49205],
            [44559, 42741, 46088, 53495],
        ],
    ),
];

const EVICTS: [Evict; 3] = [Evict::Lru, Evict::Fifo, Evict::Sieve];

fn policy(capacity: &str) -> Policy {
    compile(&format!(
        "policy kv {{ edition 1 }}
         backend cache memory {{ capacity {capacity}; evict lru }}
         object entry(key) {{ store cache; ttl forever; size from trace else 1KiB }}"
    ))
}

fn open(name: &str) -> Box<dyn BlockSource> {
    let path = format!("{}/data/kv/{name}", env!("CARGO_MANIFEST_DIR"));
    let format = name
        .contains(".trace.")
        .then(|| Format::named("keys").unwrap());
    let options = ReadOptions {
        format,
        ..ReadOptions::default()
    };
    let file = File::open(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    cachepolicy_trace::open_blocks(Box::new(file), name, &options).unwrap()
}

fn blocks(name: &str) -> Vec<Block> {
    let mut source = open(name);
    let mut blocks = Vec::new();
    loop {
        let mut block = Block::default();
        if !source.next_block(&mut block).unwrap() {
            return blocks;
        }
        blocks.push(block);
    }
}

struct Asked<'a> {
    by_bytes: bool,
    capacities: &'a [u64],
    evicts: &'a [Evict],
    rate: Option<f64>,
    seed: u64,
}

fn curve(blocks: &[Block], asked: &Asked<'_>) -> Curve {
    let unit = if asked.by_bytes {
        "1GiB"
    } else {
        "1000 entries"
    };
    let capacities = asked.capacities.iter().copied().map(At::Absolute);
    let settings = Settings {
        backend: BackendId(0),
        evicts: asked.evicts.to_vec(),
        capacities: Capacities::Listed(capacities.collect()),
        by_bytes: asked.by_bytes,
        rate: asked.rate.map(|rate| Rate::new(rate).unwrap()),
        options: Options {
            seed: asked.seed,
            ..Options::default()
        },
    };
    let mut collecting = Collecting::new(&policy(unit), settings).unwrap();
    for block in blocks {
        collecting.push_block(block);
    }
    let plan = collecting.finish().unwrap();
    let done: Vec<_> = (0..plan.jobs()).map(|job| plan.run(job).unwrap()).collect();
    plan.finish(&done)
}

/// Misses at each capacity.
fn misses(curve: &EvictionCurve, requests: u64) -> Vec<u64> {
    let points = curve.points.iter();
    let misses = points.map(|point| {
        assert!(point.exact && point.low.is_none(), "{}", curve.evict);
        (point.miss_ratio.unwrap() * requests as f64).round() as u64
    });
    misses.collect()
}

#[test]
fn exact_with_a_capacity_in_bytes() {
    let capacities = MIB.map(|mib| mib << 20);
    let asked = Asked {
        by_bytes: true,
        capacities: &capacities,
        evicts: &EVICTS,
        rate: None,
        seed: 0,
    };
    let curve = curve(&blocks("cloudPhysicsIO.oracleGeneral.bin.gz"), &asked);
    assert!(curve.sample.is_none());
    for (expected, curve) in CLOUD_PHYSICS.iter().zip(&curve.curves) {
        assert_eq!(misses(curve, 113_872), expected, "{}", curve.evict);
    }
}

#[test]
fn exact_with_a_capacity_in_copies() {
    for (name, requests, capacities, hits) in UNIT_HITS {
        let asked = Asked {
            by_bytes: false,
            capacities,
            evicts: &EVICTS,
            rate: None,
            seed: 0,
        };
        let curve = curve(&blocks(name), &asked);
        assert_eq!(curve.curves[0].method, "stack distances", "{name}");
        assert_eq!(curve.curves[1].method, "simulation", "{name}");
        for (index, curve) in curve.curves.iter().enumerate() {
            let expected: Vec<u64> = hits.iter().map(|hits| requests - hits[index]).collect();
            assert_eq!(
                misses(curve, requests),
                expected,
                "{} on {name}",
                curve.evict
            );
        }
    }
}

/// 3.9 million requests: LRU exactly, while the others are sampled.
#[test]
fn the_arc_papers_trace() {
    let asked = Asked {
        by_bytes: false,
        capacities: &[32_768],
        evicts: &[Evict::Lru, Evict::Arc],
        rate: Some(0.05),
        seed: 1,
    };
    let curve = curve(&blocks("P3.lis.zst"), &asked);
    let [lru, arc, _] = curve.curves.as_slice() else {
        panic!("{} curves", curve.curves.len());
    };
    let lru = lru.points[0];
    assert!(lru.exact);
    assert_eq!(
        format!("{:.2}", 100.0 - 100.0 * lru.miss_ratio.unwrap()),
        "3.57"
    );
    let arc = arc.points[0];
    let expected = 1.0 - 0.1710;
    assert!(
        arc.low.unwrap() <= expected && expected <= arc.high.unwrap(),
        "{arc:?}"
    );
    assert!((arc.miss_ratio.unwrap() - expected).abs() < 0.02, "{arc:?}");
    assert!(curve.memory < 32 << 20, "{}", curve.memory);
}

/// Every policy on samples of real traces. An interval of 95% may miss one point in twenty.
#[test]
fn samples_are_within_the_error_that_they_state() {
    let traces = [
        ("web07.trace.gz", false, vec![600, 1200, 3000, 8000], 0.2),
        (
            "cloudPhysicsIO.oracleGeneral.bin.gz",
            true,
            MIB.map(|mib| mib << 20).to_vec(),
            0.1,
        ),
    ];
    let evicts: Vec<Evict> = Evict::ALL
        .iter()
        .map(|(_, evict)| *evict)
        .filter(|evict| *evict != Evict::None)
        .collect();
    for (name, by_bytes, capacities, rate) in traces {
        let blocks = blocks(name);
        let asked = |rate: f64, seed: u64| Asked {
            by_bytes,
            capacities: &capacities,
            evicts: &evicts,
            rate: Some(rate),
            seed,
        };
        let exact = curve(&blocks, &asked(1.0, 0));
        let (mut points, mut outside, mut errors) = (0, 0, 0.0);
        for seed in 1..=2 {
            let sampled = curve(&blocks, &asked(rate, seed));
            for (sampled, exact) in sampled.curves.iter().zip(&exact.curves) {
                for (sampled, exact) in sampled.points.iter().zip(&exact.points) {
                    let exact = exact.miss_ratio.unwrap();
                    errors += (sampled.miss_ratio.unwrap() - exact).abs();
                    points += 1;
                    let inside = |low: f64, high: f64| (low..=high).contains(&exact);
                    let interval = sampled.low.zip(sampled.high);
                    let inside = interval.is_none_or(|(low, high)| inside(low, high));
                    outside += u32::from(!inside && !sampled.rough);
                }
            }
        }
        assert!(outside * 20 <= points, "{name}: {outside} of {points}");
        let error = errors / f64::from(points);
        assert!(error < 0.02, "{name}: {error}");
    }
}

/// `simulate --sample`, by several seeds: the whole trace's hit ratio lies in their interval.
#[test]
fn simulations_of_samples_are_within_the_error_that_they_state() {
    for (name, requests, capacities, hits) in UNIT_HITS.into_iter().skip(2) {
        for (capacity, hits) in capacities.iter().zip(hits).skip(1) {
            let policy = policy(&format!("{capacity} entries"));
            let blocks = blocks(name);
            let reports: Vec<_> = (0..8)
                .map(|seed| {
                    let options = Options {
                        seed,
                        sample: Rate::new(0.2),
                        ..Options::default()
                    };
                    let mut simulation = Simulation::new(&policy, options).unwrap();
                    for block in &blocks {
                        simulation.push_block(block).unwrap();
                    }
                    simulation.finish()
                })
                .collect();
            let all = Aggregate::new(&policy, &reports).unwrap();
            let expected = hits[0] as f64 / requests as f64;
            for path in [
                &["levels", "entry", "hit_ratio"][..],
                &["sampled", "hit_ratio"],
            ] {
                let Interval {
                    mean, low, high, ..
                } = all.interval(path).unwrap();
                let (low, high) = (low.unwrap(), high.unwrap());
                assert!(
                    (low..=high).contains(&expected),
                    "{name}, {capacity}: {expected} is not in {low}..{high} around {mean}"
                );
            }
        }
    }
}

#[test]
fn a_run_knows_its_yardsticks() {
    for (name, requests, capacities, hits) in UNIT_HITS {
        let policy = policy(&format!("{} entries", capacities[0]));
        let options = Options {
            yardsticks: true,
            ..Options::default()
        };
        let mut simulation = Simulation::new(&policy, options).unwrap();
        for block in blocks(name) {
            simulation.push_block(&block).unwrap();
        }
        let report = simulation.finish();
        let cache = &report.backends["cache"];
        assert_eq!(
            (cache.lookups, cache.hits),
            (requests, hits[0][0]),
            "{name}"
        );
        let yardsticks = cache.yardsticks.unwrap();
        assert_eq!(yardsticks.clairvoyant.hits, hits[0][3], "{name}");
        let keys = cache.families["entry"].keys;
        assert_eq!(yardsticks.unbounded.hits, requests - keys, "{name}");
    }
}
