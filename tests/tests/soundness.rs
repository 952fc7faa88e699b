//! What is proved of a policy holds of its simulation: no answer is more out of date than its bound,
//! and nobody is served what was made for somebody else where no leak is reported.
#![allow(missing_docs, clippy::expect_used, reason = "a test")]

use cachepolicy_analysis::Bounds;
use cachepolicy_core::Policy;
use cachepolicy_core::graph::Graph;
use cachepolicy_core::units::Duration;
use cachepolicy_tests::run::compile;
use cachepolicy_tests::sound::observed::{Seen, is_said_to_leak, replay};
use cachepolicy_tests::sound::traffic::{Traffic, outages};
use cachepolicy_tests::sound::{Focus, Plan, plan};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// Policies for each test, unless `PROPTEST_CASES` says otherwise, and traces for each policy: 10,000
/// cases in all.
const POLICIES: u32 = 625;
const TRACES: u64 = 4;
const SEED: u64 = 2;
/// Times of a trace are written in seconds, as decimals.
const ROUNDING: Duration = Duration::from_nanos(1_000);

/// The same cases each time, unless `PROPTEST_CASES` says how many others: a change is judged by what
/// it changes, and new cases are looked for on purpose.
fn config() -> ProptestConfig {
    let own = ProptestConfig::default();
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => own,
        None => ProptestConfig {
            cases: POLICIES,
            rng_seed: RngSeed::Fixed(SEED),
            ..own
        },
    }
}

/// What is more out of date than was proved.
fn too_old(policy: &Policy, bounds: &Bounds, seen: &Seen) -> Option<String> {
    seen.staleness
        .iter()
        .find_map(|(&(level, model), &observed)| {
            let bound = bounds.of(level, model);
            let limit = bound.map_or(Duration::ZERO, |bound| bound.staleness);
            (observed > limit + ROUNDING).then(|| {
                format!(
                    "{} was {} s out of date through {}, at most {} s were proved: {bound:#?}",
                    policy.levels[level.index()].name,
                    observed.as_secs_f64(),
                    policy.models[model.index()].name,
                    limit.as_secs_f64(),
                )
            })
        })
}

fn check(plan: &Plan, seed: u64) -> Result<(), TestCaseError> {
    let policy = compile(&plan.text());
    let graph = Graph::new(&policy);
    let bounds = Bounds::new(&policy, &graph);
    for trace in 0..TRACES {
        let seed = seed * TRACES + trace;
        let events = Traffic::of(&policy, plan.traffic(), seed);
        let seen = replay(&policy, &events, seed);
        let outages = outages(&policy, &events);
        let found = if outages.is_empty() {
            too_old(&policy, &bounds, &seen)
        } else {
            let bounds = Bounds::with_outages(&policy, &graph, &outages);
            too_old(&policy, &bounds, &seen)
        };
        prop_assert!(
            found.is_none(),
            "trace {seed}: {}",
            found.unwrap_or_default()
        );
        for &level in seen.leaks.iter().chain(&seen.shared_keys) {
            let name = &policy.levels[level.index()].name;
            let is_known = is_said_to_leak(&policy, &graph, level);
            prop_assert!(is_known, "trace {seed}: {name} leaked");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_proved_holds(plan in plan(Focus::Anything), seed in any::<u32>()) {
        check(&plan, seed.into())?;
    }

    #[test]
    fn what_edges_promise_holds(plan in plan(Focus::Edges), seed in any::<u32>()) {
        check(&plan, seed.into())?;
    }

    #[test]
    fn nobody_gets_what_was_made_for_somebody_else(
        plan in plan(Focus::People),
        seed in any::<u32>(),
    ) {
        check(&plan, seed.into())?;
    }

    #[test]
    fn faults_break_no_promise(plan in plan(Focus::Faults), seed in any::<u32>()) {
        check(&plan, seed.into())?;
    }
}
