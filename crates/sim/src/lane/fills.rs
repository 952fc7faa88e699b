//! Fills of a stretch.

use super::chunk::Chunk;
use super::stretch::{Access, Stretch, Uniform};
use crate::copy::Copy;
use crate::eviction::Eviction;
use crate::intern::NONE;
use crate::metrics::{Cause, FillResult, LaneFigures, Leaving};
use crate::random::jitter;
use crate::store::{Departed, Gone, Inserted, KeyId, Life, NewCopy, Placed, Rack, Reason};
use crate::storing::Left;
use cachepolicy_core::decide::{FillEnd, FillOutcome, FillVerdict, Rules, fill_ended, plain_until};
use cachepolicy_core::units::{Duration, Time};

/// What a fill that ends at this instant puts into the store; until when reads of it are plain ones.
#[inline]
pub(super) fn filled(
    rules: &Rules,
    at: Time,
    ttl: Option<Duration>,
    draw: f64,
) -> Result<(Copy, Time), FillResult> {
    let end = FillEnd {
        began: at,
        outcome: FillOutcome::Value { ttl },
        overtaken: false,
        backend_up: true,
        storable: true,
    };
    let lifetimes = match fill_ended(rules, end, at, draw) {
        FillVerdict::Store { lifetimes, .. } => lifetimes,
        FillVerdict::ServeOnly(reason) => return Err(FillResult::ServedOnly(reason)),
        FillVerdict::Failed => return Err(FillResult::Failed),
    };
    let mut copy = Copy::new(&lifetimes, false);
    copy.forget_fill(rules);
    Ok((copy, plain_until(rules, &lifetimes, false)))
}

impl<'f> Stretch<'f> {
    /// Fills on the spot.
    #[inline]
    pub(super) fn miss<E: Eviction>(&mut self, access: Access, evictor: &mut E) {
        self.counts.last = Some(access.at);
        let size = self.draw_size(access);
        self.fill(access, size, evictor);
        self.counts.miss_bytes += size;
        self.counts.response_bytes += access.bytes.unwrap_or(size);
    }

    /// What becomes of a fill of this size.
    #[inline]
    pub(super) fn fill<E: Eviction>(&mut self, access: Access, size: u64, evictor: &mut E) {
        self.fill_begins(KeyId(access.key), access.at);
        let result = self.store(access, Some(size), evictor);
        if let FillResult::ServedOnly(_) = result {
            self.set_cause(KeyId(access.key), Cause::NotStored);
        }
        if result != FillResult::Stored {
            self.figures.fill_ended(result);
        }
    }

    pub(super) fn draw_size(&mut self, access: Access) -> u64 {
        match access.bytes.filter(|_| self.lane.size_from_trace) {
            Some(bytes) => bytes,
            None => self.level.size.bytes(),
        }
    }

    /// The ttl that the trace says, as far as the level goes by it.
    #[inline]
    pub(super) fn said_ttl(&self, access: Access) -> Option<Duration> {
        self.lane.lifetime.named(access.ttl(self.accesses))
    }

    /// Stores a value where the rules let it be stored. `size`: where it is known beforehand.
    #[inline]
    pub(super) fn store<E: Eviction>(
        &mut self,
        access: Access,
        size: Option<u64>,
        evictor: &mut E,
    ) -> FillResult {
        let Access { at, key, .. } = access;
        let key = KeyId(key);
        let is_immortal = self.uniform.is_some_and(|uniform| !uniform.is_mortal);
        if is_immortal && self.rack.lookup(key).is_none() {
            let size = size.unwrap_or_else(|| self.draw_size(access));
            return self.store_alike((key, size), None, at, evictor);
        }
        let draw = jitter(&mut self.level.jitter, self.rules);
        let (copy, quiet_until) = match filled(self.rules, at, self.said_ttl(access), draw) {
            Ok(filled) => filled,
            Err(result) => return result,
        };
        let size = size.unwrap_or_else(|| self.draw_size(access));
        if self.uniform.is_some_and(|uniform| uniform.is_mortal) {
            self.collect_alike(at, evictor);
            let life = Life {
                fresh_until: copy.fresh_until(),
                quiet_until,
                dead_from: copy.leaves(self.rules),
            };
            match self.rack.lookup(key) {
                None => return self.store_alike((key, size), Some(life), at, evictor),
                Some(slot) if self.rack.renew_alike(evictor, slot, (size, life), at) => {
                    self.set_cause(key, Cause::Expiry);
                    return FillResult::Stored;
                }
                Some(_) => {}
            }
        }
        let new = NewCopy {
            key,
            level: self.lane.level,
            size,
            dead_from: copy.leaves(self.rules),
            value: copy,
        };
        let (rack, mut leaving) = self.parts();
        let mut gone = |gone: Gone<Copy>| leaving.left(&gone, at);
        let inserted = rack.insert(evictor, Placed { new, quiet_until }, at, &mut gone);
        if let Inserted::Stored(_) = inserted {
            self.figures.stored(key, size);
        }
        self.result(key, inserted)
    }

