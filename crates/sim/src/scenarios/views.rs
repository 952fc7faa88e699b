//! What users see: staleness, windows, leaks; and key-value traces.

use super::{Scenario, at, outcomes};
use crate::{Operations, SimError, Simulation};
use cachepolicy_trace::event::{Access, AccessKey, AccessOperation, Event};

#[test]
fn the_first_write_that_is_missed_counts() {
    let mut scenario = Scenario::new(
        "model Row { id; slug; title }
         backend far redis
         view page(x) { route GET \"/{x}\"; store far; ttl 100s; reads Row(slug: x).title }",
    );
    let change = |title: &'static str| {
        move |write: &mut cachepolicy_trace::event::Write| {
            write.old = Some(super::fields(&[
                ("slug", "a"),
                ("title", "old"),
                ("id", "1"),
            ]));
            write.new = Some(super::fields(&[
                ("slug", "a"),
                ("title", title),
                ("id", "1"),
            ]));
        }
    };
    scenario
        .get(0.0, "/a")
        .write(5.0, "Row", |write| {
            // Not what is read.
            write.old = Some(super::fields(&[
                ("slug", "a"),
                ("title", "old"),
                ("id", "1"),
            ]));
            write.new = Some(super::fields(&[
                ("slug", "a"),
                ("title", "old"),
                ("id", "2"),
            ]));
        })
        .get(6.0, "/a")
        .write(10.0, "Row", change("new"))
        .write(12.0, "Row", change("newer"))
        .update(13.0, "Row", &[("slug", "b")])
        .get(15.0, "/a")
        .get(20.0, "/a")
        .get(100.0, "/a")
        .get(101.0, "/a");
    let report = scenario.run();
    let level = &report.levels["page"];
    assert_eq!(level.out_of_date.serves, 2);
    assert_eq!(level.out_of_date.when_out_of_date.max, Some(10.0));
    assert_eq!(level.version_lag.max, Some(2.0));
    // Of the write at 10: last seen at 20, dead at 100; of that at 12 two seconds less.
    assert_eq!((level.window.count, level.window.max), (2, Some(10.0)));
    assert_eq!((level.exposure.count, level.exposure.max), (2, Some(90.0)));
    assert_eq!(report.requests.out_of_date.serves, 2);
}

