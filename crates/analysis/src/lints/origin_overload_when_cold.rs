//! An origin that the caches hide, until they are empty.

use super::cold::{self, utilisation, work};
use super::finding::{Finding, Place, Severity};
use super::{Lint, Study};
use cachepolicy_core::ids::OriginId;

pub(super) static LINT: Lint = Lint {
    code: "origin-overload-when-cold",
    severity: Severity::Warning,
    what: "After a flush the workload asks an origin for more than it can do.",
    why: "While the caches are warm nobody notices how small the origin is. After a flush, an eviction storm or a new \
          version of all keys, every key misses once; if that alone is more than the origin's slots or its rate limit \
          take, requests queue, time out, are not stored, and ask again: the site may not come back by itself. It is \
          computed for the first ten seconds of the first workload, from what it asks of each level.",
    allow: "The origin grows with its load, or traffic is let in slowly after a flush.",
    failing: "policy shop { edition 1 }\norigin search { slots 4 }\nbackend shared redis { capacity 1GiB }\nview product(id) { route GET \"/p/{id}\"; store shared; ttl 1h jitter 10%; stampede lease 5s wait 2s; cost 100ms on search }\nworkload day { duration 1h; requests 100/s poisson { GET \"/p/{id}\" id zipf(0.8, 50_000) } }",
    mended: "policy shop { edition 1 }\norigin search { slots 20 }\nbackend shared redis { capacity 1GiB }\nview product(id) { route GET \"/p/{id}\"; store shared; ttl 1h jitter 10%; stampede lease 5s wait 2s; cost 100ms on search }\nworkload day { duration 1h; requests 100/s poisson { GET \"/p/{id}\" id zipf(0.8, 50_000) } }",
    run,
};

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    let Some(workload) = study.policy.workloads.first() else {
        return;
    };
    for (index, origin) in study.policy.origins.iter().enumerate() {
        let id = OriginId(index as u16);
        let all = work(study, id, |_| true);
        let times = utilisation(origin, &all);
        // Levels without copies work there however warm the caches are.
        let stored = work(study, id, |level| level.is_stored());
        if times <= 1.0 || stored.is_empty() {
            continue;
        }
        let name = &origin.name;
        let message = format!(
            "with empty caches, `{}` asks `{name}` for {times:.1} times what it can do: it falls behind for {} seconds and \
             more",
            workload.name,
            cold::SECONDS
        );
        let help = format!(
            "give `{name}` more slots if it has them, make the misses cheaper (`batch`, fewer or coarser keys), or keep \
             copies where a flush does not reach them (a second tier in `store`)"
        );
        let mut finding = Finding::new(lint, Place::Origin(id), message, help);
        for part in all.iter().filter(|part| part.busy > 0.0).take(3) {
            let label = format!("{:.0} fills in that time", part.units);
            finding = finding.related(Place::Property(part.level, "cost"), label);
        }
        found.push(finding);
    }
}
