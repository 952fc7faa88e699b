//! `cargo xtask predict [SECONDS]`: the example news site under its policy's own workload, with a real clock and
//! a real Redis, and what the simulator makes of the trace that the site recorded meanwhile.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// Of the workload, where nothing else is said.
const SECONDS: &str = "600";

/// The policy is of four processes with eight threads each; the example is one, and its requests need no
/// threads.
const AS_RUN: [&str; 4] = ["--set", "news.processes=1", "--set", "news.threads=100000"];

/// Whoever is started answers before so many tenths of a second.
const PATIENCE: u32 = 300;

/// Runs the site, and lays what happened beside what is predicted. An error, where they differ.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<()> {
    let seconds = match arguments {
        [] => SECONDS,
        [seconds] if seconds.parse::<u32>().is_ok_and(|it| it > 0) => seconds,
        _ => bail!(
            "`cargo xtask predict [SECONDS]`: how many seconds of load, {SECONDS} if left out"
        ),
    };
    let bin = build(root)?;
    let folder = tempfile::tempdir().context("there is no folder for what is recorded")?;
    let folder = folder.path();
    let policy = root.join("policies/news.cachepolicy");
    let load = folder.join("load.jsonl");
    let made = Command::new(bin.join("cachepolicy"))
        .args(["trace", "generate"])
        .args([&policy, Path::new("-o"), &load])
        .status();
    ensure!(made?.success(), "the workload cannot be made");

    let (redis_port, site_port) = (free_port()?, free_port()?);
    let _redis = redis(folder, redis_port)?;
    let mut site = Process::start(
        Command::new(bin.join("news"))
            .arg("--redis")
            .arg(format!("redis://127.0.0.1:{redis_port}"))
            .arg("--listen")
            .arg(format!("127.0.0.1:{site_port}"))
            .arg("--record")
            .arg(folder.join("trace.jsonl")),
    )?;
    wait_for("the site", || get(site_port, "/metrics").is_ok())?;
    eprintln!("{seconds} seconds of load");
    let sent = Command::new(bin.join("load"))
        .arg(&load)
        .args(["--seconds", seconds, "--site"])
        .arg(format!("http://127.0.0.1:{site_port}"))
        .arg("--metrics")
        .arg(folder.join("readers.txt"))
        .status();
    ensure!(sent?.success(), "the load could not be sent");
    fs::write(folder.join("site.txt"), get(site_port, "/metrics")?)?;
    // Its last file is complete when it has ended.
    site.interrupt()?;
    gather(folder)?;
    compare(&bin, &policy, folder)
}

/// Where the programs are.
fn build(root: &Path) -> Result<PathBuf> {
    let built = Command::new("cargo")
        .args(["build", "--release"])
        .args(["-p", "cachepolicy", "-p", "cachepolicy-example-news"])
        .current_dir(root)
        .status();
    ensure!(
        built.context("there is no cargo")?.success(),
        "the build failed"
    );
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("release"))
}

fn redis(folder: &Path, port: u16) -> Result<Process> {
    let redis = Process::start(
        Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .arg("--port")
            .arg(port.to_string())
            .arg("--dir")
            .arg(folder)
            .stdout(Stdio::null()),
    );
    let redis = redis.context(
        "there is no `redis-server`: `apt-get install redis-server`, `brew install redis`",
    )?;
    wait_for("Redis", || TcpStream::connect(("127.0.0.1", port)).is_ok())?;
    Ok(redis)
}

/// The complete files of the recording, as one.
fn gather(folder: &Path) -> Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("trace.") && name.ends_with(".jsonl") {
            files.push(path);
        }
    }
    files.sort();
    let mut all = fs::File::create(folder.join("recorded"))?;
    for file in files {
        all.write_all(&fs::read(file)?)?;
    }
    Ok(())
}

/// Shows both, for people and as a table for the documentation.
fn compare(bin: &Path, policy: &Path, folder: &Path) -> Result<()> {
    let drift = |format: &str| {
        let mut command = Command::new(bin.join("cachepolicy"));
        command.arg("drift").arg(policy).args(AS_RUN);
        command.arg("--trace").arg(folder.join("recorded"));
        for metrics in ["site.txt", "readers.txt"] {
            command.arg("--metrics").arg(folder.join(metrics));
        }
        command.args(["--format", format]);
        command
    };
    if let Some(kept) = std::env::var_os("KEEP") {
        for name in ["recorded", "site.txt", "readers.txt"] {
            fs::copy(folder.join(name), Path::new(&kept).join(name))?;
        }
    }
    let is_as_predicted = drift("human").status()?.success();
    let json = drift("json").output()?;
    let json: Value = serde_json::from_slice(&json.stdout).context("there is no comparison")?;
    println!("{}", table(&json));
    ensure!(
        is_as_predicted,
        "something else happened than was predicted"
    );
    Ok(())
}

/// In Markdown.
fn table(drift: &Value) -> String {
    let mut text = String::from(
        "| level | look-ups | predicted | hits | predicted | points off | peak of fills | predicted |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    let figure = |pair: &Value, side: &str| pair[side].as_f64().unwrap_or(f64::NAN);
    for (name, level) in drift["levels"].as_object().into_iter().flatten() {
        let both = |field: &str| {
            let pair = &level[field];
            (figure(pair, "actual"), figure(pair, "predicted"))
        };
        let (lookups, hits, peak) = (both("lookups"), both("hit_ratio"), both("stampede_peak"));
        let (is, was) = (hits.0 * 100.0, hits.1 * 100.0);
        text += &format!(
            "| `{name}` | {} | {} | {is:.1}% | {was:.1}% | {:.1} | {} | {} |\n",
            lookups.0,
            lookups.1,
            (is - was).abs(),
            peak.0,
            peak.1
        );
    }
    for (route, staleness) in drift["routes"].as_object().into_iter().flatten() {
        text += &format!(
            "\n`{route}`: 99 of 100 answers were no more than {:.3} s out of date, {:.3} s were predicted\n",
            figure(staleness, "actual"),
            figure(staleness, "predicted")
        );
    }
    text
}

/// Something that runs until it is let go.
struct Process(Child);

impl Process {
    fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn();
        Ok(Self(
            child.with_context(|| format!("cannot start `{name}`"))?,
        ))
    }

    /// Asks it to end, and waits for that.
    fn interrupt(&mut self) -> Result<()> {
        let asked = Command::new("kill")
            .args(["-INT", &self.0.id().to_string()])
            .status();
        ensure!(asked?.success(), "the site cannot be ended");
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_for(what: &str, is_there: impl Fn() -> bool) -> Result<()> {
    for _ in 0..PATIENCE {
        if is_there() {
            return Ok(());
        }
        sleep(Duration::from_millis(100));
    }
    bail!("{what} does not answer")
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The content of a page on this machine.
fn get(port: u16, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.contains(" 200 ") => Ok(body.to_owned()),
        _ => bail!("`{path}` is not there"),
    }
}
