//! Copies in browsers, where no purge comes.

use super::finding::{Finding, Place, Severity};
use super::study::WORTH_TELLING;
use super::{Lint, Study};
use crate::cover::ActionRef;
use crate::words::brief;
use cachepolicy_core::ids::LevelId;

pub(super) static LINT: Lint = Lint {
    code: "downstream-unreachable",
    severity: Severity::Warning,
    what: "Browsers may keep a page that writes purge here.",
    why: "`browser 1h` sends `max-age`: for an hour the browser does not even ask. Your purge cleans your own caches, \
          and the reader who was there before sees the old page. Send `browser 0s` (the browser asks each time, and \
          an `ETag` makes that cheap) for whatever is purged, and long lifetimes for files whose name changes with \
          their content.",
    allow: "A reader may see their own old copy for so long.",
    failing: "view page(slug) { route GET \"/{slug}\"; store shared; contains article(slug); ttl 1m; http { browser 1h } }",
    mended: "view page(slug) { route GET \"/{slug}\"; store shared; contains article(slug); ttl 1m; http { browser 0s } }",
    run,
};

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    for (id, level) in study.levels() {
        let Some(time) = level.http.and_then(|http| http.browser) else {
            continue;
        };
        if time <= WORTH_TELLING {
            continue;
        }
        let Some((inner, action)) = invalidated(study, id) else {
            continue;
        };
        let name = &level.name;
        let message = format!(
            "browsers keep `{name}` for {}, and nothing that you purge reaches them",
            brief(time)
        );
        let what = if inner == id {
            "this removes it from your caches only".to_owned()
        } else {
            format!(
                "this removes `{}`, which it shows, from your caches only",
                study.name(inner)
            )
        };
        found.push(
            Finding::new(
                lint,
                Place::Property(id, "http"),
                message,
                "write `browser 0s`, so that they ask, or a time for which an old page does no harm",
            )
            .related(Place::Action(action), what),
        );
    }
}

/// The level, or something in it, that an action is about.
fn invalidated(study: &Study<'_>, level: LevelId) -> Option<(LevelId, ActionRef)> {
    let mut inside = vec![level];
    inside.extend(study.stored_inside(level));
    let models = &study.graph.dependencies(level)?.models;
    inside.into_iter().find_map(|inner| {
        let models = models
            .iter()
            .filter(|model| !study.accepted.has(level, **model));
        let mut actions = models.flat_map(|model| study.acted.on(inner, *model));
        actions.next().map(|action| (inner, *action))
    })
}
