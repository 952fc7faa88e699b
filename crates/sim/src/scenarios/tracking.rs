//! A Redis that tells of changes those who hold a copy in their memory. Whom a Redis 7.0.15 tells of
//! what is what `benches/peers/redis_tracking.py` prints.

use super::{Scenario, outcomes};
use crate::Simulation;
use crate::events::{Happening, Names, What, describe};
use cachepolicy_trace::event::{Event, NamedFault};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// Three processes with memory above a Redis, which are told of changes 100 ms later.
fn tracked(more: &str) -> Scenario {
    with_bus("delivery at-most-once; delay 100ms", more)
}

fn with_bus(bus: &str, more: &str) -> Scenario {
    Scenario::whole(&format!(
        "policy test {{ edition 1; processes 3 }}
         model Row {{ id; slug }}
         backend near memory
         backend far redis {{ on-failure bypass }}
         bus tracking {{ tracks far; {bus} }}
         view page(x) {{ route GET \"/{{x}}\"; store near, far; reads Row(slug: x); {more} }}
         on Row update {{ purge page(x: slug) }}"
    ))
}

/// Deliveries, what they removed, in vain, lost: of the tracking.
fn told(report: &crate::report::Report) -> [u64; 4] {
    let row = report.invalidation.last().unwrap();
    assert_eq!(row.on, "change in far");
    assert_eq!(row.target, "purge in its readers' memory via tracking");
    [row.deliveries, row.removed, row.useless, row.lost]
}

#[test]
fn who_holds_the_key_is_told_and_nobody_else() {
    let mut scenario = tracked("ttl 1h");
    scenario
        .get_in(0, 0.0, "/a")
        .get_in(1, 0.1, "/a") // promoted into its memory
        .get_in(2, 0.2, "/b")
        .update(1.0, "Row", &[("slug", "a")]) // by process 0, which forgets its copy at once
        .get_in(1, 1.05, "/a") // has the old one still
        .get_in(1, 1.1, "/a") // and has been told now
        .get_in(2, 1.2, "/b"); // was not asked to forget anything
    let report = scenario.run();
    assert_eq!(told(&report), [1, 1, 0, 0]);
    assert_eq!(outcomes(&report, "page"), [3, 0, 3, 0, 0]);
    assert_eq!(report.levels["page"].out_of_date.serves, 1);
    assert_eq!(report.levels["page"].window.max, Some(0.05));
}

#[test]
fn who_read_a_key_is_told_once() {
    let mut scenario = tracked("ttl 1h");
    scenario
        .get_in(0, 0.0, "/a")
        .get_in(1, 0.1, "/a")
        .update(1.0, "Row", &[("slug", "a")]) // process 1 is told, and forgotten
        .get_in(0, 2.0, "/a") // stored anew: nobody else has read it since
        .get_in(0, 2.5, "/a")
        .update(3.0, "Row", &[("slug", "a")]); // by the only one that has read it
    let report = scenario.run();
    assert_eq!(told(&report), [1, 1, 0, 0]);
}

#[test]
fn a_copy_that_is_stored_anew_is_a_change() {
    let mut scenario = tracked("ttl 1h; cost 1s; early-refresh xfetch beta 100000");
    // Both fill at the same time; the second one's copy replaces the first one's.
    scenario
        .get_in(0, 0.0, "/a")
        .get_in(1, 0.5, "/a")
        .get_in(0, 1.6, "/a");
    let report = scenario.run();
    // At 1.0 process 1 is told, which has asked and found nothing, so that it is of no use. Process
    // 0 keeps its own copy from then until 1.6; then it fills because of the early refresh of what
    // it finds in the Redis, and process 1 is told at 2.7.
    assert_eq!(told(&report), [3, 2, 1, 0]);
}

#[test]
fn a_life_that_ends_in_the_redis_ends_near_too() {
    // The life in memory would go on: reads there do not reach the Redis.
    for life in [
        "store near, far; ttl 10s sliding",
        "store near, far ttl 10s; ttl 1h",
    ] {
        let mut scenario = Scenario::whole(&format!(
            "policy test {{ edition 1; processes 2 }}
             backend near memory
             backend far redis
             bus tracking {{ tracks far; delivery at-most-once; delay 100ms }}
             view page(x) {{ route GET \"/{{x}}\"; {life} }}"
        ));
        scenario
            .get_in(0, 0.0, "/a")
            .get_in(0, 5.0, "/a")
            .get_in(0, 10.05, "/a") // near, and told at 10.1
            .get_in(0, 10.2, "/a");
        let report = scenario.run();
        assert_eq!(outcomes(&report, "page"), [2, 0, 2, 0, 0], "{life}");
        assert_eq!(told(&report), [1, 1, 0, 0], "{life}");
    }
}

#[test]
fn all_readers_are_told_when_a_ttl_ends_and_nothing_is_left_near() {
    let mut scenario = tracked("ttl 10s");
    scenario
        .get_in(0, 0.0, "/a")
        .get_in(1, 1.0, "/a")
        .get_in(2, 20.0, "/b");
    let report = scenario.run();
    // The copies in memory have ended at the same instant. Nobody waits for the end of the last one.
    assert_eq!(told(&report), [2, 0, 2, 0]);
    assert_eq!(report.levels["page"].lookups, 3);
}

#[test]
fn a_read_that_makes_a_life_longer_is_a_change() {
    let mut scenario = tracked("ttl 10s sliding");
    scenario
        .get_in(0, 0.0, "/a")
        .get_in(1, 5.0, "/a") // in the Redis, which tells process 0
        .get_in(0, 5.05, "/a")
        .get_in(0, 6.0, "/a"); // in the Redis, which tells process 1
    let report = scenario.run();
    assert_eq!(told(&report), [2, 2, 0, 0]);
    assert_eq!(outcomes(&report, "page"), [3, 0, 1, 0, 0]);
}

#[test]
fn more_keys_than_the_redis_remembers_are_told_of_as_if_they_had_changed() {
    let mut scenario = Scenario::whole(
        "policy test { edition 1; processes 1 }
         backend near memory
         backend far redis
         bus tracking { tracks far max 2; delivery at-most-once; delay 100ms }
         view page(x) { route GET \"/{x}\"; store near, far; ttl 1h }",
    );
    for (second, path) in ["/a", "/b", "/c", "/d", "/e"].iter().enumerate() {
        scenario.get_in(0, second as f64, path);
    }
    let report = scenario.run();
    // Each key is remembered when it is asked for, and again when it was stored.
    let [deliveries, removed, useless, lost] = told(&report);
    assert_eq!((deliveries, lost), (removed + useless, 0));
    assert_eq!(report.backends["near"].entries, 2);
    assert_eq!(report.backends["far"].entries, 5);
}

#[test]
fn a_process_that_starts_anew_has_read_nothing() {
    let mut scenario = Scenario::whole(
        "policy test { edition 1; processes 2 }
         model Row { id; slug }
         backend near disk
         backend far redis
         bus tracking { tracks far; delivery at-most-once; delay 100ms }
         view page(x) { route GET \"/{x}\"; store near, far; ttl 1h; reads Row(slug: x) }
         on Row update { purge page(x: slug) }",
    );
    scenario
        .get_in(0, 0.0, "/a")
        .get_in(1, 1.0, "/a")
        .update(2.0, "Row", &[("slug", "a")]) // its message does not find its connection any more
        .fault(2.05, NamedFault::Restart { process: 1 })
        .get_in(0, 3.0, "/a")
        .get_in(1, 3.0, "/a")
        .fault(4.0, NamedFault::Restart { process: 1 })
        .update(5.0, "Row", &[("slug", "a")]) // nobody else reads it
        .get_in(1, 5.05, "/a"); // not on its disk either
    let report = scenario.run();
    assert_eq!(told(&report), [0, 0, 0, 0]);
    assert_eq!(outcomes(&report, "page"), [2, 0, 3, 0, 0]);
    assert_eq!(report.levels["page"].out_of_date.serves, 0);
}

#[test]
fn messages_keep_their_order_and_say_to_whom_they_go() {
    let mut scenario = with_bus("delivery at-least-once; delay uniform(1ms..5s)", "ttl 1h");
    let mut expected = Vec::new();
    for number in 0..20 {
        let (second, path) = (f64::from(number) * 0.01, format!("/{number}"));
        scenario
            .get_in(0, second, &path)
            .get_in(1, 1.0 + second, &path)
            .update(2.0 + second, "Row", &[("slug", &path[1..])]);
        expected.push(format!("view:page:{path}"));
    }
    scenario.events.sort_by_key(Event::at);
    let mut simulation = Simulation::new(&scenario.policy, scenario.options.clone()).unwrap();
    let gone = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::new(Mutex::new(BTreeSet::new()));
    let (into_gone, into_told) = (Arc::clone(&gone), Arc::clone(&told));
    simulation.observe(Box::new(
        move |happening: &Happening, names: &Names<'_>| match happening.what {
            What::Removed { level, key, .. } if happening.at > super::at(2.2) => {
                into_gone.lock().unwrap().push((names.key)(level, key));
            }
            What::Delivery { .. } => {
                let mut told = into_told.lock().unwrap();
                told.insert((happening.process, describe(happening, names)));
            }
            _ => {}
        },
    ));
    for event in &scenario.events {
        simulation.push(event).unwrap();
    }
    let report = simulation.finish();
    assert_eq!(self::told(&report), [20, 20, 0, 0]);
    let gone = gone.lock().unwrap();
    assert!(gone.len() > 10 && expected.ends_with(&gone), "{gone:?}");
    let told = told.lock().unwrap();
    let of_1 = told.iter().filter(|(process, _)| *process == Some(1));
    for (_, line) in of_1 {
        assert!(
            line.contains("purge in its readers' memory via tracking, 1 copies"),
            "{line}"
        );
    }
}

#[test]
fn what_was_read_after_the_change_stays() {
    let mut scenario = tracked("ttl 1h");
    scenario
        .get_in(0, 0.0, "/a")
        .get_in(1, 0.1, "/a")
        .update(1.0, "Row", &[("slug", "a")])
        .get_in(2, 1.02, "/a") // filled anew
        .update(1.03, "Row", &[("slug", "b")]) // concerns nobody
        .get_in(0, 1.04, "/a") // promotes the new one
        .get_in(1, 1.1, "/a") // the old one is gone at that instant, the new one comes
        .get_in(0, 1.5, "/a")
        .get_in(1, 1.5, "/a");
    let report = scenario.run();
    // The purge told process 1; the Redis forgot it then, until it read the key again. Nobody else
    // is told when the key is stored: who stores it knows.
    assert_eq!(told(&report), [1, 1, 0, 0]);
    assert_eq!(outcomes(&report, "page"), [5, 0, 2, 0, 0]);
    // All of the last ones were near.
    assert_eq!(report.levels["page"].out_of_date.serves, 0);
}

#[test]
fn an_expired_copy_is_a_change_too() {
    let mut scenario = Scenario::whole(
        "policy test { edition 1; processes 2 }
         model Row { id; slug }
         backend near memory
         backend far redis
         bus tracking { tracks far; delivery at-least-once; delay 100ms }
         bus late { delivery at-least-once; delay 1s }
         view page(x) { route GET \"/{x}\"; store near, far; ttl 1h; reads Row(slug: x)
           stale-while-revalidate 1m; cost 10s }
         on Row update via late { expire page(x: slug) }",
    );
    scenario
        .get_in(0, 0.0, "/a") // stored at 10
        .get_in(1, 11.0, "/a")
        .update(20.0, "Row", &[("slug", "a")]) // expired in the Redis at 21, in memory at 21.1
        .get_in(1, 21.05, "/a") // fresh, in its memory
        .get_in(1, 21.2, "/a"); // stale, in the Redis
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [2, 1, 1, 0, 0]);
    assert_eq!(told(&report)[..2], [2, 2]);
}

#[test]
fn what_is_evicted_or_flushed_is_forgotten_near_too() {
    let mut scenario = Scenario::whole(
        "policy test { edition 1; processes 2 }
         backend near memory
         backend far redis { capacity 2 entries; evict lru }
         bus tracking { tracks far; delivery at-most-once; delay 100ms }
         view page(x) { route GET \"/{x}\"; store near, far; ttl 1h }",
    );
    scenario
        .get_in(0, 0.0, "/a")
        .get_in(0, 1.0, "/b")
        .get_in(1, 2.0, "/c") // evicts a, of which process 0 is told
        .get_in(0, 3.0, "/a") // misses, and evicts b
        .get_in(0, 3.05, "/b") // still near
        .get_in(0, 3.2, "/b") // not any more; evicts c, of which process 1 is told
        .flush(5.0, "far")
        .get_in(0, 5.05, "/b") // still near
        .get_in(0, 5.2, "/b")
        .get_in(0, 5.2, "/a");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [2, 0, 7, 0, 0]);
    // a, b, c; and the flush tells both processes, of which one holds nothing.
    assert_eq!(told(&report), [5, 5, 1, 0]);
}

#[test]
fn a_lost_message_takes_the_connection_and_the_memory_with_it() {
    let mut scenario = with_bus("delivery at-most-once loss 100%; delay 100ms", "ttl 1h");
    scenario
        .get_in(0, 0.0, "/a")
        .get_in(1, 0.1, "/a")
        .get_in(1, 0.2, "/b")
        .update(1.0, "Row", &[("slug", "a")])
        .get_in(1, 1.2, "/b") // from the Redis: its memory is empty
        .get_in(1, 1.2, "/a"); // and does not have the old one
    let report = scenario.run();
    assert_eq!(told(&report), [0, 0, 0, 1]);
    assert_eq!(outcomes(&report, "page"), [2, 0, 3, 0, 0]);
    assert_eq!(report.levels["page"].out_of_date.serves, 0);
}

#[test]
fn without_a_connection_nothing_is_kept_in_memory() {
    let mut scenario = tracked("ttl 1h");
    scenario
        .get_in(0, 0.0, "/a")
        .outage(1.0, "far", 10.0)
        .get_in(0, 2.0, "/a") // not in its memory either, and not put there
        .get_in(0, 3.0, "/a")
        .get_in(0, 12.0, "/a") // the Redis has it still
        .fault(13.0, NamedFault::Restart { process: 0 })
        .get_in(0, 14.0, "/a");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [2, 0, 3, 0, 0]);
    let level = &report.levels["page"];
    assert_eq!(level.not_stored["backend-down"], 2);
}

#[test]
fn sets_and_deletes_of_a_key_value_trace_are_changes() {
    use cachepolicy_trace::event::{Access, AccessKey, AccessOperation, Event};
    let mut scenario = Scenario::whole(
        "policy test { edition 1; processes 2 }
         backend near memory
         backend far redis
         bus tracking { tracks far; delivery at-most-once; delay 100ms }
         object item(key) { store near, far; ttl 1h }",
    );
    scenario.options.operations = crate::Operations::Write;
    // In turn in the two processes.
    for (seconds, operation) in [
        (0.0, AccessOperation::Get),
        (1.0, AccessOperation::Get),
        (2.0, AccessOperation::Set),
        (2.05, AccessOperation::Get), // process 1: the old one, near
        (3.0, AccessOperation::Get),
        (3.0, AccessOperation::Get), // process 1: the new one
        (4.0, AccessOperation::Delete),
        (5.0, AccessOperation::Get), // process 1: gone
    ] {
        scenario.event(Event::Access(Access {
            at: super::at(seconds),
            operation,
            key: AccessKey::Number(7),
            bytes: None,
            ttl: None,
            cost: None,
        }));
    }
    let report = scenario.run();
    assert_eq!(outcomes(&report, "item"), [4, 0, 2, 0, 0]);
    assert_eq!(told(&report), [2, 2, 0, 0]);
    assert_eq!(report.levels["item"].out_of_date.serves, 1);
}

#[test]
fn what_comes_from_a_farther_memory_is_as_old_as_it_was_there() {
    let mut scenario = Scenario::whole(
        "policy test { edition 1; processes 2 }
         model Row { slug }
         backend near memory
         backend kept disk
         backend far redis
         bus tracking { tracks far; delivery at-least-once; delay 100ms }
         view page(x) { route GET \"/{x}\"; store near ttl 1s, kept, far; ttl 1h; reads Row(slug: x) }
         on Row update { purge page(x: slug) }",
    );
    scenario
        .get_in(1, 0.0, "/a")
        .update(2.0, "Row", &[("slug", "a")]) // by process 0
        .get_in(1, 2.05, "/a") // from its disk into its memory, before it is told
        .get_in(1, 2.2, "/a"); // has been told
    let report = scenario.run();
    let level = &report.levels["page"];
    assert_eq!(level.out_of_date.serves, 1);
    assert_eq!(level.window.max, Some(0.05));
}

#[test]
fn what_a_process_makes_stale_itself_it_does_not_keep() {
    let mut scenario = Scenario::whole(
        "policy test { edition 1; processes 1 }
         model Row { slug }
         model Other { slug }
         backend near memory
         backend far redis
         bus calls { delivery in-process }
         bus slow { delivery at-least-once; delay 50ms }
         bus tracking { tracks far; delivery at-least-once; delay 100ms }
         view page(x) { route GET \"/{x}\"; store near, far; ttl 1h; stale-while-revalidate 1h; reads Row(slug: x); cost 5s }
         on Other update via calls { expire page(x: slug) }
         on Row update via slow { purge page(x: slug) }",
    );
    scenario
        .get_in(0, 0.0, "/a")
        .update(10.0, "Other", &[("slug", "a")])
        .update(11.0, "Row", &[("slug", "a")]) // over a bus: nobody would tell of it
        .get_in(0, 12.0, "/a");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [0, 0, 2, 0, 0]);
    assert_eq!(report.levels["page"].out_of_date.serves, 0);
}
