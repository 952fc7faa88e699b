//! How a request reaches a level: through which levels, with which path, user and data.

use super::RequestStep;
use super::left_out::kept;
use super::values::{Params, data_value, inside, param_value};
use crate::lives::greatest;
use crate::structure::Structure;
use cachepolicy_core::ids::{DimensionId, LevelId};
use cachepolicy_core::key::{QueryFilter, holds_dimension};
use cachepolicy_core::level::{KeyPart, Level, LevelKind, ValueSource};
use cachepolicy_core::policy::{Carrier, Domain};
use cachepolicy_core::units::Duration;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How long a site or a container takes that must not store what it made.
const LONGER: Duration = Duration::SECOND;

/// How to reach a level.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    /// The levels that a request walks until it is there, coarse to fine; the last is the level.
    pub(super) chain: Vec<LevelId>,
    /// Of a site's requests: the view that answers them.
    pub(super) view: Option<LevelId>,
    /// The one that answers: with its path's parameters that the level does not depend on.
    answering: LevelId,
    free_params: Vec<u16>,
    /// What the level, and whatever it contains, does not depend on.
    free_dimensions: Vec<DimensionId>,
    /// What is different in each request although the level depends on it.
    differing: Vec<DimensionId>,
    /// Levels on the way that would answer the next request: their own work fails.
    failing: Vec<LevelId>,
    /// Levels on the way that would, and whose own work cannot fail: it takes too long.
    slow: Vec<LevelId>,
}

impl Stage {
    /// A way to a level from a request; the one with the fewest stored levels before it.
    /// `view`: of a site's requests one that this view answers.
    pub(super) fn of(whole: Structure<'_>, level: LevelId, view: Option<LevelId>) -> Option<Self> {
        Self::telling_apart(whole, level, view, &[])
    }

    /// The same where requests differ in these dimensions, too, of which the level's parameters have
    /// none.
    pub(super) fn telling_apart(
        whole: Structure<'_>,
        level: LevelId,
        view: Option<LevelId>,
        differing: &[DimensionId],
    ) -> Option<Self> {
        let mut chain = up(whole, level, differing)?;
        chain.reverse();
        let entry = *chain.first()?;
        let is_site = whole.level(entry)?.kind == LevelKind::Site;
        let view = view.filter(|_| is_site);
        let answering = view.unwrap_or(entry);
        whole.level(answering)?.route.as_ref()?;
        // A site before the view is asked first.
        let outer = whole.graph.all_containers(entry).into_iter().rev();
        let sites = outer.filter(|id| whole.level(*id).is_some_and(|l| l.kind == LevelKind::Site));
        let mut stage = Self {
            chain: sites.chain(chain.iter().copied()).collect(),
            view,
            answering,
            free_params: Vec::new(),
            free_dimensions: Vec::new(),
            differing: differing.to_vec(),
            failing: Vec::new(),
            slow: Vec::new(),
        };
        stage.set_free(whole, is_site);
        stage.keep_from_storing(whole);
        Some(stage)
    }

    /// What can be different in each request, and the level's copy is the same.
    fn set_free(&mut self, whole: Structure<'_>, is_site: bool) {
        let level = self.level();
        let (params, dimensions) = self.needed(whole);
        let answering = whole.level(self.answering);
        let count = answering.map_or(0, |level| level.params.len()) as u16;
        if !is_site && self.answering != level {
            self.free_params = (0..count).filter(|param| !params.contains(param)).collect();
        }
        let depends = whole.graph.dependencies(level);
        let is_free = |id: &DimensionId| {
            let depends = depends.is_none_or(|depends| depends.dimensions.contains(id));
            let declared = whole.policy.dimensions.get(id.index());
            let any = declared.is_some_and(|one| one.domain == Domain::Any && one.by.is_none());
            let is_given = dimensions.contains(id) || self.differing.contains(id);
            any && !depends && !is_given
        };
        let all = (0..whole.policy.dimensions.len()).map(|index| DimensionId(index as u16));
        let free = all.filter(is_free).collect();
        let request = self.request(whole, 0);
        self.free_dimensions = match whole.level(level) {
            Some(level) => kept(whole.policy, level, &request, free),
            None => free,
        };
    }

