//! `curve`, and `simulate --sample` and `--yardsticks`.

use crate::run::{command, data, run};
use std::path::Path;

fn file(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join(name).to_str().unwrap().to_owned()
}

fn kv(arguments: &[&str]) -> Vec<String> {
    let fixed = [
        "curve".to_owned(),
        file("policies/kv.cachepolicy"),
        "--trace".to_owned(),
        file("tests/data/kv/multi1.trace.gz"),
        "--trace-format".to_owned(),
        "keys".to_owned(),
        "--set".to_owned(),
        "cache.capacity=400 entries".to_owned(),
    ];
    let more = arguments.iter().map(|argument| (*argument).to_owned());
    fixed.into_iter().chain(more).collect()
}

fn curve(arguments: &[&str]) -> crate::run::Run {
    let all = kv(arguments);
    run(&all.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn for_people() {
    for (columns, name) in [("100", "curve_at_100"), ("60", "curve_at_60")] {
        let arguments = [
            "curve",
            "policies/kv.cachepolicy",
            "--trace",
            "tests/data/kv/multi1.trace.gz",
            "--trace-format",
            "keys",
            "--set",
            "cache.capacity=400 entries",
            "--evict",
            "lru,sieve",
            "--steps",
            "8",
        ];
        let output = command(&arguments)
            .current_dir(file("."))
            .env("COLUMNS", columns)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= columns.parse().ok(), "{text}");
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn known_answers_at_the_policys_capacity() {
    let json = curve(&["--evict", "lru,fifo", "--format", "json"])
        .fine()
        .json();
    assert_eq!(json["capacity"], 400);
    assert_eq!(json["method"], "keys");
    let misses = |curve: usize| {
        let points = json["curves"][curve]["points"].as_array().unwrap();
        let at = points
            .iter()
            .find(|point| point["capacity"] == 400)
            .unwrap();
        assert_eq!(at["exact"], true);
        (at["miss_ratio"].as_f64().unwrap() * 15_858.0).round() as u64
    };
    assert_eq!(
        [misses(0), misses(1), misses(2)],
        [7258, 6142, 8922].map(|hits| 15_858 - hits)
    );
    assert_eq!(json["footprint"]["entries"], 2606);
}

#[test]
fn rows_for_a_spreadsheet() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("curve.csv");
    curve(&[
        "--capacities",
        "400,1_000,50%",
        "-o",
        path.to_str().unwrap(),
    ])
    .fine();
    let rows = std::fs::read_to_string(path).unwrap();
    let mut rows = rows.lines();
    let head = rows.next().unwrap();
    assert_eq!(
        head,
        "evict,capacity,unit,miss_ratio,low,high,exact,rough,request_hit_ratio"
    );
    let rows: Vec<&str> = rows.collect();
    assert_eq!(rows.len(), 3 + 3 + 1, "{rows:?}");
    assert!(rows[0].starts_with("lru,400,entries,0.54"), "{rows:?}");
    assert!(rows[2].starts_with("lru,1303,entries,"), "{rows:?}");
    assert!(rows[6].starts_with("unbounded,,entries,0.16"), "{rows:?}");
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let of = |threads: &str| {
        let arguments = ["--evict", "lru,random", "--rate", "50%", "--format", "json"];
        let all = [&arguments[..], &["--threads", threads]].concat();
        curve(&all).fine().stdout
    };
    let one = of("1");
    assert_eq!(of("3"), one);
    let other = curve(&[
        "--evict", "random", "--rate", "50%", "--seed", "1", "--format", "json",
    ]);
    assert_ne!(other.fine().stdout, one);
}

#[test]
fn a_whole_policy_on_its_workload() {
    let shop = data("shop.cachepolicy");
    let json = run(&[
        "curve",
        &shop,
        "--backend",
        "shared",
        "--capacities",
        "1KiB..64KiB",
        "--steps",
        "3",
        "--format",
        "json",
    ])
    .fine()
    .json();
    assert_eq!(json["method"], "policy");
    assert_eq!(json["unit"], "bytes");
    let points = json["curves"][0]["points"].as_array().unwrap();
    let hits = |index: usize| points[index]["request_hit_ratio"].as_f64().unwrap();
    assert!(hits(0) < hits(points.len() - 1), "{points:?}");
    // With the policy's own capacity it is what the simulation says.
    let report = run(&["simulate", &shop, "--yardsticks", "--format", "json"])
        .fine()
        .json();
    let own = &report["backends"]["shared"];
    let at = points
        .iter()
        .find(|point| point["capacity"] == json["capacity"]);
    if let Some(at) = at {
        let ratio = 1.0 - own["hit_ratio"].as_f64().unwrap();
        assert!((at["miss_ratio"].as_f64().unwrap() - ratio).abs() < 1e-12);
    }
    let unbounded = own["yardsticks"]["unbounded"]["hit_ratio"]
        .as_f64()
        .unwrap();
    assert!((json["unbounded"]["miss_ratio"].as_f64().unwrap() - (1.0 - unbounded)).abs() < 1e-12);
}

#[test]
fn what_cannot_be_asked() {
    let shop = data("shop.cachepolicy");
    run(&["curve", &shop, "--backend", "sharde"])
        .ended(2)
        .says("did you mean `shared`?");
    for (wrong, says) in [
        (&["--capacities", "1_000,1MiB"][..], "either all capacities"),
        (&["--capacities", "0,5"], "at least 1"),
        (&["--capacities", "fast"], "`64MiB..1GiB`"),
        (&["--rate", "0"], "above 0"),
        (&["--rate", "200%"], "above 0"),
        (&["--evict", "lru,lifo"], "lifo"),
        (&["--steps", "1"], "--steps"),
    ] {
        curve(wrong).ended(2).says(says);
    }
}

#[test]
fn a_sample_says_what_it_is() {
    let trace = file("tests/data/kv/web07.trace.gz");
    let arguments = [
        "simulate",
        &file("policies/kv.cachepolicy"),
        "--trace",
        &trace,
        "--trace-format",
        "keys",
        "--set",
        "cache.capacity=3_000 entries",
        "--sample",
        "20%",
    ];
    let json = run(&[&arguments[..], &["--format", "json"]].concat())
        .fine()
        .json();
    assert_eq!(json["trace"]["requests"], 76_118);
    assert_eq!(json["sampled"]["rate"], 0.2);
    assert_eq!(json["sampled"]["unit"], "key");
    assert_eq!(json["requests"]["count"], json["sampled"]["requests"]);
    let kept = json["sampled"]["kept"].as_u64().unwrap();
    assert!((3_500..4_700).contains(&kept), "{kept}");
    let people = run(&arguments).fine().stdout;
    assert!(
        people.contains("of which 20% of the keys were replayed"),
        "{people}"
    );
    assert!(people.contains("An estimated "), "{people}");
}
