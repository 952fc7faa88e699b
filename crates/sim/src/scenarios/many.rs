//! Invalidations of many copies at once mean the same as of each of them alone.

use super::{Scenario, outcomes};
use crate::report::{LevelFigures, Report, StampedeFigures};
use proptest::prelude::*;

/// Pages and listings of rows, with one block of edges.
fn site(edges: &str) -> Scenario {
    Scenario::whole(&format!(
        "policy test {{ edition 1; processes 2 }}
         model Row {{ id; title }}
         origin db {{ slots 9 }}
         backend near memory {{ capacity 3 entries }}
         backend far redis {{ latency 1ms }}
         bus slow {{ delivery at-least-once; delay 300ms; reaches all-processes }}
         object thing(x) {{ store far; reads Row(id: x); ttl 40s; cost 200ms on db }}
         view page(x) {{ route GET \"/p/{{x}}\"; store near ttl 5s, far; contains thing(x); ttl 20s
                        stale-while-revalidate 10s; cost 100ms }}
         view listing(x, nth) {{ route GET \"/l/{{x}}/{{nth}}\"; store far; reads Row(id: x); ttl 30s
                                stale-if-error 5s; cost 1ms }}
         on Row update after commit via slow {{ {edges} }}"
    ))
}

/// Paths and updates, and how long after the one before.
fn traffic() -> impl Strategy<Value = Vec<(Option<String>, u32)>> {
    let path = prop_oneof![
        (0..5_u32).prop_map(|x| format!("/p/{x}")),
        (0..3_u32, 0..2_u32).prop_map(|(x, nth)| format!("/l/{x}/{nth}")),
    ];
    let event = prop_oneof![3 => path.prop_map(Some), 1 => Just(None)];
    let pause = prop_oneof![3 => 0..700_u32, 1 => 0..9_000_u32];
    proptest::collection::vec((event, pause), 1..80)
}

fn replay(edges: &str, traffic: &[(Option<String>, u32)]) -> Report {
    let mut scenario = site(edges);
    let mut millis = 0;
    for (index, (path, pause)) in traffic.iter().enumerate() {
        millis += pause;
        let seconds = f64::from(millis) / 1000.0;
        let process = index as u32 % 2;
        match path {
            Some(path) => scenario.get_in(process, seconds, path),
            None => scenario.update(seconds, "Row", &[("id", "1")]),
        };
    }
    scenario.run()
}

/// A key that nobody has a copy of is another one after a bump that names it, and the same one after
/// a bump of all copies: what is told of single keys is not compared.
fn levels(report: &Report) -> Vec<LevelFigures> {
    let alike = |level: &LevelFigures| LevelFigures {
        risk: Vec::new(),
        stampede: StampedeFigures {
            peak: level.stampede.peak,
            ..StampedeFigures::default()
        },
        ..level.clone()
    };
    report.levels.values().map(alike).collect()
}

/// The same action on each of these.
fn each(verb: &str, targets: &[&str], more: &str) -> String {
    let actions = targets.iter().map(|it| format!("{verb} {it}{more}"));
    actions.collect::<Vec<_>>().join("; ")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_star_means_each(traffic in traffic(), verb in 0..3_usize, cascade in any::<bool>()) {
        let verb = ["purge", "expire", "bump"][verb];
        let more = if cascade { " cascade" } else { "" };
        let pages = ["page(\"0\")", "page(\"1\")", "page(\"2\")", "page(\"3\")", "page(\"4\")"];
        let things = pages.map(|it| it.replace("page", "thing"));
        let things = things.each_ref().map(String::as_str);
        let rows = ["listing(\"1\", \"0\")", "listing(\"1\", \"1\")"];
        for (at_once, targets) in [
            ("page(*)", &pages[..]),
            ("thing(*)", &things),
            ("listing(x: id, nth: *)", &rows),
        ] {
            let many = replay(&format!("{verb} {at_once}{more}"), &traffic);
            let alone = replay(&each(verb, targets, more), &traffic);
            let removed = |report: &Report| -> u64 {
                report.invalidation.iter().map(|it| it.removed).sum()
            };
            prop_assert_eq!(&many.requests, &alone.requests, "{} {}", verb, at_once);
            prop_assert_eq!(levels(&many), levels(&alone), "{} {}", verb, at_once);
            prop_assert_eq!(removed(&many), removed(&alone));
        }
    }
}

#[test]
fn a_bump_of_many_reaches_those_who_are_asking() {
    let get = |pause| (Some("/l/1/0".to_owned()), pause);
    let traffic = [(None, 0), get(299), get(1)];
    let hits = |edges: &str| replay(edges, &traffic).levels["listing"].hit_ratio;
    assert_eq!(hits("bump listing(x: id, nth: *)"), Some(0.0));
    assert_eq!(hits("bump listing(\"1\", \"0\")"), Some(0.0));
}

#[test]
fn each_write_that_is_missed_counts_once() {
    let mut scenario = Scenario::new(
        "model Row { id; title }
         backend copies redis
         object one { store copies; reads Row(id: \"1\"); ttl 1h }
         view home { route GET \"/\"; store copies; contains one; reads Row.title; ttl 1h }",
    );
    // Both reads miss what is done to row 1, and it is one write.
    scenario
        .get(0.0, "/")
        .update(1.0, "Row", &[("id", "1")])
        .get(2.0, "/")
        .update(3.0, "Row", &[("id", "2")])
        .get(4.0, "/")
        .get(5.0, "/")
        .update(6.0, "Row", &[("id", "1")])
        .update(7.0, "Row", &[("id", "2")])
        .get(8.0, "/");
    let report = scenario.run();
    let lag = report.levels["home"].version_lag;
    assert_eq!(
        (lag.count, lag.mean, lag.max),
        (4, Some(9.0 / 4.0), Some(4.0))
    );
}

#[test]
fn versions_that_nobody_asks_for_any_more_stay_out_of_the_way() {
    let mut scenario = Scenario::new(
        "model Row { id; title }
         backend copies redis
         view page(x) { route GET \"/p/{x}\"; store copies; ttl 1h }
         on Row update { bump page(x: id) }",
    );
    for round in 0..20 {
        let second = f64::from(round) * 2.0;
        scenario.get(second, "/p/1").get(second, "/p/1?a=1").update(
            second + 1.0,
            "Row",
            &[("id", "1")],
        );
    }
    scenario.get(99.0, "/p/1");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [0, 0, 41, 0, 0]);
    assert_eq!(report.invalidation[0].removed, 40);
}
