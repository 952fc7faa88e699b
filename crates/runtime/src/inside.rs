//! How long work waits for what it looks up: what is left is its own.

use crate::context;
use crate::time::Clock;
use cachepolicy_core::units::{Duration, Time};
use parking_lot::Mutex;
use std::sync::Arc;

/// See the module's description.
#[derive(Debug, Default)]
pub(crate) struct Inside {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Look-ups under way.
    count: u32,
    since: Time,
    total: Duration,
}

/// The work in hand looks something up, as long as this is there. `None`: it is no part of a fill that
/// somebody follows.
pub(crate) fn enter(clock: Clock) -> Option<Entered> {
    let context = context::current();
    let notes = context.notes.filter(|_| context.trail.is_followed())?;
    let now = clock.now();
    let mut state = notes.inside.state.lock();
    if state.count == 0 {
        state.since = now;
    }
    state.count += 1;
    drop(state);
    Some(Entered { notes, clock })
}

/// See [`enter`].
pub(crate) struct Entered {
    notes: Arc<context::Notes>,
    clock: Clock,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let now = self.clock.now();
        let mut state = self.notes.inside.state.lock();
        state.count -= 1;
        if state.count == 0 {
            state.total = state.total + now.since(state.since);
        }
    }
}

impl Inside {
    /// So long something was looked up.
    pub(crate) fn total(&self) -> Duration {
        self.state.lock().total
    }
}
