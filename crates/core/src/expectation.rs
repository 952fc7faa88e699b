//! What must hold before a policy is deployed.

use crate::ids::{BackendId, LevelId, ModelId, OriginId, WorkloadId};
use crate::policy::Place;
use serde::{Deserialize, Serialize};

/// One claim of an `expect` block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expectation {
    /// Stable within the policy: the claim's text, numbered where it stands twice.
    pub id: String,
    /// Where it stands.
    pub place: Place,
    /// How it is decided.
    pub mode: Mode,
    /// As written, in the one layout.
    pub text: String,
    /// The workload that it is about; `None`: the trace given, or the first workload.
    pub workload: Option<WorkloadId>,
    /// What is claimed.
    pub claim: Claim,
}

/// How a claim is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// From the graph, for every trace.
    Prove,
    /// As `prove`; and the author knows.
    Accept,
    /// By simulation.
    Measure,
}

/// What is claimed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
    /// No copy reaches another principal.
    NoLeak,
    /// `staleness(SUBJECT, MODEL) <= D`; `model: None` is `*`.
    Staleness {
        /// Whose.
        subject: Subject,
        /// Through writes of which model.
        model: Option<ModelId>,
        /// In seconds; infinite for `forever`, which JSON cannot say: `None`.
        limit_seconds: Option<f64>,
    },
    /// A figure of the report against a limit.
    Figure {
        /// Whose.
        subject: Subject,
        /// The figure's path, as written: `hit_ratio`, `staleness.p99`, `rate.peak_1s`.
        figure: String,
        /// How they compare.
        comparison: Comparison,
        /// In the report's unit: seconds, bytes, ratio, events a second.
        #[serde(with = "crate::float")]
        limit: f64,
        /// The unit.
        unit: Unit,
    },
}

/// Whose figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A level's own look-ups.
    Level(LevelId),
    /// What users of these requests get: the report's name, `GET /articles/{slug}`.
    Route(String),
    /// What all users get.
    Requests,
    /// An origin.
    Origin(OriginId),
    /// A backend.
    Backend(BackendId),
    /// A fault, as the report names it: `flush shared`.
    Fault(String),
}

/// How a figure compares with its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// `<=`
    AtMost,
    /// `>=`
    AtLeast,
    /// `<`
    Less,
    /// `>`
    Greater,
}

impl Comparison {
    /// Does `figure` fulfil it?
    #[must_use]
    pub fn holds(self, figure: f64, limit: f64) -> bool {
        match self {
            Self::AtMost => figure <= limit,
            Self::AtLeast => figure >= limit,
            Self::Less => figure < limit,
            Self::Greater => figure > limit,
        }
    }
}

/// Units of figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// 0..1
    Ratio,
    /// Seconds.
    Seconds,
    /// A number.
    Count,
    /// Events a second.
    PerSecond,
    /// Bytes.
    Bytes,
}
