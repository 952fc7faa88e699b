//! From runs to what became of the claims.

use super::plan::{Plan, Planned};
use super::{Against, Case, Earlier, Group, On, Tested};
use crate::output::Terminal;
use crate::replay::Simulated;
use crate::report::human::{View, expectations, hints};
use crate::report::page::Layout;
use cachepolicy_analysis::{Bounds, Claims};
use cachepolicy_core::Policy;
use cachepolicy_core::expectation::{Claim, Expectation};
use cachepolicy_core::graph::Graph;
use cachepolicy_sim::baseline::Baseline;
use cachepolicy_sim::expect::prove;
use cachepolicy_sim::report::ExpectationResult;

/// What became of a policy's claims: of each run its own, of the others what is proved. `runs`: in
/// the order of the plan's.
pub(crate) fn tested(plan: &Plan<'_>, runs: &[Simulated], earlier: &[Earlier]) -> Tested {
    let policy = plan.policy;
    let graph = Graph::new(policy);
    let bounds = Bounds::new(policy, &graph);
    let before_any_run = prove(policy, &Claims::new(policy, &graph, &bounds));
    let planned = plan.runs.iter().zip(runs);
    let mut groups = vec![proofs(policy, &before_any_run)];
    let measured = planned
        .clone()
        .map(|(planned, run)| measured(policy, planned, run));
    groups.extend(measured);
    groups.push(left_out(plan, &before_any_run));
    groups.retain(|group| !group.cases.is_empty());
    let ours = earlier.iter().filter(|it| it.is_of(policy));
    let baselines = ours.filter_map(|earlier| {
        let (planned, run) = planned.clone().nth(plan.run_of(earlier)?)?;
        let claims = policy.expectations.iter().enumerate();
        let claims = claims
            .filter(|(number, claim)| is_proved(claim) || planned.claims.contains(number))
            .map(|(_, claim)| claim);
        Some(Against {
            file: earlier.file.clone(),
            baseline: Baseline::new(policy, claims, &earlier.report, run.report()),
        })
    });
    Tested {
        name: policy.name.clone(),
        hash: policy.hash.clone(),
        baselines: baselines.collect(),
        groups,
    }
}

const fn is_proved(claim: &Expectation) -> bool {
    !matches!(claim.claim, Claim::Figure { .. })
}

fn proofs(policy: &Policy, results: &[ExpectationResult]) -> Group {
    let claims = policy.expectations.iter().zip(results);
    let proved = claims.filter(|(claim, _)| is_proved(claim));
    let cases = proved.map(|(claim, result)| {
        let hint = hints::of_proof(policy, &claim.claim);
        Case {
            figure: expectations::in_words(result, Some(&claim.claim), None),
            in_seeds: None,
            property_place: place_of(policy, hint.as_ref()),
            hint,
            open: undecided(result),
            result: result.clone(),
        }
    });
    Group {
        on: On::Proof,
        seeds: Vec::new(),
        cases: cases.collect(),
    }
}

fn measured(policy: &Policy, planned: &Planned<'_>, run: &Simulated) -> Group {
    let seeds = run.aggregate();
    let view = View {
        report: run.report(),
        seeds,
        policy,
        input: &planned.settings.name,
        terminal: Terminal::PLAIN,
        layout: Layout::Lines,
    };
    let cases = planned.claims.iter().filter_map(|&number| {
        let claim = policy.expectations.get(number)?;
        let result = run.report().expectations.get(number)?;
        let hint = hints::of(&view, result);
        let held_in = expectations::held_in(seeds, result);
        Some(Case {
            figure: expectations::in_words(result, Some(&claim.claim), held_in),
            in_seeds: seeds.and_then(|all| all.claims.get(number).copied()),
            property_place: place_of(policy, hint.as_ref()),
            hint,
            open: undecided(result),
            result: result.clone(),
        })
    });
    Group {
        on: planned.on.clone(),
        seeds: match seeds {
            Some(all) => all.seeds.clone(),
            None => vec![run.report().seed],
        },
        cases: cases.collect(),
    }
}

fn left_out(plan: &Plan<'_>, results: &[ExpectationResult]) -> Group {
    let cases = plan.left_out.iter().filter_map(|(number, reason)| {
        Some(Case {
            result: results.get(*number)?.clone(),
            figure: String::new(),
            in_seeds: None,
            hint: None,
            property_place: None,
            open: Some(reason.clone()),
        })
    });
    Group {
        on: On::Nothing,
        seeds: Vec::new(),
        cases: cases.collect(),
    }
}

fn undecided(result: &ExpectationResult) -> Option<String> {
    let reason = if result.figure.is_some() {
        "this run does not decide it"
    } else {
        "there was nothing to measure"
    };
    result.held.is_none().then(|| reason.to_owned())
}

fn place_of(policy: &Policy, hint: Option<&hints::Hint>) -> Option<(String, u32)> {
    let place = hint?.place?;
    Some((policy.file(place).to_owned(), place.line))
}
