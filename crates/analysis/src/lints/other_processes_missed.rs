//! A purge that reaches the memory of one process, of several.

use super::finding::{Finding, Place, Severity};
use super::{Lint, Study};
use crate::bounds::missed::Reason;
use crate::words::for_up_to;
use cachepolicy_core::ids::BackendId;
use std::collections::BTreeMap;

pub(super) static LINT: Lint = Lint {
    code: "other-processes-missed",
    severity: Severity::Warning,
    what: "Copies are in each process's own memory, and the purge does not reach all processes.",
    why: "A signal runs in the process that wrote. It empties that process's memory; the others keep their copy, and \
          the site shows the old or the new one depending on which process answers. Django's `locmem` and a \
          module-level dictionary are such memories. Send the purge to all processes, keep the copy in a shared \
          backend, or let it live for seconds only.",
    allow: "Readers may see either for the level's lifetime; better still, say so with an `accept` claim.",
    failing: "backend local memory { capacity 1_000 entries }\nobject settings { store local; reads Article.title; ttl 10m; fence }\non Article create|update|delete after commit { purge settings }",
    mended: "bus broadcast { delivery at-least-once; delay 10ms; reaches all-processes }\nbackend local memory { capacity 1_000 entries }\nobject settings { store local; reads Article.title; ttl 10m; fence }\non Article create|update|delete after commit via broadcast { purge settings }",
    run,
};

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    let mut backends: BTreeMap<BackendId, Finding> = BTreeMap::new();
    for stale in &study.stale {
        for missed in &stale.missed {
            let (Reason::NotReached(backend), Some(action)) = (missed.reason, missed.action) else {
                continue;
            };
            let words = study.words();
            let name = study.name(stale.level);
            let finding = backends.remove(&backend).unwrap_or_else(|| {
                let bus = study.block(action).and_then(|block| block.bus);
                let bus = bus.and_then(|bus| study.policy.buses.get(bus.index()));
                let reaches = match bus {
                    Some(bus) => format!("`{}` does not reach it", bus.name),
                    None => "this reaches that of the process that wrote".to_owned(),
                };
                let message = format!(
                    "{} is in each process's memory, and {reaches}: the others keep the old `{name}` {}",
                    words.backend(backend),
                    for_up_to(stale.lasts)
                );
                let help = format!(
                    "send it over a bus that `reaches all-processes`, store `{name}` in a shared backend, or keep it in \
                     {} for seconds only (`store {} ttl 5s, …`)",
                    words.backend(backend),
                    words.backend(backend).trim_matches('`')
                );
                Finding::new(lint, Place::Action(action), message, help)
                    .related(Place::Backend(backend), "there is one in each process")
            });
            let finding = if finding.primary.place == Place::Action(action) {
                finding
            } else {
                finding.related(Place::Action(action), format!("so it is with `{name}`"))
            };
            backends.insert(backend, finding);
        }
    }
    found.extend(backends.into_values());
}
