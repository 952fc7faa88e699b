//! How long a copy lives, and what that makes of hits.

use crate::{hit_ratio, page};
use cachepolicy_tests::figures::{check, expect};
use cachepolicy_tests::run::{Run, simulate};
use cachepolicy_trace::Event;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// A cycle is a fill and then T of hits: λT hits for each miss.
/// Jung, Berger, Balakrishnan, "Modeling TTL-based Internet caches", INFOCOM 2003.
#[test]
fn ttl_from_the_fill() {
    let (rate, ttl) = (0.5, 10.0);
    let text = page("0.5/s", "20h", "ttl 10s", "", "");
    let hits = rate * ttl / (1.0 + rate * ttl);
    check([expect("hit ratio", hits, 0.005)], |seed| {
        [hit_ratio(&simulate(&text, seed), "page")]
    });
}

/// A read hits when the gap before it is shorter than T: 1 − e^(−λT). Same source.
#[test]
fn ttl_that_slides() {
    let (rate, ttl) = (0.02, 60.0);
    let text = page("0.02/s", "400h", "ttl 60s sliding", "", "");
    let hits = 1.0 - libm::exp(-rate * ttl);
    check([expect("hit ratio", hits, 0.01)], |seed| {
        [hit_ratio(&simulate(&text, seed), "page")]
    });
}

/// Jitter makes the ttl X uniform over (L, T), L = T(1 − P): a renewal cycle has λE\[X\] hits. Hits
/// have the age of a renewal process, of density P(X > a)/E\[X\] and mean E\[X²\]/2E\[X\] (Cox,
/// Renewal Theory, Methuen 1962, section 5.4); one of age a misses a write with probability
/// 1 − e^(−μa), by a − (1 − e^(−μa))/μ on average.
#[test]
fn ttl_with_jitter() {
    let (rate, longest, shortest, writes) = (2.0, 20.0, 12.0, 0.1);
    let text = page(
        "2/s",
        "2h",
        "ttl 20s jitter 40%\n  reads Row",
        "",
        "write Row update 0.1/s",
    );
    let mean = (longest + shortest) / 2.0;
    let square = (longest * longest + longest * shortest + shortest * shortest) / 3.0;
    let transform = (libm::exp(-writes * shortest) - libm::exp(-writes * longest))
        / (writes * (longest - shortest));
    let out_of_date = 1.0 - (1.0 - transform) / (writes * mean);
    let age = square / (2.0 * mean);
    check(
        [
            expect("hit ratio", rate * mean / (1.0 + rate * mean), 0.001),
            expect("out-of-date share", out_of_date, 0.02),
            expect("mean staleness", age - out_of_date / writes, 0.03),
        ],
        |seed| {
            let report = simulate(&text, seed);
            let level = &report.levels["page"];
            [
                hit_ratio(&report, "page"),
                level.out_of_date.serves as f64 / level.fresh as f64,
                level.out_of_date.staleness.mean.expect("serves"),
            ]
        },
    );
}

/// A miss that blocks somebody needs a gap of W after the ttl: e^(−λW) of the cycles end so, the
/// others with a stale serve and a refresh at once. A cycle has 1 + λT reads. From the renewal
/// argument of the first test.
#[test]
fn stale_while_revalidate() {
    let (rate, ttl, window) = (0.05, 60.0, 20.0);
    let text = page(
        "0.05/s",
        "200h",
        "ttl 60s\n  stale-while-revalidate 20s",
        "",
        "",
    );
    let blocked = libm::exp(-rate * window);
    check(
        [
            expect("blocking misses", blocked / (1.0 + rate * ttl), 0.02),
            expect("stale serves", (1.0 - blocked) / (1.0 + rate * ttl), 0.02),
        ],
        |seed| {
            let report = simulate(&text, seed);
            let level = &report.levels["page"];
            let lookups = level.lookups as f64;
            [level.miss as f64 / lookups, level.stale as f64 / lookups]
        },
    );
}

