//! Two requests, of which the second one gets what was made for the first.

use super::schedule::BEGINS;
use super::stage::{Stage, carry};
use super::{RequestStep, Short, Shows, Step, StepKind, Witness};
use crate::structure::Structure;
use cachepolicy_core::graph::{Graph, determiners, is_personal};
use cachepolicy_core::ids::{DimensionId, LevelId};
use cachepolicy_core::level::LevelKind;
use cachepolicy_core::policy::{Dimension, Domain, Policy};
use cachepolicy_core::units::{Duration, Time};

impl Witness {
    /// Of a level that depends on something that its copies do not tell apart, on somebody's identity
    /// rather than on anything else; `None`: there is no such thing, or no request reaches the level.
    #[must_use]
    pub fn of_leak(policy: &Policy, graph: &Graph, level: LevelId) -> Option<Self> {
        let whole = Structure {
            policy,
            graph,
            view: None,
            outages: &[],
        };
        let declared = whole.level(level).filter(|level| level.is_stored())?;
        let views = views(whole, level);
        let found = views.iter().find_map(|&view| {
            let (shown, differing) = leaking(whole, level, view)?;
            let stage = Stage::telling_apart(whole, level, view, &differing)?;
            Some((shown, differing, stage))
        });
        let (shown, differing, stage) = found?;
        let request = |number: usize| {
            let mut request = stage.request(whole, number);
            for &id in &differing {
                let declared = policy.dimensions.get(id.index());
                if let Some(value) = declared.and_then(|dimension| value(dimension, number)) {
                    carry(whole, &mut request, id, &value);
                }
            }
            request
        };
        let (first, second) = (request(0), request(1));
        let later = stage.pause(whole) + Stage::latency(whole) + Duration::from_millis(10);
        let is_short = stage.is_hidden() || later >= declared.rules.ttl;
        let step = |at: Duration, request: RequestStep| Step {
            at: Time::from_nanos(BEGINS) + at,
            what: StepKind::Request(Box::new(request)),
        };
        Some(Self {
            level,
            shows: Shows::Leak(shown),
            steps: vec![step(Duration::ZERO, first), step(later, second)],
            short: is_short.then_some(Short::Hidden),
        })
    }
}

/// The views that make copies of a site differ; of another level there are none to choose from.
fn views(whole: Structure<'_>, level: LevelId) -> Vec<Option<LevelId>> {
    let is_site = whole
        .level(level)
        .is_some_and(|level| level.kind == LevelKind::Site);
    if !is_site {
        return vec![None];
    }
    let is_view = |id: &LevelId| {
        let inner = whole.level(*id);
        inner.is_some_and(|inner| inner.kind == LevelKind::View)
    };
    whole.contained(level).filter(is_view).map(Some).collect()
}

/// What is not told apart, and all that has to differ in two requests so that it shows.
fn leaking(
    whole: Structure<'_>,
    level: LevelId,
    view: Option<LevelId>,
) -> Option<(Option<DimensionId>, Vec<DimensionId>)> {
    let policy = whole.policy;
    let uncovered = match view {
        Some(_) => whole.graph.uncovered_with(policy, level, view),
        None => whole.graph.uncovered(level).to_vec(),
    };
    let personal = uncovered.iter().find(|id| is_personal(policy, **id));
    if let Some(&shown) = personal {
        return Some((Some(shown), determiners(policy, shown).collect()));
    }
    let has_token = match view {
        Some(_) => whole.graph.shares_token_with(policy, level, view),
        None => whole.graph.shares_token(policy, level),
    };
    if has_token {
        let all = (0..policy.dimensions.len()).map(|index| DimensionId(index as u16));
        let users: Vec<DimensionId> = all.filter(|id| is_personal(policy, *id)).collect();
        if !users.is_empty() {
            return Some((None, users));
        }
    }
    let &shown = uncovered.first()?;
    Some((Some(shown), determiners(policy, shown).collect()))
}

/// One of two values of a dimension.
fn value(dimension: &Dimension, number: usize) -> Option<String> {
    match &dimension.domain {
        Domain::Any => Some(format!("{}", number + 1)),
        Domain::Values(values) | Domain::Negotiated(values) => values.get(number).cloned(),
        Domain::Range { low, high } => {
            let value = low.saturating_add(number as i64);
            (value <= *high).then(|| value.to_string())
        }
    }
}
