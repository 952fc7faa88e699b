//! Whole-process processor time beside libCacheSim's `cachesim`, in turn, in one run, on one thread.
//!
//! ```console
//! $ cargo build --release --workspace
//! $ target/release/speed --cachesim PATH --folder FOLDER [--requests 20000000] [--runs 3]
//! ```
//!
//! The folder gets the Zipf trace (once; 1.3 GB for 20 million requests) in libCacheSim's binary
//! form, as CSV and in the compact form. What is printed is a Markdown table of medians.
#![expect(clippy::print_stdout, reason = "a command-line tool")]

use cachepolicy_benches::process::{Binary, Result, median, of_children};
use cachepolicy_benches::zipf::{Written, Zipf};
use clap::Parser;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const CAPACITIES: [u64; 2] = [10_000, 100_000];

/// As the language and as `cachesim` call them.
const POLICIES: [&str; 7] = ["lru", "fifo", "sieve", "arc", "lfu", "s3fifo", "wtinylfu"];

/// Compares speeds with libCacheSim's.
#[derive(Debug, Parser)]
struct Arguments {
    /// libCacheSim's `cachesim` program, a release build.
    #[arg(long)]
    cachesim: PathBuf,
    /// Where the traces are made.
    #[arg(long)]
    folder: PathBuf,
    /// The length of the trace.
    #[arg(long, default_value_t = 20_000_000)]
    requests: usize,
    /// How often each is run.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Only this policy, or `csv`, or `writes`.
    #[arg(long)]
    only: Option<String>,
}

/// Processor time from a process's beginning to its end, for it and for the system on its behalf.
fn took(command: &mut Command) -> Result<Duration> {
    let (before, _) = of_children()?;
    let output = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()?;
    let (after, _) = of_children()?;
    if output.status.success() {
        Ok(after.saturating_sub(before))
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("{command:?} failed: {said}").into())
    }
}

fn policy(folder: &Path, evict: &str, capacity: u64, rest: &str) -> Result<PathBuf> {
    let path = folder.join(format!("{evict}-{capacity}.cachepolicy"));
    fs::write(
        &path,
        format!(
            "policy speed {{ edition 1 }}\n\
             backend cache redis {{ capacity {capacity} entries; evict {evict}; latency 0s }}\n\
             object entry(key) {{\n  store cache\n  {rest}\n}}\n"
        ),
    )?;
    Ok(path)
}

