//! The report: every figure, by stable names. Times in seconds, sizes in bytes, ratios in 0..1.
//! A figure that has no value (a ratio of nothing) is null.

mod bounds;
mod risk;
mod trace;

pub use crate::sample::Sampled;
pub use crate::yardstick::{Yardstick, Yardsticks};
pub use bounds::BoundFigures;
use indexmap::IndexMap;
pub use risk::{RiskFigures, RiskWorst};
use serde::{Deserialize, Serialize};
pub use trace::{Coverage, TraceSummary, UnroutedFigures};

/// The schema of this report.
pub const SCHEMA: u32 = 1;

/// Maps keep the order of the policy or of the first appearance, never that of a hash.
pub type Ordered<T> = IndexMap<String, T>;

/// A whole report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct Report {
    /// [`SCHEMA`]
    pub schema: u32,
    /// What was simulated.
    pub policy: PolicyIdentity,
    /// On what.
    pub trace: TraceSummary,
    /// Of every random stream.
    pub seed: u64,
    /// Replayed and not counted, in seconds.
    pub warmup: f64,
    /// The version that made it.
    pub tool: String,
    /// What must be known to read the figures: approximations, defaults they rest on.
    pub notes: Vec<String>,
    /// Of which part of the trace the figures are; left out: of the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled: Option<Sampled>,
    /// How many requests had each dimension, and each value that a level finds while filling
    /// (`LEVEL.NAME`).
    pub dimensions: Ordered<Coverage>,
    /// What users got.
    pub requests: RequestFigures,
    /// What the cache did that was there when the trace was recorded; null: the trace does not
    /// tell.
    pub observed: Option<ObservedFigures>,
    /// Requests that no level answers; left out: there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrouted: Option<UnroutedFigures>,
    /// The same by route, of those that had requests or that a claim names.
    pub routes: Ordered<RequestFigures>,
    /// Each level's own look-ups.
    pub levels: Ordered<LevelFigures>,
    /// Occupancy and evictions.
    pub backends: Ordered<BackendFigures>,
    /// Load.
    pub origins: Ordered<OriginFigures>,
    /// One row an action of an edge, in the order of the policy.
    pub invalidation: Vec<InvalidationFigures>,
    /// One row a fault, in the order of time.
    pub recovery: Vec<Recovery>,
    /// One row a claim, in the order of the policy.
    pub expectations: Vec<ExpectationResult>,
    /// Over time.
    pub timeline: Timeline,
}

impl Report {
    /// As indented JSON. Numbers are the shortest that read back as the same.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self)
            .unwrap_or_else(|_| unreachable!("text, numbers and lists always have a JSON form"))
    }
}

/// Which policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct PolicyIdentity {
    /// Its name.
    pub name: String,
    /// The hash of its sources.
    pub hash: String,
}

/// Quantiles. All null when there was nothing to measure.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct Quantiles {
    /// How many were measured.
    pub count: u64,
    /// Their mean.
    pub mean: Option<f64>,
    /// The median.
    pub p50: Option<f64>,
    /// 90%.
    pub p90: Option<f64>,
    /// 99%.
    pub p99: Option<f64>,
    /// 99.9%.
    pub p999: Option<f64>,
    /// The exact maximum.
    pub max: Option<f64>,
}

/// Out-of-date serves.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct OutOfDate {
    /// How many.
    pub serves: u64,
    /// Of all serves.
    pub ratio: Option<f64>,
    /// Over all serves, 0 for those that are up to date; in seconds.
    pub staleness: Quantiles,
    /// Over out-of-date serves only.
    pub when_out_of_date: Quantiles,
}

/// What users got.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct RequestFigures {
    /// Requests.
    pub count: u64,
    /// Of them, answered without any origin work: the end-to-end hit ratio.
    pub hit_ratio: Option<f64>,
    /// Bytes from copies / bytes served.
    pub byte_hit_ratio: Option<f64>,
    /// Requests that were answered without origin work; an error is no answer.
    pub origin_free: u64,
    /// Origin time that the hits avoided / origin time without any cache.
    pub saved: Option<f64>,
    /// In seconds.
    pub latency: Quantiles,
    /// The worst of each request's serves.
    pub out_of_date: OutOfDate,
    /// Error responses.
    pub errors: u64,
    /// Serves of another principal's copy.
    pub leaks: u64,
}

