//! Look-ups, lifetimes, keys.

use super::{Scenario, outcomes};
use cachepolicy_trace::event::{Access, AccessKey, AccessOperation, Event};

const PAGE: &str =
    "backend copies proxy\nview page(x) { route GET \"/{x}\"; store copies; ttl 10s }";

#[test]
fn a_copy_is_fresh_for_its_ttl() {
    let mut scenario = Scenario::new(PAGE);
    scenario
        .get(0.0, "/a")
        .get(9.999, "/a")
        .get(10.0, "/a")
        .get(12.0, "/b");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [1, 0, 3, 0, 0]);
    assert_eq!(report.requests.count, 4);
    assert_eq!(report.requests.origin_free, 1);
}

#[test]
fn the_access_log_example() {
    let text = include_str!("../../../../tests/data/policies/access_log.cachepolicy");
    let mut scenario = Scenario::whole(text);
    scenario
        .get(0.0, "/a?utm_source=x&b=1")
        .get(1.0, "/a?b=1")
        .get(2.0, "/admin/x")
        .request(3.0, "/a?b=1", |request| request.user = Some("7".into()))
        .request(4.0, "/gone", |request| request.status = Some(404))
        .request(5.0, "/gone", |request| request.status = Some(404))
        .request(6.0, "/a?b=1", |request| request.method = "HEAD".into());
    let report = scenario.run();
    assert_eq!(outcomes(&report, "pages"), [2, 0, 2, 1, 2]);
}

#[test]
fn the_key_value_example() {
    let text = include_str!("../../../../tests/data/policies/kv_trace.cachepolicy");
    let mut scenario = Scenario::whole(text);
    for (seconds, key) in [(0.0, 1), (1.0, 2), (2.0, 1), (3.0, 3), (4.0, 2)] {
        scenario.event(Event::Access(Access {
            at: super::at(seconds),
            operation: AccessOperation::Get,
            key: AccessKey::Number(key),
            bytes: Some(10),
            ttl: None,
            cost: None,
        }));
    }
    let report = scenario.run();
    assert_eq!(outcomes(&report, "entry"), [2, 0, 3, 0, 0]);
}

#[test]
fn what_no_level_answers_is_counted_by_how_it_begins() {
    let mut scenario = Scenario::new(PAGE);
    scenario
        .get(0.0, "/a")
        .get(1.0, "/static/a.css")
        .get(2.0, "/static/b.css")
        .request(3.0, "/a", |request| request.method = "POST".into());
    let report = scenario.run();
    let unrouted = report.unrouted.expect("some are not answered");
    assert_eq!((unrouted.count, report.requests.count), (3, 4));
    let beginnings: Vec<_> = unrouted.beginnings.into_iter().collect();
    let expected = [("/static/…".to_owned(), 2), ("POST /a".to_owned(), 1)];
    assert_eq!(beginnings, expected);
    assert_eq!(report.notes, [""; 0], "nothing is made of data here");
}

#[test]
fn a_trace_without_writes_is_said_to_be_one() {
    let read = PAGE.replace("ttl 10s", "ttl 10s; reads Article");
    let mut scenario = Scenario::new(&format!("model Article {{ id }}\n{read}"));
    let report = scenario.get(0.0, "/a").run();
    let said = |note: &String| note.contains("nothing was written in this trace");
    assert!(report.notes.iter().any(said), "{:?}", report.notes);
}
