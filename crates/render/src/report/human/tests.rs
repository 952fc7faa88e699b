use super::*;
use crate::output::text;
use cachepolicy_sim::report::{ObservedFigures, Ordered, UnroutedFigures};

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
