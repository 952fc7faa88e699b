//! Tiers, processes, points of presence; outages and restarts.

use super::{Scenario, outcomes};
use cachepolicy_trace::event::NamedFault;

#[test]
fn memory_exists_once_in_each_process() {
    let mut scenario = Scenario::whole(
        "policy test { edition 1; processes 2 }
         backend near memory
         view page { route GET \"/\"; store near; ttl 1h }",
    );
    for (process, seconds) in [(0, 0.0), (1, 1.0), (0, 2.0), (1, 3.0)] {
        scenario.get_in(process, seconds, "/");
    }
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [2, 0, 2, 0, 0]);
    assert_eq!(report.backends["near"].instances, 2);
}

#[test]
fn requests_go_round() {
    let mut scenario = Scenario::whole(
        "policy test { edition 1; processes 3 }
         backend near memory
         view page { route GET \"/\"; store near; ttl 1h }",
    );
    for seconds in 0..6 {
        scenario.get(f64::from(seconds), "/");
    }
    assert_eq!(outcomes(&scenario.run(), "page"), [3, 0, 3, 0, 0]);
}

#[test]
fn who_goes_on_before_the_application_has_no_thread_after_a_restart() {
    let mut scenario = Scenario::whole(
        "policy test { edition 1; processes 1; threads 1 }
         origin db { slots 9 }
         backend front proxy
         site whole { route GET \"/**\"; store front; ttl 1s; cost 5s on db }
         view page { route GET \"/\"; cost 1s on db }",
    );
    scenario
        .get(0.0, "/")
        .fault(3.0, NamedFault::Restart { process: 0 })
        .get(20.0, "/");
    let report = scenario.run();
    assert_eq!((report.requests.count, report.requests.errors), (2, 0));
}

fn tiered(near: &str) -> Scenario {
    Scenario::whole(&format!(
        "policy test {{ edition 1; processes 2 }}
         backend near memory {{ latency 1ms }}
         backend far redis {{ latency 10ms; on-failure bypass after 20ms }}
         view page {{ route GET \"/\"; store {near}, far; ttl 100s; cost 1s }}"
    ))
}

#[test]
fn a_fresh_copy_comes_nearer() {
    let mut scenario = tiered("near");
    scenario
        .get_in(0, 0.0, "/")
        .get_in(1, 10.0, "/")
        .get_in(1, 20.0, "/");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [2, 0, 1, 0, 0]);
    let latency = &report.levels["page"].latency;
    assert_eq!(latency.max, Some(1.011));
    // 1.011, 0.011 and 0.001
    assert!((latency.mean.unwrap() - 1.023 / 3.0).abs() < 1e-6);
}

#[test]
fn a_promoted_copy_keeps_its_times() {
    let mut scenario = tiered("near");
    scenario
        .get_in(0, 0.0, "/")
        .get_in(1, 99.0, "/")
        .get_in(1, 101.1, "/");
    assert_eq!(outcomes(&scenario.run(), "page"), [1, 0, 2, 0, 0]);
}

#[test]
fn a_ceiling_ends_the_residence() {
    let mut scenario = tiered("near ttl 5s");
    scenario
        .get_in(0, 0.0, "/")
        .get_in(0, 5.0, "/")
        .get_in(0, 7.0, "/");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [2, 0, 1, 0, 0]);
    // Stored at 1.011; at 5 the near one answers, at 7 the far one.
    let latency = &report.levels["page"].latency;
    assert!((latency.mean.unwrap() - (1.011 + 0.001 + 0.011) / 3.0).abs() < 1e-6);
}

#[test]
fn what_is_down_is_gone_around_and_nothing_is_stored_there() {
    let mut scenario = tiered("near");
    scenario
        .outage(0.0, "far", 10.0)
        .get_in(0, 0.0, "/")
        .get_in(0, 5.0, "/") // the near tier has it
        .get_in(1, 20.0, "/"); // the far one has not
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [1, 0, 2, 0, 0]);
    assert_eq!(report.levels["page"].latency.max, Some(1.021));
}

#[test]
fn a_level_whose_backend_is_down_is_bypassed() {
    let mut scenario = Scenario::new(
        "backend far redis { latency 1ms; on-failure bypass after 20ms }
         view page { route GET \"/\"; store far; ttl 100s; cost 1s; stampede coalesce }",
    );
    scenario
        .get(0.0, "/")
        .outage(5.0, "far", 10.0)
        .get(6.0, "/")
        .get(6.0, "/")
        .get(14.5, "/") // bypasses: it stores nothing although the backend is back by then
        .get(50.0, "/");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [1, 0, 1, 0, 3]);
    let level = &report.levels["page"];
    assert_eq!((level.fills, level.lock.waits), (1, 0));
    assert_eq!(report.requests.latency.max, Some(1.02));
}

#[test]
fn or_answered_with_an_error() {
    let mut scenario = Scenario::new(
        "backend far redis { on-failure error after 20ms }
         view page { route GET \"/\"; store far; ttl 100s; cost 1s }",
    );
    scenario
        .outage(0.0, "far", 10.0)
        .get(1.0, "/")
        .get(20.0, "/");
    let report = scenario.run();
    assert_eq!(report.requests.errors, 1);
    assert_eq!(report.requests.origin_free, 0);
    assert_eq!(report.levels["page"].fills, 1);
}

#[test]
fn a_backend_that_goes_down_during_a_fill_takes_nothing() {
    let mut scenario = Scenario::new(
        "backend far redis { on-failure bypass }
         view page { route GET \"/\"; store far; ttl 100s; cost 2s }",
    );
    scenario
        .get(0.0, "/")
        .outage(1.0, "far", 5.0)
        .get(10.0, "/");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [0, 0, 2, 0, 0]);
    assert_eq!(report.levels["page"].not_stored["backend-down"], 1);
}

#[test]
fn a_restart_empties_memory_and_cuts_off() {
    let mut scenario = Scenario::whole(
        "policy test { edition 1; processes 2 }
         origin db { slots 1 }
         backend near memory
         backend on_disk disk
         object m { store near; ttl 1h }
         object d { store on_disk; ttl 1h }
         view page { route GET \"/\"; contains m, d }
         view slow { route GET \"/slow\"; cost 5s on db }",
    );
    scenario
        .get_in(0, 0.0, "/")
        .get_in(1, 0.0, "/")
        .get_in(0, 1.0, "/slow")
        .get_in(0, 1.5, "/slow") // queued at the origin
        .get_in(1, 2.0, "/slow")
        .fault(3.0, NamedFault::Restart { process: 0 })
        .get_in(0, 4.0, "/")
        .get_in(1, 4.0, "/");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "m"), [1, 0, 3, 0, 0]);
    assert_eq!(outcomes(&report, "d"), [2, 0, 2, 0, 0]);
    assert_eq!(report.requests.errors, 2);
    assert_eq!(report.origins["db"].work, 3);
}

#[test]
fn a_deploy_makes_every_copy_unreachable() {
    let mut scenario = Scenario::new(
        "backend far redis
         view page(x) { route GET \"/{x}\"; store far; ttl 1h }",
    );
    scenario
        .get(0.0, "/a")
        .get(1.0, "/a")
        .fault(2.0, NamedFault::Deploy)
        .get(3.0, "/a")
        .get(4.0, "/a");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [2, 0, 2, 0, 0]);
    // The old one waits for eviction.
    assert_eq!(report.backends["far"].entries, 2);
    // The first of two equally large stampedes is the one that is shown.
    assert_eq!(
        report.levels["page"].stampede.cause.as_deref(),
        Some("cold-start")
    );
}

#[test]
fn a_cdn_has_a_copy_in_each_point_of_presence() {
    let mut scenario = Scenario::whole(
        "policy test { edition 1; threads 1 }
         model Row { id }
         backend edge cdn { pops 4 }
         site all { route GET \"/**\"; store edge; ttl 1h; cost 1s; tags \"all\" }
         on Row update { purge tag \"all\" }",
    );
    for step in 0..100 {
        scenario.get(f64::from(step) * 10.0, "/");
    }
    scenario.update(2000.0, "Row", &[("id", "1")]);
    let report = scenario.run();
    assert_eq!(outcomes(&report, "all"), [96, 0, 4, 0, 0]);
    assert_eq!(report.invalidation[0].removed, 4);
}

#[test]
fn threads_are_few() {
    let mut scenario = Scenario::whole(
        "policy test { edition 1; threads 1 }
         backend near memory
         view page(x) { route GET \"/{x}\"; store near; ttl 1h; cost 1s }",
    );
    scenario.get(0.0, "/a").get(0.1, "/b").get(0.2, "/a");
    let report = scenario.run();
    // b begins at 1, the second a at 2, when there is a copy.
    assert_eq!(outcomes(&report, "page"), [1, 0, 2, 0, 0]);
    assert_eq!(report.requests.latency.max, Some(1.9));
}

#[test]
fn what_answers_before_the_application_needs_no_thread() {
    let mut scenario = Scenario::whole(
        "policy test { edition 1; threads 1 }
         backend front proxy
         site all { route GET \"/**\"; store front; ttl 1h }
         view page(x) { route GET \"/{x}\"; cost 1s }",
    );
    scenario
        .get(0.0, "/a")
        .get(10.0, "/b")
        .get(10.5, "/a")
        .get(10.6, "/c");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "all"), [1, 0, 3, 0, 0]);
    assert_eq!(report.requests.latency.max, Some(1.4));
}

#[test]
fn a_restart_ends_those_that_wait_for_a_thread() {
    let mut scenario = Scenario::whole(
        "policy test { edition 1; threads 1; processes 2 }
         origin db
         view page(x) { route GET \"/{x}\"; cost 1s on db }",
    );
    scenario
        .get_in(0, 0.0, "/a")
        .get_in(0, 0.1, "/b")
        .get_in(1, 0.2, "/c")
        .get_in(1, 0.3, "/d")
        .fault(0.5, NamedFault::Restart { process: 0 })
        .get_in(0, 0.6, "/e");
    let report = scenario.run();
    assert_eq!((report.requests.count, report.requests.errors), (5, 2));
    assert_eq!(report.requests.latency.max, Some(1.9));
    assert_eq!(report.origins["db"].work, 4);
}
