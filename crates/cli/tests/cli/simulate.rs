//! `simulate` and `trace`: what replays, reads and writes traces.

use crate::run::{data, run, run_with, write};

#[test]
fn a_workload_gives_a_report() {
    let shop = data("shop.cachepolicy");
    let report = run(&["simulate", &shop]).fine().stdout;
    assert!(
        report.starts_with("shop on workload `day`, the first"),
        "{report}"
    );
    assert!(
        report.lines().all(|line| line.chars().count() <= 100),
        "{report}"
    );
    assert!(!report.contains('\u{1b}'));
    let json = run(&["simulate", &shop, "--format", "json"]).fine().json();
    let level = &json["levels"]["product"];
    let count = |name: &str| level[name].as_u64().unwrap();
    assert_eq!(
        count("lookups"),
        count("fresh") + count("stale") + count("miss") + count("negative") + count("bypass")
    );
    let night = run(&["simulate", &shop, "--workload", "night", "--format", "json"])
        .fine()
        .json();
    assert!(night["requests"]["count"].as_u64() < json["requests"]["count"].as_u64());
    run(&["simulate", &shop, "--workload", "nigt"])
        .ended(2)
        .says("did you mean `night`?");
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let shop = data("shop.cachepolicy");
    let of = |seed: &str| {
        run(&["simulate", &shop, "--seed", seed, "--format", "json"])
            .fine()
            .stdout
    };
    assert_eq!(of("7"), of("7"));
    assert_ne!(of("7"), of("8"));
}

#[test]
fn an_access_log_from_a_file_and_from_standard_input() {
    let (shop, log) = (data("shop.cachepolicy"), data("access.log"));
    let by_file = run(&["simulate", &shop, "--trace", &log, "--format", "json"])
        .fine()
        .json();
    assert_eq!(by_file["trace"]["requests"], 5);
    let bytes = std::fs::read(&log).unwrap();
    let by_pipe = run_with(
        &["simulate", &shop, "--trace", "-", "--format", "json"],
        &bytes,
    )
    .fine()
    .json();
    assert_eq!(by_file, by_pipe);
    run_with(&["simulate", "-", "--trace", "-"], b"")
        .ended(2)
        .says("for the policy and for the trace");
}

#[test]
fn properties_can_be_set() {
    let shop = data("shop.cachepolicy");
    let hits = |arguments: &[&str]| {
        let all = [&["simulate", &shop, "--format", "json"], arguments].concat();
        run(&all).fine().json()["levels"]["product_page"]["hit_ratio"]
            .as_f64()
            .unwrap()
    };
    assert!(hits(&["--set", "product_page.ttl=1s"]) < hits(&[]));
    run(&["simulate", &shop, "--set", "produkt.ttl=5m"])
        .ended(1)
        .says("did you mean `product`?");
}

#[test]
fn expectations_fail_the_run_only_when_asked() {
    let shop = data("shop.cachepolicy");
    run(&["simulate", &shop, "--check"]).fine();
    let missed = [
        "simulate",
        &shop,
        "--set",
        "product_page.ttl=1ms",
        "--set",
        "product.ttl=1ms",
    ];
    let report = run(&missed).fine().stdout;
    assert!(report.contains('✗'), "{report}");
    run(&[&missed[..], &["--check"]].concat()).ended(1);
}

#[test]
fn the_report_goes_into_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let shop = data("shop.cachepolicy");
    let file = folder.path().join("report.json");
    let quiet = run(&["simulate", &shop, "-o", file.to_str().unwrap()]).fine();
    assert_eq!(quiet.stdout, "");
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(json["schema"], 1);
}

#[test]
fn everything_that_happens_as_csv() {
    let folder = tempfile::tempdir().unwrap();
    let (shop, log) = (data("shop.cachepolicy"), data("access.log"));
    let file = folder.path().join("events.csv");
    run(&[
        "simulate",
        &shop,
        "--trace",
        &log,
        "--events",
        file.to_str().unwrap(),
    ])
    .fine();
    let events = std::fs::read_to_string(&file).unwrap();
    assert!(
        events.starts_with("at,event,request,process,level,key,"),
        "{events}"
    );
    assert_eq!(
        events
            .lines()
            .filter(|line| line.split(',').nth(1) == Some("answer"))
            .count(),
        5,
        "{events}"
    );
}

