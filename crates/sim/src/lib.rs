//! Event simulation of a compiled caching policy under virtual time.
//!
//! Pure: the driver pushes events and takes the report.

pub mod aggregate;
pub mod baseline;
pub mod compare;
pub mod curve;
pub mod drift;
pub mod events;
mod eviction;
pub mod expect;
pub mod metrics;
pub mod report;
pub mod sample;
#[cfg(test)]
mod scenarios;
pub mod store;
#[cfg(test)]
mod testing;
pub mod yardstick;

mod access;
mod ahead;
mod answers;
mod batch;
mod bits;
mod bump;
mod carried;
mod copy;
mod data;
mod delays;
mod deliver;
mod dependents;
mod depends;
mod dimensions;
mod engine;
mod faults;
mod fetch;
mod fill;
mod flight;
mod ingest;
mod intern;
mod invalidate;
mod key_value;
mod keys;
mod lane;
mod level_keys;
mod links;
mod named_effects;
mod names;
mod options;
mod origin;
mod paths;
mod patterns;
mod plain;
mod processes;
mod provenance;
mod provenances;
mod queue;
mod random;
mod requests;
mod routes;
mod rows;
mod running;
mod runs;
mod selections;
mod settled;
mod simulation;
mod skip;
mod slab;
mod staleness;
mod state;
mod storing;
mod tables;
mod tag_index;
mod tagged;
mod trace_keys;
mod tracking;
mod unrouted;
mod urls;
mod variants;
mod wait;
mod walk;
mod whole_level;
pub mod witness;

pub use options::{Operations, Options, SimError};
pub use simulation::Simulation;
