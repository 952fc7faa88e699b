//! What is declared and never used.

use crate::context::Context;
use crate::lower::levels::LevelDraft;
use cachepolicy_core::expectation::{Claim, Subject};
use cachepolicy_core::workload::Fault;
use cachepolicy_core::{BackendId, LevelKind, Policy};
use cachepolicy_syntax::{Diagnostic, Span};
use std::collections::BTreeSet;

pub(crate) fn run(cx: &mut Context<'_>, drafts: &[LevelDraft]) {
    let used = Used::of(&cx.policy);
    let policy = &cx.policy;
    let mut found = Vec::new();
    let mut check = |names: Vec<&str>, used: &BTreeSet<usize>, spans: &[Span], help: &str| {
        for (index, (name, span)) in names.into_iter().zip(spans).enumerate() {
            if !used.contains(&index) {
                found.push((*span, name.to_owned(), help.to_owned()));
            }
        }
    };
    check(
        policy
            .models
            .iter()
            .map(|model| model.name.as_str())
            .collect(),
        &used.models,
        &cx.spans.models,
        "say which levels read it (`reads`), or remove it",
    );
    check(
        policy
            .backends
            .iter()
            .map(|backend| backend.name.as_str())
            .collect(),
        &used.backends,
        &cx.spans.backends,
        "store a level in it (`store`), or remove it",
    );
    check(
        policy.buses.iter().map(|bus| bus.name.as_str()).collect(),
        &used.buses,
        &cx.spans.buses,
        "let an edge travel on it (`via`), or remove it",
    );
    check(
        policy
            .origins
            .iter()
            .map(|origin| origin.name.as_str())
            .collect(),
        &used.origins,
        &cx.spans.origins,
        "say which levels work there (`cost … on`), or remove it",
    );
    for (bus, span) in policy.buses.iter().zip(&cx.spans.buses) {
        if bus
            .tracks
            .is_some_and(|tracks| !has_readers(policy, tracks.backend))
        {
            let help = "store a level in a `memory` before what it tracks (`store hot, shared`), or remove it";
            found.push((*span, bus.name.clone(), help.to_owned()));
        }
    }
    let has_routes = policy.levels.iter().any(|level| level.route.is_some());
    let levels = drafts.iter().enumerate().filter(|(index, draft)| {
        has_routes
            && matches!(draft.level.kind, LevelKind::Fragment | LevelKind::Object)
            && !used.levels.contains(index)
    });
    for (_, draft) in levels {
        let help = "let another level contain it (`contains`), or remove it";
        found.push((draft.name, draft.level.name.clone(), help.to_owned()));
    }
    for (span, name, help) in found {
        let message = format!("`{name}` is never used");
        cx.report(Diagnostic::warning("unused", span, message).help(help));
    }
}

/// Indices of what something refers to.
#[derive(Default)]
struct Used {
    models: BTreeSet<usize>,
    backends: BTreeSet<usize>,
    buses: BTreeSet<usize>,
    origins: BTreeSet<usize>,
    levels: BTreeSet<usize>,
}

impl Used {
    fn of(policy: &Policy) -> Self {
        let mut used = Self::default();
        for level in &policy.levels {
            used.models
                .extend(level.reads.iter().map(|read| read.model.index()));
            used.backends
                .extend(level.tiers.iter().map(|tier| tier.backend.index()));
            used.origins
                .extend(level.origin.map(|origin| origin.index()));
            used.levels
                .extend(level.contains.iter().map(|contain| contain.level.index()));
        }
        for model in &policy.models {
            let references = model.fields.iter().filter_map(|field| field.reference);
            used.models
                .extend(references.map(|reference| reference.model.index()));
        }
        for edge in &policy.edges {
            used.models.insert(edge.model.index());
            used.buses.extend(edge.bus.map(|bus| bus.index()));
        }
        let tracking = policy.buses.iter().enumerate();
        let tracking = tracking.filter(|(_, bus)| bus.tracks.is_some());
        used.buses.extend(tracking.map(|(index, _)| index));
        for workload in &policy.workloads {
            used.models
                .extend(workload.writes.iter().map(|write| write.model.index()));
            used.models
                .extend(workload.write_rules.iter().map(|rule| rule.model.index()));
            for fault in &workload.faults {
                match &fault.fault {
                    Fault::OriginOutage { origin, .. } => {
                        used.origins.insert(origin.index());
                    }
                    // Breaking a backend is no use of it.
                    Fault::Flush(_)
                    | Fault::Outage { .. }
                    | Fault::Restart { .. }
                    | Fault::Deploy
                    | Fault::Surge { .. } => {}
                }
            }
        }
        for expectation in &policy.expectations {
            match &expectation.claim {
                Claim::Staleness { model, .. } => {
                    used.models.extend(model.map(|model| model.index()));
                }
                Claim::Figure {
                    subject: Subject::Origin(origin),
                    ..
                } => {
                    used.origins.insert(origin.index());
                }
                Claim::Figure { .. } | Claim::NoLeak => {}
            }
        }
        used
    }
}

/// Is a level stored in each process before this backend?
fn has_readers(policy: &Policy, backend: BackendId) -> bool {
    let is_told = |level| policy.tracking(level).is_some_and(|(it, _)| it == backend);
    policy.levels.iter().any(is_told)
}
