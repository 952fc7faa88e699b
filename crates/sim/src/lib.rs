//! Event simulation of a compiled caching policy under virtual time.
//!
//! Pure: the driver pushes events and takes the report.

pub mod events;
mod eviction;
pub mod expect;
pub mod metrics;
pub mod report;
pub mod store;
#[cfg(test)]
mod testing;
