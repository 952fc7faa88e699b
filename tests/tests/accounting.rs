//! What holds on every run, whatever the policy, the trace and the faults.
#![allow(missing_docs, clippy::expect_used, reason = "a test")]

use cachepolicy_sim::report::Report;
use cachepolicy_tests::accounting::closes;
use cachepolicy_tests::random_policy::spec;
use cachepolicy_tests::run::{compile, simulate};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

/// The first look-up of a key finds nothing, even in an unbounded cache with infinite lifetimes.
fn hits_stay_below_an_unbounded_cache(report: &Report, text: &str) {
    for (name, level) in &report.levels {
        // A copy in several instances of a backend was missed in one of them at least.
        let keys = report
            .backends
            .values()
            .filter_map(|backend| Some(backend.families.get(name)?.keys));
        let keys = keys.max().unwrap_or(0);
        let hits = level.fresh + level.stale + level.negative;
        assert!(
            hits + keys.min(level.fills) <= level.lookups - level.bypass + level.refreshes,
            "level {name} of\n{text}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn accounting_closes(spec in spec(), seed in 0u64..1000) {
        let text = spec.text();
        let report = simulate(&text, seed);
        closes(&report, &text);
        hits_stay_below_an_unbounded_cache(&report, &text);
        prop_assert_eq!(report.to_json(), simulate(&text, seed).to_json(), "two runs differ:\n{}", text);
    }

    /// One level: the same look-ups whatever its lifetimes, so that the runs can be compared.
    #[test]
    fn more_room_and_longer_lifetimes_never_hit_less_than_the_bound(
        ttl in prop::sample::select(vec!["2s", "30s", "10s sliding", "forever"]),
        capacity in prop::sample::select(vec!["3 entries", "20 entries", "8KiB"]),
        evict in prop::sample::select(vec!["lru", "fifo"]),
        edge in prop::sample::select(vec!["", "on Row update { purge page(slug) }", "on Row update { expire page(*) }"]),
        seed in 0u64..1000,
    ) {
        let policy = |backend: &str, ttl: &str, edge: &str| format!(r#"policy one {{ edition 1 }}
model Row {{ id; slug }}
backend copies redis {{ {backend} }}
view page(slug) {{ route GET "/{{slug}}"; store copies; reads Row(slug); ttl {ttl} }}
{edge}
workload w {{
  duration 5m
  requests 20/s poisson {{ GET "/{{slug}}" slug zipf(0.9, 100) }}
  write Row update 1/s slug zipf(0.9, 100)
  at 1m flush copies
}}
"#);
        let bounded = simulate(&policy(&format!("capacity {capacity}; evict {evict}"), ttl, edge), seed);
        let unbounded = policy("", "forever", "");
        let unbounded = simulate(&unbounded.replace("  at 1m flush copies\n", ""), seed);
        prop_assert_eq!(bounded.levels["page"].lookups, unbounded.levels["page"].lookups);
        prop_assert!(bounded.levels["page"].fresh <= unbounded.levels["page"].fresh);
    }
}

#[test]
fn random_policies_compile() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..200 {
        let text = spec()
            .new_tree(&mut runner)
            .expect("a policy")
            .current()
            .text();
        assert!(compile(&text).levels.len() > 2);
    }
}
