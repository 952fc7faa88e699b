//! Request targets, each looked at once, when it comes new with a block: which levels answer it,
//! with which parameters, what of it stands in keys, and which writes it makes. A request then costs
//! one look into a table.

use crate::depends::{self, Dims, LevelDims, bit};
use crate::intern::{NONE, Texts, Tuples};
use crate::links::{Link, Links};
use crate::options::SimError;
use crate::rows::WrittenImages;
use crate::skip::Skips;
use crate::tables::{Tables, is_from_path};
use crate::unrouted::Unrouted;
use crate::urls::Urls;
use cachepolicy_core::ids::{DimensionId, LevelId};
use cachepolicy_core::key::{Url, push_url};
use cachepolicy_core::level::LevelKind;
use cachepolicy_core::policy::{Carrier, Policy};
use cachepolicy_core::route::Captures;
use cachepolicy_core::url::{decode, query_value, split_target};
use cachepolicy_core::vary::{Normalised, normalise};
use cachepolicy_core::workload::WriteRule;
use cachepolicy_trace::block::{Target, TargetList};
use cachepolicy_trace::event::{Row, Value};
use prefetch_index::prefetch_index;
use std::sync::Arc;

/// A dimension's value is outside its domain.
pub(crate) const OUTSIDE: u32 = NONE - 1;

/// Levels that answer a request, each inside the one before.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) levels: Vec<ChainLevel>,
    /// An index into the report's routes.
    pub(crate) route: u32,
    /// The URL stands in keys of some.
    has_url: bool,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct ChainLevel {
    /// With what it contains for these requests.
    pub(crate) dims: LevelDims,
}

/// See the module's description. Paths have the numbers of the trace's targets.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    /// The first link of each; it has one for each level that answers. [`NONE`]: no level does.
    first_links: Vec<u32>,
    pub(crate) urls: Urls,
    /// Method, host and path of each, where a condition may ask for them.
    lines: Texts,
    line_of: Vec<u32>,
    /// Hosts, where a dimension is one.
    pub(crate) hosts: Vec<u32>,
    /// Rows of the report that only claims ask for, by target, in the order of their numbers.
    claimed: Vec<(u32, u32)>,
    /// What some targets write, in the order of their numbers.
    written: Vec<(u32, Arc<WrittenImages>)>,
    pub(crate) links: Links,
    /// By target, the values of the query dimensions.
    dims: Vec<u32>,
    chain_numbers: Tuples,
    pub(crate) chains: Vec<Chain>,
    pub(crate) skips: Skips,
    pub(crate) unrouted: Unrouted,
    scratch: String,
    /// Parameters of a link; empty but for its memory.
    params: Vec<u32>,
}

/// The row that a request for a target writes by a rule; `None`: it writes none.
pub(crate) fn written_row(
    policy: &Policy,
    rule: &WriteRule,
    method: &str,
    path: &str,
) -> Option<Row> {
    let mut captures = Captures::new();
    if rule.method != method || !rule.pattern.matches(path, &mut captures) {
        return None;
    }
    let model = policy.models.get(rule.model.index())?;
    let fields = rule.fields.iter().zip(0..).filter_map(|(field, param)| {
        let value = decode(captures.get(param)?).into_owned();
        let name = model.fields.get(field.index())?.name.clone();
        Some((name, Value::Text(value)))
    });
    Some(fields.collect())
}

impl Paths {
    /// The next target of the trace, which has this place in its block. If its URL is that of an earlier
    /// one, and of nobody else so far: of which?
    ///
    /// # Errors
    /// Where there are too many.
    pub(crate) fn add(
        &mut self,
        t: &Tables,
        values: &mut Texts,
        targets: &TargetList,
        index: usize,
    ) -> Result<Option<u32>, SimError> {
        let number = self.first_links.len() as u32;
        let target = targets.get(index);
        let (path, query) = split_target(target.path);
        let link = self.resolve(t, values, target.method, (path, query))?;
        self.first_links.push(link);
        if link == NONE {
            self.unrouted.add(number, target.method, path);
        }
        let route = Some(self.route(link)).filter(|route| *route != NONE);
        for claimed in &t.claimed {
            if claimed.counts(target.method, path, route) {
                self.claimed.push((number, claimed.row));
            }
        }
        if t.has_inner_conditions {
            let mut line = core::mem::take(&mut self.scratch);
            line.clear();
            for text in [target.method, " ", path] {
                line.push_str(text);
            }
            let line_number = self.lines.intern(&line);
            self.line_of.push(line_number);
            self.scratch = line;
        }
        if t.has_host {
            let host = (!target.host.is_empty()).then(|| values.intern(target.host));
            self.hosts.push(host.unwrap_or(NONE));
        }
        self.add_written(t, values, number, target.method, path);
        if !t.has_url_keys {
            return Ok(None);
        }
        self.urls.add_text(targets, index);
        Ok(self.add_url(t, target, (path, query)))
    }

