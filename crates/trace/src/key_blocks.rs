//! Accesses of keys straight from records into blocks, for formats whose traces have hundreds of
//! millions of them: no event is made for each, and numeric keys are looked up many at once, so that
//! the waits for the memory overlap.
//!
//! What comes out is what [`crate::reader`] and [`crate::pack`] make of the same records, to the
//! last drawn nanosecond: see the tests.

use crate::block::{BLOCK_EVENTS_MAX, Block, BlockSource, Kind, UNKNOWN_BYTES};
use crate::dictionary::{KeyNumbers, Numbered};
use crate::event::{AccessKey, AccessOperation};
use crate::format::Opening;
use crate::input::Input;
use crate::order::{HELD_MAX, TooLate, sorted_draws};
use crate::random::Stream;
use crate::tally::Tally;
use crate::{ReadStats, TraceError};
use cachepolicy_core::units::{Duration, Time};
use std::io;

const SECOND: i64 = Duration::SECOND.nanos();

/// Keys that are looked up at once.
const TOUCHED: usize = 64;

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
    draws: Vec<u64>,
}

#[derive(Debug, Default)]
struct Columns {
    at: Vec<i64>,
    whole_second: Vec<bool>,
    /// Numeric keys; for a text, its place among `texts`.
    key: Vec<u64>,
    /// Which keys are texts.
    is_text: Vec<bool>,
    texts: Vec<String>,
    operation: Vec<AccessOperation>,
    bytes: Vec<u64>,
    ttl: Vec<Option<Duration>>,
}

impl Columns {
    fn clear(&mut self) {
        self.at.clear();
        self.whole_second.clear();
        self.key.clear();
        self.is_text.clear();
        self.texts.clear();
        self.operation.clear();
        self.bytes.clear();
        self.ttl.clear();
    }

    /// Columns that may be empty get their values when the first one differs from `nothing`.
    #[inline]
    fn put<T: Clone + PartialEq>(column: &mut Vec<T>, before: usize, value: T, nothing: T) {
        if column.is_empty() && value == nothing {
            return;
        }
        if column.len() < before {
            column.resize(before, nothing);
        }
        column.push(value);
    }

    #[inline]
    fn push(&mut self, record: &KeyRecord<'_>) {
        let before = self.at.len();
        self.at.push(record.at);
        Self::put(&mut self.whole_second, before, record.whole_second, true);
        let (key, is_text) = match record.key {
            RecordKey::Number(number) => (number, false),
            RecordKey::Text(text) => {
                self.texts.push(text.to_owned());
                (self.texts.len() as u64 - 1, true)
            }
        };
        self.key.push(key);
        Self::put(&mut self.is_text, before, is_text, false);
        let get = AccessOperation::Get;
        Self::put(&mut self.operation, before, record.operation, get);
        Self::put(&mut self.bytes, before, record.bytes, UNKNOWN_BYTES);
        Self::put(&mut self.ttl, before, record.ttl, None);
    }

    /// From a place on in the order of time; what is of one instant stays in its order.
    fn sort_from(&mut self, first: usize) {
        fn permute<T: Clone>(column: &mut [T], first: usize, order: &[usize]) {
            let before = column.to_vec();
            let places = column.iter_mut().skip(first);
            for (place, &index) in places.zip(order) {
                if let Some(value) = before.get(index) {
                    place.clone_from(value);
                }
            }
        }
        let mut order: Vec<usize> = (first..self.at.len()).collect();
        order.sort_by_key(|&index| self.at.get(index).copied());
        permute(&mut self.at, first, &order);
        permute(&mut self.whole_second, first, &order);
        permute(&mut self.key, first, &order);
        permute(&mut self.is_text, first, &order);
        permute(&mut self.operation, first, &order);
        permute(&mut self.bytes, first, &order);
        permute(&mut self.ttl, first, &order);
    }

