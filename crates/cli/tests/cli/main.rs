//! The binary, end to end, each command as a process.

mod check;
mod output;
mod run;
mod simulate;
