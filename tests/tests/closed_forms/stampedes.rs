//! Who fills, and who waits for it.

use crate::{lone_fills, page};
use cachepolicy_tests::figures::{check, expect};
use cachepolicy_tests::formulas::poisson_at_least;
use cachepolicy_tests::run::simulate;

/// Fills that one expiry starts: the first, and everybody who arrives before it is stored,
/// 1 + λD. Vattani, Chierichetti, Lowenstein, "Optimal probabilistic cache stampede prevention",
/// PVLDB 8(8), 2015, section 2.
#[test]
fn unprotected_fills_of_an_expiry() {
    let (rate, fill) = (40.0, 0.5);
    let text = page("40/s", "1h", "ttl 20s\n  cost 500ms", "", "");
    check([expect("fills", 1.0 + rate * fill, 0.02)], |seed| {
        let report = simulate(&text, seed);
        let level = &report.levels["page"];
        [level.fills as f64 / lone_fills(level)]
    });
}

/// The same where a purge starts them: one fill is stored before the others, and nobody asks again
/// before the next write.
#[test]
fn unprotected_fills_of_a_purge() {
    let (rate, fill) = (8.0, 1.0);
    let items = "on Row update { purge page }";
    let properties = "ttl forever\n  reads Row\n  cost 1s";
    let text = page(
        "8/s",
        "1h",
        properties,
        items,
        "write Row update 0.1/s constant",
    );
    check([expect("fills", 1.0 + rate * fill, 0.02)], |seed| {
        let report = simulate(&text, seed);
        let level = &report.levels["page"];
        assert_eq!(level.stampede.cause.as_deref(), Some("invalidation"));
        [level.fills as f64 / lone_fills(level)]
    });
}

/// With single-flight it is one, whoever coordinates it, after an expiry and after a purge.
#[test]
fn protected_fills() {
    for protection in ["coalesce", "lease 5s wait 5s", "lock 5s wait 5s"] {
        let properties = format!("ttl 20s\n  reads Row\n  cost 500ms\n  stampede {protection}");
        let items = "on Row update { purge page }";
        let write = "write Row update 1/m constant";
        let text = page("40/s", "30m", &properties, items, write);
        for seed in 1..=3 {
            let report = simulate(&text, seed);
            let level = &report.levels["page"];
            assert_eq!(level.stampede.peak, 1, "{protection}");
            assert_eq!(level.redundant_fills, Some(0.0), "{protection}");
            assert_eq!(level.miss, level.fills + level.waited, "{protection}");
        }
    }
}

/// Those who arrive during a fill wait for its end. Poisson arrivals are uniform over it, so that
/// λD of them wait, D/2 on average, and evenly distributed.
#[test]
fn waits_for_a_fill() {
    let (rate, fill) = (20.0, 0.5);
    for protection in ["coalesce", "lock 5s wait 5s", "lease 5s wait 5s"] {
        let properties = format!("ttl 5s\n  cost 500ms\n  stampede {protection}");
        let text = page("20/s", "20m", &properties, "", "");
        check(
            [
                expect("waits a fill", rate * fill, 0.02),
                expect("mean wait", fill / 2.0, 0.01),
                expect("median wait", fill / 2.0, 0.02),
                expect("90% wait", fill * 0.9, 0.01),
            ],
            |seed| {
                let report = simulate(&text, seed);
                let level = &report.levels["page"];
                assert_eq!(level.lock.timeouts, 0, "{protection}");
                let wait = &level.lock.wait;
                assert!(wait.max.expect("waits") <= fill, "{protection}");
                [
                    level.lock.waits as f64 / level.fills as f64,
                    wait.mean.expect("waits"),
                    wait.p50.expect("waits"),
                    wait.p90.expect("waits"),
                ]
            },
        );
    }
}

/// Who has waited for W < D in vain fills by himself: the share 1 − W/D of those who wait, λ(D − W)
/// for each expiry. The waits are W for these and evenly distributed over W for the others,
/// W − W²/2D on average.
#[test]
fn waits_that_time_out() {
    let (rate, fill, patience) = (20.0, 0.5, 0.2);
    let properties = "ttl 5s\n  cost 500ms\n  stampede lock 5s wait 200ms";
    let text = page("20/s", "20m", properties, "", "");
    let mean = patience - patience * patience / (2.0 * fill);
    check(
        [
            expect("in vain", 1.0 - patience / fill, 0.02),
            expect("in vain an expiry", rate * (fill - patience), 0.03),
            expect("mean wait", mean, 0.01),
        ],
        |seed| {
            let report = simulate(&text, seed);
            let level = &report.levels["page"];
            let (waits, timeouts) = (level.lock.waits as f64, level.lock.timeouts as f64);
            let expiries = level.fills as f64 - timeouts;
            [
                timeouts / waits,
                timeouts / expiries,
                level.lock.wait.mean.expect("waits"),
            ]
        },
    );
}

/// Single-flight in each of p processes that share a store, and take requests in turn: of the N
/// Poisson arrivals during the first fill, those that come to a process without a fill begin one,
/// min(1 + N, p) in all. E = 1 + Σ P(N ≥ k), k = 1 … p − 1; the others wait.
#[test]
fn one_fill_in_each_process() {
    let (rate, fill, processes) = (4.0, 0.5, 4);
    let properties = "ttl 2s\n  cost 500ms\n  stampede coalesce";
    let text = page("4/s", "1h", properties, "", "")
        .replace("edition 1 }", "edition 1; processes 4 }")
        .replace("copies proxy", "copies redis");
    let fills = 1.0
        + (1..processes)
            .map(|k| poisson_at_least(rate * fill, k))
            .sum::<f64>();
    check(
        [
            expect("fills an expiry", fills, 0.01),
            expect("waits an expiry", 1.0 + rate * fill - fills, 0.05),
        ],
        |seed| {
            let report = simulate(&text, seed);
            let level = &report.levels["page"];
            assert!(level.stampede.peak <= u64::from(processes));
            let expiries = lone_fills(level);
            [
                level.fills as f64 / expiries,
                level.lock.waits as f64 / expiries,
            ]
        },
    );
}
