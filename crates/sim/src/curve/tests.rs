//! Curves against the engine, and against each other.

use super::*;
use crate::scenarios::at;
use crate::{Operations, Simulation};
use cachepolicy_core::units::Bytes;
use cachepolicy_trace::event::AccessOperation;
use cachepolicy_trace::event::{Access, AccessKey, Event};
use cachepolicy_trace::{Packer, block::BLOCK_EVENTS_MAX};
use proptest::prelude::*;

fn policy(backend: &str, level: &str) -> Policy {
    let text = format!(
        "policy kv {{ edition 1; processes 2 }}
         backend cache {backend} }}
         object entry(key) {{ store cache; {level} }}"
    );
    let compiled = cachepolicy_compiler::compile_text("test.cachepolicy", &text);
    compiled
        .policy
        .unwrap_or_else(|| panic!("{:#?}\n{text}", compiled.diagnostics))
}

/// An access: seconds since the one before, key, what, bytes.
type Step = (u8, u8, u8, u16);

fn events(steps: &[Step]) -> Vec<Event> {
    let mut now = 0.0;
    let events = steps.iter().map(|&(after, key, operation, bytes)| {
        now += f64::from(after);
        Event::Access(Access {
            at: at(now),
            key: AccessKey::Number(u64::from(key)),
            operation: match operation {
                0..=7 => AccessOperation::Get,
                8 => AccessOperation::Set,
                _ => AccessOperation::Delete,
            },
            bytes: (bytes > 0).then_some(u64::from(bytes)),
            ttl: None,
            cost: None,
        })
    });
    events.collect()
}

fn blocks(events: &[Event]) -> Vec<Block> {
    let mut packer = Packer::default();
    let mut blocks = vec![Block::default()];
    for event in events {
        if blocks
            .last()
            .is_some_and(|block| block.len() >= BLOCK_EVENTS_MAX.min(16))
        {
            blocks.push(Block::default());
        }
        let last = blocks.last_mut().unwrap();
        packer.push(event, last).unwrap();
    }
    blocks
}

fn settings(by_bytes: bool, evicts: &[Evict], capacities: &[u64]) -> Settings {
    Settings {
        backend: BackendId(0),
        evicts: evicts.to_vec(),
        capacities: Capacities::Listed(capacities.iter().copied().map(At::Absolute).collect()),
        by_bytes,
        rate: Some(Rate::ALL),
        options: Options::default(),
    }
}

fn plan(policy: &Policy, settings: Settings, events: &[Event]) -> Option<Plan> {
    let mut collecting = Collecting::new(policy, settings).unwrap();
    for block in blocks(events) {
        collecting.push_block(&block);
    }
    collecting.finish().ok()
}

fn curve(plan: Plan) -> Curve {
    let done: Vec<_> = (0..plan.jobs()).map(|job| plan.run(job).unwrap()).collect();
    plan.finish(&done)
}

/// Misses of the engine with a capacity, of look-ups.
fn simulated(
    policy: &Policy,
    (capacity, evict): (Capacity, Evict),
    options: &Options,
    events: &[Event],
) -> (u64, u64) {
    let mut policy = policy.clone();
    policy.backends[0].capacity = Some(capacity);
    policy.backends[0].evict = evict;
    let mut simulation = Simulation::new(&policy, options.clone()).unwrap();
    for event in events {
        simulation.push(event).unwrap();
    }
    let report = simulation.finish();
    let level = &report.levels["entry"];
    let backend = &report.backends["cache"];
    assert_eq!(backend.lookups, level.lookups);
    assert_eq!(backend.lookups - backend.hits, level.miss);
    (level.miss, level.lookups)
}

fn ratio((misses, lookups): (u64, u64)) -> f64 {
    misses as f64 / lookups as f64
}

