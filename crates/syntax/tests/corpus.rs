//! Whole policies of real systems.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "the tests read the corpus"
)]

use std::path::PathBuf;

use cachepolicy_syntax::{FileId, format, parse};

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

#[test]
fn every_policy_is_formatted_once_and_for_all() {
    for (name, text) in policies() {
        let formatted = format(FileId(0), &text).unwrap();
        assert_eq!(format(FileId(0), &formatted).unwrap(), formatted, "{name}");
        let (before, after) = (parse(FileId(0), &text), parse(FileId(0), &formatted));
        assert!(before.file == after.file, "{name}");
        assert_eq!(before.comments.len(), after.comments.len(), "{name}");
        let long = formatted
            .lines()
            .filter(|line| line.split('#').next().unwrap_or_default().chars().count() > 100);
        assert_eq!(long.count(), 0, "{name}");
    }
}

#[test]
fn the_layout_is_the_one_of_the_language_page() {
    let (_, news) = policies()
        .into_iter()
        .find(|(name, _)| name == "news.cachepolicy")
        .unwrap();
    insta::assert_snapshot!("news", format(FileId(0), &news).unwrap());
}
