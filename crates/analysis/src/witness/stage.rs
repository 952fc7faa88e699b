//! How a request reaches a level: through which levels, with which path, user and data.

use super::RequestStep;
use crate::lives::greatest;
use crate::structure::Structure;
use cachepolicy_core::ids::{DimensionId, LevelId};
use cachepolicy_core::level::{Level, LevelKind, ValueSource};
use cachepolicy_core::policy::Carrier;
use cachepolicy_core::units::Duration;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The one value of everything that a witness is about: it fits holes for numbers too.
pub(super) const VALUE: &str = "7";

/// How long a site or a container takes that must not store what it made.
const LONGER: Duration = Duration::SECOND;

/// How to reach a level.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    /// The levels that a request walks until it is there, coarse to fine; the last is the level.
    pub(super) chain: Vec<LevelId>,
    /// Of a site's requests: the view that answers them.
    view: Option<LevelId>,
    request: RequestStep,
}

impl Stage {
    /// A way to a level from a request; the one with the fewest stored levels before it.
    /// `view`: of a site's requests one that this view answers.
    pub(super) fn of(whole: Structure<'_>, level: LevelId, view: Option<LevelId>) -> Option<Self> {
        let mut chain = up(whole, level)?;
        chain.reverse();
        let entry = whole.level(*chain.first()?)?;
        let answering = match (entry.kind, view) {
            (LevelKind::Site, Some(view)) => whole.level(view)?,
            _ => entry,
        };
        let route = answering.route.as_ref()?;
        let request = RequestStep {
            method: route.methods.first()?.clone(),
            path: path(&route.pattern.text),
            data: data(whole),
            process: Some(0),
            ..RequestStep::default()
        };
        // A site before the view is asked first.
        let sites: Vec<LevelId> = whole
            .graph
            .all_containers(*chain.first()?)
            .into_iter()
            .rev()
            .filter(|outer| {
                whole
                    .level(*outer)
                    .is_some_and(|outer| outer.kind == LevelKind::Site)
            })
            .collect();
        let chain: Vec<LevelId> = sites.into_iter().chain(chain).collect();
        let view = view.filter(|_| entry.kind == LevelKind::Site);
        Some(Self {
            chain,
            view,
            request,
        })
    }

    /// The level.
    pub(super) fn level(&self) -> LevelId {
        self.chain.last().copied().unwrap_or(LevelId(0))
    }

    /// A request that looks the level up, and of which nothing before it is stored; own work takes
    /// no time but where it is said.
    pub(super) fn request(&self, whole: Structure<'_>) -> RequestStep {
        let mut request = self.request.clone();
        for id in self.walked(whole) {
            let is_before = self.chain.contains(&id) && id != self.level();
            let cost = match whole.level(id) {
                Some(level) if is_before && level.is_stored() => level.rules.timeout + LONGER,
                _ => Duration::ZERO,
            };
            request.costs.push((id, cost));
            if whole
                .level(id)
                .is_some_and(|level| level.rules.jitter > 0.0)
            {
                request.unshortened.push(id);
            }
        }
        request
    }

    /// The levels that its requests can walk, finest first.
    pub(super) fn walked(&self, whole: Structure<'_>) -> BTreeSet<LevelId> {
        let mut walked = BTreeSet::new();
        let mut todo: Vec<LevelId> = self.chain.iter().copied().chain(self.view).collect();
        while let Some(level) = todo.pop() {
            if walked.insert(level) {
                let contains = whole
                    .level(level)
                    .into_iter()
                    .flat_map(|level| &level.contains);
                todo.extend(contains.map(|contain| contain.level));
            }
        }
        walked
    }

    /// The most that look-ups on the way can take, the level's own and those beside it included.
    pub(super) fn latency(whole: Structure<'_>) -> Duration {
        let levels = whole.policy.levels.iter();
        let once = |level: &Level| {
            let tiers = level.tiers.iter();
            let backends = tiers.filter_map(|tier| whole.policy.backends.get(tier.backend.index()));
            let latency = backends.map(|backend| greatest(&backend.latency));
            latency.fold(Duration::ZERO, |sum, latency| sum + latency)
        };
        levels
            .map(once)
            .fold(Duration::ZERO, |sum, latency| sum + latency)
    }

    /// Can a request make the level's result an absence: is it the page, or about what the page is
    /// about?
    pub(super) fn can_be_absent(&self, whole: Structure<'_>) -> bool {
        let is_about = |outer: LevelId, inner: LevelId| {
            let contains = whole
                .level(outer)
                .into_iter()
                .flat_map(|outer| &outer.contains);
            let mut own = contains.filter(|contain| contain.level == inner);
            own.next().is_none_or(|contain| {
                contain
                    .args
                    .iter()
                    .any(|arg| matches!(arg, ValueSource::Param(_)))
            })
        };
        self.chain.windows(2).all(|pair| match pair {
            [outer, inner] => is_about(*outer, *inner),
            _ => true,
        })
    }

