//! Dimensions without a domain in keys: anybody can make as many copies as they like.

use crate::context::Context;
use crate::lower::levels::LevelDraft;
use cachepolicy_core::expr::Expr;
use cachepolicy_core::graph::is_personal;
use cachepolicy_core::key::QueryFilter;
use cachepolicy_core::level::{KeyPart, ValueSource};
use cachepolicy_core::policy::{Carrier, Domain};
use cachepolicy_core::{DimensionId, Level, LevelId};
use cachepolicy_syntax::Diagnostic;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn run(cx: &mut Context<'_>, drafts: &[LevelDraft]) {
    let filter = QueryFilter::new(&cx.policy);
    let passed = passed(drafts);
    for index in 0..cx.policy.dimensions.len() {
        let id = DimensionId(index as u16);
        let Some(dimension) = cx.policy.dimensions.get(index) else {
            continue;
        };
        // One copy for each user is meant.
        if dimension.domain != Domain::Any || is_personal(&cx.policy, id) {
            continue;
        }
        let in_url = match &dimension.carrier {
            Carrier::Query(name) => filter.keeps(name),
            _ => false,
        };
        let receivers = passed.get(&id);
        let takers: Vec<&LevelDraft> = drafts
            .iter()
            .zip(&cx.policy.levels)
            .enumerate()
            .filter(|(index, (draft, level))| {
                let receives =
                    receivers.is_some_and(|levels| levels.contains(&LevelId(*index as u16)));
                draft.is_stored() && (receives || takes(level, id, in_url)) && !skips(level, id)
            })
            .map(|(_, (draft, _))| draft)
            .collect();
        let (Some(first), Some(span)) = (takers.first(), cx.spans.dimensions.get(index)) else {
            continue;
        };
        let message = format!(
            "`{}` is in the key of `{}`, and may have any value: every one makes another copy",
            dimension.name, first.level.name
        );
        let mut diagnostic = Diagnostic::warning("unbounded-variants", *span, message).help(format!(
            "say which values there are (`{} in [a, b] else a`), leave it out of keys, or `skip when {}`",
            dimension.name, dimension.name
        ));
        for draft in takers.iter().take(4) {
            let place = draft.seen.get("vary").or(draft.seen.get("key"));
            diagnostic = diagnostic.related(
                place.unwrap_or(draft.name),
                format!("`{}` takes it", draft.level.name),
            );
        }
        cx.report(diagnostic);
    }
}

/// For each dimension the levels that get it as an argument: it is in their keys.
fn passed(drafts: &[LevelDraft]) -> BTreeMap<DimensionId, BTreeSet<LevelId>> {
    let mut passed: BTreeMap<DimensionId, BTreeSet<LevelId>> = BTreeMap::new();
    for contain in drafts.iter().flat_map(|draft| &draft.level.contains) {
        for arg in &contain.args {
            if let ValueSource::Dimension(dimension) = arg {
                passed.entry(*dimension).or_default().insert(contain.level);
            }
        }
    }
    passed
}

/// Is the dimension in the level's key?
fn takes(level: &Level, dimension: DimensionId, in_url: bool) -> bool {
    level.vary.contains(&dimension)
        || level.key.parts.iter().any(|part| match part {
            KeyPart::Value(value) => *value == ValueSource::Dimension(dimension),
            KeyPart::Url => in_url,
            KeyPart::Text(_) => false,
        })
}

/// Are requests that have it left out?
fn skips(level: &Level, dimension: DimensionId) -> bool {
    fn holds_if_present(condition: &Expr, dimension: DimensionId) -> bool {
        match condition {
            Expr::Present(present) => *present == dimension,
            Expr::Or(any) => any
                .iter()
                .any(|condition| holds_if_present(condition, dimension)),
            Expr::And(all) => all
                .iter()
                .all(|condition| holds_if_present(condition, dimension)),
            Expr::Not(_) | Expr::Equal(..) | Expr::In(..) | Expr::Path(_) | Expr::Method(_) => {
                false
            }
        }
    }
    level
        .skip
        .as_ref()
        .is_some_and(|condition| holds_if_present(condition, dimension))
}