/// What the cache did that was there when the trace was recorded, by the words of nginx, of those
/// requests of which the trace tells it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct ObservedFigures {
    /// = hit + stale + updating + revalidated + expired + miss + bypass.
    pub count: u64,
    /// Answered from the cache.
    pub hit: u64,
    /// Answered from the cache past its lifetime, since the origin failed.
    pub stale: u64,
    /// Answered from the cache past its lifetime, while another request refreshed it.
    pub updating: u64,
    /// Past its lifetime; the origin said that it was still good.
    pub revalidated: u64,
    /// Past its lifetime; the origin answered.
    pub expired: u64,
    /// Not in the cache.
    pub miss: u64,
    /// The cache was not asked.
    pub bypass: u64,
    /// (hit + stale + updating) / count: without any origin work, as `requests.hit_ratio`.
    pub hit_ratio: Option<f64>,
    /// `requests.hit_ratio` of the simulation over the same requests.
    pub simulated_hit_ratio: Option<f64>,
}

/// One level's own look-ups.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct LevelFigures {
    /// `site`, `view`, `fragment`, `object`.
    pub kind: String,
    /// = fresh + stale + miss + negative + bypass.
    pub lookups: u64,
    /// Served within the ttl.
    pub fresh: u64,
    /// Served past it.
    pub stale: u64,
    /// Not served from the store.
    pub miss: u64,
    /// Of the misses: served by a fill that somebody else began.
    pub waited: u64,
    /// Served an absence.
    pub negative: u64,
    /// Left out.
    pub bypass: u64,
    /// Left out, by reason: `skip`, `outside-domain`, `backend-down`.
    pub bypassed: Ordered<u64>,
    /// (fresh + stale + negative) / (lookups − bypass)
    pub hit_ratio: Option<f64>,
    /// Bytes from copies / bytes served.
    pub byte_hit_ratio: Option<f64>,
    /// Serves of a copy past its ttl.
    pub expired_serves: u64,
    /// Serves that miss a committed write.
    pub out_of_date: OutOfDate,
    /// Of a write that a copy misses: from its commit to the last out-of-date serve caused by it,
    /// 0 if there was none; in seconds.
    pub window: Quantiles,
    /// Of a write that a copy misses: from its commit to the death of the last such copy; in
    /// seconds.
    pub exposure: Quantiles,
    /// Writes that an out-of-date serve misses.
    pub version_lag: Quantiles,
    /// Fills begun, background ones included.
    pub fills: u64,
    /// Of them, begun in the background.
    pub refreshes: u64,
    /// Fills that were not stored, by reason.
    pub not_stored: Ordered<u64>,
    /// Begun while another fill of the key was running / fills.
    pub redundant_fills: Option<f64>,
    /// The most concurrent fills of one key.
    pub stampede: StampedeFigures,
    /// The keys whose expiry would meet the most fills, worst first; at most ten.
    pub risk: Vec<RiskFigures>,
    /// Waiting for somebody else's fill.
    pub lock: LockFigures,
    /// From look-up to answer, in seconds.
    pub latency: Quantiles,
    /// Serves of another principal's copy.
    pub leaks: u64,
    /// By model: what was proved of its staleness.
    #[serde(default)]
    pub bounds: Ordered<BoundFigures>,
}

/// The worst stampede of a level.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct StampedeFigures {
    /// Concurrent fills.
    pub peak: u64,
    /// Of this key.
    pub key: Option<String>,
    /// When, in seconds from the trace's beginning.
    pub at: Option<f64>,
    /// `expiry`, `invalidation`, `flush`, `eviction`, `cold-start`, …
    pub cause: Option<String>,
}

/// Waiting for somebody else's fill.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct LockFigures {
    /// Look-ups that waited.
    pub waits: u64,
    /// Of them, in vain.
    pub timeouts: u64,
    /// How long, in seconds.
    pub wait: Quantiles,
}

/// Occupancy and evictions of a backend, all of its instances together.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct BackendFigures {
    /// Instances of it.
    pub instances: u64,
    /// Look-ups that it answered. With several tiers, a farther one is asked after the nearer ones
    /// have missed; a look-up that waits for a fill and looks again counts once.
    pub lookups: u64,
    /// Of them, answered with a copy that was served.
    pub hits: u64,
    /// hits / lookups
    pub hit_ratio: Option<f64>,
    /// What the hit ratio could be; only where it was asked for, of a backend with a capacity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yardsticks: Option<Yardsticks>,
    /// Copies at the end.
    pub entries: u64,
    /// The most copies at once.
    pub entries_peak: u64,
    /// Bytes at the end.
    pub bytes: u64,
    /// The most bytes at once.
    pub bytes_peak: u64,
    /// Copies that left for want of room.
    pub evictions: u64,
    /// Of them, still fresh.
    pub evicted_fresh: u64,
    /// Copies that did not fit at all.
    pub too_large: u64,
    /// By level.
    pub families: Ordered<FamilyFigures>,
}

