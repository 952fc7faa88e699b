//! On what the figures rest.

use super::Ordered;
use serde::{Deserialize, Serialize};

/// What was replayed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct TraceSummary {
    /// The workload that was made, or whose distributions fill in what the trace does not tell;
    /// left out: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<String>,
    /// Requests and accesses, the warm-up's included.
    pub requests: u64,
    /// Writes.
    pub writes: u64,
    /// Faults.
    pub faults: u64,
    /// From the first event to the last, in seconds.
    pub duration: f64,
}

/// How many requests had a dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct Coverage {
    /// In the trace.
    pub observed: u64,
    /// Drawn from the workload's distribution.
    pub sampled: u64,
    /// Neither.
    pub defaulted: u64,
}

/// Requests that no level answers: the application does all of their work, whatever the policy says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct UnroutedFigures {
    /// How many; `requests` has them as well.
    pub count: u64,
    /// What most of their paths begin with, `/static/…`, or `POST /cart` where it is no `GET`, and how
    /// many do; at most ten.
    pub beginnings: Ordered<u64>,
}