/// Where the refresh takes D and the window is long, a cycle goes from store to store: λT fresh
/// serves, the stale one that begins the refresh, and λD more during it. One fill each.
#[test]
fn stale_serves_during_a_refresh() {
    let (rate, ttl, fill) = (4.0, 5.0, 0.5);
    let properties = "ttl 5s\n  stale-while-revalidate 1h\n  cost 500ms\n  stampede coalesce";
    let text = page("4/s", "1h", properties, "", "");
    let reads = 1.0 + rate * (ttl + fill);
    check(
        [
            expect("stale serves", (1.0 + rate * fill) / reads, 0.02),
            expect("fills", 1.0 / reads, 0.01),
        ],
        |seed| {
            let report = simulate(&text, seed);
            let level = &report.levels["page"];
            assert_eq!(level.stampede.peak, 1);
            let lookups = level.lookups as f64;
            [level.stale as f64 / lookups, level.fills as f64 / lookups]
        },
    );
}

/// A fill finds nothing with probability q and is then kept for the negative ttl N, else for T: a
/// cycle has qλN negative hits and (1 − q)λT fresh ones. Renewal, as above.
#[test]
fn negative_entries() {
    let (rate, ttl, negative, absent) = (1.0, 20.0, 5.0, 0.3);
    let text = page("1/s", "3h", "ttl 20s\n  negative ttl 5s", "", "");
    let reads = 1.0 + rate * (absent * negative + (1.0 - absent) * ttl);
    check(
        [
            expect("negative hits", absent * rate * negative / reads, 0.03),
            expect("fresh hits", (1.0 - absent) * rate * ttl / reads, 0.01),
        ],
        |seed| {
            let mut lots = Pcg64Mcg::seed_from_u64(seed);
            let report = Run::of(&text, seed).report_of_changed(|event| {
                if let Event::Request(request) = event
                    && lots.random::<f64>() < absent
                {
                    request.status = Some(404);
                }
            });
            let level = &report.levels["page"];
            let lookups = level.lookups as f64;
            [
                level.negative as f64 / lookups,
                level.fresh as f64 / lookups,
            ]
        },
    );
}

/// Each variant is a key of its own: one with the share p of the reads hits pλT/(1 + pλT) of them.
#[test]
fn variants() {
    let (rate, ttl) = (0.5, 20.0);
    let text = r#"policy variants { edition 1 }
backend copies proxy
request { cookie currency in [EUR, USD, GBP, CHF] else EUR }
view page { route GET "/"; store copies; vary currency; ttl 20s }
workload w {
  duration 8h
  requests 0.5/s poisson { GET "/" }
  cookie currency choice(EUR 40%, USD 30%, GBP 20%, CHF 10%)
}
"#;
    let hits: f64 = [0.4, 0.3, 0.2, 0.1]
        .iter()
        .map(|share| {
            let reads = share * rate * ttl;
            share * reads / (1.0 + reads)
        })
        .sum();
    check([expect("hit ratio", hits, 0.01)], |seed| {
        let report = simulate(text, seed);
        assert_eq!(report.backends["copies"].families["page"].keys, 4);
        [hit_ratio(&report, "page")]
    });
}

/// The coupon collector: with V variants, all as likely, t reads that come as a Poisson stream have
/// met V(1 − e^(−t/V)) of them, each with a miss of its own.
/// Feller, An Introduction to Probability Theory 1, Wiley 1968, section IX.3.
#[test]
fn first_reads_of_many_variants() {
    let (variants, reads) = (5_000.0, 3_600.0);
    let text = r#"policy coupons { edition 1 }
backend copies proxy
view page(id) { route GET "/{id}"; store copies; ttl forever }
workload w { duration 1h; requests 1/s poisson { GET "/{id}" id uniform(5_000) } }
"#;
    let met = variants * (1.0 - libm::exp(-reads / variants));
    check([expect("misses", met, 0.01)], |seed| {
        let report = simulate(text, seed);
        let misses = report.levels["page"].miss;
        assert_eq!(report.backends["copies"].entries, misses);
        [misses as f64]
    });
}
