//! Client-side caching: a shared backend tells the processes that hold a copy of a key in their
//! memory of each change of that key, over a bus that `tracks` it.
//!
//! Redis does so for a client that has asked for it (`CLIENT TRACKING ON NOLOOP` over RESP3):
//!
//! - The server remembers who read which key, whether there was one or not. When the key is
//!   written, deleted, evicted, given another life or found dead, it sends a message to each of
//!   them, except to the one whose command it was, and forgets them all, that one included.
//! - A client therefore reads what it has written, else it would not hear of the next change; what it
//!   makes stale there it removes from its memory. What the server did not take it does not keep either.
//! - Where more keys are remembered than the table takes, those who read one of them, drawn by
//!   lot, are told as if it had changed.
//! - Messages and replies come over one connection, in order: what was read after a change is never
//!   removed by the message about it.
//! - A client whose connection is lost empties its memory, since it may have missed a message;
//!   without a connection it keeps nothing.

mod messages;
mod readers;

use crate::copy::Copy;
use crate::delays::{BlockDelays, FixedDelays};
use crate::engine::Engine;
use crate::intern::NONE;
use crate::random::Stream;
use crate::state::Slab;
use crate::store::{KeyId, Slot};
use crate::tables::{LevelTable, Sharing, Tables, Tier};
use cachepolicy_core::ids::{BusId, LevelId};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::Time;
use readers::Readers;
use rustc_hash::FxHashMap;

/// A bus that tracks a backend.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tracker {
    pub(crate) bus: BusId,
    pub(crate) backend: u16,
    /// Its row of the report, behind the actions of all edges.
    action: u32,
    /// Of so many keys the backend remembers who read them.
    max_keys: u32,
}

/// Copies of a level that a tracked backend's readers hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tracked {
    tracker: u16,
    /// The tier that is tracked. Those before it are its readers' memory.
    pub(crate) tier: u8,
}

/// Whose doing a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    /// A client's command: the client knows of it.
    Command,
    /// The backend's own: a copy had to go for others, or its life is over.
    Backend,
}

/// What tracked backends remember, changes that nobody was told of yet, and messages on their way.
#[derive(Debug)]
pub(crate) struct Tracking {
    /// By the number of the tracker.
    servers: Vec<Server>,
    changed: Vec<Change>,
    /// How many changes there were so far; stops at the greatest number.
    changes: u32,
    messages: Slab<Message>,
    /// By key, when the life of the tracked copy is looked at next.
    ends: FxHashMap<u32, Time>,
    /// How many events of such looks are due.
    looks: usize,
}

/// A tracked backend.
#[derive(Debug)]
struct Server {
    readers: Readers,
    /// By process.
    connections: Vec<Connection>,
    /// Which key is forgotten where there are too many.
    draws: Stream,
    /// Of its messages since the last write for which the trace fixes delays.
    delays: BlockDelays,
}

/// A process's connection to a tracked backend.
#[derive(Debug, Clone, Copy)]
struct Connection {
    /// How many it had before this one.
    number: u32,
    /// When the latest message arrives: the next one does not overtake it.
    arrives: Time,
}

#[derive(Debug, Clone, Copy)]
struct Change {
    tracker: u16,
    inst: u32,
    doing: Doing,
}

/// What a process is told.
#[derive(Debug, Clone, Copy, Default)]
struct Message {
    tracker: u16,
    process: u32,
    /// The number of the connection that it comes over.
    connection: u32,
    /// The key; [`NONE`]: all of them.
    inst: u32,
    /// The number of the change.
    change: u32,
    /// It does not arrive, since the connection is lost.
    is_lost: bool,
}

impl Tracking {
    pub(crate) fn new(t: &Tables, seed: u64, processes: u32) -> Self {
        let connection = Connection {
            number: 0,
            arrives: Time::DISTANT_PAST,
        };
        let server = |tracker: &Tracker| {
            let bus = &t.policy.buses[tracker.bus.index()];
            Server {
                readers: Readers::default(),
                connections: vec![connection; processes as usize],
                draws: Stream::new(seed, &["tracked", &bus.name]),
                delays: BlockDelays::default(),
            }
        };
        Self {
            servers: t.trackers.iter().map(server).collect(),
            changed: Vec::new(),
            changes: 0,
            messages: Slab::default(),
            ends: FxHashMap::default(),
            looks: 0,
        }
    }

    /// How many changes there were so far.
    #[inline]
    pub(crate) fn changes(&self) -> u32 {
        self.changes
    }

    /// How many events there are that do nothing but look whether a copy is dead. Nothing else
    /// follows from them once all requests were answered.
    #[inline]
    pub(crate) fn looks(&self) -> usize {
        self.looks
    }

    /// The trace fixes delays of a write that commits: they hold of all messages from now on.
    pub(crate) fn fix_delays(&mut self, t: &Tables, delays: &FixedDelays) {
        for (server, tracker) in self.servers.iter_mut().zip(&t.trackers) {
            server.delays = delays.of_bus(tracker.bus);
        }
    }

    fn next_change(&mut self) -> u32 {
        self.changes = self.changes.saturating_add(1);
        self.changes
    }
}

