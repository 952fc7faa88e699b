//! How long copies live, and what happens at the ends.

use super::{Scenario, outcomes};

fn page(properties: &str) -> Scenario {
    Scenario::new(&format!(
        "origin db {{ slots 9 }}
         backend copies proxy
         view page(x) {{ route GET \"/{{x}}\"; store copies; {properties} }}"
    ))
}

#[test]
fn ttl_counts_from_the_store() {
    let mut scenario = page("ttl 10s; cost 2s");
    scenario.get(0.0, "/a").get(11.999, "/a").get(12.0, "/a");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [1, 0, 2, 0, 0]);
    assert_eq!(report.requests.latency.max, Some(2.0));
}

#[test]
fn sliding_restarts_on_a_read() {
    let mut scenario = page("ttl 10s sliding");
    for seconds in [0.0, 9.0, 18.0, 27.0, 37.0] {
        scenario.get(seconds, "/a");
    }
    assert_eq!(outcomes(&scenario.run(), "page"), [3, 0, 2, 0, 0]);
}

#[test]
fn jitter_only_shortens() {
    let mut scenario = page("ttl 10s jitter 20%");
    for key in 0..200 {
        let path = format!("/{key}");
        scenario
            .get(0.0, &path)
            .get(7.99, &path)
            .get(9.0, &path)
            .get(10.0, &path);
    }
    let [fresh, _, miss, ..] = outcomes(&scenario.run(), "page");
    // All are there at 7.99 s, about half of them at 9 s; at 10 s only what was stored again.
    assert_eq!(fresh + miss, 800);
    let at_9 = 800 - 200 - 200 - fresh;
    assert!(at_9.abs_diff(0) < 200, "{fresh} {miss}");
    assert!((280..320).contains(&(fresh - 100)), "{fresh}");
}

#[test]
fn a_stale_copy_is_served_while_one_refreshes() {
    let mut scenario = page("ttl 10s; stale-while-revalidate 5s; cost 1s on db");
    scenario
        .get(0.0, "/a") // stored at 1
        .get(12.0, "/a") // stale: one refresh, stored at 13
        .get(12.5, "/a") // stale: it runs already
        .get(13.0, "/a") // fresh
        .get(29.0, "/a"); // past the window
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [1, 2, 2, 0, 0]);
    let level = &report.levels["page"];
    assert_eq!((level.fills, level.refreshes), (3, 1));
    assert_eq!(level.expired_serves, 2);
    assert_eq!(report.requests.origin_free, 3);
    assert_eq!(report.origins["db"].work, 3);
}

#[test]
fn a_window_ends_at_its_instant() {
    let mut scenario = page("ttl 10s; stale-while-revalidate 5s");
    scenario.get(0.0, "/a").get(15.0, "/a");
    assert_eq!(outcomes(&scenario.run(), "page"), [0, 0, 2, 0, 0]);
}

#[test]
fn an_error_is_covered_by_an_expired_copy() {
    let mut scenario = page("ttl 10s; stale-if-error 20s; cost 1s on db");
    scenario
        .get(0.0, "/a") // stored at 1
        .outage(15.0, "db", 100.0)
        .get(20.0, "/a") // expired: fill fails, the copy is served
        .get(30.999, "/a") // still
        .get(31.0, "/a") // dead: an error
        .get(40.0, "/b"); // never there
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [0, 0, 5, 0, 0]);
    assert_eq!(report.levels["page"].expired_serves, 2);
    assert_eq!(report.requests.errors, 2);
    assert_eq!(report.levels["page"].not_stored["failed"], 4);
}

#[test]
fn absences_are_kept_for_their_own_time() {
    let mut scenario = page("ttl 100s; negative ttl 5s; stale-while-revalidate 50s");
    for seconds in [0.0, 4.9, 5.0] {
        scenario.request(seconds, "/gone", |request| request.status = Some(404));
    }
    scenario.request(6.0, "/a", |request| request.status = Some(500));
    scenario.get(7.0, "/a");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [0, 0, 4, 1, 0]);
    assert_eq!(report.requests.errors, 1);
}

#[test]
fn absences_are_not_kept_unasked() {
    let mut scenario = page("ttl 100s");
    for seconds in [0.0, 1.0] {
        scenario.request(seconds, "/gone", |request| request.status = Some(410));
    }
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [0, 0, 2, 0, 0]);
    assert_eq!(report.levels["page"].not_stored["absence-not-kept"], 2);
}

#[test]
fn only_some_statuses_are_stored() {
    let mut scenario = page("ttl 100s");
    for (seconds, path, status) in [
        (0.0, "/a", 200),
        (1.0, "/a", 200),
        (2.0, "/b", 302),
        (3.0, "/b", 302),
        (4.0, "/c", 304),
        (5.0, "/c", 304),
    ] {
        scenario.request(seconds, path, |request| request.status = Some(status));
    }
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [2, 0, 4, 0, 0]);
    assert_eq!(report.levels["page"].not_stored["status"], 2);
}

#[test]
fn the_trace_names_lifetimes() {
    let mut scenario = page("ttl from response else 10s max 60s");
    let seconds = |s| Some(cachepolicy_core::Duration::from_secs(s));
    scenario
        .request(0.0, "/a", |request| request.ttl = seconds(30))
        .get(29.0, "/a")
        .request(30.0, "/a", |request| request.ttl = seconds(1000))
        .get(89.0, "/a")
        .get(90.0, "/a") // silent: 10 s
        .get(100.0, "/a");
    assert_eq!(outcomes(&scenario.run(), "page"), [2, 0, 4, 0, 0]);
}

#[test]
fn what_is_slower_than_the_timeout_is_not_stored() {
    let mut scenario = page("ttl 100s; timeout 1s; cost from trace else 10ms");
    let cost = |s| Some(cachepolicy_core::Duration::from_secs_f64(s));
    scenario
        .request(0.0, "/a", |request| request.cost = cost(1.001))
        .request(10.0, "/a", |request| request.cost = cost(1.0))
        .get(20.0, "/a");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [1, 0, 2, 0, 0]);
    assert_eq!(report.levels["page"].not_stored["timeout"], 1);
}

#[test]
fn early_refresh_fills_before_the_end() {
    let mut scenario = page("ttl 10s; early-refresh xfetch beta 1; cost 2s");
    for step in 0..400 {
        scenario.get(f64::from(step) * 0.1, "/a");
    }
    let report = scenario.run();
    let level = &report.levels["page"];
    assert!(level.fills >= 4, "{}", level.fills);
    // Without it the fills would be 12 s apart and met by everybody who comes meanwhile.
    assert!(level.stampede.cause.as_deref() == Some("early-refresh") || level.stampede.peak > 1);
}
