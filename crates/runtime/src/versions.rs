//! Versions, which a `bump` raises: they are part of the keys under which copies are stored.

use crate::params::Params;
use parking_lot::RwLock;
use rustc_hash::FxHashMap;

/// The versions of a level's keys. Those of single names are kept for as long as the process lives: a
/// version must not die before the copies of the earlier ones.
#[derive(Debug, Default)]
pub(crate) struct Versions {
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The last one that was given.
    last: u64,
    /// Of all keys that are not named.
    family: u64,
    named: FxHashMap<Params, u64>,
}

impl Versions {
    /// That of a key with these parameters.
    pub(crate) fn of(&self, params: &Params) -> u64 {
        let state = self.state.read();
        state.named.get(params).copied().unwrap_or(state.family)
    }

    /// All keys have another one from now on.
    pub(crate) fn raise_all(&self) {
        let mut state = self.state.write();
        state.last += 1;
        state.family = state.last;
        state.named.clear();
    }

    /// The keys with these parameters have another one from now on.
    pub(crate) fn raise(&self, params: &Params) {
        let mut state = self.state.write();
        state.last += 1;
        let version = state.last;
        state.named.insert(params.clone(), version);
    }
}
