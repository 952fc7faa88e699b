//! The loop over the accesses of a stretch, compiled for each eviction policy.

use super::chunk::{AHEAD, Chunk};
use super::rows::Going;
use super::{Lane, LaneCounts};
use crate::access::LastAccesses;
use crate::copy::Copy;
use crate::engine::LevelState;
use crate::eviction::{Eviction, Visit};
use crate::intern::NONE;
use crate::metrics::{Cause, FillBegan, LaneFigures};
use crate::options::Operations;
use crate::provenances::Provenances;
use crate::staleness::Cells;
use crate::state::Facts;
use crate::store::{KeyId, Rack, Slot};
use cachepolicy_core::decide::{Rules, plain_until};
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::block::Accesses;
use cachepolicy_trace::event::AccessOperation;
use core::ops::Range;

/// The accesses, and all that they can change.
pub(super) struct Stretch<'a> {
    pub(super) lane: Lane,
    pub(super) rules: &'a Rules,
    pub(super) accesses: &'a Accesses,
    pub(super) range: Range<usize>,
    /// What those before this index will need was read.
    pub(super) fetched: &'a mut usize,
    /// It ends there.
    pub(super) limit: Time,
    /// Something that is no access may be due then.
    pub(super) stop: Time,
    pub(super) rack: &'a mut Rack<Copy>,
    pub(super) operations: Operations,
    pub(super) last: &'a mut LastAccesses,
    pub(super) level: &'a mut LevelState,
    pub(super) causes: &'a mut [Cause],
    pub(super) facts: &'a mut [Facts],
    pub(super) figures: LaneFigures<'a>,
    pub(super) provenances: &'a mut Provenances,
    pub(super) cells: &'a mut Cells,
    /// Provenances of copies that died, and when.
    pub(super) orphans: Vec<(u32, Time)>,
    pub(super) counts: LaneCounts,
    pub(super) now: Time,
    /// See [`Stretch::find_uniform`].
    pub(super) uniform: Option<Uniform>,
    /// What else happens.
    pub(super) going: Going<'a>,
}

/// What every fill of a stretch puts into the store, whenever it is.
#[derive(Clone, Copy)]
pub(super) struct Uniform {
    /// In bytes, unless the trace says it; `None`: drawn each time.
    pub(super) size: Option<u64>,
    /// But for how long it lives.
    pub(super) is_mortal: bool,
    /// How long it lives, all that time fresh, where that is the same for all of them.
    pub(super) life: Option<Duration>,
    /// It lives so long at least, all that time fresh and with plain reads; `None`: that is not known.
    pub(super) shortest: Option<Duration>,
}

/// What a stretch leaves.
pub(super) struct Outcome {
    /// The first access that was not replayed.
    pub(super) end: usize,
    /// The first write that did not commit.
    pub(super) next_write: usize,
    pub(super) counts: LaneCounts,
    pub(super) now: Time,
    pub(super) orphans: Vec<(u32, Time)>,
}

/// What a read of a copy comes to.
pub(super) enum Read {
    /// The copy is served, and that is all.
    Plain,
    /// The copy is dead: it is a miss.
    Dead,
    /// More than that, which is not for here.
    Other,
}

/// An access of the stretch.
#[derive(Clone, Copy)]
pub(super) struct Access {
    pub(super) at: Time,
    pub(super) key: u32,
    /// What the trace says of the value's size.
    pub(super) bytes: Option<u64>,
    /// Where it is in the columns.
    pub(super) index: usize,
}

impl Visit for Stretch<'_> {
    type Outcome = Outcome;

    fn visit<E: Eviction>(mut self, evictor: &mut E) -> Outcome {
        let end = self.replay(evictor);
        self.tell_moved();
        Outcome {
            end,
            next_write: self.going.range.start,
            counts: self.counts,
            now: self.now,
            orphans: self.orphans,
        }
    }
}

