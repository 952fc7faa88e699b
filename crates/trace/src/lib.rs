//! Access logs, key-value traces and synthetic workloads as one stream of events.

pub mod block;
pub mod cptrace;
mod decimal;
mod decompress;
mod dictionary;
mod draws;
mod ends;
pub mod event;
mod fields;
mod format;
mod formats;
pub mod generate;
mod input;
mod json;
mod key_blocks;
mod order;
mod pack;
mod pieces;
pub mod popularity;
pub mod random;
mod reader;
mod recorded;
pub mod sample;
pub mod summary;
mod table;
mod tally;
#[cfg(test)]
mod testing;
mod text;
mod timestamp;
mod unknown;
mod unpack;
mod written;

pub use block::{Block, BlockSource};
pub use cptrace::{CompactReader, CompactSummary, CompactWriter};
pub use ends::Ends;
pub use event::{
    Access, AccessKey, AccessOperation, CacheStatus, Event, FaultEvent, NamedFault, Request, Row,
    Value, Write,
};
pub use format::{Format, open, open_blocks};
pub use formats::{LogFormat, LogFormatError, json_lines};
pub use generate::{Generator, data_values, generate};
pub use input::LINE_BYTES_MAX;
pub use json::NESTING_MAX;
pub use order::{HELD_BYTES_MAX, HELD_MAX};
pub use pack::{DISTINCT_MAX, Packed, Packer, TooManyDistinct, has_room};
pub use pieces::{Piece, Pieces};
pub use recorded::Recorded;
pub use summary::Summary;
pub use table::COLUMNS_MAX;
pub use tally::{JUDGED_LINES_MIN, SAMPLES_MAX};
pub use unpack::Unpacked;
pub use written::{EventWriter, WriteError};

use cachepolicy_core::policy::{Carrier, Policy};
use cachepolicy_core::units::Duration;
use std::collections::BTreeMap;

/// What the policy asks of a request. Readers leave out the rest, which is most of a log line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs {
    /// Header names, lower case.
    pub headers: Vec<String>,
    /// Cookie names.
    pub cookies: Vec<String>,
    /// The user's id.
    pub user: bool,
    /// Whatever headers and cookies there are.
    pub all: bool,
}

impl Needs {
    /// All that a trace can say.
    #[must_use]
    pub fn everything() -> Self {
        Self {
            user: true,
            all: true,
            ..Self::default()
        }
    }

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

    /// Of several policies together.
    #[must_use]
    pub fn of_all(policies: &[&Policy]) -> Self {
        let mut all = Self::default();
        for policy in policies {
            let needs = Self::of(policy);
            all.headers.extend(needs.headers);
            all.cookies.extend(needs.cookies);
            all.user |= needs.user;
        }
        for names in [&mut all.headers, &mut all.cookies] {
            names.sort_unstable();
            names.dedup();
        }
        all
    }
}

/// How a trace is read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReadOptions {
    /// `None`: told by the content.
    pub format: Option<Format>,
    /// The layout of an access log; then the format is `log-format`.
    pub log_format: Option<LogFormat>,
    /// What is read of a request beyond method, path, host, status and bytes.
    pub needs: Needs,
    /// How far out of order an event may be and still be put in order; `None`: as usual for the
    /// format, see [`Format::reorder_window`].
    pub reorder_window: Option<Duration>,
    /// How many lines may be unreadable; `None`: as usual for the format, see
    /// [`Format::max_errors`].
    pub max_errors: Option<MaxErrors>,
    /// Decides where in its second an event lies whose time is in whole seconds.
    pub seed: u64,
    /// What messages say that can be done.
    pub advice: Advice,
}

/// What whoever reads a message can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Advice {
    /// Give other options to the command.
    #[default]
    Options,
    /// Change the log: there are no options where it was dropped.
    Log,
}

impl Advice {
    const fn too_many_errors(self) -> &'static str {
        match self {
            Self::Options => "see `--max-errors`",
            Self::Log => "correct or remove the others",
        }
    }

    const fn out_of_order(self) -> &'static str {
        match self {
            Self::Options => "sort the trace by time, or set a window with `--reorder`",
            Self::Log => "sort the trace by time",
        }
    }

    const fn past_the_window(self) -> &'static str {
        match self {
            Self::Options => "sort the trace by time, or widen the window with `--reorder`",
            Self::Log => "sort the trace by time",
        }
    }

    const fn all_formats(self) -> &'static str {
        match self {
            Self::Options => "`cachepolicy trace info --help` lists all formats",
            Self::Log => "the documentation lists all formats, in `docs/traces.md`",
        }
    }

    const fn keys(self) -> &'static str {
        match self {
            Self::Options => "say that its format is `keys`",
            Self::Log => "make it CSV, with the header `time,key`",
        }
    }
}

/// How many unreadable lines are skipped before reading stops.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaxErrors {
    /// So many.
    Count(u64),
    /// This share of all lines, 0..1; judged from [`JUDGED_LINES_MIN`] lines on, and at the end.
    Share(f64),
}

impl std::fmt::Display for MaxErrors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Count(0) => f.write_str("none"),
            Self::Count(count) => write!(f, "{count}"),
            Self::Share(share) => write!(f, "{}%", libm::round(share * 1e5) / 1e3),
        }
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
    /// More unreadable lines than [`ReadOptions::max_errors`] allows.
    #[error(
        "`{name}`, line {line}: {reason} ({count} of {lines} lines cannot be read, {allowed} may be: {advice})"
    )]
    TooManyErrors {
        /// As the user named it.
        name: String,
        /// Unreadable lines.
        count: u64,
        /// Lines so far.
        lines: u64,
        /// How many may be unreadable.
        allowed: MaxErrors,
        /// The first unreadable one, from 1.
        line: u64,
        /// Why it cannot be read.
        reason: String,
        /// What to do.
        advice: &'static str,
    },
}

/// What a reader met.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadStats {
    /// The format that it is read as.
    pub format: Option<Format>,
    /// How far out of order an event may be and still be put in order.
    pub reorder_window: Duration,
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
    pub lateness_max: Duration,
    /// Times were whole seconds and were spread inside their second.
    pub spread: bool,
    /// Records that were well-formed and no events, by what they are: commands of Redis that look
    /// at no key. Known at the end.
    pub others: BTreeMap<String, u64>,
    /// What the recorder of the trace says that it lacks; `None`: it was not written by one, or not to
    /// the end. Known at the end.
    pub recorded: Option<Recorded>,
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
