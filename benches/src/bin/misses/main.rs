//! Misses of the simulator's eviction policies beside those of other programs, on the same traces,
//! as a table in Markdown. See docs/eviction.md for where the programs are from.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool"
)]

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
    /// How often Caffeine is run, which draws lots, and the simulator's policy with seeds of its own.
    #[arg(long, default_value_t = 8)]
    runs: usize,
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
            let compared = counted(&peers, capacity, arguments.runs)?;
            for (evict, theirs) in compared {
                let same = row(plan.name, &reads, capacity, evict, &theirs)?;
                rows += 1;
                differing += u64::from(!same);
            }
        }
    }
    eprintln!("{rows} rows, {differing} differ");
    Ok(())
}

/// The misses that other programs count, in one run or several.
fn counted(peers: &Peers, capacity: Capacity, runs: usize) -> Result<Vec<(Evict, Vec<u64>)>> {
    let mut counted = Vec::new();
    for (evict, name) in CACHESIM {
        if let Some(misses) = peers.cachesim(name, capacity)? {
            counted.push((evict, vec![misses]));
        }
    }
    let misses = peers.caffeine(capacity, runs)?;
    if !misses.is_empty() {
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
    theirs: &[u64],
) -> Result<bool> {
    let every_millisecond = |index: usize| Duration::from_nanos(index as i64 * 1_000_000);
    let mut ours = Vec::new();
    for seed in 1..=theirs.len() as u64 {
        ours.push(ours::simulate(reads, capacity, evict, seed, every_millisecond)?.misses);
    }
    let same = ours == theirs;
    let difference = if same {
        "0".to_owned()
    } else {
        let difference = mean(&ours) - mean(theirs);
        let points = 100.0 * difference / reads.len() as f64;
        format!("{difference:+.0} ({points:+.3} points)")
    };
    let (trace, _) = name.split_once('.').unwrap_or((name, ""));
    let (requests, evict) = (reads.len(), evict.name());
    let (ours, theirs) = (range(&ours), range(theirs));
    println!("| {trace} | {requests} | {capacity} | {evict} | {ours} | {theirs} | {difference} |");
    Ok(same)
}

fn mean(counts: &[u64]) -> f64 {
    counts.iter().sum::<u64>() as f64 / counts.len() as f64
}

/// One count, or the least, the mean and the most.
fn range(counts: &[u64]) -> String {
    let (least, most) = (counts.iter().min(), counts.iter().max());
    match (least, most) {
        (Some(least), Some(most)) if least != most => {
            format!("{least}…{:.0}…{most}", mean(counts))
        }
        _ => counts.first().map_or_else(String::new, u64::to_string),
    }
}
