//! What is made right after a purge takes the old data in again.

use super::finding::{Finding, Place, Severity};
use super::study::Stale;
use super::{Lint, Study};
use crate::bounds::Edge;
use crate::bounds::missed::Reason;
use crate::cover::ActionRef;
use crate::words::{brief, for_up_to};
use cachepolicy_core::ids::LevelId;
use std::collections::BTreeSet;

pub(super) static LINT: Lint = Lint {
    code: "refill-order",
    severity: Severity::Warning,
    what: "A page is purged while a part of it is still old, and the next one is made with the old part.",
    why: "The first request after the purge makes the page anew, and takes in what is stored of its parts. If a part \
          was only expired (and may be served stale for a while), or hears of the write later, the new page holds \
          the old part and keeps it for the page's whole lifetime. What is contained has to be gone first: `purge` \
          it, in the same block.",
    allow: "The old part may be shown for as long as the page lives; better still, say so with an `accept` claim.",
    failing: "object list { store shared; reads Article.title; ttl 5m; stale-while-revalidate 30s; fence }\nview home { route GET \"/\"; store shared; contains list; ttl 15m; fence }\non Article create|update|delete after commit via outbox { expire list; purge home }",
    mended: "object list { store shared; reads Article.title; ttl 5m; stale-while-revalidate 30s; fence }\nview home { route GET \"/\"; store shared; contains list; ttl 15m; fence }\non Article create|update|delete after commit via outbox { purge list; purge home }",
    run,
};

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    let mut told: BTreeSet<(LevelId, LevelId)> = BTreeSet::new();
    for stale in &study.stale {
        for missed in &stale.missed {
            let Some(action) = missed.action else {
                continue;
            };
            let because = match missed.reason {
                Reason::ContainedIsOld(inner) => {
                    still_old(study, stale, inner).map(|because| (inner, because))
                }
                Reason::ContainedIsLater(inner) => {
                    Some((inner, "hears of the write later".to_owned()))
                }
                _ => None,
            };
            let Some((inner, because)) = because else {
                continue;
            };
            if told.insert((stale.level, inner)) {
                found.push(finding(lint, study, stale, (inner, &because), action));
            }
        }
    }
}

/// Why a part is still in use after the write, where its own edge is in order. Where it is not, that
/// is told of the part.
fn still_old(study: &Study<'_>, stale: &Stale, inner: LevelId) -> Option<String> {
    match &study.bounds.of(inner, stale.model)?.edge {
        Edge::Sound {
            survive: Some((backend, time)),
            ..
        } => Some(format!(
            "stays in {} for up to {}",
            study.words().backend(*backend),
            brief(*time)
        )),
        Edge::Sound { stale, .. } if stale.nanos() > 0 => Some(format!(
            "is only expired, and served stale for up to {}",
            brief(*stale)
        )),
        _ => None,
    }
}

fn finding(
    lint: &Lint,
    study: &Study<'_>,
    stale: &Stale,
    (inner, because): (LevelId, &str),
    action: ActionRef,
) -> Finding {
    let words = study.words();
    let (outer, part) = (study.name(stale.level), study.name(inner));
    let message = format!(
        "the `{outer}` that is made right after {} takes in the old `{part}`, which {because}, and keeps it {}",
        words.action(action),
        for_up_to(stale.lasts)
    );
    let help = format!(
        "`purge` (not `expire`) `{part}` in the same block as `{outer}`, both in shared backends: what is contained \
         goes first, however they are written"
    );
    let part_action = study.acted.on(inner, stale.model).first();
    let finding = Finding::new(lint, Place::Action(action), message, help).related(
        study.contain(stale.level, inner),
        format!("the old `{part}` comes in here"),
    );
    match part_action {
        Some(other) if *other != action => finding.related(
            Place::Action(*other),
            format!("this is what `{part}` hears of it"),
        ),
        _ => finding,
    }
}
