//! Random trees, and random ways to write them down.

pub(crate) mod scatter;
pub(crate) mod trees;
