//! A bus that loses invalidations.

use super::finding::{Finding, Place, Severity};
use super::{Lint, Study};
use crate::bounds::missed::Reason;
use crate::words::for_up_to;
use cachepolicy_core::ids::BusId;
use cachepolicy_core::policy::Delivery;
use std::collections::BTreeMap;

pub(super) static LINT: Lint = Lint {
    code: "lost-message",
    severity: Severity::Warning,
    what: "Invalidations travel on a bus that loses some, and what they are about lives long.",
    why: "A publish to subscribers that are just reconnecting, a webhook that gets an error: nobody sends it again. \
          The copy stays for its whole lifetime, and no log shows it. Use a bus that delivers until it arrived (an \
          outbox, a queue with acknowledgement), or a lifetime that bounds the damage.",
    allow: "The lifetime bounds the damage well enough; better still, say so with an `accept` claim.",
    failing: "bus pubsub { delivery at-most-once loss 0.1%; delay 5ms }\nobject list { store shared; reads Article.title; ttl 1h; fence }\non Article create|update|delete after commit via pubsub { purge list }",
    mended: "bus queue { delivery at-least-once; delay 5ms }\nobject list { store shared; reads Article.title; ttl 1h; fence }\non Article create|update|delete after commit via queue { purge list }",
    run,
};

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    let mut buses: BTreeMap<BusId, Finding> = BTreeMap::new();
    for stale in &study.stale {
        for missed in &stale.missed {
            let (Reason::Lost, Some(action)) = (missed.reason, missed.action) else {
                continue;
            };
            let Some(id) = study.block(action).and_then(|block| block.bus) else {
                continue;
            };
            let Some(bus) = study.policy.buses.get(id.index()) else {
                continue;
            };
            let name = study.name(stale.level);
            let finding = buses.remove(&id).unwrap_or_else(|| {
                let loss = match bus.delivery {
                    Delivery::AtMostOnce { loss } => loss * 100.0,
                    _ => 0.0,
                };
                let message = format!(
                    "`{}` loses {loss}% of its messages, and a copy of `{name}` whose message is lost stays old {}",
                    bus.name,
                    for_up_to(stale.lasts)
                );
                Finding::new(
                    lint,
                    Place::Bus(id),
                    message,
                    "deliver `at-least-once` (an outbox, a queue), or give the levels a shorter `ttl`",
                )
            });
            let label = format!("`{name}` relies on it");
            buses.insert(id, finding.related(Place::Action(action), label));
        }
    }
    found.extend(buses.into_values());
}
