//! What protection against a stampede to advise: one answer for every place that gives one.

use crate::lints::study::typical;
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::Duration;

/// A lease shorter than this ends before an ordinary hiccup does.
const LEAST: Duration = Duration::from_secs(2);

/// How many times what a slow fill takes the lease lasts.
const LEASE: f64 = 3.0;

/// How many times what the level's own work takes the others wait.
const WAIT: f64 = 2.0;

/// How long a lease lasts, and how long the others wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// It ends after this: 99 of 100 fills are done long before.
    pub expires: Duration,
    /// Whoever comes meanwhile waits this long: longer than an ordinary fill.
    pub wait: Duration,
}

impl Lease {
    /// For copies of a level, by what its own work and what it embeds cost. A level that the policy
    /// does not have gets the shortest.
    #[must_use]
    pub fn of(policy: &Policy, level: LevelId) -> Self {
        let graph = Graph::new(policy);
        let fill = |share| {
            let fills = typical(policy, &graph, share);
            fills.get(level.index()).copied().unwrap_or(0.0)
        };
        let own = policy.levels.get(level.index());
        let own = own.map_or(0.0, |own| own.cost.otherwise.quantile(0.5) / 1e9);
        Self::new(own, fill(0.5), fill(0.99))
    }

    /// The same where a fill was seen to take so many seconds on average, which may be more.
    #[must_use]
    pub fn of_measured(policy: &Policy, level: LevelId, seconds: f64) -> Self {
        let declared = Self::of(policy, level);
        let measured = Self::new(seconds, seconds, seconds);
        Self {
            expires: declared.expires.max(measured.expires),
            wait: declared.wait.max(measured.wait),
        }
    }

    /// From the median of the level's own work, that of the whole fill, and what 99 of 100 fills
    /// take; in seconds.
    fn new(own: f64, fill: f64, slow: f64) -> Self {
        let rounded = |seconds| round_up(Duration::from_secs_f64(seconds));
        let wait = rounded(fill.max(WAIT * own));
        Self {
            expires: rounded(LEASE * slow).max(LEAST).max(wait),
            wait,
        }
    }

    /// As it is written in a policy.
    #[must_use]
    pub fn source(self) -> String {
        format!(
            "stampede lease {} wait {}",
            crate::brief(self.expires),
            crate::brief(self.wait)
        )
    }
}

/// To a duration as people write it: 1, 2 or 5 of a unit.
fn round_up(duration: Duration) -> Duration {
    const MILLIS: [i64; 13] = [
        10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000,
    ];
    let steps = MILLIS.into_iter().map(Duration::from_millis);
    let minutes = duration.nanos() / 60_000_000_000 + 1;
    steps
        .into_iter()
        .find(|step| *step >= duration)
        .unwrap_or(Duration::from_secs(minutes.saturating_mul(60)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_up() {
        for (given, rounded) in [
            (0.003, "10ms"),
            (0.01, "10ms"),
            (0.32, "500ms"),
            (1.2, "2s"),
            (59.0, "1m"),
            (61.0, "2m"),
        ] {
            let rounded_up = round_up(Duration::from_secs_f64(given));
            assert_eq!(crate::brief(rounded_up), rounded);
        }
    }

    #[test]
    fn a_lease_outlasts_the_fill_and_its_waiters() {
        assert_eq!(
            Lease::new(0.4, 0.4, 0.4).source(),
            "stampede lease 2s wait 1s"
        );
        assert_eq!(
            Lease::new(0.005, 0.005, 0.005).source(),
            "stampede lease 2s wait 10ms"
        );
        // A page that is cheap itself and embeds what is dear.
        assert_eq!(
            Lease::new(0.05, 1.5, 1.5).source(),
            "stampede lease 5s wait 2s"
        );
        let long = Lease::new(2.0, 2.0, 8.0);
        assert!(long.expires > Duration::from_secs(8) && long.wait > Duration::from_secs(2));
    }
}