/// The buses that track a backend; `actions` of edges there are.
pub(crate) fn trackers(policy: &Policy, actions: usize) -> Vec<Tracker> {
    let buses = policy.buses.iter().enumerate();
    buses
        .filter_map(|(index, bus)| Some((BusId(index as u16), bus.tracks?)))
        .zip(actions as u32..)
        .map(|((bus, tracks), action)| Tracker {
            bus,
            backend: tracks.backend.0,
            action,
            max_keys: tracks.max_keys,
        })
        .collect()
}

/// What of a level with these tiers is tracked: see [`Policy::tracking`].
pub(crate) fn tracked(trackers: &[Tracker], tiers: &[Tier]) -> Option<Tracked> {
    let in_process = |tier: &Tier| tier.sharing == Sharing::Process;
    let far = tiers.iter().position(|tier| !in_process(tier))?;
    let backend = tiers.get(far)?.backend;
    let tracker = trackers.iter().position(|it| it.backend == backend)?;
    (far > 0).then_some(Tracked {
        tracker: tracker as u16,
        tier: far as u8,
    })
}

impl LevelTable {
    /// The memory of those who read a tracked tier.
    fn readers(&self) -> impl Iterator<Item = &Tier> {
        let count = self.tracked.map_or(0, |tracked| usize::from(tracked.tier));
        self.tiers.iter().take(count)
    }
}

impl Engine {
    /// A copy of a key was stored, changed or removed in an instance of this backend. Whoever does
    /// so calls [`Engine::tell_readers`] when it is done.
    #[inline]
    pub(crate) fn note_change(&mut self, t: &Tables, backend: u16, inst: u32, doing: Doing) {
        if t.trackers.is_empty() {
            return;
        }
        let level = self.keys.level(inst).0;
        if let Some(Tracked { tracker, .. }) = t.levels[level as usize].tracked
            && t.trackers[usize::from(tracker)].backend == backend
        {
            self.tracking.changed.push(Change {
                tracker,
                inst,
                doing,
            });
        }
    }

    /// A frame's process has asked the tracked tier for its key, which is remembered.
    pub(crate) fn remember_reader(&mut self, t: &Tables, frame: u32) {
        let f = &self.frames[frame];
        let Some(Tracked { tracker, tier }) = t.levels[f.level as usize].tracked else {
            return;
        };
        let Tracker {
            backend, max_keys, ..
        } = t.trackers[usize::from(tracker)];
        let is_down = self.now < self.backends[usize::from(backend)].down_until;
        if is_down || f.down & (1 << tier) != 0 {
            return;
        }
        let (inst, process) = (f.inst, self.tasks[f.task].process);
        let server = &mut self.tracking.servers[usize::from(tracker)];
        let connection = server.connections[process as usize].number;
        server.readers.remember(inst, process, connection);
        if server.readers.len() > max_keys as usize {
            let lot = server.draws.below(server.readers.len() as u64);
            self.tracking.changed.push(Change {
                tracker,
                inst: server.readers.key(lot as usize),
                doing: Doing::Backend,
            });
            self.tell_readers(t, NONE);
        }
        self.look_when_dead(t, inst);
    }

    /// Does a process's memory take a level's copies? Without a connection to the backend that
    /// tracks them it keeps none. `down`: tiers that were left out.
    pub(crate) fn is_tracked_now(&self, table: &LevelTable, tier: u8, down: u32) -> bool {
        let Some(far) = table.tracked.map(|tracked| tracked.tier) else {
            return true;
        };
        let backend = table.tiers[usize::from(far)].backend;
        tier >= far
            || (down & (1 << far) == 0
                && self.now >= self.backends[usize::from(backend)].down_until)
    }

    /// Is a copy one of those that a tracked backend tells its readers of?
    pub(crate) fn is_told_of(&self, t: &Tables, instance: u32, slot: Slot) -> bool {
        let level = self.stores[instance as usize].level(slot);
        let backend = t.backend_of[instance as usize];
        let mut readers = t.levels[level.index()].readers();
        readers.any(|tier| tier.backend == backend)
    }

    /// When no message is on its way, or will ever arrive: is whoever keeps a copy of a tracked key
    /// remembered as its reader, and is what it keeps what the backend has? (What was bumped nobody asks
    /// for.)
    pub(crate) fn readers_are_remembered(&self) -> bool {
        let t = &self.tables;
        t.levels.iter().enumerate().all(|(level, table)| {
            table.readers().all(|tier| {
                (0..self.processes.count()).all(|process| {
                    let store = &self.stores[(tier.first + process) as usize];
                    store.family(LevelId(level as u16)).all(|slot| {
                        let copy = store.get(slot);
                        let key = store.key(slot);
                        !self.is_current(key.0)
                            || self.now >= copy.leaves(&table.rules)
                            || self.is_kept_rightly(table, key, &copy, process)
                    })
                })
            })
        })
    }

    fn is_kept_rightly(&self, table: &LevelTable, key: KeyId, copy: &Copy, process: u32) -> bool {
        let Some(Tracked { tracker, tier }) = table.tracked else {
            return true;
        };
        let server = &self.tracking.servers[usize::from(tracker)];
        let connection = server.connections[process as usize];
        let there = &self.stores[table.tiers[usize::from(tier)].first as usize];
        let there = there.lookup(key).map(|slot| there.get(slot));
        let there = there.filter(|there| self.now <= there.leaves(&table.rules));
        connection.arrives == Time::NEVER
            || (server.readers.knows(key.0, process, connection.number)
                && there.is_some_and(|there| there.stored() == copy.stored()))
    }
}
