use super::*;
use crate::output::text;
use cachepolicy_core::expectation::Unit;
use cachepolicy_sim::baseline::Before;
use cachepolicy_sim::compare::Better;
use quick_xml::Reader;
use quick_xml::events::Event;

fn result(kind: &str, claim: &str, held: Option<bool>, line: u32) -> ExpectationResult {
    ExpectationResult {
        id: claim.to_owned(),
        kind: kind.to_owned(),
        claim: claim.to_owned(),
        subject: "page".to_owned(),
        held,
        figure: Some(0.471),
        limit: Some(0.5),
        unit: "ratio".to_owned(),
        file: "policies/shop.cachepolicy".to_owned(),
        line,
    }
}

fn case(result: ExpectationResult, figure: &str, hint: Option<(&str, &str)>) -> Case {
    Case {
        open: result
            .held
            .is_none()
            .then(|| "there was nothing to measure".to_owned()),
        figure: figure.to_owned(),
        in_seeds: None,
        property_place: hint.map(|_| ("policies/shop.cachepolicy".to_owned(), 34)),
        hint: hint.map(|(property, sentence)| Hint {
            property: property.to_owned(),
            place: None,
            sentence: sentence.to_owned(),
        }),
        result,
    }
}

fn figure(name: &str, before: f64, after: f64) -> Before {
    Before {
        figure: name.to_owned(),
        unit: Unit::Ratio,
        better: Better::Higher,
        before,
        after,
    }
}

/// A route with whatever XML, a terminal and GitHub would take for their own.
const NASTY: &str = "hit_ratio(GET \"/a?x=<1>&y\u{1b}[31m%0A\") >= 50%";

/// Claims of every kind and outcome, a baseline, a policy with errors and one without claims.
fn trial() -> Trial {
    let ttl = (
        "page.ttl",
        "most misses are `page`'s (12 misses): look at `ttl 1m`, `vary` and what purges it \
         (policies/shop.cachepolicy:34)",
    );
    let proofs = vec![case(
        result(
            "prove",
            "prove staleness(page, Product) <= 10s",
            Some(true),
            57,
        ),
        "2 s",
        Some((
            "outbox.delay",
            "every copy of `page` is invalidated within 2s",
        )),
    )];
    let measured = vec![
        case(
            result("measure", "stampede(page).peak <= 1", Some(true), 58),
            "1",
            Some(("page.stampede", "nothing protects `page`")),
        ),
        case(
            result("measure", NASTY, Some(false), 59),
            "47.1%",
            Some(ttl),
        ),
        case(
            result("measure", "latency(GET \"/none\").p99 <= 1s", None, 60),
            "no data",
            None,
        ),
    ];
    let group = |on, seeds, cases| Group { on, seeds, cases };
    let tested = Tested {
        name: "shop".to_owned(),
        hash: "00".to_owned(),
        groups: vec![
            group(On::Proof, Vec::new(), proofs),
            group(On::Workload("day".to_owned()), vec![0, 1, 2], measured),
        ],
        baselines: vec![Against {
            file: "before.json".to_owned(),
            baseline: Baseline {
                figures: vec![
                    figure("hit_ratio(requests)", 0.8, 0.6),
                    figure("hit_ratio(GET \"/\")", 0.8, 0.81),
                ],
                lacking: vec!["recovery(flush shared)".to_owned()],
                notes: vec!["the baseline began with seed 1, this run with 0".to_owned()],
            },
        }],
    };
    let nothing = Tested {
        name: "quiet".to_owned(),
        hash: "01".to_owned(),
        groups: Vec::new(),
        baselines: Vec::new(),
    };
    let suite = |file: &str, tested| Suite {
        file: file.to_owned(),
        tested,
    };
    Trial {
        suites: vec![
            suite("policies/shop.cachepolicy", Some(tested)),
            suite("broken.cachepolicy", None),
            suite("quiet.cachepolicy", Some(nothing)),
        ],
        tolerance: 0.02,
    }
}

fn shown(format: Format, width: usize) -> String {
    let terminal = Terminal {
        width,
        ..Terminal::PLAIN
    };
    trial().render(format, terminal).unwrap()
}

#[test]
fn at_100_columns() {
    insta::assert_snapshot!(shown(Format::Human, 100));
}

#[test]
fn at_60_columns() {
    insta::assert_snapshot!(shown(Format::Human, 60));
}

#[test]
fn it_fits_from_40_columns_on() {
    for width in 40..=100 {
        let text = shown(Format::Human, width);
        let too_long = text.lines().find(|line| text::width(line) > width);
        assert_eq!(too_long, None, "at {width}");
        assert!(!text.contains('\u{1b}'));
    }
}

#[test]
fn for_machines() {
    insta::assert_snapshot!(shown(Format::Json, 100));
}

#[test]
fn as_junit() {
    insta::assert_snapshot!(shown(Format::Junit, 100));
}

#[test]
fn as_workflow_commands() {
    insta::assert_snapshot!(shown(Format::Github, 100));
}

#[test]
fn the_xml_reads_back_as_what_was_written() {
    let xml = shown(Format::Junit, 100);
    assert!(xml.chars().all(|it| !it.is_control() || it == '\n'));
    let mut reader = Reader::from_str(&xml);
    let (mut open, mut names, mut failures) = (Vec::new(), Vec::new(), 0);
    loop {
        let event = reader.read_event().unwrap();
        match &event {
            Event::Start(element) | Event::Empty(element) => {
                let name = element.name().as_ref().to_owned();
                for attribute in element.attributes() {
                    let attribute = attribute.unwrap();
                    let value = quick_xml::escape::unescape(&attribute.value).unwrap();
                    if attribute.key.as_ref() == "name" && name == "testcase" {
                        names.push(value.into_owned());
                    }
                }
                failures += usize::from(name == "failure");
                if matches!(event, Event::Start(_)) {
                    open.push(name);
                }
            }
            Event::End(element) => {
                assert_eq!(open.pop().as_deref(), Some(element.name().as_ref()));
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(open.is_empty());
    assert_eq!(failures, 2);
    assert!(
        names.contains(&NASTY.replace('\u{1b}', "\u{fffd}")),
        "{names:?}"
    );
}
