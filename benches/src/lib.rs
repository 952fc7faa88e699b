//! What the benchmarks and the comparisons with other programs share.

pub mod ours;
pub mod traces;
pub mod zipf;
