//! `test`: what policies claim.

use crate::run::{command, data, run, run_with, write};
use std::fs;
use std::path::Path;

/// What the shop claims instead.
fn shop(folder: &Path, name: &str, claims: &str) -> String {
    let text = fs::read_to_string(data("shop.cachepolicy")).unwrap();
    let (before, _) = text.split_once("expect for day").unwrap();
    write(folder, name, format!("{before}{claims}\n").as_bytes())
}

const CLAIMS: &str = r#"expect {
  prove no-leak
  prove  staleness(product_page, Product) <= 5s
  prove  staleness(product, Product)      <= 100ms
}
expect for day {
  hit_ratio(GET "/p/{slug}")    >= 99%
  stampede(product).peak        <= 1
  origin(db).rate.peak_1s       <= 100/s
  staleness(product_page).p99   <= 1s
}
expect for night { latency(GET "/p/{slug}").p99 <= 1s }"#;

#[test]
fn claims_hold_or_are_missed() {
    let shop_of_data = data("shop.cachepolicy");
    let fine = run(&["test", &shop_of_data]).fine().stdout;
    assert!(fine.ends_with("✓ 2 claims held\n"), "{fine}");
    let folder = tempfile::tempdir().unwrap();
    let claims = shop(folder.path(), "shop.cachepolicy", CLAIMS);
    for (columns, name) in [(100, "claims_at_100"), (60, "claims_at_60")] {
        let mut command = command(&["test", "shop.cachepolicy"]);
        let command = command.current_dir(folder.path());
        let output = command
            .env("COLUMNS", columns.to_string())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8(output.stdout).unwrap();
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(columns), "{text}");
        insta::assert_snapshot!(name, text);
    }
    let json = run(&["test", &claims, "--format", "json"]).ended(1).json();
    let of = &json["policies"][0]["claims"];
    assert_eq!(json["summary"]["claims"], 8);
    assert_eq!(of[0]["by"], "proof");
    assert_eq!(of[1]["held"], true);
    assert_eq!(of[2]["held"], false);
    assert!(
        of[2]["hint"].as_str().unwrap().contains("within 200ms"),
        "{of}"
    );
    assert_eq!(of[2]["property"]["name"], "outbox.delay");
    let night = &of[7];
    assert_eq!(
        (&night["on"], &night["held"]),
        (&"night".into(), &true.into())
    );
    assert_eq!(of[3]["property"]["name"], "product_page.ttl");
}

#[test]
fn a_claim_holds_if_it_holds_in_every_seed() {
    let folder = tempfile::tempdir().unwrap();
    let path = data("shop.cachepolicy");
    let of = |seeds: &[&str]| {
        let all = [&["test", &path, "--format", "json"], seeds].concat();
        run(&all).fine().json()
    };
    let hits = |json: &serde_json::Value| json["policies"][0]["claims"][0].clone();
    let all = hits(&of(&["--seeds", "3"]));
    assert_eq!(all["in_seeds"]["held"], 3);
    assert_eq!(all["seeds"].as_array().unwrap().len(), 3);
    let each = ["0", "1", "2"].map(|seed| hits(&of(&["--seed", seed]))["figure"].as_f64());
    let worst = each.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(all["figure"].as_f64(), Some(worst));
    // Between the worst seed and the others, only some hold.
    let best = each.iter().flatten().copied().fold(0.0, f64::max);
    let claim = format!(
        "expect for day {{ hit_ratio(GET \"/p/{{slug}}\") >= {:.4}% }}",
        (worst + best) * 50.0
    );
    let some = shop(folder.path(), "some.cachepolicy", &claim);
    let json = run(&["test", &some, "--seeds", "3", "--format", "json"])
        .ended(1)
        .json();
    let in_seeds = &hits(&json)["in_seeds"];
    assert!(in_seeds["held"].as_u64() > Some(0) && in_seeds["missed"].as_u64() > Some(0));
}

#[test]
fn what_is_not_decided_is_told_and_fails_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let none = shop(folder.path(), "none.cachepolicy", "");
    let text = run(&["test", &none]).fine().stdout;
    assert!(
        text.contains("claims nothing: write what must hold into"),
        "{text}"
    );
    assert!(text.ends_with("! no claims\n"), "{text}");
    let path = data("shop.cachepolicy");
    let all = ["test", &path, "--workload", "night"];
    let text = run(&all).fine().stdout;
    assert!(
        text.contains("it is for workload `day`, and `night` was asked for"),
        "{text}"
    );
    assert!(
        text.ends_with("! 0 of 2 claims held · 2 not decided\n"),
        "{text}"
    );
    let log = data("access.log");
    let trace = ["test", &path, "--trace", &log];
    let json = run(&[&trace[..], &["--format", "json"]].concat()).json();
    assert_eq!(json["policies"][0]["claims"][0]["by"], "trace");
}

#[test]
fn proofs_need_no_traffic() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(data("shop.cachepolicy")).unwrap();
    let (before, _) = text.split_once("workload day").unwrap();
    let proved = format!("{before}expect {{ prove no-leak }}\n");
    let proved = write(folder.path(), "proved.cachepolicy", proved.as_bytes());
    run(&["test", &proved]).fine();
    let measured = format!("{before}expect {{ hit_ratio(requests) >= 1% }}\n");
    let measured = write(folder.path(), "measured.cachepolicy", measured.as_bytes());
    run(&["test", &measured])
        .ended(2)
        .says("`shop` has 1 claim to be measured and no workload: give `--trace FILE`");
}

