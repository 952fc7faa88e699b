//! The engine: everything that changes during a run, and the loop that lets events happen in their
//! order.
//!
//! A request's walk is a state machine of frames (see [`crate::state`]). It runs on inline as long
//! as nothing else is due before its next step, and a look-up that comes to a plain hit needs
//! neither an event of its own nor a frame (see [`crate::plain`]).

use crate::access::LastAccesses;
use crate::copy::Copy;
use crate::deliver::Deliveries;
use crate::events::Observer;
use crate::fetch::Fetching;
use crate::ingest::Ingest;
use crate::intern::{NONE, Texts, Tuples};
use crate::keys::Keys;
use crate::lane::{Lane, PlainWrites};
use crate::metrics::{Cause, Metrics};
use crate::options::Options;
use crate::origin::OriginState;
use crate::plain::Nearest;
use crate::processes::Processes;
use crate::provenances::Provenances;
use crate::queue::{Class, Due, Queue, Todo};
use crate::random::{Sampler, Stream};
use crate::running::RunningFills;
use crate::staleness::Cells;
use crate::state::{Facts, Fill, Frame, Slab, State, Task, Variant};
use crate::store::{Removed, Store};
use crate::tables::{Tables, key_level};
use crate::tag_index::TagIndex;
use crate::trace_keys::TraceKeys;
use crate::tracking::Tracking;
use cachepolicy_core::units::Time;
use std::collections::VecDeque;
use std::sync::Arc;

