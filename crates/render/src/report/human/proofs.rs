//! Why a claim is not proved, what decides it, and what would mend it.

use super::hints::Hint;
use cachepolicy_analysis::{Bound, Bounds, By, Claims, Edge, Taken, Words};
use cachepolicy_core::edge::EdgeBlock;
use cachepolicy_core::expectation::Claim;
use cachepolicy_core::graph::{Graph, is_personal};
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::level::Level;
use cachepolicy_core::policy::{Bus, Place, Policy};
use cachepolicy_core::units::Duration;

/// The level that decides, the path of its bound and the first thing that would shorten it.
pub(super) fn why(policy: &Policy, claim: &Claim) -> Option<Hint> {
    let graph = Graph::new(policy);
    let bounds = Bounds::new(policy, &graph);
    let decided = Claims::new(policy, &graph, &bounds).decide(claim)?;
    let (level, model) = decided.by?;
    let Some(model) = model else {
        return leak(policy, &graph, level);
    };
    let words = Words {
        policy,
        bounds: &bounds,
    };
    let bound = bounds.of(level, model)?;
    let mut sentence = words.path(level, bound);
    if let (By::Time, Edge::Unsound(missed)) = (bound.by, &bound.edge)
        && let Some(first) = missed.first()
    {
        let (missed, remedy) = (
            words.missed(level, model, first),
            words.remedy(level, model, first),
        );
        sentence.push_str(&format!("; {missed}: {remedy}"));
    }
    let (property, place) = decides(policy, &bounds, level, bound)?;
    Some(Hint {
        property,
        place: Some(place),
        sentence,
    })
}

fn leak(policy: &Policy, graph: &Graph, id: LevelId) -> Option<Hint> {
    let level = policy.levels.get(id.index())?;
    let name = &level.name;
    let uncovered = graph.uncovered(id).iter();
    let personal = uncovered.filter(|&&dimension| is_personal(policy, dimension));
    let names = personal.filter_map(|dimension| policy.dimensions.get(dimension.index()));
    let names: Vec<_> = names
        .map(|dimension| format!("`{}`", dimension.name))
        .collect();
    let of = if names.is_empty() {
        "the session's token".to_owned()
    } else {
        names.join(", ")
    };
    Some(Hint {
        property: format!("{name}.vary"),
        place: Some(level.place),
        sentence: format!(
            "copies of `{name}` depend on {of}, which its key does not tell apart: put it into \
             `vary`, or leave those requests out with `skip when`"
        ),
    })
}

/// The property that has the largest part in a bound, and where it stands.
fn decides(
    policy: &Policy,
    bounds: &Bounds,
    level: LevelId,
    bound: &Bound,
) -> Option<(String, Place)> {
    let (mut id, mut bound) = (level, bound);
    // What is taken in was decided further inside; levels stand behind what they contain.
    while let Taken::Contained(inner, age) = bound.taken
        && (bound.by == By::Embedded || bound.by == By::Time && age > bound.copy.max(bound.fill))
    {
        (id, bound) = (inner, bounds.of(inner, bound.model)?);
    }
    let level = policy.levels.get(id.index())?;
    match (bound.by, &bound.edge) {
        (By::Edges, edge) => by_edges(policy, level, bound, edge),
        (By::Time, _) if bound.taken.age() <= bound.copy.max(bound.fill) => {
            Some(by_time(level, bound))
        }
        (By::Time | By::Embedded, _) => {
            let origin = policy.origins.get(level.origin?.index())?;
            Some((format!("{}.replica-lag", origin.name), origin.place))
        }
    }
}

fn by_time(level: &Level, bound: &Bound) -> (String, Place) {
    let rules = &level.rules;
    let window = rules.stale_while_revalidate.max(rules.stale_if_error);
    let property = if bound.fill > bound.copy {
        "timeout"
    } else if rules.negative_ttl == Some(bound.copy) {
        "negative ttl"
    } else if window > rules.ttl && bound.copy > rules.ttl {
        stale_window(level)
    } else {
        "ttl"
    };
    (format!("{}.{property}", level.name), level.place)
}

/// The longer one.
fn stale_window(level: &Level) -> &'static str {
    if level.rules.stale_while_revalidate >= level.rules.stale_if_error {
        "stale-while-revalidate"
    } else {
        "stale-if-error"
    }
}

fn by_edges(policy: &Policy, level: &Level, bound: &Bound, edge: &Edge) -> Option<(String, Place)> {
    let &Edge::Sound {
        delay,
        stale,
        shared,
        survive,
        ..
    } = edge
    else {
        return None;
    };
    let survive = survive.map_or(Duration::ZERO, |(_, time)| time);
    let largest = delay.max(stale).max(shared).max(survive);
    let own = [
        (survive, "store"),
        (stale, stale_window(level)),
        (shared, "timeout"),
    ];
    let own = own
        .iter()
        .find(|(time, _)| *time == largest && largest > delay);
    if let Some((_, property)) = own {
        return Some((format!("{}.{property}", level.name), level.place));
    }
    let mut edges = policy.edges.iter().filter(|edge| edge.model == bound.model);
    let bus = |edge: &EdgeBlock| policy.buses.get(edge.bus?.index());
    let slowest = edges.clone().filter_map(bus).max_by(|a, b| {
        let greatest = |bus: &Bus| bus.delay.limits().1.unwrap_or(f64::INFINITY);
        greatest(a).total_cmp(&greatest(b))
    });
    match slowest.filter(|_| delay > Duration::ZERO) {
        Some(bus) => Some((format!("{}.delay", bus.name), bus.place)),
        None => {
            let model = policy.models.get(bound.model.index())?;
            Some((format!("on {}", model.name), edges.next()?.place))
        }
    }
}
