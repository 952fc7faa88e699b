//! `cargo xtask test`: everything that a change must pass, and plainly what did not.

use crate::{python, toolchain, web};
use anyhow::{Context as _, Result, bail};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a step found, one line each.
type Failures = Vec<String>;

/// Runs all steps, also after one that failed, and lists at the end what failed.
pub(crate) fn run(root: &Path) -> Result<()> {
    toolchain::complete(root)?;
    let steps: [(&str, &str, &[&str]); 4] = [
        (
            "formatting",
            "run `cargo fmt --all`",
            &["fmt", "--all", "--check"],
        ),
        (
            "lints",
            "see clippy's messages above",
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ],
        ),
        (
            "the runtime without its features",
            "see clippy's messages above",
            &[
                "clippy",
                "-p",
                "cachepolicy-runtime",
                "--no-default-features",
                "--",
                "-D",
                "warnings",
            ],
        ),
        (
            "tests",
            "see the output above",
            &["test", "--workspace", "--no-fail-fast"],
        ),
    ];
    let mut failed = Vec::new();
    let mut times = Times::begin();
    for (name, advice, arguments) in steps {
        eprintln!("\n── {name}: cargo {} ──", arguments.join(" "));
        if let Some(failures) = cargo(root, arguments)? {
            failed.push((name, advice, failures));
        }
        times.over(name);
    }
    eprintln!("\n── page: cargo xtask web, npm test ──");
    if let Err(error) = web::test(root) {
        failed.push(("page", "see the output above", vec![format!("{error:#}")]));
    }
    times.over("page");
    eprintln!("\n── package: cargo xtask python test ──");
    if let Err(error) = python::test(root, python::Build::Workspace) {
        failed.push((
            "package for Python",
            "see the output above",
            vec![format!("{error:#}")],
        ));
    }
    times.over("package for Python");
    times.show();
    if failed.is_empty() {
        eprintln!("\n✓ formatting, lints, tests, page and package: all passed");
        return Ok(());
    }
    eprintln!();
    for (name, advice, failures) in &failed {
        eprintln!("✗ {name} failed: {advice}");
        for failure in failures {
            eprintln!("    {failure}");
        }
    }
    bail!("{} of {} steps failed", failed.len(), steps.len() + 2)
}

/// How long the steps took.
struct Times {
    since: Instant,
    each: Vec<(&'static str, Duration)>,
}

impl Times {
    fn begin() -> Self {
        Self {
            since: Instant::now(),
            each: Vec::new(),
        }
    }

    /// This step is over.
    fn over(&mut self, step: &'static str) {
        let now = Instant::now();
        self.each.push((step, now - self.since));
        self.since = now;
    }

    fn show(&self) {
        eprintln!();
        for (step, took) in &self.each {
            eprintln!("{:>5} s  {step}", took.as_secs());
        }
    }
}

/// Runs cargo and shows all that it says. `None`: it succeeded; else the tests that failed by name.
fn cargo(root: &Path, arguments: &[&str]) -> Result<Option<Failures>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let command = Command::new(cargo)
        .args(arguments)
        .current_dir(root)
        .stdout(Stdio::piped())
        .spawn();
    let mut child = command.context("cannot run cargo")?;
    let mut failures = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.context("cannot read what cargo says")?;
            let mut shown = std::io::stdout().lock();
            shown.write_all(&line)?;
            shown.write_all(b"\n")?;
            failures.extend(failed_test(&String::from_utf8_lossy(&line)));
        }
    }
    let status = child.wait().context("cargo did not end")?;
    Ok((!status.success()).then_some(failures))
}

/// `test closed_forms::ttl ... FAILED`
fn failed_test(line: &str) -> Option<String> {
    let name = line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::failed_test;

    #[test]
    fn failed_tests_are_named() {
        assert_eq!(failed_test("test a::b ... FAILED").as_deref(), Some("a::b"));
        assert_eq!(failed_test("test a::b ... ok"), None);
        assert_eq!(failed_test("test result: FAILED. 1 passed"), None);
    }
}
