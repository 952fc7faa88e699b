//! Copies that are made at one instant, and expire at one.

use super::cold::is_in_memory;
use super::finding::{Edit, Finding, Place, Severity};
use super::traffic::how_many;
use super::{Lint, Study};
use crate::words::brief;
use cachepolicy_core::level::{Level, LifetimeSource};
use cachepolicy_core::policy::Capacity;
use cachepolicy_core::units::Duration;

pub(super) static LINT: Lint = Lint {
    code: "synchronised-expiry",
    severity: Severity::Warning,
    what: "Many copies are made together and live equally long: they expire together, more of them than the origin can \
           make at once.",
    why: "A listing that is filled loads all of its items at once. Exactly one lifetime later all of them are missing \
          at once, and the origin gets the whole wave, again and again. A memory that a restart has emptied, and that \
          traffic fills within moments, does the same. `jitter 10%` shortens each copy's lifetime by a \
          random share, and the wave spreads; `batch` loads the items in one piece of work.",
    allow: "The origin takes the wave.",
    failing: "view listing { route GET \"/\"; data slugs max 48; contains item(each slugs); cost 5ms }\nobject item(slug) { store shared; ttl 10m; cost 20ms on db }",
    mended: "view listing { route GET \"/\"; data slugs max 48; contains item(each slugs); cost 5ms }\nobject item(slug) { store shared; ttl 10m jitter 10%; cost 20ms on db }",
    run,
};

/// A wave is worth telling if the origin works on it for longer than this, in seconds.
const LONG: f64 = 10.0;

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    let lists = longest_lists(study);
    for ((id, level), list) in study.levels().zip(lists) {
        let origin = level
            .origin
            .and_then(|id| study.policy.origins.get(id.index()));
        let slots = origin.and_then(|origin| origin.slots);
        let (Some(origin), Some(slots)) = (origin, slots) else {
            continue;
        };
        let rules = &level.rules;
        let is_even = level.is_stored()
            && level.lifetime == LifetimeSource::Declared
            && !rules.ttl.is_forever()
            && rules.jitter <= 0.0
            && !rules.sliding
            && rules.early_refresh.is_none()
            && level.batch.is_none();
        if !is_even {
            continue;
        }
        let (name, ttl) = (&level.name, brief(rules.ttl));
        let message = match list {
            Some((count, _)) if count > f64::from(slots) => format!(
                "up to {count} copies of `{name}` are made at once, and all expire {ttl} later at once: `{}` has {slots} \
                 slots for them",
                origin.name
            ),
            _ => {
                let takes = level.cost.otherwise.quantile(0.5) / 1e9 / f64::from(slots);
                let wave = takes * in_memory(study, level);
                if wave <= LONG {
                    continue;
                }
                format!(
                    "a restart empties the memory, all of `{name}` is made again within moments, and expires {ttl} later \
                     at once: up to {} of work for `{}`",
                    brief(Duration::from_secs_f64(libm::ceil(wave))),
                    origin.name
                )
            }
        };
        let help = "write `jitter 10%` behind the `ttl`, or load them together with `batch`";
        let mut finding = Finding::new(lint, Place::Property(id, "ttl"), message, help).fix(
            "let them expire one by one",
            Edit::Behind(Place::Property(id, "ttl"), " jitter 10%".to_owned()),
        );
        if let Some((_, place)) = list {
            finding = finding.related(place, "they are made together here");
        }
        found.push(finding);
    }
}

/// For each level the longest list of its copies that a container asks for, and where.
fn longest_lists(study: &Study<'_>) -> Vec<Option<(f64, Place)>> {
    let mut lists: Vec<Option<(f64, Place)>> = vec![None; study.policy.levels.len()];
    for (id, level) in study.levels() {
        for (number, contain) in level.contains.iter().enumerate() {
            let count = how_many(level, contain);
            if let Some(list) = lists.get_mut(contain.level.index())
                && count > list.map_or(1.0, |(count, _)| count)
            {
                *list = Some((count, Place::Contain(id, number)));
            }
        }
    }
    lists
}

/// How many copies of a level each process's memory can hold; 0 where a restart does not lose them all.
fn in_memory(study: &Study<'_>, level: &Level) -> f64 {
    let [tier] = level.tiers[..] else {
        return 0.0;
    };
    let backend = study.policy.backends.get(tier.backend.index());
    let Some(backend) = backend.filter(|_| is_in_memory(study, level) && !level.params.is_empty())
    else {
        return 0.0;
    };
    match backend.capacity {
        Some(Capacity::Entries(entries)) => entries as f64,
        Some(Capacity::Bytes(bytes)) => {
            bytes.0 as f64 / level.size.otherwise.quantile(0.5).max(1.0)
        }
        None => 0.0,
    }
}
