//! Accesses of keys straight from records into blocks, for formats whose traces have hundreds of
//! millions of them: no event is made for each, and numeric keys are looked up many at once, so that
//! the waits for the memory overlap.
//!
//! What comes out is what [`crate::reader`] and [`crate::pack`] make of the same records, to the
//! last drawn nanosecond: see the tests.

mod columns;

use crate::block::{BLOCK_EVENTS_MAX, Block, BlockSource, Kind};
use crate::dictionary::{KeyNumbers, Numbered};
use crate::draws::Draws;
use crate::event::{AccessKey, AccessOperation};
use crate::format::Opening;
use crate::input::Input;
use crate::order::{HELD_MAX, TooLate};
use crate::random::Stream;
use crate::tally::Tally;
use crate::{ReadStats, TraceError};
use cachepolicy_core::units::{Duration, Time};
use columns::{Columns, copy};
use std::io;

const SECOND: i64 = Duration::SECOND.nanos();

/// An access as its record says it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyRecord<'a> {
    /// In nanoseconds; the beginning of its second where that is all that is known.
    pub(crate) at: i64,
    /// Only the second is known.
    pub(crate) whole_second: bool,
    pub(crate) key: RecordKey<'a>,
    pub(crate) operation: AccessOperation,
    /// [`UNKNOWN_BYTES`]: not said.
    pub(crate) bytes: u64,
    pub(crate) ttl: Option<Duration>,
}

/// A key as its record has it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RecordKey<'a> {
    Number(u64),
    Text(&'a str),
}

/// What comes next in the input.
pub(crate) enum Next {
    /// Records; all that were in memory have been given.
    More,
    /// The input has ended.
    End,
}

/// Who takes the records.
pub(crate) trait Take {
    /// A record; the number is its line.
    fn take(
        &mut self,
        number: u64,
        record: Result<KeyRecord<'_>, String>,
    ) -> Result<(), TraceError>;

    /// Records of one second, of which no more than that is known, that get keys which are numbers:
    /// each with its bytes; the number is the first one's line.
    fn take_second(
        &mut self,
        number: u64,
        second: i64,
        records: impl ExactSizeIterator<Item = (u64, u64)> + Clone,
    ) -> Result<(), TraceError>;

    /// A line that is no record, as a blank one.
    fn skip(&mut self);
}

/// A format whose records are accesses.
pub(crate) trait KeyRecords {
    /// Gives the next records, a few thousand at most.
    fn give<T: Take>(&mut self, input: &mut Input<'_>, to: &mut T) -> Result<Next, Trouble>;
}

/// Why records cannot be given.
pub(crate) enum Trouble {
    Io(io::Error),
    Trace(TraceError),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<TraceError> for Trouble {
    fn from(error: TraceError) -> Self {
        Self::Trace(error)
    }
}

/// The accesses of a format in blocks.
pub(crate) struct KeyBlocks<'a, R> {
    input: Input<'a>,
    records: R,
    stage: Stage,
    keys: KeyNumbers,
    ended: bool,
}

/// Accesses on their way: those up to `left` have left, those up to `ripe` have their final times
/// and may leave, the others are of the second that is filling.
struct Stage {
    tally: Tally,
    stream: Stream,
    /// The second that is filling.
    second: i64,
    latest: i64,
    /// Everything before has left.
    released: i64,
    /// How many of those that are filling have times of whole seconds.
    whole: usize,
    accesses: Columns,
    left: usize,
    ripe: usize,
    draws: Draws,
}

impl Take for Stage {
    #[inline]
    fn take(
        &mut self,
        number: u64,
        record: Result<KeyRecord<'_>, String>,
    ) -> Result<(), TraceError> {
        self.tally.stats.lines += 1;
        match record {
            Ok(record) => self.push(number, &record),
            Err(reason) => self.tally.unreadable(number, reason),
        }
    }

