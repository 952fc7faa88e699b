//! The policy as flat tables: what the engine asks again and again, worked out once.

mod level;

pub(crate) use level::LevelTable;

use crate::options::SimError;
use crate::routes::{ClaimedRoute, claimed, routes};
use crate::tracking::{Tracker, tracked, trackers};
use crate::variants::{Place, places};
use cachepolicy_core::edge::Target;
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::{DimensionId, FieldId, LevelId, ModelId, WorkloadId};
use cachepolicy_core::key::QueryFilter;
use cachepolicy_core::level::{LevelKind, Read};
use cachepolicy_core::policy::{BackendKind, Carrier, Policy};
use cachepolicy_core::router::Router;
use cachepolicy_core::units::Duration;

/// Dimensions of a policy at most.
pub(crate) const DIMENSIONS_MAX: usize = 128;
/// Tiers of a level at most.
pub(crate) const TIERS_MAX: usize = 32;
/// Instances of backends, all backends together, at most.
const INSTANCES_MAX: usize = 1 << 20;

/// Everything that does not change during a run.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) policy: Policy,
    pub(crate) router: Router,
    pub(crate) filter: QueryFilter,
    pub(crate) graph: Graph,
    pub(crate) levels: Vec<LevelTable>,
    /// Lines of the queue: see [`LevelTable::line`].
    pub(crate) lines: usize,
    /// Dimensions with few values.
    pub(crate) places: Vec<Place>,
    pub(crate) backends: Vec<BackendTable>,
    /// The backend of each instance.
    pub(crate) backend_of: Vec<u16>,
    pub(crate) shapes: Vec<Shape>,
    /// Number of the first action of each edge block, all actions counted through.
    pub(crate) first_action: Vec<u32>,
    /// Buses that track a backend.
    pub(crate) trackers: Vec<Tracker>,
    /// Names of the report's routes.
    pub(crate) routes: Vec<String>,
    /// The route of each level, by index into `routes`.
    pub(crate) route_of: Vec<Option<u32>>,
    /// Rows of the report's routes that only claims ask for.
    pub(crate) claimed: Vec<ClaimedRoute>,
    /// Where missing values are drawn from.
    pub(crate) workload: Option<WorkloadId>,
    /// An edge cascades: copies remember what they embed.
    pub(crate) has_cascade: bool,
    /// An edge purges by tag: copies remember their tags.
    pub(crate) has_tags: bool,
    /// A level that others contain is left out on a condition, which may ask for method and path.
    pub(crate) has_inner_conditions: bool,
    /// Some requests of a log are writes.
    pub(crate) has_write_rules: bool,
    /// A dimension is a query parameter.
    pub(crate) has_query: bool,
    /// URLs stand in keys.
    pub(crate) has_url_keys: bool,
    /// A dimension is the host that was asked.
    pub(crate) has_host: bool,
    /// The longest that an edge fires before its write's commit.
    pub(crate) lookahead: Duration,
}

/// How many instances a backend has for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// One.
    All,
    /// One in each process.
    Process,
    /// One in each point of presence.
    Pop,
}

#[derive(Debug)]
pub(crate) struct BackendTable {
    /// The number of its first instance, all instances counted through.
    pub(crate) first: u32,
    pub(crate) count: u32,
    pub(crate) sharing: Sharing,
    /// A restart of its process empties it.
    pub(crate) is_memory: bool,
}

/// A place where a level's copies live.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tier {
    pub(crate) backend: u16,
    pub(crate) first: u32,
    pub(crate) sharing: Sharing,
    pub(crate) ceiling: Option<Duration>,
}

/// What tells the keys of a level with the same parameters apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extra {
    Dimension(DimensionId),
    Url,
    /// The process, where each has a version of its own: see [`crate::bump`].
    Process,
}

/// Rows selected by the values of some fields, of which some fields are read.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) model: ModelId,
    pub(crate) fields: Vec<FieldId>,
    /// One of the reads that have this shape.
    pub(crate) read: Read,
    /// The greatest age that data read from a replica can have.
    pub(crate) lag: Duration,
}

impl Tables {
    pub(crate) fn new(policy: &Policy, workload: Option<WorkloadId>) -> Result<Self, SimError> {
        limit("dimensions", policy.dimensions.len(), DIMENSIONS_MAX)?;
        let (backends, instances) = backends(policy)?;
        let mut shapes = Vec::new();
        let mut levels: Vec<LevelTable> = Vec::with_capacity(policy.levels.len());
        let filter = QueryFilter::new(policy);
        let graph = Graph::new(policy);
        let places = places(&policy.dimensions);
        let actions = policy.edges.iter().map(|edge| edge.actions.len()).sum();
        let trackers = trackers(policy, actions);
        for index in 0..policy.levels.len() {
            let known = (&graph, &filter);
            let mut level =
                level::level_table(policy, index, known, &places, &backends, &mut shapes)?;
            level.tracked = tracked(&trackers, &level.tiers);
            level.misses_plainly = level.tiers.len() == 1
                && trackers.is_empty()
                && level.rules.early_refresh.is_none();
            levels.push(level);
        }
        let lines = level::assign_lines(&mut levels);
        let (mut routes, route_of) = routes(policy);
        let claimed = claimed(policy, &mut routes, &route_of);
        let actions = || policy.edges.iter().flat_map(|edge| &edge.actions);
        let first_action = policy
            .edges
            .iter()
            .scan(0, |next, edge| {
                let first = *next;
                *next += edge.actions.len() as u32;
                Some(first)
            })
            .collect();
        let has_tag = |target: &Target| matches!(target, Target::Tag(_));
        let lookahead = policy.edges.iter().filter_map(|edge| match edge.timing {
            cachepolicy_core::edge::Timing::BeforeCommit { by } => Some(by),
            cachepolicy_core::edge::Timing::AfterCommit => None,
        });
        let workload = workload.or((!policy.workloads.is_empty()).then_some(WorkloadId(0)));
        let writing = workload.and_then(|id| policy.workloads.get(id.index()));
        let lookahead = lookahead.max().unwrap_or(Duration::ZERO);
        let has_write_rules = writing.is_some_and(|workload| !workload.write_rules.is_empty());
        if trackers.is_empty() && !has_write_rules && lookahead == Duration::ZERO {
            level::assign_ahead(&mut levels);
        }
        Ok(Self {
            router: Router::new(policy),
            filter,
            graph,
            lines,
            places,
            backends,
            backend_of: instances,
            shapes,
            first_action,
            trackers,
            routes,
            route_of,
            claimed,
            workload,
            has_write_rules,
            has_inner_conditions: has_inner_conditions(policy),
            has_query: policy.dimensions.iter().any(|d| is_from_path(&d.carrier)),
            has_url_keys: levels.iter().any(LevelTable::has_url),
            levels,
            has_host: policy.dimensions.iter().any(|d| is_host(&d.carrier)),
            has_cascade: actions().any(|action| action.cascade),
            has_tags: actions().any(|action| has_tag(&action.target)),
            lookahead,
            policy: policy.clone(),
        })
    }

