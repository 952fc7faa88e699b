//! What the engine keeps of requests, look-ups, fills and keys while they live. All of it lies in
//! slabs; numbers are indices, and [`NONE`] is no index.

use crate::intern::NONE;
pub(crate) use crate::slab::Slab;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::CacheStatus;
use cachepolicy_trace::event::AccessOperation;

/// Where a walk came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum TaskKind {
    /// An HTTP request.
    #[default]
    Request,
    /// An access of a key-value trace.
    Access(AccessOperation),
    /// The refresh of a stale copy.
    Background,
}

/// A request, or a background fill, on its way.
#[derive(Debug, Default)]
pub(crate) struct Task {
    pub(crate) kind: TaskKind,
    /// Counted from 1 in the order of the trace; a background fill has that of its cause.
    pub(crate) number: u64,
    pub(crate) arrived: Time,
    pub(crate) process: u32,
    pub(crate) pop: u32,
    /// The path entry; [`NONE`] for an access.
    pub(crate) path: u32,
    /// An index into the report's routes; [`NONE`]: no route answers.
    pub(crate) route: u32,
    /// The value of each dimension; [`NONE`] is absent.
    pub(crate) dims: Vec<u32>,
    /// See [`crate::variants`].
    pub(crate) digits: u64,
    /// Dimensions with a value outside their domain.
    pub(crate) outside: crate::depends::Dims,
    /// Which conditions hold that decide whether a level is skipped: see [`crate::skip::holds`].
    pub(crate) conditions: Option<u64>,
    pub(crate) status: Option<u16>,
    pub(crate) bytes: Option<u64>,
    pub(crate) cost: Option<Duration>,
    pub(crate) ttl: Option<Duration>,
    /// What the cache did that was there when the trace was recorded.
    pub(crate) cache_status: Option<CacheStatus>,
    /// Data values of the trace: name, first value, one behind the last.
    pub(crate) data: Vec<(u32, u32, u32)>,
    pub(crate) data_values: Vec<u32>,
    /// It has one of its process's threads.
    pub(crate) has_thread: bool,
    /// In the queue of its process.
    pub(crate) next: u32,
    /// The look-up at which the walk stands.
    pub(crate) current: u32,
    pub(crate) gathered: Gathered,
}

impl Task {
    /// It comes at that instant; more is not known of it yet. Its lists are empty.
    #[inline]
    pub(crate) fn begin(&mut self, kind: TaskKind, arrived: Time) {
        self.kind = kind;
        self.number = 0;
        self.arrived = arrived;
        self.process = 0;
        self.pop = 0;
        self.path = NONE;
        self.route = NONE;
        self.digits = 0;
        self.outside = 0;
        self.conditions = None;
        self.status = None;
        self.bytes = None;
        self.cost = None;
        self.ttl = None;
        self.cache_status = None;
        self.has_thread = false;
        self.next = NONE;
        self.current = NONE;
        self.gathered = Gathered::default();
        self.dims.clear();
        self.data.clear();
        self.data_values.clear();
    }
}

/// What a request's walk adds up to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Gathered {
    pub(crate) origin_work: bool,
    pub(crate) leak: bool,
    pub(crate) out_of_date: bool,
    pub(crate) staleness: Duration,
    pub(crate) bytes_from_copies: u64,
    pub(crate) origin_time: Duration,
    pub(crate) origin_time_saved: Duration,
}

impl Gathered {
    /// A copy of so many bytes was served, that saved this much origin work.
    #[inline]
    pub(crate) fn take_copy(&mut self, work: Duration, bytes: u64) {
        self.origin_time_saved = self.origin_time_saved + work;
        self.bytes_from_copies = self.bytes_from_copies.saturating_add(bytes);
    }
}

/// What a frame does next, or waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum State {
    /// It has not begun.
    #[default]
    Enter,
    /// A store is answering.
    Looking,
    /// Its nearest store has answered just now: see [`crate::plain`].
    Found,
    /// Somebody else fills.
    Waiting,
    /// Its next child is due.
    Children,
    /// It waits for the other misses of its batch.
    Parked,
    /// It waits for a slot of its origin.
    Queued,
    /// Its own work is being done.
    Working,
    /// It is over; its result is there.
    Done,
}

/// One look-up of a walk, and the fill that it may become. A walk is a chain of frames: each waits
/// for its child.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) state: State,
    pub(crate) flags: Flags,
    pub(crate) level: u16,
    pub(crate) task: u32,
    /// Who waits for the result; [`NONE`]: the task itself.
    pub(crate) parent: u32,
    /// The key.
    pub(crate) inst: u32,
    /// Of a site or view: its place in the path's chain.
    pub(crate) link: u32,
    /// Whom a copy of it would be for.
    pub(crate) principal: u32,
    /// Raised whenever the frame goes on, so that what was scheduled before is void.
    pub(crate) serial: u32,
    /// The tier that is asked, then those that are down.
    pub(crate) tier: u8,
    pub(crate) down: u32,
    /// The next child: a position in `contains`, and in the list of an `each`.
    pub(crate) child: u16,
    pub(crate) each: u32,
    /// The fill record.
    pub(crate) fill: u32,
    pub(crate) provenance: u32,
    /// When the look-up began, and the fill.
    pub(crate) began: Time,
    pub(crate) fill_began: Time,
    /// While waiting: when it began to, until when, and for which fill.
    pub(crate) wait_began: Time,
    pub(crate) deadline: Time,
    pub(crate) awaited: u32,
    /// Own work: when it asked for a slot, or began, and how long it takes.
    pub(crate) work_began: Time,
    pub(crate) cost: Duration,
    /// Origin work of its own and of what it embeds, had there been no cache.
    pub(crate) work: Duration,
    /// Bytes of the answer.
    pub(crate) size: u64,
    /// The next waiter for the same fill, or the next member of a batch.
    pub(crate) next: u32,
    /// In the queue of an origin.
    pub(crate) next_queued: u32,
    /// The first and the last of the misses that wait for its batch, and how many there are.
    pub(crate) parked: (u32, u32, u32),
}

