//! What people and programs read of a policy, of what was found in it, and of what was simulated with it: one
//! module for each thing that is said, one file for each form that it is said in. Nothing here reads or
//! writes a file or asks a terminal: the command line and the playground say the same bytes.

#[cfg(feature = "reports")]
pub mod bound;
#[cfg(feature = "reports")]
mod coalesced;
#[cfg(feature = "reports")]
pub mod curve;
pub mod diagnostics;
#[cfg(feature = "reports")]
pub mod drift;
#[cfg(feature = "reports")]
pub mod explain;
#[cfg(feature = "reports")]
pub mod graph;
pub mod output;
#[cfg(feature = "reports")]
pub mod report;
mod words;

/// What was asked for cannot be said, and why, in the words of who asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

pub use words::{choose_workload, did_you_mean, unknown_code};