    fn take_second(
        &mut self,
        mut number: u64,
        second: i64,
        mut records: impl ExactSizeIterator<Item = (u64, u64)> + Clone,
    ) -> Result<(), TraceError> {
        let at = second.saturating_mul(SECOND);
        let last = second.saturating_add(1).saturating_mul(SECOND) - 1;
        while records.len() > 0 {
            self.tally.stats.lines += 1;
            if at < self.latest || last < self.released {
                self.late(number, at)?;
                records.next();
                number += 1;
                continue;
            }
            let count = records.len().min(self.room(second));
            self.latest = at;
            self.whole += count;
            self.tally.stats.lines += count as u64 - 1;
            self.tally.stats.events += count as u64;
            self.accesses.push_whole(at, records.clone().take(count));
            records.nth(count - 1);
            number += count as u64;
        }
        Ok(())
    }

    fn skip(&mut self) {
        self.tally.stats.lines += 1;
    }
}

impl Stage {
    #[inline]
    fn push(&mut self, number: u64, record: &KeyRecord<'_>) -> Result<(), TraceError> {
        let at = record.at;
        let second = at.div_euclid(SECOND);
        let last = if record.whole_second {
            second.saturating_add(1).saturating_mul(SECOND) - 1
        } else {
            at
        };
        if at < self.latest || last < self.released {
            return self.late(number, at);
        }
        self.room(second);
        self.latest = at;
        self.whole += usize::from(record.whole_second);
        self.accesses.push(record);
        self.tally.stats.events += 1;
        Ok(())
    }

    #[cold]
    fn late(&mut self, number: u64, at: i64) -> Result<(), TraceError> {
        let by = Time::from_nanos(self.latest).since(Time::from_nanos(at));
        let reason = self.tally.too_late(TooLate { by });
        self.tally.unreadable(number, reason)
    }

    /// How many more records of a second there is room for, at least one; makes it where there is
    /// none.
    #[inline]
    fn room(&mut self, second: i64) -> usize {
        let filling = self.accesses.at.len() - self.ripe;
        if second == self.second && filling <= HELD_MAX {
            return HELD_MAX + 1 - filling;
        }
        self.ripen(second == self.second);
        self.second = second;
        HELD_MAX + 1
    }

    /// The second that was filling may leave. `goes_on`: there is more of it, and it is too large to
    /// be held; then it leaves in parts, each spread over half of what is left of it.
    fn ripen(&mut self, goes_on: bool) {
        let count = self.accesses.at.len() - self.ripe;
        if count == 0 {
            return;
        }
        let start = self.second.saturating_mul(SECOND).max(self.released);
        let end = self.second.saturating_add(1).saturating_mul(SECOND);
        let end = if !goes_on {
            end
        } else if self.whole == count {
            start + (end - start) / 2
        } else {
            self.latest
        };
        self.released = end;
        if self.whole > 0 {
            self.spread(start, end, self.whole == count);
        }
        self.whole = 0;
        self.ripe = self.accesses.at.len();
    }

    fn spread(&mut self, start: i64, end: i64, all: bool) {
        self.tally.stats.spread = true;
        let length = u32::try_from(end.saturating_sub(start)).unwrap_or(0);
        let draws = self.draws.sorted(&mut self.stream, self.whole, length);
        let at = |draw: &u32| start.saturating_add(i64::from(*draw));
        let times = self.accesses.at.get_mut(self.ripe..).unwrap_or_default();
        if all {
            for (time, draw) in times.iter_mut().zip(draws) {
                *time = at(draw);
            }
            return;
        }
        let is_whole = self.accesses.whole_second.iter().skip(self.ripe);
        // A column without entries is where all are whole.
        let is_whole = is_whole.copied().chain(std::iter::repeat(true));
        let whole = times
            .iter_mut()
            .zip(is_whole)
            .filter(|(_, is_whole)| *is_whole);
        for ((time, _), draw) in whole.zip(draws) {
            *time = at(draw);
        }
        self.accesses.sort_from(self.ripe);
    }

