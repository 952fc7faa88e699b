//! Copies that are made at one instant, and expire at one.

use super::finding::{Edit, Finding, Place, Severity};
use super::traffic::how_many;
use super::{Lint, Study};
use crate::words::brief;
use cachepolicy_core::level::LifetimeSource;

pub(super) static LINT: Lint = Lint {
    code: "synchronised-expiry",
    severity: Severity::Warning,
    what: "Many copies are made together and live equally long: they expire together, more of them than the origin has \
           slots.",
    why: "A listing that is filled loads all of its items at once. Exactly one lifetime later all of them are missing \
          at once, and the origin gets the whole wave, again and again. `jitter 10%` shortens each copy's lifetime by a \
          random share, and the wave spreads; `batch` loads the items in one piece of work.",
    allow: "The origin takes the wave.",
    failing: "view listing { route GET \"/\"; data slugs max 48; contains item(each slugs); cost 5ms }\nobject item(slug) { store shared; ttl 10m; cost 20ms on db }",
    mended: "view listing { route GET \"/\"; data slugs max 48; contains item(each slugs); cost 5ms }\nobject item(slug) { store shared; ttl 10m jitter 10%; cost 20ms on db }",
    run,
};

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    let mut waves: Vec<(f64, Option<Place>)> = vec![(0.0, None); study.policy.levels.len()];
    for (id, level) in study.levels() {
        for (number, contain) in level.contains.iter().enumerate() {
            let count = how_many(level, contain);
            if let Some(wave) = waves.get_mut(contain.level.index())
                && count > wave.0
            {
                *wave = (count, Some(Place::Contain(id, number)));
            }
        }
    }
    for ((id, level), (count, place)) in study.levels().zip(waves) {
        let origin = level
            .origin
            .and_then(|origin| study.policy.origins.get(origin.index()));
        let slots = origin.and_then(|origin| origin.slots);
        let rules = &level.rules;
        let is_even = level.is_stored()
            && level.lifetime == LifetimeSource::Declared
            && !rules.ttl.is_forever()
            && rules.jitter <= 0.0
            && !rules.sliding
            && rules.early_refresh.is_none();
        let (Some(place), Some(origin), Some(slots)) = (place, origin, slots) else {
            continue;
        };
        if !is_even || level.batch.is_some() || count <= f64::from(slots) {
            continue;
        }
        let name = &level.name;
        let message = format!(
            "up to {count} copies of `{name}` are made at once, and all expire {} later at once: `{}` has {slots} slots \
             for them",
            brief(rules.ttl),
            origin.name
        );
        let help = "write `jitter 10%` behind the `ttl`, or load them together with `batch`";
        found.push(
            Finding::new(lint, Place::Property(id, "ttl"), message, help)
                .related(place, "they are made together here")
                .fix(
                    "let them expire one by one",
                    Edit::Behind(Place::Property(id, "ttl"), " jitter 10%".to_owned()),
                ),
        );
    }
}
