//! A fill after the purge reads a replica that does not have the write yet.

use super::fill_race::least_delay;
use super::finding::{Finding, Place, Severity};
use super::{Lint, Study};
use crate::bounds::missed::Reason;
use crate::lives::greatest;
use crate::words::{brief, for_up_to};
use cachepolicy_core::ids::{LevelId, OriginId};
use cachepolicy_core::units::Duration;
use std::collections::BTreeMap;

pub(super) static LINT: Lint = Lint {
    code: "replica-refill",
    severity: Severity::Warning,
    what: "A purge comes sooner than the replica that the next copy is made from has the write.",
    why: "The row is written to the primary, the copy is purged, and the next request reads the replica, which still \
          has the old row. The old copy is back, for its whole lifetime. Let the purge wait for longer than the \
          replica lags, or read from the primary right after a write.",
    allow: "The reads of these levels go to the primary after all; then the origin has no `replica-lag`.",
    failing: "origin replica { slots 20; replica-lag 100ms max 500ms }\nobject list { store shared; reads Article.title; ttl 5m; cost 5ms on replica; fence }\non Article create|update|delete after commit via outbox { purge list }",
    mended: "origin replica { slots 20; replica-lag 100ms max 500ms }\nbus later { delivery at-least-once; delay 600ms }\nobject list { store shared; reads Article.title; ttl 5m; cost 5ms on replica; fence }\non Article create|update|delete after commit via outbox { purge article(slug) }\non Article create|update|delete after commit via later { purge list }",
    run,
};

/// How rarely a replica may lag by more than the purge waits.
const RARE: f64 = 0.999;

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    let mut origins: BTreeMap<OriginId, Finding> = BTreeMap::new();
    for stale in &study.stale {
        for missed in &stale.missed {
            let (Reason::ReplicaLags(_), Some(action)) = (missed.reason, missed.action) else {
                continue;
            };
            let waits = least_delay(study, action);
            let Some((origin, lag)) = lagging(study, stale.level) else {
                continue;
            };
            if lag <= waits {
                continue;
            }
            let name = study.name(stale.level);
            let declared = study.policy.origins.get(origin.index());
            let origin_name = declared.map_or("", |origin| &origin.name);
            let finding = origins.remove(&origin).unwrap_or_else(|| {
                let message = format!(
                    "`{origin_name}` lags by up to {}, and {} comes sooner: the next `{name}` is made of the old data, \
                     and kept {}",
                    brief(lag),
                    study.words().action(action),
                    for_up_to(stale.lasts)
                );
                let help = format!(
                    "send it over a bus with a `delay` of at least {}, or read from the primary after a write",
                    brief(lag)
                );
                Finding::new(lint, Place::Origin(origin), message, help)
                    .label("reads may be this old")
            });
            let label = format!("a new `{name}` can be made right after this");
            origins.insert(origin, finding.related(Place::Action(action), label));
        }
    }
    found.extend(origins.into_values());
}

/// The origin with the greatest lag that a level works on, itself or through levels without copies.
fn lagging(study: &Study<'_>, level: LevelId) -> Option<(OriginId, Duration)> {
    let mut todo = vec![level];
    let mut worst: Option<(OriginId, Duration)> = None;
    while let Some(next) = todo.pop() {
        let declared = study.level(next)?;
        if let Some(origin) = declared.origin
            && let Some(known) = study.policy.origins.get(origin.index())
        {
            let lag = match greatest(&known.replica_lag) {
                lag if lag.is_forever() => known.replica_lag.duration(RARE),
                lag => lag,
            };
            if worst.is_none_or(|(_, before)| lag > before) {
                worst = Some((origin, lag));
            }
        }
        let inside = study.graph.contained(next);
        todo.extend(inside.filter(|inner| study.level(*inner).is_some_and(|l| !l.is_stored())));
    }
    worst
}
