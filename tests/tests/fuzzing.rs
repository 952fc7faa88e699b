//! What the fuzzer found once stays found, and the nearest inputs are looked at on every run: each
//! target on its corpus, and on inputs made from it, the same ones every time. See
//! `docs/fuzzing.md`.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]
#![expect(clippy::panic, reason = "tests fail by panicking")]

use cachepolicy_tests::fuzzing::{Dictionary, Mutator, Target, folder, targets};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// All corpora together.
const CORPUS_BYTES_MAX: usize = 1 << 20;

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries =
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).unwrap();
        (path, bytes)
    };
    paths.into_iter().map(read).collect()
}

/// Runs the examples of some targets, and so many inputs made from them.
fn check(wanted: impl Fn(&Target) -> bool, made: usize) {
    let chosen: Vec<_> = targets().into_iter().filter(wanted).collect();
    assert!(!chosen.is_empty());
    for target in chosen {
        let corpus = files(&target.corpus());
        assert!(!corpus.is_empty(), "{} has no examples", target.name);
        for (path, bytes) in &corpus {
            run(&target, bytes, &format!("{}", path.display()));
        }
        let dictionary = Dictionary::read(&target.dictionary()).unwrap();
        let examples: Vec<_> = corpus.into_iter().map(|(_, bytes)| bytes).collect();
        let mut mutator = Mutator::new(&examples, &dictionary, 0);
        for number in 0..made {
            let bytes = mutator.input();
            run(&target, &bytes, &format!("made input {number}"));
        }
    }
}

/// A finding is written to a file, so that it can be looked at and become an example.
fn run(target: &Target, bytes: &[u8], what: &str) {
    if catch_unwind(AssertUnwindSafe(|| target.check(bytes))).is_err() {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("found-{}", target.name));
        std::fs::write(&path, bytes).unwrap();
        panic!(
            "target {}, {what}: see above; the input is in {}",
            target.name,
            path.display()
        );
    }
}

#[test]
fn policies() {
    check(|target| target.name == "policy", 600);
}

#[test]
fn artefacts() {
    check(|target| target.name == "artefact", 600);
}

#[test]
fn simulations() {
    check(|target| target.name == "simulate", 300);
}

#[test]
fn traces() {
    check(|target| target.name.starts_with("trace"), 400);
}

#[test]
fn every_target_has_its_corpus_and_every_corpus_its_target() {
    let names: BTreeSet<String> = targets().into_iter().map(|target| target.name).collect();
    let entries = std::fs::read_dir(folder().join("corpus")).unwrap();
    let folders = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(folders.collect::<BTreeSet<_>>(), names);
}

#[test]
fn the_corpora_are_small() {
    let bytes: usize = targets()
        .iter()
        .flat_map(|target| files(&target.corpus()))
        .map(|(_, bytes)| bytes.len())
        .sum();
    assert!(bytes < CORPUS_BYTES_MAX, "{bytes} bytes");
}
