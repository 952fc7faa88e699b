//! What the tests that cross crates share.

pub mod figures;
pub mod formulas;
pub mod random_policy;
pub mod run;
