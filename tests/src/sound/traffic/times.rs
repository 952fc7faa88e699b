//! How long things last in a policy.

use cachepolicy_core::Policy;
use cachepolicy_core::decide::Stampede;
use cachepolicy_core::distribution::Distribution;
use cachepolicy_core::level::LifetimeSource;
use cachepolicy_core::units::Duration;

/// The least or the greatest value that a distribution is declared to have, or one of its values.
pub(super) fn extreme(of: &Distribution, draw: f64) -> Duration {
    match of.limits() {
        (_, Some(greatest)) if draw >= 1.0 => Duration::from_nanos(greatest as i64),
        (least, _) if draw <= 0.0 => Duration::from_nanos(least as i64),
        _ => of.duration(draw.min(0.999)),
    }
}

/// All of them, up to a minute.
pub(super) fn times(policy: &Policy) -> Vec<Duration> {
    let mut times = vec![
        Duration::ZERO,
        Duration::from_millis(5),
        Duration::from_millis(1),
    ];
    for level in &policy.levels {
        let rules = &level.rules;
        let ttl = match level.lifetime {
            LifetimeSource::Response { max: Some(max) } => max,
            _ => rules.ttl,
        };
        let window = rules.stale_while_revalidate.max(rules.stale_if_error);
        times.extend([
            ttl,
            ttl + window,
            rules.timeout,
            extreme(&level.cost.otherwise, 1.0),
        ]);
        times.extend(rules.negative_ttl);
        times.extend(level.tiers.iter().filter_map(|tier| tier.ceiling));
        match rules.stampede {
            Stampede::Lock { expires, wait } | Stampede::Lease { expires, wait } => {
                times.extend([expires, wait])
            }
            Stampede::None | Stampede::Coalesce => {}
        }
    }
    for bus in &policy.buses {
        times.extend([extreme(&bus.delay, 0.0), extreme(&bus.delay, 1.0)]);
    }
    times.extend(
        policy
            .origins
            .iter()
            .map(|origin| extreme(&origin.replica_lag, 1.0)),
    );
    times.retain(|time| *time <= Duration::from_secs(60));
    times
}
