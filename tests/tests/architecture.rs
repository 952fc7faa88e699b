//! The crates' arrows point one way, the pure crates stay pure, and files stay small.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test"
)]

use cargo_metadata::{DependencyKind, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What each crate may use of ours. See ARCHITECTURE.md.
const ARROWS: &[(&str, &[&str])] = &[
    ("cachepolicy-syntax", &[]),
    ("cachepolicy-core", &[]),
    ("cachepolicy-analysis", &["cachepolicy-core"]),
    (
        "cachepolicy-compiler",
        &[
            "cachepolicy-syntax",
            "cachepolicy-core",
            "cachepolicy-analysis",
        ],
    ),
    (
        "cachepolicy-build",
        &[
            "cachepolicy-render",
            "cachepolicy-syntax",
            "cachepolicy-core",
            "cachepolicy-compiler",
        ],
    ),
    ("cachepolicy-http", &[]),
    (
        "cachepolicy-runtime",
        &["cachepolicy-core", "cachepolicy-http", "cachepolicy-trace"],
    ),
    ("cachepolicy-trace", &["cachepolicy-core"]),
    (
        "cachepolicy-sim",
        &[
            "cachepolicy-core",
            "cachepolicy-trace",
            "cachepolicy-analysis",
        ],
    ),
    (
        "cachepolicy-render",
        &[
            "cachepolicy-syntax",
            "cachepolicy-core",
            "cachepolicy-analysis",
            "cachepolicy-compiler",
            "cachepolicy-trace",
            "cachepolicy-sim",
        ],
    ),
    (
        "cachepolicy-wasm",
        &[
            "cachepolicy-syntax",
            "cachepolicy-core",
            "cachepolicy-analysis",
            "cachepolicy-compiler",
            "cachepolicy-trace",
            "cachepolicy-sim",
            "cachepolicy-render",
        ],
    ),
    (
        "cachepolicy-python",
        &[
            "cachepolicy-syntax",
            "cachepolicy-core",
            "cachepolicy-compiler",
            "cachepolicy-trace",
            "cachepolicy-sim",
            "cachepolicy-render",
            "cachepolicy-runtime",
        ],
    ),
    (
        "cachepolicy",
        &[
            "cachepolicy-build",
            "cachepolicy-render",
            "cachepolicy-syntax",
            "cachepolicy-core",
            "cachepolicy-analysis",
            "cachepolicy-compiler",
            "cachepolicy-trace",
            "cachepolicy-sim",
            "cachepolicy-runtime",
        ],
    ),
    ("xtask", &["cachepolicy-compiler"]),
];

/// What the core must never come to depend on, however indirectly.
const NOT_IN_CORE: &[&str] = &[
    "pest", "petgraph", "tokio", "rayon", "csv", "flate2", "zstd", "clap", "rand",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace")
        .to_path_buf()
}

#[test]
fn arrows_point_one_way() {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .exec()
        .unwrap();
    let ours: BTreeMap<_, _> = metadata
        .workspace_packages()
        .into_iter()
        .map(|package| (package.name.to_string(), package))
        .collect();
    for (name, allowed) in ARROWS {
        let package = ours.get(*name).unwrap_or_else(|| panic!("no crate {name}"));
        let uses: BTreeSet<_> = package
            .dependencies
            .iter()
            .filter(|dependency| {
                dependency.kind == DependencyKind::Normal && ours.contains_key(&dependency.name)
            })
            .map(|dependency| dependency.name.as_str())
            .collect();
        let allowed: BTreeSet<_> = allowed.iter().copied().collect();
        assert!(
            uses.is_subset(&allowed),
            "{name} uses {uses:?}, may use {allowed:?}"
        );
    }
    let listed: BTreeSet<_> = ARROWS.iter().map(|(name, _)| *name).collect();
    for name in ours.keys().filter(|name| name.starts_with("cachepolicy")) {
        let beside = ["cachepolicy-tests", "cachepolicy-benches"].contains(&name.as_str())
            || name.starts_with("cachepolicy-example-")
            || name.ends_with("-guest");
        assert!(
            beside || listed.contains(name.as_str()),
            "{name} has no row in ARROWS"
        );
    }
}

#[test]
fn the_core_is_light() {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .exec()
        .unwrap();
    let core = metadata
        .packages
        .iter()
        .find(|package| *package.name == "cachepolicy-core")
        .unwrap();
    let resolve = metadata.resolve.as_ref().unwrap();
    let mut seen = BTreeSet::new();
    let mut next = vec![core.id.clone()];
    while let Some(id) = next.pop() {
        let node = resolve.nodes.iter().find(|node| node.id == id).unwrap();
        for dependency in &node.deps {
            let normal = dependency
                .dep_kinds
                .iter()
                .any(|kind| kind.kind == DependencyKind::Normal);
            if normal && seen.insert(dependency.pkg.clone()) {
                next.push(dependency.pkg.clone());
            }
        }
    }
    for package in metadata
        .packages
        .iter()
        .filter(|package| seen.contains(&package.id))
    {
        assert!(
            !NOT_IN_CORE.contains(&package.name.as_str()),
            "the core depends on {}",
            package.name
        );
    }
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// What the compiler does not check is written once, where files are mapped into memory.
#[test]
fn nothing_is_unsafe_but_the_mapping_of_files() {
    let mut files = Vec::new();
    rust_files(&root().join("crates"), &mut files);
    let allows: Vec<_> = files
        .iter()
        .filter(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            text.lines()
                .any(|line| line.trim_start().starts_with("unsafe_code"))
        })
        .collect();
    assert_eq!(allows, [&root().join("crates/cli/src/input.rs")]);
}

/// Most files stay under 400 lines; none grows beyond what one person keeps in mind.
#[test]
fn files_stay_small() {
    let mut files = Vec::new();
    for folder in ["crates", "tests", "benches"] {
        rust_files(&root().join(folder), &mut files);
    }
    let long: Vec<_> = files
        .iter()
        .map(|path| (std::fs::read_to_string(path).unwrap().lines().count(), path))
        .filter(|(lines, _)| *lines > 450)
        .collect();
    assert!(long.is_empty(), "split these: {long:#?}");
}
