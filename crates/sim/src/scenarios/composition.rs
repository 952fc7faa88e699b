//! Levels in levels.

use super::{Scenario, outcomes};
use cachepolicy_trace::event::NamedFault;

#[test]
fn a_walk_goes_depth_first_and_ends_at_hits() {
    let mut scenario = Scenario::new(
        "origin db { slots 1 }
         backend far redis
         object leaf(x) { store far; ttl 10s; cost 100ms on db }
         object twig(x) { store far; ttl 20s; contains leaf(x); cost 10ms }
         fragment part(x) { store far; ttl 30s; contains twig(x), leaf(x); cost 1ms }
         view page(x) { route GET \"/{x}\"; contains part(x); cost 1s }
         site all { route GET \"/**\"; store far; ttl 40s }",
    );
    scenario.get(0.0, "/a").get(35.0, "/a").get(80.0, "/b");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "all"), [1, 0, 2, 0, 0]);
    assert_eq!(outcomes(&report, "part"), [0, 0, 2, 0, 0]);
    assert_eq!(outcomes(&report, "twig"), [0, 0, 2, 0, 0]);
    // Once inside the twig, once beside it.
    assert_eq!(outcomes(&report, "leaf"), [2, 0, 2, 0, 0]);
    assert_eq!(report.requests.latency.max, Some(1.111));
    assert_eq!(report.requests.origin_free, 1);
}

