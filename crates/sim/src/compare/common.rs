//! What only some of the policies declare, and one ground for all of them.

use crate::report::{InvalidationFigures, Report};
use cachepolicy_core::policy::{BackendKind, Field, Model, Policy};
use indexmap::IndexSet;
use serde::Serialize;

/// Something that not all policies declare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct Only {
    /// `level`, `backend`, `origin`, `bus`, `model`, `dimension`, `invalidation`.
    pub what: &'static str,
    /// Its name.
    pub name: String,
    /// Which of the policies declare it, in their order.
    #[serde(rename = "in")]
    pub declared: Vec<bool>,
}

/// Everything that not all policies declare, in the order of the language. `reports`: one of each.
pub(super) fn only(policies: &[&Policy], reports: &[&Report]) -> Vec<Only> {
    type Names = fn(&Policy) -> Vec<&str>;
    const KINDS: [(&str, Names); 6] = [
        ("level", |it| {
            it.levels.iter().map(|it| it.name.as_str()).collect()
        }),
        ("backend", |it| {
            it.backends.iter().map(|it| it.name.as_str()).collect()
        }),
        ("origin", |it| {
            it.origins.iter().map(|it| it.name.as_str()).collect()
        }),
        ("bus", |it| {
            it.buses.iter().map(|it| it.name.as_str()).collect()
        }),
        ("model", |it| {
            it.models.iter().map(|it| it.name.as_str()).collect()
        }),
        ("dimension", |it| {
            it.dimensions.iter().map(|it| it.name.as_str()).collect()
        }),
    ];
    let mut found = Vec::new();
    for (what, names) in KINDS {
        let each = policies.iter().map(|policy| names(policy));
        let each = each.map(|names| names.into_iter().map(str::to_owned).collect());
        add(&mut found, what, &each.collect::<Vec<_>>());
    }
    let edges = reports
        .iter()
        .map(|report| report.invalidation.iter().map(edge_name).collect());
    add(&mut found, "invalidation", &edges.collect::<Vec<_>>());
    found
}

/// Those names that not all have.
fn add(found: &mut Vec<Only>, what: &'static str, each: &[IndexSet<String>]) {
    let all: IndexSet<&String> = each.iter().flatten().collect();
    for name in all {
        let declared: Vec<bool> = each.iter().map(|names| names.contains(name)).collect();
        if declared.contains(&false) {
            found.push(Only {
                what,
                name: name.clone(),
                declared,
            });
        }
    }
}

/// What an action of an edge is called: `purge article(slug) on Article update`.
#[must_use]
pub fn edge_name(figures: &InvalidationFigures) -> String {
    format!("{} on {}", figures.target, figures.on)
}

/// What was declared in a policy so that it can be replayed on the same traffic as others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Declared {
    backends: Vec<String>,
    origins: Vec<String>,
}

/// Declares in each policy what a trace can name and only others declare: models, backends and
/// origins. Nothing uses them there, so writes and faults of them change nothing. Without this a
/// trace that flushes the backend that a change removes could not be replayed through both sides of
/// the change.
#[must_use]
pub fn on_common_ground(policies: &[&Policy]) -> Vec<(Policy, Declared)> {
    let lacking = |policy: &&Policy| {
        let mut policy = Policy::clone(policy);
        let mut declared = Declared::default();
        for other in policies {
            declare_models(&mut policy, other);
            for backend in &other.backends {
                if policy.backends.iter().all(|it| it.name != backend.name) {
                    let mut unused = backend.clone();
                    unused.kind = BackendKind::Redis;
                    declared.backends.push(unused.name.clone());
                    policy.backends.push(unused);
                }
            }
            for origin in &other.origins {
                if policy.origins.iter().all(|it| it.name != origin.name) {
                    declared.origins.push(origin.name.clone());
                    policy.origins.push(origin.clone());
                }
            }
        }
        (policy, declared)
    };
    policies.iter().map(lacking).collect()
}

/// Models that no level of the policy reads: what their fields refer to does not matter.
fn declare_models(policy: &mut Policy, other: &Policy) {
    for model in &other.models {
        if policy.models.iter().all(|it| it.name != model.name) {
            let alone = |field: &Field| Field {
                name: field.name.clone(),
                reference: None,
            };
            policy.models.push(Model {
                name: model.name.clone(),
                place: cachepolicy_core::policy::Place::default(),
                fields: model.fields.iter().map(alone).collect(),
            });
        }
    }
}

impl Declared {
    /// The report of the policy as it was written.
    pub fn leave_out(&self, report: &mut Report) {
        for name in &self.backends {
            report.backends.shift_remove(name);
        }
        for name in &self.origins {
            report.origins.shift_remove(name);
            report
                .timeline
                .series
                .shift_remove(&format!("origins.{name}.rate"));
        }
    }
}