    #[inline]
    pub(super) fn result(&mut self, key: KeyId, inserted: Inserted) -> FillResult {
        match inserted {
            Inserted::Stored(_) => {
                self.set_cause(key, Cause::Expiry);
                FillResult::Stored
            }
            Inserted::TooLarge => {
                self.figures.too_large();
                self.set_cause(key, Cause::Eviction);
                FillResult::NoRoom
            }
            Inserted::Refused => {
                self.set_cause(key, Cause::Eviction);
                FillResult::NoRoom
            }
        }
    }

    /// What every fill of this stretch puts into the store, where that is the same for all and, but
    /// for its size and how long it lives, what is in the store already.
    pub(super) fn find_uniform(&mut self) -> Option<Uniform> {
        let lane = self.lane;
        let goes_by_trace =
            !self.accesses.ttl.is_empty() && lane.lifetime.named(Some(Duration::ZERO)).is_some();
        if !lane.fills {
            return None;
        }
        let of_draw = |draw| filled(self.rules, self.now, None, draw);
        let (copy, quiet_until) = of_draw(0.0).ok()?;
        let shortest = of_draw(1.0).ok().filter(|(copy, quiet_until)| {
            let end = copy.fresh_until();
            *quiet_until == end && copy.leaves(self.rules) == end
        });
        let is_plain = quiet_until == copy.fresh_until();
        let is_immortal = !goes_by_trace
            && self.rules.jitter <= 0.0
            && copy.fresh_until() == Time::NEVER
            && copy.leaves(self.rules) == Time::NEVER
            && self.rack.are_endless()
            && !lane.notes_late;
        let is_uniform = is_plain && self.rack.unify(copy, lane.level);
        // What is stored at another instant lives as long from then on: its fill takes no time
        // either, and nothing is drawn.
        let is_same = !goes_by_trace
            && self.rules.jitter <= 0.0
            && copy.leaves(self.rules) == copy.fresh_until()
            && copy.fresh_until() < Time::NEVER;
        is_uniform.then(|| Uniform {
            size: self.level.size.constant_bytes(),
            is_mortal: !is_immortal,
            life: is_same.then(|| copy.fresh_until().since(self.now)),
            shortest: shortest
                .filter(|_| !goes_by_trace)
                .map(|(copy, _)| copy.fresh_until().since(self.now)),
        })
    }

    /// The size of all copies that there are and that these accesses would store, if it is one; can
    /// they die?
    #[inline]
    pub(super) fn only_size(&self, chunk: &Chunk<'_>) -> Option<(u64, bool)> {
        let uniform = self.uniform.as_ref()?;
        let from_trace = self.lane.size_from_trace && !chunk.has_no_bytes();
        let of_fills = if from_trace {
            chunk.only_bytes()
        } else {
            uniform.size
        };
        let of_all = of_fills.filter(|&size| self.rack.only_size() == Some(size));
        of_all.map(|size| (size, uniform.is_mortal))
    }

    /// A `get` that misses among copies that do not differ.
    #[inline(always)]
    pub(super) fn fill_alike<E: Eviction>(
        &mut self,
        key: KeyId,
        at: Time,
        size: u64,
        evictor: &mut E,
    ) {
        self.fill_begins(key, at);
        let result = self.store_alike((key, size), None, at, evictor);
        if result != FillResult::Stored {
            self.figures.fill_ended(result);
        }
    }

