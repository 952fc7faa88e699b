//! What is proved of a policy holds of its simulation.
#![allow(missing_docs, clippy::expect_used, reason = "a test")]

use cachepolicy_analysis::{Bounds, Outage};
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::{LevelId, ModelId};
use cachepolicy_core::units::Duration;
use cachepolicy_core::workload::Fault;
use cachepolicy_core::{Policy, WorkloadId};
use cachepolicy_sim::report::Report;
use cachepolicy_sim::{Options, Simulation};
use cachepolicy_tests::planned::plan;
use cachepolicy_tests::run::compile;
use cachepolicy_trace::{Event, Source as _};
use proptest::prelude::*;

/// What comes of the workload when only rows of one model are written.
fn replay(policy: &Policy, model: &str, seed: u64) -> Report {
    let options = Options {
        seed,
        workload: Some(WorkloadId(0)),
        ..Options::default()
    };
    let mut simulation = Simulation::new(policy, options).expect("a policy that can be simulated");
    let mut source = cachepolicy_trace::generate(policy, &policy.workloads[0], seed);
    let mut event = Event::default();
    while source.next(&mut event).expect("a workload has no mistakes") {
        let is_other = matches!(&event, Event::Write(write) if write.model != model);
        if !is_other {
            simulation.push(&event).expect("events in order");
        }
    }
    simulation.finish()
}

/// Those of the only workload.
fn outages(policy: &Policy) -> Vec<Outage> {
    let faults = policy.workloads[0].faults.iter();
    let outages = faults.filter_map(|timed| match timed.fault {
        Fault::Outage { backend, duration } => Some(Outage {
            backend,
            time: duration,
        }),
        _ => None,
    });
    outages.collect()
}

fn seconds(bound: Duration) -> f64 {
    bound.as_secs_f64() + 1e-6
}

/// Replays the writes of each model alone, and compares every level with its bound.
fn check(text: &str, seed: u64) {
    let policy = compile(text);
    let graph = Graph::new(&policy);
    let bounds = Bounds::with_outages(&policy, &graph, &outages(&policy));
    for (model, declared) in policy.models.iter().enumerate() {
        let model = ModelId(model as u16);
        let report = replay(&policy, &declared.name, seed);
        let mut worst = Duration::ZERO;
        for (level, declared) in policy.levels.iter().enumerate() {
            let Some(bound) = bounds.of(LevelId(level as u16), model) else {
                continue;
            };
            worst = worst.max(bound.end_to_end);
            let figures = &report.levels[&declared.name];
            let observed = figures.out_of_date.staleness.max.unwrap_or(0.0);
            assert!(
                observed <= seconds(bound.staleness),
                "{} was {observed} s out of date, at most {} s were proved: {bound:#?}\nseed {seed}\n{text}",
                declared.name,
                bound.staleness.as_secs_f64(),
            );
        }
        let observed = report.requests.out_of_date.staleness.max.unwrap_or(0.0);
        assert!(
            observed <= seconds(worst),
            "{observed} s end to end\nseed {seed}\n{text}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_is_more_out_of_date_than_was_proved(plan in plan(), seed in 0u64..1000) {
        check(&plan.text(), seed);
    }
}
