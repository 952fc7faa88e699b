//! Keys: made where the author wrote none, injective where one was written.

use crate::context::Context;
use crate::lower::levels::LevelDraft;
use cachepolicy_core::key::{ambiguity, default_key, uncovered};
use cachepolicy_core::level::{KeyPart, ValueSource};
use cachepolicy_core::route::Segment;
use cachepolicy_core::{Level, Policy};
use cachepolicy_syntax::{Diagnostic, Span};

pub(crate) fn run(cx: &mut Context<'_>, drafts: &[LevelDraft]) {
    for (index, draft) in drafts.iter().enumerate() {
        let Some(level) = cx.policy.levels.get_mut(index) else {
            continue;
        };
        if level.key.explicit {
            if let Some(span) = draft.seen.get("key") {
                check(cx, index, span);
            }
        } else {
            let has_route = crate::table::Kinds::ROUTED.contains(level.kind);
            level.key = default_key(
                level.kind,
                &level.name,
                has_route,
                level.params.len(),
                &level.vary,
            );
        }
    }
}

fn check(cx: &mut Context<'_>, index: usize, span: Span) {
    let Some(level) = cx.policy.levels.get(index) else {
        return;
    };
    let missing = uncovered(&cx.policy, level);
    if let Some(first) = missing.first() {
        let names: Vec<String> = missing
            .iter()
            .map(|source| source_name(&cx.policy, level, source))
            .collect();
        let what = match first {
            ValueSource::Param(_) => "copies of different parameters",
            _ => "different variants",
        };
        let message = format!(
            "the key of `{}` has no {}, so {what} would share one copy",
            level.name,
            crate::suggest::listed(names.iter().map(String::as_str)),
        );
        let holes: String = names.iter().map(|name| format!(":{{{name}}}")).collect();
        let end = Span {
            start: span.end.saturating_sub(1),
            end: span.end.saturating_sub(1),
            ..span
        };
        let diagnostic = Diagnostic::error("key-not-injective", span, message)
            .help(format!(
                "put `{}` into it, or leave the key out",
                holes.trim_start_matches(':')
            ))
            .fix("add it to the key", end, holes);
        cx.report(diagnostic);
        return;
    }
    if misses_path(level) {
        let message = format!(
            "the key of `{}` is the same for every path that its route matches",
            level.name
        );
        cx.report(
            Diagnostic::error("key-not-injective", span, message)
                .help("put `{url}` into it, or leave the key out"),
        );
        return;
    }
    if let Some(found) = ambiguity(&level.key.parts) {
        let name = |part: usize| match level.key.parts.get(part) {
            Some(KeyPart::Value(source)) => source_name(&cx.policy, level, source),
            _ => "url".to_owned(),
        };
        let (value, next) = (name(found.value), name(found.next));
        let message = format!("`{{{value}}}` and `{{{next}}}` cannot be told apart in this key");
        cx.report(
            Diagnostic::error("key-not-injective", span, message)
                .help(format!("put a `:` between them: `{{{value}}}:{{{next}}}`")),
        );
    }
}

/// The route matches several paths without naming what differs, and the key has no URL.
fn misses_path(level: &Level) -> bool {
    let anonymous = level.route.as_ref().is_some_and(|route| {
        route.pattern.segments.iter().any(|segment| {
            matches!(
                segment,
                Segment::Rest { param: None } | Segment::Hole { param: None, .. }
            )
        })
    });
    anonymous && !level.key.parts.contains(&KeyPart::Url)
}

fn source_name(policy: &Policy, level: &Level, source: &ValueSource) -> String {
    match source {
        ValueSource::Param(index) => level.params.get(usize::from(*index)).cloned(),
        ValueSource::Dimension(dimension) => policy
            .dimensions
            .get(dimension.index())
            .map(|dimension| dimension.name.clone()),
        ValueSource::Data(index) => level
            .data
            .get(usize::from(*index))
            .map(|data| data.name.clone()),
        ValueSource::Literal(text) => Some(text.clone()),
    }
    .unwrap_or_default()
}