    /// The URL of the target that came last, if it stands in keys.
    fn add_url(
        &mut self,
        t: &Tables,
        target: Target<'_>,
        (path, query): (&str, Option<&str>),
    ) -> Option<u32> {
        let (&link, earlier) = self.first_links.split_last()?;
        let has_url = |link: u32| {
            let chain = (link != NONE).then(|| self.links.get(link).chain);
            chain.is_some_and(|chain| self.chains[chain as usize].has_url)
        };
        if !has_url(link) {
            return None;
        }
        let mut text = core::mem::take(&mut self.scratch);
        text.clear();
        let host = target.host;
        push_url(Url { host, path, query }, &t.filter, &mut text);
        let earlier = (0..).zip(earlier).filter(|(_, link)| has_url(**link));
        let repeated = self
            .urls
            .add(target, &text, earlier.map(|(number, _)| number));
        self.scratch = text;
        repeated
    }

    /// What a request for this target writes, by the workload's rules.
    fn add_written(
        &mut self,
        t: &Tables,
        values: &mut Texts,
        number: u32,
        method: &str,
        path: &str,
    ) {
        let workload = t.workload.and_then(|id| t.policy.workloads.get(id.index()));
        for rule in workload.iter().flat_map(|workload| &workload.write_rules) {
            let Some(row) = written_row(&t.policy, rule, method, path) else {
                continue;
            };
            let rows = (Some(&row), Some(&row));
            let images = WrittenImages::new(&t.policy, values, rule.model, rule.operation, rows);
            self.written.push((number, Arc::new(images)));
        }
    }

    /// What a request for this target writes.
    pub(crate) fn written(&self, path: u32) -> impl Iterator<Item = &Arc<WrittenImages>> {
        let first = self.written.partition_point(|(number, _)| *number < path);
        let own = self.written.iter().skip(first);
        own.take_while(move |(number, _)| *number == path)
            .map(|(_, images)| images)
    }

    /// Does any request count in a row that only a claim asks for?
    #[inline]
    pub(crate) fn has_claimed(&self) -> bool {
        !self.claimed.is_empty()
    }

    /// Rows of the report in which a request for this target counts because of a claim.
    pub(crate) fn claimed(&self, path: u32) -> impl Iterator<Item = u32> {
        let first = self.claimed.partition_point(|(number, _)| *number < path);
        let own = self.claimed.iter().skip(first);
        own.take_while(move |(number, _)| *number == path)
            .map(|(_, row)| *row)
    }

    /// The first link of a target; [`NONE`]: no level answers.
    #[inline]
    pub(crate) fn first_link(&self, path: u32) -> u32 {
        let link = self.first_links.get(path as usize);
        link.copied().unwrap_or(NONE)
    }

    /// Soon somebody will ask for this target.
    #[inline]
    pub(crate) fn prefetch_entry(&self, path: u32) {
        prefetch_index(&self.first_links, path as usize);
    }

    /// How many targets there are.
    pub(crate) fn len(&self) -> usize {
        self.first_links.len()
    }

    /// What is said of a link.
    #[inline]
    pub(crate) fn link(&self, link: u32) -> &Link {
        self.links.get(link)
    }

    /// The levels that a link is one of.
    #[inline]
    pub(crate) fn chain_of(&self, link: &Link) -> &Chain {
        &self.chains[link.chain as usize]
    }

