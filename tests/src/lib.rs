//! What the tests that cross crates share.

pub mod accounting;
pub mod figures;
pub mod formulas;
pub mod fuzzing;
pub mod guest;
pub mod planned;
pub mod random_policy;
#[cfg(feature = "servers")]
pub mod redis_server;
pub mod run;
#[cfg(feature = "servers")]
pub mod slow_link;
pub mod sound;
