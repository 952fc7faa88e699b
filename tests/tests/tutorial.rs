//! What the tutorial tells about its policies is so.
#![allow(missing_docs, clippy::expect_used, reason = "a test")]

use cachepolicy_sim::report::Report;
use cachepolicy_tests::run::simulate;
use std::path::Path;

fn policy(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../policies")
        .join(name);
    std::fs::read_to_string(path).expect("a policy")
}

fn share_out_of_date(report: &Report) -> f64 {
    report.requests.out_of_date.ratio.expect("requests")
}

#[test]
fn the_tutorial_policy_leaks_stampedes_and_serves_old_pages() {
    let report = simulate(&policy("django-tutorial.cachepolicy"), 0);
    assert!(report.requests.hit_ratio.expect("requests") > 0.999);
    assert!(report.levels["homepage"].leaks > 100_000);
    assert_eq!(
        report.levels["top_authors"].stampede.peak, 16,
        "every thread of the site"
    );
    assert!(share_out_of_date(&report) > 0.9);
}

#[test]
fn the_mended_one_does_not() {
    let report = simulate(&policy("django-mended.cachepolicy"), 0);
    assert_eq!(report.requests.leaks, 0);
    assert_eq!(report.levels["top_authors"].stampede.peak, 1);
    assert_eq!(report.requests.out_of_date.serves, 0);
    let missed: Vec<_> = report
        .expectations
        .iter()
        .filter(|claim| claim.held == Some(false))
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

/// Its third step: a list that may be served stale is taken into the page that was just purged.
#[test]
fn a_stale_list_is_kept_by_the_page_that_takes_it_in() {
    let text = policy("django-mended.cachepolicy")
        .replace("purge top_authors", "expire top_authors")
        .replace(
            "  ttl      5m\n",
            "  ttl      5m\n  stale-while-revalidate 30s\n",
        );
    assert!(share_out_of_date(&simulate(&text, 0)) > 0.5);
}

/// What `check` says without any traffic.
#[test]
fn the_tutorial_policy_is_told_what_is_wrong_with_it() {
    let codes = |text: &str| {
        let compiled = cachepolicy_compiler::compile_text("policy", text);
        let mut codes: Vec<_> = compiled
            .diagnostics
            .iter()
            .map(|found| found.code)
            .collect();
        codes.sort_unstable();
        codes
    };
    assert_eq!(
        codes(&policy("django-tutorial.cachepolicy")),
        [
            "child-outlived",
            "leak",
            "no-invalidation-plan",
            "no-invalidation-plan",
            "purge-before-commit",
            "stampede-unprotected",
        ]
    );
    assert!(codes(&policy("django-mended.cachepolicy")).is_empty());
    let stale = policy("django-mended.cachepolicy")
        .replace("purge top_authors", "expire top_authors")
        .replace(
            "  ttl      5m\n",
            "  ttl      5m\n  stale-while-revalidate 30s\n",
        );
    assert_eq!(codes(&stale), ["refill-order"]);
}
