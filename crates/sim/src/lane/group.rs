//! Accesses that are looked up together, without a branch that depends on what is found, where the policy
//! knows some accesses before who leaves; what is missing is filled after that.

use super::chunk::Chunk;
use super::fills::filled;
use super::stretch::Stretch;
use crate::copy::Copy;
use crate::eviction::{Eviction, TOGETHER};
use crate::intern::NONE;
use crate::metrics::Cause;
use crate::random::jitter;
use crate::store::{Exchange, KeyId, Life, Rack};
use cachepolicy_core::units::Time;

/// What is too few for [`TOGETHER`] is worth it for so many.
pub(super) const FEW: usize = 8;

impl Stretch<'_> {
    /// The bytes of responses that misses gave, of a group from this access on where all copies are alike
    /// and of this size. `None`: nothing was done, they go one by one. `MORTAL`: copies die.
    #[inline(always)]
    pub(super) fn look_up_group<const N: usize, const MORTAL: bool, E: Eviction>(
        &mut self,
        all: &Chunk<'_>,
        first: usize,
        size: u64,
        evictor: &mut E,
    ) -> Option<u64> {
        if !E::EXCHANGES || self.rack.room(size) > TOGETHER {
            return None;
        }
        let keys: &[u32; N] = all.keys.get(first..)?.first_chunk()?;
        let at: &[Time; N] = all.at.get(first..)?.first_chunk()?;
        let mut group = [0; N];
        self.rack.fetch(keys, &mut group);
        if MORTAL && !self.nobody_dies(keys, at, &mut group, evictor) {
            return None;
        }
        let (mut missing, mut misses) = ([0; N], 0);
        for (place, slot) in (0..).zip(&group) {
            missing[misses % N] = place;
            misses += usize::from(!Rack::<Copy>::is_slot(*slot));
        }
        let missing = missing.get(..misses)?;
        let room = self.rack.room(size);
        let mut leaving = [0; N];
        if !evictor.exchange(&group, misses.saturating_sub(room), &mut leaving) {
            return None;
        }
        if !self.rack.are_independent() {
            self.count_missed_of(&group, at);
        }
        if let (0, Some(place)) = (self.counts.misses, missing.first()) {
            let place = usize::from(*place) % N;
            self.first_fill_begins(KeyId(keys[place]), at[place]);
        }
        let filled = self.fill_group::<N, MORTAL>(
            (all, first),
            (keys, at),
            (&mut group, missing),
            (size, room, &leaving),
        );
        let newcomers = missing.iter().map(|place| usize::from(*place) % N);
        let newcomers = newcomers.map(|place| (place, group[place]));
        evictor.exchanged::<N>(newcomers, filled.left);
        Some(filled.not_from_copies)
    }

    /// Is nobody of a store whose copies die dead by the end of a group, nor who comes meanwhile? Those
    /// who are dead at its beginning leave if somebody is stored in it, and `group` is as after that.
    #[inline]
    fn nobody_dies<const N: usize, E: Eviction>(
        &mut self,
        keys: &[u32; N],
        at: &[Time; N],
        group: &mut [u32; N],
        evictor: &mut E,
    ) -> bool {
        let (Some(&first), Some(&last)) = (at.first(), at.last()) else {
            return false;
        };
        let shortest = self.uniform.and_then(|uniform| uniform.shortest);
        if !self.rack.are_simple() || shortest.is_none_or(|shortest| first + shortest <= last) {
            return false;
        }
        if self.rack.is_due(last) {
            let is_there =
                |slot: &u32| Rack::<Copy>::is_slot(*slot) && self.rack.is_alive(*slot, first);
            if group.iter().all(is_there) {
                return false;
            }
            self.collect_alike(first, evictor);
            if self.rack.is_due(last) {
                return false;
            }
            self.rack.fetch(keys, group);
        }
        true
    }

    /// Copies are served; some may depend on what was written.
    #[inline]
    fn count_missed_of<const N: usize>(&mut self, group: &[u32; N], at: &[Time; N]) {
        let (mut places, mut count) = ([(0, NONE); N], 0);
        for (place, slot) in group.iter().enumerate() {
            // A number above all slots depends on nothing.
            let depends = self.rack.depends_of(*slot);
            places[count % N] = (place, depends);
            count += usize::from(depends != NONE);
        }
        for &(place, depends) in places.iter().take(count) {
            self.count_missed(depends, at[place % N]);
        }
    }

    /// Fills what is missing of a group.
    #[inline(always)]
    fn fill_group<const N: usize, const MORTAL: bool>(
        &mut self,
        (all, first): (&Chunk<'_>, usize),
        (keys, at): (&[u32; N], &[Time; N]),
        (group, missing): (&mut [u32; N], &[u8]),
        (size, room, leaving): (u64, usize, &[u32; N]),
    ) -> Filled {
        let (mut misses, mut not_from_copies) = (0, 0);
        let (causes, figures) = (&mut *self.causes, &mut self.figures);
        let (rules, jitters, orphans) = (self.rules, &mut self.level.jitter, &mut self.orphans);
        let always = self.uniform.and_then(|uniform| uniform.life);
        let of_one = all.only_response(size);
        let life = |place: usize| {
            if !MORTAL {
                return None;
            }
            let end = match always {
                Some(life) => at[place] + life,
                None => {
                    let draw = jitter(jitters, rules);
                    // [`Stretch::nobody_dies`] asks whether all are stored.
                    let stored = filled(rules, at[place], None, draw);
                    stored.map_or(at[place], |(copy, _)| copy.fresh_until())
                }
            };
            Some(Life::simple(end))
        };
        let exchanged = |place: usize, exchange: Exchange| {
            let key = keys[place];
            if let Some(cause) = exchange
                .left
                .and_then(|left| causes.get_mut(left.0 as usize))
            {
                *cause = Cause::Eviction;
            }
            if let Some(cause) = causes.get_mut(key as usize) {
                *cause = Cause::Expiry;
            }
            if !exchange.was_kept {
                figures.keep(KeyId(key));
            }
            if exchange.depends != NONE {
                orphans.push((exchange.depends, at[place]));
            }
            misses += 1;
            if of_one.is_none() {
                not_from_copies += size.min(all.bytes_of(first + place).unwrap_or(size));
            }
        };
        let left = self.rack.exchange_all(
            keys,
            (group, missing),
            (size, room, leaving),
            life,
            exchanged,
        );
        let counts = &mut self.counts;
        counts.misses += misses;
        let moved = &mut counts.moved;
        moved.evicted += left as u64;
        moved.evicted_fresh += left as u64;
        moved.bytes_peak = moved.bytes_peak.max(self.rack.bytes());
        moved.entries_peak = moved.entries_peak.max(self.rack.len() as u64);
        Filled {
            left,
            not_from_copies: not_from_copies + misses * of_one.unwrap_or(0),
        }
    }
}

/// What the fills of a group came to.
struct Filled {
    /// So many left for them.
    left: usize,
    /// The bytes of responses that they gave.
    not_from_copies: u64,
}
