//! The simulator against closed forms: one key, Poisson reads and writes, as the literature has
//! them. Each figure is the mean over seeds and must lie within three standard errors of the
//! formula; and the standard error must be small, so that the test can fail.
#![allow(missing_docs, clippy::expect_used, reason = "a test")]

use cachepolicy_sim::report::Report;
use cachepolicy_tests::run::simulate;

const SEEDS: u64 = 12;

/// Means over seeds, compared with the formula's value.
fn check(name: &str, expected: f64, precision: f64, figure: impl Fn(u64) -> f64) {
    let figures: Vec<f64> = (1..=SEEDS).map(figure).collect();
    let count = figures.len() as f64;
    let mean = figures.iter().sum::<f64>() / count;
    let variance = figures
        .iter()
        .map(|figure| (figure - mean) * (figure - mean))
        .sum::<f64>()
        / (count - 1.0);
    let error = (variance / count).sqrt();
    assert!(
        error <= precision * expected,
        "{name}: standard error {error} is too large to tell anything"
    );
    let distance = (mean - expected).abs();
    assert!(
        distance <= 3.0 * error,
        "{name}: {mean} where the formula says {expected}: {:.1} standard errors",
        distance / error
    );
}

fn hit_ratio(report: &Report, level: &str) -> f64 {
    report.levels[level].hit_ratio.expect("look-ups")
}

/// One page, read at `rate`, with these properties and further items.
fn page(rate: &str, duration: &str, properties: &str, items: &str, workload: &str) -> String {
    format!(
        r#"policy one_page {{ edition 1 }}
model Row {{ id; title }}
backend copies proxy
{items}
view page {{
  route GET "/"
  store copies
  {properties}
}}
workload w {{
  duration {duration}
  requests {rate} poisson {{ GET "/" }}
  {workload}
}}
"#
    )
}

/// A cycle is a fill and then T of hits: λT hits for each miss.
/// Jung, Berger, Balakrishnan, "Modeling TTL-based Internet caches", INFOCOM 2003.
#[test]
fn ttl_from_the_fill() {
    let (rate, ttl) = (0.5, 10.0);
    let text = page("0.5/s", "20h", "ttl 10s", "", "");
    check("ttl", rate * ttl / (1.0 + rate * ttl), 0.005, |seed| {
        hit_ratio(&simulate(&text, seed), "page")
    });
}

/// A read hits when the gap before it is shorter than T: 1 − e^(−λT). Same source.
#[test]
fn ttl_that_slides() {
    let (rate, ttl) = (0.02, 60.0);
    let text = page("0.02/s", "400h", "ttl 60s sliding", "", "");
    check("sliding", 1.0 - libm::exp(-rate * ttl), 0.01, |seed| {
        hit_ratio(&simulate(&text, seed), "page")
    });
}

/// Hits have ages uniform over T; one of age a misses a write with probability 1 − e^(−μa).
/// Cho, Garcia-Molina, "Synchronizing a database to improve freshness", SIGMOD 2000.
#[test]
fn out_of_date_share_under_a_ttl_alone() {
    let (ttl, writes) = (30.0, 0.05);
    let text = page(
        "2/s",
        "10h",
        "ttl 30s\n  reads Row",
        "",
        "write Row update 0.05/s",
    );
    let expected = 1.0 - (1.0 - libm::exp(-writes * ttl)) / (writes * ttl);
    check("out of date", expected, 0.02, |seed| {
        let report = simulate(&text, seed);
        let level = &report.levels["page"];
        level.out_of_date.serves as f64 / level.fresh as f64
    });
}

/// The same, and the writes are purged at once: every read before the next write hits, λ/(λ+μ),
/// and none of them is out of date.
#[test]
fn purged_at_once() {
    let (reads, writes) = (2.0, 0.5);
    let items = "on Row update { purge page }";
    let text = page(
        "2/s",
        "10h",
        "ttl forever\n  reads Row",
        items,
        "write Row update 0.5/s",
    );
    check("purge", reads / (reads + writes), 0.01, |seed| {
        let report = simulate(&text, seed);
        assert_eq!(report.levels["page"].out_of_date.serves, 0);
        hit_ratio(&report, "page")
    });
}

/// Fills that one expiry starts: the first, and everybody who arrives before it is stored,
/// 1 + λD. Vattani, Chierichetti, Lowenstein, "Optimal probabilistic cache stampede prevention",
/// PVLDB 8(8), 2015, section 2.
#[test]
fn unprotected_fills_of_an_expiry() {
    let (rate, fill) = (40.0, 0.5);
    let text = page("40/s", "2h", "ttl 20s\n  cost 500ms", "", "");
    check("stampede", 1.0 + rate * fill, 0.02, |seed| {
        let report = simulate(&text, seed);
        let level = &report.levels["page"];
        // The first fill of an expiry is the one that meets no other.
        let expiries = level.fills as f64 * (1.0 - level.redundant_fills.expect("fills"));
        level.fills as f64 / expiries
    });
}