#[test]
fn what_is_embedded_brings_its_own_snapshot_along() {
    let mut scenario = Scenario::new(
        "model Row { id; slug }
         backend far redis
         object item(x) { store far; ttl 50s; reads Row(slug: x) }
         view page(x) { route GET \"/{x}\"; store far; ttl 100s; contains item(x) }",
    );
    scenario
        .get(0.0, "/a?v=1")
        .update(10.0, "Row", &[("slug", "a")])
        .get(20.0, "/a?v=2") // a new page, with the old item in it
        .get(60.0, "/a?v=3") // a new item
        .get(70.0, "/a?v=2")
        .get(71.0, "/a?v=3");
    let report = scenario.run();
    assert_eq!(report.levels["item"].out_of_date.serves, 1);
    assert_eq!(report.levels["page"].out_of_date.serves, 1);
    assert_eq!(
        report.levels["page"].out_of_date.when_out_of_date.max,
        Some(60.0)
    );
    // The page at 20 was new, but the user saw what was in it.
    assert_eq!(report.requests.out_of_date.serves, 2);
}

#[test]
fn rows_of_a_list_count_each() {
    let mut scenario = Scenario::new(
        "model Row { id; slug }
         backend far redis
         view shelf { route GET \"/\"; store far; ttl 100s; data ids max 9; reads Row(slug: each ids) }",
    );
    let ids = |request: &mut cachepolicy_trace::event::Request| {
        request
            .data
            .push(("ids".into(), vec!["a".into(), "b".into()]));
    };
    scenario
        .request(0.0, "/", ids)
        .update(1.0, "Row", &[("slug", "c")])
        .request(2.0, "/", ids)
        .update(3.0, "Row", &[("slug", "b")])
        .update(4.0, "Row", &[("slug", "a")])
        .request(5.0, "/", ids);
    let report = scenario.run();
    assert_eq!(report.levels["shelf"].out_of_date.serves, 1);
    assert_eq!(
        report.levels["shelf"].out_of_date.when_out_of_date.max,
        Some(2.0)
    );
    assert_eq!(report.levels["shelf"].version_lag.max, Some(2.0));
}

#[test]
fn a_page_for_one_user_is_no_page_for_another() {
    let text = |vary: &str| {
        format!(
            "request {{ user.id personal }}
         backend far redis
         fragment sidebar(user) {{ store far; ttl 1h; uses user.id }}
         view page {{ route GET \"/\"; store far; ttl 1h; {vary} contains sidebar(user.id) }}"
        )
    };
    for (vary, leaks) in [("", 3), ("vary user.id;", 0)] {
        let mut scenario = Scenario::new(&text(vary));
        for (seconds, user) in [
            (0.0, Some("1")),
            (1.0, Some("1")),
            (2.0, Some("2")),
            (3.0, None),
            (4.0, Some("2")),
        ] {
            scenario.request(seconds, "/", |request| {
                request.user = user.map(str::to_owned);
                request.user_known = true;
            });
        }
        let report = scenario.run();
        assert_eq!(report.levels["page"].leaks, leaks, "{vary}");
        assert_eq!(report.requests.leaks, leaks, "{vary}");
        assert_eq!(report.levels["sidebar"].leaks, 0, "{vary}");
    }
}

#[test]
fn waiters_can_get_somebody_elses_page() {
    let mut scenario = Scenario::new(
        "request { user.id personal }
         backend far redis
         view page { route GET \"/\"; store far; ttl 1h; uses user.id; cost 1s; stampede coalesce }",
    );
    for (seconds, user) in [(0.0, "1"), (0.1, "1"), (0.2, "2")] {
        scenario.request(seconds, "/", |request| {
            request.user = Some(user.into());
            request.user_known = true;
        });
    }
    assert_eq!(scenario.run().levels["page"].leaks, 1);
}

#[test]
fn saved_time_is_what_the_hits_avoided() {
    let mut scenario = Scenario::new(
        "origin db { slots 9 }
         backend far redis
         object item(x) { store far; ttl 1h; cost 300ms on db }
         view page(x) { route GET \"/{x}\"; store far; ttl 10s; contains item(x); cost 100ms on db }",
    );
    // 400 ms of work; then none; then 100.
    scenario.get(0.0, "/a").get(1.0, "/a").get(20.0, "/a");
    let report = scenario.run();
    assert_eq!(report.requests.saved, Some(0.7 / 1.2));
    assert_eq!(report.requests.hit_ratio, Some(1.0 / 3.0));
}

fn access(seconds: f64, operation: AccessOperation, key: &str, bytes: Option<u64>) -> Event {
    Event::Access(Access {
        at: at(seconds),
        operation,
        key: AccessKey::Text(key.into()),
        bytes,
        ttl: None,
        cost: None,
    })
}

const KV: &str = "backend cache memory { capacity 1KiB; evict lru }
    object entry(key) { store cache; ttl forever; size from trace }";

#[test]
fn a_set_after_a_get_that_missed_is_its_fill() {
    use AccessOperation::{Delete, Get, Set};
    let events = [
        access(0.0, Get, "a", None),
        access(0.0, Set, "a", Some(100)),
        access(1.0, Get, "a", Some(100)),
        access(1.0, Set, "a", Some(200)), // it was there, and was changed
        access(2.0, Set, "b", Some(10)),  // nobody asked
        access(3.0, Get, "b", Some(10)),
        access(4.0, Delete, "b", None),
        access(5.0, Get, "b", None),
    ];
    for operations in [Operations::Auto, Operations::Fill, Operations::Write] {
        let mut scenario = Scenario::new(KV);
        scenario.options.operations = operations;
        for event in &events {
            scenario.event(event.clone());
        }
        let report = scenario.run();
        assert_eq!(
            outcomes(&report, "entry"),
            [2, 0, 2, 0, 0],
            "{operations:?}"
        );
        let bytes = report.backends["cache"].bytes;
        assert_eq!(bytes, 200 + 1024.min(bytes - 200), "{operations:?}");
    }
}

#[test]
fn sizes_of_sets_are_what_counts() {
    use AccessOperation::{Get, Set};
    let mut scenario = Scenario::new(KV);
    for (seconds, key) in [(0.0, "a"), (1.0, "b"), (2.0, "c")] {
        scenario
            .event(access(seconds, Get, key, None))
            .event(access(seconds, Set, key, Some(400)));
    }
    for key in ["c", "b", "a"] {
        scenario.event(access(10.0, Get, key, Some(400)));
    }
    // Two of 400 bytes fit.
    assert_eq!(scenario.run().backends["cache"].bytes, 800);
}

#[test]
fn a_set_that_a_slow_fill_overwrites() {
    use AccessOperation::{Get, Set};
    let text = |fence: &str| {
        format!(
            "backend cache redis; object entry(key) {{ store cache; ttl 1h; cost 1s; {fence} }}"
        )
        .replace("; object", "\nobject")
    };
    for (fence, serves) in [("", 1), ("fence", 0)] {
        let mut scenario = Scenario::new(&text(fence));
        scenario.options.operations = Operations::Write;
        scenario
            .event(access(0.0, Get, "a", None))
            .event(access(0.5, Set, "a", None))
            .event(access(2.0, Get, "a", None));
        let report = scenario.run();
        assert_eq!(report.levels["entry"].out_of_date.serves, serves, "{fence}");
        assert_eq!(outcomes(&report, "entry"), [1, 0, 1, 0, 0]);
    }
}

#[test]
fn what_does_not_fit_together_is_said() {
    let policy = cachepolicy_compiler::compile_text(
        "x",
        "policy p { edition 1 }\nmodel Row { id }\nbackend b redis",
    )
    .policy
    .unwrap();
    let mut simulation = Simulation::new(&policy, crate::Options::default()).unwrap();
    let push = |simulation: &mut Simulation, event: Event| {
        simulation.push(&event).map_err(|error| error.to_string())
    };
    let no_level = push(
        &mut simulation,
        access(1.0, AccessOperation::Get, "a", None),
    );
    assert!(no_level.unwrap_err().contains("`object entry(key)`"));
    let order = push(
        &mut simulation,
        access(0.5, AccessOperation::Get, "a", None),
    );
    assert!(order.unwrap_err().contains("not in order"));
    let flush = cachepolicy_trace::event::NamedFault::Flush {
        backend: "x".into(),
    };
    let fault = cachepolicy_trace::event::FaultEvent {
        at: at(2.0),
        fault: flush,
    };
    let unknown = push(&mut simulation, Event::Fault(fault));
    assert_eq!(
        unknown.unwrap_err(),
        "the trace names the backend `x`, which the policy does not declare; it declares `b`"
    );
    let fault = cachepolicy_trace::event::FaultEvent {
        at: at(3.0),
        fault: cachepolicy_trace::event::NamedFault::Restart { process: 5 },
    };
    let unknown = push(&mut simulation, Event::Fault(fault));
    assert_eq!(
        unknown.unwrap_err(),
        "the trace names the process `5`, which the policy does not declare; it has 1, and traces count them from 0"
    );
    let wrong = Simulation::new(
        &policy,
        crate::Options {
            level: Some(cachepolicy_core::LevelId(3)),
            ..crate::Options::default()
        },
    );
    assert!(matches!(wrong, Err(SimError::NoKeyLevel { .. })));
}

#[test]
fn without_levels_the_application_answers() {
    let mut scenario = Scenario::whole("policy test { edition 1 }");
    for second in 0..100 {
        scenario.get(f64::from(second), &format!("/{}", second % 7));
    }
    let report = scenario.run();
    assert_eq!(report.trace.requests, 100);
    assert!(report.levels.is_empty());
}
