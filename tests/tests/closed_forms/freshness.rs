//! How old what is served is.

use crate::{hit_ratio, page};
use cachepolicy_tests::figures::{check, expect};
use cachepolicy_tests::formulas::integral;
use cachepolicy_tests::run::simulate;

/// Hits have ages uniform over T; one of age a misses a write with probability 1 − e^(−μa).
/// Cho, Garcia-Molina, "Synchronizing a database to improve freshness", SIGMOD 2000.
/// Its staleness exceeds s with probability 1 − e^(−μ(a − s)): at the reported 90% quantile the
/// mean of that over the ages is 10%.
#[test]
fn out_of_date_under_a_ttl_alone() {
    let (ttl, writes) = (30.0, 0.05);
    let text = page(
        "2/s",
        "10h",
        "ttl 30s\n  reads Row",
        "",
        "write Row update 0.05/s",
    );
    let mean = (1.0 - libm::exp(-writes * ttl)) / (writes * ttl);
    let beyond = |staleness: f64| {
        let rest = ttl - staleness;
        (rest - (1.0 - libm::exp(-writes * rest)) / writes) / ttl
    };
    check(
        [
            expect("out-of-date share", 1.0 - mean, 0.02),
            expect("mean staleness", ttl / 2.0 - (1.0 - mean) / writes, 0.02),
            expect("beyond the 90% quantile", 0.1, 0.05),
        ],
        |seed| {
            let report = simulate(&text, seed);
            let level = &report.levels["page"];
            let staleness = &level.out_of_date.staleness;
            [
                level.out_of_date.serves as f64 / level.fresh as f64,
                staleness.mean.expect("serves"),
                beyond(staleness.p90.expect("serves")),
            ]
        },
    );
}

/// Writes are purged at once: every read before the next write hits, λ/(λ+μ), and none of them is
/// out of date.
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
    check(
        [expect("hit ratio", reads / (reads + writes), 0.01)],
        |seed| {
            let report = simulate(&text, seed);
            assert_eq!(report.levels["page"].out_of_date.serves, 0);
            [hit_ratio(&report, "page")]
        },
    );
}

/// What a purge that is late makes of hits. Commits and deliveries are arrivals and departures of
/// M/G/∞, and the departures are Poisson, too (Mirasol, Operations Research 11(5), 1963): a read
/// hits where a read came since the last delivery, λ/(λ+μ), and the copy's age V is then
/// exponential of rate μ. Commits since its snapshot that are not delivered yet, their delay being
/// X, are Poisson of mean μg(V), g(v) = ∫₀ᵛ P(X > u) du, whatever was delivered before. So a hit is
/// out of date with probability 1 − E\[e^(−μg(V))\], and by more than y with probability
/// 1 − E\[e^(−μ(g(V) − g(y)⁺))\].
struct LatePurge {
    reads: f64,
    writes: f64,
    /// g
    undelivered: fn(f64) -> f64,
}

impl LatePurge {
    /// E\[f(V)\]
    fn over_ages(&self, f: impl Fn(f64) -> f64) -> f64 {
        let density = |age: f64| self.writes * libm::exp(-self.writes * age);
        integral(0.0, 40.0 / self.writes, |age| density(age) * f(age))
    }

    fn beyond(&self, staleness: f64) -> f64 {
        let g = self.undelivered;
        self.over_ages(|age| {
            let missed = (g(age) - g(staleness)).max(0.0);
            1.0 - libm::exp(-self.writes * missed)
        })
    }

    fn test(&self, delay: &str) {
        let items = format!(
            "bus outbox {{ delivery at-least-once; delay {delay} }}
             on Row update after commit via outbox {{ purge page }}"
        );
        let text = page(
            "2/s",
            "4h",
            "ttl forever\n  reads Row",
            &items,
            "write Row update 0.2/s",
        );
        let hits = self.reads / (self.reads + self.writes);
        let mean = integral(0.0, 60.0, |staleness| self.beyond(staleness));
        check(
            [
                expect("hit ratio", hits, 0.01),
                expect("out-of-date share", self.beyond(0.0), 0.03),
                expect("mean staleness", mean, 0.03),
                expect("beyond the 90% quantile", 0.1, 0.05),
            ],
            |seed| {
                let report = simulate(&text, seed);
                let level = &report.levels["page"];
                let staleness = &level.out_of_date.staleness;
                [
                    hit_ratio(&report, "page"),
                    level.out_of_date.serves as f64 / level.fresh as f64,
                    staleness.mean.expect("serves"),
                    self.beyond(staleness.p90.expect("serves")),
                ]
            },
        );
    }
}

/// With a constant delay d, g(v) = min(v, d), and the share is (1 − e^(−2μd))/2.
#[test]
fn purged_after_a_constant_delay() {
    let late = LatePurge {
        reads: 2.0,
        writes: 0.2,
        undelivered: |age| age.min(3.0),
    };
    let closed = (1.0 - libm::exp(-2.0 * 0.2 * 3.0)) / 2.0;
    assert!((late.beyond(0.0) - closed).abs() < 1e-4);
    late.test("3s");
}

