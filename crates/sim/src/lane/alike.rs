//! Reads of copies that are alike, also the new ones, and of one size: what the hits come to is known
//! without them.

use super::chunk::Chunk;
use super::group::FEW;
use super::stretch::{Read, Stretch};
use crate::eviction::{Eviction, TOGETHER};
use crate::metrics::Cause;
use crate::store::{Inserted, KeyId};
use cachepolicy_core::units::Time;
use core::ops::Range;

impl Stretch<'_> {
    /// How many accesses were replayed: all of them are `get`s, and in order.
    pub(super) fn get_uniform<E: Eviction>(
        &mut self,
        chunk: &Chunk<'_>,
        size: u64,
        is_mortal: bool,
        evictor: &mut E,
    ) -> usize {
        let missed_before = self.counts.misses;
        let (not_from_copies, replayed) = if is_mortal {
            self.look_up_alike::<true, E>(chunk, size, evictor)
        } else {
            self.look_up_alike::<false, E>(chunk, size, evictor)
        };
        let misses = self.counts.misses - missed_before;
        if replayed == chunk.keys.len() {
            self.count_uniform(chunk, size, misses, not_from_copies);
            return replayed;
        }
        let before = chunk.first(self.accesses, replayed);
        self.count_uniform(&before, size, misses, not_from_copies);
        replayed + usize::from(self.get(chunk.access(replayed), evictor))
    }

    /// The bytes that misses served, and how many accesses were replayed: up to a copy that is neither
    /// plain nor dead. `MORTAL`: copies die.
    #[inline]
    fn look_up_alike<const MORTAL: bool, E: Eviction>(
        &mut self,
        chunk: &Chunk<'_>,
        size: u64,
        evictor: &mut E,
    ) -> (u64, usize) {
        let all = chunk.keys.len();
        let (mut not_from_copies, mut next) = (0, 0);
        while next < all {
            let group = self.look_up_group::<TOGETHER, MORTAL, E>(chunk, next, size, evictor);
            if let Some(bytes) = group {
                not_from_copies += bytes;
                next += TOGETHER;
                continue;
            }
            let few = self.look_up_group::<FEW, MORTAL, E>(chunk, next, size, evictor);
            if let Some(bytes) = few {
                not_from_copies += bytes;
                next += FEW;
                continue;
            }
            let end = if E::EXCHANGES { next + FEW } else { all };
            let each = next..all.min(end);
            let (bytes, replayed) =
                self.look_up_singly::<MORTAL, E>(chunk, each.clone(), size, evictor);
            not_from_copies += bytes;
            next += replayed;
            if replayed < each.len() {
                break;
            }
        }
        (not_from_copies, next)
    }

    /// The same one by one.
    #[inline]
    fn look_up_singly<const MORTAL: bool, E: Eviction>(
        &mut self,
        chunk: &Chunk<'_>,
        range: Range<usize>,
        size: u64,
        evictor: &mut E,
    ) -> (u64, usize) {
        let mut not_from_copies = 0;
        for index in range.clone() {
            let (key, at) = (KeyId(chunk.keys[index]), chunk.at[index]);
            if let Some(slot) = self.rack.lookup(key) {
                let read = if MORTAL {
                    self.read(slot, at)
                } else {
                    Read::Plain
                };
                match read {
                    Read::Plain => {
                        evictor.touched(slot.number(), self.rack.view(at));
                        continue;
                    }
                    Read::Dead => {}
                    Read::Other => return (not_from_copies, index - range.start),
                }
            }
            let response = chunk.bytes_of(index).unwrap_or(size);
            not_from_copies += size.min(response);
            match self.uniform.and_then(|uniform| uniform.life) {
                _ if !MORTAL => self.fill_immortal((key, size), at, evictor),
                Some(life) => self.fill_mortal((key, size), at, life, evictor),
                None => self.fill(chunk.access(index), size, evictor),
            }
        }
        (not_from_copies, range.len())
    }

    /// A `get` that misses where copies live forever.
    #[inline(always)]
    fn fill_immortal<E: Eviction>(&mut self, (key, size): (KeyId, u64), at: Time, evictor: &mut E) {
        if !E::CULLS && self.rack.is_full(size) && self.rack.are_independent() {
            self.fill_in_place(key, size, at, evictor);
        } else {
            self.fill_alike(key, at, size, evictor);
        }
    }

    /// A `get` that misses, for whose copy another one has to leave.
    #[inline(always)]
    fn fill_in_place<E: Eviction>(&mut self, key: KeyId, size: u64, at: Time, evictor: &mut E) {
        self.fill_begins(key, at);
        let was_kept = self.rack.is_gone(key);
        match self.rack.exchange(evictor, (key, size), at) {
            Some(left) => self.exchanged(key, was_kept, left),
            None => {
                let result = self.result(key, Inserted::Refused);
                self.figures.fill_ended(result);
            }
        }
    }

    /// The copy of one key is there in place of that of another one.
    #[inline(always)]
    fn exchanged(&mut self, key: KeyId, was_kept: bool, left: KeyId) {
        self.counts.moved.evicted += 1;
        self.counts.moved.evicted_fresh += 1;
        self.set_cause(left, Cause::Eviction);
        self.set_cause(key, Cause::Expiry);
        if !was_kept {
            self.figures.keep(key);
        }
    }

    /// Counts accesses of which so many missed, and their responses.
    #[inline]
    pub(super) fn count_uniform(
        &mut self,
        chunk: &Chunk<'_>,
        size: u64,
        misses: u64,
        not_from_copies: u64,
    ) {
        let Some(&last) = chunk.at.last() else {
            return;
        };
        let hits = chunk.keys.len() as u64 - misses;
        let (bytes, bytes_from_copies) = chunk.responses(size);
        let counts = &mut self.counts;
        counts.hits += hits;
        counts.hit_bytes += hits * size;
        counts.miss_bytes += misses * size;
        counts.response_bytes += bytes;
        counts.response_bytes_from_copies += bytes_from_copies - not_from_copies;
        counts.last = Some(last);
    }
}
