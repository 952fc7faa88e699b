//! What the accesses that come next will touch, read before them and all at once, so that the waits for
//! the memory overlap.

use super::chunk::AHEAD;
use super::stretch::Stretch;
use crate::copy::Copy;
use crate::eviction::{Eviction, TOGETHER};
use crate::intern::NONE;
use crate::store::Rack;
use prefetch_index::prefetch_index;

/// What is known of so few copies is in the processor's caches anyway.
const FETCHED_FROM: usize = 1 << 14;

/// So many of the copies that leave next are looked at with a group.
const LEAVING: usize = TOGETHER / 2;

impl Stretch<'_> {
    /// Reads what the accesses to these keys will need, all at once.
    #[inline]
    pub(super) fn fetch<E: Eviction>(&self, keys: &[u32], evictor: &mut E) {
        let mut slots = [NONE; AHEAD];
        self.rack.fetch(keys, &mut slots);
        evictor.prefetch_keys(keys);
        if self.rack.len() < FETCHED_FROM {
            core::hint::black_box(&slots);
            return;
        }
        let mut fetched = 0_u32;
        let mut misses = 0;
        for &slot in slots.iter().take(keys.len()) {
            // A branch here would be guessed wrong again and again, and undo what is gained.
            let is_miss = u32::from(!Rack::<Copy>::is_slot(slot));
            misses += is_miss as usize;
            let some_slot = slot & is_miss.wrapping_sub(1);
            fetched ^= evictor.peek(some_slot) ^ self.rack.peek(some_slot);
        }
        evictor.leaving_soon(misses, |slot| fetched ^= self.rack.peek_leaving(slot));
        core::hint::black_box(fetched);
    }

    /// The same where copies are alike, of some keys that were asked of the memory before.
    #[inline]
    pub(super) fn fetch_alike<E: Eviction>(&self, keys: &[u32], evictor: &mut E) {
        if E::EXCHANGES {
            for key in keys {
                prefetch_index(&*self.causes, *key as usize);
            }
        } else {
            let mut slots = [0; TOGETHER];
            self.rack.fetch(keys, &mut slots);
            evictor.prefetch_keys(keys);
            for (&slot, &key) in slots.iter().zip(keys) {
                // A branch here would be guessed wrong again and again, and undo what is gained.
                let is_miss = u32::from(!Rack::<Copy>::is_slot(slot));
                evictor.prefetch(slot & is_miss.wrapping_sub(1));
                prefetch_index(&*self.causes, (key & is_miss.wrapping_neg()) as usize);
            }
        }
        let (mut leaving, mut count) = ([0; LEAVING], 0);
        evictor.leaving_soon(LEAVING, |slot| {
            let key = self.rack.prefetch_leaving(slot);
            prefetch_index(&*self.causes, key.0 as usize);
            leaving[count % LEAVING] = key.0;
            count += 1;
        });
        evictor.prefetch_keys(leaving.get(..count).unwrap_or_default());
    }
}
