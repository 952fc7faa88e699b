//! Misses of the simulator's eviction policies beside those of other programs, on the same traces,
//! as a table in Markdown. See docs/eviction.md for where the programs are from.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]

mod peers;

use anyhow::{Result, ensure};
use cachepolicy_benches::ours::{self, Capacity};
use cachepolicy_benches::traces::{self, Read};
use cachepolicy_core::policy::Evict;
use cachepolicy_core::units::Duration;
use clap::Parser;
use peers::Peers;
use std::path::PathBuf;

/// Compares miss counts with libCacheSim and Caffeine.
#[derive(Debug, Parser)]
struct Arguments {
    /// libCacheSim's `cachesim` program.
    #[arg(long)]
    cachesim: Option<PathBuf>,
    /// A jar that contains Caffeine; needs `java`, version 11 or later.
    #[arg(long)]
    caffeine: Option<PathBuf>,
    /// A folder with `orm-busy.trace.xz` and `twitter_cluster52_1m.csv.zst`, either of which may be
    /// missing.
    #[arg(long)]
    traces: Option<PathBuf>,
    /// Only traces whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
}

/// What libCacheSim has, with its names.
const CACHESIM: [(Evict, &str); 7] = [
    (Evict::Lru, "LRU"),
    (Evict::Fifo, "FIFO"),
    (Evict::Clock, "CLOCK"),
    (Evict::Sieve, "SIEVE"),
    (Evict::S3Fifo, "S3FIFO"),
    (Evict::Arc, "ARC"),
    (Evict::Lfu, "LFU"),
];

/// Capacities in entries and in MiB.
struct Plan {
    name: &'static str,
    entries: &'static [u64],
    mebibytes: &'static [u64],
}

const COMMITTED: [Plan; 5] = [
    Plan {
        name: "cloudPhysicsIO.oracleGeneral.bin.gz",
        entries: &[1_000, 4_000, 16_000],
        mebibytes: &[128, 256, 384, 512, 640, 768, 896, 1024],
    },
    Plan {
        name: "multi1.trace.gz",
        entries: &[400, 1_000],
        mebibytes: &[],
    },
    Plan {
        name: "2_pools.trace.gz",
        entries: &[100, 500],
        mebibytes: &[],
    },
    Plan {
        name: "web07.trace.gz",
        entries: &[75, 300, 1_200, 3_000],
        mebibytes: &[],
    },
    Plan {
        name: "P3.lis.zst",
        entries: &[32_768],
        mebibytes: &[],
    },
];

const OTHERS: [Plan; 2] = [
    Plan {
        name: "orm-busy.trace.xz",
        entries: &[1_250, 5_000],
        mebibytes: &[],
    },
    Plan {
        name: "twitter_cluster52_1m.csv.zst",
        entries: &[5_000, 50_000],
        mebibytes: &[1, 8],
    },
];

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    ensure!(
        arguments.cachesim.is_some() || arguments.caffeine.is_some(),
        "name a program to compare with: --cachesim or --caffeine"
    );
    let mut plans: Vec<(PathBuf, &Plan)> = COMMITTED
        .iter()
        .map(|plan| (traces::committed(plan.name), plan))
        .collect();
    if let Some(folder) = &arguments.traces {
        let others = OTHERS.iter().map(|plan| (folder.join(plan.name), plan));
        plans.extend(others.filter(|(path, _)| path.exists()));
    }
    println!("| trace | requests | capacity | policy | ours | theirs | difference |");
    println!("|---|---|---|---|---|---|---|");
    let (mut rows, mut differing) = (0, 0);
    for (path, plan) in plans {
        if !plan.name.contains(&arguments.only) {
            continue;
        }
        let reads = traces::load(&path)?;
        let peers = Peers::new(&arguments.cachesim, &arguments.caffeine, &reads)?;
        let entries = plan.entries.iter().copied().map(Capacity::Entries);
        let bytes = plan.mebibytes.iter().map(|mib| Capacity::Bytes(mib << 20));
        for capacity in entries.chain(bytes) {
            for (evict, theirs) in counted(&peers, capacity)? {
                let same = row(plan.name, &reads, capacity, evict, theirs)?;
                rows += 1;
                differing += u64::from(!same);
            }
        }
    }
    eprintln!("{rows} rows, {differing} differ");
    Ok(())
}

/// The misses that other programs count.
fn counted(peers: &Peers, capacity: Capacity) -> Result<Vec<(Evict, u64)>> {
    let mut counted = Vec::new();
    for (evict, name) in CACHESIM {
        if let Some(misses) = peers.cachesim(name, capacity)? {
            counted.push((evict, misses));
        }
    }
    if let Some(misses) = peers.caffeine(capacity)? {
        counted.push((Evict::WTinyLfu, misses));
    }
    Ok(counted)
}

/// Prints a line of the table. Are the counts the same?
fn row(
    name: &str,
    reads: &[Read],
    capacity: Capacity,
    evict: Evict,
    theirs: u64,
) -> Result<bool> {
    let every_millisecond = |index: usize| Duration::from_nanos(index as i64 * 1_000_000);
    let ours = ours::simulate(reads, capacity, evict, 1, every_millisecond)?.misses;
    let difference = ours.cast_signed() - theirs.cast_signed();
    let (trace, _) = name.split_once('.').unwrap_or((name, ""));
    let requests = reads.len();
    let points = 100.0 * difference as f64 / requests as f64;
    let difference = if difference == 0 {
        "0".to_owned()
    } else {
        format!("{difference:+} ({points:+.3} points)")
    };
    let evict = evict.name();
    println!("| {trace} | {requests} | {capacity} | {evict} | {ours} | {theirs} | {difference} |");
    Ok(ours == theirs)
}
