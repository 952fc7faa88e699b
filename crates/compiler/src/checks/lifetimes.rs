//! Lifetimes and storage: what has no effect, and what never ends.

use super::edges::Tags;
use crate::context::Context;
use crate::lower::levels::LevelDraft;
use crate::lower::with_article;
use cachepolicy_core::edge::Target;
use cachepolicy_core::graph::Graph;
use cachepolicy_core::policy::BackendKind;
use cachepolicy_core::{LevelId, LevelKind, ModelId, Policy};
use cachepolicy_syntax::{Diagnostic, Span};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn run(cx: &mut Context<'_>, drafts: &[LevelDraft], graph: &Graph) {
    for draft in drafts {
        check_effect(cx, draft);
        check_backend(cx, draft);
    }
    check_forever(cx, drafts, graph);
}

/// Properties of copies on a view that has none. (On other levels the missing `store` is reported.)
fn check_effect(cx: &mut Context<'_>, draft: &LevelDraft) {
    if draft.level.kind != LevelKind::View || draft.is_stored() {
        return;
    }
    let without: Vec<(&str, Span)> = draft
        .seen
        .iter()
        .filter(|(row, _)| row.needs_store)
        .map(|(row, span)| (row.word, span))
        .collect();
    for (word, span) in without {
        let message = format!(
            "`{word}` has no effect: `{}` is not stored",
            draft.level.name
        );
        cx.report(
            Diagnostic::warning("no-effect", span, message)
                .related(draft.name, "it has no `store`")
                .help("say where its copies live, for example `store shared`, or remove this line"),
        );
    }
}

fn check_backend(cx: &mut Context<'_>, draft: &LevelDraft) {
    for tier in &draft.level.tiers {
        let Some(backend) = cx.policy.backends.get(tier.backend.index()) else {
            continue;
        };
        if backend.kind == BackendKind::None {
            let message = format!(
                "`{}` is stored in `{}`, which stores nothing",
                draft.level.name, backend.name
            );
            let span = draft.seen.get("store").unwrap_or(draft.header);
            let mut diagnostic = Diagnostic::warning("stored-nowhere", span, message)
                .help("name another backend, or give this one a kind that stores, such as `redis`");
            if let Some(place) = cx.spans.backends.get(tier.backend.index()) {
                diagnostic = diagnostic.related(*place, "its kind is `none`");
            }
            cx.report(diagnostic);
        }
    }
}

/// Copies that never expire are right only as long as every write that concerns them is told.
fn check_forever(cx: &mut Context<'_>, drafts: &[LevelDraft], graph: &Graph) {
    let is_forever = |draft: &&LevelDraft| draft.is_stored() && draft.level.rules.ttl.is_forever();
    if !drafts.iter().any(|draft| is_forever(&draft)) {
        return;
    }
    let told = told(&cx.policy, graph);
    for (index, draft) in drafts
        .iter()
        .enumerate()
        .filter(|(_, draft)| is_forever(draft))
    {
        let level = LevelId(index as u16);
        let mut reported = BTreeSet::new();
        for read in &draft.level.reads {
            let is_told = told
                .get(&read.model)
                .is_some_and(|levels| levels.contains(&level));
            if is_told || !reported.insert(read.model) {
                continue;
            }
            let Some(model) = cx.model(read.model).map(|model| model.name.clone()) else {
                continue;
            };
            let name = &draft.level.name;
            let message = format!(
                "`{name}` is kept forever, and nothing removes a copy when {} changes",
                with_article(&model)
            );
            let span = draft.seen.get("ttl").unwrap_or(draft.header);
            let target = match draft.level.params.as_slice() {
                [] => name.clone(),
                params => {
                    let bound: Vec<String> =
                        params.iter().map(|param| format!("{param}: …")).collect();
                    format!("{name}({})", bound.join(", "))
                }
            };
            cx.report(
                Diagnostic::warning("no-invalidation-plan", span, message).help(format!(
                    "write `on {model} create|update|delete {{ purge {target} }}`, or give it a ttl"
                )),
            );
        }
    }
}

/// For each model the levels that its edges reach.
fn told(policy: &Policy, graph: &Graph) -> BTreeMap<ModelId, BTreeSet<LevelId>> {
    let tags = Tags::new(policy);
    let mut told: BTreeMap<ModelId, BTreeSet<LevelId>> = BTreeMap::new();
    for edge in &policy.edges {
        let reached = told.entry(edge.model).or_default();
        for action in &edge.actions {
            let direct: Vec<LevelId> = match &action.target {
                Target::Level { level, .. } => vec![*level],
                Target::Tag(parts) => tags.bearers(parts).collect(),
            };
            for level in direct {
                reached.insert(level);
                if action.cascade {
                    reached.extend(graph.all_containers(level));
                }
            }
        }
    }
    told
}
