//! A few accesses of a stretch, of which something is known before they are replayed.

use super::stretch::Access;
use crate::access::Last;
use crate::eviction::TOGETHER;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::block::{Accesses, KnownSizes, UNKNOWN_BYTES};
use cachepolicy_trace::event::AccessOperation;
use core::ops::Range;

/// So many accesses ahead, what they will touch is fetched from memory: the waits overlap.
pub(super) const AHEAD: usize = TOGETHER;

/// See the module's description: all of them are `get`s, or none is. A column that may be empty is where
/// no access has anything there.
pub(super) struct Chunk<'a> {
    /// The index of the first of them in the columns of all.
    first: usize,
    pub(super) at: &'a [Time],
    pub(super) keys: &'a [u32],
    pub(super) operations: &'a [AccessOperation],
    /// Unless it is known to be the same for all.
    bytes: &'a [u64],
    /// Of each of them, [`UNKNOWN_BYTES`]: not said; `None`: they differ.
    only_bytes: Option<u64>,
}

fn is_get(operation: &AccessOperation) -> bool {
    *operation == AccessOperation::Get
}

/// Is none of these instants before the one in front of it?
#[inline]
fn are_in_order(at: &[Time]) -> bool {
    // Of numbers that are not negative, the difference has the sign that tells, and needs no comparison.
    let later = at.get(1..).unwrap_or_default();
    let signs = |all: i64, (before, at): (&Time, &Time)| {
        all | before.nanos() | at.nanos().wrapping_sub(before.nanos())
    };
    let signs = at.iter().zip(later).fold(0, signs);
    let last_sign = at.last().map_or(0, |last| last.nanos());
    signs | last_sign >= 0 || at.is_sorted()
}

impl<'a> Chunk<'a> {
    fn of(accesses: &'a Accesses, range: Range<usize>) -> Self {
        let (bytes, only_bytes) = match accesses.bytes.known() {
            KnownSizes::All(all) => ([].as_slice(), Some(all)),
            KnownSizes::Each(each) => {
                let bytes = each.get(range.clone()).unwrap_or_default();
                let first = bytes.first().copied().unwrap_or(UNKNOWN_BYTES);
                let different = bytes.iter().fold(0, |all, bytes| all | (bytes ^ first));
                (bytes, Some(first).filter(|_| different == 0))
            }
        };
        Self {
            first: range.start,
            at: accesses.at.get(range.clone()).unwrap_or_default(),
            keys: accesses.key.get(range.clone()).unwrap_or_default(),
            operations: accesses.operation.get(range).unwrap_or_default(),
            bytes,
            only_bytes,
        }
    }

    /// Of a range, the first accesses as far as all are `get`s, or none is.
    pub(super) fn alike(accesses: &'a Accesses, range: Range<usize>) -> Self {
        let operations = accesses.operation.get(range.clone()).unwrap_or_default();
        let Some(first) = operations.first().map(is_get) else {
            return Self::of(accesses, range);
        };
        let is_alike = |other: &AccessOperation| is_get(other) == first;
        // All are looked at, which goes some at a time, and mostly is enough.
        if operations.iter().fold(true, |all, it| all & is_alike(it)) {
            return Self::of(accesses, range);
        }
        let alike = operations.iter().take_while(|other| is_alike(other));
        Self::of(accesses, range.start..range.start + alike.count())
    }

    /// The first few of them.
    pub(super) fn first(&self, accesses: &'a Accesses, count: usize) -> Self {
        Self::of(accesses, self.first..self.first + count)
    }

    /// Do they happen one after the other, between these instants?
    #[inline]
    pub(super) fn is_in_order(&self, from: Time, stop: Time) -> bool {
        let (Some(&first), Some(&last)) = (self.at.first(), self.at.last()) else {
            return from < stop;
        };
        from <= first && last < stop && are_in_order(self.at)
    }

    /// Where all of them are `get`s, and all found something or none did, as the trace says:
    /// what the last access of their keys is then.
    #[inline]
    pub(super) fn only_gets(&self) -> Option<Last> {
        if !self.operations.first().is_none_or(is_get) {
            return None;
        }
        let found = |bytes: &&u64| **bytes != 0 && **bytes != UNKNOWN_BYTES;
        if let Some(bytes) = &self.only_bytes {
            return Some(if found(&bytes) { Last::Hit } else { Last::Get });
        }
        match self.bytes.iter().filter(found).count() {
            0 => Some(Last::Get),
            all if all == self.bytes.len() => Some(Last::Hit),
            _ => None,
        }
    }

    /// The bytes that the trace says of all of them, if it says the same.
    #[inline]
    pub(super) fn only_bytes(&self) -> Option<u64> {
        self.only_bytes.filter(|bytes| *bytes != UNKNOWN_BYTES)
    }

    /// How much of each response a copy of this size could give, where that is the same for all.
    #[inline]
    pub(super) fn only_response(&self, size: u64) -> Option<u64> {
        self.only_bytes.map(|bytes| bytes.min(size))
    }

    /// Does the trace say nothing of their bytes?
    #[inline]
    pub(super) const fn has_no_bytes(&self) -> bool {
        matches!(self.only_bytes, Some(UNKNOWN_BYTES))
    }

    #[inline]
    pub(super) fn bytes_of(&self, index: usize) -> Option<u64> {
        let bytes = self.only_bytes.or_else(|| self.bytes.get(index).copied());
        bytes.filter(|bytes| *bytes != UNKNOWN_BYTES)
    }

    #[inline]
    pub(super) fn access(&self, index: usize) -> Access {
        Access {
            at: self.at.get(index).copied().unwrap_or(Time::NEVER),
            key: self.keys.get(index).copied().unwrap_or_default(),
            bytes: self.bytes_of(index),
            index: self.first + index,
        }
    }

    /// The bytes of all responses, and how many of them copies of this size could give.
    #[inline]
    pub(super) fn responses(&self, size: u64) -> (u64, u64) {
        let all = self.keys.len() as u64;
        if self.has_no_bytes() {
            return (all * size, all * size);
        }
        if let Some(bytes) = self.only_bytes {
            return (all * bytes, all * bytes.min(size));
        }
        let mut sums = (0, 0);
        for &bytes in self.bytes {
            let bytes = if bytes == UNKNOWN_BYTES { size } else { bytes };
            sums.0 += bytes;
            sums.1 += bytes.min(size);
        }
        sums
    }
}

impl Access {
    /// The ttl that the trace says of it.
    #[inline]
    pub(super) fn ttl(&self, accesses: &Accesses) -> Option<Duration> {
        accesses.ttl.get(self.index).copied().flatten()
    }
}
