//! What all formats have in common: records, the order of time, and unreadable lines.

use crate::event::Event;
use crate::format::Format;
use crate::input::{Framed, Input, LINE_BYTES_MAX};
use crate::order::{Moment, Order};
use crate::recorded::Recorded;
use crate::tally::Tally;
use crate::{ReadOptions, ReadStats, Source, TraceError};
use cachepolicy_core::units::Duration;
use std::collections::BTreeMap;
use std::io;

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

    /// May an event be of an earlier record than the one that it was filled from last? Then it has
    /// its exact time.
    fn delays(&self) -> bool {
        false
    }

    /// Fills the event with a further one of the records so far; `false` where there is none.
    fn fill_further(&mut self, _event: &mut Event) -> bool {
        false
    }

    /// At the end of the input: fills the event with one that the format itself held back; `false`
    /// where there is none.
    fn fill_last(&mut self, _event: &mut Event) -> bool {
        false
    }

    /// Records so far that were well-formed and no events, by what they are.
    fn others(&self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }

    /// What the recorder said so far that the trace lacks.
    fn recorded(&self) -> Option<Recorded> {
        None
    }
}

/// Reads a trace of any format.
pub(crate) struct Reader<'a, R> {
    input: Input<'a>,
    records: R,
    order: Order,
    held_back: bool,
    ended: bool,
    tally: Tally,
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
            held_back,
            ended: false,
            tally: Tally::new(format, name, options),
        }
    }

    /// Reads on by one record; `true` when the event was filled.
    fn advance(&mut self, event: &mut Event) -> Result<bool, TraceError> {
        let framed = self.records.advance(&mut self.input);
        let framed = framed.map_err(|error| TraceError::Io {
            name: self.tally.name.clone(),
            error,
        })?;
        let number = self.input.number();
        self.tally.stats.lines += u64::from(framed != Framed::End);
        let record = self.input.record();
        let outcome = match framed {
            Framed::End => {
                self.ended = true;
                Ok(false)
            }
            Framed::TooLong => Err(longer_than(self.input.line_bytes_max())),
            Framed::Cut => Err(cut_off(record.len())),
            Framed::Record if self.held_back => match self.records.moment(record) {
                Ok(Some(moment)) => self
                    .order
                    .push(record, number, moment)
                    .map(|()| false)
                    .map_err(|late| self.tally.too_late(late)),
                Ok(None) => Ok(false),
                Err(reason) => Err(reason),
            },
            Framed::Record => self.records.fill(record, 0, event),
        };
        match outcome {
            Ok(filled) => Ok(filled && self.passes(event)?),
            Err(reason) => self.tally.unreadable(number, reason).map(|()| false),
        }
    }

    /// Is a filled event in order, if its record was not put in order?
    fn passes(&mut self, event: &Event) -> Result<bool, TraceError> {
        if self.held_back {
            return Ok(true);
        }
        match self.order.pass(event.at()) {
            Ok(()) => Ok(true),
            Err(late) => {
                let reason = self.tally.too_late(late);
                let number = self.input.number();
                self.tally.unreadable(number, reason).map(|()| false)
            }
        }
    }

    fn update(&mut self) {
        self.tally.stats.reordered = self.order.reordered;
        self.tally.stats.lateness_max = self.order.lateness_max;
        self.tally.stats.spread = self.order.spread;
        self.tally.stats.input_bytes = self.input.bytes_read();
    }
}

impl<R: Records> Source for Reader<'_, R> {
    fn next(&mut self, event: &mut Event) -> Result<bool, TraceError> {
        while self.records.fill_further(event) {
            if self.passes(event)? {
                self.tally.stats.events += 1;
                return Ok(true);
            }
        }
        loop {
            while let Some(held) = self.order.pop() {
                match self.records.fill(held.bytes, held.mark, event) {
                    Ok(true) => {
                        if !self.records.delays() {
                            event.set_at(held.at);
                        }
                        self.tally.stats.events += 1;
                        return Ok(true);
                    }
                    Ok(false) => {}
                    Err(reason) => {
                        let number = held.number;
                        self.tally.unreadable(number, reason)?;
                    }
                }
            }
            if self.order.ripen(self.ended) {
                self.update();
                continue;
            }
            if self.ended {
                while self.records.fill_last(event) {
                    if self.passes(event)? {
                        self.tally.stats.events += 1;
                        return Ok(true);
                    }
                }
                self.update();
                self.tally.stats.others = self.records.others();
                self.tally.stats.recorded = self.records.recorded();
                return self.tally.judge(true).map(|()| false);
            }
            if self.advance(event)? {
                self.tally.stats.events += 1;
                if self.tally.stats.events.is_multiple_of(256) {
                    self.update();
                }
                return Ok(true);
            }
        }
    }

    fn stats(&self) -> &ReadStats {
        &self.tally.stats
    }
}

/// Why the last record cannot be read.
pub(crate) fn cut_off(bytes: usize) -> String {
    format!("the last record is cut off: only {bytes} bytes of it are there")
}

/// Why a line cannot be read that is too long.
pub(crate) fn too_long() -> String {
    longer_than(LINE_BYTES_MAX)
}

fn longer_than(bytes: usize) -> String {
    format!("longer than {} MiB", bytes >> 20)
}
