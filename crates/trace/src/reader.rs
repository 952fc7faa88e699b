//! What all formats have in common: the order of time, unreadable lines, and when to give up.

use crate::event::Event;
use crate::format::Format;
use crate::input::{Framed, Input, LINE_BYTES_MAX};
use crate::order::{Moment, Order, TooLate};
use crate::text::human;
use crate::{LineError, MaxErrors, ReadOptions, ReadStats, Source, TraceError};
use cachepolicy_core::units::Duration;
use std::io;

/// So many unreadable lines are kept as samples.
pub const SAMPLES_MAX: usize = 10;
/// A share of unreadable lines is judged over at least so many lines, and at the end.
pub const JUDGED_LINES_MIN: u64 = 1_000;

/// What a format knows of its times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Times {
    /// Exact.
    Exact,
    /// Perhaps whole seconds, which are then spread.
    WholeSeconds,
    /// None: the reader makes them, in order.
    Made,
}

/// A format: how records are found, and what they say.
pub(crate) trait Records {
    /// What it knows of its times.
    fn times(&self) -> Times;

    /// Moves the input on to the next record.
    fn advance(&mut self, input: &mut Input<'_>) -> io::Result<Framed> {
        input.next_line()
    }

    /// When the record happened; `None` where it is no event: a blank line, a comment. Asked of
    /// records that may be held back.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn moment(&mut self, record: &[u8]) -> Result<Option<Moment>, String>;

    /// Fills the event from the record; `mark` is what `moment` said, where it was asked. `false`
    /// where it is no event.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn fill(&mut self, record: &[u8], mark: u32, event: &mut Event) -> Result<bool, String>;
}

/// Reads a trace of any format.
pub(crate) struct Reader<'a, R> {
    input: Input<'a>,
    records: R,
    order: Order,
    window: Duration,
    held_back: bool,
    ended: bool,
    max_errors: MaxErrors,
    name: String,
    stats: ReadStats,
}

impl<'a, R: Records> Reader<'a, R> {
    pub(crate) fn new(
        input: Input<'a>,
        records: R,
        format: Format,
        name: &str,
        options: &ReadOptions,
    ) -> Self {
        let window = options.reorder_window.unwrap_or(format.reorder_window());
        let held_back = match records.times() {
            Times::Exact => window > Duration::ZERO,
            Times::WholeSeconds => true,
            Times::Made => false,
        };
        Self {
            input,
            records,
            order: Order::new(window, options.seed),
            window,
            held_back,
            ended: false,
            max_errors: options.max_errors.unwrap_or(format.max_errors()),
            name: name.to_owned(),
            stats: ReadStats {
                format: Some(format),
                reorder_window: window,
                ..ReadStats::default()
            },
        }
    }

    fn unreadable(&mut self, line: u64, reason: String) -> Result<(), TraceError> {
        self.stats.errors += 1;
        if self.stats.samples.len() < SAMPLES_MAX {
            self.stats.samples.push(LineError { line, reason });
        }
        self.judge(false)
    }

    /// Gives up when more lines are unreadable than allowed.
    fn judge(&self, at_end: bool) -> Result<(), TraceError> {
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
            }),
            _ => Ok(()),
        }
    }

    fn too_late(&self, late: TooLate) -> String {
        let by = human(late.by);
        if self.window == Duration::ZERO {
            format!(
                "out of order: {by} before an earlier line; sort the trace by time, or set a window with `--reorder`"
            )
        } else if late.by <= self.window {
            format!("out of order by {by}, and too many lines in between to be put in order")
        } else {
            format!(
                "out of order by {by}, more than the reorder window of {}: sort the trace by time, or widen the window with `--reorder`",
                human(self.window)
            )
        }
    }

    /// Reads on by one record; `true` when the event was filled.
    fn advance(&mut self, event: &mut Event) -> Result<bool, TraceError> {
        let framed = self.records.advance(&mut self.input);
        let framed = framed.map_err(|error| TraceError::Io {
            name: self.name.clone(),
            error,
        })?;
        let number = self.input.number();
        self.stats.lines += u64::from(!matches!(framed, Framed::End | Framed::Again));
        let record = self.input.record();
        let outcome = match framed {
            Framed::End => {
                self.ended = true;
                Ok(false)
            }
            Framed::TooLong => Err(format!("longer than {} MiB", LINE_BYTES_MAX >> 20)),
            Framed::Cut => Err(format!(
                "the last record is cut off: only {} bytes of it are there",
                record.len()
            )),
            Framed::Record if self.held_back => match self.records.moment(record) {
                Ok(Some(moment)) => self
                    .order
                    .push(record, number, moment)
                    .map(|()| false)
                    .map_err(|late| self.too_late(late)),
                Ok(None) => Ok(false),
                Err(reason) => Err(reason),
            },
            Framed::Record | Framed::Again => match self.records.fill(record, 0, event) {
                Ok(true) => self
                    .order
                    .pass(event.at())
                    .map(|()| true)
                    .map_err(|late| self.too_late(late)),
                other => other,
            },
        };
        match outcome {
            Ok(filled) => Ok(filled),
            Err(reason) => self.unreadable(number, reason).map(|()| false),
        }
    }

    fn update(&mut self) {
        self.stats.reordered = self.order.reordered;
        self.stats.lateness_max = self.order.lateness_max;
        self.stats.spread = self.order.spread;
        self.stats.input_bytes = self.input.bytes_read();
    }
}

impl<R: Records> Source for Reader<'_, R> {
    fn next(&mut self, event: &mut Event) -> Result<bool, TraceError> {
        loop {
            while let Some(held) = self.order.pop() {
                match self.records.fill(held.bytes, held.mark, event) {
                    Ok(true) => {
                        event.set_at(held.at);
                        self.stats.events += 1;
                        return Ok(true);
                    }
                    Ok(false) => {}
                    Err(reason) => {
                        let number = held.number;
                        self.unreadable(number, reason)?;
                    }
                }
            }
            if self.order.ripen(self.ended) {
                self.update();
                continue;
            }
            if self.ended {
                self.update();
                return self.judge(true).map(|()| false);
            }
            if self.advance(event)? {
                self.stats.events += 1;
                if self.stats.events.is_multiple_of(256) {
                    self.update();
                }
                return Ok(true);
            }
        }
    }

    fn stats(&self) -> &ReadStats {
        &self.stats
    }
}
