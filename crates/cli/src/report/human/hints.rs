//! Which property to look at when a claim is missed, from the figures around it.

use super::{View, expectations};
use crate::output::units;
use cachepolicy_core::OriginId;
use cachepolicy_core::decide::Stampede;
use cachepolicy_core::edge::Target;
use cachepolicy_core::expectation::{Claim, Subject};
use cachepolicy_core::level::{Level, LifetimeSource};
use cachepolicy_sim::report::{ExpectationResult, LevelFigures};

/// Evictions of fresh copies, as a share of a level's fills, that explain its misses.
const EVICTIONS_EXPLAIN: f64 = 0.2;

/// Bypassed look-ups, as a share, that explain a low hit ratio end to end.
const BYPASS_EXPLAINS: f64 = 0.2;

/// A sentence, or nothing where the figures do not tell.
pub(super) fn of(view: &View<'_>, result: &ExpectationResult) -> Option<String> {
    let Claim::Figure {
        subject, figure, ..
    } = &expectations::expectation(view, result)?.claim
    else {
        return None;
    };
    let head = figure.split('.').next().unwrap_or(figure);
    match head {
        "hit_ratio" | "byte_hit_ratio" | "saved" | "origin_free" => hits(view, subject),
        "staleness" | "out_of_date" | "window" | "exposure" | "version_lag" => staleness(view, subject),
        "stampede" | "redundant_fills" => stampede(view, subject),
        "rate" | "utilisation" | "queue_peak" | "wait" | "work" => origin(view, subject),
        "latency" => latency(view),
        "recovery" | "seconds" => Some(
            "`stale-if-error`, `stale-while-revalidate` or a `stampede` that lets one fill through shorten a recovery".to_owned(),
        ),
        "errors" => Some("`stale-if-error` on the levels that ask the failing origin answers from the last copy".to_owned()),
        "leaks" => Some("put the personal dimension into `vary`, or leave those requests out with `skip when`".to_owned()),
        "evictions" | "evicted_fresh" | "entries" | "bytes" => Some("look at `capacity` and `evict` of the backend".to_owned()),
        _ => None,
    }
}

/// The level that a subject is about; for requests: the one whose misses cost most.
fn subject_level<'a>(view: &View<'a>, subject: &Subject) -> Option<&'a Level> {
    match subject {
        Subject::Level(id) => view.policy.levels.get(id.index()),
        Subject::Route(route) => {
            busiest(view, |level| level_answers(level, route)).or_else(|| busiest(view, |_| true))
        }
        Subject::Requests => busiest(view, |_| true),
        Subject::Origin(id) => busiest(view, |level| level.origin == Some(*id)),
        Subject::Backend(_) | Subject::Fault(_) => None,
    }
}

fn level_answers(level: &Level, route: &str) -> bool {
    level.route.as_ref().is_some_and(|own| {
        let pattern = route.split_once(' ').map_or(route, |(_, pattern)| pattern);
        own.pattern.text == pattern
    })
}

fn figures<'a>(view: &View<'a>, level: &Level) -> Option<&'a LevelFigures> {
    view.report.levels.get(&level.name)
}

/// The stored level with the most fills.
fn busiest<'a>(view: &View<'a>, wanted: impl Fn(&Level) -> bool) -> Option<&'a Level> {
    let stored = view
        .policy
        .levels
        .iter()
        .filter(|level| level.is_stored() && wanted(level));
    stored
        .filter(|level| figures(view, level).is_some_and(|figures| figures.fills > 0))
        .max_by_key(|level| figures(view, level).map_or(0, |figures| figures.fills))
}

fn hits(view: &View<'_>, subject: &Subject) -> Option<String> {
    let level = subject_level(view, subject)?;
    let figures = figures(view, level)?;
    let place = view.place(level.place);
    let name = &level.name;
    if let Some((backend, evicted)) = pressed(view, level, figures) {
        return Some(format!(
            "{} left `{backend}` before their time: raise its `capacity`, or look at `evict`",
            units::plural(evicted, "copy", "copies")
        ));
    }
    let bypassed = figures.bypass as f64 / figures.lookups.max(1) as f64;
    if bypassed > BYPASS_EXPLAINS && !matches!(subject, Subject::Level(_)) {
        return Some(format!(
            "`{name}` left out {} of its requests: look at its `skip when` and at the domains of what it varies on ({place})",
            units::ratio(bypassed)
        ));
    }
    let lifetime = match level.lifetime {
        LifetimeSource::Declared => {
            format!("`ttl {}`", units::seconds(level.rules.ttl.as_secs_f64()))
        }
        LifetimeSource::Response { .. } | LifetimeSource::Trace => {
            "the `ttl` that the responses name".to_owned()
        }
    };
    Some(format!(
        "most misses are `{name}`'s ({}): look at {lifetime}, `vary` and what purges it ({place})",
        units::plural(figures.miss, "miss", "misses")
    ))
}

