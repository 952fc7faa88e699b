//! A report made by hand, in which about everything goes wrong, of the news site's policy.

use cachepolicy_sim::report::{
    BackendFigures, Coverage, ExpectationResult, FamilyFigures, InvalidationFigures, LevelFigures,
    LockFigures, Ordered, OriginFigures, OutOfDate, PolicyIdentity, Quantiles, Rate, Recovery,
    RecoveryOutcome, Report, RequestFigures, RiskFigures, RiskWorst, SCHEMA, StampedeFigures,
    Timeline, TraceSummary, Yardstick, Yardsticks,
};
/// Half, 99 of 100, and the greatest.
fn quantiles(count: u64, p50: f64, p99: f64, max: f64) -> Quantiles {
    Quantiles {
        count,
        mean: Some((p50 + p99) / 2.0),
        p50: Some(p50),
        p90: Some((p50 + p99) / 2.0),
        p99: Some(p99),
        p999: Some(max),
        max: Some(max),
    }
}

fn out_of_date(of: u64, serves: u64, p50: f64, max: f64) -> OutOfDate {
    OutOfDate {
        serves,
        ratio: Some(serves as f64 / of as f64),
        staleness: quantiles(of, 0.0, p50, max),
        when_out_of_date: quantiles(serves, p50, p50 * 2.2, max),
    }
}

fn requests(count: u64, hit_ratio: f64, late: OutOfDate) -> RequestFigures {
    RequestFigures {
        count,
        hit_ratio: Some(hit_ratio),
        byte_hit_ratio: Some(hit_ratio * 0.98),
        origin_free: (count as f64 * hit_ratio) as u64,
        saved: Some(0.913),
        latency: quantiles(count, 0.000_41, 0.183, 3.41),
        out_of_date: late,
        errors: 0,
        leaks: 0,
    }
}

fn level(kind: &str, lookups: u64, hit_ratio: f64) -> LevelFigures {
    let fresh = (lookups as f64 * hit_ratio) as u64;
    LevelFigures {
        kind: kind.to_owned(),
        lookups,
        fresh,
        miss: lookups - fresh,
        hit_ratio: Some(hit_ratio),
        byte_hit_ratio: Some(hit_ratio),
        fills: lookups - fresh,
        stampede: StampedeFigures {
            peak: 1,
            ..StampedeFigures::default()
        },
        latency: quantiles(lookups, 0.000_4, 0.021, 1.9),
        ..LevelFigures::default()
    }
}

/// A key: fills that an expiry meets with protection and without, look-ups a second and their fill.
fn risk(
    key: &str,
    probability: f64,
    (concurrent, bare): (f64, f64),
    (arrival_rate, fill_time): (f64, f64),
) -> RiskFigures {
    RiskFigures {
        key: key.to_owned(),
        probability,
        probability_unprotected: probability.max(1.0 - 1.0 / bare),
        concurrent,
        concurrent_unprotected: bare,
        expiries: 12,
        arrival_rate,
        fill_time,
        worst: RiskWorst {
            concurrent: 9,
            met: 11,
            at: 1_800.4,
            cause: "flush".to_owned(),
        },
    }
}

