//! Claims about a level that users see only through another stored one.

use crate::context::Context;
use cachepolicy_core::expectation::{Claim, Subject};
use cachepolicy_core::graph::Graph;
use cachepolicy_core::{LevelId, Policy};
use cachepolicy_syntax::Diagnostic;
use std::collections::BTreeMap;

/// Figures that a reader takes for what users get.
const SEEN_BY_USERS: [&str; 4] = ["hit_ratio", "byte_hit_ratio", "staleness", "latency"];

pub(crate) fn run(cx: &mut Context<'_>, graph: &Graph) {
    let mut known: BTreeMap<LevelId, Option<LevelId>> = BTreeMap::new();
    let claims = cx.policy.expectations.iter().zip(&cx.spans.claims);
    let mut found = Vec::new();
    for (expectation, (_, subject)) in claims {
        let level = match &expectation.claim {
            Claim::Staleness {
                subject: Subject::Level(level),
                ..
            } => *level,
            Claim::Figure {
                subject: Subject::Level(level),
                figure,
                ..
            } if SEEN_BY_USERS.contains(&figure.split('.').next().unwrap_or_default()) => *level,
            _ => continue,
        };
        let cover = *known
            .entry(level)
            .or_insert_with(|| cover(&cx.policy, graph, level));
        let name = |id: LevelId| {
            let level = cx.policy.levels.get(id.index());
            level.map_or("", |level| level.name.as_str())
        };
        if let Some(cover) = cover {
            let message = format!(
                "users see `{}` through copies of `{}`, and this claim is about its own look-ups",
                name(level),
                name(cover)
            );
            found.push(
                Diagnostic::warning("covered-claim", *subject, message)
                    .help("to say what users get, name a route such as `GET \"/\"`, or `requests`"),
            );
        }
    }
    cx.diagnostics.append(&mut found);
}

/// A stored level that contains this one, directly or through others.
fn cover(policy: &Policy, graph: &Graph, level: LevelId) -> Option<LevelId> {
    graph.all_containers(level).into_iter().find(|container| {
        policy
            .levels
            .get(container.index())
            .is_some_and(cachepolicy_core::Level::is_stored)
    })
}