/// What is written to, and how copies learn of it.
const STALE: &str = "reads Item(id: key)\n  ttl 60s\n}
model Item { id }
bus slow { delivery at-least-once; delay exp(mean 1s) max 10s }
on Item update via slow { expire entry(key: id) ";

/// Out-of-date copies beside `cachesim`, which has no ttl, no writes and no staleness: it gets the
/// reads alone.
fn writes(arguments: &Arguments, ours: &Path, records: &Path) -> Result<()> {
    println!("\n| what | capacity | cachesim, reads alone | ours |\n|---|---|---|---|");
    let kinds = [
        ("1% `set`", 100, Written::Keys, "ttl 60s"),
        ("5% `set`", 20, Written::Keys, "ttl 60s"),
        (
            "1% rows written, `expire` after 1 s",
            100,
            Written::Rows,
            STALE,
        ),
        (
            "5% rows written, `expire` after 1 s",
            20,
            Written::Rows,
            STALE,
        ),
    ];
    for (name, each, what, rest) in kinds {
        let requests = arguments.requests;
        let trace = format!("zipf-{requests}-{each}-{what:?}.cptrace");
        let trace = arguments.folder.join(trace);
        if !trace.is_file() {
            Zipf::standard(requests).write_with_writes(&trace, each, what)?;
        }
        for capacity in CAPACITIES {
            let policy = policy(&arguments.folder, "lru", capacity, rest)?;
            let mut commands = [
                cachesim(arguments, records, false, "lru", capacity),
                simulate(ours, &policy, &trace, &[]),
            ];
            let times = medians(arguments.runs, &mut commands)?;
            let name = format!("lru, ttl 60 s, {name}");
            row(&name, capacity, requests, times[0], &times[1..]);
        }
    }
    Ok(())
}

fn simulate(ours: &Path, policy: &Path, trace: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(ours);
    command
        .args(["simulate", "--threads", "1", "--format", "json", "--trace"])
        .arg(trace)
        .args(more)
        .arg(policy);
    command
}

fn cachesim(arguments: &Arguments, trace: &Path, csv: bool, evict: &str, capacity: u64) -> Command {
    let mut command = Command::new(&arguments.cachesim);
    command
        .current_dir(&arguments.folder)
        .arg(trace)
        .arg(if csv { "csv" } else { "oracleGeneral" })
        .args([evict, &capacity.to_string()])
        .args(["--ignore-obj-size", "1", "--num-thread", "1"]);
    if csv {
        command.args([
            "-t",
            "time-col=1, obj-id-col=2, obj-size-col=3, has-header=true, delimiter=,, obj-id-is-num=1",
        ]);
    }
    command
}

/// Medians of the commands' times in seconds, each run in turn.
fn medians(runs: usize, commands: &mut [Command]) -> Result<Vec<f64>> {
    let mut times = vec![Vec::new(); commands.len()];
    for _ in 0..runs {
        for (times, command) in times.iter_mut().zip(commands.iter_mut()) {
            times.push(took(command)?);
        }
    }
    let medians = times.into_iter().map(median);
    Ok(medians
        .map(|time| time.unwrap_or_default().as_secs_f64())
        .collect())
}

fn row(name: &str, capacity: u64, requests: usize, theirs: f64, times: &[f64]) {
    let million = requests as f64 / 1e6;
    let cells: Vec<String> = times
        .iter()
        .map(|time| format!("{:.1} ({:.1}×)", million / time, theirs / time))
        .collect();
    println!(
        "| {name} | {capacity} | {:.1} | {} |",
        million / theirs,
        cells.join(" | ")
    );
}

fn main() -> Result<()> {
    let mut arguments = Arguments::parse();
    let given = arguments.cachesim.display().to_string();
    let found = fs::canonicalize(&arguments.cachesim);
    arguments.cachesim = found.map_err(|error| format!("{given}: {error}"))?;
    arguments.runs = arguments.runs.max(1);
    let binary = Binary::find()?;
    let ours = binary.path();
    fs::create_dir_all(&arguments.folder)?;
    let name = |ending: &str| {
        let requests = arguments.requests;
        arguments.folder.join(format!("zipf-{requests}.{ending}"))
    };
    let (records, csv, compact) = (name("oracleGeneral.bin"), name("csv"), name("cptrace"));
    if !records.is_file() || !csv.is_file() {
        Zipf::standard(arguments.requests).write(&records, &csv)?;
    }
    if !compact.is_file() {
        let mut convert = Command::new(ours);
        convert.args(["trace", "convert"]).arg(&records).arg("-o");
        took(convert.arg(&compact))?;
    }
    println!("Million requests a second, and how many times `cachesim`'s.\n");
    println!("| policy | capacity | cachesim, binary | ours, binary | ours, compact |");
    println!("|---|---|---|---|---|");
    let wanted = |evict: &str| arguments.only.as_deref().is_none_or(|only| only == evict);
    for capacity in CAPACITIES {
        for evict in POLICIES.into_iter().filter(|evict| wanted(evict)) {
            let policy = policy(&arguments.folder, evict, capacity, "ttl forever")?;
            let mut commands = [
                cachesim(&arguments, &records, false, evict, capacity),
                simulate(ours, &policy, &records, &[]),
                simulate(ours, &policy, &compact, &[]),
            ];
            let times = medians(arguments.runs, &mut commands)?;
            row(evict, capacity, arguments.requests, times[0], &times[1..]);
        }
    }
    if wanted("writes") {
        writes(&arguments, ours, &records)?;
    }
    if wanted("csv") {
        println!("\n| what | capacity | cachesim | ours |\n|---|---|---|---|");
        for capacity in CAPACITIES {
            let plain = policy(&arguments.folder, "lru", capacity, "ttl forever")?;
            let mut commands = [
                cachesim(&arguments, &csv, true, "lru", capacity),
                simulate(ours, &plain, &csv, &[]),
            ];
            let times = medians(arguments.runs, &mut commands)?;
            row(
                "lru, CSV",
                capacity,
                arguments.requests,
                times[0],
                &times[1..],
            );
            let dated = policy(&arguments.folder, "lru", capacity, "ttl 60s jitter 10%")?;
            let mut commands = [
                cachesim(&arguments, &records, false, "lru", capacity),
                simulate(ours, &dated, &compact, &[]),
            ];
            let times = medians(arguments.runs, &mut commands)?;
            let name = "lru with a ttl, compact";
            row(name, capacity, arguments.requests, times[0], &times[1..]);
        }
    }
    Ok(())
}