impl Default for Frame {
    fn default() -> Self {
        Self {
            state: State::Enter,
            flags: Flags::default(),
            level: 0,
            task: NONE,
            parent: NONE,
            inst: NONE,
            link: NONE,
            principal: NONE,
            serial: 0,
            tier: 0,
            down: 0,
            child: 0,
            each: 0,
            fill: NONE,
            provenance: NONE,
            began: Time::ZERO,
            fill_began: Time::ZERO,
            wait_began: Time::ZERO,
            deadline: Time::NEVER,
            awaited: NONE,
            work_began: Time::ZERO,
            cost: Duration::ZERO,
            work: Duration::ZERO,
            size: 0,
            next: NONE,
            next_queued: NONE,
            parked: (NONE, NONE, 0),
        }
    }
}

/// Yes-or-no facts of a frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flags(u16);

macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident = $bit:literal),+ $(,)?) => {
        impl Flags {
            $($(#[$doc])* pub(crate) const $name: Flags = Flags(1 << $bit);)+
        }
    };
}

flags! {
    /// Its look-up has its outcome.
    COUNTED = 0,
    /// Its level is left out.
    BYPASS = 1,
    /// Its result was overtaken by an invalidation.
    OVERTAKEN = 2,
    /// It failed.
    ERROR = 3,
    /// "There is none".
    ABSENT = 4,
    /// The root of a background fill: it begins with the fill.
    REFRESH = 5,
    /// Somebody else's fill gave it its result.
    GIVEN = 6,
    /// It has waited.
    WAITED = 7,
    /// Nothing is done about the tier that is being asked: it was down when asked.
    TIER_DOWN = 8,
    /// A tier is down, and the policy says `on-failure error`.
    REFUSED = 9,
    /// A member of a batch, whose work another one does.
    BATCHED = 10,
    /// It has a slot of its origin.
    IN_SERVICE = 11,
    /// Its result was made for another principal.
    FOREIGN = 12,
    /// Its process died.
    CUT_OFF = 13,
}

impl Flags {
    #[inline]
    pub(crate) fn has(self, flag: Flags) -> bool {
        self.0 & flag.0 != 0
    }

    #[inline]
    pub(crate) fn set(&mut self, flag: Flags) {
        self.0 |= flag.0;
    }

    #[inline]
    pub(crate) fn clear(&mut self, flag: Flags) {
        self.0 &= !flag.0;
    }
}

/// A fill that runs, of a stored level.
#[derive(Debug, Clone)]
pub(crate) struct Fill {
    pub(crate) inst: u32,
    pub(crate) level: u16,
    /// Who fills; [`NONE`]: whoever it was died, and left a lock.
    pub(crate) frame: u32,
    /// Among whom it is the only one.
    pub(crate) scope: u32,
    pub(crate) process: u32,
    pub(crate) pop: u32,
    /// Others wait for it, or take it for running.
    pub(crate) holds: bool,
    /// Its lock or lease expires then.
    pub(crate) expires: Time,
    pub(crate) began: Time,
    /// An invalidation of its key was delivered since, or its token is gone.
    pub(crate) overtaken: bool,
    pub(crate) has_timeout: bool,
    pub(crate) serial: u32,
    /// Frames that wait for it, in the order in which they came.
    pub(crate) waiters: (u32, u32),
    /// The other fills of the key.
    pub(crate) of_key: Links,
    /// The other fills of the level.
    pub(crate) of_level: Links,
}

impl Default for Fill {
    fn default() -> Self {
        Self {
            inst: NONE,
            level: 0,
            frame: NONE,
            scope: 0,
            process: 0,
            pop: 0,
            holds: false,
            expires: Time::NEVER,
            began: Time::ZERO,
            overtaken: false,
            has_timeout: false,
            serial: 0,
            waiters: (NONE, NONE),
            of_key: Links::default(),
            of_level: Links::default(),
        }
    }
}

/// Neighbours in a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Links {
    pub(crate) before: u32,
    pub(crate) after: u32,
}

impl Default for Links {
    fn default() -> Self {
        Self {
            before: NONE,
            after: NONE,
        }
    }
}

/// Of a key of a level whose keys have variants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variant {
    /// Its parameters without the variant.
    pub(crate) parameters: u32,
    /// The next variant of them.
    pub(crate) next: u32,
}

/// What look-ups and fills of a key ask for, where there is something to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    /// How many look-ups it has had, of a level whose fills take time.
    pub(crate) lookups: u32,
    /// Where it was last put among the keys at risk.
    pub(crate) place: u32,
    /// The key of the part that follows from it; [`NONE`]: it was not asked for yet.
    pub(crate) part: u32,
    /// The cell that its level's only read selects; [`NONE`]: it was not asked for yet.
    pub(crate) cell: u32,
}

impl Facts {
    /// Of a key of which nothing is known.
    pub(crate) const NONE: Self = Self {
        lookups: 0,
        place: NONE,
        part: NONE,
        cell: NONE,
    };
}
