//! What is said to leak does, in two requests; and nothing else ever does.
#![allow(missing_docs, clippy::expect_used, reason = "a test")]

use cachepolicy_analysis::{Shows, Witness};
use cachepolicy_core::graph::{Graph, is_personal};
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::level::LevelKind;
use cachepolicy_core::{Policy, WorkloadId};
use cachepolicy_sim::report::Report;
use cachepolicy_sim::{Options, Simulation, witness};
use cachepolicy_tests::planned::plan;
use cachepolicy_tests::run::compile;
use cachepolicy_tests::sound::observed::is_said_to_leak;
use cachepolicy_trace::{Event, Source as _};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

fn replay(policy: &Policy, options: Options, events: impl Iterator<Item = Event>) -> Report {
    let mut simulation = Simulation::new(policy, options).expect("a policy that can be simulated");
    for event in events {
        simulation.push(&event).expect("events in order");
    }
    simulation.finish()
}

fn levels(policy: &Policy) -> impl Iterator<Item = LevelId> {
    (0..policy.levels.len()).map(|index| LevelId(index as u16))
}

/// A plan, perhaps with a token in its list, or with an item that is made for a language.
fn text(plan: &str, seed: u64) -> String {
    let more = ["", "  uses csrf\n", "  uses user.id\n", "  uses lang\n"];
    let object = if seed.is_multiple_of(2) {
        "list"
    } else {
        "item(slug)"
    };
    let head = format!("object {object} {{\n");
    plan.replace(&head, &format!("{head}{}", more[seed as usize / 2 % 4]))
}

#[test]
fn two_requests_show_a_leak() {
    let mut runner = TestRunner::deterministic();
    let (mut shown, mut hidden) = (0, 0);
    for seed in 0..60 {
        let plan = plan().new_tree(&mut runner).expect("a plan").current();
        let text = text(&plan.text(), seed);
        let policy = compile(&text);
        let graph = Graph::new(&policy);
        for level in levels(&policy) {
            // A parameter can tell apart whose token it is.
            let mut uncovered = graph.uncovered(level).iter();
            let leaking = uncovered.any(|id| is_personal(&policy, *id));
            let Some(witness) = Witness::of_leak(&policy, &graph, level) else {
                let all = graph.all_containers(level).into_iter().chain([level]);
                let is_asked = all.into_iter().any(|level| {
                    let level = &policy.levels[level.index()];
                    level.route.is_some() && level.kind != LevelKind::Site
                });
                assert!(!leaking || !is_asked, "level {level:?}\n{text}");
                continue;
            };
            let name = &policy.levels[level.index()].name;
            let events = witness::events(&policy, &witness);
            assert_eq!(events.len(), 2);
            let report = replay(&policy, Options::default(), events.into_iter());
            let found = &report.levels[name];
            let is_personal = match witness.shows {
                Shows::Leak(Some(of)) => is_personal(&policy, of),
                _ => true,
            };
            let is_shown = if is_personal {
                found.leaks > 0
            } else {
                found.fresh > 0
            };
            if is_shown {
                shown += 1;
            } else {
                hidden += 1;
                assert!(witness.short.is_some(), "{name}: {witness:#?}\n{text}");
            }
        }
    }
    assert!(
        shown > 50 && hidden * 10 < shown,
        "{shown} shown, {hidden} not"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn nothing_leaks_but_what_is_said_to(plan in plan(), seed in 0u64..1000) {
        let text = text(&plan.text(), seed);
        let policy = compile(&text);
        let graph = Graph::new(&policy);
        let options = Options { seed, workload: Some(WorkloadId(0)), ..Options::default() };
        let mut source = cachepolicy_trace::generate(&policy, &policy.workloads[0], seed);
        let mut events = Vec::new();
        let mut event = Event::default();
        while source.next(&mut event).expect("a workload has no mistakes") {
            events.push(event.clone());
        }
        let report = replay(&policy, options, events.into_iter());
        for level in levels(&policy) {
            let name = &policy.levels[level.index()].name;
            prop_assert!(
                report.levels[name].leaks == 0 || is_said_to_leak(&policy, &graph, level),
                "{name} leaked\n{text}"
            );
        }
        let any = levels(&policy).any(|level| is_said_to_leak(&policy, &graph, level));
        prop_assert!(report.requests.leaks == 0 || any, "{text}");
    }
}
