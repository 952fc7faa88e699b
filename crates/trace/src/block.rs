//! A batch of events in columns, with whatever is said again and again (keys, request targets,
//! cookies, users, rows) as dense numbers.
//!
//! A trace is read once into blocks and replayed as often as one likes: nothing on the way from a
//! block to a decision hashes or copies a text. Keys, targets and users are numbered in the order
//! of first appearance in the whole trace, and each block brings the texts of the numbers that are
//! new in it. What requests carry, their data, and written rows are numbered in each block anew. So
//! a stream of blocks says everything, and no block has to be kept.

mod sizes;
mod texts;

pub use sizes::{KnownSizes, Sizes};
pub use texts::{Target, TargetList, TextList};

use crate::event::{AccessKey, AccessOperation, CacheStatus, FaultEvent, Row};
use cachepolicy_core::edge::Operation;
use cachepolicy_core::units::{Duration, Time};

/// No number: there is none, or the trace does not say.
pub const NONE: u32 = u32::MAX;

/// A size that the trace does not say.
pub const UNKNOWN_BYTES: u64 = u64::MAX;

/// Events of a block at most.
pub const BLOCK_EVENTS_MAX: usize = 16_384;

/// What a request carries besides its target and its user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Carried {
    /// See [`crate::Request::headers`].
    pub headers: Vec<(String, String)>,
    /// See [`crate::Request::cookies`].
    pub cookies: Vec<(String, String)>,
    /// See [`crate::Request::attrs`].
    pub attrs: Vec<(String, String)>,
    /// See [`crate::Request::headers_known`].
    pub headers_known: bool,
    /// See [`crate::Request::cookies_known`].
    pub cookies_known: bool,
    /// See [`crate::Request::user_known`].
    pub user_known: bool,
    /// See [`crate::Request::absent_headers`].
    pub absent_headers: Vec<String>,
    /// See [`crate::Request::absent_cookies`].
    pub absent_cookies: Vec<String>,
}

/// Values that a fill would find, by name.
pub type Data = Vec<(String, Vec<String>)>;

/// What a write says of its row.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The model's name.
    pub model: String,
    /// What happened to the row.
    pub operation: Operation,
    /// See [`crate::Write::old`].
    pub old: Option<Row>,
    /// See [`crate::Write::new`].
    pub new: Option<Row>,
}

/// What the numbers that are new in a block stand for, each list in the order of its numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct News {
    /// Keys of accesses that were not in an earlier block.
    pub keys: Vec<AccessKey>,
    /// Targets of requests that were not in an earlier block.
    pub targets: TargetList,
    /// What requests of this block carry.
    pub carried: Vec<Carried>,
    /// Users that were not in an earlier block.
    pub users: TextList,
    /// Data of this block's requests.
    pub data: Vec<Data>,
    /// Rows of this block's writes.
    pub written: Vec<Written>,
}

/// What an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The next one of [`Block::requests`].
    Request,
    /// The next one of [`Block::accesses`].
    Access,
    /// The next one of [`Block::writes`].
    Write,
    /// The next one of [`Block::faults`].
    Fault,
}

/// Requests in columns: the i-th of each belongs to the i-th request. A column that may be empty
/// is where no request of the block has anything there.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Requests {
    /// When each arrived.
    pub at: Vec<Time>,
    /// The number of its target.
    pub target: Vec<u32>,
    /// The number of what it carries.
    pub carried: Vec<u32>,
    /// The number of its user, [`NONE`] without. May be empty.
    pub user: Vec<u32>,
    /// The number of its data, [`NONE`] without. May be empty.
    pub data: Vec<u32>,
    /// Its process, from 0; [`NONE`]: not said. May be empty.
    pub process: Vec<u32>,
    /// The response's status, 0: not said. May be empty.
    pub status: Vec<u16>,
    /// The response's bytes, [`UNKNOWN_BYTES`]: not said. May be empty.
    pub bytes: Vec<u64>,
    /// How long its own work took. May be empty.
    pub cost: Vec<Option<Duration>>,
    /// The lifetime that the response named. May be empty.
    pub ttl: Vec<Option<Duration>>,
    /// What the cache did that was there. May be empty.
    pub cache_status: Vec<Option<CacheStatus>>,
}

/// Accesses in columns, as [`Requests`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Accesses {
    /// When each happened.
    pub at: Vec<Time>,
    /// The number of its key.
    pub key: Vec<u32>,
    /// What was done. Empty: they are all `get`.
    pub operation: Vec<AccessOperation>,
    /// The value's bytes.
    pub bytes: Sizes,
    /// The ttl that was set. May be empty.
    pub ttl: Vec<Option<Duration>>,
    /// How long a miss took. May be empty.
    pub cost: Vec<Option<Duration>>,
}

/// Writes in columns, as [`Requests`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Writes {
    /// When each committed.
    pub at: Vec<Time>,
    /// The number of what it says of its row.
    pub written: Vec<u32>,
    /// The process that wrote, from 0; [`NONE`]: not said. May be empty.
    pub process: Vec<u32>,
    /// The delay of its deliveries, where the trace fixes it. May be empty.
    pub delay: Vec<Option<Duration>>,
}

