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
}

impl<R> Default for Bucket<R> {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            entries: Vec::new(),
            next: 0,
            whole: 0,
            size: 0,
        }
    }
}

/// How far a record is out of order, where that is too far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLate {
    pub(crate) by: Duration,
}

/// Records that are held back.
#[derive(Debug)]
pub(crate) struct Order<R = InBytes> {
    window: i64,
    /// By second.
    buckets: BTreeMap<i64, Bucket<R>>,
    /// The one that the record before went into, which is not among them, and its second.
    filling: Option<(i64, Bucket<R>)>,
    /// When the oldest second ends.
    oldest_end: i64,
    /// The one that is leaving.
    ripe: Bucket<R>,
    /// Empty ones, for their memory.
    spare: Vec<Bucket<R>>,
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
            buckets: BTreeMap::new(),
            filling: None,
            oldest_end: i64::MAX,
            ripe: Bucket::default(),
            spare: Vec::new(),
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

        let bucket = match &mut self.filling {
            Some((filling, bucket)) if *filling == second => bucket,
            _ => self.fill(second),
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

    /// The bucket of another second.
    fn fill(&mut self, second: i64) -> &mut Bucket<R> {
        if let Some((before, bucket)) = self.filling.take() {
            self.buckets.insert(before, bucket);
        }
        let known = self.buckets.remove(&second);
        let bucket = known.unwrap_or_else(|| self.spare.pop().unwrap_or_default());
        self.oldest_end = self.oldest_end.min(end_of(second));
        let (_, bucket) = self.filling.insert((second, bucket));
        bucket
    }

    /// The oldest second, taken out.
    fn take_oldest(&mut self) -> Option<(i64, Bucket<R>)> {
        let oldest = self.buckets.first_key_value().map(|(second, _)| *second);
        match self.filling.take() {
            Some((second, bucket)) if oldest.is_none_or(|oldest| second < oldest) => {
                Some((second, bucket))
            }
            filling => {
                self.filling = filling;
                self.buckets.pop_first()
            }
        }
    }

    fn too_late(&self, at: i64) -> TooLate {
        let by = Time::from_nanos(self.latest).since(Time::from_nanos(at));
        TooLate { by }
    }

    /// The next record that may leave.
    #[inline]
    pub(crate) fn leave(&mut self) -> Option<Entry<R>> {
        let entry = *self.ripe.entries.get(self.ripe.next)?;
        self.ripe.next += 1;
        Some(entry)
    }

    /// Makes the oldest second leave, if it may; all of them may where the input has `ended`.
    pub(crate) fn ripen(&mut self, ended: bool) -> bool {
        let full = self.held > HELD_MAX || self.held_bytes > HELD_BYTES_MAX;
        if !ended && !full && self.latest.saturating_sub(self.window) < self.oldest_end {
            return false;
        }
        let Some((second, mut bucket)) = self.take_oldest() else {
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
        let oldest = self.buckets.first_key_value().map(|(second, _)| *second);
        let filling = self.filling.as_ref().map(|(second, _)| *second);
        let oldest = oldest.into_iter().chain(filling).min();
        self.oldest_end = oldest.map_or(i64::MAX, end_of);
        self.held -= bucket.entries.len();
        self.held_bytes -= bucket.size;
        if bucket.whole > 0 {
            self.spread(&mut bucket, start, end);
        }
        if bucket.whole < bucket.entries.len() {
            bucket.entries.sort_by_key(|entry| entry.at);
        }
        let mut emptied = std::mem::replace(&mut self.ripe, bucket);
        emptied.bytes.clear();
        emptied.entries.clear();
        emptied.next = 0;
        emptied.whole = 0;
        emptied.size = 0;
        self.spare.push(emptied);
        true
    }

    /// Gives records with times of whole seconds their place between `start` and `end`.
    fn spread(&mut self, bucket: &mut Bucket<R>, start: i64, end: i64) {
        self.spread = true;
        let length = end.saturating_sub(start).max(0) as u64;
        let draws = self.draws.sorted(&mut self.stream, bucket.whole, length);
        let whole = bucket.entries.iter_mut().filter(|entry| entry.whole_second);
        for (entry, draw) in whole.zip(draws) {
            entry.at = start.saturating_add(draw as i64);
        }
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
        Some(Held {
            bytes: self.ripe.bytes.get(start..end).unwrap_or_default(),
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
