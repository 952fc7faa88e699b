//! Writes that concern a level, and that nothing tells it of.

use super::finding::{Finding, Place, Severity};
use super::study::Stale;
use super::{Lint, Study};
use crate::bounds::missed::{Missed, Reason};
use crate::words::for_up_to;
use std::collections::BTreeMap;

pub(super) static LINT: Lint = Lint {
    code: "no-invalidation-plan",
    severity: Severity::Warning,
    what: "A level is invalidated by some writes, and by others that change what it reads it is not.",
    why: "Whoever writes `on Article update` relies on the copy being right after a write. What is not listed there \
          (a delete, a renamed author, a field that `when changed(…)` leaves out) stays wrong until the copy's \
          lifetime is over; of a copy that is kept forever, it stays wrong forever. Levels that rely on their `ttl` \
          alone, and models that nothing else is invalidated by, are not spoken of.",
    allow: "The lifetime is all the freshness that these readers need; better still, say so with a claim: \
            `accept staleness(top_authors, Author) <= 10m`.",
    failing: "object top_authors { store shared; reads Article.author, Author.name; ttl 5m; stampede lease 5s wait 1s }\non Article create|update|delete after commit via outbox { purge top_authors }",
    mended: "object top_authors { store shared; reads Article.author, Author.name; ttl 5m; stampede lease 5s wait 1s }\non Article create|update|delete after commit via outbox { purge top_authors }\non Author update|create|delete after commit via outbox { purge top_authors }",
    run,
};

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    // What one action lacks is said once.
    let mut of_actions: BTreeMap<Place, Finding> = BTreeMap::new();
    for stale in &study.stale {
        for missed in &stale.own {
            match (missed.reason, missed.action) {
                (Reason::NoAction, _) if is_relied_on(study, stale) => {
                    found.push(without_action(lint, study, stale, missed));
                }
                (Reason::NotEachWrite, Some(action)) => {
                    of_actions
                        .entry(Place::Action(action))
                        .or_insert_with(|| too_narrow(lint, study, stale, missed))
                        .severity = lint.severity;
                }
                _ => {}
            }
        }
    }
    found.extend(of_actions.into_values());
}

/// Does the author count on edges here, and not on the lifetime alone?
fn is_relied_on(study: &Study<'_>, stale: &Stale) -> bool {
    let is_endless = study
        .level(stale.level)
        .is_some_and(|level| level.rules.ttl.is_forever() || level.rules.sliding);
    is_endless || study.acted.has_level(stale.level) || study.acted.has_model(stale.model)
}

fn without_action(lint: &Lint, study: &Study<'_>, stale: &Stale, missed: &Missed) -> Finding {
    let words = study.words();
    let name = study.name(stale.level);
    let write = words.writes(stale.model, &missed.kinds);
    let lasts = if stale.lasts.is_forever() {
        "its copies stay wrong for good".to_owned()
    } else {
        format!("readers get the old one {}", for_up_to(stale.lasts))
    };
    let message = format!("nothing removes `{name}` when {write}: {lasts}");
    let help = words.remedy(stale.level, stale.model, missed);
    let finding = Finding::new(lint, study.read(stale.level, stale.model), message, help);
    let others = study.acted.pairs();
    let example = others
        .filter(|(level, _, _)| *level == stale.level)
        .find_map(|(_, _, actions)| actions.first());
    match example {
        Some(action) => finding.related(
            Place::Action(*action),
            format!("this removes `{name}` after other writes"),
        ),
        None => finding,
    }
}

fn too_narrow(lint: &Lint, study: &Study<'_>, stale: &Stale, missed: &Missed) -> Finding {
    let words = study.words();
    let missing = words.missed(stale.level, stale.model, missed);
    let message = format!(
        "{missing}, and `{}` stays old {}",
        study.name(stale.level),
        for_up_to(stale.lasts)
    );
    let place = missed
        .action
        .map_or(Place::Level(stale.level), Place::Action);
    Finding::new(
        lint,
        place,
        message,
        words.remedy(stale.level, stale.model, missed),
    )
    .related(
        study.read(stale.level, stale.model),
        "this is what goes wrong",
    )
}
