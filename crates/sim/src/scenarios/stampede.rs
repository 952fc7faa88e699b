//! Who fills, who waits, and what they get.

use super::{Scenario, outcomes};

fn page(processes: u32, backend: &str, properties: &str) -> Scenario {
    Scenario::whole(&format!(
        "policy test {{ edition 1; processes {processes} }}
         model Row {{ id; slug }}
         origin db {{ slots 99 }}
         backend copies {backend}
         view page(x) {{ route GET \"/{{x}}\"; store copies; reads Row(slug: x); {properties} }}
         on Row update {{ purge page(x: slug) }}"
    ))
}

#[test]
fn everybody_fills_without_protection() {
    let mut scenario = page(2, "redis", "ttl 100s; cost 1s on db");
    for process in [0, 1, 0, 1] {
        scenario.get_in(process, f64::from(process) * 0.1, "/a");
    }
    let report = scenario.run();
    let level = &report.levels["page"];
    assert_eq!((level.fills, level.stampede.peak), (4, 4));
    assert_eq!(level.redundant_fills, Some(0.75));
    assert_eq!(level.stampede.cause.as_deref(), Some("cold-start"));
    assert_eq!(level.stampede.key.as_deref(), Some("view:page:/a"));
}

#[test]
fn one_in_each_process_coalesces() {
    let mut scenario = page(2, "redis", "ttl 100s; cost 1s on db; stampede coalesce");
    for process in [0, 1, 0, 1, 0] {
        scenario.get_in(process, f64::from(process) * 0.1, "/a");
    }
    let report = scenario.run();
    let level = &report.levels["page"];
    assert_eq!((level.fills, level.waited, level.lock.waits), (2, 3, 3));
    // Waiters got the result itself, at once: nobody took longer than the first.
    assert_eq!(report.requests.latency.max, Some(1.0));
    assert_eq!(report.requests.origin_free, 3);
}

#[test]
fn one_in_all_locks() {
    let mut scenario = page(
        2,
        "redis { latency 1ms }",
        "ttl 100s; cost 1s on db; stampede lock 5s wait 2s",
    );
    for process in [0, 1, 0, 1, 0] {
        scenario.get_in(process, f64::from(process) * 0.1, "/a");
    }
    let report = scenario.run();
    let level = &report.levels["page"];
    assert_eq!((level.fills, level.waited, level.miss), (1, 4, 5));
    // A waiter looks in the store again.
    assert_eq!(report.requests.latency.max, Some(1.002));
}

#[test]
fn memory_is_locked_in_its_process() {
    let mut scenario = page(
        2,
        "memory",
        "ttl 100s; cost 1s on db; stampede lock 5s wait 2s",
    );
    scenario
        .get_in(0, 0.0, "/a")
        .get_in(1, 0.1, "/a")
        .get_in(1, 0.2, "/a");
    let report = scenario.run();
    assert_eq!(
        (report.levels["page"].fills, report.levels["page"].waited),
        (2, 1)
    );
}

#[test]
fn patience_ends_in_a_fill_of_ones_own() {
    let mut scenario = page(
        1,
        "redis",
        "ttl 100s; cost 3s on db; stampede lock 10s wait 1s",
    );
    scenario
        .get(0.0, "/a")
        .get(0.5, "/a")
        .get(2.0, "/a")
        .get(3.5, "/a");
    let report = scenario.run();
    let level = &report.levels["page"];
    // 0 fills until 3; 0.5 waits until 1.5 and fills until 4.5; 2 waits until 3.
    assert_eq!(
        (
            level.fills,
            level.lock.waits,
            level.lock.timeouts,
            level.waited
        ),
        (2, 2, 1, 1)
    );
    assert_eq!(outcomes(&report, "page"), [1, 0, 3, 0, 0]);
    assert_eq!(report.requests.latency.max, Some(4.0));
}

#[test]
fn patience_ends_in_a_stale_copy_that_is_usable() {
    let mut scenario = page(
        1,
        "redis",
        "ttl 10s; stale-if-error 100s; cost 3s on db; stampede lock 10s wait 1s",
    );
    scenario.get(0.0, "/a").get(20.0, "/a").get(20.5, "/a");
    let report = scenario.run();
    let level = &report.levels["page"];
    assert_eq!(
        (level.fills, level.lock.waits, level.expired_serves),
        (2, 1, 1)
    );
    assert_eq!((level.lock.timeouts, level.waited), (0, 0));
}

#[test]
fn a_holder_slower_than_its_lock_is_joined_by_another() {
    let mut scenario = page(
        1,
        "redis",
        "ttl 100s; cost 3s on db; stampede lock 2s wait 1s",
    );
    scenario.get(0.0, "/a").get(2.0, "/a").get(2.5, "/a");
    let report = scenario.run();
    let level = &report.levels["page"];
    // The lock is free at 2: the second request takes it, the third waits for that one, and in vain.
    assert_eq!((level.fills, level.stampede.peak), (2, 2));
    assert_eq!(level.not_stored.values().sum::<u64>(), 0);
    assert_eq!(outcomes(&report, "page"), [0, 0, 3, 0, 0]);
    assert_eq!((level.lock.waits, level.waited), (1, 1));
}

#[test]
fn a_lease_that_expired_stores_nothing() {
    let mut scenario = page(
        1,
        "redis",
        "ttl 100s; cost 3s on db; stampede lease 2s wait 500ms",
    );
    scenario.get(0.0, "/a").get(4.0, "/a");
    let report = scenario.run();
    let level = &report.levels["page"];
    assert_eq!((level.fills, level.not_stored["overtaken"]), (2, 2));
}

#[test]
fn a_fill_past_its_timeout_lets_its_waiters_go() {
    let mut scenario = page(
        1,
        "redis",
        "ttl 100s; timeout 1s; cost from trace else 100ms; stampede coalesce",
    );
    let cost = |s| Some(cachepolicy_core::Duration::from_secs_f64(s));
    scenario
        .request(0.0, "/a", |request| request.cost = cost(5.0))
        .get(0.5, "/a") // waits until 1, then fills until 1.1
        .get(0.6, "/a") // waits until 1, then for the other one until 1.1
        .get(1.05, "/a"); // waits until 1.1
    let report = scenario.run();
    let level = &report.levels["page"];
    assert_eq!(
        (level.fills, level.waited, level.not_stored["timeout"]),
        (2, 2, 1)
    );
    assert_eq!(level.lock.wait.max, Some(0.5));
    assert_eq!(level.lock.waits, 3);
}

#[test]
fn waiters_share_an_error() {
    let mut scenario = page(1, "redis", "ttl 100s; cost 1s on db; stampede coalesce");
    scenario
        .get(0.0, "/a")
        .get(0.1, "/a")
        .outage(0.5, "db", 10.0);
    let report = scenario.run();
    assert_eq!(report.requests.errors, 2);
    assert_eq!(report.levels["page"].fills, 1);
}

#[test]
fn a_restart_leaves_a_lock_until_it_expires() {
    use cachepolicy_trace::event::NamedFault;
    let mut scenario = page(
        2,
        "redis",
        "ttl 100s; cost 1s on db; stampede lock 4s wait 2s",
    );
    scenario
        .get_in(0, 0.0, "/a")
        .fault(0.5, NamedFault::Restart { process: 0 })
        .get_in(1, 1.0, "/a") // waits until 3 in vain
        .get_in(1, 3.5, "/a"); // waits for the lock until 4, when its copy is stored
    let report = scenario.run();
    let level = &report.levels["page"];
    assert_eq!(report.requests.errors, 1);
    assert_eq!((level.fills, level.lock.timeouts), (2, 1));
    assert_eq!(level.lock.waits, 2);
    assert_eq!(level.waited, 1);
}

#[test]
fn nobody_waits_for_a_copy_that_nothing_keeps() {
    for stampede in ["coalesce", "lock 5s", "lease 5s"] {
        let mut scenario = page(
            1,
            "none",
            &format!("ttl 100s; cost 1s on db; stampede {stampede}"),
        );
        scenario.get(0.0, "/a").get(0.5, "/a");
        let report = scenario.run();
        let level = &report.levels["page"];
        assert_eq!((level.fills, level.waited), (2, 0), "{stampede}");
    }
}
