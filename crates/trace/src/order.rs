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

#[derive(Debug, Clone, Copy)]
struct Entry {
    at: i64,
    number: u64,
    start: usize,
    length: u32,
    mark: u32,
    whole_second: bool,
}

/// The records of one second.
#[derive(Debug, Default)]
struct Bucket {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    next: usize,
    /// How many of them have times of whole seconds.
    whole: usize,
}

/// How far a record is out of order, where that is too far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLate {
    pub(crate) by: Duration,
}

/// Records that are held back.
#[derive(Debug)]
pub(crate) struct Order {
    window: i64,
    /// By second.
    buckets: BTreeMap<i64, Bucket>,
    /// The one that is leaving.
    ripe: Bucket,
    /// Empty ones, for their memory.
    spare: Vec<Bucket>,
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

impl Order {
    pub(crate) fn new(window: Duration, seed: u64) -> Self {
        Self {
            window: window.nanos(),
            buckets: BTreeMap::new(),
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

    /// Takes a record.
    pub(crate) fn push(
        &mut self,
        bytes: &[u8],
        number: u64,
        moment: Moment,
    ) -> Result<(), TooLate> {
        let at = moment.at.nanos();
        let second = at.div_euclid(SECOND);
        let last = if moment.whole_second {
            second.saturating_add(1).saturating_mul(SECOND) - 1
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

        let spare = &mut self.spare;
        let bucket = self
            .buckets
            .entry(second)
            .or_insert_with(|| spare.pop().unwrap_or_default());
        bucket.entries.push(Entry {
            at,
            number,
            start: bucket.bytes.len(),
            length: bytes.len() as u32,
            mark: moment.mark,
            whole_second: moment.whole_second,
        });
        bucket.whole += usize::from(moment.whole_second);
        bucket.bytes.extend_from_slice(bytes);
        self.held += 1;
        self.held_bytes += bytes.len();
        Ok(())
    }

    fn too_late(&self, at: i64) -> TooLate {
        let by = Time::from_nanos(self.latest).since(Time::from_nanos(at));
        TooLate { by }
    }

    /// The next record that may leave.
    pub(crate) fn pop(&mut self) -> Option<Held<'_>> {
        let entry = *self.ripe.entries.get(self.ripe.next)?;
        self.ripe.next += 1;
        let end = entry.start + entry.length as usize;
        Some(Held {
            bytes: self.ripe.bytes.get(entry.start..end).unwrap_or_default(),
            at: Time::from_nanos(entry.at),
            number: entry.number,
            mark: entry.mark,
        })
    }

    /// Makes the oldest second leave, if it may; all of them may where the input has `ended`.
    pub(crate) fn ripen(&mut self, ended: bool) -> bool {
        let Some((&second, oldest)) = self.buckets.first_key_value() else {
            return false;
        };
        let end = second.saturating_add(1).saturating_mul(SECOND);
        let full = self.held > HELD_MAX || self.held_bytes > HELD_BYTES_MAX;
        if !ended && !full && self.latest.saturating_sub(self.window) < end {
            return false;
        }
        // A second that is still filling and is too large to be held leaves in parts, each spread
        // over half of what is left of it.
        let start = second.saturating_mul(SECOND).max(self.released);
        let filling = !ended && self.latest < end;
        let end = if !filling {
            end
        } else if oldest.whole == oldest.entries.len() {
            start + (end - start) / 2
        } else {
            self.latest
        };
        self.released = end;
        let Some((_, mut bucket)) = self.buckets.pop_first() else {
            return false;
        };
        self.held -= bucket.entries.len();
        self.held_bytes -= bucket.bytes.len();
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
        self.spare.push(emptied);
        true
    }

    /// Gives records with times of whole seconds their place between `start` and `end`.
    fn spread(&mut self, bucket: &mut Bucket, start: i64, end: i64) {
        self.spread = true;
        let length = end.saturating_sub(start).max(0) as u64;
        let draws = self.draws.sorted(&mut self.stream, bucket.whole, length);
        let whole = bucket.entries.iter_mut().filter(|entry| entry.whole_second);
        for (entry, draw) in whole.zip(draws) {
            entry.at = start.saturating_add(draw as i64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn moment(at: i64, whole_second: bool) -> Moment {
        Moment {
            at: Time::from_nanos(at),
            whole_second,
            mark: 0,
        }
    }

    /// Everything that comes out, as (time, number).
    fn drain(order: &mut Order, ended: bool) -> Vec<(i64, u64)> {
        let mut out = Vec::new();
        loop {
            while let Some(held) = order.pop() {
                out.push((held.at.nanos(), held.number));
            }
            if !order.ripen(ended) {
                return out;
            }
        }
    }

    fn run(window: i64, times: &[(i64, bool)]) -> (Vec<(i64, u64)>, Vec<usize>, Order) {
        let mut order = Order::new(Duration::from_nanos(window), 1);
        let mut late = Vec::new();
        let mut out = Vec::new();
        for (index, (at, whole)) in times.iter().enumerate() {
            if order.push(b"x", index as u64, moment(*at, *whole)).is_err() {
                late.push(index);
            }
            out.extend(drain(&mut order, false));
        }
        out.extend(drain(&mut order, true));
        (out, late, order)
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_all_is_in_order(
            times in proptest::collection::vec((0i64..8_000_000_000, any::<bool>()), 0..60),
            window in 0i64..3_000_000_000,
        ) {
            let times: Vec<(i64, bool)> = times
                .into_iter()
                .map(|(at, whole)| (if whole { at / SECOND * SECOND } else { at }, whole))
                .collect();
            let (out, late, _) = run(window, &times);
            prop_assert_eq!(out.len() + late.len(), times.len());
            prop_assert!(out.is_sorted_by_key(|(at, _)| *at));
            let mut latest = i64::MIN;
            for (index, (at, _)) in times.iter().enumerate() {
                prop_assert_eq!(late.contains(&index), *at < latest.saturating_sub(window));
                if !late.contains(&index) {
                    latest = latest.max(*at);
                }
            }
            for (at, number) in out {
                let (written, whole) = times[number as usize];
                let kept = if whole { at.div_euclid(SECOND) * SECOND } else { at };
                prop_assert_eq!(kept, written);
            }
        }
    }

    #[test]
    fn the_order_of_the_file_is_kept_within_a_second() {
        let times = vec![(5 * SECOND, true); 100];
        let (out, _, order) = run(0, &times);
        assert!(out.is_sorted_by_key(|(_, number)| *number));
        assert!(order.spread && order.reordered == 0);
        let mean = out.iter().map(|(at, _)| at - 5 * SECOND).sum::<i64>() / 100;
        assert!((400_000_000..600_000_000).contains(&mean), "{mean}");
    }

    #[test]
    fn lateness_is_counted() {
        let times = [
            (0, true),
            (59 * SECOND, true),
            (SECOND, true),
            (2 * SECOND, true),
        ];
        let (out, late, order) = run(60 * SECOND, &times);
        assert_eq!((out.len(), late.len(), order.reordered), (4, 0, 1));
        assert_eq!(order.lateness_max, Duration::from_secs(58));
        let (_, late, _) = run(10 * SECOND, &times);
        assert_eq!(late, [2, 3]);
    }

    #[test]
    fn a_second_too_large_to_hold_leaves_in_parts() {
        let mut order = Order::new(Duration::ZERO, 1);
        let mut out = Vec::new();
        for number in 0..(HELD_MAX as u64 * 5 / 2) {
            order.push(b"", number, moment(3 * SECOND, true)).unwrap();
            if order.held > HELD_MAX {
                out.extend(drain(&mut order, false));
            }
        }
        out.extend(drain(&mut order, true));
        assert_eq!(out.len(), HELD_MAX * 5 / 2);
        assert!(out.is_sorted());
        assert!(out.iter().all(|(at, _)| at.div_euclid(SECOND) == 3));
    }
}
