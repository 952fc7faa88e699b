//! Puts records in the order of time, and spreads whole seconds.
//!
//! A server writes a request down when it ends, with the time of its beginning (Apache) or of its
//! end (nginx, per worker), so that a log is in order only to within a window. Records are held
//! back, as bytes, in one bucket for each second; a bucket leaves when nothing inside the window
//! can fall into it any more.
//!
//! Most logs have times of whole seconds. Events of a Poisson process, given that n of them fall
//! into a second, lie in it as n independent uniform draws in ascending order; so that is what the
//! records of a second get, from the seed, in the order in which they stand in the file.

use crate::draws::Draws;
use crate::random::Stream;
use cachepolicy_core::units::{Duration, Time};
use std::collections::BTreeMap;

/// So many records are held back at most; beyond it the oldest second leaves early.
pub const HELD_MAX: usize = 1 << 20;
/// And so many bytes of them.
pub const HELD_BYTES_MAX: usize = 256 << 20;

const SECOND: i64 = 1_000_000_000;

/// When a record happened, before it is read any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// The beginning of its second where that is all that is known.
    pub(crate) at: Time,
    /// Only the second is known.
    pub(crate) whole_second: bool,
    /// For the reader of the format: where in the record the time stands.
    pub(crate) mark: u32,
}

/// A record that leaves, at its final time.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) at: Time,
    pub(crate) number: u64,
    pub(crate) mark: u32,
}

/// What is held back of a record: whatever was read of it, or its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<R> {
    at: i64,
    /// Its line.
    pub(crate) number: u64,
    whole_second: bool,
    pub(crate) record: R,
}

impl<R> Entry<R> {
    pub(crate) fn at(&self) -> Time {
        Time::from_nanos(self.at)
    }
}

/// A record among the bytes of its bucket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InBytes {
    start: usize,
    length: u32,
    mark: u32,
}

/// The records of one second.
#[derive(Debug)]
struct Bucket<R> {
    bytes: Vec<u8>,
    entries: Vec<Entry<R>>,
    next: usize,
    /// How many of them have times of whole seconds.
    whole: usize,
    /// How long they are together.
    size: usize,
    second: i64,
}

impl<R> Default for Bucket<R> {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            entries: Vec::new(),
            next: 0,
            whole: 0,
            size: 0,
            second: NO_SECOND,
        }
    }
}

/// No record is of this second.
const NO_SECOND: i64 = i64::MIN;

/// Seconds side by side whose buckets are found without a search.
const NEAR: usize = 64;

/// How far a record is out of order, where that is too far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLate {
    pub(crate) by: Duration,
}

/// Records that are held back.
#[derive(Debug)]
pub(crate) struct Order<R = InBytes> {
    window: i64,
    buckets: Vec<Bucket<R>>,
    /// Which of them have records that may not leave yet, by second.
    by_second: BTreeMap<i64, usize>,
    /// Which one a second was in last, by its lowest bits.
    near: [usize; NEAR],
    /// The one that is leaving.
    ripe: usize,
    /// Empty ones.
    spare: Vec<usize>,
    /// When the oldest second ends.
    oldest_end: i64,
    held: usize,
    held_bytes: usize,
    /// The latest time seen.
    latest: i64,
    /// Everything before has left.
    released: i64,
    /// The time of the record before, as it stands in the file.
    before: i64,
    draws: Draws,
    stream: Stream,
    /// Records that stood after a later one.
    pub(crate) reordered: u64,
    /// The furthest that one of them was late.
    pub(crate) lateness_max: Duration,
    /// Any whole second was spread.
    pub(crate) spread: bool,
}

impl<R: Copy> Order<R> {
    pub(crate) fn new(window: Duration, seed: u64) -> Self {
        Self {
            window: window.nanos(),
            buckets: vec![Bucket::default()],
            by_second: BTreeMap::new(),
            near: [0; NEAR],
            ripe: 0,
            spare: Vec::new(),
            oldest_end: i64::MAX,
            held: 0,
            held_bytes: 0,
            latest: i64::MIN,
            released: i64::MIN,
            before: i64::MIN,
            draws: Draws::default(),
            stream: Stream::new(seed, &["spread"]),
            reordered: 0,
            lateness_max: Duration::ZERO,
            spread: false,
        }
    }

    /// Takes the time of a record that is not held back.
    pub(crate) fn pass(&mut self, at: Time) -> Result<(), TooLate> {
        let at = at.nanos();
        if at < self.latest {
            return Err(self.too_late(at));
        }
        self.latest = at;
        Ok(())
    }

    /// Takes a record of that length, of which `hold` keeps what will be needed; it may do so among
    /// the bytes that it is given.
    #[inline]
    pub(crate) fn hold(
        &mut self,
        length: usize,
        number: u64,
        moment: Moment,
        hold: impl FnOnce(&mut Vec<u8>) -> R,
    ) -> Result<(), TooLate> {
        let at = moment.at.nanos();
        let second = at.div_euclid(SECOND);
        let last = if moment.whole_second {
            end_of(second) - 1
        } else {
            at
        };
        if at < self.latest.saturating_sub(self.window) || last < self.released {
            return Err(self.too_late(at));
        }
        if at < self.before {
            self.reordered += 1;
        }
        self.lateness_max = self
            .lateness_max
            .max(Time::from_nanos(self.latest).since(moment.at));
        self.before = at;
        self.latest = self.latest.max(at);

        let Some(bucket) = self.bucket(second) else {
            return Ok(());
        };
        bucket.entries.push(Entry {
            at,
            number,
            whole_second: moment.whole_second,
            record: hold(&mut bucket.bytes),
        });
        bucket.whole += usize::from(moment.whole_second);
        bucket.size += length;
        self.held += 1;
        self.held_bytes += length;
        Ok(())
    }

