//! Where `stampede coalesce` keeps fills to one, in words.

use cachepolicy_core::Level;
use cachepolicy_core::policy::{BackendKind, Policy};

/// `each of 4 processes`, `each of 5 points of presence`; `None`: there is one such place.
pub(crate) fn places(policy: &Policy, level: &Level) -> Option<String> {
    let nearest = policy.backends.get(level.tiers.first()?.backend.index())?;
    let (count, name) = match nearest.kind {
        BackendKind::Proxy => (1, ""),
        BackendKind::Cdn { pops } => (pops, "points of presence"),
        _ => (policy.processes, "processes"),
    };
    (count > 1).then(|| format!("each of {count} {name}"))
}

/// Do all these places have a store in common, so that a lock or a lease holds in all of them?
pub(crate) fn has_lease_for_all(policy: &Policy, level: &Level) -> bool {
    let farthest = level.tiers.last();
    let farthest = farthest.and_then(|tier| policy.backends.get(tier.backend.index()));
    farthest.is_some_and(|backend| matches!(backend.kind, BackendKind::Redis | BackendKind::Proxy))
}
