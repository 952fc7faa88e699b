//! Which levels answer the routes of a workload or of a claim, and with which values.

use super::{Spread, Values};
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::level::{Level, LevelKind};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::route::{Pattern, Segment};
use cachepolicy_core::workload::{RouteDraw, Workload};

/// For each route of a workload and each level that answers it: requests a second, the level, and
/// the values of its parameters.
pub(super) fn draws(policy: &Policy, workload: &Workload) -> Vec<(f64, LevelId, Values)> {
    let mut draws = Vec::new();
    for mix in &workload.requests {
        let all: f64 = mix.routes.iter().map(|route| route.weight).sum();
        for route in mix.routes.iter().filter(|_| all > 0.0) {
            let rate = mix.arrivals.per_second * route.weight / all;
            for level in levels_of(policy, &route.method, &route.pattern) {
                if let Some(declared) = policy.levels.get(level.index()) {
                    draws.push((rate, level, values(declared, route)));
                }
            }
        }
    }
    draws
}

/// The views that a claim's route names, as the report calls it (`GET /articles/{slug}`), and the
/// sites before them.
pub(crate) fn answering(policy: &Policy, name: &str) -> Vec<LevelId> {
    let (methods, pattern) = name.split_once(' ').unwrap_or(("GET", name));
    let Ok(pattern) = Pattern::parse(pattern, |_| None) else {
        return Vec::new();
    };
    let method = methods.split('|').next().unwrap_or(methods);
    levels_of(policy, method, &pattern)
}

/// The view that answers requests like these, and the sites before it.
pub(crate) fn levels_of(policy: &Policy, method: &str, pattern: &Pattern) -> Vec<LevelId> {
    let answering = policy
        .levels
        .iter()
        .enumerate()
        .filter_map(|(index, level)| {
            let route = level.route.as_ref()?;
            let answers = route.answers(method) && route.pattern.overlaps(pattern);
            answers.then_some((LevelId(index as u16), level, &route.pattern))
        });
    let (sites, views): (Vec<_>, Vec<_>) =
        answering.partition(|(_, level, _)| level.kind == LevelKind::Site);
    // The route itself, else the most specific one that answers all of them, else any.
    let rank = |own: &Pattern| match () {
        () if own.text == pattern.text => 0,
        () if own.shadows(pattern) => 1,
        () => 2,
    };
    let view = views.into_iter().min_by(|a, b| {
        let by_rank = rank(a.2).cmp(&rank(b.2));
        by_rank.then_with(|| a.2.cmp_precedence(b.2))
    });
    let all = sites.into_iter().chain(view);
    all.map(|(id, _, _)| id).collect()
}

/// The values of a level's parameters, hole by hole.
fn values(level: &Level, draw: &RouteDraw) -> Values {
    let own = level.route.as_ref().map(|route| &route.pattern.segments);
    let own = own.map_or(&[][..], Vec::as_slice);
    let mut values: Values = vec![Some(Spread::single()); level.params.len()];
    for (position, segment) in own.iter().enumerate() {
        let asked = draw.pattern.segments.get(position..).unwrap_or_default();
        let (param, asked) = match segment {
            Segment::Text(_) => continue,
            Segment::Hole { param, .. } => (*param, asked.get(..1).unwrap_or_default()),
            Segment::Rest { param } => (*param, asked),
        };
        let spread = asked.iter().fold(Spread::single(), |spread, segment| {
            let hole = match segment {
                Segment::Text(_) => None,
                Segment::Hole { param, .. } | Segment::Rest { param } => *param,
            };
            let drawn = hole.and_then(|hole| draw.params.get(usize::from(hole)));
            drawn.map_or(spread.clone(), |(_, value)| {
                spread.times(&Spread::of(value))
            })
        });
        match param {
            Some(param) => {
                if let Some(slot) = values.get_mut(usize::from(param)) {
                    *slot = Some(spread);
                }
            }
            // The URL tells these copies apart.
            None => values.push(Some(spread)),
        }
    }
    values
}
