use super::*;
use crate::output::text;
use cachepolicy_sim::report::{
    InvalidationFigures, LevelFigures, ObservedFigures, Ordered, RiskFigures, UnroutedFigures,
};

const NEWS: &str = include_str!("../../../../cli/tests/data/news.cachepolicy");

/// The report at a width, in colours or not.
fn shown(width: usize, colours: bool) -> String {
    shown_of(&fixture::report(), width, colours)
}

fn shown_of(report: &Report, width: usize, colours: bool) -> String {
    let compiled = cachepolicy_compiler::compile_text("news.cachepolicy", NEWS);
    let policy = compiled.policy.unwrap();
    let terminal = Terminal {
        width,
        paint: Paint::new(colours),
        interactive: false,
    };
    render(&View {
        report,
        seeds: None,
        policy: &policy,
        input: "workload `weekday`",
        terminal,
        layout: Layout::Lines,
    })
}

#[test]
fn at_100_columns() {
    insta::assert_snapshot!(shown(100, false));
}

#[test]
fn at_60_columns() {
    insta::assert_snapshot!(shown(60, false));
}

#[test]
fn it_fits_from_40_columns_on() {
    for width in 40..=100 {
        let report = shown(width, false);
        let too_long = report.lines().find(|line| text::width(line) > width);
        assert_eq!(too_long, None, "at {width}");
        assert!(
            report.lines().all(|line| line.trim_end() == line),
            "no blanks at the end"
        );
    }
}

#[test]
fn colours_change_no_character() {
    let coloured = shown(100, true);
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    plain.push_str(rest);
    let lines = |text: &str| {
        text.lines()
            .map(|line| line.trim_end().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(&plain), lines(&shown(100, false)));
}

#[test]
fn observed_stands_beside_simulated() {
    let observed = ObservedFigures {
        count: 198,
        hit: 79,
        revalidated: 3,
        miss: 98,
        bypass: 18,
        hit_ratio: Some(79.0 / 198.0),
        simulated_hit_ratio: Some(0.551),
        ..ObservedFigures::default()
    };
    let report = Report {
        observed: Some(observed),
        ..fixture::report()
    };
    let shown = shown_of(&report, 60, false);
    let lines = shown.lines().skip_while(|line| !line.contains("observed"));
    let paragraph: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    insta::assert_snapshot!(paragraph.join("\n"), @r"
    observed: 39.9% of the 198 requests with a cache status in
    the trace needed no origin (hit 79, revalidated 3, miss
    98, bypass 18); simulated: 55.1% of the same
    ");
}

#[test]
fn what_no_level_answers_is_said() {
    let unrouted = UnroutedFigures {
        count: 21_204,
        beginnings: Ordered::from_iter([
            ("/static/…".to_owned(), 19_877),
            ("POST /cart/…".to_owned(), 1_020),
        ]),
    };
    let report = Report {
        unrouted: Some(unrouted),
        ..fixture::report()
    };
    let shown = shown_of(&report, 60, false);
    let lines = shown
        .lines()
        .skip_while(|line| !line.contains("(no level)"));
    let paragraph: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    insta::assert_snapshot!(paragraph.join("\n"));
}

/// What stands out in a report of a policy of these items.
fn findings_of(items: &str, change: impl FnOnce(&mut Report)) -> String {
    let text = format!("policy p {{ edition 1; processes 4 }}\n{items}");
    let compiled = cachepolicy_compiler::compile_text("p.cachepolicy", &text);
    let policy = compiled.policy.unwrap();
    let mut report = fixture::report();
    report.levels.clear();
    report.origins.clear();
    report.backends.clear();
    report.invalidation.clear();
    report.recovery.clear();
    report.requests.errors = 0;
    report.requests.count = 0;
    change(&mut report);
    let shown = render(&View {
        report: &report,
        seeds: None,
        policy: &policy,
        input: "workload `w`",
        terminal: Terminal {
            width: 1000,
            paint: Paint::new(false),
            interactive: false,
        },
        layout: Layout::Lines,
    });
    let lines = shown
        .lines()
        .skip_while(|line| *line != "What stands out")
        .skip(1);
    let lines: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    lines.join("\n")
}

/// An action that never found anything.
fn removed(on: &str, target: &str, deliveries: u64, lost: u64) -> InvalidationFigures {
    InvalidationFigures {
        on: on.to_owned(),
        target: target.to_owned(),
        deliveries,
        useless: deliveries,
        lost,
        ..InvalidationFigures::default()
    }
}

const TAGGED: &str = "model Row { id }
    backend near memory
    backend far redis
    bus tracking { tracks far; delivery at-most-once loss 1% }
    view page(id) { route GET \"/{id}\"; store near, far; reads Row(id); ttl 1m; tags \"rows\" }
    on Row update { purge tag \"rows\" }";

#[test]
fn a_tag_that_nothing_bears_stands_out() {
    let shown = findings_of(TAGGED, |report| {
        let page = LevelFigures {
            fills: 5,
            ..LevelFigures::default()
        };
        report.levels.insert("page".to_owned(), page);
        report
            .invalidation
            .push(removed("Row update", "purge tag \"rows\"", 20, 0));
    });
    assert!(
        shown.contains("found nothing in any of its 20 deliveries: either nobody had asked"),
        "{shown}"
    );
}

#[test]
fn a_lost_message_of_a_redis_empties_a_memory_and_leaves_nothing() {
    let shown = findings_of(TAGGED, |report| {
        let target = "purge in its readers' memory via tracking";
        report
            .invalidation
            .push(removed("change in far", target, 0, 3));
    });
    assert_eq!(
        shown,
        "  ! 3 messages of `tracking` lost, and with each a connection: its process emptied its memory"
    );
}

#[test]
fn where_coalesced_fills_are_one() {
    let shown = |store: &str| {
        let items = format!(
            "backend near memory
             backend edge cdn {{ pops 3 }}
             backend front proxy
             view page {{ route GET \"/\"; store {store}; ttl 1m; stampede coalesce }}"
        );
        findings_of(&items, |report| {
            let mut page = LevelFigures::default();
            page.stampede.peak = 4;
            report.levels.insert("page".to_owned(), page);
        })
    };
    assert!(shown("near").contains("`coalesce` lets one in each of 4 processes through"));
    assert!(shown("edge").contains("`coalesce` lets one in each of 3 points of presence through"));
    assert!(!shown("front").contains("coalesce"));
}

#[test]
fn keys_that_differ_look_different() {
    let mut report = fixture::report();
    let risk = |name: &str| RiskFigures {
        key: format!("site:public:/v1/items?fields={name}&limit=20#json#20"),
        probability: 0.5,
        probability_unprotected: 0.5,
        ..RiskFigures::default()
    };
    report.levels[0].risk = ["name", "price"].map(risk).into();
    let shown = shown_of(&report, 100, false);
    assert!(
        shown.contains("name&limit") && shown.contains("rice&limit"),
        "{shown}"
    );
}
