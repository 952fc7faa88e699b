//! How old the result of a fill can be: each rule with a policy that it makes a difference to, and the
//! nearest one to which it makes none.
#![allow(missing_docs, clippy::expect_used, reason = "a test")]

use cachepolicy_analysis::{Bound, Bounds};
use cachepolicy_core::graph::Graph;
use cachepolicy_core::{LevelId, ModelId};
use cachepolicy_tests::run::compile;

const PLACES: &str = "policy p { edition 1 }
model Article { id; slug; title }
request { attr plan in [free, pro] else free; attr lang }
origin db
backend shared redis {}
backend front proxy {}
bus quick { delivery at-least-once; delay 100ms }
";

/// The bound of the level `it`.
fn bound(text: &str) -> Bound {
    let policy = compile(&format!("{PLACES}{text}"));
    let bounds = Bounds::new(&policy, &Graph::new(&policy));
    let mut levels = policy.levels.iter();
    let level = levels.position(|level| level.name == "it").expect("`it`");
    let bound = bounds.of(LevelId(level as u16), ModelId(0));
    bound.expect("it reads articles").clone()
}

/// How old an answer can be, in seconds.
fn staleness(text: &str) -> f64 {
    bound(text).staleness.as_secs_f64()
}

#[test]
fn who_waits_for_a_batch_gets_older() {
    let of_list = |contains: &str, more: &str| {
        staleness(&format!(
            "object it(slug) {{ store shared; reads Article(slug); ttl 10m; cost 1s on db; {more} }}
             view page(x) {{ route GET \"/{{x}}\"; data all max 5; contains {contains} }}"
        ))
    };
    // Its rows are read when the batch begins, with those of two others.
    assert!((of_list("it(each all)", "batch max 3 each 100ms") - 601.3).abs() < 1e-9);
    assert!((of_list("it(each all)", "batch max 9 each 100ms") - 601.5).abs() < 1e-9);
    assert!((of_list("it(each all)", "") - 601.0).abs() < 1e-9);
    assert!((of_list("it(x)", "batch max 3 each 100ms") - 601.0).abs() < 1e-9);
}

#[test]
fn what_an_element_embeds_gets_older_while_others_are_looked_up() {
    let of_list = |batch: &str| {
        staleness(&format!(
            "object line(slug) {{ store shared; reads Article(slug); ttl 1m; cost 1s on db }}
             object it(slug) {{ store shared; contains line(slug); ttl 10m; cost 2s; {batch} }}
             view page(x) {{ route GET \"/{{x}}\"; data all max 3; contains it(each all) }}"
        ))
    };
    // The line is 61 s old when it is taken in; its own work takes 2 s.
    assert!((of_list("") - 663.0).abs() < 1e-9);
    // Two others fill their lines first, and then all three are worked on.
    assert!((of_list("batch max 9 each 100ms") - 665.3).abs() < 1e-9);
}

#[test]
fn who_waits_gets_an_overtaken_result_however_short_copies_live() {
    let of = |more: &str| {
        staleness(&format!(
            "object it(slug) {{ store shared; reads Article(slug); ttl 1s; fence; cost 10s on db; {more} }}
             on Article update via quick {{ purge it(slug) when changed(title) }}"
        ))
    };
    // Deletes and creates reach nothing: copies die.
    assert!((of("") - 11.0).abs() < 1e-9);
    let all = |more: &str| {
        staleness(&format!(
            "object it(slug) {{ store shared; reads Article(slug); ttl 1s; fence; cost 10s on db; {more} }}
             on Article create|update|delete via quick {{ purge it(slug) }}"
        ))
    };
    assert!((all("") - 0.1).abs() < 1e-9);
    // Stored results are 1.1 s old in the end, but a fill that was overtaken is given to others.
    assert!((all("stampede coalesce") - 10.0).abs() < 1e-9);
}

#[test]
fn what_goes_past_a_fenced_level_is_not_fenced() {
    let page = |more: &str| {
        staleness(&format!(
            "object part(slug) {{ store shared; reads Article(slug); ttl 1s; fence; cost 10s on db; {more} }}
             view it(slug) {{ route GET \"/{{slug}}\"; store shared; contains part(slug); ttl 1h; fence }}
             on Article create|update|delete via quick {{ purge part(slug) }}"
        ))
    };
    // A fill of the part that was overtaken is not kept by the page either.
    assert!((page("") - 3_600.1).abs() < 1e-9);
    assert!((page("uses lang; vary lang") - 3_600.1).abs() < 1e-9);
    // Without a look-up there is no token, and nothing is overtaken.
    assert!((page("skip when lang == en") - 3_610.0).abs() < 1e-9);
    // Nor where a value outside of the domain bypasses it.
    assert!((page("uses plan; vary plan") - 3_610.0).abs() < 1e-9);
}

#[test]
fn what_stands_before_the_application_fails_with_its_process() {
    let of = |store: &str| {
        let bound = bound(&format!(
            "object part(slug) {{ store shared; reads Article(slug); ttl 1s; cost 1s }}
             fragment it(slug) {{ store {store}; contains part(slug); ttl 10s; stale-if-error 5s }}
             view page(slug) {{ route GET \"/{{slug}}\"; contains it(slug) }}"
        ));
        bound.copy.as_secs_f64()
    };
    assert!((of("shared") - 10.0).abs() < 1e-9);
    assert!((of("front") - 15.0).abs() < 1e-9);
}
