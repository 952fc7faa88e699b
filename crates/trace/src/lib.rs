//! Access logs, key-value traces and synthetic workloads as one stream of events.

pub mod event;

pub use event::{
    Access, AccessKey, AccessOperation, Event, FaultEvent, NamedFault, Request, Row, Value, Write,
};

use cachepolicy_core::policy::{Carrier, Policy};

/// What the policy asks of a request. Readers leave out the rest, which is most of a log line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs {
    /// Header names, lower case.
    pub headers: Vec<String>,
    /// Cookie names.
    pub cookies: Vec<String>,
    /// The user's id.
    pub user: bool,
}

impl Needs {
    /// Of a policy.
    #[must_use]
    pub fn of(policy: &Policy) -> Self {
        let mut needs = Self::default();
        for dimension in &policy.dimensions {
            match &dimension.carrier {
                Carrier::Header(name) => needs.headers.push(name.clone()),
                Carrier::Cookie(name) => needs.cookies.push(name.clone()),
                Carrier::User(_) => needs.user = true,
                Carrier::Query(_) | Carrier::Attr(_) => {}
            }
        }
        needs
    }
}

/// A stream of events in the order of time.
pub trait Source {
    /// Overwrites `event` with the next one; `false` at the end.
    ///
    /// # Errors
    /// When the input cannot be read any further: I/O, or more unreadable lines than allowed.
    fn next(&mut self, event: &mut Event) -> Result<bool, TraceError>;

    /// What was read so far.
    fn stats(&self) -> &ReadStats;
}

/// Why a trace cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The operating system says no.
    #[error("cannot read `{name}`: {error}")]
    Io {
        /// As the user named it.
        name: String,
        /// What it said.
        error: std::io::Error,
    },
    /// Not a trace, or not one of the format named.
    #[error("`{name}`: {reason}")]
    Format {
        /// As the user named it.
        name: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// More unreadable lines than `--max-errors` allows.
    #[error(
        "`{name}`: {count} of {lines} lines could not be read, more than allowed; the first: line {line}: {reason}"
    )]
    TooManyErrors {
        /// As the user named it.
        name: String,
        /// Unreadable lines.
        count: u64,
        /// Lines so far.
        lines: u64,
        /// The first unreadable one, from 1.
        line: u64,
        /// Why it cannot be read.
        reason: String,
    },
}

/// What a reader met.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadStats {
    /// Lines or records, unreadable ones included.
    pub lines: u64,
    /// Events that came of them.
    pub events: u64,
    /// Unreadable lines that were skipped.
    pub errors: u64,
    /// The first few of them.
    pub samples: Vec<LineError>,
    /// Events that stood out of order and were put in order.
    pub reordered: u64,
    /// The furthest that one of them was late.
    pub lateness_max: cachepolicy_core::units::Duration,
    /// Times were whole seconds and were spread inside their second.
    pub spread: bool,
    /// The input's size read so far, compressed where it is; for progress.
    pub input_bytes: u64,
}

/// A line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineError {
    /// From 1.
    pub line: u64,
    /// Why, in the user's words.
    pub reason: String,
}