fn levels() -> Ordered<LevelFigures> {
    let homepage = LevelFigures {
        out_of_date: out_of_date(215_000, 31_200, 21.4, 64.2),
        window: quantiles(600, 31.0, 58.9, 64.2),
        exposure: quantiles(600, 33.0, 59.9, 65.1),
        version_lag: quantiles(31_200, 2.0, 9.0, 14.0),
        lock: LockFigures {
            waits: 1_204,
            timeouts: 3,
            wait: quantiles(1_204, 0.031, 0.6, 1.0),
        },
        ..level("view", 215_000, 0.968)
    };
    let article_page = LevelFigures {
        out_of_date: out_of_date(431_000, 2_140, 0.9, 2.6),
        window: quantiles(700, 0.8, 2.1, 2.6),
        exposure: quantiles(700, 0.9, 2.1, 2.6),
        version_lag: quantiles(2_140, 1.0, 1.0, 2.0),
        stale: 0,
        negative: 312,
        risk: vec![
            risk(
                "view:article_page:/articles/77#en#EUR",
                0.871,
                (3.1, 3.1),
                (120.0, 0.018),
            ),
            risk(
                "view:article_page:/articles/1#en#EUR",
                0.093,
                (1.1, 1.1),
                (5.2, 0.019),
            ),
        ],
        ..level("view", 431_000, 0.412)
    };
    let top_authors = LevelFigures {
        stale: 812,
        stampede: StampedeFigures {
            peak: 43,
            key: Some("shared:1:authors:top:v1".to_owned()),
            at: Some(1_800.4),
            cause: Some("flush".to_owned()),
        },
        redundant_fills: Some(0.271),
        risk: vec![risk(
            "shared:1:authors:top:v1",
            0.062,
            (1.4, 8.2),
            (17.3, 0.42),
        )],
        ..level("object", 62_400, 0.993)
    };
    let sidebar = LevelFigures {
        leaks: 17,
        bypass: 1_300,
        ..level("fragment", 71_900, 0.731)
    };
    Ordered::from([
        ("homepage".to_owned(), homepage),
        ("article_page".to_owned(), article_page),
        ("top_authors".to_owned(), top_authors),
        ("sidebar".to_owned(), sidebar),
    ])
}

fn claim(
    claim: &str,
    held: Option<bool>,
    figure: Option<f64>,
    limit: f64,
    unit: &str,
    line: u32,
) -> ExpectationResult {
    ExpectationResult {
        id: claim.to_owned(),
        kind: claim
            .split_once(' ')
            .map_or(
                "measure",
                |(kind, _)| if kind == "prove" { kind } else { "measure" },
            )
            .to_owned(),
        claim: claim.to_owned(),
        subject: String::new(),
        held,
        figure,
        limit: Some(limit),
        unit: unit.to_owned(),
        file: "news.cachepolicy".to_owned(),
        line,
    }
}

fn expectations() -> Vec<ExpectationResult> {
    vec![
        claim("prove no-leak", Some(true), Some(0.0), 0.0, "count", 137),
        claim(
            "prove staleness(article_page, Article) <= 10s",
            Some(true),
            Some(2.0),
            10.0,
            "seconds",
            138,
        ),
        claim(
            "hit_ratio(GET \"/\") >= 80%",
            Some(true),
            Some(0.962),
            0.8,
            "ratio",
            141,
        ),
        claim(
            "staleness(GET \"/\").p99 <= 60s",
            Some(true),
            Some(47.2),
            60.0,
            "seconds",
            142,
        ),
        claim(
            "stampede(top_authors).peak <= 1",
            Some(false),
            Some(43.0),
            1.0,
            "count",
            143,
        ),
        claim(
            "origin(db).rate.peak_1s <= 150/s",
            Some(false),
            Some(212.0),
            150.0,
            "per-second",
            144,
        ),
        claim(
            "latency(GET \"/\").p99 <= 250ms",
            Some(true),
            Some(0.183),
            0.25,
            "seconds",
            145,
        ),
        claim(
            "recovery(flush shared) <= 90s",
            Some(true),
            Some(41.0),
            90.0,
            "seconds",
            146,
        ),
    ]
}

fn timeline() -> Timeline {
    let curve = |low: f64| {
        (0..60u32)
            .map(|step| {
                Some(if step == 30 {
                    low
                } else {
                    1.0 - 0.6 / f64::from(step + 1)
                })
            })
            .collect()
    };
    let series = [
        ("hit_ratio", 0.2),
        ("levels.homepage.hit_ratio", 0.1),
        ("levels.article_page.hit_ratio", 0.0),
        ("levels.top_authors.hit_ratio", 0.4),
        ("levels.sidebar.hit_ratio", 0.3),
    ];
    Timeline {
        step: 60.0,
        from: 300.0,
        series: series
            .map(|(name, low)| (name.to_owned(), curve(low)))
            .into(),
    }
}

fn invalidation() -> Vec<InvalidationFigures> {
    let action = |on: &str, target: &str, deliveries, removed, useless, lost| InvalidationFigures {
        on: on.to_owned(),
        target: target.to_owned(),
        deliveries,
        removed,
        useless,
        lost,
        removed_per_delivery: quantiles(deliveries, 1.0, 3.0, 6.0),
    };
    vec![
        action(
            "Article create|update|delete",
            "purge article(slug)",
            780,
            402,
            378,
            0,
        ),
        action(
            "Article create|update|delete",
            "purge tag \"home\"",
            780,
            612,
            168,
            4,
        ),
        action(
            "Author create|update|delete",
            "expire top_authors",
            2,
            2,
            0,
            0,
        ),
    ]
}