    /// The path's parameters and the dimensions that the level's parameters come from.
    fn needed(&self, whole: Structure<'_>) -> (BTreeSet<u16>, BTreeSet<DimensionId>) {
        let (mut params, mut dimensions) = (BTreeSet::new(), BTreeSet::new());
        let count = whole.level(self.level()).map_or(0, |l| l.params.len());
        let mut wanted: BTreeSet<u16> = (0..count as u16).collect();
        for pair in self.chain.windows(2).rev() {
            let &[outer, inner] = pair else { continue };
            if whole.level(inner).is_some_and(|l| l.route.is_some()) {
                break;
            }
            let contain = whole.level(outer).into_iter().flat_map(|l| &l.contains);
            let mut contain = contain.filter(|contain| contain.level == inner);
            let Some(contain) = contain.next() else { break };
            let mut outside = BTreeSet::new();
            for param in wanted {
                match contain.args.get(usize::from(param)) {
                    Some(ValueSource::Param(param)) => {
                        outside.insert(*param);
                    }
                    Some(ValueSource::Dimension(id)) => {
                        dimensions.insert(*id);
                    }
                    _ => {}
                }
            }
            wanted = outside;
        }
        params.extend(wanted);
        (params, dimensions)
    }

    /// What stands before the level must not keep what it makes.
    fn keep_from_storing(&mut self, whole: Structure<'_>) {
        let filter = QueryFilter::new(whole.policy);
        let target = self.level();
        for id in self.chain.clone() {
            let Some(level) = whole.level(id).filter(|l| l.is_stored() && id != target) else {
                continue;
            };
            let mut free = self.free_dimensions.iter().chain(&self.differing);
            let is_told_apart = free.any(|id| {
                level.vary.contains(id) || holds_dimension(whole.policy, &filter, &level.key, *id)
            });
            if is_told_apart || self.has_free_param(whole, id) {
                continue;
            }
            if can_fail(level) {
                self.failing.push(id);
            } else {
                self.slow.push(id);
            }
        }
    }

    /// Is a parameter of a level on the way one that differs from request to request?
    fn has_free_param(&self, whole: Structure<'_>, id: LevelId) -> bool {
        let mut free: BTreeSet<u16> = BTreeSet::new();
        for (index, &at) in self.chain.iter().enumerate() {
            let level = whole.level(at);
            if at == self.answering {
                free.extend(&self.free_params);
            } else if level.is_some_and(|l| l.route.is_none()) {
                let outer = index.checked_sub(1).and_then(|outer| self.chain.get(outer));
                let outer = outer.and_then(|outer| whole.level(*outer));
                let contain = outer.into_iter().flat_map(|outer| &outer.contains);
                let mut contain = contain.filter(|contain| contain.level == at);
                let args = contain
                    .next()
                    .map_or(&[][..], |contain| contain.args.as_slice());
                let is_free = |source: &ValueSource| match source {
                    ValueSource::Param(param) => free.contains(param),
                    ValueSource::Dimension(id) => {
                        self.free_dimensions.contains(id) || self.differing.contains(id)
                    }
                    ValueSource::Data(_) | ValueSource::Literal(_) => false,
                };
                free = (0..)
                    .zip(args)
                    .filter(|(_, source)| is_free(source))
                    .map(|(param, _)| param)
                    .collect();
            }
            if at == id {
                let parts = level.map_or(&[][..], |level| level.key.parts.as_slice());
                let in_key = |param: &u16| {
                    let part = KeyPart::Value(ValueSource::Param(*param));
                    parts.contains(&part) || parts.contains(&KeyPart::Url)
                };
                return free.iter().any(in_key);
            }
        }
        false
    }

    /// The level.
    pub(super) fn level(&self) -> LevelId {
        self.chain.last().copied().unwrap_or(LevelId(0))
    }

    /// How long what stands before the level stays locked by a request.
    pub(super) fn pause(&self, whole: Structure<'_>) -> Duration {
        let slow = self.slow.iter().filter_map(|id| whole.level(*id));
        slow.fold(Duration::ZERO, |sum, level| {
            sum + level.rules.timeout + LONGER
        })
    }

    /// What stands before the level, and is the same in all requests.
    pub(super) fn same(&self) -> Vec<LevelId> {
        self.failing.iter().chain(&self.slow).copied().collect()
    }

    /// Are there copies before the level that only take too long to be stored?
    pub(super) fn is_hidden(&self) -> bool {
        !self.slow.is_empty()
    }

