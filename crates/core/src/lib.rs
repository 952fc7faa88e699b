//! The compiled caching policy, and the decisions that it makes.
//!
//! Pure: no I/O, no clock, no randomness of its own, no threads. Time and draws are arguments.

pub mod artefact;
pub mod decide;
pub mod distribution;
pub mod edge;
pub mod effects;
pub mod expectation;
pub mod expr;
pub mod figures;
#[cfg(test)]
mod fixture;
mod float;
pub mod graph;
pub mod hash;
pub mod ids;
pub mod key;
pub mod level;
pub mod policy;
pub mod route;
pub mod router;
pub mod sorting;
pub mod tags;
pub mod units;
pub mod url;
pub mod validate;
pub mod vary;
pub mod workload;

pub use distribution::{Distribution, Shape};
pub use ids::{
    BackendId, BusId, DimensionId, EdgeId, FieldId, LevelId, ModelId, OriginId, WorkloadId,
};
pub use level::{Level, LevelKind};
pub use policy::Policy;
pub use router::{Routed, Router};
pub use units::{Bytes, Duration, Time};
