//! The way of one request through the levels, as if every look-up missed.

use super::key::{Known, KnownValues, key_of, of_source, tag_of};
use super::request::{Prepared, Request, Value};
use super::writes::{ModelReach, reach};
use super::{lifetimes, request};
use cachepolicy_analysis::{Bounds, Words};
use cachepolicy_compiler::graph::PolicyGraph;
use cachepolicy_core::graph::{Dependencies, Graph};
use cachepolicy_core::key::Url;
use cachepolicy_core::level::{Level, LevelKind};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::router::{Routed, Router};
use cachepolicy_core::{DimensionId, LevelId, url};
use serde::Serialize;

/// The schema of the JSON.
const SCHEMA: u32 = 1;

/// More steps than anybody reads; a policy whose levels share parts many times over has more.
const STEPS_MAX: usize = 500;

/// What a policy does to a request.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    schema: u32,
    pub(super) method: String,
    pub(super) url: String,
    pub(super) dimensions: Vec<DimensionValue>,
    /// In the order in which they are looked up when all of them miss; empty: no level answers it.
    pub(super) levels: Vec<Step>,
    /// There were more than are listed.
    pub(super) cut: bool,
    /// Where no view answers it: a path near to this one that a view answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) near: Option<String>,
}

/// What is known of the request before any look-up.
#[derive(Debug, Clone, Serialize)]
pub(super) struct DimensionValue {
    pub(super) name: String,
    /// As the request carries it.
    pub(super) sent: Option<String>,
    /// As keys and conditions see it.
    pub(super) value: Option<String>,
    /// It is outside the domain.
    pub(super) outside: bool,
}

/// One level on the way.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Step {
    pub(super) level: String,
    pub(super) kind: &'static str,
    /// How many levels it is embedded in.
    pub(super) depth: usize,
    pub(super) params: Vec<(String, String)>,
    pub(super) file: String,
    pub(super) line: u32,
    /// Backends, nearest first; empty: it is not stored.
    pub(super) store: Vec<String>,
    /// Why it is left out, if it is.
    pub(super) bypass: Option<String>,
    pub(super) key: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) lifetime: Option<String>,
    pub(super) absence: Option<String>,
    pub(super) protection: Option<String>,
    /// What it looks at of the request and its key does not hold.
    pub(super) leaks: Vec<String>,
    /// The levels that it embeds.
    pub(super) contains: Vec<String>,
    pub(super) writes: Vec<ModelReach>,
}

/// Explains a request.
pub fn explain(policy: &Policy, request: &Request) -> Explanation {
    let prepared = Prepared::new(request, policy);
    let router = Router::new(policy);
    let (path, _) = request.parts();
    let routed = router.route(&request.method, path);
    let graph = Graph::new(policy);
    let bounds = match routed.view {
        Some(view) => Bounds::with_view(policy, &graph, view),
        None => Bounds::new(policy, &graph),
    };
    let mut walk = Walk {
        policy,
        bounds: &bounds,
        graph: &graph,
        whole: PolicyGraph::of(policy),
        router: &router,
        prepared: &prepared,
        routed,
        steps: Vec::new(),
        cut: false,
    };
    if let Some(first) = routed.outermost() {
        let params = walk.params_of_route(first);
        walk.step(first, params, 0);
    }
    let Walk { steps, cut, .. } = walk;
    let near = match routed.view {
        None => near(&router, &request.method, path),
        Some(_) => None,
    };
    Explanation {
        near,
        schema: SCHEMA,
        method: request.method.clone(),
        url: request.target.clone(),
        dimensions: dimensions(policy, &prepared),
        levels: steps,
        cut,
    }
}

/// The path with a slash more or less, at either end, where a view answers that one.
fn near(router: &Router, method: &str, path: &str) -> Option<String> {
    let rooted = format!("/{}", path.trim_start_matches('/'));
    let bare = rooted.trim_end_matches('/');
    [rooted.clone(), format!("{bare}/"), bare.to_owned()]
        .into_iter()
        .find(|other| other != path && router.route(method, other).view.is_some())
}

fn dimensions(policy: &Policy, prepared: &Prepared<'_>) -> Vec<DimensionValue> {
    let values = policy.dimensions.iter().zip(&prepared.dimensions);
    values
        .map(|(dimension, value)| DimensionValue {
            name: dimension.name.clone(),
            sent: prepared
                .request
                .raw(dimension)
                .map(std::borrow::Cow::into_owned),
            value: match value {
                request::Value::Inside(value) => Some(value.clone()),
                request::Value::Absent | request::Value::Outside => None,
            },
            outside: *value == Value::Outside,
        })
        .collect()
}

struct Walk<'a> {
    policy: &'a Policy,
    bounds: &'a Bounds,
    graph: &'a Graph,
    whole: PolicyGraph,
    router: &'a Router,
    prepared: &'a Prepared<'a>,
    routed: Routed<'a>,
    steps: Vec<Step>,
    cut: bool,
}