    /// Forgets the first so many.
    fn drain(&mut self, count: usize) {
        fn drain<T>(column: &mut Vec<T>, count: usize) {
            column.drain(..count.min(column.len()));
        }
        if count == self.at.len() {
            self.clear();
            return;
        }
        drain(&mut self.at, count);
        drain(&mut self.whole_second, count);
        drain(&mut self.key, count);
        drain(&mut self.is_text, count);
        drain(&mut self.operation, count);
        drain(&mut self.bytes, count);
        drain(&mut self.ttl, count);
    }
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
            let by = Time::from_nanos(self.latest).since(Time::from_nanos(at));
            let reason = self.tally.too_late(TooLate { by });
            return self.tally.unreadable(number, reason);
        }
        if second != self.second || self.accesses.at.len() - self.ripe > HELD_MAX {
            self.ripen(second == self.second);
            self.second = second;
        }
        self.latest = at;
        self.whole += usize::from(record.whole_second);
        self.accesses.push(record);
        self.tally.stats.events += 1;
        Ok(())
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
        let length = end.saturating_sub(start).max(0) as u64;
        sorted_draws(&mut self.stream, self.whole, length, &mut self.draws);
        let times = self.accesses.at.iter_mut().skip(self.ripe);
        if all {
            for (at, draw) in times.zip(&self.draws) {
                *at = start.saturating_add(*draw as i64);
            }
            return;
        }
        let is_whole = self.accesses.whole_second.iter().skip(self.ripe);
        // A column without entries is where all are whole.
        let is_whole = is_whole.copied().chain(std::iter::repeat(true));
        let whole = times.zip(is_whole).filter(|(_, is_whole)| *is_whole);
        for ((at, _), draw) in whole.zip(&self.draws) {
            *at = start.saturating_add(*draw as i64);
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
            number(keys, raw, &mut accesses.key, &mut block.news.keys);
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
        copy(
            &columns.bytes,
            &range,
            before,
            UNKNOWN_BYTES,
            &mut accesses.bytes,
        );
        copy(&columns.ttl, &range, before, None, &mut accesses.ttl);
        if count > 0 {
            block.runs.clear();
            block.runs.push((Kind::Access, accesses.key.len() as u32));
        }
        self.left += count;
        if self.left == self.accesses.at.len() || self.left > HELD_MAX {
            self.accesses.drain(self.left);
            self.ripe -= self.left;
            self.left = 0;
        }
    }
}

/// Numeric keys as dense numbers: their places in the table are read some keys ahead.
fn number(keys: &mut KeyNumbers, raw: &[u64], to: &mut Vec<u32>, news: &mut Vec<AccessKey>) {
    for keys_of in raw.chunks(TOUCHED) {
        keys.touch(keys_of);
        for key in keys_of {
            let Numbered { number, is_new } = keys.number_of(*key);
            to.push(number);
            if is_new {
                news.push(AccessKey::Number(*key));
            }
        }
    }
}

