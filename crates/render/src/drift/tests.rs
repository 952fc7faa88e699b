//! A comparison at two widths.

use super::{Names, human, json};
use crate::output::colour::Paint;
use crate::output::{Terminal, text};
use cachepolicy_sim::drift::{Counted, Drift, Measured};
use cachepolicy_sim::report::{LevelFigures, Report, RequestFigures};

fn level(kind: &str, fresh: u64, miss: u64, peak: u64) -> LevelFigures {
    let mut level = LevelFigures {
        kind: kind.to_owned(),
        lookups: fresh + miss,
        fresh,
        miss,
        fills: miss,
        ..LevelFigures::default()
    };
    level.stampede.peak = peak;
    level.out_of_date.staleness.p99 = Some(0.8);
    level
}

fn drift(is_as_predicted: bool) -> Drift {
    let compiled = cachepolicy_compiler::compile_text("news", "policy news { edition 1 }\n");
    let policy = compiled.policy.unwrap();
    let simulation = cachepolicy_sim::Simulation::new(&policy, cachepolicy_sim::Options::default());
    let mut report: Report = simulation.unwrap().finish();
    report.trace.requests = 12_000;
    report.trace.duration = 600.0;
    report
        .levels
        .insert("article".to_owned(), level("object", 9_000, 1_000, 1));
    report
        .levels
        .insert("homepage".to_owned(), level("view", 4_000, 400, 1));
    let mut route = RequestFigures::default();
    route.out_of_date.staleness.p99 = Some(0.8);
    report.routes.insert("GET /".to_owned(), route);
    let mut measured = Measured::default();
    let staleness = if is_as_predicted { 0.82 } else { 1.2 };
    measured.routes.insert("GET /".to_owned(), staleness);
    let counted = &mut measured.levels;
    let of = |fresh, miss, peak| Counted {
        fresh,
        miss,
        fills: miss,
        stampede_peak: Some(peak),
        staleness_p99: Some(0.81),
        ..Counted::default()
    };
    counted.insert("homepage".to_owned(), of(4_010, 392, 1));
    if is_as_predicted {
        counted.insert("article".to_owned(), of(8_990, 1_010, 2));
    } else {
        counted.insert("article".to_owned(), of(4_000, 2_000, 4));
        report
            .levels
            .insert("sidebar".to_owned(), level("fragment", 10, 10, 1));
    }
    Drift::new(&report, &measured, 0.005)
}

fn at(drift: &Drift, width: usize) -> String {
    let terminal = Terminal {
        paint: Paint::OFF,
        width,
        interactive: false,
    };
    let names = Names {
        trace: "trace.jsonl",
        metrics: "http://127.0.0.1:9000/metrics",
    };
    let written = human(drift, names, terminal);
    for line in written.lines() {
        assert!(text::width(line) <= width, "{line}");
    }
    written
}

#[test]
fn for_people() {
    insta::assert_snapshot!("drift_at_100", at(&drift(false), 100));
    insta::assert_snapshot!("drift_at_60", at(&drift(false), 60));
    insta::assert_snapshot!("no_drift_at_100", at(&drift(true), 100));
}

#[test]
fn for_programs() {
    let json: serde_json::Value = serde_json::from_str(&json(&drift(false))).unwrap();
    assert_eq!(json["differs"], true);
    assert_eq!(json["missing"][0], "sidebar");
    assert_eq!(json["levels"]["article"]["findings"][1], "fewer-hits");
    assert_eq!(json["routes"]["GET /"]["differs"], true);
    assert_eq!(json["levels"]["homepage"]["hit_ratio"]["differs"], false);
}
