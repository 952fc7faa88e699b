//! Who leaves when a store is full: one file a policy, behind one trait.
//!
//! A policy sees slots of the store, and keeps what it needs beside them. It never removes a copy:
//! it names a victim, and the store does the rest. A policy is chosen once, by an enum, so that a
//! hit costs a predictable branch and no virtual call.
//!
//! Weights: with a capacity in bytes a copy weighs its size; with a capacity in copies it weighs 1.

pub(crate) mod list;

mod arc;
mod clock;
mod django_locmem;
mod fifo;
mod ghosts;
mod lfu;
mod lru;
mod none;
mod pool;
mod random;
mod redis_lfu;
mod redis_lru;
mod residents;
mod s3fifo;
mod sieve;
mod sketch;
mod uses;
mod wtinylfu;

#[cfg(test)]
mod tests;

use crate::store::{Copies, KeyId};
use cachepolicy_core::policy::Evict;
use cachepolicy_core::units::Time;

/// A copy that asks to be stored under a key that has none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Newcomer {
    /// Its key.
    pub(crate) key: KeyId,
    /// Its weight, at most the capacity.
    pub(crate) weight: u64,
}

/// Who leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Victim {
    /// The copy in this slot. The policy has forgotten it already, or remembers it as a ghost.
    Slot(u32),
    /// Nobody who is there: the newcomer is not stored.
    Newcomer,
}

/// What a policy sees of its store.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    /// What is known of the copies by slot.
    pub(crate) copies: &'a Copies,
    /// The present.
    pub(crate) now: Time,
}

/// What a policy starts from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    /// The weight that fits.
    pub(crate) capacity: u64,
    /// Is that in bytes, and not in copies?
    pub(crate) by_bytes: bool,
    /// For policies that draw lots.
    pub(crate) seed: u64,
}

/// See [`Eviction::exchange`].
pub(crate) const TOGETHER: usize = 32;

/// A policy. The store calls, for a key without a copy: `arriving` once, `victim` until the
/// newcomer fits, `inserted`; for a hit: `touched`; for a newer copy of a key that has one:
/// `victim` until it fits, `replaced`; for a copy that leaves for any reason but eviction: `removed`.
pub(crate) trait Eviction {
    /// For an empty store.
    fn new(setting: Setting) -> Self;