/// Copies a range of a column that may be empty to one that may be empty and stands for `before`
/// values so far.
fn copy<T: Clone>(
    from: &[T],
    range: &std::ops::Range<usize>,
    before: usize,
    nothing: T,
    to: &mut Vec<T>,
) {
    let Some(values) = from.get(range.start..range.end.min(from.len())) else {
        if !to.is_empty() {
            to.resize(before + range.len(), nothing);
        }
        return;
    };
    if values.is_empty() && to.is_empty() {
        return;
    }
    to.resize(before, nothing.clone());
    to.extend_from_slice(values);
    to.resize(before + range.len(), nothing);
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
                draws: Vec::new(),
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
mod tests {
    use super::*;
    use crate::testing::format;
    use crate::{Event, Packed, ReadOptions, Source, Unpacked};
    use proptest::prelude::*;

    /// What a source gives, and whether it ends with an error.
    fn events(source: &mut dyn Source) -> (Vec<Event>, Option<String>) {
        let mut events = Vec::new();
        let mut event = Event::default();
        loop {
            match source.next(&mut event) {
                Ok(true) => events.push(event.clone()),
                Ok(false) => return (events, None),
                Err(error) => return (events, Some(error.to_string())),
            }
        }
    }

    fn both(bytes: &[u8], options: &ReadOptions) -> [(Vec<Event>, Option<String>, ReadStats); 2] {
        let mut one = crate::open(Box::new(bytes), "trace", options).unwrap();
        let blocks = crate::open_blocks(Box::new(bytes), "trace", options).unwrap();
        let mut other = Unpacked::new(blocks);
        let (first, first_error) = events(one.as_mut());
        let (second, second_error) = events(&mut other);
        [
            (first, first_error, one.stats().clone()),
            (second, second_error, other.stats().clone()),
        ]
    }

    fn record(second: u32, key: u64, bytes: u32) -> Vec<u8> {
        let mut record = second.to_le_bytes().to_vec();
        record.extend(key.to_le_bytes());
        record.extend(bytes.to_le_bytes());
        record.extend((-1_i64).to_le_bytes());
        record
    }

    #[test]
    fn a_second_too_large_to_be_held_leaves_in_parts() {
        let one = record(7, 1, 1);
        let bytes: Vec<u8> = one
            .iter()
            .copied()
            .cycle()
            .take(24 * (HELD_MAX + 10))
            .collect();
        let [one, other] = both(&bytes, &format("oracle-general"));
        assert_eq!(one.0.len(), HELD_MAX + 10);
        assert!(one.0 == other.0);
    }

    proptest! {
        #[test]
        fn records_as_event_by_event(steps in proptest::collection::vec((0_u32..3, 0_u64..40, 0_u32..3), 1..300), seed in 0_u64..3) {
            let mut second = 1_600_000_000;
            let bytes: Vec<u8> = steps.iter().flat_map(|(step, key, bytes)| {
                second += step;
                record(second, *key, *bytes)
            }).collect();
            let options = ReadOptions { seed, ..format("oracle-general") };
            let [one, other] = both(&bytes, &options);
            prop_assert_eq!(one.0, other.0);
            prop_assert_eq!(one.2.lines, other.2.lines);
            prop_assert!(other.2.spread);
        }

        #[test]
        fn rows_as_event_by_event(rows in proptest::collection::vec((0_u32..4, "[0-3]{0,1}|[.]5", "[0-9]{1,2}|a|\"b,\"|0|007| 7|", "[0-9]{0,3}|x", "get|set|delete|GET||28|scan", "0||60|1.5|-1"), 1..40), skip in any::<bool>()) {
            let mut second = 0;
            let mut text = "time,key,size,op,ttl\n".to_owned();
            for (step, fraction, key, size, op, ttl) in rows {
                second += step;
                let fraction = if fraction.starts_with('.') { fraction } else { String::new() };
                text.push_str(&format!("{second}{fraction},{key},{size},{op},{ttl}\n\n"));
            }
            let max_errors = skip.then_some(crate::MaxErrors::Share(1.0));
            let options = ReadOptions { max_errors, ..ReadOptions::default() };
            let [one, other] = both(text.as_bytes(), &options);
            if one.1.is_none() {
                prop_assert_eq!(other.1, None);
                prop_assert_eq!(one.2.lines, other.2.lines);
                // A row with a mistake may have had a place in its second.
                if one.2.errors == 0 {
                    prop_assert_eq!(other.2.errors, 0);
                    prop_assert_eq!(one.0, other.0);
                }
            } else {
                // Which line is met first may differ: times are looked at before the rest.
                prop_assert!(other.1.is_some());
            }
        }
    }

    #[test]
    fn packed_and_unpacked_is_the_same() {
        let text = "key,op\n1,get\na,set\n1,delete\n";
        let source = crate::open(Box::new(text.as_bytes()), "trace", &ReadOptions::default());
        let mut source = source.unwrap();
        let packed = Packed::new(
            crate::open(Box::new(text.as_bytes()), "trace", &ReadOptions::default()).unwrap(),
            "trace",
        );
        assert_eq!(
            events(source.as_mut()).0,
            events(&mut Unpacked::new(packed)).0
        );
    }
}
