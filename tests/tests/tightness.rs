//! Witnesses come near to what is proved.
#![allow(missing_docs, clippy::expect_used, reason = "a test")]

use cachepolicy_analysis::{Bound, Bounds, Edge, Outage, Shows, Step, StepKind, Witness};
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::{BackendId, LevelId, ModelId};
use cachepolicy_core::units::Duration;
use cachepolicy_sim::witness::{self, Shown};
use cachepolicy_tests::planned::plan;
use cachepolicy_tests::run::compile;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A witness is near to its bound when it reaches so much of it.
const NEAR: f64 = 0.95;
/// So many of all are.
const SHARE: f64 = 0.9;
const PLANS: usize = 200;

/// What decides a bound, and what keeps its witness from it.
fn reason(bound: &Bound, witness: &Witness) -> String {
    let mut reason = match &bound.edge {
        Edge::Unsound(missed) => {
            let reason = format!("{:?}", missed[0].reason);
            let name = reason.split('(').next().unwrap_or_default();
            format!("{:?}, {name}", bound.by)
        }
        Edge::Sound {
            shared,
            stale,
            survive,
            ..
        } => {
            let parts = [
                (survive.is_some(), ", a nearer tier survives"),
                (shared.nanos() > 0, ", fills are shared"),
                (stale.nanos() > 0, ", stale copies stay"),
            ];
            let parts = parts.iter().filter(|(is, _)| *is).map(|(_, part)| *part);
            format!(
                "{:?}, every write reaches it{}",
                bound.by,
                parts.collect::<String>()
            )
        }
    };
    if let Some(short) = witness.short {
        let _ = write!(reason, ", short: {short:?}");
    }
    reason
}

#[test]
fn witnesses_come_near_to_their_bounds() {
    let mut runner = TestRunner::deterministic();
    let mut all = BTreeMap::<String, (u32, u32)>::new();
    for _ in 0..PLANS {
        let plan = plan().new_tree(&mut runner).expect("a plan").current();
        let policy = compile(&plan.text());
        let graph = Graph::new(&policy);
        let bounds = Bounds::new(&policy, &graph);
        for level in (0..policy.levels.len()).map(|index| LevelId(index as u16)) {
            for model in (0..policy.models.len()).map(|index| ModelId(index as u16)) {
                // Without a witness there is no bound, or it is zero, or nobody asks.
                let shown = witness::of_bound(&policy, &graph, &bounds, level, model);
                let (Some(bound), Some(shown)) = (bounds.of(level, model), shown) else {
                    continue;
                };
                assert!(shown.share <= 1.000_001, "above its bound: {shown:#?}");
                let entry = all.entry(reason(bound, &shown.witness)).or_default();
                entry.0 += 1;
                entry.1 += u32::from(shown.share >= NEAR);
            }
        }
    }
    let total: u32 = all.values().map(|(count, _)| count).sum();
    let near: u32 = all.values().map(|(_, near)| near).sum();
    let mut table = String::new();
    for (reason, (count, near)) in &all {
        let _ = writeln!(table, "{near:5} of {count:5}  {reason}");
    }
    println!("{table}{near} of {total}");
    assert!(
        f64::from(near) >= SHARE * f64::from(total),
        "{near} of {total} come near:\n{table}"
    );
}

/// Of the only level of a policy with this bus, in which writes are told over it.
fn shown(bus: &str, via: &str, outage: Option<Duration>) -> Shown {
    let policy = compile(&format!(
        "policy test {{ edition 1; processes 2 }}
         model Row {{ id; slug }}
         origin db {{ }}
         backend far redis {{ }}
         {bus}
         view page(slug) {{ route GET \"/p/{{slug}}\"; reads Row(slug); store far; ttl 60s; cost 500ms on db; timeout 1s; fence }}
         on Row create|update|delete after commit {via} {{ purge page(slug) }}"
    ));
    let graph = Graph::new(&policy);
    let outages = outage.map(|time| Outage {
        backend: BackendId(0),
        time,
    });
    let outages: Vec<Outage> = outages.into_iter().collect();
    let bounds = Bounds::with_outages(&policy, &graph, &outages);
    let (level, model) = (LevelId(0), ModelId(0));
    witness::of_bound(&policy, &graph, &bounds, level, model).expect("a finite bound")
}

fn bound_of(shown: &Shown) -> Duration {
    match shown.witness.shows {
        Shows::Bound(_, bound) => bound,
        Shows::Leak(_) => Duration::ZERO,
    }
}

fn has_outage(shown: &Shown) -> bool {
    let mut steps = shown.witness.steps.iter();
    steps.any(|step| matches!(step.what, StepKind::Outage(..)))
}

#[test]
fn a_lost_delivery_is_part_of_the_witness() {
    let bus = "bus b { delivery at-most-once loss 1%; delay 100ms }";
    let shown = shown(bus, "via b", None);
    assert_eq!(bound_of(&shown), Duration::from_millis(60_500));
    assert!(shown.share >= NEAR, "{shown:#?}");
    let is_lost = |step: &Step| match &step.what {
        StepKind::Write(write) => write.delays.iter().any(|delay| delay.delay.is_forever()),
        _ => false,
    };
    assert!(shown.witness.steps.iter().any(is_lost), "{shown:#?}");
}

#[test]
fn an_outage_that_a_bound_comes_from_is_part_of_the_witness() {
    // Lost, and come again.
    let lost = shown("", "", Some(Duration::from_secs(5)));
    assert_eq!(bound_of(&lost), Duration::from_millis(60_500));
    assert!(has_outage(&lost) && lost.share >= NEAR, "{lost:#?}");
    let bus = "bus b { delivery at-least-once; delay 2s }";
    let again = shown(bus, "via b", Some(Duration::from_secs(5)));
    assert_eq!(bound_of(&again), Duration::from_secs(9));
    assert!(has_outage(&again) && again.share >= NEAR, "{again:#?}");
    let without = shown(bus, "via b", None);
    assert_eq!(bound_of(&without), Duration::from_secs(2));
    assert!(
        !has_outage(&without) && without.share >= NEAR,
        "{without:#?}"
    );
}
