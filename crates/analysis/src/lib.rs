//! What a compiled policy promises before any traffic: how out of date an answer can be, through
//! which path, and which condition an invalidation misses.
//!
//! Everything here follows from the compiled graph alone and holds for every trace. The rules are
//! derived in `docs/proofs.md`; the tests hold the simulator to them.

mod arrive;
mod bounds;
mod claims;
mod cover;
mod kinds;
pub mod lints;
mod lives;
mod protection;
mod rest;
mod structure;
mod ways;
mod witness;
mod words;

pub use bounds::missed::{Missed, Reason};
pub use bounds::{Bound, Bounds, By, Edge, LevelBounds, Taken};
pub use claims::{Claims, Decided};
pub use cover::ActionRef;
pub use kinds::Kind;
pub use protection::Lease;
pub use structure::Outage;
pub use witness::{
    Delayed, DelayedTo, PlaceDelay, RequestStep, Short, Shows, Step, StepKind, Witness, WriteStep,
};
pub use words::{Words, brief};
