//! How long fills and copies of a level can last.

use crate::rest::{Rest, Work};
use crate::structure::Structure;
use cachepolicy_core::Distribution;
use cachepolicy_core::decide::Stampede;
use cachepolicy_core::ids::{LevelId, ModelId, OriginId};
use cachepolicy_core::level::{Level, LevelKind, LifetimeSource, Tier};
use cachepolicy_core::policy::{BackendKind, Policy};
use cachepolicy_core::units::Duration;

/// Of one level, whatever the trace; [`Duration::FOREVER`]: there is no limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Life {
    /// From the beginning of a fill to its store, or to those who wait for it getting the result.
    pub(crate) fill: Duration,
    /// From the store to the death of the copy.
    pub(crate) copy: Duration,
    /// The same of a copy that is no absence.
    pub(crate) value: Duration,
    /// From the end of freshness to the death of the copy: what an `expire` leaves.
    pub(crate) stale: Duration,
    /// Others take a fill's result without looking into the store.
    pub(crate) shares: bool,
    /// The result can be an error.
    fails: bool,
    /// See [`Work::alone`].
    pub(crate) alone: Duration,
    /// From a look-up to its answer.
    pub(crate) look_up: Duration,
    /// From asking the stores to their answers.
    pub(crate) latency: Duration,
    /// What is left of its work once it knows something.
    pub(crate) rest: Rest,
}

/// Before its own work begins it waits for others.
pub(crate) fn is_queued(policy: &Policy, level: &Level) -> bool {
    let origin = level.origin.and_then(|id| policy.origins.get(id.index()));
    origin.is_some_and(|origin| origin.slots.is_some() || origin.rate.is_some())
        || (policy.threads.is_some() && is_before_the_application(policy, level))
}

/// The lives of all levels.
pub(crate) fn lives(whole: Structure<'_>) -> Vec<Life> {
    let levels = &whole.policy.levels;
    let mut lives: Vec<Life> = Vec::with_capacity(levels.len());
    for (index, level) in levels.iter().enumerate() {
        let life = life(whole, LevelId(index as u16), level, &lives);
        lives.push(life);
    }
    lives
}

/// How old the data can be that an origin reads.
pub(crate) fn replica_lag(policy: &Policy, origin: Option<OriginId>) -> Duration {
    let origin = origin.and_then(|origin| policy.origins.get(origin.index()));
    origin.map_or(Duration::ZERO, |origin| greatest(&origin.replica_lag))
}

/// How old what a level's own work reads of a model can be.
pub(crate) fn own_lag(policy: &Policy, level: &Level, model: ModelId) -> Duration {
    if level.reads.iter().any(|read| read.model == model) {
        replica_lag(policy, level.origin)
    } else {
        Duration::ZERO
    }
}

/// The greatest value of a distribution of durations: see [`Distribution::limits`].
pub(crate) fn greatest(distribution: &Distribution) -> Duration {
    match distribution.limits().1 {
        Some(nanos) if nanos < i64::MAX as f64 => Duration::from_nanos(nanos.ceil() as i64),
        _ => Duration::FOREVER,
    }
}

/// The least one.
pub(crate) fn least(distribution: &Distribution) -> Duration {
    Duration::from_nanos(distribution.limits().0.floor() as i64)
}

/// A duration so many times.
pub(crate) fn times(duration: Duration, count: Option<u32>) -> Duration {
    match count {
        _ if duration == Duration::ZERO || count == Some(0) => Duration::ZERO,
        Some(count) if !duration.is_forever() => {
            Duration::from_nanos(duration.nanos().saturating_mul(i64::from(count)))
        }
        _ => Duration::FOREVER,
    }
}

