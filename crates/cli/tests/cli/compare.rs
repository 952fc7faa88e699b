//! `compare`: the same traffic through several policies.

use crate::run::{command, data, run, run_with, write};
use serde_json::Value;
use std::fs;

/// The shop with some of its text replaced.
fn shop(folder: &std::path::Path, name: &str, changes: &[(&str, &str)]) -> String {
    let mut text = fs::read_to_string(data("shop.cachepolicy")).unwrap();
    for (old, new) in changes {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    write(folder, name, text.as_bytes())
}

fn difference<'v>(json: &'v Value, path: &[&str]) -> &'v Value {
    let all = json["differences"].as_array().unwrap();
    all.iter()
        .find(|it| it["path"] == serde_json::json!(path))
        .unwrap()
}

#[test]
fn each_report_is_what_simulate_says() {
    let (shop, log) = (data("shop.cachepolicy"), data("access.log"));
    for traffic in [
        &["--workload", "day"][..],
        &["--trace", &log],
        &["--seeds", "3"],
    ] {
        let simulated = |set: &[&str]| {
            let all = [&["simulate", &shop, "--format", "json"], traffic, set].concat();
            run(&all).fine().json()
        };
        let with = [
            "compare",
            &shop,
            "--with",
            "product_page.ttl=1s; product.ttl=2m",
        ];
        let json = run(&[&with[..], traffic, &["--format", "json"]].concat())
            .fine()
            .json();
        assert_eq!(json["schema"], 1);
        assert_eq!(json["reports"][0], simulated(&[]));
        let set = ["--set", "product_page.ttl=1s", "--set", "product.ttl=2m"];
        let (mut ours, mut theirs) = (json["reports"][1].clone(), simulated(&set));
        // The hash is that of all texts, and the two options have texts of their own.
        for report in [&mut ours, &mut theirs] {
            report["policy"]["hash"] = Value::Null;
        }
        assert_eq!(ours, theirs, "{traffic:?}");
        assert_eq!(json["policies"][1]["set"][1], "product.ttl=2m");
    }
}

#[test]
fn differences_have_paths_into_the_reports() {
    let shop = data("shop.cachepolicy");
    let with = [
        "compare",
        &shop,
        "--with",
        "product_page.ttl=1s",
        "--format",
        "json",
    ];
    let json = run(&with).fine().json();
    let all = json["differences"].as_array().unwrap();
    assert!(all.len() > 10);
    for difference in all {
        let path = difference["path"].as_array().unwrap();
        if path[0] == "invalidation" {
            continue;
        }
        for (index, report) in json["reports"].as_array().unwrap().iter().enumerate() {
            let found = path
                .iter()
                .fold(report, |node, part| &node[part.as_str().unwrap()]);
            assert_eq!(
                found.as_f64(),
                difference["values"][index].as_f64(),
                "{path:?}"
            );
        }
    }
    let hits = difference(&json, &["levels", "product_page", "hit_ratio"]);
    assert_eq!(
        (&hits["better"], &hits["unit"]),
        (&"higher".into(), &"ratio".into())
    );
    let (before, after) = (&hits["values"][0], &hits["values"][1]);
    let delta = after.as_f64().unwrap() - before.as_f64().unwrap();
    assert!(delta < 0.0);
    assert_eq!(hits["changes"][0]["delta"], delta);
    assert_eq!(hits["changes"][0].get("beyond_chance"), None);
}

