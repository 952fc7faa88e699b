use super::*;
use crate::output::Terminal;
use cachepolicy_syntax::{FileId, Source};

const TEXT: &str =
    "policy shop { edition 1 }\nobject price(product) {\n  store shared\n  tll 5m,\n}\n";

fn span(text: &str) -> Span {
    let start = TEXT.find(text).unwrap() as u32;
    Span {
        file: FileId(0),
        start,
        end: start + text.len() as u32,
    }
}

fn findings() -> Findings {
    let mut sources = Sources::default();
    sources.add(Source::new("shop policies/a,b.cachepolicy", TEXT));
    sources.add(Source::new(
        "models.cachepolicy",
        "backend shared redis { }\n",
    ));
    let elsewhere = Span {
        file: FileId(1),
        start: 8,
        end: 14,
    };
    let diagnostics = vec![
        Diagnostic::error(
            "unknown-property",
            span("tll"),
            "a level has no property `tll`",
        )
        .label("not a property")
        .related(span("price"), "in this level")
        .help("did you mean `ttl`?")
        .fix("write `ttl`", span("tll"), "ttl"),
        Diagnostic::warning(
            "unbounded-variants",
            span("shared"),
            "100% of this is\nuncertain",
        )
        .related(elsewhere, "declared here"),
        Diagnostic::error("stray-comma", span(","), "a comma ends this list").fix(
            "remove the comma",
            span(","),
            "",
        ),
    ];
    Findings {
        sources,
        diagnostics,
    }
}

#[test]
fn for_people() {
    insta::assert_snapshot!(human(&findings(), Terminal::PLAIN));
}

#[test]
fn as_json() {
    let text = Format::Json.render(&[findings()]).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["errors"], 2);
    assert_eq!(value["diagnostics"][0]["line"], 4);
    assert_eq!(value["diagnostics"][0]["column"], 3);
    assert_eq!(value["diagnostics"][0]["fix"]["edits"][0]["text"], "ttl");
    assert_eq!(
        value["diagnostics"][1]["related"][0]["file"],
        "models.cachepolicy"
    );
}

#[test]
fn as_workflow_commands() {
    insta::assert_snapshot!(Format::Github.render(&[findings()]).unwrap(), @r"
    ::error file=shop policies/a%2Cb.cachepolicy,line=4,col=3,endLine=4,endColumn=6,title=unknown-property::a level has no property `tll`%0Ahelp: did you mean `ttl`?
    ::warning file=shop policies/a%2Cb.cachepolicy,line=3,col=9,endLine=3,endColumn=15,title=unbounded-variants::100%25 of this is%0Auncertain
    ::error file=shop policies/a%2Cb.cachepolicy,line=4,col=9,endLine=4,endColumn=10,title=stray-comma::a comma ends this list
    ");
}

#[test]
fn as_sarif() {
    let text = Format::Sarif.render(&[findings()]).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["version"], "2.1.0");
    let result = &value["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "unknown-property");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(
        place["artifactLocation"]["uri"],
        "shop%20policies/a%2Cb.cachepolicy"
    );
    assert_eq!(place["region"]["startLine"], 4);
    let change = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(change["insertedContent"]["text"], "ttl");
}

#[test]
fn fixes_are_applied_and_overlapping_ones_wait() {
    let Findings {
        sources,
        mut diagnostics,
    } = findings();
    let source = sources.get(FileId(0)).unwrap();
    diagnostics.push(Diagnostic::error("other", span("tll 5m"), "…").fix(
        "drop it",
        span("tll 5m"),
        "",
    ));
    let (text, count) = apply_fixes(FileId(0), source, &diagnostics);
    assert_eq!(count, 2);
    assert_eq!(text, TEXT.replace("tll 5m,", "ttl 5m"));
}

#[test]
fn allow_and_deny() {
    let of = |deny: &[&str], allow: &[&str]| {
        let owned = |codes: &[&str]| -> Vec<String> {
            codes.iter().map(|code| (*code).to_owned()).collect()
        };
        let mut findings = findings();
        let lints = Lints::new(&owned(deny), &owned(allow)).unwrap();
        lints.judge(&mut findings);
        Counts::of(&[findings])
    };
    assert_eq!(
        of(&[], &[]),
        Counts {
            errors: 2,
            warnings: 1
        }
    );
    assert_eq!(
        of(&["warnings"], &[]),
        Counts {
            errors: 3,
            warnings: 0
        }
    );
    assert_eq!(
        of(&["unbounded-variants"], &[]),
        Counts {
            errors: 3,
            warnings: 0
        }
    );
    assert_eq!(
        of(&["warnings"], &["unbounded-variants"]),
        Counts {
            errors: 2,
            warnings: 0
        }
    );
    assert_eq!(
        of(&[], &["unknown-property"]),
        Counts {
            errors: 2,
            warnings: 1
        }
    );
    assert_eq!(
        Counts {
            errors: 1,
            warnings: 2
        }
        .sentence()
        .unwrap(),
        "1 error and 2 warnings"
    );
    assert_eq!(Counts::default().sentence(), None);
}

/// What a person reads who checks the policy of the tutorial.
#[test]
fn of_the_tutorials_policy() {
    let text = include_str!("../../../../policies/django-tutorial.cachepolicy");
    let compiled = cachepolicy_compiler::compile_text("django-tutorial.cachepolicy", text);
    let findings = Findings {
        sources: compiled.sources,
        diagnostics: compiled.diagnostics,
    };
    insta::assert_snapshot!(human(&findings, Terminal::PLAIN));
    let narrow = Terminal {
        width: 60,
        ..Terminal::PLAIN
    };
    insta::assert_snapshot!("of_the_tutorials_policy_narrow", human(&findings, narrow));
}