impl<'a> Walk<'a> {
    fn params_of_route(&self, id: LevelId) -> Vec<Known> {
        let Some(level) = self.policy.levels.get(id.index()) else {
            return Vec::new();
        };
        let mut captures = self.routed.captures;
        if Some(id) != self.routed.view {
            self.router
                .captures(id, self.prepared.request.parts().0, &mut captures);
        }
        let value = |index: usize| {
            captures
                .get(index as u16)
                .map(|raw| url::decode(raw).into_owned())
        };
        (0..level.params.len())
            .map(|index| value(index).map_or(Known::Absent, Known::Value))
            .collect()
    }

    /// A level and, as on a miss, all that it embeds.
    fn step(&mut self, id: LevelId, params: Vec<Known>, depth: usize) {
        let Some(level) = self.policy.levels.get(id.index()) else {
            return;
        };
        if self.steps.len() >= STEPS_MAX {
            self.cut = true;
            return;
        }
        let values = LevelValues {
            params: &params,
            prepared: self.prepared,
        };
        let step = self.describe(id, level, &values, depth);
        self.steps.push(step);
        for contain in &level.contains {
            let arguments = contain
                .args
                .iter()
                .map(|source| of_source(level, source, &values))
                .collect();
            self.step(contain.level, arguments, depth + 1);
        }
        let by_route = self
            .routed
            .inside(id)
            .filter(|inner| level.contains.iter().all(|contain| contain.level != *inner));
        if let (LevelKind::Site, Some(inner)) = (level.kind, by_route) {
            let params = self.params_of_route(inner);
            self.step(inner, params, depth + 1);
        }
    }

    fn describe(&self, id: LevelId, level: &Level, values: &LevelValues<'_>, depth: usize) -> Step {
        let policy = self.policy;
        let stored = level.is_stored();
        let backend = |tier: &cachepolicy_core::level::Tier| {
            policy
                .backends
                .get(tier.backend.index())
                .map(|backend| backend.name.clone())
        };
        let embedded = level.contains.iter().filter_map(|contain| {
            let inner = policy.levels.get(contain.level.index())?;
            let each = if contain.each.is_some() { " each" } else { "" };
            Some(format!("{}{each}", inner.name))
        });
        let view = self
            .routed
            .inside(id)
            .and_then(|inner| policy.levels.get(inner.index()));
        let view = view
            .filter(|_| level.kind == LevelKind::Site)
            .map(|view| view.name.clone());
        let params = level
            .params
            .iter()
            .cloned()
            .zip(values.params.iter().map(Known::shown));
        let leaks = if level.kind == LevelKind::Site {
            self.graph.uncovered_with(policy, id, self.routed.view)
        } else {
            self.graph.uncovered(id).to_vec()
        };
        let name = |id: &DimensionId| {
            policy
                .dimensions
                .get(id.index())
                .map(|dimension| dimension.name.clone())
        };
        Step {
            level: level.name.clone(),
            kind: level.kind.name(),
            depth,
            params: params.collect(),
            file: policy.file(level.place).to_owned(),
            line: level.place.line,
            store: level.tiers.iter().filter_map(backend).collect(),
            bypass: if stored { self.bypass(id, level) } else { None },
            key: stored.then(|| key_of(policy, level, values)),
            tags: level
                .tags
                .iter()
                .map(|tag| tag_of(level, tag, values))
                .collect(),
            lifetime: stored.then(|| lifetimes::lifetime(policy, level)),
            absence: if stored {
                lifetimes::absence(&level.rules)
            } else {
                None
            },
            protection: stored.then(|| lifetimes::protection(policy, level)),
            leaks: leaks.iter().filter_map(name).collect(),
            contains: embedded.chain(view).collect(),
            writes: reach(
                &Words {
                    policy,
                    bounds: self.bounds,
                },
                &self.whole,
                &self.dependencies(id, level).models,
                id,
                level,
            ),
        }
    }

    /// What a level depends on; a site, with the view that answers this request.
    fn dependencies(&self, id: LevelId, level: &Level) -> Dependencies {
        if level.kind == LevelKind::Site {
            self.graph.dependencies_with(id, self.routed.view)
        } else {
            self.graph.dependencies(id).cloned().unwrap_or_default()
        }
    }

    /// Why the request neither reads nor writes the level.
    fn bypass(&self, id: LevelId, level: &Level) -> Option<String> {
        if level
            .skip
            .as_ref()
            .is_some_and(|skip| skip.holds(self.prepared))
        {
            return Some("its `skip when` holds for this request".to_owned());
        }
        let depends = self.dependencies(id, level).dimensions;
        let outside = depends
            .into_iter()
            .find(|dimension| self.prepared.is_outside(*dimension))?;
        let dimension = self.policy.dimensions.get(outside.index())?;
        Some(format!(
            "`{}` has a value outside its domain",
            dimension.name
        ))
    }
}

/// What a level knows of its key's values.
struct LevelValues<'a> {
    params: &'a [Known],
    prepared: &'a Prepared<'a>,
}

impl KnownValues for LevelValues<'_> {
    fn param(&self, index: u16) -> Known {
        self.params
            .get(usize::from(index))
            .cloned()
            .unwrap_or(Known::Absent)
    }

    fn dimension(&self, dimension: DimensionId) -> Known {
        self.prepared.known(dimension)
    }

    fn url(&self) -> Option<Url<'_>> {
        let (path, query) = self.prepared.request.parts();
        Some(Url {
            host: self.prepared.request.host(),
            path,
            query,
        })
    }
}