/// A batch of events in the order of time. See the module's description.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Block {
    /// What is new in it.
    pub news: News,
    /// In which order the events of the four kinds come: so many of a kind, then so many of the
    /// next.
    pub runs: Vec<(Kind, u32)>,
    /// Its requests.
    pub requests: Requests,
    /// Its accesses.
    pub accesses: Accesses,
    /// Its writes.
    pub writes: Writes,
    /// Its faults.
    pub faults: Vec<FaultEvent>,
}

impl Block {
    /// When an event happens: the one of this kind at this index.
    #[must_use]
    #[inline]
    pub fn at(&self, kind: Kind, index: usize) -> Option<Time> {
        match kind {
            Kind::Request => self.requests.at.get(index).copied(),
            Kind::Access => self.accesses.at.get(index).copied(),
            Kind::Write => self.writes.at.get(index).copied(),
            Kind::Fault => self.faults.get(index).map(|fault| fault.at),
        }
    }

    /// How many events there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.requests.at.len() + self.accesses.at.len() + self.writes.at.len() + self.faults.len()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets everything and keeps the memory of the columns.
    pub fn clear(&mut self) {
        let News {
            keys,
            targets,
            carried,
            users,
            data,
            written,
        } = &mut self.news;
        keys.clear();
        targets.clear();
        carried.clear();
        users.clear();
        data.clear();
        written.clear();
        self.runs.clear();
        self.requests.clear();
        self.accesses.clear();
        self.writes.clear();
        self.faults.clear();
    }

    /// One more event of a kind comes next.
    pub fn count(&mut self, kind: Kind) {
        match self.runs.last_mut() {
            Some((last, count)) if *last == kind => *count += 1,
            _ => self.runs.push((kind, 1)),
        }
    }

    /// When its last event happens.
    #[must_use]
    pub fn ends(&self) -> Option<Time> {
        let last = match self.runs.last()?.0 {
            Kind::Request => self.requests.at.last(),
            Kind::Access => self.accesses.at.last(),
            Kind::Write => self.writes.at.last(),
            Kind::Fault => return self.faults.last().map(|fault| fault.at),
        };
        last.copied()
    }
}

impl Requests {
    fn clear(&mut self) {
        self.at.clear();
        self.target.clear();
        self.carried.clear();
        self.user.clear();
        self.data.clear();
        self.process.clear();
        self.status.clear();
        self.bytes.clear();
        self.cost.clear();
        self.ttl.clear();
        self.cache_status.clear();
    }
}

impl Accesses {
    /// Adds those of a range of others, whose keys have the same numbers.
    pub fn extend(&mut self, others: &Self, range: core::ops::Range<usize>) {
        fn column<T: Clone>(
            mine: &mut Vec<T>,
            before: usize,
            others: &[T],
            range: &core::ops::Range<usize>,
            nothing: T,
        ) {
            let others = others.get(range.clone()).unwrap_or_default();
            if others.is_empty() && mine.is_empty() {
                return;
            }
            mine.resize(before, nothing.clone());
            mine.extend_from_slice(others);
            mine.resize(before + range.len(), nothing);
        }
        let before = self.at.len();
        let range = range.start..range.end.min(others.at.len());
        let at = others.at.get(range.clone()).unwrap_or_default();
        self.at.extend_from_slice(at);
        let key = others.key.get(range.clone()).unwrap_or_default();
        self.key.extend_from_slice(key);
        let get = AccessOperation::Get;
        column(&mut self.operation, before, &others.operation, &range, get);
        self.bytes.extend_from(before, &others.bytes, range.clone());
        column(&mut self.ttl, before, &others.ttl, &range, None);
        column(&mut self.cost, before, &others.cost, &range, None);
    }

    /// Forgets all of them and keeps the memory.
    pub fn clear(&mut self) {
        self.at.clear();
        self.key.clear();
        self.operation.clear();
        self.bytes.clear();
        self.ttl.clear();
        self.cost.clear();
    }
}

impl Writes {
    fn clear(&mut self) {
        self.at.clear();
        self.written.clear();
        self.process.clear();
        self.delay.clear();
    }
}

/// A stream of blocks, each in the order of time and after the one before.
pub trait BlockSource {
    /// Overwrites `block` with the next one, which is not empty; `false` at the end.
    ///
    /// # Errors
    /// When the input cannot be read any further.
    fn next_block(&mut self, block: &mut Block) -> Result<bool, crate::TraceError>;

    /// What was read so far.
    fn stats(&self) -> &crate::ReadStats;

    /// Is it certain that there are accesses of keys in it, and nothing else?
    fn accesses_only(&self) -> bool {
        let format = self.stats().format;
        format.is_some_and(crate::Format::accesses_only)
    }
}

impl<B: BlockSource + ?Sized> BlockSource for Box<B> {
    fn next_block(&mut self, block: &mut Block) -> Result<bool, crate::TraceError> {
        (**self).next_block(block)
    }

    fn stats(&self) -> &crate::ReadStats {
        (**self).stats()
    }

    fn accesses_only(&self) -> bool {
        (**self).accesses_only()
    }
}
