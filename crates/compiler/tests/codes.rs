//! Every documented diagnostic: its failing example has it, its mended example has not.

#![allow(missing_docs)]
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests read files, and fail by panicking"
)]

use cachepolicy_compiler::codes::{CodeDoc, PRELUDE, codes};
use cachepolicy_compiler::{Compiled, Options, Override, compile};
use cachepolicy_syntax::Severity;

fn check(example: &str) -> Compiled {
    let overrides = example.strip_prefix("--set ");
    let options = Options {
        overrides: overrides.map(Override::new).into_iter().collect(),
    };
    let mut loader = |path: &str, _: &str| match path {
        "models.cachepolicy" => Ok("model Comment { id; text }".to_owned()),
        _ => Err("there is no such file".to_owned()),
    };
    compile(
        "example.cachepolicy",
        &CodeDoc::policy_of(example),
        &mut loader,
        &options,
    )
}

fn has(compiled: &Compiled, doc: &CodeDoc) -> bool {
    compiled
        .diagnostics
        .iter()
        .any(|diagnostic| diagnostic.code == doc.code)
}

fn is_of_catalogue(code: &str) -> bool {
    cachepolicy_analysis::lints::LINTS
        .iter()
        .any(|lint| lint.code == code)
}

/// Codes whose failing example is no short text.
const WITHOUT_EXAMPLE: [&str; 3] = ["file-too-large", "too-many-mistakes", "unreadable"];

#[test]
fn every_failing_example_fails_as_it_says() {
    let mut wrong = Vec::new();
    for doc in codes() {
        if WITHOUT_EXAMPLE.contains(&doc.code) {
            assert_eq!(doc.failing, "", "{}", doc.code);
            continue;
        }
        let compiled = check(doc.failing);
        let found: Vec<_> = compiled
            .diagnostics
            .iter()
            .filter(|found| found.code == doc.code)
            .collect();
        if found.is_empty() || found.iter().any(|found| found.severity != doc.severity) {
            wrong.push((doc.code, compiled.diagnostics.clone()));
        }
        // An example of the catalogue has that alone.
        let is_finding = is_of_catalogue(doc.code);
        let errors: Vec<_> = compiled
            .diagnostics
            .iter()
            .filter(|found| found.code != doc.code)
            .filter(|found| {
                found.severity == Severity::Error || (is_finding && is_of_catalogue(found.code))
            })
            .collect();
        if !errors.is_empty() {
            wrong.push((doc.code, errors.into_iter().cloned().collect()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_mended_example_is_mended() {
    let mut wrong = Vec::new();
    for doc in codes().filter(|doc| !WITHOUT_EXAMPLE.contains(&doc.code)) {
        let compiled = check(doc.mended);
        let is_finding = is_of_catalogue(doc.code);
        let mut others = compiled.diagnostics.iter();
        let has_other = is_finding && others.any(|found| is_of_catalogue(found.code));
        if has(&compiled, doc) || compiled.policy.is_none() || has_other {
            wrong.push((doc.code, compiled.diagnostics));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn codes_are_unique_and_documented() {
    let mut seen = std::collections::BTreeSet::new();
    for doc in codes() {
        assert!(seen.insert(doc.code), "{} stands twice", doc.code);
        assert!(
            doc.what.ends_with('.') && doc.why.ends_with(['.', ')']),
            "{}",
            doc.code
        );
    }
    assert!(check(PRELUDE).policy.is_some());
}

/// Whatever the corpus of mistakes makes the compiler say is documented.
#[test]
fn every_code_that_is_reported_is_documented() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let mut texts = Vec::new();
    collect(corpus.as_ref(), &mut texts);
    collect(
        concat!(env!("CARGO_MANIFEST_DIR"), "/../syntax/src").as_ref(),
        &mut texts,
    );
    let mut count = 0;
    for text in texts {
        for call in ["Diagnostic::error(", "Diagnostic::warning("] {
            for rest in text.split(call).skip(1) {
                let Some(code) = rest
                    .trim_start()
                    .strip_prefix('"')
                    .and_then(|rest| rest.split('"').next())
                else {
                    continue;
                };
                assert!(
                    cachepolicy_compiler::codes::find(code).is_some(),
                    "`{code}` has no page"
                );
                count += 1;
            }
        }
    }
    assert!(count > 100, "{count}");
}

fn collect(folder: &std::path::Path, texts: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, texts);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            texts.push(std::fs::read_to_string(path).unwrap());
        }
    }
}
