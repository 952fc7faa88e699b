//! What the engine asks of a level.

use super::{Extra, Shape, Sharing, TIERS_MAX, Tier, limit};
use crate::depends::{self, LevelDims};
use crate::options::SimError;
use crate::random::{Sampler, constant};
use crate::tables::BackendTable;
use crate::tracking::Tracked;
use crate::variants::{Place, Variants};
use cachepolicy_core::LevelId;
use cachepolicy_core::decide::{Rules, Scope, Stampede};
use cachepolicy_core::edge::{Target, Verb};
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::FieldId;
use cachepolicy_core::key::QueryFilter;
use cachepolicy_core::level::{KeyPart, Level, LevelKind, Read, ValueSource};
use cachepolicy_core::policy::{BackendKind, Policy};
use cachepolicy_core::units::Duration;

#[derive(Debug)]
pub(crate) struct LevelTable {
    pub(crate) kind: LevelKind,
    pub(crate) rules: Rules,
    /// It has look-ups of its own.
    pub(crate) is_stored: bool,
    /// Before the application: it needs none of its threads.
    pub(crate) is_edge: bool,
    pub(crate) fenced: bool,
    /// Among whom a fill is the only one.
    scope: Sharing,
    /// Nearest first; without those that store nothing.
    pub(crate) tiers: Vec<Tier>,
    /// A tier tells of its changes those who hold copies in nearer ones.
    pub(crate) tracked: Option<Tracked>,
    /// Parameters that stand in its keys as the simulation keeps them.
    pub(crate) params: usize,
    pub(crate) extras: Vec<Extra>,
    /// Its keys have a URL and nothing else, and are asked for by requests alone.
    pub(crate) is_known_by_url: bool,
    /// Keys with the same parameters may differ, or those that have the same are asked for.
    pub(crate) has_variants: bool,
    pub(crate) variants: Variants,
    /// The first of what it contains whose key follows from its own.
    pub(crate) part: Option<u16>,
    /// How long its nearest tier takes to answer, where that is always the same.
    pub(crate) nearest_latency: Option<Duration>,
    /// How long that takes, if nothing that happens meanwhile to others can matter to a copy that
    /// is there and fresh: see [`crate::ahead`].
    pub(crate) ahead: Option<Duration>,
    /// In which line of the queue look-ups of its nearest tier wait: one for each latency.
    pub(crate) line: usize,
    /// It is left out on a condition.
    pub(crate) has_condition: bool,
    pub(crate) dims: LevelDims,
    /// It reads once, what follows from its parameters.
    pub(crate) read_follows: bool,
    /// What its own work reads: a shape, and where the values come from.
    pub(crate) reads: Vec<usize>,
    /// An edge purges it by parameters: its variants are listed.
    pub(crate) is_target: bool,
    /// Its own work is nothing at all: it takes no time, at no origin, and reads nothing.
    pub(crate) is_instant: bool,
    /// There is nothing to a miss but a fill, as long as nobody fills the key: it is stored in one
    /// tier, nobody tracks what is stored, and no lot is drawn.
    pub(crate) misses_plainly: bool,
    /// Its work is origin work although it names no origin: it contains nothing.
    pub(crate) is_source: bool,
}

impl LevelTable {
    /// Among whom a fill of a level is the only one, as a number.
    #[inline]
    pub(crate) fn scope(&self, process: u32, pop: u32) -> u32 {
        match self.scope {
            Sharing::All => 0,
            Sharing::Process => process,
            Sharing::Pop => pop,
        }
    }

    /// Do its keys have a URL?
    pub(crate) fn has_url(&self) -> bool {
        self.extras.contains(&Extra::Url)
    }

    /// Only background fills are the only ones.
    pub(crate) fn is_unprotected(&self) -> bool {
        self.rules.stampede == Stampede::None
    }
}

/// Among whom a fill of a level is the only one.
fn scope(scope: Scope, tiers: &[Tier], is_edge: bool) -> Sharing {
    let tier = match scope {
        Scope::Process => tiers.first(),
        Scope::Everywhere => tiers.last(),
    };
    match tier.map_or(Sharing::Process, |tier| tier.sharing) {
        // Redis is shared, but single-flight in the process is not.
        Sharing::All if scope == Scope::Process && !is_edge => Sharing::Process,
        sharing => sharing,
    }
}

