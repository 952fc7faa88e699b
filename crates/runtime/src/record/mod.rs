//! The recorder: what happens is written down as the trace that the simulator reads.
//!
//! A request never waits for it. What is told of a request goes into a queue with a bound; where there is
//! no room, the event is dropped and counted, and the trace says how many there were. A thread of its own
//! hides keys and users, puts the events in the order of time and writes files, which have their names
//! only when they are complete.

mod event;
mod files;
mod gathering;
mod hide;
mod open;
mod options;
mod order;
mod secret;
mod thread;
mod words;

pub(crate) use gathering::Gathering;
pub use options::Recorder;

use crate::request::Request;
use crate::time::Clock;
use crate::trail::Trail;
use crate::write::Write;
use cachepolicy_core::expr::RequestView as _;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::level::{Level, LevelKind};
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::Recorded as Said;
use cachepolicy_trace::sample::{self, Rate};
use event::unit;
use gathering::{Answering, Ended};
use hide::Hiding;
use open::Open;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;

/// The seed of what is sampled: that of `simulate --sample`, unless it is told otherwise.
const SEED: u64 = 0;

/// What was recorded since the cache was built.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Requests and accesses that were written.
    pub requests: u64,
    /// Writes that were written.
    pub writes: u64,
    /// Requests and accesses that the sample leaves out.
    pub left_out: u64,
    /// Events for which there was no room in the queue, or that could not be written.
    pub dropped: u64,
    /// Events that took longer than a minute, and bear a later time.
    pub late: u64,
    /// Files that are complete.
    pub files: u64,
}

impl Recorded {
    /// By what became of the events.
    pub(crate) const fn events(&self) -> [(&'static str, u64); 5] {
        [
            ("request", self.requests),
            ("write", self.writes),
            ("left_out", self.left_out),
            ("dropped", self.dropped),
            ("late", self.late),
        ]
    }
}

/// What goes to the thread.
#[derive(Debug)]
pub(crate) enum Raw {
    Request(Box<Ended>),
    Access {
        at: Time,
        key: String,
        cost: Option<Duration>,
    },
    Write {
        at: Time,
        write: Box<Write>,
    },
}

#[derive(Debug, Default)]
pub(crate) struct Counting {
    requests: AtomicU64,
    writes: AtomicU64,
    left_out: AtomicU64,
    dropped: AtomicU64,
    late: AtomicU64,
    files: AtomicU64,
    stopped: AtomicBool,
}

impl Counting {
    fn recorded(&self, rate: Rate) -> Said {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Said {
            sample: rate,
            left_out: read(&self.left_out),
            dropped: read(&self.dropped),
            late: read(&self.late),
        }
    }

    fn read(&self) -> Recorded {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Recorded {
            requests: read(&self.requests),
            writes: read(&self.writes),
            left_out: read(&self.left_out),
            dropped: read(&self.dropped),
            late: read(&self.late),
            files: read(&self.files),
        }
    }
}

/// What a level is, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    is_site: bool,
    #[cfg(feature = "http")]
    is_source: bool,
}

impl Kind {
    fn of(level: &Level) -> Self {
        Self {
            is_site: level.kind == LevelKind::Site,
            #[cfg(feature = "http")]
            is_source: level.origin.is_some() || level.contains.is_empty(),
        }
    }
}

/// A recorder at work.
pub(crate) struct Recording {
    sender: SyncSender<Raw>,
    pub(crate) open: Arc<Open>,
    counting: Arc<Counting>,
    hiding: Arc<Hiding>,
    rate: Rate,
    /// By level.
    kinds: Vec<Kind>,
    /// The level whose look-ups outside of requests are recorded.
    accesses: Option<LevelId>,
    clock: Clock,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl core::fmt::Debug for Recording {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("Recording")
            .field("counted", &self.counting)
            .finish_non_exhaustive()
    }
}

impl Recording {
    /// A request arrives. It is followed if it is in the sample.
    pub(crate) fn begin(self: &Arc<Self>, request: &Request, stored: Option<LevelId>) -> Trail {
        let target = self.hiding.target(request.method(), request.target());
        if !self.samples(&unit(&target)) {
            return Trail {
                gathering: None,
                is_decided: true,
            };
        }
        let began = (self.clock.now(), request.clone());
        let answering = Answering {
            stored,
            innermost: self
                .hiding
                .innermost(request.method(), request.path())
                .or(stored),
        };
        let gathering = Gathering::begin(Arc::clone(self), began, target, answering);
        Trail {
            gathering: Some(Arc::new(gathering)),
            is_decided: true,
        }
    }

    /// Is it a `site`?
    pub(crate) fn is_site(&self, level: LevelId) -> bool {
        let kind = self.kinds.get(level.index());
        kind.is_some_and(|kind| kind.is_site)
    }

    /// Is its work that of an origin, as the simulator counts it?
    #[cfg(feature = "http")]
    pub(crate) fn is_source(&self, level: LevelId) -> bool {
        let kind = self.kinds.get(level.index());
        kind.is_some_and(|kind| kind.is_source)
    }

    /// Is a look-up of this level, outside of all requests, recorded? Then under which key.
    pub(crate) fn access(&self, level: LevelId, param: Option<&str>) -> Option<Accessing<'_>> {
        let param = param.filter(|_| self.accesses == Some(level))?;
        let key = self.hiding.value(param).into_owned();
        if !self.samples(&key) {
            return None;
        }
        let at = self.clock.now();
        self.open.begin(at);
        Some(Accessing {
            recording: self,
            at,
            key,
            cost: None,
        })
    }

    fn samples(&self, unit: &str) -> bool {
        if self.rate.is_all() || self.rate.keeps(sample::hash(SEED, unit)) {
            return true;
        }
        self.counting.left_out.fetch_add(1, Ordering::Relaxed);
        false
    }

    /// A write commits.
    pub(crate) fn write(&self, write: &Write) {
        let at = self.clock.now();
        self.open.begin(at);
        let write = Box::new(write.clone());
        self.send(Raw::Write { at, write });
        self.open.end(at);
    }

    pub(crate) fn send(&self, raw: Raw) {
        let is_stopped = self.counting.stopped.load(Ordering::Acquire);
        if !is_stopped && self.sender.try_send(raw).is_err() {
            self.counting.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn counted(&self) -> Recorded {
        self.counting.read()
    }

    /// Writes what has come so far, and ends.
    pub(crate) fn stop(&self) -> Recorded {
        self.counting.stopped.store(true, Ordering::Release);
        if let Some(thread) = self.thread.lock().take() {
            // It does not panic; if it did, what it wrote is there.
            let _ = thread.join();
        }
        self.counted()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A look-up outside of all requests.
pub(crate) struct Accessing<'r> {
    recording: &'r Recording,
    at: Time,
    key: String,
    cost: Option<Duration>,
}

impl Accessing<'_> {
    /// It filled.
    pub(crate) fn filled(&mut self) {
        let now = self.recording.clock.now();
        self.cost = Some(now.since(self.at));
    }
}

impl Drop for Accessing<'_> {
    fn drop(&mut self) {
        self.recording.send(Raw::Access {
            at: self.at,
            key: core::mem::take(&mut self.key),
            cost: self.cost,
        });
        self.recording.open.end(self.at);
    }
}