    /// What may leave moves into a block, as much as fits.
    fn leave(&mut self, keys: &mut KeyNumbers, block: &mut Block) {
        let count = (self.ripe - self.left).min(BLOCK_EVENTS_MAX - block.len());
        let range = self.left..self.left + count;
        let columns = &self.accesses;
        let part = |length: usize| range.start.min(length)..range.end.min(length);
        let at = columns.at.get(range.clone()).unwrap_or_default();
        let accesses = &mut block.accesses;
        accesses
            .at
            .extend(at.iter().map(|at| Time::from_nanos(*at)));
        let raw = columns.key.get(range.clone()).unwrap_or_default();
        let is_text = columns.is_text.get(part(columns.is_text.len()));
        let is_text = is_text.unwrap_or_default();
        if is_text.is_empty() {
            let news = &mut block.news.keys;
            keys.number_all(raw, &mut accesses.key, |key| {
                news.push(AccessKey::Number(key))
            });
        } else {
            for (raw, is_text) in raw.iter().zip(is_text) {
                let key = match columns.texts.get(*raw as usize) {
                    Some(text) if *is_text => AccessKey::Text(text.clone()),
                    _ => AccessKey::Number(*raw),
                };
                let Numbered { number, is_new } = keys.number(&key);
                accesses.key.push(number);
                if is_new {
                    block.news.keys.push(key);
                }
            }
        }
        let before = accesses.key.len() - count;
        copy(
            &columns.operation,
            &range,
            before,
            AccessOperation::Get,
            &mut accesses.operation,
        );
        accesses
            .bytes
            .extend_from(before, &columns.bytes, range.clone());
        copy(&columns.ttl, &range, before, None, &mut accesses.ttl);
        if count > 0 {
            block.runs.clear();
            block.runs.push((Kind::Access, accesses.key.len() as u32));
        }
        self.left += count;
        // Rows are moved when so many have left that it costs little for each.
        let rows = self.accesses.at.len();
        let is_worth_it = self.left >= BLOCK_EVENTS_MAX && self.left >= rows - self.left;
        if self.left == rows || is_worth_it {
            self.accesses.drain(self.left);
            self.ripe -= self.left;
            self.left = 0;
        }
    }
}

impl<'a, R: KeyRecords + 'a> KeyBlocks<'a, R> {
    /// Of a format that keeps the order of time as `opening` says.
    pub(crate) fn open(opening: Opening<'a, '_>, records: R) -> Box<dyn BlockSource + 'a> {
        let Opening {
            input,
            format,
            name,
            options,
        } = opening;
        Box::new(Self {
            input,
            records,
            stage: Stage {
                tally: Tally::new(format, name, options),
                stream: Stream::new(options.seed, &["spread"]),
                second: i64::MIN,
                latest: i64::MIN,
                released: i64::MIN,
                whole: 0,
                accesses: Columns::default(),
                left: 0,
                ripe: 0,
                draws: Draws::default(),
            },
            keys: KeyNumbers::default(),
            ended: false,
        })
    }

    fn advance(&mut self) -> Result<(), TraceError> {
        match self.records.give(&mut self.input, &mut self.stage) {
            Ok(Next::More) => {}
            Ok(Next::End) => {
                self.ended = true;
                self.stage.ripen(false);
                self.stage.tally.judge(true)?;
            }
            Err(Trouble::Trace(error)) => return Err(error),
            Err(Trouble::Io(error)) => {
                return Err(TraceError::Io {
                    name: self.stage.tally.name.clone(),
                    error,
                });
            }
        }
        self.stage.tally.stats.input_bytes = self.input.bytes_read();
        Ok(())
    }
}

impl<'a, R: KeyRecords + 'a> BlockSource for KeyBlocks<'a, R> {
    fn next_block(&mut self, block: &mut Block) -> Result<bool, TraceError> {
        block.clear();
        while block.len() < BLOCK_EVENTS_MAX {
            if self.stage.left < self.stage.ripe {
                self.stage.leave(&mut self.keys, block);
            } else if self.ended {
                break;
            } else {
                self.advance()?;
            }
        }
        if self.keys.len() > crate::DISTINCT_MAX {
            return Err(TraceError::Format {
                name: self.stage.tally.name.clone(),
                reason: crate::TooManyDistinct("keys").to_string(),
            });
        }
        Ok(!block.is_empty())
    }

    fn stats(&self) -> &ReadStats {
        &self.stage.tally.stats
    }
}

#[cfg(test)]
mod tests;
