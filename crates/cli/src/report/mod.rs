//! The report of a simulation: one file a renderer.

pub(crate) mod human;
pub(crate) mod json;
