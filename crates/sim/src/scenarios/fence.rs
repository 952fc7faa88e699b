//! Invalidations that come while a fill is under way.

use super::{Scenario, outcomes};

fn page(properties: &str, more: &str) -> Scenario {
    Scenario::new(&format!(
        "model Row {{ id; slug }}
         origin db {{ slots 99 }}
         backend copies redis
         view page(x) {{ route GET \"/{{x}}\"; store copies; reads Row(slug: x); ttl 100s; cost 1s on db; {properties} }}
         on Row update {{ purge page(x: slug) }}
         {more}"
    ))
}

#[test]
fn a_race_without_a_fence_keeps_the_old_data() {
    let mut scenario = page("", "");
    scenario
        .get(0.0, "/a")
        .update(0.5, "Row", &[("slug", "a")])
        .get(2.0, "/a");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [1, 0, 1, 0, 0]);
    let level = &report.levels["page"];
    assert_eq!(level.out_of_date.serves, 1);
    assert_eq!(level.out_of_date.when_out_of_date.max, Some(1.5));
    assert_eq!(level.window.max, Some(1.5));
    // Until its ttl ends; the run is over before.
    assert_eq!(level.exposure.max, Some(1.5));
}

#[test]
fn a_fenced_fill_that_was_overtaken_is_not_stored() {
    for (write, stored) in [(0.0, false), (0.5, false), (1.0, false), (1.001, true)] {
        let mut scenario = page("fence", "");
        scenario
            .get(0.0, "/a")
            .update(write, "Row", &[("slug", "a")])
            .get(2.0, "/b");
        let report = scenario.run();
        let overtaken = report.levels["page"].not_stored.get("overtaken").copied();
        assert_eq!(overtaken.unwrap_or(0), u64::from(!stored), "{write}");
    }
}

#[test]
fn other_rows_overtake_nothing() {
    let mut scenario = page("fence", "");
    scenario
        .get(0.0, "/a")
        .update(0.5, "Row", &[("slug", "b")])
        .get(2.0, "/a");
    assert_eq!(outcomes(&scenario.run(), "page"), [1, 0, 1, 0, 0]);
}

#[test]
fn the_whole_family_overtakes() {
    let mut scenario = page("fence", "on Row delete { purge page(*) }");
    scenario.get(0.0, "/a").write(0.5, "Row", |write| {
        write.operation = cachepolicy_core::edge::Operation::Delete;
        write.old = Some(super::fields(&[("slug", "z")]));
    });
    scenario.get(2.0, "/a");
    assert_eq!(outcomes(&scenario.run(), "page"), [0, 0, 2, 0, 0]);
}

#[test]
fn tags_overtake_too() {
    let mut scenario = page(
        "fence; tags \"row:{x}\"",
        "on Row delete { purge tag \"row:{slug}\" }",
    );
    scenario.get(0.0, "/a").write(0.5, "Row", |write| {
        write.operation = cachepolicy_core::edge::Operation::Delete;
        write.old = Some(super::fields(&[("slug", "a")]));
    });
    scenario.get(2.0, "/a");
    assert_eq!(outcomes(&scenario.run(), "page"), [0, 0, 2, 0, 0]);
}

#[test]
fn a_flush_takes_the_tokens_along() {
    let mut scenario = page("fence", "");
    scenario.get(0.0, "/a").flush(0.5, "copies").get(2.0, "/a");
    let report = scenario.run();
    assert_eq!(report.levels["page"].not_stored["overtaken"], 1);
}

#[test]
fn taking_an_overtaken_result_in_is_being_overtaken() {
    // Through a level that is not stored and one that has no fence.
    let mut scenario = Scenario::new(
        "model Row { id; slug }
         backend copies redis
         object item(x) { store copies; reads Row(slug: x); ttl 100s; cost 1s; fence }
         fragment part(x) { store copies; contains item(x); ttl 100s }
         view page(x) { route GET \"/{x}\"; contains part(x) }
         site all { route GET \"/**\"; store copies; ttl 100s; fence }
         on Row update { purge item(x: slug) }",
    );
    scenario
        .get(0.0, "/a")
        .update(0.5, "Row", &[("slug", "a")])
        .get(2.0, "/a");
    let report = scenario.run();
    assert_eq!(report.levels["item"].not_stored["overtaken"], 1);
    assert_eq!(report.levels["part"].not_stored.values().sum::<u64>(), 0);
    assert_eq!(report.levels["all"].not_stored["overtaken"], 1);
    // The part was stored with the old row in it, and the site took that in.
    assert_eq!(outcomes(&report, "part"), [1, 0, 1, 0, 0]);
    assert_eq!(report.levels["part"].out_of_date.serves, 1);
    assert_eq!(report.requests.out_of_date.serves, 1);
}

#[test]
fn waiters_of_an_overtaken_fill_are_served_it() {
    let mut scenario = page("fence; stampede coalesce", "");
    scenario
        .get(0.0, "/a")
        .get(0.1, "/a")
        .update(0.5, "Row", &[("slug", "a")]);
    let report = scenario.run();
    let level = &report.levels["page"];
    assert_eq!((level.fills, level.waited), (1, 1));
    // Somebody else's fill: a serve, and out of date. The first one's own is none.
    assert_eq!(level.out_of_date.serves, 1);
    assert_eq!(level.out_of_date.when_out_of_date.max, Some(0.5));
    assert_eq!(report.requests.out_of_date.serves, 1);
}

#[test]
fn before_the_commit_is_too_early() {
    let mut scenario = Scenario::new(
        "model Row { id; slug }
         backend copies redis
         view page(x) { route GET \"/{x}\"; store copies; reads Row(slug: x); ttl 100s }
         on Row update before commit by 100ms { purge page(x: slug) }",
    );
    scenario
        .get(0.0, "/a")
        .get(9.95, "/a") // purged at 9.9: reads the old data again
        .update(10.0, "Row", &[("slug", "a")])
        .get(11.0, "/a");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [1, 0, 2, 0, 0]);
    assert_eq!(
        report.levels["page"].out_of_date.when_out_of_date.max,
        Some(1.0)
    );
}

#[test]
fn a_replica_that_lags_brings_the_old_row_back() {
    let mut scenario = Scenario::new(
        "model Row { id; slug }
         origin db { replica-lag 200ms }
         backend copies redis
         view page(x) { route GET \"/{x}\"; store copies; reads Row(slug: x); ttl 100s; cost 1ms on db; fence }
         on Row update { purge page(x: slug) }",
    );
    scenario
        .get(0.0, "/a")
        .update(10.0, "Row", &[("slug", "a")])
        .get(10.1, "/a") // reads what was there at 9.9
        .get(11.0, "/a")
        .update(20.0, "Row", &[("slug", "a")])
        .get(20.2, "/a") // reads what was there at 20, the write included
        .get(21.0, "/a");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [2, 0, 3, 0, 0]);
    assert_eq!(report.levels["page"].out_of_date.serves, 1);
    assert_eq!(
        report.levels["page"].out_of_date.when_out_of_date.max,
        Some(1.0)
    );
}

#[test]
fn a_cascade_overtakes_whoever_is_the_first_to_embed() {
    let mut scenario = Scenario::new(
        "model Row { id; slug }
         origin db { slots 99 }
         backend copies redis
         object item(x) { store copies; reads Row(slug: x); ttl 100s; cost 1s on db }
         object list(x) { store copies; contains item(x); ttl 100s; cost 1s on db; fence }
         view page(x) { route GET \"/{x}\"; contains list(x) }
         on Row update { purge item(x: slug) cascade }",
    );
    scenario
        .get(0.0, "/a")
        .update(0.5, "Row", &[("slug", "a")])
        .get(5.0, "/a");
    let report = scenario.run();
    // The item has no fence, and keeps the old data; what the list took in of it is not stored.
    assert_eq!(outcomes(&report, "item"), [1, 0, 1, 0, 0]);
    assert_eq!(outcomes(&report, "list"), [0, 0, 2, 0, 0]);
    assert_eq!(report.levels["list"].not_stored["overtaken"], 1);
}
