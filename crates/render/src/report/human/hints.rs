//! Which property to look at when a claim is missed, from the figures around it.

use super::proofs;
use super::{View, expectations};
use crate::coalesced;
use crate::output::units;
use cachepolicy_analysis::Lease;
use cachepolicy_core::decide::Stampede;
use cachepolicy_core::edge::Target;
use cachepolicy_core::expectation::{Claim, Subject};
use cachepolicy_core::graph::Graph;
use cachepolicy_core::level::LevelKind;
use cachepolicy_core::level::{Level, LifetimeSource};
use cachepolicy_core::policy::{Backend, Place, Policy};
use cachepolicy_core::{LevelId, OriginId};
use cachepolicy_sim::metrics::labels;
use cachepolicy_sim::report::{ExpectationResult, LevelFigures};

/// Evictions of fresh copies, as a share of a level's fills, that explain its misses.
const EVICTIONS_EXPLAIN: f64 = 0.2;

/// Bypassed look-ups, as a share, that explain a low hit ratio end to end.
const BYPASS_EXPLAINS: f64 = 0.2;

/// What a claim hangs on.
#[derive(Debug, Clone, PartialEq)]
pub struct Hint {
    /// The property, as `--set` takes it: `product_page.ttl`; or an action, as it is written.
    pub property: String,
    /// Where it stands, or whatever it is a property of; `None`: in several places.
    pub place: Option<Place>,
    /// What to look at, and why.
    pub sentence: String,
}

/// Nothing where the figures do not tell.
pub fn of(view: &View<'_>, result: &ExpectationResult) -> Option<Hint> {
    let claim = &expectations::expectation(view, result)?.claim;
    let Claim::Figure {
        subject, figure, ..
    } = claim
    else {
        return proofs::why(view.policy, claim);
    };
    let head = figure.split('.').next().unwrap_or(figure);
    match head {
        "hit_ratio" | "byte_hit_ratio" | "saved" | "origin_free" => hits(view, subject),
        "staleness" | "out_of_date" | "window" | "exposure" | "version_lag" => {
            staleness(view, subject)
        }
        "stampede" | "redundant_fills" => stampede(view, subject),
        "rate" | "utilisation" | "queue_peak" | "wait" | "work" => origin(view, subject),
        "latency" => latency(view),
        "evictions" | "evicted_fresh" | "entries" | "bytes" => room(view, subject),
        _ => everywhere(head),
    }
}

/// Of a claim that is proved, or is not: what decides it, by which path, and what would mend it.
pub fn of_proof(policy: &Policy, claim: &Claim) -> Option<Hint> {
    proofs::why(policy, claim)
}

/// What is a property of no level alone.
fn everywhere(head: &str) -> Option<Hint> {
    let (property, sentence) = match head {
        "recovery" | "seconds" => (
            "stale-if-error",
            "`stale-if-error`, `stale-while-revalidate` or a `stampede` that lets one fill through \
             shorten a recovery",
        ),
        "errors" => (
            "stale-if-error",
            "`stale-if-error` on the levels that ask the failing origin answers from the last copy",
        ),
        "leaks" => (
            "vary",
            "put the personal dimension into `vary`, or leave those requests out with `skip when`",
        ),
        _ => return None,
    };
    Some(Hint {
        property: property.to_owned(),
        place: None,
        sentence: sentence.to_owned(),
    })
}

/// Of a property of a level.
fn level_hint(level: &Level, property: &str, sentence: String) -> Hint {
    Hint {
        property: format!("{}.{property}", level.name),
        place: Some(level.place),
        sentence,
    }
}

/// The level that a subject is about; for requests: the one of theirs with the most fills.
fn subject_level<'a>(view: &View<'a>, subject: &Subject) -> Option<&'a Level> {
    match subject {
        Subject::Level(id) => view.policy.levels.get(id.index()),
        Subject::Route(_) | Subject::Requests => busiest(view, &levels_of(view, subject)),
        Subject::Origin(_) | Subject::Backend(_) | Subject::Fault(_) => None,
    }
}

