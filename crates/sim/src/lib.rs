//! Event simulation of a compiled caching policy under virtual time.
//!
//! Pure: the driver pushes events and takes the report.

pub mod report;
