//! The fills that run, by key: of all keys that there are, few are filled at a time.

use crate::intern::NONE;
use rustc_hash::FxHashMap;

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

    /// One more fill of a key runs. How many are there, and which one came first before it?
    pub(crate) fn begin(&mut self, key: u32) -> (u32, u32) {
        let of = self.of_keys.entry(key).or_insert(OfKey::NOTHING);
        of.running += 1;
        (of.running, of.first)
    }

    /// A fill of a key runs no more; it may still be among its fills.
    pub(crate) fn end(&mut self, key: u32) {
        self.change(key, |of| of.running -= 1);
    }

    /// This fill of a key comes first from now on; [`NONE`]: there is none any more.
    pub(crate) fn set_first(&mut self, key: u32, fill: u32) {
        self.change(key, |of| of.first = fill);
    }

    fn change(&mut self, key: u32, change: impl FnOnce(&mut OfKey)) {
        let of = self.of_keys.entry(key).or_insert(OfKey::NOTHING);
        change(of);
        if *of == OfKey::NOTHING {
            self.of_keys.remove(&key);
        }
    }
}