#[test]
fn a_warm_up_is_replayed_and_not_counted() {
    let (shop, log) = (data("shop.cachepolicy"), data("access.log"));
    let counted = |arguments: &[&str]| {
        let all = [
            &["simulate", &shop, "--trace", &log, "--format", "json"],
            arguments,
        ]
        .concat();
        run(&all).fine().json()["requests"]["count"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(counted(&[]), 5);
    assert_eq!(counted(&["--warmup", "60s"]), 1);
    assert_eq!(counted(&["--warmup", "50%"]), 1);
    let bytes = std::fs::read(&log).unwrap();
    run_with(
        &["simulate", &shop, "--trace", "-", "--warmup", "10%"],
        &bytes,
    )
    .ended(2)
    .says("standard input");
    run(&["simulate", &shop, "--warmup", "soon"])
        .ended(2)
        .says("`10m`, `10%`");
}

#[test]
fn traces_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let shop = data("shop.cachepolicy");
    let simulate = |trace: &str| run(&["simulate", &shop, "--trace", trace]);
    simulate("nowhere.log")
        .ended(2)
        .says("there is no such file");
    simulate(folder.path().to_str().unwrap())
        .ended(2)
        .says("is a directory");
    let empty = write(folder.path(), "empty.log", b"");
    simulate(&empty).ended(2).says("empty.log");
    let binary = write(
        folder.path(),
        "binary",
        &[0, 1, 2, 3, 250, 0, 0, 7].repeat(5),
    );
    simulate(&binary).ended(2).says("binary");
    let prose = write(
        folder.path(),
        "prose.txt",
        "This is a letter, and no trace.\nDear all,\n"
            .repeat(20)
            .as_bytes(),
    );
    run(&[
        "simulate",
        &shop,
        "--trace",
        &prose,
        "--trace-format",
        "combined",
    ])
    .ended(2)
    .says("line 1");
    run(&[
        "simulate",
        &shop,
        "--trace",
        &prose,
        "--trace-format",
        "combimed",
    ])
    .ended(2)
    .says("combined");
}

#[test]
fn a_trace_out_of_order() {
    let folder = tempfile::tempdir().unwrap();
    let shop = data("shop.cachepolicy");
    let line = |at: u32| {
        format!("{{\"at\":{at},\"type\":\"request\",\"method\":\"GET\",\"path\":\"/p/a\"}}\n")
    };
    let text = [1, 2, 5, 3].map(line).concat();
    let file = write(folder.path(), "trace.jsonl", text.as_bytes());
    run(&["simulate", &shop, "--trace", &file])
        .ended(2)
        .says("line 4")
        .says("out of order");
    let arguments = [
        "simulate",
        &shop,
        "--trace",
        &file,
        "--reorder",
        "10s",
        "--format",
        "json",
    ];
    let report = run(&arguments).fine().json();
    assert_eq!(report["requests"]["count"], 4);
    assert!(
        report["notes"].to_string().contains("out of order"),
        "{}",
        report["notes"]
    );
    let arguments = [
        "simulate",
        &shop,
        "--trace",
        &file,
        "--max-errors",
        "1",
        "--format",
        "json",
    ];
    let report = run(&arguments).fine().json();
    assert_eq!(report["requests"]["count"], 3);
    assert!(
        report["notes"].to_string().contains("line 4"),
        "{}",
        report["notes"]
    );
}

#[test]
fn generate_and_convert_there_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let shop = data("shop.cachepolicy");
    let of = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (jsonl, csv, again) = (of("a.jsonl.gz"), of("a.csv"), of("b.jsonl"));
    run(&[
        "trace",
        "generate",
        &shop,
        "--workload",
        "night",
        "-o",
        &jsonl,
    ])
    .fine();
    run(&["trace", "convert", &jsonl, "-o", &csv]).fine();
    run(&["trace", "convert", &csv, "-o", &again]).fine();
    let printed = run(&["trace", "generate", &shop, "--workload", "night"])
        .fine()
        .stdout;
    assert_eq!(std::fs::read_to_string(&again).unwrap(), printed);
    let replayed = run(&["simulate", &shop, "--trace", &csv, "--format", "json"])
        .fine()
        .json();
    let generated = run(&["simulate", &shop, "--workload", "night", "--format", "json"])
        .fine()
        .json();
    assert_eq!(
        replayed["requests"]["count"],
        generated["requests"]["count"]
    );
    run(&["trace", "generate", &data("broken.cachepolicy")]).ended(1);
    run(&["trace", "convert", "nowhere"])
        .ended(2)
        .says("there is no such file");
    run(&["trace", "convert", &csv, "-o", &of("a.zst")])
        .ended(2)
        .says("zstd");
}

#[test]
fn what_is_in_a_trace() {
    let log = data("access.log");
    let text = run(&["trace", "info", &log]).fine().stdout;
    assert!(text.contains("combined"), "{text}");
    let json = run(&["trace", "info", &log, "--format", "json"])
        .fine()
        .json();
    assert_eq!(json["requests"], 5);
    run(&["trace", "info", "nowhere"])
        .ended(2)
        .says("there is no such file");
}

#[test]
fn a_log_that_the_policy_does_not_answer() {
    let folder = tempfile::tempdir().unwrap();
    let keys = b"policy kv { edition 1 }\nbackend cache memory {}\nobject entry(key) { store cache; ttl 1m }\n";
    let keys = write(folder.path(), "kv.cachepolicy", keys);
    let report = run(&["simulate", &keys, "--trace", &data("access.log")])
        .fine()
        .stdout;
    assert!(
        report.contains("no `site` and no `view` of this policy answers"),
        "{report}"
    );
    let unstored = b"policy plain { edition 1 }\nview all(path) { route GET \"/{path:**}\" }\n";
    let unstored = write(folder.path(), "plain.cachepolicy", unstored);
    let report = run(&["simulate", &unstored, "--trace", &data("access.log")])
        .fine()
        .stdout;
    assert!(
        report.contains("nothing was looked up: what answers these requests is not stored"),
        "{report}"
    );
    let trace = write(folder.path(), "keys.txt", b"a\nb\na\n");
    let report = run(&[
        "simulate",
        &keys,
        "--trace",
        &trace,
        "--trace-format",
        "keys",
        "--format",
        "json",
    ])
    .fine();
    assert_eq!(report.json()["levels"]["entry"]["lookups"], 3);
    let shop = data("shop.cachepolicy");
    run(&[
        "simulate",
        &shop,
        "--trace",
        &trace,
        "--trace-format",
        "keys",
    ])
    .fine();
    run(&[
        "simulate",
        &shop,
        "--trace",
        &trace,
        "--trace-format",
        "keys",
        "--level",
        "prodct",
    ])
    .ended(2)
    .says("did you mean `product`?");
}