fn life(whole: Structure<'_>, id: LevelId, level: &Level, finer: &[Life]) -> Life {
    let policy = whole.policy;
    let rules = &level.rules;
    let (rest, Work { all: work, alone }) = Rest::of(whole, id, level, finer);
    let inner = |contained: LevelId| finer.get(contained.index());
    let has_backend = policy.tiers(level).next().is_some();
    // What stands before the application fails with the process that it asked.
    let is_made_in_vain = level.origin.is_some()
        || is_before_the_application(policy, level)
        || matches!(level.kind, LevelKind::Site | LevelKind::View)
        || whole.contained(id).filter_map(inner).any(|life| life.fails);
    // Who is refused by a store gets nothing, no expired copy either.
    let fails = is_made_in_vain || refuses(policy, level);
    let (wait, lease, waits) = match rules.stampede {
        Stampede::None => (Duration::ZERO, Duration::FOREVER, false),
        // One round: the result goes to those who wait, unless it comes too late for them.
        Stampede::Coalesce if work <= rules.timeout => (work, Duration::FOREVER, false),
        Stampede::Coalesce => (Duration::FOREVER, Duration::FOREVER, false),
        Stampede::Lock { wait, .. } => (wait, Duration::FOREVER, true),
        Stampede::Lease { wait, expires } => (wait, expires, true),
    };
    let mut stale = rules.stale_while_revalidate;
    if is_made_in_vain || waits {
        stale = stale.max(rules.stale_if_error);
    }
    let ttl = match level.lifetime {
        _ if rules.sliding => Duration::FOREVER,
        LifetimeSource::Declared => rules.ttl,
        LifetimeSource::Trace => Duration::FOREVER,
        LifetimeSource::Response { max } => max.unwrap_or(Duration::FOREVER).max(rules.ttl),
    };
    let latency = latency(policy, level);
    // Those who waited look again.
    let again = if wait > Duration::ZERO {
        latency
    } else {
        Duration::ZERO
    };
    let look_up = if has_backend {
        latency + wait + again
    } else {
        Duration::ZERO
    };
    Life {
        fill: rules.timeout.min(work).min(lease),
        value: ttl + stale,
        copy: (ttl + stale).max(rules.negative_ttl.unwrap_or(Duration::ZERO)),
        stale,
        shares: has_backend && rules.stampede == Stampede::Coalesce,
        fails,
        alone,
        look_up,
        latency,
        rest,
    }
}

/// From asking the stores to their answers.
pub(crate) fn latency(policy: &Policy, level: &Level) -> Duration {
    policy
        .tiers(level)
        .filter_map(|tier| policy.backends.get(tier.backend.index()))
        .map(|backend| greatest(&backend.latency).max(backend.on_failure.after))
        .fold(Duration::ZERO, |sum, latency| sum + latency)
}

/// Whoever asks one of its stores that is down gets an error.
pub(crate) fn refuses(policy: &Policy, level: &Level) -> bool {
    policy.tiers(level).any(|tier| {
        let backend = policy.backends.get(tier.backend.index());
        backend.is_some_and(|backend| !backend.on_failure.bypass)
    })
}

/// Nothing is read in no time: how long the level's work takes was not said.
pub(crate) fn is_unsaid(level: &Level) -> bool {
    let cost = greatest(&level.cost.otherwise);
    !level.reads.is_empty() && cost == Duration::ZERO
}

/// Behind it requests wait for the application's threads.
fn is_before_the_application(policy: &Policy, level: &Level) -> bool {
    let mut tiers = level.tiers.iter();
    level.is_stored() && tiers.all(|tier| stands_before(policy, tier))
}

/// Some of its copies are in a cache before the application, which no fence can make refuse one.
pub(crate) fn has_copies_before(policy: &Policy, level: &Level) -> bool {
    let mut tiers = level.tiers.iter();
    tiers.any(|tier| stands_before(policy, tier))
}

fn stands_before(policy: &Policy, tier: &Tier) -> bool {
    let backend = policy.backends.get(tier.backend.index());
    backend
        .is_some_and(|backend| matches!(backend.kind, BackendKind::Proxy | BackendKind::Cdn { .. }))
}
