//! What a level's declaration says of its stampedes.

use super::chance::Protection;
use cachepolicy_core::level::LevelKind;
use cachepolicy_core::policy::{Backend, BackendKind, Policy};
use cachepolicy_core::units::Duration;
use cachepolicy_core::{Level, LevelId};

/// Who fills a level's keys, and among how many its look-ups are spread.
pub(super) fn protection(policy: &Policy, level: &Level) -> Protection {
    let kinds = level
        .tiers
        .iter()
        .filter_map(|tier| policy.backends.get(tier.backend.index()))
        .map(|backend: &Backend| backend.kind);
    let (mut is_shared, mut pops, mut is_application) = (false, 1, false);
    let nearest = kinds.clone().next();
    for kind in kinds {
        match kind {
            BackendKind::Redis => (is_shared, is_application) = (true, true),
            BackendKind::Proxy => is_shared = true,
            BackendKind::Cdn { pops: count } => pops = count.max(1),
            BackendKind::Memory | BackendKind::Disk | BackendKind::None => is_application = true,
        }
    }
    let processes = f64::from(policy.processes.max(1));
    // What `coalesce` keeps to one is a fill in the place that is asked first.
    let fillers = match nearest {
        _ if !is_shared => 1.0,
        Some(BackendKind::Proxy) => 1.0,
        Some(BackendKind::Cdn { .. }) => f64::from(pops),
        _ => processes,
    };
    let share = match (is_shared, is_application) {
        (true, _) => 1.0,
        (false, true) => 1.0 / processes,
        (false, false) => 1.0 / f64::from(pops),
    };
    Protection {
        rules: level.rules,
        fillers,
        share,
    }
}

/// Can a fill of the level take longer than no time at all?
pub(super) fn takes_time(policy: &Policy, level: &Level, seen: &mut Vec<LevelId>) -> bool {
    let origin = level.origin.and_then(|id| policy.origins.get(id.index()));
    let has_work = level.cost.from_trace
        || level.cost.otherwise.as_constant() != Some(0.0)
        || origin.is_some_and(|origin| origin.rate.is_some())
        // A process that has no thread left lets a site's fill wait.
        || (level.kind == LevelKind::Site && policy.threads.is_some());
    if has_work {
        return true;
    }
    let declared = level.contains.iter().map(|contain| contain.level);
    let views = (0..policy.levels.len())
        .map(|index| LevelId(index as u16))
        .filter(|_| level.kind == LevelKind::Site)
        .filter(|id| policy.levels[id.index()].kind != LevelKind::Site)
        .filter(|id| policy.levels[id.index()].route.is_some());
    declared.chain(views).any(|id| {
        let Some(inner) = policy
            .levels
            .get(id.index())
            .filter(|_| !seen.contains(&id))
        else {
            return false;
        };
        seen.push(id);
        let mut asked = inner
            .tiers
            .iter()
            .filter_map(|tier| policy.backends.get(tier.backend.index()));
        asked.any(|backend| {
            backend.latency.as_constant() != Some(0.0) || backend.on_failure.after > Duration::ZERO
        }) || takes_time(policy, inner, seen)
    })
}
