//! Reads of copies that differ in nothing but their keys and live forever, as in most comparisons of
//! eviction policies: what is the same for all of them is asked once, and what they come to is counted
//! together. Where the policy knows some accesses before who leaves, a group of them is looked up without
//! a branch that depends on what is found, and what is missing is filled after that.

use super::chunk::Chunk;
use super::stretch::Stretch;
use crate::copy::Copy;
use crate::eviction::{Eviction, Group, TOGETHER};
use crate::metrics::Cause;
use crate::store::{Inserted, KeyId, Rack};
use cachepolicy_core::units::Time;

impl Stretch<'_> {
    /// How many accesses were replayed from this one on, all in one? 0: some are of another kind. The
    /// copies are plain, see [`Rack::are_plain`].
    pub(super) fn replay_endless<E: Eviction>(&mut self, first: usize, evictor: &mut E) -> usize {
        let all = Chunk::of(self.accesses, first..self.range.end);
        let all = all.before(self.accesses, self.stop);
        let size = self.only_size(&all).map(|(size, _)| size);
        let (Some(size), Some(last)) = (size, all.only_gets()) else {
            return 0;
        };
        if !all.is_in_order(self.now, self.stop) || !self.last.all_are(last, all.keys) {
            return 0;
        }
        let missed_before = self.counts.misses;
        let not_from_copies = self.look_up_endless(&all, size, evictor);
        let misses = self.counts.misses - missed_before;
        self.count_uniform(&all, size, misses, not_from_copies);
        self.now = all.at.last().copied().unwrap_or(self.now);
        *self.fetched = first + all.keys.len();
        all.keys.len()
    }

    /// The bytes of responses that misses gave.
    fn look_up_endless<E: Eviction>(&mut self, all: &Chunk<'_>, size: u64, evictor: &mut E) -> u64 {
        let mut not_from_copies = 0;
        let group = |number: usize| {
            let end = all.keys.len().min((number + 1) * TOGETHER);
            (number * TOGETHER).min(end)..end
        };
        self.rack.prefetch_keys(&all.keys[group(0)]);
        self.rack.prefetch_keys(&all.keys[group(1)]);
        self.fetch_endless(&all.keys[group(0)], evictor);
        for number in 0..all.keys.len().div_ceil(TOGETHER) {
            self.rack.prefetch_keys(&all.keys[group(number + 2)]);
            self.fetch_endless(&all.keys[group(number + 1)], evictor);
            let range = group(number);
            not_from_copies += match self.look_up_group(all, range.start, size, evictor) {
                Some(bytes) => bytes,
                None => self.look_up_each(all, range, size, evictor),
            };
        }
        not_from_copies
    }

    /// Accesses one by one.
    fn look_up_each<E: Eviction>(
        &mut self,
        all: &Chunk<'_>,
        range: core::ops::Range<usize>,
        size: u64,
        evictor: &mut E,
    ) -> u64 {
        let mut not_from_copies = 0;
        for index in range {
            let (key, at) = (KeyId(all.keys[index]), all.at[index]);
            if let Some(slot) = self.rack.lookup(key) {
                evictor.touched(slot.number(), self.rack.view(at));
                continue;
            }
            not_from_copies += size.min(all.bytes_of(index).unwrap_or(size));
            if !E::CULLS && self.rack.is_full(size) {
                self.fill_in_place(key, size, at, evictor);
            } else {
                self.fill_alike(key, at, size, evictor);
            }
        }
        not_from_copies
    }

    /// A group of accesses, where the policy knows who leaves for those that miss.
    #[inline(always)]
    fn look_up_group<E: Eviction>(
        &mut self,
        all: &Chunk<'_>,
        first: usize,
        size: u64,
        evictor: &mut E,
    ) -> Option<u64> {
        if !E::EXCHANGES || !self.rack.is_full(size) {
            return None;
        }
        let keys: &Group = all.keys.get(first..)?.first_chunk()?;
        let mut group = [0; TOGETHER];
        self.rack.fetch(keys, &mut group);
        let (mut missing, mut misses) = ([0; TOGETHER], 0);
        for (place, slot) in (0..).zip(&group) {
            missing[misses % TOGETHER] = place;
            misses += usize::from(!Rack::<Copy>::is_slot(*slot));
        }
        let missing = missing.get(..misses)?;
        let mut leaving = [0; TOGETHER];
        if !evictor.exchange(&group, misses, &mut leaving) {
            return None;
        }
        let begun = self.counts.misses;
        if let (0, Some(place)) = (begun, missing.first()) {
            let index = first + usize::from(*place);
            let at = all.at.get(index).copied().unwrap_or(self.now);
            self.fill_begins(KeyId(keys[usize::from(*place)]), at);
        }
        let mut not_from_copies = 0;
        let (causes, figures) = (&mut *self.causes, &mut self.figures);
        let of_one = all.only_response(size);
        let left = self.rack.exchange_all(
            keys,
            (&mut group, missing),
            &leaving,
            |place, was_kept, left| {
                let key = keys[place];
                if let Some(cause) = causes.get_mut(left.0 as usize) {
                    *cause = Cause::Eviction;
                }
                if let Some(cause) = causes.get_mut(key as usize) {
                    *cause = Cause::Expiry;
                }
                if !was_kept {
                    figures.keep(KeyId(key));
                }
                if of_one.is_none() {
                    not_from_copies += size.min(all.bytes_of(first + place).unwrap_or(size));
                }
            },
        );
        let newcomers = missing.iter().map(|place| usize::from(*place) % TOGETHER);
        evictor.exchanged(newcomers.map(|place| (place, group[place])), left);
        self.counts.misses = begun + left as u64;
        self.counts.moved.evicted += left as u64;
        self.counts.moved.evicted_fresh += left as u64;
        Some(not_from_copies + left as u64 * of_one.unwrap_or(0))
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
}
