//! Writes that empty a whole family again and again.

use super::finding::{Finding, Place, Severity};
use super::{Lint, Study};
use crate::cover::ActionRef;
use crate::words::brief;
use cachepolicy_core::edge::{Condition, Target, TargetArg};
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::units::Duration;
use cachepolicy_core::workload::WriteMix;

pub(super) static LINT: Lint = Lint {
    code: "invalidation-storm",
    severity: Severity::Warning,
    what: "At the workload's rates a write empties a whole family of copies so often that most of its hits are lost.",
    why: "`purge article(*)`, or a tag that all copies bear, removes everything at each write, however many copies have \
          nothing to do with it. If writes come faster than readers come back, the cache is always cold, and each \
          write is followed by a wave of misses. Purge the copies that the row concerns, by their parameters or by a \
          tag with the row's value in it.",
    allow: "The copies do all depend on every row.",
    failing: "view page(slug) { route GET \"/{slug}\"; store shared; reads Article(slug).title; ttl 10m; fence }\non Article create|update|delete after commit via outbox { purge page(*) }\nworkload day { duration 1h; requests 50/s poisson { GET \"/{slug}\" slug uniform(5_000) }; write Article update 1/s }",
    mended: "view page(slug) { route GET \"/{slug}\"; store shared; reads Article(slug).title; ttl 10m; fence }\non Article create|update|delete after commit via outbox { purge page(slug) }\nworkload day { duration 1h; requests 50/s poisson { GET \"/{slug}\" slug uniform(5_000) }; write Article update 1/s }",
    run,
};

/// Hits without these writes from which on they matter.
const WORTH_HAVING: f64 = 0.3;

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    let Some(workload) = study.policy.workloads.first() else {
        return;
    };
    for (level, model, actions) in study.acted.pairs() {
        for &action in actions {
            let writes = workload.writes.iter().filter(|write| write.model == model);
            let writes = writes.filter(|write| acts(study, action, write));
            let rate: f64 = writes.map(|write| write.arrivals.per_second).sum();
            if rate <= 0.0 || !is_for_all(study, level, action) {
                continue;
            }
            let Some((without, with)) = hits(study, level, rate) else {
                continue;
            };
            if without < WORTH_HAVING || with > without / 2.0 {
                continue;
            }
            let every = brief(Duration::from_secs_f64(1.0 / rate));
            let name = study.name(level);
            let message = format!(
                "at the rates of `{}`, {} empties all of `{name}` every {every}: {:.0}% of its look-ups can be hits, and \
                 without it {:.0}%",
                workload.name,
                study.words().action(action),
                with * 100.0,
                without * 100.0
            );
            found.push(Finding::new(
                lint,
                Place::Action(action),
                message,
                "purge the copies that the row concerns: by their parameters, or by a tag with the row's value in it",
            ));
        }
    }
}

/// Hit ratios at best, without and with a purge of everything at this rate.
fn hits(study: &Study<'_>, level: LevelId, rate: f64) -> Option<(f64, f64)> {
    let demand = study.traffic().of(level)?;
    let ttl = study.level(level)?.rules.ttl;
    let ends = if ttl.is_forever() {
        0.0
    } else {
        1.0 / ttl.as_secs_f64().max(1e-9)
    };
    let ratio = |ends: f64| {
        demand.keys.sum(|share| {
            let asked = demand.per_second * share;
            share * asked / (asked + ends).max(1e-12)
        })
    };
    Some((ratio(ends), ratio(ends + rate)))
}

/// Does an action concern all copies of a level that has many?
fn is_for_all(study: &Study<'_>, level: LevelId, action: ActionRef) -> bool {
    let has_many = study
        .level(level)
        .is_some_and(|level| !level.params.is_empty());
    let target = action.get(study.policy).map(|action| &action.target);
    has_many
        && match target {
            Some(Target::Level {
                level: target,
                args,
            }) => *target == level && args.iter().all(|arg| *arg == TargetArg::Any),
            Some(Target::Tag(parts)) => parts
                .iter()
                .all(|part| matches!(part, cachepolicy_core::edge::TagPart::Text(_))),
            None => false,
        }
}

/// Does an action fire for these writes, as far as its form says so?
fn acts(study: &Study<'_>, action: ActionRef, write: &WriteMix) -> bool {
    let fires = study
        .block(action)
        .is_some_and(|block| block.operations.contains(&write.operation));
    let condition = action
        .get(study.policy)
        .and_then(|action| action.when.as_ref());
    fires
        && match condition {
            None => true,
            Some(Condition::Changed(fields)) => write
                .changes
                .as_ref()
                .is_some_and(|changes| changes.iter().any(|change| fields.contains(change))),
            Some(_) => false,
        }
}