    /// The same where copies die, this one after so long.
    #[inline]
    pub(super) fn fill_mortal<E: Eviction>(
        &mut self,
        (key, size): (KeyId, u64),
        at: Time,
        life: Duration,
        evictor: &mut E,
    ) {
        self.fill_begins(key, at);
        self.collect_alike(at, evictor);
        let life = Life::simple(at + life);
        let result = self.store_alike((key, size), Some(life), at, evictor);
        if result != FillResult::Stored {
            self.figures.fill_ended(result);
        }
    }

    #[inline]
    pub(super) fn collect_alike<E: Eviction>(&mut self, at: Time, evictor: &mut E) {
        let orphans = &mut self.orphans;
        let dead = |gone| orphaned(orphans, &gone, at);
        self.rack.collect_alike(evictor, at, dead);
    }

    /// Stores a copy that differs from the others at most in its size and its life, under a key that
    /// has none.
    #[inline(always)]
    fn store_alike<E: Eviction>(
        &mut self,
        (key, size): (KeyId, u64),
        life: Option<Life>,
        at: Time,
        evictor: &mut E,
    ) -> FillResult {
        let was_kept = self.rack.is_gone(key);
        let causes = &mut *self.causes;
        let moved = &mut self.counts.moved;
        let orphans = &mut self.orphans;
        let evicted = |gone: Departed| {
            moved.evicted += 1;
            moved.evicted_fresh += u64::from(gone.is_fresh);
            if let Some(cause) = causes.get_mut(gone.key.0 as usize) {
                *cause = Cause::Eviction;
            }
            orphaned(orphans, &gone, at);
        };
        let inserted = self
            .rack
            .insert_alike(evictor, (key, size), life, at, evicted);
        if let Inserted::Stored(_) = inserted {
            if !was_kept {
                self.figures.keep(key);
            }
            let bytes = self.rack.bytes();
            if bytes > moved.bytes_peak {
                moved.bytes_peak = bytes;
            }
            let entries = self.rack.len() as u64;
            if entries > moved.entries_peak {
                moved.entries_peak = entries;
            }
            self.set_cause(key, Cause::Expiry);
            return FillResult::Stored;
        }
        self.result(key, inserted)
    }

    /// Tells of what was moved so far.
    pub(super) fn tell_moved(&mut self) {
        if self.uniform.is_some() {
            let mut moved = core::mem::take(&mut self.counts.moved);
            moved.entries = self.rack.len() as u64;
            moved.bytes = self.rack.bytes();
            self.figures.moved(&moved);
        }
    }

    /// What copies are in, and what a copy that leaves changes, one by one.
    pub(super) fn parts(&mut self) -> (&mut Rack<Copy>, Leave<'_, 'f>) {
        self.tell_moved();
        let leave = Leave {
            rules: self.rules,
            causes: self.causes,
            figures: &mut self.figures,
            orphans: &mut self.orphans,
        };
        (self.rack, leave)
    }
}

/// What a copy depended on that left on its own is let go.
#[inline(always)]
fn orphaned(orphans: &mut Vec<(u32, Time)>, gone: &Departed, now: Time) {
    if gone.depends != NONE {
        orphans.push((gone.depends, now.min(gone.dead_from)));
    }
}

/// What a copy that leaves changes.
pub(super) struct Leave<'a, 'f> {
    rules: &'a Rules,
    causes: &'a mut [Cause],
    figures: &'a mut LaneFigures<'f>,
    orphans: &'a mut Vec<(u32, Time)>,
}

impl Leave<'_, '_> {
    /// See `Engine::left`.
    #[inline]
    pub(super) fn left(&mut self, gone: &Gone<Copy>, now: Time) {
        let is_quiet = now < gone.quiet_until && gone.value.provenance == NONE;
        let (why, cause) = if gone.reason == Reason::Evicted && is_quiet {
            // It is fresh and nothing hangs on it: what else is known of it need not be read.
            (Leaving::Evicted { fresh: true }, Some(Cause::Eviction))
        } else {
            let Left { why, died, cause } = Left::of(gone.reason, &gone.value, self.rules, now);
            if gone.value.provenance != NONE {
                self.orphans.push((gone.value.provenance, died));
            }
            (why, cause)
        };
        if let Some(cause) = cause
            && let Some(known) = self.causes.get_mut(gone.key.0 as usize)
        {
            *known = cause;
        }
        self.figures.removed(gone.size, why);
    }
}
