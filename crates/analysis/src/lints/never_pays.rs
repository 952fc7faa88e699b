//! A cache that hardly anybody hits.

use super::finding::{Finding, Place, Severity};
use super::traffic::Demand;
use super::{Lint, Study};
use crate::words::{brief, count};
use cachepolicy_core::level::{Level, LifetimeSource};
use cachepolicy_core::units::Duration;

pub(super) static LINT: Lint = Lint {
    code: "never-pays",
    severity: Severity::Warning,
    what: "At the workload's rates fewer than one in ten look-ups of a level can be a hit, however large its backend is.",
    why: "A key that is asked for less often than its copy lives is a miss nearly every time: each request pays for \
          the look-up and the store, and the copies push out others that are used. Give the level fewer keys (is \
          everything in the key needed?), a longer lifetime with invalidation, or no `store`. It is the best case: \
          evictions and invalidations make it worse.",
    allow: "It is there for a surge that the workload does not have.",
    failing: "view page(slug) { route GET \"/{slug}\"; store shared; ttl 1m; cost 5ms }\nworkload day { duration 1h; requests 10/s poisson { GET \"/{slug}\" slug uniform(100_000) } }",
    mended: "view page(slug) { route GET \"/{slug}\"; store shared; ttl 1m; cost 5ms }\nworkload day { duration 1h; requests 10/s poisson { GET \"/{slug}\" slug zipf(1.0, 1_000) } }",
    run,
};

/// The hit ratio below which it is told.
const LEAST: f64 = 0.1;

/// Look-ups in the whole workload from which on a ratio says something.
const ENOUGH: f64 = 1_000.0;

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    let Some(workload) = study.policy.workloads.first() else {
        return;
    };
    for (id, level) in study.levels().filter(|(_, level)| level.is_stored()) {
        let Some(demand) = study.traffic().of(id) else {
            continue;
        };
        let lasts = workload.duration.as_secs_f64();
        if level.lifetime != LifetimeSource::Declared || demand.per_second * lasts < ENOUGH {
            continue;
        }
        let ratio = best_ratio(level, demand, workload.duration);
        if ratio >= LEAST {
            continue;
        }
        let keys = demand.keys.keys();
        let between = Duration::from_secs_f64(keys / demand.per_second);
        let name = &level.name;
        let message = format!(
            "at the rates of `{}`, at most {:.0}% of the look-ups of `{name}` can be hits: each of its {} keys is \
             asked for every {} on average, and a copy lives {}",
            workload.name,
            ratio * 100.0,
            count(keys.round() as u64),
            brief(between),
            brief(level.rules.ttl)
        );
        found.push(Finding::new(
            lint,
            Place::Property(id, "store"),
            message,
            "keep it longer, with fewer keys, or not at all",
        ));
    }
}

/// Of Poisson arrivals, λT/(1+λT) of a key's look-ups hit where a fill starts the lifetime, and
/// 1−e^(−λT) where each read does.
fn best_ratio(level: &Level, demand: &Demand, workload: Duration) -> f64 {
    let lives = level.rules.ttl + level.rules.stale_while_revalidate;
    let lives = lives.min(workload).as_secs_f64();
    demand.keys.sum(|share| {
        let expected = demand.per_second * share * lives;
        let ratio = if level.rules.sliding {
            -libm::expm1(-expected)
        } else {
            expected / (1.0 + expected)
        };
        share * ratio
    })
}
