//! Other programs that count misses: they get the trace as a file of oracleGeneral records, 24
//! bytes each, little-endian: u32 seconds, u64 key, u32 size, i64 next access.

use anyhow::{Context as _, Result, ensure};
use cachepolicy_benches::ours::Capacity;
use cachepolicy_benches::traces::Read;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// So many requests have the same second in the file.
const REQUESTS_A_SECOND: usize = 1_000;

/// The programs, and a trace for them. `cachesim` prints ratios of four digits; to get counts, it
/// is made to report each second, and there are few enough requests in one that four digits tell.
/// Some versions take the first second for a warm-up, which is one request here. A last request for
/// a key of its own makes it report the rest.
pub(crate) struct Peers {
    cachesim: Option<PathBuf>,
    caffeine: Option<PathBuf>,
    requests: u64,
    folder: TempDir,
}

impl Peers {
    /// Writes the trace.
    pub(crate) fn new(
        cachesim: &Option<PathBuf>,
        caffeine: &Option<PathBuf>,
        reads: &[Read],
    ) -> Result<Self> {
        let absolute = |path: &Option<PathBuf>| path.as_deref().map(Path::canonicalize).transpose();
        let peers = Self {
            cachesim: absolute(cachesim).context("cannot find cachesim")?,
            caffeine: absolute(caffeine).context("cannot find the jar")?,
            requests: reads.len() as u64,
            folder: TempDir::new()?,
        };
        let mut file = BufWriter::new(File::create(peers.trace())?);
        let mut second = 0_u32;
        for (index, read) in reads.iter().enumerate() {
            second = u32::try_from(index.div_ceil(REQUESTS_A_SECOND))?;
            write_record(&mut file, second, read.key.into(), read.size)?;
        }
        write_record(&mut file, second + 1, u64::MAX >> 1, 1)?;
        file.flush()?;
        Ok(peers)
    }

    fn trace(&self) -> PathBuf {
        self.folder.path().join("trace.oracleGeneral.bin")
    }

    /// Misses of one of libCacheSim's policies.
    pub(crate) fn cachesim(&self, policy: &str, capacity: Capacity) -> Result<Option<u64>> {
        let Some(program) = &self.cachesim else {
            return Ok(None);
        };
        let (size, without_sizes) = match capacity {
            Capacity::Entries(entries) => (entries, "1"),
            Capacity::Bytes(bytes) => (bytes, "0"),
        };
        let mut command = Command::new(program);
        command
            .current_dir(self.folder.path())
            .arg(self.trace())
            .args(["oracleGeneral", policy, &size.to_string()])
            .args(["--ignore-obj-size", without_sizes])
            .args(["--report-interval", "1", "-o", "./result"]);
        let printed = run(&mut command)?;
        let (mut requests, mut misses) = (0, 0);
        for line in printed.lines() {
            let Some((count, ratio)) = interval(line) else {
                continue;
            };
            let in_it = count - requests;
            requests = count;
            misses += (ratio * in_it as f64).round() as u64;
        }
        // With the last request, perhaps without the first. Both are misses.
        let first_is_left_out = requests == self.requests;
        ensure!(
            first_is_left_out || requests == self.requests + 1,
            "cachesim counted {requests} of {} requests:\n{printed}",
            self.requests
        );
        Ok(Some(misses - 1 + u64::from(first_is_left_out)))
    }

    /// Misses of Caffeine, in several runs.
    pub(crate) fn caffeine(&self, capacity: Capacity, runs: usize) -> Result<Vec<u64>> {
        let Some(jar) = &self.caffeine else {
            return Ok(Vec::new());
        };
        let (size, unit) = match capacity {
            Capacity::Entries(entries) => (entries, "entries"),
            Capacity::Bytes(bytes) => (bytes, "bytes"),
        };
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/CaffeineMisses.java");
        let mut command = Command::new("java");
        command.arg("-cp").arg(jar).arg(program);
        command.arg(self.trace()).arg(unit);
        command.args(std::iter::repeat_n(size.to_string(), runs));
        let printed = run(&mut command)?;
        let mut misses = Vec::new();
        for line in printed.lines() {
            let (_, count) = line.rsplit_once(", ").unwrap_or_default();
            if let Some(count) = count.strip_suffix(" misses") {
                misses.push(count.parse::<u64>()? - 1);
            }
        }
        ensure!(misses.len() == runs, "CaffeineMisses printed:\n{printed}");
        Ok(misses)
    }
}

fn write_record(file: &mut impl std::io::Write, second: u32, key: u64, size: u32) -> Result<()> {
    file.write_all(&second.to_le_bytes())?;
    file.write_all(&key.to_le_bytes())?;
    file.write_all(&size.to_le_bytes())?;
    file.write_all(&(-1_i64).to_le_bytes())?;
    Ok(())
}

/// All that a program prints.
fn run(command: &mut Command) -> Result<String> {
    let done = command
        .output()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    let mut printed = String::from_utf8_lossy(&done.stdout).into_owned();
    printed.push_str(&String::from_utf8_lossy(&done.stderr));
    ensure!(done.status.success(), "{command:?} failed:\n{printed}");
    Ok(printed)
}

/// `… hour: 1001 requests, miss ratio 0.5000, interval miss ratio 0.4980`
fn interval(line: &str) -> Option<(u64, f64)> {
    let (_, after) = line.split_once(" hour: ")?;
    let (requests, after) = after.split_once(" requests, ")?;
    let (_, ratio) = after.rsplit_once("interval miss ratio ")?;
    let digits = ratio.trim_end_matches(|c: char| !c.is_ascii_digit());
    let digits = digits
        .split(|c: char| c != '.' && !c.is_ascii_digit())
        .next()?;
    Some((requests.parse().ok()?, digits.parse().ok()?))
}
