use super::interval::{Interval, student_975};
use super::merge::{Node, merge};
use super::*;
use crate::Simulation;
use crate::options::Options;

const POLICY: &str = "policy p { edition 1 }
    origin db { slots 2 }
    backend shared redis { capacity 1MiB }
    object thing(id) { store shared; ttl 10s; cost exp(mean 20ms) on db }
    view page(id) { route GET \"/t/{id}\"; contains thing(id); cost 1ms }
    workload w { duration 30s; requests 5/s poisson { GET \"/t/{id}\" id zipf(1.0, 20) } }
    expect { hit_ratio(requests) >= 1%; latency(requests).max <= 1ms; stampede(thing).peak <= 1_000 }";

fn policy() -> Policy {
    let compiled = cachepolicy_compiler::compile_text("p.cachepolicy", POLICY);
    compiled.policy.unwrap()
}

fn reports(policy: &Policy, seeds: std::ops::Range<u64>) -> Vec<Report> {
    use cachepolicy_trace::{Event, Source as _};
    let one = |seed| {
        let options = Options {
            seed,
            ..Options::default()
        };
        let mut simulation = Simulation::new(policy, options).unwrap();
        let mut source = cachepolicy_trace::generate(policy, &policy.workloads[0], seed);
        let mut event = Event::default();
        while source.next(&mut event).unwrap() {
            simulation.push(&event).unwrap();
        }
        simulation.finish()
    };
    seeds.map(one).collect()
}

#[test]
fn students_quantiles() {
    // Known to six digits and more.
    for (freedom, quantile) in [
        (1, 12.706_2),
        (9, 2.262_157),
        (30, 2.042_272),
        (31, 2.039_513),
        (40, 2.021_075),
        (60, 2.000_298),
        (120, 1.979_930),
        (1_000, 1.962_339),
        (1_000_000_000, 1.959_964),
    ] {
        let error = (student_975(freedom) - quantile).abs();
        let allowed = if freedom <= 30 { 5e-4 } else { 1e-6 };
        assert!(error < allowed, "{freedom}: {}", student_975(freedom));
    }
    assert!((1..100).all(|freedom| student_975(freedom) >= student_975(freedom + 1)));
}

#[test]
fn an_interval_that_is_known() {
    // Mean 3, s² = 2.5, n = 5: 3 ± 2.776 · √(2.5 / 5).
    let figures = [1.0, 2.0, 3.0, 4.0, 5.0].map(Some);
    let interval = Interval::of(&figures).unwrap();
    assert_eq!(interval.mean, 3.0);
    assert!((interval.half().unwrap() - 2.776 * 0.5_f64.sqrt()).abs() < 1e-12);
    assert_eq!(interval.runs, None);
    let some = Interval::of(&[None, Some(2.0), Some(4.0)]).unwrap();
    assert_eq!((some.mean, some.runs), (3.0, Some(2)));
    let one = Interval::of(&[Some(0.1)]).unwrap();
    assert_eq!((one.mean, one.low, one.high), (0.1, None, None));
    let equal = Interval::of(&[Some(0.1); 7]).unwrap();
    assert_eq!((equal.low, equal.high), (Some(0.1), Some(0.1)));
    assert_eq!(Interval::of(&[None]), None);
}

#[test]
fn a_report_survives_the_way_through_a_tree() {
    let policy = policy();
    for report in reports(&policy, 0..2) {
        assert_eq!(Node::of(&report).report(), Some(report));
    }
}

#[test]
fn means_of_all_that_is_a_figure() {
    let policy = policy();
    let reports = reports(&policy, 3..8);
    let all = Aggregate::new(&policy, &reports).unwrap();
    assert_eq!(all.seeds, [3, 4, 5, 6, 7]);
    assert_eq!(all.report.seed, 3);
    let ratios: Vec<_> = reports.iter().map(|it| it.requests.hit_ratio).collect();
    let expected = Interval::of(&ratios).unwrap();
    assert_eq!(all.interval(&["requests", "hit_ratio"]), Some(expected));
    assert_eq!(all.report.requests.hit_ratio, Some(expected.mean));
    let counts: Vec<_> = reports.iter().map(|it| it.requests.count as f64).collect();
    let mean = counts.iter().sum::<f64>() / 5.0;
    assert_eq!(all.report.requests.count, mean.round() as u64);
    let p99 = all.interval(&["routes", "GET /t/{id}", "latency", "p99"]);
    assert!(p99.unwrap().low < p99.unwrap().high);
    assert_eq!(all.interval(&["seed"]), None);
    let worst = reports.iter().map(|it| it.levels["thing"].stampede.peak);
    assert_eq!(Some(all.report.levels["thing"].stampede.peak), worst.max());
}

#[test]
fn a_claim_holds_if_it_holds_in_every_seed() {
    let policy = policy();
    let mut reports = reports(&policy, 0..4);
    let all = Aggregate::new(&policy, &reports).unwrap();
    let held: Vec<_> = all.report.expectations.iter().map(|it| it.held).collect();
    assert_eq!(held, [Some(true), Some(false), Some(true)]);
    let lowest = reports.iter().filter_map(|it| it.requests.hit_ratio);
    assert_eq!(
        all.report.expectations[0].figure,
        lowest.reduce(f64::min),
        "of what should be high the lowest"
    );
    let slowest = reports.iter().filter_map(|it| it.requests.latency.max);
    assert_eq!(all.report.expectations[1].figure, slowest.reduce(f64::max));

    reports[2].expectations[0].held = Some(false);
    reports[2].expectations[0].figure = Some(0.0);
    reports[1].expectations[2].held = None;
    let all = Aggregate::new(&policy, &reports).unwrap();
    let in_seeds = ClaimInSeeds {
        held: 3,
        missed: 1,
        worst_seed: Some(2),
    };
    assert_eq!(all.claims[0], in_seeds);
    assert_eq!(all.report.expectations[0].held, Some(false));
    assert_eq!(all.report.expectations[2].held, None, "not decided in one");
}

#[test]
fn one_seed_has_means_and_no_intervals() {
    let policy = policy();
    let reports = reports(&policy, 0..1);
    let all = Aggregate::new(&policy, &reports).unwrap();
    assert_eq!(all.report, reports[0]);
    let json: serde_json::Value = serde_json::from_str(&all.to_json()).unwrap();
    assert!(json["intervals"]["requests"]["count"]["low"].is_null());
    assert_eq!(json["seeds"]["count"], 1);
    assert!(Aggregate::new(&policy, &[]).is_none());
}

#[test]
fn figures_that_only_some_have() {
    let parse = |text: &str| Node::read(text).unwrap();
    let trees = [
        parse(r#"{"a": null, "b": [1, 2], "c": "x", "d": {"e": 1.5}}"#),
        parse(r#"{"a": 3, "b": [2], "c": "y"}"#),
    ];
    let (mean, intervals) = merge(&trees.iter().map(Some).collect::<Vec<_>>());
    let expected = parse(r#"{"a": 3, "b": [2, 2], "c": "x", "d": {"e": 1.5}}"#);
    assert_eq!(mean, expected);
    assert_eq!(intervals.get(&["a"]).unwrap().runs, Some(1));
    assert_eq!(intervals.get(&["c"]), None);
}
