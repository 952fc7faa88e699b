//! A page whose own request removes it.

use super::finding::{Finding, Place, Severity};
use super::traffic::levels_of;
use super::{Lint, Study};
use cachepolicy_core::ids::LevelId;
use std::collections::BTreeSet;

pub(super) static LINT: Lint = Lint {
    code: "invalidation-cycle",
    severity: Severity::Warning,
    what: "A request writes a row, and that write purges what the request is answered with.",
    why: "A view counter or a `last seen` in the row that the page shows: each visit makes a copy, writes, and removes \
          the copy again. With a fence nothing is ever stored. Keep what each request writes in a model of its own, \
          or let the edge act only when a field changes that the page shows: `when changed(title, body)`.",
    allow: "The application writes for a few of these requests only.",
    failing: "view page(slug) { route GET \"/{slug}\"; store shared; contains article(slug); ttl 1m }\nworkload day { duration 1h; requests 1/s poisson { GET \"/{slug}\" slug uniform(100) }; write Article update from GET \"/{slug}\" }",
    mended: "view page(slug) { route GET \"/{slug}\"; store shared; contains article(slug); ttl 1m }\nworkload day { duration 1h; requests 1/s poisson { GET \"/{slug}\" slug uniform(100) }; write Article update from POST \"/{slug}\" }",
    run,
};

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    let rules = study.policy.workloads.iter().enumerate();
    let rules = rules
        .flat_map(|(index, workload)| workload.write_rules.iter().map(move |rule| (index, rule)));
    let mut told: BTreeSet<LevelId> = BTreeSet::new();
    for (workload, rule) in rules {
        let mut todo = levels_of(study.policy, &rule.method, &rule.pattern);
        let mut seen: BTreeSet<LevelId> = BTreeSet::new();
        while let Some(level) = todo.pop() {
            if !seen.insert(level) {
                continue;
            }
            todo.extend(study.graph.contained(level));
            let acts = |action: &&crate::cover::ActionRef| {
                let fires = study.block(**action);
                let unconditional = action
                    .get(study.policy)
                    .is_some_and(|action| action.when.is_none());
                unconditional
                    && fires.is_some_and(|block| block.operations.contains(&rule.operation))
            };
            let is_stored = study.level(level).is_some_and(|level| level.is_stored());
            let action = study.acted.on(level, rule.model).iter().find(acts);
            let Some(action) = action.filter(|_| is_stored) else {
                continue;
            };
            if !told.insert(level) {
                continue;
            }
            let name = study.name(level);
            let model = study.model(rule.model);
            let message = format!(
                "`{} {}` writes {} `{model}`, and that removes `{name}`, which the same request is answered with: its \
                 copies hardly live",
                rule.method,
                rule.pattern.text,
                crate::words::article(model)
            );
            found.push(
                Finding::new(
                    lint,
                    Place::Action(*action),
                    message,
                    "write what each request changes into a model of its own, or let this act `when changed(…)` of the \
                     fields that are shown",
                )
                .related(Place::Workload(workload), "the write is declared in here"),
            );
        }
    }
}