/// The levels that requests of a subject can meet, coarse ones first.
fn levels_of<'a>(view: &View<'a>, subject: &Subject) -> Vec<&'a Level> {
    let levels = &view.policy.levels;
    let Subject::Route(route) = subject else {
        return levels.iter().rev().collect();
    };
    let pattern = route
        .split_once(' ')
        .map_or(route.as_str(), |(_, pattern)| pattern);
    let own = levels
        .iter()
        .filter_map(|level| level.route.as_ref())
        .find(|own| own.pattern.text == pattern);
    let graph = Graph::new(view.policy);
    let mut met = vec![false; levels.len()];
    let answers = |level: &Level| match (&level.route, own) {
        (Some(route), Some(own)) if level.kind == LevelKind::Site => {
            route.pattern.overlaps(&own.pattern)
        }
        (Some(route), _) => route.pattern.text == pattern,
        (None, _) => false,
    };
    // Containers stand behind what they contain.
    for index in (0..levels.len()).rev() {
        met[index] |= answers(&levels[index]);
        if met[index] && levels[index].kind != LevelKind::Site {
            for inner in graph.contained(LevelId(index as u16)) {
                met[inner.index()] = true;
            }
        }
    }
    (0..levels.len())
        .rev()
        .filter(|&index| met[index])
        .map(|index| &levels[index])
        .collect()
}

fn figures<'a>(view: &View<'a>, level: &Level) -> Option<&'a LevelFigures> {
    view.report.levels.get(&level.name)
}

/// The stored one with the most fills.
fn busiest<'a>(view: &View<'a>, levels: &[&'a Level]) -> Option<&'a Level> {
    let fills = |level: &Level| figures(view, level).map_or(0, |figures| figures.fills);
    let stored = levels
        .iter()
        .copied()
        .filter(|level| level.is_stored() && fills(level) > 0);
    stored.max_by_key(|level| fills(level))
}

fn hits(view: &View<'_>, subject: &Subject) -> Option<Hint> {
    let level = subject_level(view, subject)?;
    let figures = figures(view, level)?;
    let place = view.policy.at(level.place);
    let name = &level.name;
    if let Some((backend, evicted)) = pressed(view, level, figures) {
        let sentence = format!(
            "{} left `{}` before their time: raise its `capacity`, or look at `evict`",
            units::plural(evicted, "copy", "copies"),
            backend.name
        );
        return Some(capacity(backend, sentence));
    }
    let bypassed = figures.bypass as f64 / figures.lookups.max(1) as f64;
    if bypassed > BYPASS_EXPLAINS && !matches!(subject, Subject::Level(_)) {
        let sentence = format!(
            "`{name}` left out {} of its requests: look at its `skip when` and at the domains of what it varies on ({place})",
            units::ratio(bypassed)
        );
        return Some(level_hint(level, "skip", sentence));
    }
    let lifetime = match level.lifetime {
        LifetimeSource::Declared => {
            format!("`ttl {}`", units::seconds(level.rules.ttl.as_secs_f64()))
        }
        LifetimeSource::Response { .. } | LifetimeSource::Trace => {
            "the `ttl` that the responses name".to_owned()
        }
    };
    let sentence = format!(
        "most misses are `{name}`'s ({}): look at {lifetime}, `vary` and what purges it ({place})",
        units::plural(figures.miss, "miss", "misses")
    );
    Some(level_hint(level, "ttl", sentence))
}

/// The backend that evicted so much that it explains a level's misses.
fn pressed<'a>(
    view: &View<'a>,
    level: &Level,
    figures: &LevelFigures,
) -> Option<(&'a Backend, u64)> {
    level.tiers.iter().find_map(|tier| {
        let backend = view.policy.backends.get(tier.backend.index())?;
        let evicted = view.report.backends.get(&backend.name)?.evicted_fresh;
        let share = evicted as f64 / figures.fills.max(1) as f64;
        (share > EVICTIONS_EXPLAIN).then_some((backend, evicted))
    })
}

fn capacity(backend: &Backend, sentence: String) -> Hint {
    Hint {
        property: format!("{}.capacity", backend.name),
        place: Some(backend.place),
        sentence,
    }
}

fn room(view: &View<'_>, subject: &Subject) -> Option<Hint> {
    let Subject::Backend(id) = subject else {
        return None;
    };
    let backend = view.policy.backends.get(id.index())?;
    let sentence = "look at `capacity` and `evict` of the backend".to_owned();
    Some(capacity(backend, sentence))
}