    /// The instance of a tier that a process, or a point of presence, reaches.
    #[inline]
    pub(crate) fn instance(tier: &Tier, process: u32, pop: u32) -> u32 {
        tier.first
            + match tier.sharing {
                Sharing::All => 0,
                Sharing::Process => process,
                Sharing::Pop => pop,
            }
    }

    /// Must the parameters of a level's keys be known as values, and not just be told apart?
    pub(crate) fn needs_values(&self, level: LevelId) -> bool {
        let table = &self.levels[level.index()];
        let level = &self.policy.levels[level.index()];
        let makes_tags = self.has_tags && !level.tags.is_empty();
        !table.reads.is_empty()
            || !table.extras.is_empty()
            || !level.contains.is_empty()
            || makes_tags
            || self.has_cascade
    }

    /// Points of presence, at least 1.
    pub(crate) fn pops(&self) -> u32 {
        let pops = self.backends.iter().filter(|b| b.sharing == Sharing::Pop);
        pops.map(|backend| backend.count).max().unwrap_or(1)
    }
}

fn limit(what: &'static str, count: usize, limit: usize) -> Result<(), SimError> {
    if count > limit {
        return Err(SimError::TooMany { what, count, limit });
    }
    Ok(())
}

fn backends(policy: &Policy) -> Result<(Vec<BackendTable>, Vec<u16>), SimError> {
    let mut first = 0_u64;
    let backends: Vec<BackendTable> = policy
        .backends
        .iter()
        .map(|backend| {
            let (count, sharing) = match backend.kind {
                BackendKind::Memory | BackendKind::Disk => (policy.processes, Sharing::Process),
                BackendKind::Redis | BackendKind::Proxy => (1, Sharing::All),
                BackendKind::Cdn { pops } => (pops, Sharing::Pop),
                BackendKind::None => (0, Sharing::All),
            };
            let table = BackendTable {
                first: first as u32,
                count,
                sharing,
                is_memory: backend.kind == BackendKind::Memory,
            };
            first += u64::from(count);
            table
        })
        .collect();
    limit("instances of backends", first as usize, INSTANCES_MAX)?;
    let of = |(index, backend): (usize, &BackendTable)| (index as u16, backend.count as usize);
    let backend_of = backends.iter().enumerate().map(of);
    let backend_of = backend_of.flat_map(|(index, count)| core::iter::repeat_n(index, count));
    let backend_of = backend_of.collect();
    Ok((backends, backend_of))
}

/// Is a level that others contain left out on a condition? Of those that answer requests, what is
/// left of their conditions asks for no path.
fn has_inner_conditions(policy: &Policy) -> bool {
    let mut contained = policy.levels.iter().flat_map(|level| &level.contains);
    contained.any(|contain| {
        let level = policy.levels.get(contain.level.index());
        level.is_some_and(|level| level.skip.is_some())
    })
}

/// The finest level that accesses of a key-value trace can go to.
pub(crate) fn key_level(policy: &Policy, wanted: Option<LevelId>) -> Result<LevelId, String> {
    let fits = |id: LevelId| {
        policy.levels.get(id.index()).is_some_and(|level| {
            level.kind == LevelKind::Object && level.params.len() == 1 && level.is_stored()
        })
    };
    if let Some(id) = wanted {
        let name = policy.levels.get(id.index()).map_or("?", |l| &l.name);
        return if fits(id) {
            Ok(id)
        } else {
            Err(format!("`{name}` is none; name another level"))
        };
    }
    let mut all = (0..policy.levels.len())
        .map(|index| LevelId(index as u16))
        .filter(|&id| fits(id));
    match (all.next(), all.next()) {
        (Some(id), None) => Ok(id),
        (Some(_), Some(_)) => Err("the policy has several; name the one that is meant".to_owned()),
        (None, _) => Err("the policy has none; declare one, as in `object entry(key)`".to_owned()),
    }
}

/// The host is part of the target, unless the trace has it as a header.
pub(crate) fn is_host(carrier: &Carrier) -> bool {
    matches!(carrier, Carrier::Header(name) if name == "host")
}

/// Dimensions that a path alone decides.
pub(crate) fn is_from_path(carrier: &Carrier) -> bool {
    matches!(carrier, Carrier::Query(_))
}