/// See the module's description.
pub(crate) struct Engine {
    pub(crate) now: Time,
    /// Everything before this instant is known; nothing may happen at it or later yet.
    pub(crate) horizon: Time,
    pub(crate) queue: Queue,
    /// Requests that arrived and have not begun, in order.
    pub(crate) arrivals: VecDeque<(Time, u32)>,
    /// When requests that were answered ahead of their time, and need a thread, have their answers.
    pub(crate) ahead: VecDeque<Time>,
    pub(crate) tasks: Slab<Task>,
    pub(crate) frames: Slab<Frame>,
    pub(crate) fills: Slab<Fill>,
    /// Values of parameters, dimensions and data.
    pub(crate) values: Texts,
    pub(crate) keys: Keys,
    pub(crate) running: RunningFills,
    /// By key, as far as keys have variants.
    pub(crate) variants: Vec<Variant>,
    /// Why a key has no copy, or will have none when the present one has expired.
    pub(crate) causes: Vec<Cause>,
    /// Keys below this one are of an earlier release.
    pub(crate) release: u32,
    /// Parameters of levels whose keys have more than those, and their first variant.
    pub(crate) parameters: Tuples,
    pub(crate) first_variant: Vec<u32>,
    /// Combinations of personal values.
    pub(crate) principals: Tuples,
    pub(crate) stores: Vec<Store<Copy>>,
    pub(crate) backends: Vec<BackendState>,
    pub(crate) levels: Vec<LevelState>,
    pub(crate) origins: Vec<OriginState>,
    pub(crate) processes: Processes,
    pub(crate) provenances: Provenances,
    pub(crate) cells: Cells,
    pub(crate) tags: TagIndex,
    pub(crate) deliveries: Deliveries,
    pub(crate) tracking: Tracking,
    pub(crate) ingest: Ingest,
    pub(crate) trace_keys: TraceKeys,
    pub(crate) last_accesses: LastAccesses,
    /// How accesses go on the spot, where they do.
    pub(crate) lane: Option<Lane>,
    /// What writes come to of which no more need be known than the row.
    pub(crate) plain: Option<PlainWrites>,
    /// Provenances of copies that died on the spot; empty but for its memory.
    pub(crate) orphans: Vec<(u32, Time)>,
    /// Accesses of the present columns before this index need not wait for memory.
    pub(crate) fetched: usize,
    pub(crate) fetching: Fetching,
    /// Copies that will die soon; empty but for its memory.
    pub(crate) soon: Vec<[u32; 3]>,
    pub(crate) metrics: Metrics,
    pub(crate) observer: Option<Box<dyn Observer>>,
    /// For the observer's names; what decides has it as an argument.
    pub(crate) tables: Arc<Tables>,
    /// What was found for the frame that goes on now.
    pub(crate) nearest: Nearest,
    /// By key, as far as it was needed.
    pub(crate) facts: Vec<Facts>,
    pub(crate) removed: Vec<Removed<Copy>>,
    pub(crate) tuple: Vec<u32>,
    pub(crate) set: Vec<u32>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Engine")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

/// A backend, all instances together.
#[derive(Debug)]
pub(crate) struct BackendState {
    pub(crate) latency: Sampler,
    /// It is down before this instant.
    pub(crate) down_until: Time,
}

/// What changes about a level.
#[derive(Debug)]
pub(crate) struct LevelState {
    pub(crate) cost: Sampler,
    pub(crate) size: Sampler,
    pub(crate) jitter: Stream,
    pub(crate) early: Stream,
    /// The first of the fills that run.
    pub(crate) fills: u32,
    /// The key that was put together last.
    pub(crate) last_key: u32,
}

impl Engine {
    pub(crate) fn new(t: &Arc<Tables>, options: &Options) -> Self {
        let policy = &t.policy;
        let seed = options.seed;
        let mut stores = Vec::with_capacity(t.backend_of.len());
        for (backend, table) in policy.backends.iter().zip(&t.backends) {
            for _ in 0..table.count {
                let number = stores.len() as u64;
                let seed = Stream::new(seed.wrapping_add(number), &["evict", &backend.name]).bits();
                stores.push(Store::new(backend.capacity, backend.evict, seed));
            }
        }
        let mut engine = Self {
            now: Time::DISTANT_PAST,
            horizon: Time::DISTANT_PAST,
            queue: Queue::new(t.lines),
            arrivals: VecDeque::new(),
            ahead: VecDeque::new(),
            tasks: Slab::default(),
            frames: Slab::default(),
            fills: Slab::default(),
            values: Texts::default(),
            keys: Keys::default(),
            running: RunningFills::default(),
            variants: Vec::new(),
            causes: Vec::new(),
            release: 0,
            parameters: Tuples::default(),
            first_variant: Vec::new(),
            principals: Tuples::default(),
            stores,
            backends: policy
                .backends
                .iter()
                .map(|backend| BackendState {
                    latency: Sampler::new(backend.latency, seed, "latency", &backend.name),
                    down_until: Time::DISTANT_PAST,
                })
                .collect(),
            levels: policy
                .levels
                .iter()
                .map(|level| LevelState {
                    cost: Sampler::new(level.cost.otherwise, seed, "cost", &level.name),
                    size: Sampler::new(level.size.otherwise, seed, "size", &level.name),
                    jitter: Stream::new(seed, &["jitter", &level.name]),
                    early: Stream::new(seed, &["early", &level.name]),
                    fills: NONE,
                    last_key: NONE,
                })
                .collect(),
            origins: policy
                .origins
                .iter()
                .map(|origin| OriginState::new(origin, seed))
                .collect(),
            processes: Processes::new(policy.processes, policy.threads),
            provenances: Provenances::default(),
            cells: Cells::new(t),
            tags: TagIndex::new(policy),
            deliveries: Deliveries::new(t, seed),
            tracking: Tracking::new(t, seed, policy.processes),
            ingest: Ingest::new(t, options),
            trace_keys: TraceKeys::default(),
            last_accesses: LastAccesses::default(),
            lane: None,
            plain: None,
            fetched: 0,
            fetching: Fetching::default(),
            soon: Vec::new(),
            orphans: Vec::new(),
            metrics: Metrics::new(policy, t.routes.clone(), options.timeline_step),
            observer: None,
            tables: Arc::clone(t),
            nearest: None,
            facts: Vec::new(),
            removed: Vec::new(),
            tuple: Vec::new(),
            set: Vec::new(),
        };
        let level = key_level(policy, options.level).ok();
        engine.lane = level.and_then(|level| Lane::of(&engine, t, level));
        let lane = engine.lane.filter(|_| cfg!(feature = "lanes"));
        engine.plain = lane.and_then(|lane| PlainWrites::of(t, lane));
        engine
    }

    /// Lets everything happen that is due before `horizon`.
    pub(crate) fn run_until(&mut self, t: &Tables, horizon: Time) {
        self.horizon = horizon;
        loop {
            let arrival = self.arrivals.front().map_or(Time::NEVER, |&(at, _)| at);
            let event = self.queue.first_at();
            if event.min(arrival) >= horizon || self.is_over() {
                break;
            }
            // Of an event and an arrival at one instant, the event was there first.
            if event > arrival {
                if let Some((at, task)) = self.arrivals.pop_front() {
                    self.now = at;
                    self.arrive(t, task);
                }
            } else if let Some((at, due)) = self.queue.pop() {
                debug_assert!(at >= self.now, "time goes forward");
                self.now = at;
                match due {
                    Due::Answer(look) => {
                        if let Some(frame) = self.answer(t, &look) {
                            self.drive(t, frame);
                        }
                    }
                    Due::Todo(todo) => self.happen(t, todo),
                }
            }
        }
    }

