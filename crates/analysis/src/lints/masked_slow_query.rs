//! A limit on latency that only warm caches keep.

use super::finding::{Finding, Place, Severity};
use super::traffic::answering;
use super::{Lint, Study};
use crate::words::brief;
use cachepolicy_core::expectation::{Claim, Comparison, Subject};
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::level::Level;
use cachepolicy_core::sorting;
use cachepolicy_core::units::Duration;
use std::collections::BTreeSet;

pub(super) static LINT: Lint = Lint {
    code: "masked-slow-query",
    severity: Severity::Warning,
    what: "A latency claim holds only while a copy is there: making it takes longer than the claim allows.",
    why: "The cache hides a slow query. As long as nearly all requests hit, the percentile looks fine; after a flush, \
          an eviction, or for pages that few ask for, readers wait for the query, and the claim fails when the site \
          can least afford it. Make the query faster (an index, a table with the aggregate), or let readers have the \
          old copy while a new one is made: `stale-while-revalidate`, `early-refresh`.",
    allow: "The claim is about warm caches.",
    failing: "object report { store shared; ttl 5m jitter 10%; cost 900ms on db; stampede lease 5s wait 2s }\nview page { route GET \"/\"; contains report; cost 5ms }\nexpect { latency(GET \"/\").p99 <= 300ms }",
    mended: "object report { store shared; ttl 5m jitter 10%; cost 900ms on db; stampede lease 5s wait 2s; stale-while-revalidate 1h }\nview page { route GET \"/\"; contains report; cost 5ms }\nexpect { latency(GET \"/\").p99 <= 300ms }",
    run,
};

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    let mut told: BTreeSet<LevelId> = BTreeSet::new();
    for (index, expectation) in study.policy.expectations.iter().enumerate() {
        let Claim::Figure {
            subject: Subject::Route(route),
            figure,
            comparison: Comparison::AtMost | Comparison::Less,
            limit,
            ..
        } = &expectation.claim
        else {
            continue;
        };
        if !figure.starts_with("latency") {
            continue;
        }
        for level in slow(study, route, *limit) {
            if !told.insert(level) {
                continue;
            }
            let Some(declared) = study.level(level) else {
                continue;
            };
            let takes = brief(Duration::from_secs_f64(usual(declared)));
            let limit = brief(Duration::from_secs_f64(*limit));
            let message = format!(
                "this holds only while `{}` is there: making it takes {takes}, and {limit} are allowed",
                declared.name
            );
            found.push(
                Finding::new(
                    lint,
                    Place::Claim(index),
                    message,
                    "make that work faster, or serve the old copy meanwhile (`stale-while-revalidate`, `early-refresh`)",
                )
                .related(Place::Property(level, "cost"), "this is what a miss waits for"),
            );
        }
    }
}

/// Half of the level's own works take longer than that, in seconds.
fn usual(level: &Level) -> f64 {
    level.cost.otherwise.quantile(0.5) / 1e9
}

/// The levels behind a route whose misses alone break the limit, where nothing is served meanwhile.
fn slow(study: &Study<'_>, route: &str, limit: f64) -> Vec<LevelId> {
    let mut todo = answering(study.policy, route);
    let mut seen: BTreeSet<LevelId> = BTreeSet::new();
    let mut slow = Vec::new();
    while let Some(id) = todo.pop() {
        let Some(level) = study.level(id).filter(|_| seen.insert(id)) else {
            continue;
        };
        let is_refreshed = level.rules.stale_while_revalidate > Duration::ZERO
            || level.rules.early_refresh.is_some();
        if level.is_stored() && is_refreshed {
            continue;
        }
        if level.is_stored() && usual(level) > limit {
            slow.push(id);
        }
        todo.extend(study.graph.contained(id));
    }
    sorting::ascending(&mut slow);
    slow
}
