//! Lifetimes and storage: what has no effect.

use crate::context::Context;
use crate::lower::levels::LevelDraft;
use cachepolicy_core::LevelKind;
use cachepolicy_core::policy::BackendKind;
use cachepolicy_syntax::{Diagnostic, Span};

pub(crate) fn run(cx: &mut Context<'_>, drafts: &[LevelDraft]) {
    for draft in drafts {
        check_effect(cx, draft);
        check_backend(cx, draft);
    }
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