    /// Somebody asks for room; there may be enough.
    #[inline]
    fn arriving(&mut self, _newcomer: Newcomer, _view: View<'_>) {}

    /// The newcomer is stored in this slot.
    fn inserted(&mut self, slot: u32, view: View<'_>);

    /// The copy in this slot is read.
    fn touched(&mut self, slot: u32, view: View<'_>);

    /// The copy in this slot has just been overwritten by a newer one, and weighed that much
    /// before. A policy of one rank per copy counts it as an access.
    fn replaced(&mut self, slot: u32, _weight_before: u64, view: View<'_>) {
        self.touched(slot, view);
    }

    /// The copy in this slot is leaving: purged, expired, flushed.
    fn removed(&mut self, slot: u32, view: View<'_>);

    /// Names who leaves and forgets it. The store is not empty. Without a newcomer, room is
    /// needed for a copy that is growing.
    fn victim(&mut self, newcomer: Option<Newcomer>, view: View<'_>) -> Victim;

    /// Something of the copy in this slot, of which nothing else is wanted than that it be in the
    /// processor's caches when the copy is touched.
    #[inline]
    fn peek(&self, _slot: u32) -> u32 {
        0
    }

    /// Soon the copy in this slot will be touched: what that needs comes to the processor's caches, and
    /// nobody waits for it. Where a lot is read in short loops, [`Eviction::peek`] has proved to be
    /// quicker.
    #[inline]
    fn prefetch(&self, _slot: u32) {}

    /// The same as [`Eviction::prefetch`] of these keys, of which some have no copies.
    #[inline]
    fn prefetch_keys(&self, _keys: &[u32]) {}

    /// Shows copies that will probably leave soon, so many at most, for the same purpose as
    /// [`Eviction::peek`].
    #[inline]
    fn leaving_soon(&mut self, _count: usize, _see: impl FnMut(u32)) {}

    /// Does the policy know who leaves some accesses before? See [`Eviction::exchange`].
    const EXCHANGES: bool = false;

    /// Where all copies weigh the same, a group of copies is read, [`TOGETHER`] at most, and between them
    /// come newcomers, for whom stands a number above all slots; for so many of them copies have to leave.
    /// Which ones, in the order of the newcomers? `false`: that is not known, and nothing has changed. Else
    /// [`Eviction::exchanged`] follows.
    fn exchange<const N: usize>(
        &mut self,
        _group: &[u32; N],
        _leave: usize,
        _leaving: &mut [u32; N],
    ) -> bool {
        false
    }

    /// Newcomers are stored: by their place in the group of that many, the slot of each. Some may be in
    /// it twice, so that only the first so many left that [`Eviction::exchange`] named.
    fn exchanged<const N: usize>(
        &mut self,
        _newcomers: impl Iterator<Item = (usize, u32)>,
        _left: usize,
    ) {
    }

    /// Can more have to leave than there must be room for?
    const CULLS: bool = false;

    /// Must more leave although there is room by now?
    fn culling(&self) -> bool {
        false
    }
}

/// Something that is to be compiled for each policy.
pub(crate) trait Visit {
    /// What comes of it.
    type Outcome;

    /// Does it with the policy of one store.
    fn visit<E: Eviction>(self, policy: &mut E) -> Self::Outcome;
}

macro_rules! registry {
    ($($name:ident => $policy:ty),+ $(,)?) => {
        /// The policy of one store.
        #[derive(Debug, Clone)]
        pub(crate) enum Evictor {
            $($name($policy)),+
        }

        impl Evictor {
            /// The policy of that name, for an empty store.
            pub(crate) fn of(evict: Evict, setting: Setting) -> Self {
                match evict {
                    $(Evict::$name => Self::$name(<$policy as Eviction>::new(setting))),+
                }
            }

            /// Lets something be done with the policy itself.
            pub(crate) fn visited<V: Visit>(&mut self, visit: V) -> V::Outcome {
                match self { $(Self::$name(policy) => visit.visit(policy)),+ }
            }
        }

        impl Eviction for Evictor {
            const CULLS: bool = true;

            fn new(setting: Setting) -> Self {
                Self::of(Evict::None, setting)
            }

            fn arriving(&mut self, newcomer: Newcomer, view: View<'_>) {
                match self { $(Self::$name(policy) => policy.arriving(newcomer, view)),+ }
            }

            fn inserted(&mut self, slot: u32, view: View<'_>) {
                match self { $(Self::$name(policy) => policy.inserted(slot, view)),+ }
            }

            #[inline]
            fn touched(&mut self, slot: u32, view: View<'_>) {
                match self { $(Self::$name(policy) => policy.touched(slot, view)),+ }
            }

            #[inline]
            fn prefetch(&self, slot: u32) {
                match self { $(Self::$name(policy) => policy.prefetch(slot)),+ }
            }

            fn replaced(&mut self, slot: u32, weight_before: u64, view: View<'_>) {
                match self { $(Self::$name(policy) => policy.replaced(slot, weight_before, view)),+ }
            }

            fn removed(&mut self, slot: u32, view: View<'_>) {
                match self { $(Self::$name(policy) => policy.removed(slot, view)),+ }
            }

            fn victim(&mut self, newcomer: Option<Newcomer>, view: View<'_>) -> Victim {
                match self { $(Self::$name(policy) => policy.victim(newcomer, view)),+ }
            }

            fn culling(&self) -> bool {
                match self { $(Self::$name(policy) => policy.culling()),+ }
            }
        }
    };
}

registry! {
    Lru => lru::Lru,
    Fifo => fifo::Fifo,
    Clock => clock::Clock,
    Lfu => lfu::Lfu,
    Sieve => sieve::Sieve,
    S3Fifo => s3fifo::S3Fifo,
    Arc => arc::Arc,
    WTinyLfu => wtinylfu::WTinyLfu,
    Random => random::Random,
    RedisLru => redis_lru::RedisLru,
    RedisLfu => redis_lfu::RedisLfu,
    DjangoLocmem => django_locmem::DjangoLocmem,
    None => none::None,
}

/// Sets a table's entry for a slot; slots are taken into use one after the other.
#[inline]
fn put<V: Copy>(table: &mut Vec<V>, slot: u32, value: V) {
    match table.get_mut(slot as usize) {
        Some(entry) => *entry = value,
        None => lengthen(table, slot, value),
    }
}

#[cold]
#[inline(never)]
fn lengthen<V: Copy>(table: &mut Vec<V>, slot: u32, value: V) {
    table.resize(slot as usize + 1, value);
}