pub(super) fn level_table(
    policy: &Policy,
    index: usize,
    (graph, filter): (&Graph, &QueryFilter),
    places: &[Place],
    backends: &[BackendTable],
    shapes: &mut Vec<Shape>,
) -> Result<LevelTable, SimError> {
    let level = &policy.levels[index];
    let rules = policy.rules(level);
    limit("tiers of one level", level.tiers.len(), TIERS_MAX)?;
    let tiers: Vec<Tier> = policy
        .tiers(level)
        .map(|tier| {
            let backend = &backends[tier.backend.index()];
            Tier {
                backend: tier.backend.0,
                first: backend.first,
                sharing: backend.sharing,
                ceiling: tier.ceiling,
            }
        })
        .collect();
    let is_before = |tier: &cachepolicy_core::level::Tier| {
        matches!(
            policy.backends[tier.backend.index()].kind,
            BackendKind::Proxy | BackendKind::Cdn { .. }
        )
    };
    let extras = level.key.parts.iter().filter_map(|part| match part {
        KeyPart::Url => Some(Extra::Url),
        KeyPart::Value(ValueSource::Dimension(dimension)) => Some(Extra::Dimension(*dimension)),
        KeyPart::Value(_) | KeyPart::Text(_) => None,
    });
    let mut extras: Vec<Extra> = if level.is_stored() {
        extras.collect()
    } else {
        Vec::new()
    };
    if has_own_versions(policy, LevelId(index as u16)) {
        extras.push(Extra::Process);
    }
    let dims = depends::of(policy, graph, filter, LevelId(index as u16), None);
    let is_target = policy
        .edges
        .iter()
        .flat_map(|edge| &edge.actions)
        .any(|action| match &action.target {
            Target::Level { level, .. } => level.index() == index,
            Target::Tag(_) => action.verb == Verb::Bump,
        });
    let nearest = tiers.first().map(|tier| usize::from(tier.backend));
    let nearest = nearest.and_then(|backend| policy.backends.get(backend));
    let nearest_latency = nearest.and_then(|backend| constant(&backend.latency));
    let is_told_by_url = is_told_by_url(policy, index, is_target);
    let is_edge = level.is_stored() && level.tiers.iter().all(is_before);
    Ok(LevelTable {
        kind: level.kind,
        scope: scope(rules.stampede.scope(), &tiers, is_edge),
        nearest_latency: nearest_latency.map(|(latency, _)| latency),
        ahead: None,
        line: 0,
        tracked: None,
        rules,
        is_stored: level.is_stored(),
        is_edge,
        fenced: rules.is_fenced(),
        tiers,
        params: if is_told_by_url {
            0
        } else {
            level.params.len()
        },
        is_known_by_url: is_told_by_url && extras == [Extra::Url],
        has_variants: (is_target && !extras.is_empty())
            || extras.iter().any(|extra| *extra != Extra::Url),
        variants: Variants::new(&extras, places),
        extras,
        has_condition: level.skip.is_some(),
        part: part(policy, level),
        dims,
        read_follows: read_follows(level),
        reads: level
            .reads
            .iter()
            .map(|read| shape(policy, level.origin, read, shapes))
            .collect(),
        is_target,
        is_instant: is_instant(level),
        misses_plainly: false,
        is_source: level.contains.is_empty(),
    })
}

/// Is a level bumped that has nothing but the memory of several processes?
fn has_own_versions(policy: &Policy, id: LevelId) -> bool {
    let level = policy.levels.get(id.index());
    let farthest = level.and_then(|level| policy.tiers(level).next_back());
    let kind = farthest.map(|tier| policy.backends[tier.backend.index()].kind);
    let is_own = matches!(kind, Some(BackendKind::Memory | BackendKind::Disk));
    let mut actions = policy.edges.iter().flat_map(|edge| &edge.actions);
    is_own && policy.processes > 1 && actions.any(|action| action.may_bump(id))
}

/// Is the URL all that its keys are known by, and do its parameters, which the URL holds, matter to
/// nobody else?
fn is_told_by_url(policy: &Policy, index: usize, is_target: bool) -> bool {
    let level = &policy.levels[index];
    let parts = &level.key.parts;
    let is_param = |part: &KeyPart| matches!(part, KeyPart::Value(ValueSource::Param(_)));
    let mut contained = policy.levels.iter().flat_map(|level| &level.contains);
    level.is_stored()
        && parts.contains(&KeyPart::Url)
        && !parts.iter().any(is_param)
        && !is_target
        && level.reads.is_empty()
        && level.contains.is_empty()
        && level.data.is_empty()
        && level.tags.is_empty()
        && contained.all(|contain| contain.level.index() != index)
}

