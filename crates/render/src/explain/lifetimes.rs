//! Lifetimes and protection in words.

use crate::coalesced;
use crate::output::units;
use cachepolicy_core::decide::{Rules, Stampede};
use cachepolicy_core::level::{Level, LifetimeSource};
use cachepolicy_core::{Duration, Policy};

/// `fresh for 1m, up to 10% less; then served for 30s more while one request refreshes it`
pub(super) fn lifetime(policy: &Policy, level: &Level) -> String {
    let rules = &level.rules;
    let mut words = match level.lifetime {
        LifetimeSource::Declared => fresh(rules.ttl),
        LifetimeSource::Response { max } => {
            let most = max.map_or_else(String::new, |max| {
                format!(", at most {}", units::literal(max))
            });
            format!(
                "fresh as long as the response says{most}, else {}",
                fresh(rules.ttl)
            )
        }
        LifetimeSource::Trace => {
            format!("fresh as long as the trace says, else {}", fresh(rules.ttl))
        }
    };
    if rules.sliding {
        words.push_str(" after its last read");
    }
    if rules.jitter > 0.0 {
        words.push_str(&format!(", up to {} less by chance", percent(rules.jitter)));
    }
    if rules.stale_while_revalidate > Duration::ZERO {
        words.push_str(&format!(
            "; then served for {} more while one request refreshes it",
            units::literal(rules.stale_while_revalidate)
        ));
    }
    if rules.stale_if_error > Duration::ZERO {
        words.push_str(&format!(
            "; where a fill fails, for {} after it was fresh",
            units::literal(rules.stale_if_error)
        ));
    }
    if let Some(beta) = rules.early_refresh {
        words.push_str(&format!(
            "; sometimes refreshed a little before its end (xfetch, beta {beta})"
        ));
    }
    for tier in &level.tiers {
        let backend = policy.backends.get(tier.backend.index());
        if let (Some(backend), Some(ceiling)) = (backend, tier.ceiling) {
            words.push_str(&format!(
                "; in {} for {} at most",
                backend.name,
                units::literal(ceiling)
            ));
        }
    }
    words
}

fn fresh(ttl: Duration) -> String {
    if ttl.is_forever() {
        "fresh for ever".to_owned()
    } else {
        format!("fresh for {}", units::literal(ttl))
    }
}

/// `10%`, without a needless digit.
pub(super) fn percent(share: f64) -> String {
    let text = format!("{:.2}", share * 100.0);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// What is kept of "there is none".
pub(super) fn absence(rules: &Rules) -> Option<String> {
    rules
        .negative_ttl
        .map(|ttl| format!("\"there is none\" is kept for {}", units::literal(ttl)))
}

/// Who fills when it is missing.
pub(super) fn protection(policy: &Policy, level: &Level) -> String {
    let rules = &level.rules;
    let others = |wait: Duration| match wait {
        Duration::ZERO => "the others fill too at once".to_owned(),
        wait => format!("the others wait up to {}", units::literal(wait)),
    };
    let mut words = match rules.stampede {
        Stampede::None => "everybody who misses fills".to_owned(),
        Stampede::Coalesce => format!(
            "one fill{}, the others wait for it",
            coalesced::places(policy, level).map_or_else(String::new, |each| format!(" in {each}"))
        ),
        Stampede::Lock { expires, wait } => {
            format!(
                "one fill in all, by a lock of {}; {}",
                units::literal(expires),
                others(wait)
            )
        }
        Stampede::Lease { expires, wait } => format!(
            "one fill in all, by a lease of {}; {}; a fill that an invalidation overtakes is not stored",
            units::literal(expires),
            others(wait)
        ),
    };
    if rules.fence && !matches!(rules.stampede, Stampede::Lease { .. }) {
        words.push_str("; a fill that an invalidation overtakes is not stored");
    }
    words.push_str(&format!(
        "; one slower than {} is not stored",
        units::literal(rules.timeout)
    ));
    words
}
