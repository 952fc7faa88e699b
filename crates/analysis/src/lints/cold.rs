//! What origins get when the caches are empty.

use super::Study;
use super::traffic::Demand;
use cachepolicy_core::decide::Stampede;
use cachepolicy_core::distribution::Distribution;
use cachepolicy_core::ids::{LevelId, OriginId};
use cachepolicy_core::level::{Level, ValueSource};
use cachepolicy_core::policy::{BackendKind, Origin};
use cachepolicy_core::sorting;

/// What happens in so many seconds is looked at: a queue that still grows after that is no hiccup.
pub(super) const SECONDS: f64 = 10.0;

/// The work of one level, in the first seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Work {
    pub(super) level: LevelId,
    /// Busy time at the origin, in seconds.
    pub(super) busy: f64,
    /// Units of work.
    pub(super) units: f64,
}

/// The work that an origin gets from empty caches, the largest part first. `only`: of these levels.
pub(super) fn work(
    study: &Study<'_>,
    origin: OriginId,
    only: impl Fn(&Level) -> bool,
) -> Vec<Work> {
    let levels = study
        .levels()
        .filter(|(_, level)| level.origin == Some(origin) && only(level));
    let mut all: Vec<Work> = levels
        .filter_map(|(id, level)| Some(of_level(study, id, level, study.traffic().of(id)?)))
        .collect();
    sorting::by(&mut all, |a, b| b.busy.total_cmp(&a.busy));
    all
}

/// How many times more work that is than the origin can do.
pub(super) fn utilisation(origin: &Origin, work: &[Work]) -> f64 {
    let busy: f64 = work.iter().map(|work| work.busy).sum();
    let units: f64 = work.iter().map(|work| work.units).sum();
    let of_slots = origin
        .slots
        .map_or(0.0, |slots| busy / (f64::from(slots) * SECONDS));
    let of_rate = origin
        .rate
        .map_or(0.0, |rate| units / (rate.per_second * SECONDS + rate.burst));
    of_slots.max(of_rate)
}

/// A level whose copies are in the processes' memories only.
pub(super) fn is_in_memory(study: &Study<'_>, level: &Level) -> bool {
    let kind = |tier: &cachepolicy_core::level::Tier| {
        let backend = study.policy.backends.get(tier.backend.index());
        backend.is_some_and(|backend| backend.kind == BackendKind::Memory)
    };
    level.is_stored() && level.tiers.iter().all(kind)
}

fn of_level(study: &Study<'_>, id: LevelId, level: &Level, demand: &Demand) -> Work {
    let processes = f64::from(study.policy.processes);
    let stores = if is_in_memory(study, level) {
        processes
    } else {
        1.0
    };
    let takes = mean_seconds(&level.cost.otherwise);
    let fills = if level.is_stored() {
        demand.keys.sum(|share| {
            let rate = demand.per_second * share;
            // The first look-up of each key in each store fills, and so do those that come before it
            // is done, unless they wait.
            let first = stores * -libm::expm1(-rate * SECONDS / stores);
            let meanwhile = rate * takes.min(SECONDS);
            let others = match level.rules.stampede {
                Stampede::None => meanwhile,
                Stampede::Coalesce => meanwhile.min((processes - stores).max(0.0)),
                Stampede::Lock { .. } | Stampede::Lease { .. } => 0.0,
            };
            (first + others.min(first * meanwhile)).min(rate * SECONDS)
        })
    } else {
        demand.per_second * SECONDS
    };
    let together = level.batch.map_or(1.0, |batch| {
        list_of(study, id).clamp(1.0, f64::from(batch.max))
    });
    let each = level.batch.map_or(0.0, |batch| batch.each.as_secs_f64());
    let units = fills / together;
    Work {
        level: id,
        busy: units * takes + fills * each,
        units,
    }
}

/// How many copies of a level its containers ask for at once.
fn list_of(study: &Study<'_>, inner: LevelId) -> f64 {
    let containers = study
        .graph
        .containers(inner)
        .filter_map(|outer| study.level(outer));
    let lists = containers.flat_map(|outer| {
        let contains = outer
            .contains
            .iter()
            .filter(|contain| contain.level == inner);
        contains.map(|contain| match contain.each {
            Some(each)
                if matches!(
                    contain.args.get(usize::from(each)),
                    Some(ValueSource::Data(_))
                ) =>
            {
                super::traffic::how_many(outer, contain)
            }
            _ => 1.0,
        })
    });
    lists.fold(1.0, f64::max)
}

/// The mean, from quantiles.
fn mean_seconds(distribution: &Distribution) -> f64 {
    const POINTS: u32 = 32;
    let point = |index: u32| distribution.quantile((f64::from(index) + 0.5) / f64::from(POINTS));
    let sum: f64 = (0..POINTS).map(point).sum();
    sum / f64::from(POINTS) / 1e9
}
