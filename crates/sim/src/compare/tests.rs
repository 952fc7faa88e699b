use super::*;
use crate::Simulation;
use crate::options::Options;
use cachepolicy_core::units::Time;
use cachepolicy_trace::event::{FaultEvent, NamedFault};
use cachepolicy_trace::{Event, Source as _};

const POLICY: &str = "policy p { edition 1 }
    model Thing { id }
    origin db { slots 2 }
    backend shared redis { capacity 1MiB }
    object thing(id) { store shared; reads Thing(id); ttl 10s; cost exp(mean 20ms) on db }
    view page(id) { route GET \"/t/{id}\"; contains thing(id); cost 1ms }
    on Thing update { purge thing(id) }
    workload w {
      duration 30s
      requests 5/s poisson { GET \"/t/{id}\" id zipf(1.0, 20) }
      write Thing update 1/s id zipf(1.0, 20)
      at 10s flush shared
    }
    expect { hit_ratio(requests) >= 1%; fills(thing) <= 1; latency(requests).max < 1h }";

/// Another backend, and nothing is known of what is written.
const BARE: &str = "policy p { edition 1 }
    origin db { slots 2 }
    backend hot memory { capacity 1 entries }
    object thing(id) { store hot; ttl 1ms; cost exp(mean 20ms) on db }
    view page(id) { route GET \"/t/{id}\"; contains thing(id); cost 1ms }
    expect { hit_ratio(requests) >= 90%; errors(requests) <= 50% }";

fn policy(text: &str) -> Policy {
    let compiled = cachepolicy_compiler::compile_text("p.cachepolicy", text);
    compiled
        .policy
        .unwrap_or_else(|| panic!("{:?}", compiled.diagnostics))
}

/// The first policy's workload through a policy.
fn reports(from: &Policy, through: &Policy, seeds: std::ops::Range<u64>) -> Vec<Report> {
    let one = |seed| {
        let options = Options {
            seed,
            ..Options::default()
        };
        let mut simulation = Simulation::new(through, options).unwrap();
        let mut source = cachepolicy_trace::generate(from, &from.workloads[0], seed);
        let mut event = Event::default();
        while source.next(&mut event).unwrap() {
            simulation.push(&event).unwrap();
        }
        simulation.finish()
    };
    seeds.map(one).collect()
}

fn entry<'a>(label: &'a str, policy: &'a Policy, reports: &'a [Report]) -> Entry<'a> {
    Entry {
        label,
        file: "p.cachepolicy",
        set: &[],
        policy,
        reports,
    }
}

fn find<'a>(comparison: &'a Comparison, path: &[&str]) -> &'a Difference {
    let mut differences = comparison.differences.iter();
    differences.find(|it| it.place.path() == path).unwrap()
}

#[test]
fn a_policy_does_not_differ_from_itself() {
    let policy = policy(POLICY);
    let reports = reports(&policy, &policy, 0..2);
    for averages in [false, true] {
        let both = [entry("a", &policy, &reports), entry("b", &policy, &reports)];
        let comparison = Comparison::new(&both, averages).unwrap();
        assert_eq!(comparison.differences, []);
        assert!(comparison.equal.len() > 100);
        assert!(comparison.only.is_empty());
        assert!(comparison.claims.iter().all(|claim| !claim.changed));
        assert_eq!(comparison.claims.len(), 3);
    }
    assert!(Comparison::new(&[], false).is_none());
}

#[test]
fn differences_are_taken_within_each_seed() {
    let policy = policy(POLICY);
    let before = reports(&policy, &policy, 0..4);
    let mut after = before.clone();
    // Seeds are far apart, and each of them differs by about a point.
    let (spread, points) = ([0.2, 0.4, 0.6, 0.8], [0.011, 0.009, 0.01, 0.01]);
    let mut first = before;
    for index in 0..4 {
        first[index].requests.hit_ratio = Some(spread[index]);
        after[index].requests.hit_ratio = Some(spread[index] + points[index]);
        first[index].requests.latency.p50 = Some(spread[index]);
        after[index].requests.latency.p50 = Some(spread[3 - index]);
    }
    let both = [entry("a", &policy, &first), entry("b", &policy, &after)];
    let comparison = Comparison::new(&both, true).unwrap();
    let hits = find(&comparison, &["requests", "hit_ratio"]);
    let change = hits.changes[0];
    // Mean 0.01, s = √(2e-6 / 3), t₃ = 3.182: 0.01 ± 3.182 · s / 2.
    let half = 3.182 * (2e-6_f64 / 3.0).sqrt() / 2.0;
    assert!((change.delta.unwrap() - 0.01).abs() < 1e-12);
    assert!((change.high.unwrap() - 0.01 - half).abs() < 1e-9);
    assert_eq!(change.beyond_chance, Some(true));
    assert!((hits.values[0].unwrap() - 0.5).abs() < 1e-12);
    let p50 = find(&comparison, &["requests", "latency", "p50"]);
    assert_eq!(p50.changes[0].beyond_chance, Some(false));
    assert_eq!(comparison.seeds.as_deref(), Some(&[0, 1, 2, 3][..]));

    // One run says nothing about chance.
    let one = Comparison::new(&both, false).unwrap();
    let change = find(&one, &["requests", "hit_ratio"]).changes[0];
    assert_eq!((change.low, change.beyond_chance), (None, None));
    assert!((change.delta.unwrap() - 0.011).abs() < 1e-12);
}

