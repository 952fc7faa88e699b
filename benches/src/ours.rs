//! A key-value trace through the simulator, from a policy's text to a report.

use crate::traces::Read;
use anyhow::{Context as _, Result, ensure};
use cachepolicy_core::policy::Evict;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_sim::{Options, Simulation};
use cachepolicy_trace::{Access, AccessKey, AccessOperation, Event};

/// How much a cache holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capacity {
    /// Whatever their sizes.
    Entries(u64),
    /// Of their sizes together.
    Bytes(u64),
}

impl std::fmt::Display for Capacity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Entries(entries) => write!(f, "{entries} entries"),
            Self::Bytes(bytes) if bytes % (1 << 20) == 0 => write!(f, "{}MiB", bytes >> 20),
            Self::Bytes(bytes) => write!(f, "{bytes}B"),
        }
    }
}

/// What a simulation counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Found.
    pub hits: u64,
    /// Not found, and stored.
    pub misses: u64,
}

/// Replays reads through a cache of its own; `at` says when each one is. The seed is for policies
/// that draw lots.
///
/// # Errors
/// When the capacity makes no valid policy.
pub fn simulate(
    reads: &[Read],
    capacity: Capacity,
    evict: Evict,
    seed: u64,
    at: impl Fn(usize) -> Duration,
) -> Result<Counts> {
    let text = format!(
        "policy compared {{ edition 1 }}
         backend cache memory {{ capacity {capacity}; evict {} }}
         object entry(key) {{ store cache; ttl forever; size from trace else 1B }}",
        evict.name()
    );
    let compiled = cachepolicy_compiler::compile_text("compared.cachepolicy", &text);
    let policy = compiled
        .policy
        .with_context(|| format!("{text}\n{:?}", compiled.diagnostics))?;
    let options = Options {
        seed,
        ..Options::default()
    };
    let mut simulation = Simulation::new(&policy, options)?;
    let mut access = Access {
        at: Time::ZERO,
        operation: AccessOperation::Get,
        key: AccessKey::Number(0),
        bytes: None,
        ttl: None,
        cost: None,
    };
    for (index, read) in reads.iter().enumerate() {
        access.at = Time::ZERO + at(index);
        access.key = AccessKey::Number(read.key.into());
        access.bytes = Some(read.size.into());
        simulation.push(&Event::Access(access.clone()))?;
    }
    let report = simulation.finish();
    let level = report.levels.get("entry").context("no figures")?;
    ensure!(
        level.fresh + level.miss == reads.len() as u64,
        "every read is a hit or a miss"
    );
    Ok(Counts {
        hits: level.fresh,
        misses: level.miss,
    })
}