impl Stretch<'_> {
    /// The first access that was not replayed.
    fn replay<E: Eviction>(&mut self, evictor: &mut E) -> usize {
        self.uniform = self.find_uniform();
        let mut index = self.range.start;
        while index < self.range.end {
            let at = self.accesses.at.get(index).copied();
            let at = at.filter(|&at| at < self.limit);
            if !at.is_some_and(|at| at < self.stop || self.catch_up(at, evictor)) {
                break;
            }
            let keys = &self.accesses.key;
            let end = self.range.end.min(index + AHEAD);
            if end > *self.fetched {
                // Also what comes when others have been let go first: it is not far.
                let ahead = index.max(*self.fetched);
                let ahead = ahead..keys.len().min(ahead + AHEAD);
                *self.fetched = ahead.end;
                let later = ahead.end..keys.len().min(ahead.end + AHEAD);
                let (ahead, later) = (keys.get(ahead), keys.get(later));
                if self.uniform.is_some() {
                    self.rack.prefetch_keys(later.unwrap_or_default());
                    self.fetch_alike(ahead.unwrap_or_default(), evictor);
                } else {
                    self.fetch(ahead.unwrap_or_default(), evictor);
                }
            }
            let at = self.accesses.at.get(index..end).unwrap_or_default();
            let due = match at.last() {
                Some(&last) if last < self.stop => at.len(),
                _ => at.iter().take_while(|&&at| at < self.stop).count(),
            };
            let chunk = Chunk::alike(self.accesses, index..index + due);
            if chunk.keys.is_empty() {
                break;
            }
            let replayed = self.replay_chunk(&chunk, evictor);
            index += replayed;
            if replayed < chunk.keys.len() {
                break;
            }
        }
        index
    }

    /// How many accesses of a chunk were replayed.
    #[inline]
    fn replay_chunk<E: Eviction>(&mut self, chunk: &Chunk<'_>, evictor: &mut E) -> usize {
        let is_calm = chunk.is_in_order(self.now, self.stop)
            && chunk
                .only_gets()
                .is_some_and(|last| self.last.all_are(last, chunk.keys));
        let replayed = match self.only_size(chunk) {
            Some((size, is_mortal)) if is_calm => self.get_uniform(chunk, size, is_mortal, evictor),
            _ if is_calm => self.get_all(chunk, evictor),
            _ => self.one_by_one(chunk, evictor),
        };
        if let Some(last) = replayed.checked_sub(1) {
            self.now = chunk.at.get(last).copied().unwrap_or(self.now);
        }
        replayed
    }

    /// How many accesses were replayed, of any kind and in any order.
    fn one_by_one<E: Eviction>(&mut self, chunk: &Chunk<'_>, evictor: &mut E) -> usize {
        let mut before = self.now;
        for index in 0..chunk.keys.len() {
            let access = chunk.access(index);
            if access.at >= self.stop || access.at < before {
                return index;
            }
            let is_done = match chunk.operations.get(index) {
                None | Some(AccessOperation::Get) => {
                    let is_done = self.get(access, evictor);
                    if is_done {
                        let (key, bytes) = (access.key, access.bytes);
                        self.last
                            .take(key, AccessOperation::Get, bytes, self.operations);
                    }
                    is_done
                }
                Some(operation) => self.write(access, *operation, evictor),
            };
            if !is_done {
                return index;
            }
            before = access.at;
        }
        chunk.keys.len()
    }

    /// How many accesses were replayed: all of them are `get`s, and in order.
    fn get_all<E: Eviction>(&mut self, chunk: &Chunk<'_>, evictor: &mut E) -> usize {
        for index in 0..chunk.keys.len() {
            if !self.get(chunk.access(index), evictor) {
                return index;
            }
        }
        chunk.keys.len()
    }

    /// Was it done on the spot?
    #[inline]
    pub(super) fn get<E: Eviction>(&mut self, access: Access, evictor: &mut E) -> bool {
        if let Some(slot) = self.rack.lookup(KeyId(access.key)) {
            match self.read(slot, access.at) {
                Read::Plain => {
                    self.hit(access, slot, evictor);
                    return true;
                }
                Read::Dead => {}
                Read::Other => return false,
            }
        }
        if self.lane.fills {
            self.miss(access, evictor);
        }
        self.lane.fills
    }

    #[inline]
    fn hit<E: Eviction>(&mut self, access: Access, slot: Slot, evictor: &mut E) {
        evictor.touched(slot.number(), self.rack.view(access.at));
        let size = self.rack.size(slot);
        let response = access.bytes.unwrap_or(size);
        let counts = &mut self.counts;
        counts.last = Some(access.at);
        counts.hits += 1;
        counts.hit_bytes += size;
        counts.response_bytes += response;
        counts.response_bytes_from_copies += size.min(response);
        if !self.lane.fills {
            counts.saved = counts.saved + self.rack.get(slot).work;
            if let Some(facts) = self.facts.get_mut(access.key as usize) {
                facts.lookups = facts.lookups.saturating_add(1);
            }
        }
    }

    /// What a read of a copy comes to; if it is a plain one, it is counted if the copy is out of date.
    #[inline]
    pub(super) fn read(&mut self, slot: Slot, at: Time) -> Read {
        match self.rack.quiet(slot, at) {
            Some(depends) => {
                self.count_missed(depends, at);
                Read::Plain
            }
            None => self.read_unquiet(slot, at),
        }
    }

    /// The same of a copy of which it is not known that its reads are plain.
    fn read_unquiet(&mut self, slot: Slot, at: Time) -> Read {
        let copy = self.rack.get(slot);
        if at >= copy.leaves(self.rules) {
            return Read::Dead;
        }
        let until = plain_until(self.rules, &copy.lifetimes(self.rules), copy.negative);
        let until = until.min(copy.resides_until);
        if at >= until {
            return Read::Other;
        }
        self.rack.set_quiet(slot, until);
        self.count_missed(copy.provenance, at);
        Read::Plain
    }

    /// A copy that depends on this is served.
    #[inline]
    pub(super) fn count_missed(&mut self, provenance: u32, at: Time) {
        if provenance != NONE {
            let missed = self.provenances.missed(self.cells, provenance, at);
            if let (Some(since), writes) = missed {
                self.counts.out_of_date += 1;
                self.figures.out_of_date(at.since(since), writes);
            }
        }
    }

    /// A fill begins: which one was the first, and why; the others are counted together.
    #[inline]
    pub(super) fn fill_begins(&mut self, key: KeyId, at: Time) {
        if self.counts.misses == 0 {
            self.first_fill_begins(key, at);
        }
        self.counts.misses += 1;
    }

    /// The first fill of the stretch begins; it is not counted here.
    pub(super) fn first_fill_begins(&mut self, key: KeyId, at: Time) {
        let cause = self.causes.get(key.0 as usize).copied();
        self.figures.fill_began(
            at,
            &FillBegan {
                key,
                concurrent: 1,
                cause: cause.unwrap_or(Cause::ColdStart),
                background: false,
            },
        );
    }

    pub(super) fn set_cause(&mut self, key: KeyId, cause: Cause) {
        if let Some(known) = self.causes.get_mut(key.0 as usize) {
            *known = cause;
        }
    }
}
