//! The loop over the accesses of a stretch, compiled for each eviction policy.

use super::{Lane, LaneCounts};
use crate::access::{Last, Operation};
use crate::copy::Copy;
use crate::engine::LevelState;
use crate::eviction::{Eviction, Visit};
use crate::intern::NONE;
use crate::metrics::{Cause, FillBegan, FillResult, Metrics, Stored};
use crate::options::Operations;
use crate::random::jitter;
use crate::store::{Inserted, KeyId, NewCopy, Rack, Reason, Removed, Slot};
use crate::storing::Left;
use cachepolicy_core::decide::{FillEnd, FillOutcome, FillVerdict, Rules, fill_ended, plain_until};
use cachepolicy_core::ids::BackendId;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::block::{Accesses, UNKNOWN_BYTES};
use cachepolicy_trace::event::AccessOperation;
use core::ops::Range;

/// So many accesses ahead, what they will touch is fetched from memory: the waits overlap.
const AHEAD: usize = 32;

/// The accesses, and all that they can change.
pub(super) struct Stretch<'a> {
    pub(super) lane: Lane,
    pub(super) rules: &'a Rules,
    pub(super) accesses: &'a Accesses,
    pub(super) range: Range<usize>,
    /// Something else may be due then.
    pub(super) stop: Time,
    pub(super) rack: &'a mut Rack<Copy>,
    pub(super) operations: Operations,
    pub(super) last: &'a mut [Last],
    pub(super) level: &'a mut LevelState,
    pub(super) causes: &'a mut [Cause],
    pub(super) lookups: &'a mut [u32],
    pub(super) metrics: &'a mut Metrics,
    /// Provenances of copies that died, and when.
    pub(super) orphans: Vec<(u32, Time)>,
    pub(super) counts: LaneCounts,
    pub(super) now: Time,
}

/// What a stretch leaves.
pub(super) struct Outcome {
    pub(super) counts: LaneCounts,
    pub(super) now: Time,
    pub(super) orphans: Vec<(u32, Time)>,
}

/// An access of the stretch.
#[derive(Clone, Copy)]
struct Access {
    index: usize,
    at: Time,
    key: u32,
}

impl Visit for Stretch<'_> {
    type Outcome = (usize, Outcome);

    fn visit<E: Eviction>(mut self, evictor: &mut E) -> Self::Outcome {
        let end = self.replay(evictor);
        let outcome = Outcome {
            counts: self.counts,
            now: self.now,
            orphans: self.orphans,
        };
        (end, outcome)
    }
}

