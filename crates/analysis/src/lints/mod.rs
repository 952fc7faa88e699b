//! The catalogue of findings: what a compiled policy does that its author should know. One file a
//! lint: its code, its page and a pure function over the policy, its graph and its bounds.
//!
//! A finding says something that matters: copies that live for a minute or less are let be by the
//! lints about staleness, and so are pairs of a level and a model that an `accept` claim names.

mod accepted;
mod acted;
mod finding;
pub(crate) mod study;
mod traffic;

mod cache_as_database;
mod child_outlived;
mod cold;
mod deploy_herd;
mod downstream_unreachable;
mod fill_race;
mod invalidation_cycle;
mod invalidation_storm;
mod keys_collide;
mod leak;
mod lock_shorter_than_fill;
mod lost_message;
mod masked_slow_query;
mod never_pays;
mod no_invalidation_plan;
mod old_key_missed;
mod origin_overload_when_cold;
mod other_processes_missed;
mod partial_binding;
mod purge_before_commit;
mod refill_order;
mod replica_refill;
mod silent_write;
mod stampede_unprotected;
mod synchronised_expiry;
mod unversioned_key;
mod variant_missing;

pub use finding::{Edit, Finding, Fix, Label, Place, Severity};
pub(crate) use study::Study;

use crate::bounds::Bounds;
use cachepolicy_core::graph::Graph;
use cachepolicy_core::policy::Policy;

/// One lint of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Lint {
    /// Its stable code.
    pub code: &'static str,
    /// How bad what it finds is, at worst.
    pub severity: Severity,
    /// What it says, in one sentence.
    pub what: &'static str,
    /// Why that matters, and what to do.
    pub why: &'static str,
    /// When to allow it; empty where there is nothing to allow.
    pub allow: &'static str,
    /// An example that has it, and nothing else of the catalogue.
    pub failing: &'static str,
    /// The nearest one that has not.
    pub mended: &'static str,
    /// Looks for it.
    run: fn(&Lint, &Study<'_>, &mut Vec<Finding>),
}

/// All of them, the worst first.
pub static LINTS: &[Lint] = &as_built([
    leak::LINT,
    variant_missing::LINT,
    keys_collide::LINT,
    no_invalidation_plan::LINT,
    child_outlived::LINT,
    refill_order::LINT,
    fill_race::LINT,
    purge_before_commit::LINT,
    replica_refill::LINT,
    old_key_missed::LINT,
    lost_message::LINT,
    other_processes_missed::LINT,
    partial_binding::LINT,
    silent_write::LINT,
    downstream_unreachable::LINT,
    stampede_unprotected::LINT,
    lock_shorter_than_fill::LINT,
    synchronised_expiry::LINT,
    origin_overload_when_cold::LINT,
    deploy_herd::LINT,
    invalidation_cycle::LINT,
    invalidation_storm::LINT,
    cache_as_database::LINT,
    never_pays::LINT,
    masked_slow_query::LINT,
    unversioned_key::LINT,
]);

/// Their pages are left out of what has no use for them.
const fn as_built<const N: usize>(mut lints: [Lint; N]) -> [Lint; N] {
    let mut index = 0;
    while index < N && !cfg!(feature = "pages") {
        lints[index] = Lint {
            what: "",
            why: "",
            allow: "",
            failing: "",
            mended: "",
            ..lints[index]
        };
        index += 1;
    }
    lints
}

/// Everything that the catalogue finds in a policy whose levels stand behind what they contain.
#[must_use]
pub fn findings(policy: &Policy, graph: &Graph) -> Vec<Finding> {
    let bounds = Bounds::new(policy, graph);
    let study = Study::new(policy, graph, &bounds);
    let mut found = Vec::new();
    for lint in LINTS {
        (lint.run)(lint, &study, &mut found);
    }
    found
}
