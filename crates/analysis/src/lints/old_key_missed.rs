//! A row moves, and one of its keys is forgotten.

use super::finding::{Finding, Place, Severity};
use super::{Lint, Study};
use crate::bounds::missed::Reason;
use crate::cover::ActionRef;
use crate::words::for_up_to;
use std::collections::BTreeSet;

pub(super) static LINT: Lint = Lint {
    code: "old-key-missed",
    severity: Severity::Warning,
    what: "A write changes what a key is made of, and only one of the two keys is purged.",
    why: "When a slug changes, the copy under the old one still shows the row, and the copy under the new one (a \
          listing that it moves into, a remembered absence) does not show it yet. A bare field in an action stands \
          for both; `old.slug` and `new.slug` name one.",
    allow: "The field never changes.",
    failing: "object teaser(slug) { store shared; reads Article(slug).title; ttl 5m; fence }\non Article create|delete after commit via outbox { purge teaser(slug) }\non Article update after commit via outbox { purge teaser(new.slug) }",
    mended: "object teaser(slug) { store shared; reads Article(slug).title; ttl 5m; fence }\non Article create|delete after commit via outbox { purge teaser(slug) }\non Article update after commit via outbox { purge teaser(slug) }",
    run,
};

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    let mut told: BTreeSet<ActionRef> = BTreeSet::new();
    for stale in &study.stale {
        for missed in &stale.missed {
            let (Reason::OneImage, Some(action)) = (missed.reason, missed.action) else {
                continue;
            };
            if !told.insert(action) {
                continue;
            }
            let words = study.words();
            let message = format!(
                "when {}, {} reaches one of the two keys, and the `{}` under the other one stays {}",
                words.writes(stale.model, &missed.kinds),
                words.action(action),
                study.name(stale.level),
                for_up_to(stale.lasts)
            );
            let help = "write the bare field, without `old.` or `new.`: it stands for both";
            found.push(Finding::new(lint, Place::Action(action), message, help));
        }
    }
}