impl Stretch<'_> {
    /// The first access that was not replayed.
    fn replay<E: Eviction>(&mut self, evictor: &mut E) -> usize {
        let accesses = self.accesses;
        let (all_at, all_keys) = (&accesses.at, &accesses.key);
        let mut index = self.range.start;
        while index < self.range.end {
            let chunk = index..self.range.end.min(index + AHEAD);
            let keys = all_keys.get(chunk.clone()).unwrap_or_default();
            let at = all_at.get(chunk).unwrap_or_default();
            self.fetch(keys, evictor);
            for (&key, &at) in keys.iter().zip(at) {
                if at >= self.stop || at < self.now {
                    return index;
                }
                let access = Access { index, at, key };
                let is_get = match accesses.operation.get(index) {
                    None | Some(AccessOperation::Get) => true,
                    Some(AccessOperation::Set | AccessOperation::Delete) => false,
                };
                let is_done = if is_get {
                    self.get(access, evictor)
                } else {
                    self.write(access, evictor)
                };
                if !is_done {
                    return index;
                }
                self.now = at;
                index += 1;
            }
            if keys.is_empty() {
                return index;
            }
        }
        index
    }

    /// Reads what the accesses to these keys will need, all at once.
    #[inline]
    fn fetch<E: Eviction>(&self, keys: &[u32], evictor: &E) {
        let mut slots = [NONE; AHEAD];
        for (slot, &key) in slots.iter_mut().zip(keys) {
            *slot = self.rack.fetch(KeyId(key));
        }
        let mut fetched = 0_u32;
        let mut misses = 0;
        for &slot in slots.iter().take(keys.len()) {
            // A branch here would be guessed wrong again and again, and undo what is gained.
            let is_miss = u32::from(slot == NONE);
            misses += is_miss as usize;
            let some_slot = slot & is_miss.wrapping_sub(1);
            fetched ^= evictor.peek(some_slot) ^ self.rack.peek(some_slot);
        }
        evictor.leaving_soon(misses, |slot| fetched ^= self.rack.peek_key(slot));
        core::hint::black_box(fetched);
    }

    #[inline]
    fn get<E: Eviction>(&mut self, access: Access, evictor: &mut E) -> bool {
        let slot = self.rack.lookup(KeyId(access.key));
        match slot {
            Some(slot) if self.rack.is_quiet(slot, access.at) => {
                self.hit(access, slot, evictor);
                true
            }
            _ => self.not_plain(access, slot, evictor),
        }
    }

    #[inline]
    fn hit<E: Eviction>(&mut self, access: Access, slot: Slot, evictor: &mut E) {
        evictor.touched(slot.number(), self.rack.view(access.at));
        let size = self.rack.size(slot);
        let response = self.note_get(access).unwrap_or(size);
        let counts = &mut self.counts;
        counts.hits += 1;
        counts.hit_bytes += size;
        counts.response_bytes += response;
        counts.response_bytes_from_copies += size.min(response);
        if !self.lane.fills {
            counts.saved = counts.saved + self.rack.get(slot).work;
            if let Some(lookups) = self.lookups.get_mut(access.key as usize) {
                *lookups = lookups.saturating_add(1);
            }
        }
    }

    /// Remembers a `get`; the bytes that it read, as the trace says.
    #[inline]
    fn note_get(&mut self, access: Access) -> Option<u64> {
        let bytes = self.bytes(access);
        if let Some(last) = self.last.get_mut(access.key as usize) {
            last.take(AccessOperation::Get, bytes, self.operations);
        }
        self.counts.last = Some(access.at);
        bytes
    }

    #[inline]
    fn bytes(&self, access: Access) -> Option<u64> {
        let bytes = self.accesses.bytes.get(access.index).copied();
        bytes.filter(|bytes| *bytes != UNKNOWN_BYTES)
    }

    /// A `get` of a key whose copy is not known to be plain, or that has none.
    fn not_plain<E: Eviction>(
        &mut self,
        access: Access,
        slot: Option<Slot>,
        evictor: &mut E,
    ) -> bool {
        if let Some(slot) = slot {
            let copy = *self.rack.get(slot);
            if access.at < copy.leaves(self.rules) {
                let until = plain_until(self.rules, &copy.lifetimes(self.rules), copy.negative);
                let until = until.min(copy.resides_until);
                if copy.provenance != NONE || access.at >= until {
                    return false;
                }
                self.rack.set_quiet(slot, until);
                self.hit(access, slot, evictor);
                return true;
            }
        }
        if !self.lane.fills {
            return false;
        }
        self.miss(access, evictor);
        true
    }

    /// Fills on the spot.
    #[inline]
    fn miss<E: Eviction>(&mut self, access: Access, evictor: &mut E) {
        let level = self.lane.level;
        let response = self.note_get(access);
        if self.counts.misses == 0 {
            // Which fill was the first, and why; the others are counted together.
            let began = FillBegan {
                key: KeyId(access.key),
                concurrent: 1,
                cause: self.cause(access.key),
                background: false,
            };
            self.metrics.fill_began(level, access.at, &began);
        }
        let size = self.draw_size(access);
        let result = self.store(access, Some(size), evictor);
        if let FillResult::ServedOnly(_) = result {
            self.set_cause(access.key, Cause::NotStored);
        }
        if result != FillResult::Stored {
            self.metrics
                .fill_ended(level, access.at, result, Duration::ZERO);
        }
        self.counts.misses += 1;
        self.counts.miss_bytes += size;
        self.counts.response_bytes += response.unwrap_or(size);
    }

    fn cause(&self, key: u32) -> Cause {
        let known = self.causes.get(key as usize).copied();
        known.unwrap_or(Cause::ColdStart)
    }

    fn set_cause(&mut self, key: u32, cause: Cause) {
        if let Some(known) = self.causes.get_mut(key as usize) {
            *known = cause;
        }
    }

    fn draw_size(&mut self, access: Access) -> u64 {
        match self.bytes(access).filter(|_| self.lane.size_from_trace) {
            Some(bytes) => bytes,
            None => self.level.size.bytes(),
        }
    }

    /// The ttl that the trace says, as far as the level goes by it.
    #[inline]
    fn said_ttl(&self, access: Access) -> Option<Duration> {
        let said = self.accesses.ttl.get(access.index).copied().flatten();
        self.lane.lifetime.named(said)
    }

    /// Stores a value where the rules let it be stored. `size`: where it is known beforehand.
    #[inline]
    fn store<E: Eviction>(
        &mut self,
        access: Access,
        size: Option<u64>,
        evictor: &mut E,
    ) -> FillResult {
        let Access { at, key, .. } = access;
        let ttl = self.said_ttl(access);
        let draw = jitter(&mut self.level.jitter, self.rules);
        let end = FillEnd {
            began: at,
            outcome: FillOutcome::Value { ttl },
            overtaken: false,
            backend_up: true,
            storable: true,
        };
        let lifetimes = match fill_ended(self.rules, end, at, draw) {
            FillVerdict::Store { lifetimes, .. } => lifetimes,
            FillVerdict::ServeOnly(reason) => return FillResult::ServedOnly(reason),
            FillVerdict::Failed => return FillResult::Failed,
        };
        let size = size.unwrap_or_else(|| self.draw_size(access));
        let mut copy = Copy::new(&lifetimes, false);
        if lifetimes.fresh_until == Time::NEVER {
            // Nobody asks since when: what is the same for all copies takes no room.
            copy.forget_stored();
        }
        let quiet_until = plain_until(self.rules, &lifetimes, false);
        let new = NewCopy {
            key: KeyId(key),
            level: self.lane.level,
            size,
            dead_from: copy.leaves(self.rules),
            value: copy,
        };
        let (rack, mut leaving) = self.parts();
        let mut gone = |gone: Removed<Copy>| leaving.left(&gone, at);
        let inserted = rack.insert(evictor, (new, quiet_until), at, &mut gone);
        match inserted {
            Inserted::Stored(_) => {
                self.set_cause(key, Cause::Expiry);
                self.metrics.stored(&Stored {
                    backend: self.lane.backend,
                    instance: 0,
                    level: self.lane.level,
                    key: KeyId(key),
                    parameters: None,
                    bytes: size,
                });
                FillResult::Stored
            }
            Inserted::TooLarge => {
                self.metrics.too_large(self.lane.backend);
                self.set_cause(key, Cause::Eviction);
                FillResult::NoRoom
            }
            Inserted::Refused => {
                self.set_cause(key, Cause::Eviction);
                FillResult::NoRoom
            }
        }
    }

    /// What copies are in, and what a copy that leaves changes.
    fn parts(&mut self) -> (&mut Rack<Copy>, Leave<'_>) {
        let leave = Leave {
            backend: self.lane.backend,
            rules: self.rules,
            causes: self.causes,
            metrics: self.metrics,
            orphans: &mut self.orphans,
        };
        (self.rack, leave)
    }

    /// A `set` or `delete`; see [`crate::key_value`].
    fn write<E: Eviction>(&mut self, access: Access, evictor: &mut E) -> bool {
        let Access { index, at, key } = access;
        let slot = self.rack.lookup(KeyId(key));
        let copy = slot.map(|slot| (slot, *self.rack.get(slot)));
        let is_alive = copy.is_some_and(|(_, copy)| at < copy.leaves(self.rules));
        // What misses writes, is dead and still there, or may outlive the write, is for others.
        let is_plain = copy.is_none_or(|(_, copy)| {
            is_alive && copy.provenance == NONE && self.is_stored_for_certain(access)
        });
        if !self.lane.fills || !is_plain {
            return false;
        }
        let bytes = self.bytes(access);
        let operation = self.accesses.operation.get(index).copied();
        let operation = match (operation, self.last.get_mut(key as usize)) {
            (Some(operation), Some(last)) => last.take(operation, bytes, self.operations),
            _ => return false,
        };
        match operation {
            Operation::Get => {}
            Operation::Fill => {
                let size = self.draw_size(access);
                let has_ttl = self.accesses.ttl.get(index).copied().flatten().is_some();
                if has_ttl || slot.is_none_or(|slot| self.rack.size(slot) != size) {
                    self.store(access, None, evictor);
                }
            }
            Operation::Write => {
                self.replace_row(access, is_alive);
                self.store(access, None, evictor);
            }
            Operation::Delete => {
                self.replace_row(access, is_alive);
                if let Some(slot) = slot {
                    let (rack, mut leaving) = self.parts();
                    let gone = rack.take(evictor, slot.number(), Reason::Taken, at);
                    leaving.left(&gone, at);
                    self.set_cause(key, Cause::Invalidation);
                }
            }
        }
        true
    }

    /// Does a value that is put over another one take its place, whatever is drawn?
    fn is_stored_for_certain(&self, access: Access) -> bool {
        const LEAST: Duration = Duration::from_nanos(1_000_000);
        let said = self.said_ttl(access).unwrap_or(self.rules.ttl);
        let shortest = said - said.scaled(self.rules.jitter);
        shortest >= LEAST && !self.rack.is_by_bytes()
    }

    /// The row behind a key changed; the copy that misses it goes at the same instant.
    fn replace_row(&mut self, access: Access, has_copy: bool) {
        if has_copy {
            self.metrics
                .write_settled(self.lane.level, access.at, None, Duration::ZERO);
        }
    }
}

/// What a copy that leaves changes.
struct Leave<'a> {
    backend: BackendId,
    rules: &'a Rules,
    causes: &'a mut [Cause],
    metrics: &'a mut Metrics,
    orphans: &'a mut Vec<(u32, Time)>,
}

impl Leave<'_> {
    /// See `Engine::left`.
    #[inline]
    fn left(&mut self, gone: &Removed<Copy>, now: Time) {
        let Left { why, died, cause } = Left::of(gone, self.rules, now);
        if let Some(cause) = cause
            && let Some(known) = self.causes.get_mut(gone.key.0 as usize)
        {
            *known = cause;
        }
        if gone.value.provenance != NONE {
            self.orphans.push((gone.value.provenance, died));
        }
        self.metrics
            .removed(self.backend, gone.level, gone.size, why);
    }
}