    /// A request that looks the level up, and of which nothing before it is stored; own work takes
    /// no time but where it is said. `number`: of the request.
    pub(super) fn request(&self, whole: Structure<'_>, number: usize) -> RequestStep {
        let answering = whole.level(self.answering);
        let route = answering.and_then(|level| level.route.as_ref());
        let value = |param: u16| {
            if self.free_params.contains(&param) {
                (1000 + number).to_string()
            } else {
                param_value(param)
            }
        };
        let mut request = RequestStep {
            method: route
                .and_then(|route| route.methods.first().cloned())
                .unwrap_or_default(),
            path: route.map_or(String::new(), |route| path(&route.pattern.text, value)),
            data: data(whole),
            process: Some(0),
            failing: self.failing.clone(),
            ..RequestStep::default()
        };
        for &id in &self.free_dimensions {
            carry(whole, &mut request, id, &(1000 + number).to_string());
        }
        for id in self.walked(whole) {
            let Some(level) = whole.level(id) else {
                continue;
            };
            let cost = if self.slow.contains(&id) {
                level.rules.timeout + LONGER
            } else {
                Duration::ZERO
            };
            request.costs.push((id, cost));
            if level.rules.jitter > 0.0 {
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
                let contains = whole.level(level).into_iter().flat_map(|l| &l.contains);
                todo.extend(contains.map(|contain| contain.level));
            }
        }
        walked
    }

    /// The most that look-ups on the way can take, the level's own and those beside it included.
    pub(super) fn latency(whole: Structure<'_>) -> Duration {
        let levels = whole.policy.levels.iter();
        levels.fold(Duration::ZERO, |sum, level| sum + latency(whole, level))
    }

    /// The values of the level's parameters.
    pub(super) fn params(&self, whole: Structure<'_>) -> Params {
        let mut params: Params = Vec::new();
        for (index, &id) in self.chain.iter().enumerate() {
            let Some(level) = whole.level(id) else {
                break;
            };
            let outer = index.checked_sub(1).and_then(|outer| self.chain.get(outer));
            params = match outer.and_then(|outer| whole.level(*outer)) {
                Some(outer) if level.route.is_none() => inside(whole, outer, &params, id),
                _ => (0..level.params.len() as u16)
                    .map(|param| Some(param_value(param)))
                    .collect(),
            };
        }
        params
    }
}

/// Can a trace say that a level's own work fails?
pub(super) fn can_fail(level: &Level) -> bool {
    level.origin.is_some() || level.route.is_some()
}

/// The most that asking a level's stores can take.
pub(super) fn latency(whole: Structure<'_>, level: &Level) -> Duration {
    let tiers = level.tiers.iter();
    let backends = tiers.filter_map(|tier| whole.policy.backends.get(tier.backend.index()));
    let latency = backends.map(|backend| greatest(&backend.latency));
    latency.fold(Duration::ZERO, |sum, latency| sum + latency)
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
/// `differing`: dimensions that none of them hands down.
fn up(whole: Structure<'_>, level: LevelId, differing: &[DimensionId]) -> Option<Vec<LevelId>> {
    let mut known: BTreeMap<LevelId, (usize, Option<LevelId>)> = BTreeMap::new();
    let mut todo = VecDeque::from([(level, 0_usize, None)]);
    while let Some((at, stored, from)) = todo.pop_front() {
        if known.get(&at).is_some_and(|(best, _)| *best <= stored) {
            continue;
        }
        known.insert(at, (stored, from));
        for outer in whole.graph.containers(at) {
            let of = whole.level(outer);
            let hands_down = |source: &ValueSource| match source {
                ValueSource::Dimension(id) => differing.contains(id),
                _ => false,
            };
            let contains = of.into_iter().flat_map(|outer| &outer.contains);
            let mut own = contains.filter(|contain| contain.level == at && at == level);
            let is_other = own
                .next()
                .is_some_and(|own| own.args.iter().any(hands_down));
            if !is_other && of.is_some_and(|outer| outer.kind != LevelKind::Site) {
                let count = stored + usize::from(whole.is_stored(outer));
                todo.push_back((outer, count, Some(at)));
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

/// A path that a pattern matches: each hole has the value of its parameter.
fn path(pattern: &str, value: impl Fn(u16) -> String) -> String {
    let mut path = String::new();
    let mut rest = pattern;
    let mut param = 0;
    while let Some((before, behind)) = rest.split_once('{') {
        path.push_str(before);
        path.push_str(&value(param));
        param += 1;
        rest = behind.split_once('}').map_or("", |(_, rest)| rest);
    }
    path.push_str(rest);
    path.replace("**", "7").replace('*', "7")
}

/// What fills on the way find: lists of one value.
fn data(whole: Structure<'_>) -> Vec<(String, Vec<String>)> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for level in &whole.policy.levels {
        names.extend(level.data.iter().map(|data| data.name.as_str()));
    }
    let one = |name: &str| (name.to_owned(), vec![data_value(whole, name)]);
    names.into_iter().map(one).collect()
}