/// Is its own work nothing at all?
fn is_instant(level: &Level) -> bool {
    let takes_none =
        constant(&level.cost.otherwise).is_some_and(|(cost, _)| cost == Duration::ZERO);
    takes_none
        && !level.cost.from_trace
        && !level.contains.is_empty()
        && level.origin.is_none()
        && level.reads.is_empty()
        && level.batch.is_none()
}

/// Does what it reads follow from its parameters?
fn read_follows(level: &Level) -> bool {
    let is_fixed =
        |source: &ValueSource| matches!(source, ValueSource::Param(_) | ValueSource::Literal(_));
    let [read] = level.reads.as_slice() else {
        return false;
    };
    let mut bindings = read.bindings.iter();
    bindings.all(|binding| !binding.each && is_fixed(&binding.value))
}

/// The first of what a level contains whose key follows from its own.
fn part(policy: &Policy, level: &Level) -> Option<u16> {
    let is_fixed =
        |source: &ValueSource| matches!(source, ValueSource::Param(_) | ValueSource::Literal(_));
    let has_plain_key = |level: &Level| {
        level.key.parts.iter().all(|part| match part {
            KeyPart::Text(_) => true,
            KeyPart::Value(source) => is_fixed(source),
            KeyPart::Url => false,
        })
    };
    let position = level.contains.iter().position(|contain| {
        let inner = policy.levels.get(contain.level.index());
        contain.each.is_none()
            && contain.args.iter().all(is_fixed)
            && inner.is_some_and(|inner| !inner.is_stored() || has_plain_key(inner))
            // The key of the part would be that of the process that asked first.
            && !has_own_versions(policy, contain.level)
    })?;
    u16::try_from(position).ok()
}

/// Finds the levels whose fresh copies can be served ahead of what others do meanwhile: nothing that
/// begins while the nearest tier answers reaches its store before it has answered. Whatever begins
/// asks a tier first; where that answers sooner, a refresh or an early fill must not follow, which
/// might end in the other store at once.
pub(super) fn assign_ahead(levels: &mut [LevelTable]) {
    let is_slow = |other: &LevelTable, latency: Duration| {
        other.nearest_latency.is_some_and(|own| own >= latency)
            || (other.rules.stale_while_revalidate == Duration::ZERO
                && other.rules.early_refresh.is_none())
    };
    let ahead = |level: &LevelTable| {
        let latency = level.nearest_latency?;
        let backend = level.tiers.first()?.backend;
        let is_there = |other: &&LevelTable| other.tiers.iter().any(|it| it.backend == backend);
        let mut sharing = levels.iter().filter(is_there);
        sharing
            .all(|other| is_slow(other, latency))
            .then_some(latency)
    };
    let all: Vec<_> = levels.iter().map(ahead).collect();
    for (level, ahead) in levels.iter_mut().zip(all) {
        level.ahead = ahead;
    }
}

/// Gives each latency of a nearest tier a line of the queue. How many lines are there?
pub(super) fn assign_lines(levels: &mut [LevelTable]) -> usize {
    let mut latencies = Vec::new();
    for level in levels {
        if let Some(latency) = level.nearest_latency.filter(|it| *it > Duration::ZERO) {
            let known = latencies.iter().position(|known| *known == latency);
            level.line = known.unwrap_or_else(|| {
                latencies.push(latency);
                latencies.len() - 1
            });
        }
    }
    latencies.len()
}

/// The shape of a read, added to `shapes` if it is new.
fn shape(
    policy: &Policy,
    origin: Option<cachepolicy_core::OriginId>,
    read: &Read,
    shapes: &mut Vec<Shape>,
) -> usize {
    let fields: Vec<FieldId> = read.bindings.iter().map(|binding| binding.field).collect();
    let lag = origin.map_or(Duration::ZERO, |origin| {
        let lag = policy.origins[origin.index()].replica_lag;
        Sampler::new(lag, 0, "", "").greatest()
    });
    let is_it = |shape: &Shape| {
        shape.model == read.model && shape.fields == fields && shape.read.fields == read.fields
    };
    if let Some(index) = shapes.iter().position(is_it) {
        shapes[index].lag = shapes[index].lag.max(lag);
        return index;
    }
    shapes.push(Shape {
        model: read.model,
        fields,
        read: read.clone(),
        lag,
    });
    shapes.len() - 1
}
