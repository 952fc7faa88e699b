//! A copy that is in the making while its data changes.

use super::finding::{Finding, Place, Severity};
use super::{Lint, Study};
use crate::bounds::missed::Reason;
use crate::cover::ActionRef;
use crate::lives::{has_copies_before, least};
use crate::words::{brief, for_up_to, purge_once_more};
use cachepolicy_core::units::Duration;

pub(super) static LINT: Lint = Lint {
    code: "fill-race",
    severity: Severity::Warning,
    what: "A request that read the old data can store it after the purge.",
    why: "A request misses, reads the database, and renders. Meanwhile the row is written and the purge comes; it \
          finds nothing to remove. Then the request stores what it made of the old row, and nothing removes that \
          again. `fence` (or `stampede lease`) makes the store refuse such a copy; a bus whose least delay is longer \
          than a fill purges once more, after the fact.",
    allow: "The cache library has no fence, and an old copy may live for the level's lifetime now and then; better \
            still, say so with an `accept` claim.",
    failing: "object list { store shared; reads Article.title; ttl 5m; cost 80ms on db }\non Article create|update|delete after commit { purge list }",
    mended: "object list { store shared; reads Article.title; ttl 5m; cost 80ms on db; fence }\non Article create|update|delete after commit { purge list }",
    run,
};

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    let mut last = None;
    for stale in &study.stale {
        let race = stale.missed.iter().find_map(|missed| {
            let is_race = matches!(missed.reason, Reason::FillOvertakes(_));
            missed.action.filter(|_| is_race)
        });
        let Some(action) = race else {
            continue;
        };
        let takes = study.typical_fill(stale.level);
        if takes <= least_delay(study, action).as_secs_f64() || last == Some(stale.level) {
            continue;
        }
        last = Some(stale.level);
        let name = study.name(stale.level);
        let message = format!(
            "a copy of `{name}` that is being made while the write commits is stored after {}, with the old data, {}",
            study.words().action(action),
            for_up_to(stale.lasts)
        );
        let takes = brief(Duration::from_secs_f64(takes));
        let level = study.level(stale.level);
        let help = if level.is_some_and(|level| has_copies_before(study.policy, level)) {
            purge_once_more(&takes)
        } else {
            format!(
                "write `fence` into `{name}` (or `stampede lease …`): what an invalidation overtook is not stored"
            )
        };
        found.push(
            Finding::new(lint, Place::Level(stale.level), message, help)
                .label(format!(
                    "makes its copies in up to {takes}, and has no fence"
                ))
                .related(Place::Action(action), "this finds nothing to remove yet"),
        );
    }
}

/// The soonest that a delivery of an action comes after the commit.
pub(super) fn least_delay(study: &Study<'_>, action: ActionRef) -> Duration {
    let bus = study.block(action).and_then(|block| block.bus);
    let bus = bus.and_then(|bus| study.policy.buses.get(bus.index()));
    bus.map_or(Duration::ZERO, |bus| least(&bus.delay))
}
