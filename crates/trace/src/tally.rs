//! Counts what is read and what cannot be read, and knows when to give up.

use crate::format::Format;
use crate::order::TooLate;
use crate::text::human;
use crate::{Advice, LineError, MaxErrors, ReadOptions, ReadStats, TraceError};
use cachepolicy_core::units::Duration;

/// So many unreadable lines are kept as samples.
pub const SAMPLES_MAX: usize = 10;
/// A share of unreadable lines is judged over at least so many lines, and at the end.
pub const JUDGED_LINES_MIN: u64 = 1_000;

/// See the module's description.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) stats: ReadStats,
    pub(crate) name: String,
    max_errors: MaxErrors,
    window: Duration,
    advice: Advice,
    /// The last line that was unreadable.
    last: Option<u64>,
}

impl Tally {
    /// Of a trace of this format that messages call `name`.
    pub(crate) fn new(format: Format, name: &str, options: &ReadOptions) -> Self {
        let window = options.reorder_window.unwrap_or(format.reorder_window());
        Self {
            stats: ReadStats {
                format: Some(format),
                reorder_window: window,
                ..ReadStats::default()
            },
            name: name.to_owned(),
            max_errors: options.max_errors.unwrap_or(format.max_errors()),
            window,
            advice: options.advice,
            last: None,
        }
    }

    /// A line cannot be read, or one of the events in it: a line counts once.
    pub(crate) fn unreadable(&mut self, line: u64, reason: String) -> Result<(), TraceError> {
        if self.last.replace(line) == Some(line) {
            return Ok(());
        }
        self.stats.errors += 1;
        if self.stats.samples.len() < SAMPLES_MAX {
            self.stats.samples.push(LineError { line, reason });
        }
        self.judge(false)
    }

    /// Gives up when more lines are unreadable than allowed.
    pub(crate) fn judge(&self, at_end: bool) -> Result<(), TraceError> {
        let stats = &self.stats;
        let too_many = match self.max_errors {
            MaxErrors::Count(count) => stats.errors > count,
            MaxErrors::Share(share) => {
                (at_end || stats.lines >= JUDGED_LINES_MIN)
                    && stats.errors as f64 > share * stats.lines as f64
            }
        };
        match stats.samples.first() {
            Some(first) if too_many => Err(TraceError::TooManyErrors {
                name: self.name.clone(),
                count: stats.errors,
                lines: stats.lines,
                allowed: self.max_errors,
                line: first.line,
                reason: first.reason.clone(),
                advice: self.advice.too_many_errors(),
            }),
            _ => Ok(()),
        }
    }

    /// Why an event cannot be put in order.
    pub(crate) fn too_late(&self, late: TooLate) -> String {
        let by = human(late.by);
        if self.window == Duration::ZERO {
            format!(
                "out of order: {by} before an earlier line; {}",
                self.advice.out_of_order()
            )
        } else if late.by <= self.window {
            format!("out of order by {by}, and too many lines in between to be put in order")
        } else {
            format!(
                "out of order by {by}, more than the reorder window of {}: {}",
                human(self.window),
                self.advice.past_the_window()
            )
        }
    }
}