#[test]
fn a_policy_with_errors_does_not_keep_the_others_from_being_tested() {
    let (shop, broken) = (data("shop.cachepolicy"), data("broken.cachepolicy"));
    let both = ["test", &broken, &shop];
    let text = run(&both).ended(1).flowing();
    assert!(
        text.contains("has errors: its claims were not tested"),
        "{text}"
    );
    assert!(
        text.ends_with("✗ 2 claims held · 1 policy with errors"),
        "{text}"
    );
    let xml = run(&[&both[..], &["--format", "junit"]].concat())
        .ended(1)
        .stdout;
    assert!(
        xml.contains("tests=\"3\" failures=\"0\" errors=\"1\""),
        "{xml}"
    );
}

#[test]
fn what_got_worse_than_in_a_baseline_fails() {
    let folder = tempfile::tempdir().unwrap();
    let shop = data("shop.cachepolicy");
    let before = folder.path().join("before.json");
    let before = before.to_str().unwrap();
    run(&["simulate", &shop, "-o", before]).fine();
    let beside = ["test", &shop, "--baseline", before];
    let with = |more: &[&str]| run(&[&beside[..], more].concat());
    let same = with(&[]).fine().stdout;
    assert!(same.contains("figures are no worse"), "{same}");
    let slower = ["--set", "product.ttl=5s", "--set", "product_page.ttl=5s"];
    let json = with(&[&slower[..], &["--format", "json"]].concat())
        .ended(1)
        .json();
    let figures = json["policies"][0]["baselines"][0]["figures"]
        .as_array()
        .unwrap()
        .clone();
    let named = |name: &str| {
        figures
            .iter()
            .find(|it| it["figure"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(json["summary"]["missed"], 0);
    for name in [
        "hit_ratio(requests)",
        "hit_ratio(GET \"/p/{slug}\")",
        "origin(db).rate.mean",
    ] {
        assert_eq!(named(name)["worse"], true, "{name}");
    }
    assert_eq!(named("stampede(product).peak")["worse"], false);
    with(&[&slower[..], &["--tolerance", "10000%"]].concat()).fine();
    with(&["--tolerance", "much"]).ended(2).says("`2%`");
    run(&["test", &shop, "--tolerance", "2%"])
        .ended(2)
        .says("--baseline");
    let other = with(&["--seed", "7"]).stdout;
    assert!(other.contains("give both the same `--seed`"), "{other}");
}

#[test]
fn baselines_that_fit_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let shop = data("shop.cachepolicy");
    let beside = |file: &str| run(&["test", &shop, "--baseline", file]).ended(2);
    beside("nowhere.json").says("there is no such file");
    let prose = write(folder.path(), "prose.json", b"hello");
    beside(&prose)
        .says("is no report")
        .says("simulate --format json");
    let empty = write(folder.path(), "empty.json", b"{}");
    beside(&empty).says("is no report");
    let newer = write(folder.path(), "newer.json", b"{\"schema\": 99}");
    beside(&newer).says("has schema 99");
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let compared = file("compared.json");
    run(&[
        "compare",
        &shop,
        "--with",
        "product.ttl=1s",
        "-o",
        &compared,
    ])
    .fine();
    beside(&compared).says("is a comparison of several policies");
    let of_trace = file("trace.json");
    run(&[
        "simulate",
        &shop,
        "--trace",
        &data("access.log"),
        "-o",
        &of_trace,
    ])
    .fine();
    beside(&of_trace).says("is of a trace: give the same `--trace`");
    let of_night = file("night.json");
    run(&["simulate", &shop, "--workload", "night", "-o", &of_night]).fine();
    let night = ["test", &shop, "--baseline", &of_night];
    // No claim is for it, and it is replayed all the same.
    run(&night).fine();
    run(&[&night[..], &["--workload", "day"]].concat())
        .ended(2)
        .says("is of workload `night`, which is not replayed");
    let other = fs::read_to_string(&shop)
        .unwrap()
        .replace("policy shop", "policy store");
    let other = write(folder.path(), "store.cachepolicy", other.as_bytes());
    run(&["test", &other, "--baseline", &of_night])
        .ended(2)
        .says("is of the policy `shop`, and what is tested is `store`");
}

#[test]
fn what_is_used_wrongly() {
    let shop = data("shop.cachepolicy");
    run(&["test"]).ended(2).says("<POLICIES>");
    run(&["test", &shop, "--workload", "dai"])
        .ended(2)
        .says("did you mean `day`?");
    run(&["test", "nothing.cachepolicy"])
        .ended(2)
        .says("there is no such file");
    run_with(&["test", &shop, &shop, "--trace", "-"], b"")
        .ended(2)
        .says("standard input can be read only once");
    run_with(&["test", "-", "--trace", "-"], b"")
        .ended(2)
        .says("for the policy and for the trace");
    let text = fs::read(&shop).unwrap();
    run_with(&["test", "-"], &text).fine();
}
