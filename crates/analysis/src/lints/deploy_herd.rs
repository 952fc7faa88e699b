//! A deploy empties all processes at once.

use super::cold::is_in_memory;
use super::finding::{Finding, Place, Severity};
use super::{Lint, Study};
use crate::protection::Lease;
use crate::words::brief;
use cachepolicy_core::decide::Stampede;
use cachepolicy_core::units::Duration;

pub(super) static LINT: Lint = Lint {
    code: "deploy-herd",
    severity: Severity::Warning,
    what: "A copy that is dear to make is only in the processes' memories, and a deploy empties all of them at once.",
    why: "Each process makes the copy for itself, all of them in the first second after the deploy: as many pieces of \
          the same work as there are processes (or, without protection, threads), and more than the origin has slots. \
          A shared tier behind the memory (`store hot ttl 5s, shared`) with a lock lets one make it for all.",
    allow: "Processes are replaced one by one, and filled before they get traffic.",
    failing: "policy flags { edition 1; processes 40 }\norigin db { slots 10 }\nbackend local memory { capacity 1_000 entries }\nobject flags { store local; ttl 5m jitter 10%; stampede coalesce; cost 200ms on db }",
    mended: "policy flags { edition 1; processes 40 }\norigin db { slots 10 }\nbackend local memory { capacity 1_000 entries }\nbackend shared redis { capacity 1GiB }\nobject flags { store local ttl 5s, shared; ttl 5m jitter 10%; stampede lease 5s wait 2s; cost 200ms on db }",
    run,
};

/// Own work from which on it matters, in seconds.
const DEAR: f64 = 0.1;

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    let policy = study.policy;
    for (id, level) in study
        .levels()
        .filter(|(_, level)| is_in_memory(study, level))
    {
        let origin = level
            .origin
            .and_then(|id| Some((id, policy.origins.get(id.index())?)));
        let Some((origin_id, origin)) = origin else {
            continue;
        };
        let takes = level.cost.otherwise.quantile(0.5) / 1e9;
        let each = match level.rules.stampede {
            Stampede::None => u64::from(policy.threads.unwrap_or(1)),
            Stampede::Coalesce | Stampede::Lock { .. } | Stampede::Lease { .. } => 1,
        };
        let at_once = u64::from(policy.processes) * each;
        let Some(slots) = origin.slots else {
            continue;
        };
        if policy.processes < 2 || takes < DEAR || at_once <= u64::from(slots) {
            continue;
        }
        let name = &level.name;
        let message = format!(
            "after a deploy all {} processes make `{name}` for themselves: {at_once} times {} at once, and `{}` has \
             {slots} slots",
            policy.processes,
            brief(Duration::from_secs_f64(takes)),
            origin.name
        );
        found.push(
            Finding::new(
                lint,
                Place::Property(id, "store"),
                message,
                format!(
                    "put a shared backend behind the memory (`store hot ttl 5s, shared`), with `{}`",
                    Lease::of(policy, id).source()
                ),
            )
            .related(Place::Origin(origin_id), "all of it arrives here"),
        );
    }
}