    /// The trace is over, and so is all that came of it.
    #[inline]
    fn is_over(&self) -> bool {
        self.horizon == Time::NEVER
            && self.arrivals.is_empty()
            && self.queue.has_only(self.tracking.looks())
    }

    /// Nothing is under way any more: what living copies miss is settled.
    pub(crate) fn end(&mut self) {
        debug_assert_eq!(self.frames.live(), 0, "every look-up has ended");
        debug_assert_eq!(self.tasks.live(), 0, "every request was answered");
        debug_assert!(self.processes.are_idle(), "every thread was given back");
        debug_assert!(
            self.origins.iter().all(OriginState::is_idle),
            "no work is left"
        );
        debug_assert!(
            self.readers_are_remembered(),
            "who keeps a copy will be told of its change"
        );
        self.deliveries.now.0 = Time::DISTANT_PAST;
        self.forget_earlier_instants();
        let tables = Arc::clone(&self.tables);
        for instance in 0..self.stores.len() {
            for (level, table) in tables.levels.iter().enumerate() {
                let level = cachepolicy_core::LevelId(level as u16);
                let slots: Vec<_> = self.stores[instance].family(level).collect();
                for slot in slots {
                    let copy = self.stores[instance].get(slot);
                    let died = self.now.min(copy.leaves(&table.rules));
                    self.let_go(copy.provenance, Some(died));
                }
            }
        }
        self.cells.end(self.now);
        self.tell_settled();
        debug_assert_eq!(self.provenances.live(), 0, "nothing depends on anything");
        debug_assert!(
            self.cells.is_settled(),
            "nothing is left to be learnt of a write"
        );
    }

    fn happen(&mut self, t: &Tables, todo: Todo) {
        match todo {
            Todo::Resume { frame, serial } => {
                if self.frames[frame].serial == serial {
                    self.drive(t, frame);
                }
            }
            Todo::FillTimeout { fill, serial } => self.fill_timed_out(fill, serial),
            Todo::OriginToken(origin) => self.token_due(t, origin),
            Todo::Commit(write) => self.commit(t, write),
            Todo::Delivery(delivery) => self.deliver(t, delivery),
            Todo::Act { edge, row, .. } => self.deliver_plain(t, edge, row),
            Todo::Message(message) => self.receive(t, message),
            Todo::LooksDead(inst) => self.look_if_dead(t, inst),
            Todo::Fault(fault) => self.fault(t, fault),
        }
    }

    /// Lets a frame go on until it has to wait.
    pub(crate) fn drive(&mut self, t: &Tables, frame: u32) {
        let mut next = Some(frame);
        while let Some(frame) = next {
            self.frames[frame].serial = self.frames[frame].serial.wrapping_add(1);
            next = match self.frames[frame].state {
                State::Enter => self.enter(t, frame),
                State::Looking => self.looked(t, frame),
                State::Found => {
                    let found = self.nearest.take();
                    self.found(t, frame, 0, found)
                }
                State::Waiting => self.wait_is_over(t, frame),
                State::Children => self.next_child(t, frame),
                State::Working => self.worked(t, frame),
                State::Done => self.finish(t, frame),
                // These are moved on by others, never resumed.
                State::Parked | State::Queued => None,
            };
        }
    }

    /// The frame goes on at `at`: at once if nothing is due before, else by an event.
    pub(crate) fn resume_at(&mut self, frame: u32, at: Time, class: Class) -> Option<u32> {
        if self.is_next(at, class) {
            self.now = at;
            return Some(frame);
        }
        self.schedule(frame, at, class);
        None
    }

    pub(crate) fn schedule(&mut self, frame: u32, at: Time, class: Class) {
        let serial = self.frames[frame].serial;
        self.queue.push(at, class, Todo::Resume { frame, serial });
    }

    #[inline]
    pub(crate) fn is_next(&self, at: Time, class: Class) -> bool {
        if at == self.now {
            // Only what belongs before it at this instant can come first.
            return class == Class::Store
                || self.queue.next().is_none_or(|next| next >= (at, class));
        }
        at < self.horizon
            && !self.queue.has_before(at, class)
            && self
                .arrivals
                .front()
                .is_none_or(|&(arrival, _)| arrival > at)
    }
}
