//! What adds up in every report, whatever the policy, the trace and the faults.

use cachepolicy_sim::report::Report;

/// Panics where a report's figures contradict each other; `what` says what it is a report of.
pub fn closes(report: &Report, what: &str) {
    for (name, level) in &report.levels {
        let outcomes = level.fresh + level.stale + level.miss + level.negative + level.bypass;
        assert_eq!(
            outcomes, level.lookups,
            "every look-up of level {name} has one outcome in\n{what}"
        );
        assert!(level.waited <= level.miss, "level {name} of\n{what}");
        assert!(
            level.out_of_date.serves
                <= level.fresh + level.stale + level.negative + level.waited + level.miss,
            "level {name} of\n{what}"
        );
        for ratio in [level.hit_ratio, level.byte_hit_ratio, level.redundant_fills]
            .into_iter()
            .flatten()
        {
            assert!(
                (0.0..=1.0).contains(&ratio),
                "level {name}: {ratio} in\n{what}"
            );
        }
    }
    for row in &report.invalidation {
        // Each delivery that removes something removes one copy at least.
        assert!(
            row.useless <= row.deliveries && row.removed >= row.deliveries - row.useless,
            "{} of {} in\n{what}",
            row.target,
            row.on
        );
    }
    let routed: u64 = report.routes.values().map(|route| route.count).sum();
    // Requests that no view and no site answers have no route.
    assert!(
        routed <= report.requests.count,
        "there are more requests of routes than requests in\n{what}"
    );
    assert!(
        report.requests.origin_free <= report.requests.count,
        "{what}"
    );
}
