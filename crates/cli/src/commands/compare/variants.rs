//! The policies that are compared: files, and the first of them with other properties.

use crate::args::Session;
use crate::diagnostics::Lints;
use crate::input;
use crate::policy::{Text, Warnings};
use anyhow::{Result, bail};
use cachepolicy_compiler::Override;
use cachepolicy_core::Policy;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Columns are named by letters where there is no room for names.
const POLICIES_MAX: usize = 26;

/// A policy that is compared.
pub(super) struct Variant {
    /// Distinct among those compared.
    pub(super) label: String,
    /// As messages call it.
    pub(super) file: String,
    /// Properties that replace those in the text.
    pub(super) set: Vec<String>,
    /// It.
    pub(super) policy: Policy,
}

/// Says what is wrong with the arguments before anything is read. `with`: of each variant, the
/// properties that it replaces.
pub(super) fn check(paths: &[PathBuf], with: &[Vec<String>]) -> Result<()> {
    let count = paths.len() + with.len();
    if let ([only], []) = (paths, with) {
        bail!(
            "there is nothing to compare `{}` with: give another policy, or `--with ITEM.PROPERTY=VALUE`",
            only.display()
        );
    }
    if count > POLICIES_MAX {
        bail!("{count} policies are given, and {POLICIES_MAX} can be compared");
    }
    let mut seen = HashSet::new();
    for path in paths.iter().filter(|path| *path != Path::new(input::STDIN)) {
        // Whatever cannot be read is told when it is read.
        let file = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
        if !seen.insert(file) {
            bail!(
                "`{}` is given twice; to compare it with a variant of itself write `--with ITEM.PROPERTY=VALUE`",
                path.display()
            );
        }
    }
    Ok(())
}

/// `article.ttl=1h; shared.capacity=1GiB`, which is one variant: its properties.
pub(super) fn properties(text: &str) -> Result<Vec<String>, String> {
    let mut found = vec![String::new()];
    let mut quoted = false;
    let mut escaped = false;
    for character in text.chars() {
        if character == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = character == '\\' && !escaped;
        match found.last_mut() {
            Some(_) if character == ';' && !quoted => found.push(String::new()),
            Some(last) => last.push(character),
            None => {}
        }
    }
    let found = found.iter().map(|property| property.trim().to_owned());
    let found: Vec<String> = found.filter(|property| !property.is_empty()).collect();
    if found.is_empty() {
        return Err("write ITEM.PROPERTY=VALUE, several with `;` between them".to_owned());
    }
    Ok(found)
}

/// Compiles all of them; `None`: some have errors, which were shown.
pub(super) fn compile(
    paths: &[PathBuf],
    with: &[Vec<String>],
    everywhere: &[Override],
    lints: &Lints,
    session: Session,
) -> Result<Option<Vec<Variant>>> {
    let mut compiled = Vec::new();
    let mut failed = false;
    let mut first = None;
    for path in paths {
        let text = Text::read(path)?;
        let policy = text.compile(everywhere.to_vec(), lints, Warnings::Counted, session)?;
        failed |= policy.is_none();
        compiled.extend(policy.map(|policy| (text.name().to_owned(), Vec::new(), policy)));
        first.get_or_insert(text);
    }
    for set in with {
        let Some(text) = &first else { continue };
        let own = set.iter().map(|set| Override::new(set).given_by("--with"));
        let all = everywhere.iter().cloned().chain(own).collect();
        let policy = text.compile(all, lints, Warnings::Told, session)?;
        failed |= policy.is_none();
        compiled.extend(policy.map(|policy| (text.name().to_owned(), set.clone(), policy)));
    }
    if failed {
        return Ok(None);
    }
    let labels = labels(paths, with);
    let variants = compiled.into_iter().zip(labels);
    let variants = variants.map(|((file, set, policy), label)| Variant {
        label,
        file,
        set,
        policy,
    });
    Ok(Some(variants.collect()))
}

/// A short name for each: of a file its own or, where several have the same, its folder's; of a
/// variant what it replaces.
fn labels(paths: &[PathBuf], with: &[Vec<String>]) -> Vec<String> {
    let parts: Vec<Vec<String>> = paths.iter().map(|path| parts(path)).collect();
    let mut labels: Vec<String> = (0..paths.len())
        .map(|index| short(&parts, index))
        .chain(with.iter().map(|set| set.join("; ")))
        .collect();
    let mut seen = HashSet::new();
    for (index, label) in labels.iter_mut().enumerate() {
        if !seen.insert(label.clone()) {
            *label = format!("{label} ({})", index + 1);
            seen.insert(label.clone());
        }
    }
    labels
}

/// A path's parts from its end, without the ending.
fn parts(path: &Path) -> Vec<String> {
    if path == Path::new(input::STDIN) {
        return vec![input::STDIN_NAME.to_owned()];
    }
    let plain = path.with_extension("");
    let parts = plain.components().rev();
    parts
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect()
}

/// The first part from the end that no other path has there; else the whole path.
fn short(all: &[Vec<String>], index: usize) -> String {
    let Some(own) = all.get(index) else {
        return String::new();
    };
    let others = || all.iter().enumerate().filter(|(other, _)| *other != index);
    let distinct = own
        .iter()
        .enumerate()
        .find(|(depth, part)| others().all(|(_, other)| other.get(*depth) != Some(part)));
    match distinct {
        Some((_, part)) => part.clone(),
        None => own.iter().rev().cloned().collect::<Vec<_>>().join("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_properties_of_one_variant() {
        let of = |text| properties(text).unwrap();
        assert_eq!(of("a.ttl=5m"), ["a.ttl=5m"]);
        assert_eq!(of("a.ttl=5m; b.ttl=1h ;"), ["a.ttl=5m", "b.ttl=1h"]);
        assert_eq!(
            of(r#"a.key="x;\";y";b.ttl=1h"#),
            [r#"a.key="x;\";y""#, "b.ttl=1h"]
        );
        assert!(properties(" ; ").is_err());
    }

    #[test]
    fn labels_tell_policies_apart() {
        let of = |paths: &[&str], with: &[&str]| {
            let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
            let with: Vec<_> = with.iter().map(|it| vec![(*it).to_owned()]).collect();
            labels(&paths, &with)
        };
        assert_eq!(
            of(&["x/base.cachepolicy", "head.cachepolicy"], &[]),
            ["base", "head"]
        );
        assert_eq!(
            of(&["main/news.cachepolicy", "pr/news.cachepolicy"], &[]),
            ["main", "pr"]
        );
        assert_eq!(
            of(&["news.cachepolicy"], &["a.ttl=1m"]),
            ["news", "a.ttl=1m"]
        );
        assert_eq!(
            of(&["-", "a.cachepolicy"], &["a", "a"]),
            ["<stdin>", "a", "a (3)", "a (4)"]
        );
        assert_eq!(of(&["a.txt", "a.cachepolicy"], &[]), ["a", "a (2)"]);
    }
}
