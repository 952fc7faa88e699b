//! The fills that run, by key: of all keys that there are, few are filled at a time.

use crate::intern::NONE;
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;

/// Of a key that is filled, or whose fill left a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct OfKey {
    /// The first of its fills: those that others wait for, or take for running, come first.
    first: u32,
    /// How many run; locks whose holder died are none.
    running: u32,
}

impl OfKey {
    const NOTHING: Self = Self {
        first: NONE,
        running: 0,
    };
}

/// See the module's description.
#[derive(Debug, Default)]
pub(crate) struct RunningFills {
    of_keys: FxHashMap<u32, OfKey>,
}

impl RunningFills {
    /// The first fill of a key; [`NONE`]: there is none.
    #[inline]
    pub(crate) fn first(&self, key: u32) -> u32 {
        self.of_keys.get(&key).map_or(NONE, |of| of.first)
    }

    /// How many fills of a key run.
    #[inline]
    pub(crate) fn count(&self, key: u32) -> u32 {
        self.of_keys.get(&key).map_or(0, |of| of.running)
    }

    /// One more fill of a key runs. How many are there now, and was there none before, so that this
    /// one comes first?
    pub(crate) fn begin(&mut self, key: u32, fill: u32) -> (u32, bool) {
        let of = self.of_keys.entry(key).or_insert(OfKey::NOTHING);
        of.running += 1;
        let is_first = of.first == NONE;
        if is_first {
            of.first = fill;
        }
        (of.running, is_first)
    }

    /// A fill of a key runs no more; it may still be among its fills.
    pub(crate) fn end(&mut self, key: u32) {
        self.change(key, |of| of.running -= 1);
    }

    /// This fill of a key comes first from now on; [`NONE`]: there is none any more.
    pub(crate) fn set_first(&mut self, key: u32, fill: u32) {
        self.change(key, |of| of.first = fill);
    }

    /// The first fill of a key, which `runs` until now, is over: this one comes first from now on.
    pub(crate) fn remove_first(&mut self, key: u32, runs: bool, next: u32) {
        self.change(key, |of| {
            of.running -= u32::from(runs);
            of.first = next;
        });
    }

    fn change(&mut self, key: u32, change: impl FnOnce(&mut OfKey)) {
        match self.of_keys.entry(key) {
            Entry::Occupied(mut of) => {
                change(of.get_mut());
                if *of.get() == OfKey::NOTHING {
                    of.remove();
                }
            }
            Entry::Vacant(place) => {
                let mut of = OfKey::NOTHING;
                change(&mut of);
                if of != OfKey::NOTHING {
                    place.insert(of);
                }
            }
        }
    }
}
