//! `simulate --seeds`, `--threads` and `--format markdown`.

use crate::run::{command, data, run, run_with};

#[test]
fn means_with_their_intervals() {
    let shop = data("shop.cachepolicy");
    let of = |arguments: &[&str]| {
        let all = [&["simulate", &shop, "--format", "json"], arguments].concat();
        run(&all).fine().json()
    };
    let all = of(&["--seed", "7", "--seeds", "3"]);
    assert_eq!(all["seeds"]["first"], 7);
    assert_eq!(all["seeds"]["count"], 3);
    let each = ["7", "8", "9"].map(|seed| of(&["--seed", seed]));
    let ratio = |report: &serde_json::Value| report["requests"]["hit_ratio"].as_f64().unwrap();
    let mean = each.iter().map(ratio).sum::<f64>() / 3.0;
    assert!((ratio(&all) - mean).abs() < 1e-12);
    let interval = &all["intervals"]["requests"]["hit_ratio"];
    assert!(interval["low"].as_f64().unwrap() < mean, "{interval}");
    assert!(interval["high"].as_f64().unwrap() > mean, "{interval}");
    let claims = all["seeds"]["expectations"].as_array().unwrap();
    assert_eq!(claims.len(), all["expectations"].as_array().unwrap().len());
    assert_eq!(claims[0]["held"], 3);
    run(&["simulate", &shop, "--seeds", "0"])
        .ended(2)
        .says("--seeds");
    run(&["simulate", &shop, "--seeds", "2", "--events", "-"])
        .ended(2)
        .says("--events");
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let (shop, log) = (data("shop.cachepolicy"), data("access.log"));
    for arguments in [
        &["--seeds", "5"][..],
        &["--workload", "night"],
        &["--seeds", "3", "--trace", &log],
        &["--trace", &log, "--warmup", "50%"],
    ] {
        let of = |threads: &str| {
            let fixed = ["simulate", &shop, "--format", "json", "--threads", threads];
            run(&[&fixed[..], arguments].concat()).fine().stdout
        };
        let one = of("1");
        for threads in ["2", "3", "8"] {
            assert_eq!(of(threads), one, "{arguments:?} on {threads}");
        }
    }
    run(&["simulate", &shop, "--threads", "0"]).ended(2);
}

#[test]
fn a_trace_that_breaks_off_is_told_alike_on_any_number_of_threads() {
    let shop = data("shop.cachepolicy");
    let mut trace = String::new();
    for at in 0..40_000 {
        trace.push_str(&format!("{{\"at\":{at},\"path\":\"/p/{}\"}}\n", at % 7));
    }
    let written = r#"{"at":40001,"type":"write","model":"Nothing","op":"update","new":{"id":"1"}}"#;
    let cut = format!("{trace}{written}\n{{\"at\":1}}\n");
    let of = |threads: &str| {
        let all = [
            "simulate",
            &shop,
            "--trace",
            "-",
            "--seeds",
            "3",
            "--threads",
            threads,
        ];
        run_with(&all, cut.as_bytes()).ended(2).stderr
    };
    let one = of("1");
    assert_eq!(of("2"), one);
    assert_eq!(of("4"), one);
}

#[test]
fn for_people_and_for_a_review() {
    let shop = data("shop.cachepolicy");
    for (columns, name) in [("100", "seeds_at_100"), ("60", "seeds_at_60")] {
        let mut command = command(&["simulate", "shop.cachepolicy", "--seeds", "4"]);
        let folder = std::path::Path::new(&shop).parent().unwrap();
        let output = command
            .current_dir(folder)
            .env("COLUMNS", columns)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= columns.parse().ok(), "{text}");
        insta::assert_snapshot!(name, text);
    }
    let mut command = command(&[
        "simulate",
        "shop.cachepolicy",
        "--seeds",
        "4",
        "--format",
        "markdown",
    ]);
    let folder = std::path::Path::new(&shop).parent().unwrap();
    let output = command.current_dir(folder).output().unwrap();
    insta::assert_snapshot!("seeds_markdown", String::from_utf8(output.stdout).unwrap());
}
