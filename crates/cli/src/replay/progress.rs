//! How far several streams are, together.

use crate::output::Terminal;
use crate::output::progress::Progress;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Shared by all threads that read.
pub(super) struct Tally(Mutex<Inner>);

struct Inner {
    progress: Progress,
    events: u64,
    /// How much of each stream is done.
    done: Vec<u64>,
}

impl Tally {
    /// Of so many streams; of each there is so much, if that is known.
    pub(super) fn new(stderr: Terminal, streams: usize, each: Option<u64>) -> Self {
        let total = each.map(|each| each.saturating_mul(streams as u64));
        Self(Mutex::new(Inner {
            progress: Progress::new(stderr, "events", total),
            events: 0,
            done: vec![0; streams],
        }))
    }

    /// So many more events of a stream were read, which now is so far.
    pub(super) fn advance(&self, stream: usize, events: u64, done: impl FnOnce() -> u64) {
        let mut inner = self.lock();
        let Inner {
            progress,
            events: all,
            done: streams,
        } = &mut *inner;
        *all += events;
        if let Some(stream) = streams.get_mut(stream) {
            *stream = done();
        }
        progress.advance(*all, || streams.iter().sum());
    }

    /// The work is over, and the terminal as it was.
    pub(super) fn finish(self) {
        let inner = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        inner.progress.finish();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
