//! Witnesses come near to what is proved.
#![allow(missing_docs, clippy::expect_used, reason = "a test")]

use cachepolicy_analysis::{Bounds, Edge, Witness};
use cachepolicy_core::Policy;
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::{LevelId, ModelId};
use cachepolicy_sim::{Options, Simulation, witness};
use cachepolicy_tests::planned::plan;
use cachepolicy_tests::run::compile;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;

/// How much of its bound a witness reaches.
fn attained(policy: &Policy, shown: &Witness) -> f64 {
    let options = Options::default();
    let mut simulation = Simulation::new(policy, options).expect("a policy that can be simulated");
    for event in witness::events(policy, shown) {
        simulation.push(&event).expect("events in order");
    }
    let report = simulation.finish();
    let name = &policy.levels[shown.level.index()].name;
    let observed = report.levels[name].out_of_date.staleness.max.unwrap_or(0.0);
    observed / shown.bound.as_secs_f64()
}

#[test]
fn witnesses_come_near_to_their_bounds() {
    let mut runner = TestRunner::deterministic();
    let mut all = BTreeMap::<String, (u32, u32)>::new();
    let mut shown = BTreeMap::<String, u32>::new();
    let wanted = std::env::var("SHOW").unwrap_or_default();
    for _ in 0..1000 {
        let text = plan()
            .new_tree(&mut runner)
            .expect("a plan")
            .current()
            .text();
        let policy = compile(&text);
        let graph = Graph::new(&policy);
        let bounds = Bounds::new(&policy, &graph);
        for level in (0..policy.levels.len()).map(|index| LevelId(index as u16)) {
            for model in (0..policy.models.len()).map(|index| ModelId(index as u16)) {
                let Some(bound) = bounds.of(level, model) else {
                    continue;
                };
                if bound.staleness.is_forever() || bound.staleness.nanos() == 0 {
                    continue;
                }
                let reason = match &bound.edge {
                    Edge::Unsound(missed) => format!("{:?}", missed[0].reason)
                        .split('(')
                        .next()
                        .unwrap_or_default()
                        .to_owned(),
                    Edge::Sound {
                        shared,
                        stale,
                        survive,
                        ..
                    } => {
                        let mut name = String::from("Sound");
                        for (is, word) in [
                            (survive.is_some(), " survive"),
                            (shared.nanos() > 0, " shared"),
                            (stale.nanos() > 0, " stale"),
                        ] {
                            if is {
                                name.push_str(word);
                            }
                        }
                        name
                    }
                };
                let mut key = format!("{:?} {reason}", bound.by);
                let mut ratio = 0.0;
                match Witness::of_bound(&policy, &graph, &bounds, level, model) {
                    Some(witness) => {
                        ratio = attained(&policy, &witness);
                        if let Some(short) = witness.short {
                            key.push_str(&format!(" {short:?}"));
                        }
                        if ratio < 0.95 && key == wanted {
                            let count = shown.entry(key.clone()).or_default();
                            *count += 1;
                            if *count <= 2 {
                                println!(
                                    "=== {ratio:.3} {} {} bound {} fill {} copy {} taken {:?} edge {:?}\n{text}",
                                    policy.levels[level.index()].name,
                                    policy.models[model.index()].name,
                                    bound.staleness.as_secs_f64(),
                                    bound.fill.as_secs_f64(),
                                    bound.copy.as_secs_f64(),
                                    bound.taken,
                                    bound.edge
                                );
                                for event in witness::events(&policy, &witness) {
                                    match event {
                                        cachepolicy_trace::Event::Request(r) => println!(
                                            "{:.4} {} {:?} p{:?} {:?}",
                                            r.at.as_secs_f64(),
                                            r.path,
                                            r.user,
                                            r.process,
                                            r.data
                                                .iter()
                                                .filter(|(_, v)| v[0] != "0")
                                                .collect::<Vec<_>>()
                                        ),
                                        cachepolicy_trace::Event::Write(w) => println!(
                                            "{:.4} WRITE {} {:?} p{:?} delay {:?} old {:?} new {:?}",
                                            w.at.as_secs_f64(),
                                            w.model,
                                            w.operation,
                                            w.process,
                                            w.delay.map(|d| d.as_secs_f64()),
                                            w.old,
                                            w.new
                                        ),
                                        e => println!("{e:?}"),
                                    }
                                }
                            }
                        }
                    }
                    // Nobody asks for it.
                    None => continue,
                }
                let entry = all.entry(key).or_default();
                entry.0 += 1;
                entry.1 += u32::from(ratio >= 0.95);
            }
        }
    }
    let total: u32 = all.values().map(|(count, _)| count).sum();
    let good: u32 = all.values().map(|(_, good)| good).sum();
    for (key, counts) in &all {
        println!("{key}: {counts:?}");
    }
    println!("{good} of {total}");
}
