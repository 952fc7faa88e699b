//! A lock that ends, or whose waiters give up, before the fill does.

use super::finding::{Finding, Place, Severity};
use super::study::p99_seconds;
use super::{Lint, Study};
use crate::protection::Lease;
use crate::words::brief;
use cachepolicy_core::decide::Stampede;
use cachepolicy_core::units::Duration;

pub(super) static LINT: Lint = Lint {
    code: "lock-shorter-than-fill",
    severity: Severity::Warning,
    what: "A lock against stampedes expires, or those who wait for it give up, before the copy is made.",
    why: "A lock that expires lets the next one in while the first still works; under a `lease`, what the first one \
          made is thrown away besides, so that under load nothing may ever be stored. And whoever gives up waiting \
          makes the copy too: the stampede comes late, but it comes. Let the lock last longer than 99 of 100 fills, \
          and let the others wait longer than an ordinary one.",
    allow: "Such slow fills are so rare that a second one does no harm.",
    failing: "object report { store shared; ttl 5m; cost lognormal(p50 2s, p99 8s) on db; stampede lease 5s wait 3s }",
    mended: "object report { store shared; ttl 5m; cost lognormal(p50 2s, p99 8s) on db; stampede lease 15s wait 3s }",
    run,
};

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    for (id, level) in study.levels().filter(|(_, level)| level.is_stored()) {
        let (kind, expires, wait) = match level.rules.stampede {
            Stampede::Lock { expires, wait } => ("lock", expires, wait),
            Stampede::Lease { expires, wait } => ("lease", expires, wait),
            Stampede::None | Stampede::Coalesce => continue,
        };
        let slow = p99_seconds(&level.cost.otherwise);
        let usual = level.cost.otherwise.quantile(0.5) / 1e9;
        let time = |seconds: f64| brief(Duration::from_secs_f64(seconds));
        let name = &level.name;
        let advised = Lease::of(study.policy, id).source();
        let lease = if kind == "lock" {
            advised.replace("lease", kind)
        } else {
            advised
        };
        let (message, help) = if slow > expires.as_secs_f64() {
            let after = if kind == "lease" {
                "what it makes is then thrown away, and another begins"
            } else {
                "another begins while it still works"
            };
            (
                format!(
                    "the {kind} of `{name}` ends after {}, and making it takes up to {}: {after}",
                    brief(expires),
                    time(slow)
                ),
                format!("write `{lease}`"),
            )
        } else if usual > wait.as_secs_f64() {
            (
                format!(
                    "making `{name}` takes {}, and the others wait {} for it: then they make it too",
                    time(usual),
                    brief(wait)
                ),
                format!("let them wait longer: `{lease}`"),
            )
        } else {
            continue;
        };
        found.push(
            Finding::new(lint, Place::Property(id, "stampede"), message, help)
                .related(Place::Property(id, "cost"), "this is what it takes"),
        );
    }
}