/// With single-flight it is one, whoever coordinates it.
#[test]
fn protected_fills_of_an_expiry() {
    for protection in ["coalesce", "lease 5s wait 5s", "lock 5s wait 5s"] {
        let properties = format!("ttl 20s\n  cost 500ms\n  stampede {protection}");
        let text = page("40/s", "1h", &properties, "", "");
        for seed in 1..=3 {
            let report = simulate(&text, seed);
            let level = &report.levels["page"];
            assert_eq!(level.stampede.peak, 1, "{protection}");
            assert_eq!(level.redundant_fills, Some(0.0), "{protection}");
            assert_eq!(level.miss, level.fills + level.waited, "{protection}");
            // λD of them wait for each fill.
            let waited = level.waited as f64 / level.fills as f64;
            assert!(
                (waited - 20.0).abs() < 2.0,
                "{protection}: {waited} waiters a fill"
            );
        }
    }
}

/// A miss that blocks somebody needs a gap of W after the ttl: e^(−λW) of the cycles end so, and a
/// cycle has 1 + λT reads. From the renewal argument of the first test.
#[test]
fn blocking_misses_with_stale_while_revalidate() {
    let (rate, ttl, window) = (0.05, 60.0, 20.0);
    let text = page(
        "0.05/s",
        "200h",
        "ttl 60s\n  stale-while-revalidate 20s",
        "",
        "",
    );
    check(
        "stale-while-revalidate",
        libm::exp(-rate * window) / (1.0 + rate * ttl),
        0.02,
        |seed| {
            let report = simulate(&text, seed);
            let level = &report.levels["page"];
            level.miss as f64 / level.lookups as f64
        },
    );
}

/// Erlang's C: the probability that all c servers are busy, and the mean wait, in M/M/c.
/// Kleinrock, Queueing Systems 1, Wiley 1975, sections 3.5 and 5.
#[test]
fn waits_for_an_origin() {
    let (rate, service, servers) = (30.0, 0.1, 4);
    let load = rate * service;
    let erlang_b = (1..=servers).fold(1.0, |blocked, k| {
        load * blocked / (f64::from(k) + load * blocked)
    });
    let utilisation = load / f64::from(servers);
    let erlang_c = erlang_b / (1.0 - utilisation * (1.0 - erlang_b));
    let text = r#"policy queue { edition 1 }
origin db { slots 4 }
view page { route GET "/"; cost exp(mean 100ms) on db }
workload w { duration 4h; requests 30/s poisson { GET "/" } }
"#;
    check(
        "mean wait",
        erlang_c / (f64::from(servers) / service - rate),
        0.05,
        |seed| simulate(text, seed).origins["db"].wait.mean.expect("work"),
    );
    check("share that waits", erlang_c, 0.02, |seed| {
        let origin = &simulate(text, seed).origins["db"];
        origin.queued as f64 / origin.work as f64
    });
}

/// Che's approximation for LRU under independent references: a key is in the cache when it was
/// asked for within the characteristic time t, Σ(1 − e^(−pᵢt)) = C.
/// Che, Tung, Wang, JSAC 20(7), 2002.
#[test]
fn lru_under_independent_references() {
    let (keys, alpha, capacity) = (10_000_u32, 0.8, 1_000.0);
    let weights: Vec<f64> = (1..=keys)
        .map(|rank| libm::pow(f64::from(rank), -alpha))
        .collect();
    let total: f64 = weights.iter().sum();
    let inside = |time: f64| {
        weights
            .iter()
            .map(move |weight| 1.0 - libm::exp(-weight / total * time))
    };
    let (mut low, mut high) = (0.0, 1e9);
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        if inside(middle).sum::<f64>() < capacity {
            low = middle
        } else {
            high = middle
        }
    }
    let expected: f64 = inside(low)
        .zip(&weights)
        .map(|(inside, weight)| inside * weight / total)
        .sum();
    let text = r#"policy references { edition 1 }
backend copies memory { capacity 1_000 entries; evict lru }
view page(id) { route GET "/{id}"; store copies; ttl forever }
workload w { duration 2h; requests 100/s poisson { GET "/{id}" id zipf(0.8, 10_000) } }
"#;
    let report = simulate(text, 1);
    let hits = hit_ratio(&report, "page");
    assert!(
        (hits - expected).abs() < 0.01 * expected,
        "{hits} where the approximation says {expected}"
    );
}
