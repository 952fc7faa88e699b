//! Origins' load, and the routes that requests count for.

use super::{Scenario, at};
use crate::Simulation;
use crate::events::{Happening, Names, What};
use crate::report::Report;
use cachepolicy_core::units::Duration;
use cachepolicy_trace::event::Event;
use std::sync::{Arc, Mutex};

const SLOW: &str = "origin db { slots 1 }
    view page(x) { route GET \"/{x}\"; cost 4s on db }";

/// Runs a scenario; what origins did comes as `0.0 began after 0.0` and `4.0 done in 4.0`.
fn observed(scenario: &mut Scenario) -> (Report, Vec<String>) {
    scenario.events.sort_by_key(Event::at);
    let mut simulation = Simulation::new(&scenario.policy, scenario.options.clone()).unwrap();
    let rows = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&rows);
    simulation.observe(Box::new(move |happening: &Happening, _: &Names<'_>| {
        let row = match happening.what {
            What::WorkBegan { waited, .. } => format!("began after {:.1}", waited.as_secs_f64()),
            What::WorkEnded { took, failed, .. } => {
                let how = if failed { "failed" } else { "done" };
                format!("{how} in {:.1}", took.as_secs_f64())
            }
            _ => return,
        };
        let now = happening.at.since(at(0.0)).as_secs_f64();
        into.lock().unwrap().push(format!("{now:.1} {row}"));
    }));
    for event in &scenario.events {
        simulation.push(event).unwrap();
    }
    let report = simulation.finish();
    let rows = rows.lock().unwrap().clone();
    (report, rows)
}

#[test]
fn work_takes_as_long_as_its_service_and_not_as_its_queueing() {
    let mut scenario = Scenario::new(SLOW);
    scenario.get(0.0, "/a").get(1.0, "/b");
    let (_, rows) = observed(&mut scenario);
    assert_eq!(
        rows,
        [
            "0.0 began after 0.0",
            "4.0 done in 4.0",
            "4.0 began after 3.0",
            "8.0 done in 4.0",
        ]
    );
}

#[test]
fn a_failure_counts_when_its_service_began_after_the_warm_up() {
    let text = SLOW.replace("slots 1", "slots 1; failure-rate 100%");
    let mut scenario = Scenario::new(&text);
    scenario.options.warmup = Duration::from_secs(2);
    scenario.get(0.0, "/a").get(1.0, "/b");
    let (report, _) = observed(&mut scenario);
    // The first one's service began before, the second one's after.
    assert_eq!(report.origins["db"].failed, 1);
}

#[test]
fn refused_work_begins_and_fails_at_once_and_takes_no_slot() {
    let mut scenario = Scenario::new(SLOW);
    scenario
        .get(0.0, "/a")
        .get(1.0, "/b")
        .outage(2.0, "db", 10.0)
        .get(3.0, "/c");
    let (report, mut rows) = observed(&mut scenario);
    rows.sort();
    assert_eq!(
        rows,
        [
            "0.0 began after 0.0",
            "2.0 began after 1.0",
            "2.0 failed in 0.0",
            "2.0 failed in 2.0",
            "3.0 began after 0.0",
            "3.0 failed in 0.0",
        ]
    );
    let db = &report.origins["db"];
    assert_eq!((db.work, db.failed, db.busy_peak), (3, 3, 1));
}

#[test]
fn what_is_left_to_do_after_the_last_work_is_no_time_of_load() {
    let mut scenario = Scenario::new(
        "model Article { id }
         origin db { slots 1 }
         bus late { delivery at-least-once; delay 100s }
         backend copies proxy
         view page(x) { route GET \"/{x}\"; store copies; ttl 1h; reads Article(id: x)
           cost 4s on db; stampede lock 60s }
         on Article update after commit via late { purge page(x: id) }",
    );
    scenario
        .get(0.0, "/1")
        .update(2.0, "Article", &[("id", "1")])
        .get(4.0, "/2");
    let report = scenario.run();
    let late: u64 = report.invalidation.iter().map(|row| row.deliveries).sum();
    assert_eq!(late, 1);
    // Two pieces of work in 8 s, which was busy throughout.
    assert_eq!(report.origins["db"].rate.mean, Some(0.25));
    assert_eq!(report.origins["db"].utilisation, Some(1.0));
}

