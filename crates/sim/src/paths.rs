//! Request targets, each looked at once: which levels answer it, with which parameters, and what
//! of it stands in keys. A request then costs one hash of its target.

use crate::depends::{self, Dims, LevelDims, bit};
use crate::intern::{NONE, Texts, Tuples};
use crate::skip::Skips;
use crate::tables::{Tables, is_from_path};
use cachepolicy_core::ids::{DimensionId, LevelId};
use cachepolicy_core::key::{Url, push_url};
use cachepolicy_core::level::LevelKind;
use cachepolicy_core::policy::Carrier;
use cachepolicy_core::route::Captures;
use cachepolicy_core::url::{decode, query_value, split_target};
use cachepolicy_core::vary::{Normalised, normalise};

/// A dimension's value is outside its domain.
pub(crate) const OUTSIDE: u32 = NONE - 1;

/// A request target with its method and host.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PathEntry {
    /// The levels that answer; [`NONE`]: it was not looked at yet.
    pub(crate) chain: u32,
    /// Its first link; it has one for each level of the chain.
    pub(crate) links: u32,
    /// The target as it stands in keys, as a number of the same texts.
    pub(crate) url: u32,
    /// The first of its query dimensions' values.
    dims: u32,
}

const UNSEEN: PathEntry = PathEntry {
    chain: NONE,
    links: NONE,
    url: NONE,
    dims: NONE,
};

/// One level that answers a target.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    /// Its first parameter.
    params: u32,
    /// Its key, where the target alone decides it.
    pub(crate) inst: u32,
    /// What is left of its `skip` when method and path are known.
    pub(crate) skip: u32,
}

/// Levels that answer a request, each inside the one before.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) levels: Vec<ChainLevel>,
    /// An index into the report's routes.
    pub(crate) route: u32,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct ChainLevel {
    pub(crate) level: LevelId,
    /// With what it contains for these requests.
    pub(crate) dims: LevelDims,
}

/// See the module's description.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    texts: Texts,
    entries: Vec<PathEntry>,
    links: Vec<Link>,
    params: Vec<u32>,
    dims: Vec<u32>,
    chain_numbers: Tuples,
    pub(crate) chains: Vec<Chain>,
    pub(crate) skips: Skips,
    scratch: String,
}

impl Paths {
    /// The number of a target.
    pub(crate) fn find(
        &mut self,
        t: &Tables,
        values: &mut Texts,
        method: &str,
        host: &str,
        target: &str,
    ) -> u32 {
        self.scratch.clear();
        self.scratch.push_str(method);
        self.scratch.push(' ');
        self.scratch.push_str(host);
        self.scratch.push_str(target);
        let path = self.texts.intern(&self.scratch);
        if self.entry_of(path).chain == NONE {
            self.resolve(t, values, path, (method, host, target));
        }
        path
    }

    fn entry_of(&mut self, path: u32) -> &mut PathEntry {
        let index = path as usize;
        if index >= self.entries.len() {
            self.entries.resize(index + 1, UNSEEN);
        }
        &mut self.entries[index]
    }

    #[inline]
    pub(crate) fn entry(&self, path: u32) -> PathEntry {
        self.entries.get(path as usize).copied().unwrap_or(UNSEEN)
    }

    #[inline]
    pub(crate) fn link(&self, link: u32) -> Link {
        self.links[link as usize]
    }

    pub(crate) fn remember_key(&mut self, link: u32, inst: u32) {
        self.links[link as usize].inst = inst;
    }

    /// The parameters of a link's level, of which there are `count`.
    pub(crate) fn params(&self, link: u32, count: usize) -> &[u32] {
        let first = self.links[link as usize].params as usize;
        &self.params[first..first + count]
    }

    /// Method, and target without the host, of a path that a request had.
    pub(crate) fn method_and_path(&self, path: u32) -> (&str, &str) {
        let text = self.texts.get(path);
        let (method, target) = text.split_once(' ').unwrap_or(("", text));
        let (path, _) = split_target(target);
        let slash = path.find('/').unwrap_or(0);
        (method, path.get(slash..).unwrap_or(path))
    }

    /// Host, path and query that stand in keys.
    pub(crate) fn url(&self, url: u32) -> Url<'_> {
        let text = self.texts.get(url);
        let text = text.split_once(' ').map_or(text, |(_, text)| text);
        let (host, rest) = text.split_at(text.find('/').unwrap_or(text.len()));
        match rest.split_once('?') {
            Some((path, query)) => Url {
                host,
                path,
                query: Some(query),
            },
            None => Url {
                host,
                path: rest,
                query: None,
            },
        }
    }

    /// Fills in the query dimensions; returns those that are outside their domain.
    pub(crate) fn query_dims(&self, t: &Tables, path: u32, into: &mut [u32]) -> Dims {
        let mut next = self.entry(path).dims as usize;
        let mut outside = 0;
        for (index, dimension) in t.policy.dimensions.iter().enumerate() {
            if is_from_path(&dimension.carrier) {
                let value = self.dims[next];
                next += 1;
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

    fn resolve(
        &mut self,
        t: &Tables,
        values: &mut Texts,
        number: u32,
        (method, host, target): (&str, &str, &str),
    ) {
        let (path, query) = split_target(target);
        let routed = t.router.route(method, path);
        let levels: Vec<LevelId> = routed.sites().iter().copied().chain(routed.view).collect();
        let links = self.links.len() as u32;
        let mut captures = Captures::new();
        for &level in &levels {
            t.router.captures(level, path, &mut captures);
            let params = self.params.len() as u32;
            for param in 0..t.levels[level.index()].params {
                let raw = captures.get(param as u16);
                self.params
                    .push(raw.map_or(NONE, |raw| values.intern(&decode(raw))));
            }
            let skip = t.policy.levels[level.index()].skip.as_ref();
            self.links.push(Link {
                params,
                inst: NONE,
                skip: self.skips.of(skip, method, path),
            });
        }
        let dims = self.dims.len() as u32;
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
        let chain = self.chain(t, &levels);
        let mut text = core::mem::take(&mut self.scratch);
        text.clear();
        text.push_str("GET ");
        push_url(Url { host, path, query }, &t.filter, &mut text);
        let url = self.texts.intern(&text);
        self.scratch = text;
        *self.entry_of(number) = PathEntry {
            chain,
            links,
            url,
            dims,
        };
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
                ChainLevel { level, dims }
            });
            let chain = chain.collect();
            let route = levels.last().and_then(|level| t.route_of[level.index()]);
            self.chains.push(Chain {
                levels: chain,
                route: route.unwrap_or(NONE),
            });
        }
        number
    }
}