#[test]
fn chance_is_told_apart_from_what_the_policy_does() {
    let shop = data("shop.cachepolicy");
    let with = |set: &str| {
        let all = [
            "compare", &shop, "--with", set, "--seeds", "6", "--format", "json",
        ];
        run(&all).fine().json()
    };
    let json = with("product_page.ttl=5s");
    let hits = difference(&json, &["levels", "product_page", "hit_ratio"]);
    assert_eq!(hits["changes"][0]["beyond_chance"], true);
    assert!(hits["changes"][0]["high"].as_f64() < Some(0.0));
    assert_eq!(json["seeds"]["count"], 6);
    // Another spread of the ttl of copies that hardly ever live so long.
    let json = with("product_page.ttl=1m jitter 1%");
    let all = json["differences"].as_array().unwrap();
    let beyond = |it: &&Value| it["changes"][0]["beyond_chance"] == true;
    assert!(
        all.iter().filter(beyond).count() * 4 < all.len(),
        "{}",
        all.len()
    );
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let (shop, log) = (data("shop.cachepolicy"), data("access.log"));
    for traffic in [
        &["--seeds", "3"][..],
        &["--trace", &log],
        &["--trace", &log, "--seeds", "2"],
    ] {
        let of = |threads: &str| {
            let fixed = [
                "compare",
                &shop,
                "--with",
                "product.ttl=1s",
                "--with",
                "product.ttl=1h",
            ];
            let how = ["--format", "json", "--threads", threads];
            run(&[&fixed[..], traffic, &how].concat()).fine().stdout
        };
        let one = of("1");
        for threads in ["2", "5"] {
            assert_eq!(of(threads), one, "{traffic:?} on {threads}");
        }
    }
}

#[test]
fn standard_input_is_read_once_for_all_variants() {
    let text = fs::read(data("shop.cachepolicy")).unwrap();
    let all = [
        "compare",
        "-",
        "--with",
        "product.ttl=1s",
        "--format",
        "json",
    ];
    let json = run_with(&all, &text).fine().json();
    assert_eq!(json["policies"][0]["file"], "<stdin>");
    assert_eq!(json["policies"][1]["label"], "product.ttl=1s");
    run(&["compare", "-", "-"]).ended(2).says("only once");
    run(&["compare", "-", "--with", "a.b=c", "--trace", "-"])
        .ended(2)
        .says("for the policy and for the trace");
}

#[test]
fn what_is_used_wrongly() {
    let shop = data("shop.cachepolicy");
    run(&["compare"]).ended(2).says("<POLICIES>");
    run(&["compare", &shop]).ended(2).says("nothing to compare");
    run(&["compare", &shop, &shop])
        .ended(2)
        .says("given twice")
        .says("--with");
    run(&["compare", &shop, "--with", ";"])
        .ended(2)
        .says("ITEM.PROPERTY=VALUE");
    run(&["compare", &shop, "--with", "produkt.ttl=1s"])
        .ended(1)
        .says("--with produkt.ttl=1s")
        .says("did you mean `product`?");
    run(&["compare", &shop, "nothing.cachepolicy"])
        .ended(2)
        .says("there is no such file");
    let variant = ["compare", &shop, "--with", "product.ttl=1s"];
    run(&[&variant[..], &["--trace", "nothing.log"]].concat())
        .ended(2)
        .says("cannot read `nothing.log`");
    run(&[&variant[..], &["--workload", "dai"]].concat())
        .ended(2)
        .says("did you mean `day`?");
    run(&[&variant[..], &["--threads", "0"]].concat()).ended(2);
}

#[test]
fn a_policy_and_itself() {
    let folder = tempfile::tempdir().unwrap();
    let copy = shop(folder.path(), "copy.cachepolicy", &[]);
    let text = run(&["compare", &data("shop.cachepolicy"), &copy])
        .fine()
        .stdout;
    assert!(
        text.contains("no figure differs: the policies are the same text"),
        "{text}"
    );
    assert!(!text.contains("What differs"), "{text}");
}

#[test]
fn who_answers_fewer_requests() {
    let folder = tempfile::tempdir().unwrap();
    let moved = [
        (
            "route    GET \"/p/{slug}\"",
            "route    GET \"/product/{slug}\"",
        ),
        ("hit_ratio(GET \"/p/{slug}\")", "hit_ratio(requests)"),
    ];
    let moved = shop(folder.path(), "moved.cachepolicy", &moved);
    let compare = ["compare", &data("shop.cachepolicy"), &moved];
    let text = run(&compare).fine().stdout;
    assert!(
        text.contains("no `site` and no `view` of `moved` answers 2,3"),
        "{text}"
    );
}