    /// The bucket of a second.
    #[inline]
    fn bucket(&mut self, second: i64) -> Option<&mut Bucket<R>> {
        let near = second.rem_euclid(NEAR as i64) as usize;
        let mut number = self.near.get(near).copied().unwrap_or(0);
        if self.buckets.get(number).map(|bucket| bucket.second) != Some(second) {
            number = self.find(second);
            if let Some(near) = self.near.get_mut(near) {
                *near = number;
            }
        }
        self.buckets.get_mut(number)
    }

    fn find(&mut self, second: i64) -> usize {
        let (buckets, spare) = (&mut self.buckets, &mut self.spare);
        let number = *self.by_second.entry(second).or_insert_with(|| {
            spare.pop().unwrap_or_else(|| {
                buckets.push(Bucket::default());
                buckets.len() - 1
            })
        });
        if let Some(bucket) = self.buckets.get_mut(number) {
            bucket.second = second;
        }
        self.oldest_end = self.oldest_end.min(end_of(second));
        number
    }

    fn too_late(&self, at: i64) -> TooLate {
        let by = Time::from_nanos(self.latest).since(Time::from_nanos(at));
        TooLate { by }
    }

    /// The next record that may leave.
    #[inline]
    pub(crate) fn leave(&mut self) -> Option<Entry<R>> {
        let ripe = self.buckets.get_mut(self.ripe)?;
        let entry = *ripe.entries.get(ripe.next)?;
        ripe.next += 1;
        Some(entry)
    }

    /// Makes the oldest second leave, if it may; all of them may where the input has `ended`.
    pub(crate) fn ripen(&mut self, ended: bool) -> bool {
        let full = self.held > HELD_MAX || self.held_bytes > HELD_BYTES_MAX;
        if !ended && !full && self.latest.saturating_sub(self.window) < self.oldest_end {
            return false;
        }
        let Some((second, number)) = self.by_second.pop_first() else {
            return false;
        };
        let Some(bucket) = self.buckets.get_mut(number) else {
            return false;
        };
        let end = end_of(second);
        // A second that is still filling and is too large to be held leaves in parts, each spread
        // over half of what is left of it.
        let start = second.saturating_mul(SECOND).max(self.released);
        let filling = !ended && self.latest < end;
        let end = if !filling {
            end
        } else if bucket.whole == bucket.entries.len() {
            start + (end - start) / 2
        } else {
            self.latest
        };
        self.released = end;
        let oldest = self.by_second.first_key_value();
        self.oldest_end = oldest.map_or(i64::MAX, |(second, _)| end_of(*second));
        self.held -= bucket.entries.len();
        self.held_bytes -= bucket.size;
        bucket.second = NO_SECOND;
        if bucket.whole > 0 {
            self.spread = true;
            let length = u32::try_from(end.saturating_sub(start)).unwrap_or(0);
            let draws = self.draws.sorted(&mut self.stream, bucket.whole, length);
            let whole = bucket.entries.iter_mut().filter(|entry| entry.whole_second);
            // Times of whole seconds get their place between `start` and `end`.
            for (entry, draw) in whole.zip(draws) {
                entry.at = start.saturating_add(i64::from(*draw));
            }
        }
        if bucket.whole < bucket.entries.len() {
            bucket.entries.sort_by_key(|entry| entry.at);
        }
        let emptied = std::mem::replace(&mut self.ripe, number);
        if let Some(emptied) = self.buckets.get_mut(emptied) {
            emptied.bytes.clear();
            emptied.entries.clear();
            (emptied.next, emptied.whole, emptied.size) = (0, 0, 0);
        }
        self.spare.push(emptied);
        true
    }
}

impl Order {
    /// Takes a record.
    pub(crate) fn push(
        &mut self,
        bytes: &[u8],
        number: u64,
        moment: Moment,
    ) -> Result<(), TooLate> {
        self.hold(bytes.len(), number, moment, |all| {
            let start = all.len();
            all.extend_from_slice(bytes);
            InBytes {
                start,
                length: bytes.len() as u32,
                mark: moment.mark,
            }
        })
    }

    /// The next record that may leave.
    pub(crate) fn pop(&mut self) -> Option<Held<'_>> {
        let entry = self.leave()?;
        let InBytes {
            start,
            length,
            mark,
        } = entry.record;
        let end = start + length as usize;
        let ripe = self.buckets.get(self.ripe)?;
        Some(Held {
            bytes: ripe.bytes.get(start..end).unwrap_or_default(),
            at: entry.at(),
            number: entry.number,
            mark,
        })
    }
}

/// When a second ends.
fn end_of(second: i64) -> i64 {
    second.saturating_add(1).saturating_mul(SECOND)
}

#[cfg(test)]
mod tests;
