//! Witnesses: shortest traces that show what was found. They are built, not searched for: each part
//! of a bound says what has to happen when.

mod clock;
mod copies;
mod delay;
mod leak;
mod left_out;
mod outage;
mod schedule;
mod serve;
mod stage;
mod values;
mod write;

pub use delay::{Delayed, DelayedTo, PlaceDelay};

use cachepolicy_core::edge::Operation;
use cachepolicy_core::ids::{DimensionId, LevelId, ModelId};
use cachepolicy_core::units::{Duration, Time};

/// A trace that comes near to a bound, or shows a leak.
#[derive(Debug, Clone, PartialEq)]
pub struct Witness {
    /// The level whose answer is out of date, or was made for somebody else.
    pub level: LevelId,
    /// Which of the two.
    pub shows: Shows,
    /// What happens, in the order of time; the last one is the request that shows it.
    pub steps: Vec<Step>,
    /// What keeps it from the bound, where it is known to.
    pub short: Option<Short>,
}

/// What a witness shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// How old an answer gets through a write of this model, of the bound.
    Bound(ModelId, Duration),
    /// A copy made for one value of the dimension is served to another; `None`: the session's token.
    Leak(Option<DimensionId>),
}

/// Why a witness does not come near to its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Short {
    /// Nothing that a trace can make fail makes the level's fills fail, so that what `stale-if-error`
    /// keeps does not show.
    StaleIfError,
    /// The level's look-ups are hidden behind copies that a trace cannot keep from being stored.
    Hidden,
    /// Whatever delays its invalidations have, one comes while a copy is to be used or made.
    Overtaken,
}

/// Something that happens.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// When.
    pub at: Time,
    /// What.
    pub what: StepKind,
}

/// What happens.
#[derive(Debug, Clone, PartialEq)]
pub enum StepKind {
    /// A request.
    Request(Box<RequestStep>),
    /// A write commits.
    Write(WriteStep),
    /// A backend or an origin, by its name, cannot be reached for so long.
    Outage(String, Duration),
}

/// A request of a witness.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestStep {
    /// In upper case.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Who asks; `None`: nobody that is known.
    pub user: Option<String>,
    /// In lower case, with their values.
    pub headers: Vec<(String, String)>,
    /// With their values.
    pub cookies: Vec<(String, String)>,
    /// What the application says of the request.
    pub attrs: Vec<(String, String)>,
    /// What fills find.
    pub data: Vec<(String, Vec<String>)>,
    /// How long the own work of levels takes.
    pub costs: Vec<(LevelId, Duration)>,
    /// Levels whose ttl no chance shortens.
    pub unshortened: Vec<LevelId>,
    /// How old the data is that levels read.
    pub lags: Vec<(LevelId, Duration)>,
    /// Levels that find nothing: their result is an absence.
    pub absent: Vec<LevelId>,
    /// Levels whose own work fails.
    pub failing: Vec<LevelId>,
    /// Which process answers.
    pub process: Option<u32>,
}

/// A write of a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteStep {
    /// The model.
    pub model: ModelId,
    /// What happens to the row.
    pub operation: Operation,
    /// Fields with their values before the write; `None` is null.
    pub old: Option<Vec<(String, Option<String>)>>,
    /// After it.
    pub new: Option<Vec<(String, Option<String>)>>,
    /// Which process writes.
    pub process: Option<u32>,
    /// How long its invalidations are on their way, where the policy leaves it open.
    pub delays: Vec<PlaceDelay>,
}
