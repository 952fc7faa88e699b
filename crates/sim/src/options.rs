//! What a run takes besides the policy, and what can be wrong with it.

use crate::sample::Rate;
use cachepolicy_core::units::Duration;
use cachepolicy_core::{LevelId, WorkloadId};

/// How a trace is replayed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// Of every random stream.
    pub seed: u64,
    /// So long from the first event on, everything is replayed and nothing counted.
    pub warmup: Duration,
    /// From one point of the timeline to the next; `None`: what suits the length of the run.
    pub timeline_step: Option<Duration>,
    /// Replay this share of the keys, or of the paths of requests, with the same share of each
    /// backend's capacity; `None`: everything. The seed decides which.
    pub sample: Option<Rate>,
    /// Also work out what the hit ratio of each backend with a capacity could be, see
    /// [`crate::yardstick`]: one more run for each of them, and memory that grows with the trace.
    pub yardsticks: bool,
    /// The level that the accesses of a key-value trace go to; `None`: the only object level with
    /// one parameter.
    pub level: Option<LevelId>,
    /// What a `set` of a key-value trace is.
    pub operations: Operations,
    /// Where the values of dimensions and data come from that the trace lacks; also, whose claims
    /// are decided. `None`: the policy's first workload, and the claims of all.
    pub workload: Option<WorkloadId>,
}

/// What a `set` of a key-value trace is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Operations {
    /// Right after a `get` of its key: the fill of that `get`'s miss. Else a write.
    Fill,
    /// Always a write: the row changed, and the application puts the new value into the cache.
    Write,
    /// As `Fill` where the trace does not say that the `get` found a value, else as `Write`.
    #[default]
    Auto,
}

/// Why a policy, a trace and options do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SimError {
    /// The trace names something that the policy does not declare.
    #[error("the trace names the {kind} `{name}`, which the policy does not declare; {known}")]
    Unknown {
        /// `model`, `backend`, `process`.
        kind: &'static str,
        /// As the trace says it.
        name: String,
        /// What the policy declares.
        known: String,
    },
    /// An event is earlier than the one before it.
    #[error(
        "the trace is not in order: an event at {at} s follows one at {before} s; sort it by time"
    )]
    Order {
        /// In seconds.
        at: String,
        /// In seconds.
        before: String,
    },
    /// Accesses of a key-value trace have nowhere to go.
    #[error("a key-value trace needs an object level with one parameter, its key: {reason}")]
    NoKeyLevel {
        /// What the policy has instead, and what to do.
        reason: String,
    },
    /// An option names nothing.
    #[error("{0}")]
    Option(String),
    /// A stated limit.
    #[error("the policy has {count} {what}; a simulation takes {limit} at most")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The trace has more request targets that differ than there are numbers for the levels that
    /// answer them: about a billion.
    #[error("the trace has more different request targets than a simulation takes")]
    TooManyTargets,
}
