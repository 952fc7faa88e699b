//! What a curve says. Ratios in 0..1, sizes in bytes; a figure that has no value is null.

use crate::report::PolicyIdentity;
use serde::{Deserialize, Serialize};

/// The schema of a curve's JSON.
pub const SCHEMA: u32 = 1;

/// Miss ratios of a backend against its capacity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// [`SCHEMA`]
    pub schema: u32,
    /// Of what.
    pub policy: PolicyIdentity,
    /// The version that made it.
    pub tool: String,
    /// The backend.
    pub backend: String,
    /// Instances of it, each with the capacity of a point.
    pub instances: u64,
    /// What capacities are counted in: `entries` or `bytes`.
    pub unit: String,
    /// The policy's own capacity in that unit; null: any amount, or a limit in the other unit.
    pub capacity: Option<u64>,
    /// The policy's own eviction.
    pub evict: String,
    /// On what.
    pub trace: Traffic,
    /// Of every random stream, and which keys a sample has.
    pub seed: u64,
    /// `keys`: stores alone, as accesses of keys ask them; `policy`: the whole policy, simulated
    /// with each capacity.
    pub method: String,
    /// The most that an instance holds when there is room for everything.
    pub footprint: Footprint,
    /// Of which part of the trace what is not exact was worked out; null: of the whole.
    pub sample: Option<Sample>,
    /// With room for everything.
    pub unbounded: Point,
    /// One for each eviction policy, in the order asked for; the clairvoyant one is last.
    pub curves: Vec<EvictionCurve>,
    /// Bytes of memory that the sample and the look into the future took.
    pub memory: u64,
    /// What must be known to read the figures.
    pub notes: Vec<String>,
}

/// What went by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Traffic {
    /// Requests and accesses.
    pub requests: u64,
    /// Writes.
    pub writes: u64,
    /// Faults.
    pub faults: u64,
}

/// What is there to be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Footprint {
    /// Copies.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A sample, and the error of what rests on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The share of the keys or paths.
    pub rate: f64,
    /// What is kept with all of its history or not at all: `path` or `key`.
    pub unit: String,
    /// Requests and accesses that were kept.
    pub requests: u64,
    /// Keys, or request targets, that were kept.
    pub keys: u64,
    /// Parts of the sample, each replayed on its own, that say how far it can be trusted.
    pub groups: u32,
    /// Of the intervals.
    pub confidence: f64,
}

/// The curve of one eviction policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvictionCurve {
    /// Its name; `clairvoyant` for the one that knows the future.
    pub evict: String,
    /// `stack distances`, `simulation` (of the whole trace) or `sample`.
    pub method: String,
    /// By rising capacity.
    pub points: Vec<Point>,
}

/// One capacity.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Point {
    /// Of each instance; null: room for everything.
    pub capacity: Option<u64>,
    /// Look-ups without a hit / look-ups.
    pub miss_ratio: Option<f64>,
    /// Where the interval around it begins; null: it is exact.
    pub low: Option<f64>,
    /// Where the interval ends.
    pub high: Option<f64>,
    /// It is what a replay of the whole trace gives.
    pub exact: bool,
    /// The sample's store holds so few copies that the interval says too little.
    pub rough: bool,
    /// Requests without origin work / requests, where the whole policy was simulated.
    pub request_hit_ratio: Option<f64>,
}

impl Curve {
    /// As indented JSON. Numbers are the shortest that read back as the same.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self)
            .unwrap_or_else(|_| unreachable!("text, numbers and lists always have a JSON form"))
    }
}
