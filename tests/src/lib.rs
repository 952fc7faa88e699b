//! What the tests that cross crates share.

pub mod random_policy;
pub mod run;
