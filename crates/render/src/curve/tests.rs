//! A curve at every width.

use super::{Format, render};
use crate::output::colour::Paint;
use crate::output::{Terminal, text};
use cachepolicy_sim::curve::{Curve, EvictionCurve, Footprint, Point, Sample, Traffic};
use cachepolicy_sim::report::PolicyIdentity;

fn points(shift: f64, capacities: &[u64]) -> Vec<Point> {
    let count = capacities.len() as f64;
    let points = capacities.iter().enumerate().map(|(index, &capacity)| {
        let ratio = 0.9 - 0.6 * index as f64 / count - shift;
        Point {
            capacity: Some(capacity),
            miss_ratio: Some(ratio),
            low: (shift > 0.0).then_some(ratio - 0.02),
            high: (shift > 0.0).then_some(ratio + 0.02),
            exact: shift == 0.0,
            rough: shift > 0.0 && index == 0,
            request_hit_ratio: Some(1.0 - ratio),
        }
    });
    points.collect()
}

fn curve() -> Curve {
    let capacities: Vec<u64> = (0..8).map(|step| (1 << 20) << step).collect();
    let one = |evict: &str, shift: f64| EvictionCurve {
        evict: evict.to_owned(),
        method: "sample".to_owned(),
        points: points(shift, &capacities),
    };
    Curve {
        schema: 1,
        policy: PolicyIdentity {
            name: "shop".to_owned(),
            hash: "00".to_owned(),
        },
        tool: "0.1.0".to_owned(),
        backend: "shared".to_owned(),
        instances: 1,
        unit: "bytes".to_owned(),
        capacity: Some(16 << 20),
        evict: "lru".to_owned(),
        trace: Traffic {
            requests: 1_234_567,
            writes: 12,
            faults: 0,
        },
        seed: 0,
        method: "policy".to_owned(),
        footprint: Footprint {
            entries: 181_000,
            bytes: 130 << 20,
        },
        sample: Some(Sample {
            rate: 0.125,
            unit: "path".to_owned(),
            requests: 150_000,
            keys: 9_000,
            groups: 8,
            confidence: 0.95,
        }),
        unbounded: Point {
            miss_ratio: Some(0.21),
            low: Some(0.2),
            high: Some(0.22),
            ..Point::default()
        },
        curves: vec![one("lru", 0.0), one("sieve", 0.05), one("clairvoyant", 0.1)],
        memory: 12_000_000,
        notes: vec!["something to be known of it".to_owned()],
    }
}

fn shown(curve: &Curve, width: usize) -> String {
    let terminal = Terminal {
        width,
        paint: Paint::OFF,
        interactive: false,
    };
    render(curve, Format::Human, "access.log.gz", terminal).unwrap()
}

#[test]
fn at_100_columns() {
    insta::assert_snapshot!(shown(&curve(), 100));
}

#[test]
fn it_fits_from_40_columns_on() {
    for width in 40..=100 {
        let page = shown(&curve(), width);
        let too_long = page.lines().find(|line| text::width(line) > width);
        assert_eq!(too_long, None, "at {width}");
    }
}

#[test]
fn without_the_policys_own_eviction_the_sentence_is_whole() {
    let mut others = curve();
    others.evict = "redis-lru".to_owned();
    let page = shown(&others, 100);
    assert!(
        page.contains(
            "The policy's own capacity is 16 MiB; knowing the future, it would miss 50.0%"
        ),
        "{page}"
    );
}

#[test]
fn little_to_draw_is_no_mishap() {
    let mut flat = curve();
    flat.capacity = None;
    flat.sample = None;
    for one in &mut flat.curves {
        one.points.truncate(1);
    }
    assert!(!shown(&flat, 60).contains('┤'), "one point is no curve");
    for one in &mut flat.curves {
        one.points.clear();
    }
    flat.unbounded.miss_ratio = None;
    assert!(shown(&flat, 60).contains("no limit"));
    flat.footprint = Footprint::default();
    shown(&flat, 60);
}
