//! Helpers that the benchmarks share: whole processes of the command line, and what they cost.

pub mod process;
pub mod traffic;