fn staleness(view: &View<'_>, subject: &Subject) -> Option<Hint> {
    let level = match subject {
        Subject::Level(id) => view.policy.levels.get(id.index()),
        _ => stalest(view, &levels_of(view, subject)),
    }?;
    let id = view
        .policy
        .levels
        .iter()
        .position(|other| std::ptr::eq(other, level))?;
    let place = view.policy.at(level.place);
    let name = &level.name;
    let actions = view
        .policy
        .edges
        .iter()
        .flat_map(|edge| edge.actions.iter().map(move |action| (edge, action)));
    let mut ours = actions.filter(
        |(_, action)| matches!(&action.target, Target::Level { level, .. } if level.index() == id),
    );
    Some(match ours.next() {
        None => level_hint(
            level,
            "ttl",
            format!(
                "no edge names `{name}`: until its ttl of {} is over nothing removes its copies ({place})",
                units::seconds(level.rules.ttl.as_secs_f64())
            ),
        ),
        Some((edge, action)) => Hint {
            property: labels::action(view.policy, edge, action),
            place: Some(action.place),
            sentence: format!(
                "`{name}` is served longest after a write: look at how its edge travels (`via`) and at what it binds ({}), then at its `ttl` and stale windows ({place})",
                view.policy.at(action.place)
            ),
        },
    })
}

/// The one with the most out-of-date serves; of equals the coarsest, which is what users get.
fn stalest<'a>(view: &View<'a>, levels: &[&'a Level]) -> Option<&'a Level> {
    let late = |level: &Level| figures(view, level).map_or(0, |figures| figures.out_of_date.serves);
    let served = levels.iter().rev().copied().filter(|level| late(level) > 0);
    served.max_by_key(|level| late(level))
}

fn stampede(view: &View<'_>, subject: &Subject) -> Option<Hint> {
    let level = subject_level(view, subject)?;
    let place = view.policy.at(level.place);
    let name = &level.name;
    let sentence = match level.rules.stampede {
        Stampede::None => {
            let lease = Lease::of(view.policy, view.level_id(level)).source();
            format!("nothing protects `{name}`: give it `{lease}` ({place})")
        }
        Stampede::Coalesce => match coalesced::places(view.policy, level) {
            Some(each) if coalesced::has_lease_for_all(view.policy, level) => format!(
                "`stampede coalesce` lets one fill in {each} through: `lease` is one in all ({place})"
            ),
            Some(each) => format!(
                "`stampede coalesce` lets one fill in {each} through, and they have no store in common ({place})"
            ),
            None => format!(
                "`stampede coalesce` keeps fills of `{name}` to one until it takes longer than `timeout {}` ({place})",
                units::literal(level.rules.timeout)
            ),
        },
        Stampede::Lock { expires, wait } | Stampede::Lease { expires, wait } => format!(
            "fills of `{name}` outlast its protection: it expires after {}, and others wait {} ({place})",
            units::seconds(expires.as_secs_f64()),
            units::seconds(wait.as_secs_f64())
        ),
    };
    Some(level_hint(level, "stampede", sentence))
}

fn origin(view: &View<'_>, subject: &Subject) -> Option<Hint> {
    let Subject::Origin(id) = subject else {
        return None;
    };
    let origin = view.policy.origins.get(id.index())?;
    let level = top_level_of(view, *id)?;
    let figures = figures(view, level)?;
    let sentence = format!(
        "most of what `{}` does is for `{}` ({}): its `ttl`, `stampede` and `jitter` decide how much comes at once ({})",
        origin.name,
        level.name,
        units::plural(figures.fills, "fill", "fills"),
        view.policy.at(level.place)
    );
    Some(level_hint(level, "ttl", sentence))
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

fn latency(view: &View<'_>) -> Option<Hint> {
    let cost = |level: &Level| level.cost.otherwise.quantile(0.99);
    let filled = view
        .policy
        .levels
        .iter()
        .filter(|level| figures(view, level).is_some_and(|figures| figures.fills > 0));
    let level = filled.max_by(|a, b| cost(a).total_cmp(&cost(b)))?;
    let sentence = format!(
        "the dearest fill is `{}`'s (99 of 100 within {}): `stale-while-revalidate` keeps readers from waiting for it ({})",
        level.name,
        units::seconds(cost(level) / 1e9),
        view.policy.at(level.place)
    );
    Some(level_hint(level, "stale-while-revalidate", sentence))
}
