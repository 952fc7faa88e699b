//! `cargo xtask fuzz`: libFuzzer on each target, one after the other. See `docs/fuzzing.md`.

use anyhow::{Context as _, Result, bail};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Seconds of each target, unless said otherwise.
const SECONDS: u64 = 600;

/// Runs the targets of these names, or all; a number among them is how many seconds each gets.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<()> {
    let works = Command::new("cargo").args(["fuzz", "--version"]).output();
    if !works.is_ok_and(|output| output.status.success()) {
        bail!("cargo-fuzz is missing: `cargo install cargo-fuzz`");
    }
    let is_number = |argument: &&String| argument.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = match arguments.iter().find(is_number) {
        Some(number) => number.parse().context("so many seconds")?,
        None => SECONDS,
    };
    let wanted: Vec<_> = arguments.iter().filter(|name| !is_number(name)).collect();
    let mut targets = targets(root)?;
    if let Some(unknown) = wanted.iter().find(|name| !targets.contains(name)) {
        bail!(
            "there is no target `{unknown}`; there are {}",
            targets.join(", ")
        );
    }
    targets.retain(|target| wanted.is_empty() || wanted.contains(&target));
    let mut found = Vec::new();
    for target in targets {
        eprintln!("\n── {target}: {seconds} s ──");
        if !fuzz(root, &target, seconds)? {
            found.push(target);
        }
    }
    if !found.is_empty() {
        bail!(
            "something was found in {}: the inputs are in fuzz/artifacts",
            found.join(", ")
        );
    }
    Ok(())
}

/// Each has a folder of examples.
fn targets(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("fuzz/corpus");
    let entries = fs::read_dir(&folder).with_context(|| format!("{}", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// `false`: something was found. What the fuzzer learns goes to `fuzz/target/corpus`, so that the
/// examples stay as they are.
fn fuzz(root: &Path, target: &str, seconds: u64) -> Result<bool> {
    let folder = root.join("fuzz");
    let learnt = folder.join("target/corpus").join(target);
    let found = folder.join("artifacts").join(target);
    for made in [&learnt, &found] {
        fs::create_dir_all(made).with_context(|| format!("{}", made.display()))?;
    }
    // All formats are read by one program.
    let (program, format) = match target.strip_prefix("trace-") {
        Some(format) => ("trace", Some(format)),
        None => (target, None),
    };
    // Policies are longer than lines of traces.
    let longest = if program == "trace" { 4_096 } else { 24_000 };
    let mut command = Command::new("cargo");
    command
        .args(["fuzz", "run", "--sanitizer", "none", program])
        .args([&learnt, &folder.join("corpus").join(target)])
        .arg("--")
        .arg(format!(
            "-dict={}",
            folder.join(format!("dictionaries/{target}.dict")).display()
        ))
        .arg(format!("-artifact_prefix={}/", found.display()))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={longest}"))
        .args(["-timeout=20", "-print_final_stats=1"])
        .current_dir(root);
    if let Some(format) = format {
        command.env("FORMAT", format);
    }
    let status = command.status().context("cannot run cargo fuzz")?;
    Ok(status.success())
}