fn steps(bytes: std::ops::Range<u16>) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0u8..3, 0u8..12, 0u8..10, bytes), 1..200)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Stores alone are what the engine has, whatever the lifetimes.
    #[test]
    fn stores_alone_do_what_the_engine_does(
        steps in steps(0..400),
        by_bytes: bool,
        kind in 0usize..3,
        lifetimes in 0usize..4,
    ) {
        let backend = ["memory {", "redis {", "cdn { pops 3;"][kind];
        let level = [
            "ttl forever; size from trace else 100B",
            "ttl 7s; size from trace else 1KiB",
            "ttl 5s jitter 30%; stale-while-revalidate 4s; size 90B",
            "ttl 3s sliding; size uniform(10B..400B)",
        ][lifetimes];
        let policy = policy(backend, level);
        let capacities: &[u64] = if by_bytes { &[150, 700, 2_000] } else { &[1, 3, 9] };
        let evicts = Evict::ALL.map(|(_, evict)| evict);
        let events = events(&steps);
        if let Some(plan) = plan(&policy, settings(by_bytes, &evicts, capacities), &events) {
            let curve = curve(plan);
            for (evict, curve) in evicts.iter().zip(&curve.curves) {
                for (&capacity, point) in capacities.iter().zip(&curve.points) {
                    let size = if by_bytes {
                        Capacity::Bytes(Bytes(capacity))
                    } else {
                        Capacity::Entries(capacity)
                    };
                    let expected = ratio(simulated(&policy, (size, *evict), &Options::default(), &events));
                    let ratio = point.miss_ratio.unwrap();
                    prop_assert!((ratio - expected).abs() < 1e-12, "{evict:?} {capacity} {ratio} {expected}");
                    prop_assert!(point.exact);
                }
            }
        }
    }

    /// What LRU's stack says is what its stores do, with removals.
    #[test]
    fn stack_distances_are_exact(steps in steps(0..1), kind in 0usize..2) {
        let backend = ["memory {", "redis {"][kind];
        let policy = policy(backend, "ttl forever; size 10B");
        let capacities: Vec<u64> = (1..=12).collect();
        let events = events(&steps);
        let mut settings = settings(false, &[Evict::Lru], &capacities);
        settings.options.operations = Operations::Write;
        let options = settings.options.clone();
        if let Some(plan) = plan(&policy, settings, &events) {
            let curve = curve(plan);
            prop_assert_eq!(&curve.curves[0].method, "stack distances");
            for point in &curve.curves[0].points {
                let size = Capacity::Entries(point.capacity.unwrap());
                let expected = ratio(simulated(&policy, (size, Evict::Lru), &options, &events));
                prop_assert!((point.miss_ratio.unwrap() - expected).abs() < 1e-12);
            }
        }
    }

    /// The same by bytes, where keys keep their size: down to the largest one.
    #[test]
    fn stack_distances_of_bytes_are_exact(keys in prop::collection::vec(0u8..12, 1..200)) {
        let steps: Vec<Step> = keys.iter().map(|&key| (1, key, 0, 20 + 7 * u16::from(key))).collect();
        let policy = policy("redis {", "ttl forever; size from trace else 1KiB");
        let capacities: Vec<u64> = (10..800).step_by(13).collect();
        let (events, options) = (events(&steps), Options::default());
        let curve = curve(plan(&policy, settings(true, &[Evict::Lru], &capacities), &events).unwrap());
        for point in &curve.curves[0].points {
            let size = Capacity::Bytes(Bytes(point.capacity.unwrap()));
            let expected = ratio(simulated(&policy, (size, Evict::Lru), &options, &events));
            prop_assert!((point.miss_ratio.unwrap() - expected).abs() < 1e-12);
        }
    }

    /// No eviction policy that stores every miss beats the clairvoyant, and nothing beats room for
    /// everything.
    #[test]
    fn yardsticks_bound_what_there_is(steps in steps(0..1)) {
        let policy = policy("redis {", "ttl forever; size 10B");
        let capacities: Vec<u64> = (1..=12).collect();
        let evicts = [Evict::Lru, Evict::Fifo, Evict::Sieve, Evict::S3Fifo, Evict::Arc];
        let plan = plan(&policy, settings(false, &evicts, &capacities), &events(&steps));
        if let Some(plan) = plan {
            let curve = curve(plan);
            let best = curve.curves.last().unwrap();
            prop_assert_eq!(&best.evict, "clairvoyant");
            for curve in &curve.curves {
                for (point, best) in curve.points.iter().zip(&best.points) {
                    prop_assert!(point.miss_ratio.unwrap() + 1e-12 >= best.miss_ratio.unwrap());
                }
            }
            let last = best.points.last().unwrap().miss_ratio;
            let everything = curve.unbounded.miss_ratio.unwrap();
            prop_assert!((last.unwrap() - everything).abs() < 1e-12, "{last:?} {everything}");
        }
    }
}

#[test]
fn a_warm_up_is_replayed_and_not_counted() {
    let policy = policy("redis {", "ttl forever; size 10B");
    let steps: Vec<Step> = [1, 2, 1, 3, 1, 2]
        .iter()
        .map(|&key| (10, key, 0, 0))
        .collect();
    let mut settings = settings(false, &[Evict::Lru, Evict::Fifo], &[1, 2, 3]);
    settings.options.warmup = cachepolicy_core::Duration::from_secs(25);
    let curve = curve(plan(&policy, settings, &events(&steps)).unwrap());
    // Counted are 3, 1, 2, with 1 and 2 known.
    let ratios = |index: usize| {
        let points = curve.curves[index].points.iter();
        points
            .map(|point| (point.miss_ratio.unwrap() * 3.0).round())
            .collect::<Vec<_>>()
    };
    assert_eq!(ratios(0), [3.0, 2.0, 1.0]);
    assert_eq!(ratios(1), [3.0, 3.0, 1.0]);
    assert_eq!(ratios(2), [3.0, 2.0, 1.0]);
    let everything = curve.unbounded.miss_ratio.unwrap();
    assert!((everything - 1.0 / 3.0).abs() < 1e-12, "{everything}");
}

#[test]
fn a_backend_that_nothing_reaches_is_said_so() {
    let mut policy = policy("redis {", "ttl 5m");
    let mut other = policy.backends[0].clone();
    other.name = "other".to_owned();
    policy.backends.push(other);
    let mut settings = settings(false, &[], &[1]);
    settings.backend = BackendId(1);
    let error = Collecting::new(&policy, settings.clone()).unwrap_err();
    assert!(error.to_string().contains("`other`"), "{error}");
    settings.backend = BackendId(0);
    let error = Collecting::new(&policy, settings)
        .unwrap()
        .finish()
        .unwrap_err();
    assert!(
        error.to_string().contains("nothing of the trace"),
        "{error}"
    );
}
