//! What the benchmarks and the comparisons with other programs share.

pub mod ours;
pub mod process;
pub mod traces;
pub mod traffic;
pub mod zipf;
