//! From a policy's text to a report, in one call.
#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "helpers of tests fail by panicking"
)]

use cachepolicy_core::units::Duration;
use cachepolicy_core::{Policy, WorkloadId};
use cachepolicy_sim::events::Observer;
use cachepolicy_sim::report::Report;
use cachepolicy_sim::{Options, Simulation};
use cachepolicy_syntax::Severity;
use cachepolicy_trace::{Event, Source};

/// What is proved of a policy that is well formed: it can be simulated all the same, which shows it.
pub const PROVED: [&str; 2] = ["leak", "variant-missing"];

/// Compiles a policy that must have no error but those that are proved of it.
#[must_use]
pub fn compile(text: &str) -> Policy {
    let compiled = cachepolicy_compiler::compile_text("test.cachepolicy", text);
    let errors: Vec<_> = compiled
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .filter(|diagnostic| !PROVED.contains(&diagnostic.code))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\n{text}");
    compiled.policy.expect("a policy without errors compiles")
}

/// Replays events through a policy.
#[must_use]
pub fn replay(policy: &Policy, options: Options, source: &mut dyn Source) -> Report {
    feed(simulation(policy, options), source, |_| {})
}

fn simulation(policy: &Policy, options: Options) -> Simulation {
    Simulation::new(policy, options).unwrap_or_else(|error| panic!("{error}"))
}

fn feed(
    mut simulation: Simulation,
    source: &mut dyn Source,
    mut change: impl FnMut(&mut Event),
) -> Report {
    let mut event = Event::default();
    while source
        .next(&mut event)
        .unwrap_or_else(|error| panic!("{error}"))
    {
        change(&mut event);
        simulation
            .push(&event)
            .unwrap_or_else(|error| panic!("{error}"));
    }
    simulation.finish()
}

/// Simulates a policy's only workload.
#[must_use]
pub fn simulate(text: &str, seed: u64) -> Report {
    Run::of(text, seed).report()
}

/// A simulation of a policy's only workload, with more to it.
pub struct Run<'a> {
    text: &'a str,
    options: Options,
    observer: Option<Box<dyn Observer>>,
}

impl<'a> Run<'a> {
    /// Of this policy.
    #[must_use]
    pub fn of(text: &'a str, seed: u64) -> Self {
        let options = Options {
            seed,
            workload: Some(WorkloadId(0)),
            ..Options::default()
        };
        Self {
            text,
            options,
            observer: None,
        }
    }

    /// So long nothing is counted.
    #[must_use]
    pub fn warmup(mut self, warmup: Duration) -> Self {
        self.options.warmup = warmup;
        self
    }

    /// Somebody looks on.
    #[must_use]
    pub fn observed_by(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// What comes of it.
    #[must_use]
    pub fn report(self) -> Report {
        self.report_of_changed(|_| {})
    }

    /// What comes of it when each event is changed first.
    #[must_use]
    pub fn report_of_changed(self, change: impl FnMut(&mut Event)) -> Report {
        let policy = compile(self.text);
        let mut source =
            cachepolicy_trace::generate(&policy, &policy.workloads[0], self.options.seed);
        let mut simulation = simulation(&policy, self.options);
        if let Some(observer) = self.observer {
            simulation.observe(observer);
        }
        feed(simulation, &mut source, change)
    }
}
