//! Synthetic traces: requests, writes and faults to try a policy on.

use crate::edge::Operation;
use crate::ids::{BackendId, DimensionId, FieldId, ModelId, OriginId};
use crate::policy::Place;
use crate::route::Pattern;
use crate::units::Duration;
use serde::{Deserialize, Serialize};

/// A synthetic trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Workload {
    /// `snake_case`.
    pub name: String,
    /// Where it is declared.
    pub place: Place,
    /// How long it lasts.
    pub duration: Duration,
    /// Streams of requests.
    pub requests: Vec<RequestMix>,
    /// Values of dimensions.
    pub dimensions: Vec<DimensionDraw>,
    /// Values of data names.
    pub data: Vec<DataDraw>,
    /// Streams of writes.
    pub writes: Vec<WriteMix>,
    /// How requests of a log become writes.
    pub write_rules: Vec<WriteRule>,
    /// Things that go wrong.
    pub faults: Vec<ScheduledFault>,
}

/// When events of a stream come.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Arrivals {
    /// Events a second.
    pub per_second: f64,
    /// Independent (exponential gaps), or evenly spaced?
    pub poisson: bool,
}

/// A stream of requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestMix {
    /// When they come.
    pub arrivals: Arrivals,
    /// What they ask for.
    pub routes: Vec<RouteDraw>,
}

/// `GET "/articles/{slug}" weight 60 slug zipf(1.0, 50_000)`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RouteDraw {
    /// Upper case.
    pub method: String,
    /// The path with its holes; `param` of a hole is an index into `params`.
    pub pattern: Pattern,
    /// Relative to the others of the stream.
    pub weight: f64,
    /// A distribution for each hole, by name.
    pub params: Vec<(String, Popularity)>,
}

/// Which value is drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Popularity {
    /// `1` … `n`, value k with probability ∝ k^−alpha.
    Zipf {
        /// The exponent, at least 0.
        alpha: f64,
        /// How many values, at least 1.
        n: u64,
    },
    /// `1` … `n`, all equally likely.
    Uniform {
        /// How many values, at least 1.
        n: u64,
    },
    /// One of these, with their shares, which add up to 1.
    Choice(Vec<(String, f64)>),
}

/// The value of a dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DimensionDraw {
    /// The dimension.
    pub dimension: DimensionId,
    /// Share of the requests that have it, 0..1.
    pub share: f64,
    /// Its value there.
    pub value: Popularity,
}

/// The values of a data name. The same page finds the same ones: they are drawn once for each
/// level and its parameters, from the seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataDraw {
    /// The name.
    pub name: String,
    /// How many.
    pub count: u32,
    /// Each of them.
    pub value: Popularity,
}

/// A stream of writes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WriteMix {
    /// The model.
    pub model: ModelId,
    /// The operation.
    pub operation: Operation,
    /// When they come (Poisson unless said otherwise).
    pub arrivals: Arrivals,
    /// Values of fields, the same before and after the write. The first of them (or `id`)
    /// identifies the row.
    pub fields: Vec<(FieldId, Popularity)>,
    /// The fields that an update changes; `None`: all that are not drawn above, `id` excepted.
    pub changes: Option<Vec<FieldId>>,
}

/// `write Article update from PUT "/articles/{slug}"`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WriteRule {
    /// The model.
    pub model: ModelId,
    /// The operation.
    pub operation: Operation,
    /// The request's method, upper case.
    pub method: String,
    /// The request's path; `param` of a hole is an index into `fields`.
    pub pattern: Pattern,
    /// The fields that the holes give.
    pub fields: Vec<FieldId>,
}

/// A fault and when it comes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScheduledFault {
    /// From the workload's beginning.
    pub at: Duration,
    /// What.
    pub fault: Fault,
}

/// What can go wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// A backend loses everything.
    Flush(BackendId),
    /// A backend is down.
    Outage {
        /// Which.
        backend: BackendId,
        /// How long.
        duration: Duration,
    },
    /// An origin is down: its work fails at once.
    OriginOutage {
        /// Which.
        origin: OriginId,
        /// How long.
        duration: Duration,
    },
    /// A process starts anew, its memory empty. Counted from 1 in the language, from 0 here.
    Restart {
        /// Which.
        process: u32,
    },
    /// A new release: every version rises, every process starts anew.
    Deploy,
    /// More requests. Only the generator knows it; it is no event of a trace.
    Surge {
        /// How many times more.
        factor: f64,
        /// How long it takes to rise.
        rise: Duration,
        /// How long it lasts, the rise included.
        duration: Duration,
        /// Only these requests; `None`: all.
        only: Option<SurgeRoute>,
    },
}

/// The requests of a surge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SurgeRoute {
    /// Upper case.
    pub method: String,
    /// A path, or a route of the workload as written.
    pub path: String,
}
