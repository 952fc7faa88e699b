//! From a policy's text to a report, in one call.
#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "helpers of tests fail by panicking"
)]

use cachepolicy_core::{Policy, WorkloadId};
use cachepolicy_sim::report::Report;
use cachepolicy_sim::{Options, Simulation};
use cachepolicy_syntax::Severity;
use cachepolicy_trace::{Event, Source};

/// Compiles a policy that must have no error.
#[must_use]
pub fn compile(text: &str) -> Policy {
    let compiled = cachepolicy_compiler::compile_text("test.cachepolicy", text);
    let errors: Vec<_> = compiled
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\n{text}");
    compiled.policy.expect("a policy without errors compiles")
}

/// Replays events through a policy.
#[must_use]
pub fn replay(policy: &Policy, options: Options, source: &mut dyn Source) -> Report {
    let mut simulation = Simulation::new(policy, options).unwrap_or_else(|error| panic!("{error}"));
    let mut event = Event::default();
    while source
        .next(&mut event)
        .unwrap_or_else(|error| panic!("{error}"))
    {
        simulation
            .push(&event)
            .unwrap_or_else(|error| panic!("{error}"));
    }
    simulation.finish()
}

/// Simulates a policy's only workload.
#[must_use]
pub fn simulate(text: &str, seed: u64) -> Report {
    let policy = compile(text);
    let workload = WorkloadId(0);
    let mut source =
        cachepolicy_trace::generate(&policy, &policy.workloads[workload.index()], seed);
    replay(
        &policy,
        Options {
            seed,
            workload: Some(workload),
            ..Options::default()
        },
        &mut source,
    )
}
