//! Whole policies of real systems.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "the tests read the corpus"
)]

use std::path::PathBuf;

use cachepolicy_syntax::{FileId, parse};

fn policies() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/policies");
    let mut policies: Vec<(String, String)> = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "cachepolicy")
        })
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                std::fs::read_to_string(path).unwrap(),
            )
        })
        .collect();
    policies.sort();
    assert!(policies.len() >= 8, "the corpus is not there");
    policies
}

#[test]
fn every_policy_parses_without_a_diagnostic() {
    for (name, text) in policies() {
        let parsed = parse(FileId(0), &text);
        assert_eq!(parsed.diagnostics, [], "{name}");
        assert_eq!(
            parsed.comments.len(),
            text.lines().filter(|line| line.contains('#')).count(),
            "{name}"
        );
    }
}
