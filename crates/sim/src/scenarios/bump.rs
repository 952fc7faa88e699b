//! Versions that a `bump` raises, and whom that reaches.

use super::{Scenario, outcomes};
use cachepolicy_trace::event::{Access, AccessKey, AccessOperation, Event};

/// Two processes, memory before Redis, and a `bump` that is a call in the writer's process.
fn tiered(verb: &str) -> Scenario {
    Scenario::whole(&format!(
        "policy test {{ edition 1; processes 2 }}
         model Row {{ id }}
         backend near memory
         backend far redis
         view page(x) {{ route GET \"/p/{{x}}\"; store near, far; ttl 1h }}
         on Row update {{ {verb} }}"
    ))
}

#[test]
fn a_version_in_a_shared_backend_hides_what_no_delivery_reaches() {
    for target in ["page(*)", "page(x: id)"] {
        // The only copy there still is lies in the memory of the other process.
        let mut scenario = tiered(&format!("bump {target}"));
        scenario
            .get_in(1, 0.0, "/p/a")
            .flush(1.0, "far")
            .update(2.0, "Row", &[("id", "a")])
            .get_in(1, 3.0, "/p/a");
        assert_eq!(
            outcomes(&scenario.run(), "page"),
            [0, 0, 2, 0, 0],
            "{target}"
        );
    }
    // A purge has no version.
    let mut scenario = tiered("purge page(*)");
    scenario
        .get_in(1, 0.0, "/p/a")
        .update(2.0, "Row", &[("id", "a")])
        .get_in(1, 3.0, "/p/a");
    assert_eq!(outcomes(&scenario.run(), "page"), [1, 0, 1, 0, 0]);
}

#[test]
fn memory_that_is_down_is_hidden_too() {
    let mut scenario = tiered("bump page(*)");
    scenario
        .get_in(0, 0.0, "/p/a")
        .flush(1.0, "far")
        .outage(2.0, "near", 5.0)
        .update(3.0, "Row", &[("id", "a")])
        .get_in(0, 10.0, "/p/a");
    assert_eq!(outcomes(&scenario.run(), "page"), [0, 0, 2, 0, 0]);
}

#[test]
fn who_cannot_raise_the_version_hides_nothing() {
    // Redis is down when the call is made: the copy in memory is served as before.
    let mut scenario = tiered("bump page(*)");
    scenario
        .get_in(0, 0.0, "/p/a")
        .outage(2.0, "far", 5.0)
        .update(3.0, "Row", &[("id", "a")])
        .get_in(0, 10.0, "/p/a");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [1, 0, 1, 0, 0]);
    assert_eq!(report.invalidation[0].lost, 1);
}

/// Each process has a version of its own where there is nothing but memory.
fn own(bus: &str, target: &str) -> Scenario {
    Scenario::whole(&format!(
        "policy test {{ edition 1; processes 2 }}
         model Row {{ id }}
         bus calls {{ delivery in-process{bus} }}
         backend near memory
         view page(x) {{ route GET \"/p/{{x}}\"; store near; ttl 1h; reads Row(id: x); tags \"all\" }}
         on Row update via calls {{ bump {target} }}"
    ))
}

#[test]
fn a_version_in_memory_is_that_of_one_process() {
    for (bus, target, expected, out_of_date) in [
        ("", "page(x: id)", [1, 0, 3, 0, 0], 1),
        ("", "tag \"all\"", [1, 0, 3, 0, 0], 1),
        ("; reaches all-processes", "page(x: id)", [0, 0, 4, 0, 0], 0),
        ("; reaches all-processes", "tag \"all\"", [0, 0, 4, 0, 0], 0),
    ] {
        let mut scenario = own(bus, target);
        for process in [0, 1] {
            scenario
                .get_in(process, 0.0, "/p/a")
                .get_in(process, 3.0, "/p/a");
        }
        scenario.update(2.0, "Row", &[("id", "a")]);
        let report = scenario.run();
        assert_eq!(outcomes(&report, "page"), expected, "{bus} {target}");
        let level = &report.levels["page"];
        assert_eq!(level.out_of_date.serves, out_of_date, "{bus} {target}");
    }
}

#[test]
fn key_value_accesses_have_versions_in_their_process_too() {
    let mut scenario = Scenario::whole(
        "policy test { edition 1; processes 2 }
         model Row { id }
         backend near memory
         object item(id) { store near; ttl 1h }
         on Row update { bump item(*) }",
    );
    // The accesses go round among the processes.
    for seconds in [0.0, 1.0, 3.0, 4.0] {
        scenario.event(Event::Access(Access {
            at: super::at(seconds),
            key: AccessKey::Number(7),
            operation: AccessOperation::Get,
            bytes: None,
            ttl: None,
            cost: None,
        }));
    }
    scenario.update(2.0, "Row", &[("id", "7")]);
    assert_eq!(outcomes(&scenario.run(), "item"), [1, 0, 3, 0, 0]);
}

#[test]
fn a_part_has_the_version_of_the_process_that_asks() {
    // The page is not bumped, so that its key is the same in both processes, and that of its part is not.
    let mut scenario = Scenario::whole(
        "policy test { edition 1; processes 2 }
         model Row { id }
         backend near memory
         object item(x) { store near; ttl 1h }
         view page(x) { route GET \"/p/{x}\"; contains item(x) }
         on Row update { bump item(x: id) }",
    );
    for process in [0, 1] {
        scenario
            .get_in(process, 0.0, "/p/a")
            .get_in(process, 3.0, "/p/a");
    }
    scenario.update(2.0, "Row", &[("id", "a")]);
    assert_eq!(outcomes(&scenario.run(), "item"), [1, 0, 3, 0, 0]);
}

#[test]
fn a_tag_has_versions_of_its_bearers_alone() {
    for (verb, expected) in [
        ("bump tag \"all\"", [1, 0, 1, 0, 0]),
        ("bump tag \"all\" cascade", [0, 0, 2, 0, 0]),
    ] {
        // The page embeds a list that bears the tag; it does not bear it.
        let mut scenario = Scenario::new(&format!(
            "model Row {{ id }}
             backend far redis
             object list {{ store far; ttl 1h; tags \"all\" }}
             view page {{ route GET \"/\"; store far; ttl 1h; contains list }}
             on Row update {{ {verb} }}"
        ));
        scenario
            .get(0.0, "/")
            .update(1.0, "Row", &[("id", "1")])
            .get(2.0, "/");
        assert_eq!(outcomes(&scenario.run(), "page"), expected, "{verb}");
    }
}

#[test]
fn who_waited_while_its_batch_was_filled_asks_for_the_present_version() {
    let mut scenario = Scenario::new(
        "model Row { id }
         backend far redis
         object item(x) { store far; ttl 1h; cost 100ms; batch max 5 each 10ms; reads Row(id: x); stampede lock 1s }
         view shelf { route GET \"/\"; data ids max 10; contains item(each ids) }
         on Row update { bump item(x: id) }",
    );
    // The first is filled in a batch for which its second look-up waits.
    scenario
        .request(0.0, "/", |request| {
            let ids = ["1", "1"].map(str::to_owned).to_vec();
            request.data.push(("ids".into(), ids));
        })
        .update(0.05, "Row", &[("id", "1")]);
    let report = scenario.run();
    let level = &report.levels["item"];
    assert_eq!((level.fills, level.out_of_date.serves), (2, 0));
}

#[test]
fn no_error_brings_back_what_was_bumped() {
    for (verb, errors) in [("expire", 0), ("bump", 1)] {
        let mut scenario = Scenario::new(&format!(
            "model Row {{ id }}
             origin db
             backend far redis
             view page {{ route GET \"/\"; store far; ttl 10s; stale-if-error 1m; cost 1s on db }}
             on Row update {{ {verb} page }}"
        ));
        scenario
            .get(0.0, "/")
            .request(11.5, "/", |request| {
                request.data.push(("error(page)".into(), vec!["1".into()]));
            })
            .update(12.0, "Row", &[("id", "1")]);
        assert_eq!(scenario.run().requests.errors, errors, "{verb}");
    }
}

#[test]
fn who_waited_for_a_thread_asks_for_the_present_version() {
    let mut scenario = Scenario::whole(
        "policy test { edition 1; processes 1; threads 1 }
         model Row { id }
         backend far redis
         view page(x) { route GET \"/p/{x}\"; store far; ttl 1h; reads Row(id: x) }
         view busy { route GET \"/busy\"; cost 10s }
         on Row update { bump page(x: id) }",
    );
    scenario
        .get(0.0, "/p/a")
        .get(1.0, "/busy")
        .get(2.0, "/p/a")
        .update(3.0, "Row", &[("id", "a")]);
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [0, 0, 2, 0, 0]);
    assert_eq!(report.levels["page"].out_of_date.serves, 0);
}
