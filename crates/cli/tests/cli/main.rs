//! The binary, end to end, each command as a process.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod check;
mod claims;
mod compare;
mod curve;
mod drift;
mod logs;
mod output;
mod run;
mod seeds;
mod simulate;