/// The backend that evicted so much that it explains a level's misses.
fn pressed<'a>(view: &View<'a>, level: &Level, figures: &LevelFigures) -> Option<(&'a str, u64)> {
    level.tiers.iter().find_map(|tier| {
        let backend = view.policy.backends.get(tier.backend.index())?;
        let evicted = view.report.backends.get(&backend.name)?.evicted_fresh;
        let share = evicted as f64 / figures.fills.max(1) as f64;
        (share > EVICTIONS_EXPLAIN).then_some((backend.name.as_str(), evicted))
    })
}

fn staleness(view: &View<'_>, subject: &Subject) -> Option<String> {
    let level = match subject {
        Subject::Level(id) => view.policy.levels.get(id.index()),
        _ => stalest(view),
    }?;
    let id = view
        .policy
        .levels
        .iter()
        .position(|other| std::ptr::eq(other, level))?;
    let place = view.place(level.place);
    let name = &level.name;
    let edge = view
        .policy
        .edges
        .iter()
        .flat_map(|edge| &edge.actions)
        .find(
            |action| matches!(&action.target, Target::Level { level, .. } if level.index() == id),
        );
    Some(match edge {
        None => format!(
            "no edge names `{name}`: until its ttl of {} is over nothing removes its copies ({place})",
            units::seconds(level.rules.ttl.as_secs_f64())
        ),
        Some(action) => format!(
            "`{name}` is served longest after a write: look at how its edge travels (`via`) and at what it binds ({}), then at its `ttl` and stale windows ({place})",
            view.place(action.place)
        ),
    })
}

/// The level whose out-of-date serves are the oldest.
fn stalest<'a>(view: &View<'a>) -> Option<&'a Level> {
    let late = |level: &Level| {
        figures(view, level).and_then(|figures| figures.out_of_date.when_out_of_date.p99)
    };
    let served = view
        .policy
        .levels
        .iter()
        .filter(|level| late(level).is_some());
    served.max_by(|a, b| {
        late(a)
            .unwrap_or_default()
            .total_cmp(&late(b).unwrap_or_default())
    })
}

fn stampede(view: &View<'_>, subject: &Subject) -> Option<String> {
    let level = subject_level(view, subject)?;
    let place = view.place(level.place);
    let name = &level.name;
    Some(match level.rules.stampede {
        Stampede::None => {
            format!("nothing protects `{name}`: give it `stampede lease 5s wait 2s` ({place})")
        }
        Stampede::Coalesce => format!(
            "`stampede coalesce` lets one fill in each of {} processes through: `lease` is one in all ({place})",
            view.policy.processes
        ),
        Stampede::Lock { expires, wait } | Stampede::Lease { expires, wait } => format!(
            "fills of `{name}` outlast its protection: it expires after {}, and others wait {} ({place})",
            units::seconds(expires.as_secs_f64()),
            units::seconds(wait.as_secs_f64())
        ),
    })
}

fn origin(view: &View<'_>, subject: &Subject) -> Option<String> {
    let Subject::Origin(id) = subject else {
        return None;
    };
    let origin = view.policy.origins.get(id.index())?;
    let level = top_level_of(view, *id)?;
    let figures = figures(view, level)?;
    Some(format!(
        "most of what `{}` does is for `{}` ({}): its `ttl`, `stampede` and `jitter` decide how much comes at once ({})",
        origin.name,
        level.name,
        units::plural(figures.fills, "fill", "fills"),
        view.place(level.place)
    ))
}

/// The level with the most fills at an origin, stored or not.
fn top_level_of<'a>(view: &View<'a>, origin: OriginId) -> Option<&'a Level> {
    let levels = view
        .policy
        .levels
        .iter()
        .filter(|level| level.origin == Some(origin));
    levels.max_by_key(|level| {
        figures(view, level).map_or(0, |figures| figures.fills.max(figures.miss))
    })
}

fn latency(view: &View<'_>) -> Option<String> {
    let cost = |level: &Level| level.cost.otherwise.quantile(0.99);
    let filled = view
        .policy
        .levels
        .iter()
        .filter(|level| figures(view, level).is_some_and(|figures| figures.fills > 0));
    let level = filled.max_by(|a, b| cost(a).total_cmp(&cost(b)))?;
    Some(format!(
        "the dearest fill is `{}`'s (99 of 100 within {}): `stale-while-revalidate` keeps readers from waiting for it ({})",
        level.name,
        units::seconds(cost(level) / 1e9),
        view.place(level.place)
    ))
}