/// With an exponential delay of mean d, g(v) = d(1 − e^(−v/d)).
#[test]
fn purged_after_an_exponential_delay() {
    let late = LatePurge {
        reads: 2.0,
        writes: 0.2,
        undelivered: |age| 3.0 * (1.0 - libm::exp(-age / 3.0)),
    };
    late.test("exp(mean 3s)");
}

/// Of a write that a copy misses: the copy lives on for the delivery's delay. With writes that are
/// rare beside the delay that is the exponential itself, and serves in between are out of date by
/// what is gone of it: exponential again.
#[test]
fn exposure_is_the_delay() {
    let delay = 1.0;
    let items = "bus outbox { delivery at-least-once; delay exp(mean 1s) }
                 on Row update after commit via outbox { purge page }";
    let text = page(
        "4/s",
        "3h",
        "ttl forever\n  reads Row",
        items,
        "write Row update 1/m constant",
    );
    check(
        [
            expect("mean exposure", delay, 0.05),
            expect("median exposure", delay * libm::log(2.0), 0.06),
            expect("mean staleness", delay, 0.1),
        ],
        |seed| {
            let report = simulate(&text, seed);
            let level = &report.levels["page"];
            let stale = &level.out_of_date.when_out_of_date;
            [
                level.exposure.mean.expect("writes"),
                level.exposure.p50.expect("writes"),
                stale.mean.expect("serves"),
            ]
        },
    );
}

/// A write during a fill leaves an old copy behind unless the fill is fenced: fills are overtaken
/// with probability 1 − e^(−μD).
#[test]
fn fills_that_are_overtaken() {
    let (writes, fill) = (0.2, 1.0);
    let items = "on Row update { purge page }";
    let properties = "ttl 3s\n  reads Row\n  cost 1s\n  stampede coalesce\n  fence";
    let text = page("4/s", "1h", properties, items, "write Row update 0.2/s");
    check(
        [expect("overtaken", 1.0 - libm::exp(-writes * fill), 0.05)],
        |seed| {
            let report = simulate(&text, seed);
            let level = &report.levels["page"];
            let overtaken = level.not_stored.get("overtaken").copied();
            [overtaken.unwrap_or(0) as f64 / level.fills as f64]
        },
    );
}

/// A page kept for P holds a row's copy that is kept for C, and that others read at rate ν: the
/// row's copy is there with probability h = νC/(1+νC) and its age then uniform over C, and the
/// page's age uniform over P. What the page shows has the sum of both ages, at most P + C, and
/// misses a write with probability 1 − E\[e^(−μ(A+B))\].
#[test]
fn a_page_over_a_row() {
    let (page_ttl, row_ttl, others, writes) = (20.0, 30.0, 5.0, 0.1);
    let text = r#"policy two_levels { edition 1 }
model Row { id; title }
backend copies proxy
object content { store copies; reads Row; ttl 30s }
view page { route GET "/"; store copies; contains content; ttl 20s }
view other { route GET "/other"; contains content }
workload w {
  duration 3h
  requests 1/s poisson { GET "/" }
  requests 5/s poisson { GET "/other" }
  write Row update 0.1/s
}
"#;
    let there = others * row_ttl / (1.0 + others * row_ttl);
    let fresh = |ttl: f64| (1.0 - libm::exp(-writes * ttl)) / (writes * ttl);
    let out_of_date = 1.0 - fresh(page_ttl) * (1.0 - there + there * fresh(row_ttl));
    let age = page_ttl / 2.0 + there * row_ttl / 2.0;
    // Of a page whose row was of an age already, beyond a staleness.
    let beyond_on = |row_age: f64, staleness: f64| {
        let from = (staleness - row_age).clamp(0.0, page_ttl);
        let transform = |a: f64| libm::exp(-writes * (a + row_age - staleness));
        (page_ttl - from - (transform(from) - transform(page_ttl)) / writes) / page_ttl
    };
    let beyond = |staleness: f64| {
        let over_ages = integral(0.0, row_ttl, |row_age| beyond_on(row_age, staleness));
        there * over_ages / row_ttl + (1.0 - there) * beyond_on(0.0, staleness)
    };
    check(
        [
            expect("out-of-date share", out_of_date, 0.02),
            expect("mean staleness", age - out_of_date / writes, 0.03),
            expect("beyond the 90% quantile", 0.1, 0.06),
            expect("beyond the 99% quantile", 0.01, 0.15),
        ],
        |seed| {
            let report = simulate(text, seed);
            let figures = &report.levels["page"].out_of_date;
            let worst = figures.staleness.max.expect("serves");
            assert!(worst <= page_ttl + row_ttl && worst > 0.85 * (page_ttl + row_ttl));
            [
                figures.serves as f64 / report.levels["page"].fresh as f64,
                figures.staleness.mean.expect("serves"),
                beyond(figures.staleness.p90.expect("serves")),
                beyond(figures.staleness.p99.expect("serves")),
            ]
        },
    );
}