/// The report.
pub(super) fn report() -> Report {
    let all = requests(719_843, 0.842, out_of_date(719_843, 33_400, 19.8, 64.2));
    let mut page = requests(431_000, 0.751, out_of_date(431_000, 2_140, 0.9, 2.6));
    page.errors = 12;
    let routes = [
        (
            "GET /".to_owned(),
            requests(215_000, 0.962, out_of_date(215_000, 31_200, 21.4, 64.2)),
        ),
        ("GET /articles/{slug}".to_owned(), page.clone()),
        (
            "GET /me".to_owned(),
            requests(73_843, 0.911, OutOfDate::default()),
        ),
    ];
    let shared = BackendFigures {
        instances: 1,
        lookups: 1_804_312,
        hits: 1_587_000,
        hit_ratio: Some(0.8796),
        entries: 81_200,
        entries_peak: 90_412,
        bytes: 1 << 30,
        bytes_peak: 1_288_490_188,
        families: [(
            "article_page".to_owned(),
            FamilyFigures {
                entries: 60_000,
                keys: 181_000,
                variants: Some(4.21),
            },
        )]
        .into(),
        ..BackendFigures::default()
    };
    let of = |hits: u64| Yardstick {
        lookups: 412_000,
        hits,
        hit_ratio: Some(hits as f64 / 412_000.0),
    };
    let hot = BackendFigures {
        instances: 4,
        lookups: 412_000,
        hits: 318_000,
        hit_ratio: Some(0.7718),
        yardsticks: Some(Yardsticks {
            unbounded: of(391_000),
            clairvoyant: of(352_000),
            memory: 10_276_044,
        }),
        entries: 8_000,
        entries_peak: 8_000,
        bytes: 8_192_000,
        bytes_peak: 8_192_000,
        evictions: 61_234,
        evicted_fresh: 58_012,
        ..BackendFigures::default()
    };
    let db = OriginFigures {
        work: 212_034,
        rate: Rate {
            mean: Some(58.9),
            peak_1s: Some(212.0),
            peak_100ms: Some(480.0),
        },
        utilisation: Some(0.512),
        busy_peak: 20,
        queue_peak: 61,
        wait: quantiles(212_034, 0.0, 0.044, 1.21),
        ..OriginFigures::default()
    };
    Report {
        schema: SCHEMA,
        policy: PolicyIdentity {
            name: "news".to_owned(),
            hash: "00".to_owned(),
        },
        trace: TraceSummary {
            workload: Some("weekday".to_owned()),
            requests: 719_843,
            writes: 790,
            faults: 3,
            duration: 3_599.97,
        },
        seed: 1,
        warmup: 300.0,
        tool: "0.1.0".to_owned(),
        sampled: None,
        notes: vec!["times of whole seconds were spread inside their second".to_owned()],
        dimensions: [
            (
                "accept-language".to_owned(),
                Coverage {
                    observed: 0,
                    sampled: 719_843,
                    defaulted: 0,
                },
            ),
            (
                "currency".to_owned(),
                Coverage {
                    observed: 500_000,
                    sampled: 0,
                    defaulted: 219_843,
                },
            ),
        ]
        .into(),
        requests: RequestFigures {
            errors: 12,
            leaks: 17,
            ..all
        },
        observed: None,
        unrouted: None,
        routes: routes.into(),
        levels: levels(),
        backends: [("shared".to_owned(), shared), ("hot".to_owned(), hot)].into(),
        origins: [("db".to_owned(), db)].into(),
        invalidation: invalidation(),
        recovery: vec![
            Recovery {
                fault: "flush shared".to_owned(),
                at: 1_800.0,
                seconds: Some(41.0),
                outcome: RecoveryOutcome::Recovered,
            },
            Recovery {
                fault: "outage shared".to_owned(),
                at: 2_400.0,
                seconds: None,
                outcome: RecoveryOutcome::NotWithinTrace,
            },
        ],
        expectations: expectations(),
        timeline: timeline(),
    }
}
