//! Witnesses come near to what is proved.
#![allow(missing_docs, clippy::expect_used, reason = "a test")]

use cachepolicy_analysis::{Bound, Bounds, Edge, Shows, Witness};
use cachepolicy_core::Policy;
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::{LevelId, ModelId};
use cachepolicy_sim::events::{Happening, Names, Observer, describe};
use cachepolicy_sim::{Options, Simulation, witness};
use cachepolicy_tests::planned::plan;
use cachepolicy_tests::run::compile;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;

struct Lines;
impl Observer for Lines {
    fn happens(&mut self, happening: &Happening, names: &Names<'_>) {
        println!("{}", describe(happening, names));
    }
}

/// How much of its bound a witness reaches.
fn attained(policy: &Policy, shown: &Witness, observe: bool) -> f64 {
    let options = Options::default();
    let mut simulation = Simulation::new(policy, options).expect("a policy that can be simulated");
    if observe {
        simulation.observe(Box::new(Lines));
    }
    for event in witness::events(policy, shown) {
        simulation.push(&event).expect("events in order");
    }
    let report = simulation.finish();
    let name = &policy.levels[shown.level.index()].name;
    let observed = report.levels[name].out_of_date.staleness.max.unwrap_or(0.0);
    let Shows::Bound(_, bound) = shown.shows else {
        return 0.0;
    };
    observed / bound.as_secs_f64()
}

fn reason(bound: &Bound) -> String {
    match &bound.edge {
        Edge::Unsound(missed) => format!("{:?} {:?}", bound.by, missed[0].reason)
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
            let mut name = format!("{:?} Sound", bound.by);
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
    }
}

#[test]
fn witnesses_come_near_to_their_bounds() {
    let mut runner = TestRunner::deterministic();
    let mut all = BTreeMap::<String, (u32, u32, BTreeMap<String, u32>)>::new();
    let mut shown = 0;
    let wanted = std::env::var("SHOW").unwrap_or_default();
    let only = std::env::var("LEVEL").unwrap_or_default();
    let number = |name: &str, or| std::env::var(name).ok().and_then(|s| s.parse().ok()).unwrap_or(or);
    let (skip, most) = (number("SKIP", 0), number("MOST", 1));
    let (low, high) = (number("LOW", 0) as f64 / 100.0, number("HIGH", 95) as f64 / 100.0);
    for _ in 0..number("PLANS", 1000) {
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
                let name = &policy.levels[level.index()].name;
                let Some(witness) = Witness::of_bound(&policy, &graph, &bounds, level, model)
                else {
                    continue;
                };
                let mut key = reason(bound);
                if let Some(short) = witness.short {
                    key.push_str(&format!(" {short:?}"));
                }
                let ratio = attained(&policy, &witness, false);
                let is_shown = ratio < high && ratio >= low && (key == wanted || wanted == "ALL") && (only.is_empty() || only == *name);
                if is_shown {
                    shown += 1;
                }
                if is_shown && shown > skip && shown <= skip + most {
                    println!(
                        "=== {ratio:.3} {name} {} bound {} fill {} copy {} taken {:?} edge {:?}\n{}",
                        policy.models[model.index()].name,
                        bound.staleness.as_secs_f64(),
                        bound.fill.as_secs_f64(),
                        bound.copy.as_secs_f64(),
                        bound.taken,
                        bound.edge,
                        text.split("workload").next().unwrap(),
                    );
                    for event in witness::events(&policy, &witness) {
                        match event {
                            cachepolicy_trace::Event::Request(r) => println!(
                                "{:.4} {} {:?} {:?}",
                                r.at.as_secs_f64(),
                                r.path,
                                r.user,
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
                    attained(&policy, &witness, true);
                }
                let entry = all.entry(key).or_default();
                entry.0 += 1;
                entry.1 += u32::from(ratio >= 0.95);
                if ratio < 0.95 {
                    let class = if ratio == 0.0 { "0" } else if ratio < 0.5 { "<.5" } else { "<.95" };
                    *entry.2.entry(format!("{name} {class}")).or_default() += 1;
                }
            }
        }
    }
    let total: u32 = all.values().map(|(count, ..)| count).sum();
    let good: u32 = all.values().map(|(_, good, _)| good).sum();
    for (key, (count, good, rest)) in &all {
        println!("{key}: {good} of {count} {rest:?}");
    }
    println!("{good} of {total}");
}