#[test]
fn sites_in_sites() {
    let mut scenario = Scenario::new(
        "backend edge cdn { pops 1; latency 1ms }
         backend front proxy { latency 2ms }
         site inner { route GET|HEAD \"/v1/**\"; store front; ttl 100s }
         site outer { route GET|HEAD \"/**\"; store edge; ttl 10s; contains inner }
         view page(x) { route GET \"/v1/{x}\"; cost 1s }
         view other { route GET \"/other\"; cost 2s }",
    );
    scenario
        .get(0.0, "/v1/a")
        .get(5.0, "/v1/a")
        .get(20.0, "/v1/a")
        .get(30.0, "/other");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "outer"), [1, 0, 3, 0, 0]);
    assert_eq!(outcomes(&report, "inner"), [1, 0, 1, 0, 0]);
    assert_eq!(report.routes["GET /v1/{x}"].count, 3);
    assert_eq!(report.routes["GET /other"].latency.max, Some(2.001));
}

#[test]
fn what_is_skipped_is_neither_read_nor_written() {
    let mut scenario = Scenario::new(
        "request { user.id personal; cookie draft }
         backend far redis
         object item { store far; ttl 1h }
         site all { route GET \"/**\"; store far; ttl 1h; skip when user.id and not path(\"/pub/**\") or draft == \"1\" }
         view page(x) { route GET \"/{x}\"; contains item }
         view shared(x) { route GET \"/pub/{x}\"; contains item }",
    );
    let user = |request: &mut cachepolicy_trace::event::Request| {
        request.user = Some("7".into());
        request.user_known = true;
    };
    scenario
        .request(0.0, "/a", user)
        .request(1.0, "/a", user)
        .request(2.0, "/pub/a", user)
        .get(3.0, "/pub/a")
        .request(4.0, "/pub/a", |request| {
            request.cookies.push(("draft".into(), "1".into()))
        })
        .request(5.0, "/pub/a", |request| {
            request.cookies.push(("draft".into(), "2".into()))
        });
    let report = scenario.run();
    assert_eq!(outcomes(&report, "all"), [2, 0, 1, 0, 3]);
    assert_eq!(outcomes(&report, "item"), [3, 0, 1, 0, 0]);
}

#[test]
fn a_value_outside_its_domain_bypasses_whatever_depends_on_it() {
    let mut scenario = Scenario::new(
        "request { query page in 1..9 else 1; ignore query * }
         backend far redis
         object list(n) { store far; ttl 1h }
         object item { store far; ttl 1h }
         view shelf { route GET \"/\"; store far; ttl 1h; uses page; vary page; contains list(page), item }",
    );
    scenario
        .get(0.0, "/?page=1&x=1")
        .get(1.0, "/?page=1")
        .get(2.0, "/?page=9999")
        .get(3.0, "/?page=2");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "shelf"), [1, 0, 2, 0, 1]);
    assert_eq!(outcomes(&report, "item"), [2, 0, 1, 0, 0]);
}

#[test]
fn lists_are_looked_up_one_by_one() {
    let mut scenario = Scenario::new(
        "origin db { slots 1 }
         backend far redis { latency 1ms }
         object item(x) { store far; ttl 1h; cost 100ms on db }
         view shelf { route GET \"/\"; data ids max 10; contains item(each ids) }",
    );
    let ids = |ids: &'static [&'static str]| {
        move |request: &mut cachepolicy_trace::event::Request| {
            let ids = ids.iter().map(|id| (*id).to_owned()).collect();
            request.data.push(("ids".into(), ids));
        }
    };
    scenario
        .request(0.0, "/", ids(&["1", "2", "3"]))
        .request(10.0, "/", ids(&["2", "3", "4"]));
    let report = scenario.run();
    assert_eq!(outcomes(&report, "item"), [2, 0, 4, 0, 0]);
    assert_eq!(report.requests.latency.max, Some(0.303));
    assert_eq!(report.origins["db"].work, 4);
}

#[test]
fn a_batch_is_one_unit_of_work() {
    let mut scenario = Scenario::new(
        "model Row { id; slug }
         origin db { slots 1 }
         backend far redis { latency 1ms }
         object item(x) { store far; ttl 1h; cost 100ms on db; batch max 2 each 10ms; reads Row(slug: x); stampede coalesce }
         view shelf { route GET \"/\"; data ids max 10; contains item(each ids); cost 1s }",
    );
    let ids = |ids: &'static [&'static str]| {
        move |request: &mut cachepolicy_trace::event::Request| {
            let ids = ids.iter().map(|id| (*id).to_owned()).collect();
            request.data.push(("ids".into(), ids));
        }
    };
    scenario
        .request(0.0, "/", ids(&["1", "2", "3"])) // 1 and 2 at once, then 3
        .request(0.05, "/", ids(&["3", "1"])) // 1 is waited for: 3 is filled before
        .request(10.0, "/", ids(&["1", "2", "3"]));
    let report = scenario.run();
    // Two of the misses waited: the first request for 3, the second one for 1, after it had filled
    // the 3 that others could wait for.
    assert_eq!(outcomes(&report, "item"), [3, 0, 5, 0, 0]);
    let level = &report.levels["item"];
    assert_eq!((level.fills, level.waited, level.stampede.peak), (3, 2, 1));
    assert_eq!(report.origins["db"].work, 2);
    assert_eq!(report.requests.latency.max, Some(1.232));
}

#[test]
fn the_workload_draws_what_a_page_finds_once() {
    let mut scenario = Scenario::new(
        "backend far redis
         object item(x) { store far; ttl 1h }
         view shelf(n) { route GET \"/{n}\"; data ids max 5; contains item(each ids) }
         workload w { duration 1m; requests 1/s { GET \"/{n}\" n uniform(9) }; data ids 5 of uniform(1_000_000) }",
    );
    scenario.get(0.0, "/a").get(1.0, "/a").get(2.0, "/b");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "item"), [5, 0, 10, 0, 0]);
}

#[test]
fn absent_pages_have_absent_parts() {
    let mut scenario = Scenario::new(
        "backend far redis
         object item(x) { store far; ttl 1h; negative ttl 10s }
         object menu { store far; ttl 1h; negative ttl 10s }
         view page(x) { route GET \"/{x}\"; store far; ttl 1h; contains item(x), menu }",
    );
    for seconds in [0.0, 1.0] {
        scenario.request(seconds, "/a", |request| request.status = Some(404));
    }
    let report = scenario.run();
    assert_eq!(outcomes(&report, "item"), [0, 0, 1, 1, 0]);
    assert_eq!(outcomes(&report, "menu"), [1, 0, 1, 0, 0]);
}

#[test]
fn a_restart_cuts_off_a_batch_behind_a_proxy() {
    let mut scenario = Scenario::new(
        "origin db
         backend far redis
         backend front proxy
         object item(x) { store far; ttl 1h; cost 1s on db; batch max 5 each 10ms }
         object last { store far; ttl 1h; cost 1s on db }
         view page(x) { route GET \"/{x}\"; data all max 5; store front; ttl 1h; contains item(each all), last }",
    );
    let of_two = |request: &mut cachepolicy_trace::event::Request| {
        let all = vec!["a".to_owned(), "b".to_owned()];
        request.data.push(("all".into(), all));
    };
    scenario
        .request(0.0, "/a", of_two)
        .fault(0.5, NamedFault::Restart { process: 0 })
        .request(10.0, "/a", of_two);
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [0, 0, 2, 0, 0]);
    assert_eq!(outcomes(&report, "item"), [0, 0, 4, 0, 0]);
    assert_eq!(outcomes(&report, "last"), [0, 0, 1, 0, 0]);
    assert_eq!(report.requests.errors, 1);
}

#[test]
fn a_restart_cuts_off_what_stands_before_the_application_inside_of_it() {
    let mut scenario = Scenario::new(
        "backend far redis
         backend front proxy
         object item { store far; ttl 1h; cost 1s }
         view page(x) { route GET \"/{x}\"; store front; ttl 1h; contains item; cost 1s }
         site all { route GET \"/**\"; store far; ttl 1h }",
    );
    for seconds in [0.5, 1.5] {
        scenario
            .get(10.0 * seconds, "/a")
            .fault(10.0 * seconds + seconds, NamedFault::Restart { process: 0 });
    }
    let report = scenario.get(30.0, "/a").run();
    assert_eq!(outcomes(&report, "all"), [0, 0, 3, 0, 0]);
    assert_eq!(report.requests.errors, 2);
}