/// A level's copies in a backend.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct FamilyFigures {
    /// Copies at the end.
    pub entries: u64,
    /// Distinct keys that were ever stored.
    pub keys: u64,
    /// Distinct keys / distinct parameters.
    pub variants: Option<f64>,
}

/// An origin's load.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct OriginFigures {
    /// Units of work that asked for a slot.
    pub work: u64,
    /// Of them, failed.
    pub failed: u64,
    /// Of them, that had to wait for a slot.
    pub queued: u64,
    /// Arrivals of work a second.
    pub rate: Rate,
    /// Busy slots / slots.
    pub utilisation: Option<f64>,
    /// The most busy slots at once.
    pub busy_peak: u64,
    /// The most work that waited for a slot.
    pub queue_peak: u64,
    /// Waiting for a slot, in seconds, over all work.
    pub wait: Quantiles,
}

/// Events a second.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct Rate {
    /// Over the whole run.
    pub mean: Option<f64>,
    /// The most in one second of a sliding window.
    pub peak_1s: Option<f64>,
    /// The most in 100 ms, as events a second.
    pub peak_100ms: Option<f64>,
}

/// One action of an edge.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct InvalidationFigures {
    /// `Article create|update|delete`
    pub on: String,
    /// `purge article(slug)`
    pub target: String,
    /// Deliveries that applied it.
    pub deliveries: u64,
    /// Copies that it removed or expired.
    pub removed: u64,
    /// Deliveries that found nothing.
    pub useless: u64,
    /// Deliveries that were lost.
    pub lost: u64,
    /// Copies removed by each delivery.
    pub removed_per_delivery: Quantiles,
}

/// How long it took to recover from a flush, an outage, a restart or a deploy.
///
/// Time is cut into seconds, anew at each fault, so that one begins there. A request counts in the
/// second in which it is answered; it is a hit if it needed no origin work and was no error.
///
/// **What it was**: the hit ratio of all requests, and the longest queue of any origin, over the
/// last 300 of those seconds before the fault, where the time between an earlier fault and the
/// recovery from it is left out. With fewer than 100 requests in them nothing is measured.
///
/// **Recovered**: at the beginning of the first second, not before the latest fault, from which on
/// through 30 seconds (1) the hits counted from there on are, at the end of each of them, at least
/// 95% of what the ratio from before would give, with a request in the first of them, and (2) no
/// origin's queue is ever longer than it was before (so where none queued, none may queue now).
/// The figure is the time from the fault to there: zero for a fault that nobody noticed for a
/// second. A fault within those 30 seconds begins the search anew, for all faults not recovered
/// from, with the ratio and queue from before the first of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct Recovery {
    /// `flush shared`
    pub fault: String,
    /// In seconds from the trace's beginning.
    pub at: f64,
    /// From the fault until the hit ratio is at least 95% of what it was and no origin's queue is
    /// longer than before, held for 30 s; null: not measured.
    pub seconds: Option<f64>,
    /// What came of it.
    pub outcome: RecoveryOutcome,
}

/// What came of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum RecoveryOutcome {
    /// Everything is as it was before.
    Recovered,
    /// That did not come, or was not held, before the trace ended.
    NotWithinTrace,
    /// There were too few requests before it to tell what was.
    TooFewRequests,
}

/// A claim and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct ExpectationResult {
    /// Stable.
    pub id: String,
    /// `prove`, `accept`, `measure`.
    pub kind: String,
    /// As written.
    pub claim: String,
    /// Whose figure.
    pub subject: String,
    /// Null: not decided by this run.
    pub held: Option<bool>,
    /// The figure.
    pub figure: Option<f64>,
    /// Its limit.
    pub limit: Option<f64>,
    /// `ratio`, `seconds`, `count`, `per-second`, `bytes`.
    pub unit: String,
    /// Where it stands.
    pub file: String,
    /// Where it stands.
    pub line: u32,
}

/// Figures over time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct Timeline {
    /// When the first point begins, in seconds from the trace's beginning: after the warm-up.
    pub from: f64,
    /// Seconds from one point to the next.
    pub step: f64,
    /// By name: `requests` (a second), `hit_ratio`, `levels.NAME.hit_ratio`, `origins.NAME.rate`,
    /// `out_of_date` (share of requests), `errors` (likewise), `latency.p99`, `stampede.peak` (the
    /// most concurrent fills of one key). Null where there was nothing to measure, and at the end
    /// where less than half of a point's time was left.
    pub series: Ordered<Vec<Option<f64>>>,
}
