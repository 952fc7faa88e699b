//! How invalidations travel, and what does not arrive.

use super::{Scenario, outcomes};
use cachepolicy_trace::event::NamedFault;

fn tiers(bus: &str, via: &str) -> Scenario {
    Scenario::whole(&format!(
        "policy test {{ edition 1; processes 2 }}
         model Row {{ id; slug }}
         backend near memory
         backend far redis {{ on-failure bypass }}
         {bus}
         view page(x) {{ route GET \"/{{x}}\"; store near, far; ttl 1h; reads Row(slug: x) }}
         on Row update {via} {{ purge page(x: slug) }}"
    ))
}

/// Both processes have a copy in their memory; a write by process 0; both look again.
fn after_a_write(scenario: &mut Scenario, later: f64) -> [u64; 5] {
    scenario
        .get_in(0, 0.0, "/a")
        .get_in(1, 0.1, "/a")
        .update(1.0, "Row", &[("slug", "a")])
        .get_in(0, 1.0 + later, "/a")
        .get_in(1, 1.0 + later, "/a");
    outcomes(&scenario.run(), "page")
}

#[test]
fn in_process_reaches_the_writer_and_what_is_shared() {
    // 0.1: promoted from the shared tier. After the write process 1 still has its copy.
    let mut scenario = tiers("", "");
    assert_eq!(after_a_write(&mut scenario, 1.0), [2, 0, 2, 0, 0]);
    assert_eq!(scenario.run().levels["page"].out_of_date.serves, 1);
}

#[test]
fn a_bus_can_reach_all_processes() {
    let bus = "bus b { delivery at-least-once; delay 500ms; reaches all-processes }";
    assert_eq!(
        after_a_write(&mut tiers(bus, "after commit via b"), 0.49),
        [3, 0, 1, 0, 0]
    );
    // Process 1 finds what process 0 stored anew.
    let mut scenario = tiers(bus, "after commit via b");
    assert_eq!(after_a_write(&mut scenario, 0.5), [2, 0, 2, 0, 0]);
    assert_eq!(scenario.run().levels["page"].out_of_date.serves, 0);
}

#[test]
fn shared_backends_only_is_what_a_bus_reaches() {
    let bus = "bus b { delivery at-least-once; delay 500ms; reaches shared }";
    let mut scenario = tiers(bus, "after commit via b");
    assert_eq!(after_a_write(&mut scenario, 1.0), [3, 0, 1, 0, 0]);
    assert_eq!(scenario.run().levels["page"].out_of_date.serves, 2);
}

#[test]
fn what_is_lost_is_counted() {
    let bus = "bus b { delivery at-most-once loss 100%; delay 1ms; reaches all-processes }";
    let mut scenario = tiers(bus, "after commit via b");
    after_a_write(&mut scenario, 1.0);
    let report = scenario.run();
    // One for what is shared, and one for each process.
    assert_eq!(
        (
            report.invalidation[0].lost,
            report.invalidation[0].deliveries
        ),
        (3, 0)
    );
}

#[test]
fn a_trace_can_fix_a_delay() {
    let bus = "bus b { delivery at-least-once; delay 500ms; reaches all-processes }";
    let mut scenario = tiers(bus, "after commit via b");
    scenario.get_in(0, 0.0, "/a").write(1.0, "Row", |write| {
        write.new = Some(super::fields(&[("slug", "a")]));
        write.delay = Some(cachepolicy_core::Duration::from_secs(3));
    });
    scenario.get_in(0, 3.999, "/a").get_in(0, 4.0, "/a");
    assert_eq!(outcomes(&scenario.run(), "page"), [1, 0, 2, 0, 0]);
}

/// Of both processes' memory and of what they share, by one write; both look 3 s later.
fn with_delays(delays: &[(&str, &str)]) -> [u64; 5] {
    let bus = "bus b { delivery at-least-once; delay 500ms; reaches all-processes }";
    let mut scenario = tiers(bus, "after commit via b");
    scenario
        .get_in(0, 0.0, "/a")
        .get_in(1, 0.1, "/a")
        .write(1.0, "Row", |write| {
            let fields = [&[("slug", "a")], delays].concat();
            write.new = Some(super::fields(&fields));
        })
        .get_in(0, 4.0, "/a")
        .get_in(1, 4.0, "/a");
    outcomes(&scenario.run(), "page")
}

#[test]
fn a_trace_can_fix_delays_by_bus_block_and_place() {
    // Nothing has arrived after 3 s.
    assert_eq!(with_delays(&[("delay(b)", "5")]), [3, 0, 1, 0, 0]);
    // In one process's memory alone, in both of them, and there only what the shared one still has.
    let late = ("delay(b)", "5");
    assert_eq!(with_delays(&[late, ("delay(b 1)", "1")]), [3, 0, 1, 0, 0]);
    assert_eq!(
        with_delays(&[late, ("delay(b shared)", "1")]),
        [3, 0, 1, 0, 0]
    );
    let (shared, memory) = (("delay(b shared)", "1"), ("delay(b memory)", "2"));
    assert_eq!(with_delays(&[late, shared, memory]), [2, 0, 2, 0, 0]);
    // The closest one counts.
    let block = ("delay(on 1)", "forever");
    assert_eq!(with_delays(&[shared, memory, block]), [2, 0, 2, 0, 0]);
    assert_eq!(with_delays(&[("delay(b)", "1"), block]), [3, 0, 1, 0, 0]);
    assert_eq!(with_delays(&[("delay(other)", "9")]), [2, 0, 2, 0, 0]);
}

#[test]
fn at_least_once_comes_again_after_an_outage() {
    let bus = "bus b { delivery at-least-once; delay 500ms; reaches all-processes }";
    let mut scenario = tiers(bus, "after commit via b");
    scenario
        .get_in(0, 0.0, "/a")
        .outage(0.5, "far", 10.0)
        .update(1.0, "Row", &[("slug", "a")])
        .get_in(1, 10.6, "/a") // the shared copy is old and there
        .get_in(0, 11.0, "/a"); // gone at 11.0, 0.5 s after the outage
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [1, 0, 2, 0, 0]);
    assert_eq!(report.levels["page"].out_of_date.serves, 1);
    assert_eq!(report.invalidation[0].lost, 0);
}

#[test]
fn a_call_to_what_is_down_is_lost() {
    let mut scenario = tiers("", "");
    scenario
        .get_in(0, 0.0, "/a")
        .outage(0.5, "far", 10.0)
        .update(1.0, "Row", &[("slug", "a")])
        .get_in(1, 20.0, "/a");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [1, 0, 1, 0, 0]);
    assert_eq!(report.invalidation[0].lost, 1);
}

#[test]
fn a_process_that_starts_receives_what_is_under_way() {
    let bus = "bus b { delivery at-least-once; delay 500ms; reaches all-processes }";
    let mut scenario = tiers(bus, "after commit via b");
    scenario
        .get_in(1, 0.0, "/a")
        .update(1.0, "Row", &[("slug", "a")])
        .fault(1.1, NamedFault::Restart { process: 0 })
        .get_in(0, 1.2, "/a") // promotes the old copy
        .get_in(0, 1.5, "/a"); // which was purged
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [1, 0, 2, 0, 0]);
}

#[test]
fn one_instant_commits_delivers_and_then_looks_up() {
    let mut scenario = tiers("", "");
    // The request stands before the write in the trace.
    scenario
        .get_in(0, 0.0, "/a")
        .get_in(0, 1.0, "/a")
        .update(1.0, "Row", &[("slug", "a")]);
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [0, 0, 2, 0, 0]);
    assert_eq!(report.levels["page"].exposure.max, Some(0.0));
}