#[test]
fn a_claim_has_the_figures_of_its_method_and_of_its_path() {
    let mut scenario = Scenario::new(
        "origin db
         backend copies proxy
         site all { route GET \"/**\"; store copies; ttl 60s }
         view page(x) { route GET|POST \"/p/{x}\"; cost 1s on db }
         view special { route GET \"/p/special\"; cost 3s on db }
         workload w { duration 1s; requests 1/s { GET \"/o/{y}\" y uniform(9); GET \"/p/1\" } }
         expect {
           latency(POST \"/p/{x}\").max <= 2s
           latency(GET \"/p/{x}\").max <= 2s
           latency(GET \"/o/{y}\").max <= 2s
         }",
    );
    scenario
        .get(0.0, "/p/1")
        .get(10.0, "/p/special")
        .request(20.0, "/p/1", |request| request.method = "POST".into())
        .request(30.0, "/p/2", |request| request.method = "POST".into())
        .get(40.0, "/o/7")
        .get(50.0, "/q/7");
    let report = scenario.run();
    let mut counts = routes(&report);
    counts.sort_unstable();
    assert_eq!(
        counts,
        [
            ("GET /**", 2),
            ("GET /o/{y}", 1),
            ("GET /p/special", 1),
            ("GET /p/{x}", 1),
            ("GET|POST /p/{x}", 3),
            ("POST /p/{x}", 2),
        ]
    );
    assert_eq!(report.requests.count, 6);
    let held: Vec<_> = report.expectations.iter().map(|claim| claim.held).collect();
    assert_eq!(held, [Some(true); 3]);
}

#[test]
fn work_that_an_outage_cuts_off_took_as_long_as_it_ran() {
    let mut scenario = Scenario::new(
        "origin db { slots 1 }
         backend copies proxy
         view page(x) { route GET \"/{x}\"; store copies; ttl forever; cost 4s on db }",
    );
    scenario
        .get(0.0, "/a")
        .get(10.0, "/a") // saves 4 s
        .get(20.0, "/b")
        .get(21.0, "/c") // queues, and never begins
        .outage(22.0, "db", 5.0);
    let report = scenario.run();
    assert_eq!(report.requests.errors, 2);
    assert_eq!(report.requests.saved, Some(4.0 / (4.0 + 4.0 + 2.0)));
    assert_eq!(report.requests.origin_free, 1);
}

const SITE: &str = "backend copies proxy
    site public { route GET \"/**\"; store copies; ttl 60s }
    view page(x) { route GET \"/page/{x}\" }
    view never { route GET \"/never\" }
    view claimed { route GET \"/claimed\" }
    expect { latency(GET \"/claimed\").p99 <= 1s }";

fn routes(report: &Report) -> Vec<(&str, u64)> {
    let routes = report.routes.iter();
    routes
        .map(|(name, figures)| (name.as_str(), figures.count))
        .collect()
}

#[test]
fn a_request_counts_for_its_view_or_else_for_its_site() {
    let mut scenario = Scenario::new(SITE);
    scenario
        .get(0.0, "/page/1")
        .get(1.0, "/page/1")
        .get(2.0, "/about");
    assert_eq!(
        routes(&scenario.run()),
        [("GET /page/{x}", 2), ("GET /claimed", 0), ("GET /**", 1)]
    );
}

#[test]
fn a_route_without_requests_is_left_out_unless_a_claim_names_it() {
    let mut scenario = Scenario::new(SITE);
    scenario.get(0.0, "/page/1");
    assert_eq!(
        routes(&scenario.run()),
        [("GET /page/{x}", 1), ("GET /claimed", 0)]
    );
}