    /// The values of the level's parameters.
    pub(super) fn params(&self, whole: Structure<'_>) -> Params {
        let mut params: Params = Vec::new();
        for (index, &id) in self.chain.iter().enumerate() {
            let Some(level) = whole.level(id) else {
                break;
            };
            params = if level.route.is_some() {
                vec![Some(VALUE.to_owned()); level.params.len()]
            } else {
                let outer = index.checked_sub(1).and_then(|outer| self.chain.get(outer));
                let outer = outer.and_then(|outer| whole.level(*outer));
                inside(whole, outer, &params, id)
            };
        }
        params
    }
}

/// Values of a level's parameters; `None` is absent.
pub(super) type Params = Vec<Option<String>>;

/// The parameters that a container with these values gives to a level.
pub(super) fn inside(
    whole: Structure<'_>,
    outer: Option<&Level>,
    params: &Params,
    inner: LevelId,
) -> Params {
    let contains = outer.into_iter().flat_map(|outer| &outer.contains);
    let mut own = contains.filter(|contain| contain.level == inner);
    match own.next() {
        Some(contain) => contain
            .args
            .iter()
            .map(|source| value(whole, source, params))
            .collect(),
        // A site's view.
        None => {
            let count = whole.level(inner).map_or(0, |level| level.params.len());
            vec![Some(VALUE.to_owned()); count]
        }
    }
}

/// The value of a source of a level with these parameters, for a request that carries nothing.
pub(super) fn value(whole: Structure<'_>, source: &ValueSource, params: &Params) -> Option<String> {
    match source {
        ValueSource::Param(param) => params.get(usize::from(*param)).cloned().flatten(),
        ValueSource::Data(_) => Some(VALUE.to_owned()),
        ValueSource::Dimension(id) => {
            let dimension = whole.policy.dimensions.get(id.index())?;
            dimension.otherwise.clone()
        }
        ValueSource::Literal(text) => Some(text.clone()),
    }
}

/// Sets what a request carries of a dimension.
pub(super) fn carry(whole: Structure<'_>, request: &mut RequestStep, id: DimensionId, value: &str) {
    let Some(dimension) = whole.policy.dimensions.get(id.index()) else {
        return;
    };
    let value = value.to_owned();
    match &dimension.carrier {
        Carrier::User(field) if field == "id" => request.user = Some(value),
        Carrier::User(field) => request.attrs.push((format!("user.{field}"), value)),
        Carrier::Header(name) => request.headers.push((name.clone(), value)),
        Carrier::Cookie(name) => request.cookies.push((name.clone(), value)),
        Carrier::Attr(name) => request.attrs.push((name.clone(), value)),
        Carrier::Query(name) => {
            let mark = if request.path.contains('?') { '&' } else { '?' };
            request.path.push_str(&format!("{mark}{name}={value}"));
        }
    }
}

/// From a level up to one that answers requests, through as few stored levels as possible.
fn up(whole: Structure<'_>, level: LevelId) -> Option<Vec<LevelId>> {
    let mut known: BTreeMap<LevelId, (usize, Option<LevelId>)> = BTreeMap::new();
    let mut todo = VecDeque::from([(level, 0_usize, None)]);
    while let Some((at, stored, from)) = todo.pop_front() {
        if known.get(&at).is_some_and(|(best, _)| *best <= stored) {
            continue;
        }
        known.insert(at, (stored, from));
        for outer in whole.graph.containers(at) {
            let is_site = whole
                .level(outer)
                .is_some_and(|outer| outer.kind == LevelKind::Site);
            if !is_site {
                todo.push_back((
                    outer,
                    stored + usize::from(whole.is_stored(outer)),
                    Some(at),
                ));
            }
        }
    }
    let answers = |id: &LevelId| whole.level(*id).is_some_and(|level| level.route.is_some());
    let entries = known.iter().filter(|(id, _)| answers(id));
    let (&entry, _) = entries.min_by_key(|(_, (stored, _))| *stored)?;
    let mut chain = vec![entry];
    let mut at = entry;
    while at != level {
        at = known.get(&at)?.1?;
        chain.push(at);
    }
    chain.reverse();
    Some(chain)
}

/// A path that a pattern matches: each hole has the one value.
pub(super) fn path(pattern: &str) -> String {
    let mut path = String::new();
    let mut rest = pattern;
    while let Some((before, behind)) = rest.split_once('{') {
        path.push_str(before);
        path.push_str(VALUE);
        rest = behind.split_once('}').map_or("", |(_, rest)| rest);
    }
    path.push_str(rest);
    path.replace("**", VALUE).replace('*', VALUE)
}

/// What fills on the way find: lists of one value.
fn data(whole: Structure<'_>) -> Vec<(String, Vec<String>)> {
    let mut names: Vec<String> = Vec::new();
    for level in &whole.policy.levels {
        for data in &level.data {
            if !names.contains(&data.name) {
                names.push(data.name.clone());
            }
        }
    }
    let one = |name| (name, vec![VALUE.to_owned()]);
    names.into_iter().map(one).collect()
}