    /// In which of the report's routes requests count whose first link this is; [`NONE`]: in none.
    #[inline]
    pub(crate) fn route(&self, first: u32) -> u32 {
        if first == NONE {
            return NONE;
        }
        self.chain_of(self.link(first)).route
    }

    /// Method and path of a target.
    pub(crate) fn method_and_path(&self, path: u32) -> (&str, &str) {
        let line = self.line_of.get(path as usize).copied();
        let line = self.lines.get(line.unwrap_or(NONE));
        line.split_once(' ').unwrap_or(("", line))
    }

    /// Fills in the query dimensions; returns those that are outside their domain.
    pub(crate) fn query_dims(&self, t: &Tables, path: u32, into: &mut [u32]) -> Dims {
        if !t.has_query {
            return 0;
        }
        let dimensions = || t.policy.dimensions.iter().enumerate();
        let of_query = dimensions().filter(|(_, dimension)| is_from_path(&dimension.carrier));
        let first = path as usize * of_query.count();
        let mut own = self.dims.get(first..).unwrap_or_default().iter();
        let mut outside = 0;
        for (index, dimension) in dimensions() {
            if is_from_path(&dimension.carrier) {
                let value = own.next().copied().unwrap_or(NONE);
                if value == OUTSIDE {
                    outside |= bit(DimensionId(index as u16));
                    into[index] = NONE;
                } else {
                    into[index] = value;
                }
            }
        }
        outside
    }

    /// The first link of a new target.
    fn resolve(
        &mut self,
        t: &Tables,
        values: &mut Texts,
        method: &str,
        (path, query): (&str, Option<&str>),
    ) -> Result<u32, SimError> {
        let routed = t.router.route(method, path);
        let levels: Vec<LevelId> = routed.sites().iter().copied().chain(routed.view).collect();
        let mut first = NONE;
        let mut captures = Captures::new();
        let chain = self.chain(t, &levels);
        for (position, &level) in levels.iter().enumerate() {
            if Some(level) == routed.view {
                captures = routed.captures;
            } else {
                t.router.captures(level, path, &mut captures);
            }
            let params = t.levels[level.index()].params as u16;
            self.params.clear();
            for param in 0..params {
                let raw = captures.get(param);
                self.params
                    .push(raw.map_or(NONE, |raw| values.intern(&decode(raw))));
            }
            let skip = t.policy.levels[level.index()].skip.as_ref();
            let of_chain = self.chains.get(chain as usize);
            let of_level = of_chain.and_then(|chain| chain.levels.get(position));
            let link = Link {
                level,
                chain,
                position: position as u16,
                has_inner: position + 1 < levels.len(),
                is_personal: of_level.is_some_and(|level| level.dims.uncovered != 0),
                skip: self.skips.of(level, skip, method, path),
                params,
            };
            let place = self.links.add(link, &self.params)?;
            if position == 0 {
                first = place;
            }
        }
        for dimension in &t.policy.dimensions {
            if let Carrier::Query(name) = &dimension.carrier {
                let raw = query.and_then(|query| query_value(query, name));
                let value = match normalise(dimension, raw.as_deref()) {
                    Normalised::Absent => NONE,
                    Normalised::Outside => OUTSIDE,
                    Normalised::Value(value) => values.intern(value),
                };
                self.dims.push(value);
            }
        }
        Ok(first)
    }

    fn chain(&mut self, t: &Tables, levels: &[LevelId]) -> u32 {
        let tuple: Vec<u32> = levels.iter().map(|level| u32::from(level.0)).collect();
        let (number, is_new) = self.chain_numbers.intern(&tuple);
        if is_new {
            let view = levels.last().copied();
            let view = view.filter(|view| t.levels[view.index()].kind == LevelKind::View);
            let chain = levels.iter().map(|&level| {
                let inside = (Some(level) != view).then_some(view);
                let dims = depends::of(&t.policy, &t.graph, &t.filter, level, inside);
                ChainLevel { dims }
            });
            let chain = chain.collect();
            let route = levels.last().and_then(|level| t.route_of[level.index()]);
            self.chains.push(Chain {
                levels: chain,
                route: route.unwrap_or(NONE),
                has_url: levels.iter().any(|level| t.levels[level.index()].has_url()),
            });
        }
        number
    }
}