#[test]
fn an_expectation_that_a_change_breaks() {
    let shop = data("shop.cachepolicy");
    let broken = [
        "compare",
        &shop,
        "--with",
        "product_page.ttl=1ms; product.ttl=1ms",
    ];
    let text = run(&broken).fine().stdout;
    assert!(
        text.contains("✗ 1 expectation is missed by `B` and not by `A`"),
        "{text}"
    );
    run(&[&broken[..], &["--check"]].concat()).ended(1);
    // What the first policy misses too is no news.
    let both = ["--set", "product_page.ttl=1ms", "--set", "product.ttl=1ms"];
    let same = ["compare", &shop, "--with", "product.ttl=2ms", "--check"];
    run(&[&same[..], &both].concat()).fine();
}

#[test]
fn what_only_one_of_them_has() {
    let folder = tempfile::tempdir().unwrap();
    let fewer = shop(
        folder.path(),
        "fewer.cachepolicy",
        &[
            ("workload night {", "workload evening {"),
            (
                "model Product { id; slug; title; price }",
                "model Thing { id; slug }",
            ),
            ("reads    Product(slug)", "reads    Thing(slug)"),
            ("on Product create", "on Thing create"),
            ("write  Product update", "write  Thing update"),
            ("object product(slug)", "object goods(slug)"),
            ("contains product(slug)", "contains goods(slug)"),
            ("purge product(slug)", "purge goods(slug)"),
            ("stampede(product)", "stampede(goods)"),
        ],
    );
    let shop = data("shop.cachepolicy");
    let json = run(&["compare", &shop, &fewer, "--format", "json"])
        .fine()
        .json();
    let only: Vec<_> = json["only"].as_array().unwrap().iter().collect();
    let has = |what: &str, name: &str, first: bool| {
        let wanted = serde_json::json!({"what": what, "name": name, "in": [first, !first]});
        assert!(only.contains(&&wanted), "{only:?}");
    };
    has("level", "product", true);
    has("level", "goods", false);
    has("model", "Product", true);
    has("model", "Thing", false);
    let night = ["--workload", "night"];
    let text = run(&[&["compare", &shop, &fewer][..], &night].concat())
        .fine()
        .stdout;
    assert!(text.contains("`fewer` has no workload `night`"), "{text}");
    let evening = ["--workload", "evening"];
    let text = run(&[&["compare", &shop, &fewer][..], &evening].concat())
        .fine()
        .stdout;
    assert!(text.contains("on workload `evening` of `fewer`"), "{text}");
    run(&["compare", &shop, &fewer, "--workload", "noon"]).ended(2);
}

#[test]
fn for_people_and_for_a_review() {
    let shop = data("shop.cachepolicy");
    let folder = std::path::Path::new(&shop).parent().unwrap();
    let with = [
        "--with",
        "product_page.ttl=5s",
        "--with",
        "shared.latency=5ms; product.ttl=20s",
    ];
    let two = [&["compare", "shop.cachepolicy"][..], &with[..2]].concat();
    let seeds = [&two[..], &["--seeds", "4"]].concat();
    let three = [&["compare", "shop.cachepolicy"][..], &with].concat();
    let markdown = [&seeds[..], &["--format", "markdown"]].concat();
    for (arguments, columns, name) in [
        (&two, 100, "compare_two_at_100"),
        (&two, 60, "compare_two_at_60"),
        (&seeds, 100, "compare_seeds_at_100"),
        (&seeds, 60, "compare_seeds_at_60"),
        (&three, 100, "compare_three_at_100"),
        (&three, 60, "compare_three_at_60"),
        (&markdown, 0, "compare_markdown"),
    ] {
        let mut command = command(arguments);
        let output = command
            .current_dir(folder)
            .env("COLUMNS", columns.to_string());
        let text = String::from_utf8(output.output().unwrap().stdout).unwrap();
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(columns == 0 || widest <= Some(columns), "{text}");
        insta::assert_snapshot!(name, text);
    }
}