#[test]
fn the_most_important_stands_first() {
    let policy = policy(POLICY);
    let before = reports(&policy, &policy, 0..1);
    let mut after = before.clone();
    after[0].requests.latency.p50 = Some(9.0);
    after[0].requests.leaks = 1;
    after[0].levels["thing"].bypass = 1;
    let both = [entry("a", &policy, &before), entry("b", &policy, &after)];
    let comparison = Comparison::new(&both, false).unwrap();
    let paths: Vec<_> = comparison
        .differences
        .iter()
        .map(|it| it.place.path().join("."))
        .collect();
    assert_eq!(
        paths,
        [
            "requests.leaks",
            "requests.latency.p50",
            "levels.thing.bypass"
        ]
    );
    let json: serde_json::Value = serde_json::from_str(&comparison.to_json()).unwrap();
    assert_eq!(json["differences"][0]["better"], "lower");
    assert_eq!(json["differences"][0]["changes"][0]["delta"], 1.0);
    assert_eq!(json["differences"][1]["unit"], "seconds");
    assert_eq!(json["reports"][1]["requests"]["leaks"], 1);
    assert_eq!(json["policies"][1]["label"], "b");
}

#[test]
fn what_only_one_declares_changes_nothing_in_the_other() {
    let (full, bare) = (policy(POLICY), policy(BARE));
    let (completed, declared) = &on_common_ground(&[&full, &bare])[1];
    let mut after = reports(&full, completed, 0..1);
    declared.leave_out(&mut after[0]);
    assert!(after[0].backends.keys().eq(["hot"]));
    assert_eq!(after[0].recovery.len(), 1, "the flush is felt by nobody");
    assert!(after[0].trace.writes > 10);
    // A trace without what only the other knows gives the same figures as the policy as written.
    let mut quiet = full.clone();
    quiet.workloads[0].writes.clear();
    quiet.workloads[0].faults.clear();
    let mut completed = reports(&quiet, completed, 0..1);
    declared.leave_out(&mut completed[0]);
    assert_eq!(completed, reports(&quiet, &bare, 0..1));

    let before = reports(&full, &full, 0..1);
    let both = [entry("a", &full, &before), entry("b", &bare, &after)];
    let comparison = Comparison::new(&both, false).unwrap();
    let only: Vec<_> = comparison
        .only
        .iter()
        .map(|it| (it.what, it.name.as_str(), it.declared.clone()))
        .collect();
    assert_eq!(
        only,
        [
            ("backend", "shared", vec![true, false]),
            ("backend", "hot", vec![false, true]),
            ("model", "Thing", vec![true, false]),
            (
                "invalidation",
                "purge thing(id) on Thing update",
                vec![true, false]
            )
        ]
    );
    let evictions = find(&comparison, &["backends", "shared", "evictions"]);
    assert_eq!(evictions.values[1], None);
    assert_eq!(evictions.changes[0].delta, None);
    assert!(evictions.changes[0].apart == 1.0);
}

#[test]
fn an_unknown_name_stays_a_mistake_where_nobody_declares_it() {
    let (full, bare) = (policy(POLICY), policy(BARE));
    for (policy, _) in on_common_ground(&[&full, &bare]) {
        let mut simulation = Simulation::new(&policy, Options::default()).unwrap();
        let flush = |backend: &str| {
            Event::Fault(FaultEvent {
                at: Time::ZERO,
                fault: NamedFault::Flush {
                    backend: backend.to_owned(),
                },
            })
        };
        simulation.push(&flush("shared")).unwrap();
        assert!(simulation.push(&flush("nowhere")).is_err());
    }
}

#[test]
fn claims_that_were_tightened_broken_and_given_up() {
    let (full, bare) = (policy(POLICY), policy(BARE));
    let before = reports(&full, &full, 0..1);
    let (completed, _) = &on_common_ground(&[&full, &bare])[1];
    let after = reports(&full, completed, 0..1);
    let both = [entry("a", &full, &before), entry("b", &bare, &after)];
    let comparison = Comparison::new(&both, false).unwrap();
    let rows: Vec<_> = comparison
        .claims
        .iter()
        .map(|row| (row.claim.as_str(), row.changed, row.is_newly_missed()))
        .collect();
    assert_eq!(
        rows,
        [
            ("hit_ratio(requests) >=", true, true),
            ("fills(thing) <= 1", true, false),
            ("latency(requests).max < 1h", true, false),
            ("errors(requests) <= 50%", true, false),
        ]
    );
    let hits = &comparison.claims[0];
    let limits: Vec<_> = hits.outcomes.iter().flatten().map(|it| it.limit).collect();
    assert_eq!(limits, [Some(0.01), Some(0.9)]);
    assert!(comparison.claims[1].is_missed());
    assert_eq!(comparison.claims[1].outcomes[1], None);
}
