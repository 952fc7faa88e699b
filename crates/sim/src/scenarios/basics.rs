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
