//! Policies after bugs that people reported, and policies that are as they should be: what is said
//! about each. `tests/data/corpus/README.md` tells how to add one.
#![allow(missing_docs, reason = "a test")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail that way"
)]

use cachepolicy_compiler::{codes, compile_text};
use cachepolicy_syntax::{Diagnostic, FileId, Severity, format};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// What people suffer from, each with a bug of its own at least.
const REPORTED: &[&str] = &[
    "cache-as-database",
    "child-outlived",
    "deploy-herd",
    "downstream-unreachable",
    "fill-race",
    "invalidation-cycle",
    "invalidation-storm",
    "key-not-injective",
    "keys-collide",
    "leak",
    "lock-shorter-than-fill",
    "lost-message",
    "masked-slow-query",
    "never-pays",
    "no-invalidation-plan",
    "old-key-missed",
    "origin-overload-when-cold",
    "other-processes-missed",
    "partial-binding",
    "purge-before-commit",
    "refill-order",
    "replica-refill",
    "shadowed-route",
    "silent-write",
    "stampede-unprotected",
    "synchronised-expiry",
    "unbounded-variants",
    "unused",
    "unversioned-key",
    "variant-missing",
];

/// A policy of the corpus.
struct Case {
    name: String,
    text: String,
}

impl Case {
    fn all(kind: &str) -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("data/corpus")
            .join(kind);
        let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        let case = |path: PathBuf| Self {
            name: path.file_name().unwrap().to_str().unwrap().to_owned(),
            text: std::fs::read_to_string(&path).unwrap(),
        };
        paths.into_iter().map(case).collect()
    }

    /// Everything that is said about it.
    fn diagnostics(&self) -> Vec<Diagnostic> {
        compile_text(&self.name, &self.text).diagnostics
    }

    /// The codes behind `# expect:`.
    fn expected(&self) -> BTreeSet<&str> {
        let mut lines = self.text.lines();
        let listed = lines.find_map(|line| line.strip_prefix("# expect: "));
        let listed = listed.unwrap_or_else(|| panic!("{} expects nothing", self.name));
        listed.split(", ").collect()
    }

    /// `owner/repo#NUMBER`
    fn reported_at(&self) -> Option<&str> {
        let (place, _) = self.text.strip_prefix("# ")?.split_once(": ")?;
        let (repository, number) = place.split_once('#')?;
        let (owner, name) = repository.split_once('/')?;
        let is_name = |text: &str| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            !text.is_empty() && text.bytes().all(allowed)
        };
        let is_number = number.parse::<u32>().is_ok_and(|number| number > 0);
        (is_name(owner) && is_name(name) && is_number).then_some(place)
    }
}

/// For people, one in each line.
fn listed(diagnostics: &[Diagnostic]) -> String {
    let mut out = String::new();
    for found in diagnostics {
        let _ = writeln!(out, "    {}: {}", found.code, found.message);
    }
    out
}

#[test]
fn each_bug_is_found_and_nothing_else() {
    let mut wrong = String::new();
    for case in Case::all("bugs") {
        let diagnostics = case.diagnostics();
        let found: BTreeSet<&str> = diagnostics
            .iter()
            .filter(|found| found.severity >= Severity::Warning)
            .map(|found| found.code)
            .collect();
        let expected = case.expected();
        if found != expected {
            let _ = writeln!(
                wrong,
                "{}: expected {expected:?}, found {found:?}\n{}",
                case.name,
                listed(&diagnostics)
            );
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn careful_policies_are_left_in_peace() {
    let mut wrong = String::new();
    for case in Case::all("careful") {
        let diagnostics = case.diagnostics();
        if !diagnostics.is_empty() {
            let _ = writeln!(wrong, "{}:\n{}", case.name, listed(&diagnostics));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn each_bug_says_where_it_was_reported() {
    let cases = Case::all("bugs");
    let mut places = BTreeSet::new();
    for case in &cases {
        let place = case
            .reported_at()
            .unwrap_or_else(|| panic!("{} begins with no `# owner/repo#NUMBER: `", case.name));
        assert!(places.insert(place), "{place} is there twice");
        for code in case.expected() {
            assert!(
                codes::find(code).is_some(),
                "{}: there is no code `{code}`",
                case.name
            );
        }
    }
    let expected: BTreeSet<&str> = cases.iter().flat_map(Case::expected).collect();
    let reported: BTreeSet<&str> = REPORTED.iter().copied().collect();
    assert_eq!(expected, reported);
}

#[test]
fn all_are_in_the_one_layout() {
    for case in Case::all("bugs").into_iter().chain(Case::all("careful")) {
        assert_eq!(
            format(FileId(0), &case.text).as_deref(),
            Ok(case.text.as_str()),
            "{}",
            case.name
        );
    }
}
