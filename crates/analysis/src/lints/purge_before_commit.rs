//! An invalidation that comes before what it is about can be seen.

use super::finding::{Finding, Place, Severity};
use super::{Lint, Study};
use crate::bounds::missed::Reason;
use crate::words::for_up_to;
use cachepolicy_core::policy::Semantics;
use std::collections::BTreeMap;

pub(super) static LINT: Lint = Lint {
    code: "purge-before-commit",
    severity: Severity::Warning,
    what: "Copies are removed inside the transaction, before others can see what it writes.",
    why: "Whoever asks between the purge and the commit makes a new copy from the old data, and that one stays for \
          its whole lifetime: nothing removes it again. The busier the page, the surer this happens. Django's \
          `post_save` and `post_delete` fire inside the transaction; `transaction.on_commit` waits for its end.",
    allow: "The writes run without a transaction, so that the signal comes after the data is there; then `after \
            commit` says what happens.",
    failing: "object list { store shared; reads Article.title; ttl 5m }\non Article create|update|delete before commit by 5ms { purge list }",
    mended: "object list { store shared; reads Article.title; ttl 5m; fence }\non Article create|update|delete after commit { purge list }",
    run,
};

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    let mut blocks: BTreeMap<usize, Finding> = BTreeMap::new();
    for stale in &study.stale {
        for missed in &stale.missed {
            let (Reason::BeforeCommit, Some(action)) = (missed.reason, missed.action) else {
                continue;
            };
            let name = study.name(stale.level);
            let finding = blocks.remove(&action.edge).unwrap_or_else(|| {
                let said = study.words().action(action);
                let message = format!(
                    "{said} comes before the commit: a request in between stores the old `{name}` again, {}",
                    for_up_to(stale.lasts)
                );
                let help = match study.policy.semantics {
                    Semantics::Django(_) => {
                        "purge from `transaction.on_commit(…)` in place of the signal itself, and write `after commit`"
                    }
                    Semantics::Http => "purge when the transaction has ended, and write `after commit`",
                };
                Finding::new(lint, Place::Edge(action.edge), message, help)
            });
            let label = format!("a copy of `{name}` can come back right after this");
            blocks.insert(action.edge, finding.related(Place::Action(action), label));
        }
    }
    found.extend(blocks.into_values());
}
