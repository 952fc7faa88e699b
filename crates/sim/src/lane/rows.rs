//! Writes of rows, and what invalidates the copies that were made of them, within a stretch.
//!
//! Where a write says no more than which row it is, where that row is what the key of a copy names, and
//! where what it sets off acts on that one key, nothing of it has to be spelt out: the number of the
//! row's id stands for the write and for what is on its way. What a stretch does with it is what
//! [`crate::deliver`], [`crate::dependents`] and [`crate::invalidate`] would do, at the same instants and
//! with the same draws.

use super::Lane;
use super::stretch::Stretch;
use crate::deliver::Deliveries;
use crate::dependents;
use crate::eviction::Eviction;
use crate::intern::{NONE, Texts};
use crate::metrics::Cause;
use crate::queue::{Class, Queue, Todo};
use crate::rows::Written;
use crate::store::{KeyId, Reason};
use crate::tables::{Sharing, Tables};
use crate::trace_keys::TraceKeys;
use cachepolicy_core::edge::{Action, EdgeBlock, Operation, Target, TargetArg, Timing, Verb};
use cachepolicy_core::ids::{BusId, FieldId, ModelId};
use cachepolicy_core::policy::{Delivery, Policy, Reaches};
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::block::Writes;
use core::ops::Range;

/// So many that wait to be let go are let go together.
const LET_GO_TOGETHER: usize = 32;

/// What plain writes of a policy come to: see the module's description.
#[derive(Debug)]
pub(crate) struct PlainWrites {
    model: ModelId,
    id: FieldId,
    /// Of the cells that they concern.
    shape: u32,
    edges: Vec<PlainEdge>,
    /// The cell of each row, by the number of its id, as far as it is known; else [`NONE`].
    cells: Vec<u32>,
}

/// A block of edges with one action, on the key that the row's id names.
#[derive(Debug)]
struct PlainEdge {
    /// `None`: it is delivered at once.
    bus: Option<BusId>,
    verb: Verb,
    /// All actions of the policy counted through.
    action: u32,
    tally: Tally,
}

/// What came of an action's deliveries.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) useful: u64,
    pub(crate) useless: u64,
    pub(crate) lost: u64,
}

impl PlainWrites {
    /// Of the writes to the rows that the copies of a lane are made of, if there is nothing more to them.
    pub(crate) fn of(t: &Tables, lane: Lane) -> Option<Self> {
        let policy = &t.policy;
        let ([level], [table]) = (policy.levels.as_slice(), t.levels.as_slice()) else {
            return None;
        };
        let ([read], [shape], [tier]) = (
            level.reads.as_slice(),
            table.reads.as_slice(),
            table.tiers.as_slice(),
        ) else {
            return None;
        };
        let id = policy.models[read.model.index()].field("id")?;
        let is_by_id = read.fields.is_none()
            && dependents::is_by_key(read)
            && matches!(read.bindings.as_slice(), [binding] if binding.field == id);
        let is_plain = lane.notes_late
            && is_by_id
            && tier.sharing == Sharing::All
            && t.trackers.is_empty()
            && t.shapes[*shape].lag == Duration::ZERO;
        let edges = policy.edges.iter().zip(&t.first_action);
        let own = edges.filter(|(edge, _)| edge.model == read.model);
        let own = own.filter(|(edge, _)| edge.operations.contains(&Operation::Update));
        let edges: Option<Vec<_>> = own
            .map(|(edge, &action)| PlainEdge::of(policy, edge, action, id))
            .collect();
        Some(Self {
            model: read.model,
            id,
            shape: *shape as u32,
            edges: edges.filter(|_| is_plain)?,
            cells: Vec::new(),
        })
    }

    /// The verb and the number of an edge's action, and how it travels.
    pub(crate) fn action(&self, edge: u32) -> Option<(Verb, u32, Option<BusId>)> {
        let edge = self.edges.get(edge as usize)?;
        Some((edge.verb, edge.action, edge.bus))
    }

    /// What came of each action's deliveries since this was asked.
    pub(crate) fn tallies(&mut self) -> impl Iterator<Item = (u32, Tally)> + '_ {
        let taken = |edge: &mut PlainEdge| (edge.action, core::mem::take(&mut edge.tally));
        self.edges.iter_mut().map(taken)
    }

    /// The number of the id of a written row, if there is nothing more to it.
    pub(crate) fn id_of(
        &self,
        policy: &Policy,
        texts: &mut Texts,
        written: &cachepolicy_trace::block::Written,
    ) -> Option<u32> {
        use cachepolicy_trace::event::Value;
        let model = &policy.models[self.model.index()];
        if written.operation != Operation::Update || written.model != model.name {
            return None;
        }
        let mut id = None;
        for row in [&written.old, &written.new].into_iter().flatten() {
            let [(name, Value::Text(text))] = row.as_slice() else {
                return None;
            };
            if model.field(name) != Some(self.id) || id.is_some_and(|known| known != text) {
                return None;
            }
            id = Some(text);
        }
        id.map(|id| texts.intern(id))
    }

    /// The row of such a number.
    pub(crate) const fn row(&self) -> (ModelId, FieldId) {
        (self.model, self.id)
    }
}

impl PlainEdge {
    fn of(policy: &Policy, edge: &EdgeBlock, action: u32, id: FieldId) -> Option<Self> {
        let [only] = edge.actions.as_slice() else {
            return None;
        };
        let Action { verb, target, .. } = only;
        let Target::Level { args, .. } = target else {
            return None;
        };
        let [TargetArg::Row(row)] = args.as_slice() else {
            return None;
        };
        let bus = edge.bus.map(|bus| (bus, &policy.buses[bus.index()]));
        let reaches_all = bus.is_some_and(|(_, bus)| bus.reaches == Reaches::AllProcesses);
        let is_plain = edge.timing == Timing::AfterCommit
            && !only.cascade
            && only.when.is_none()
            && row.path == [id]
            && *verb != Verb::Bump
            && !reaches_all;
        let travels = bus.filter(|(_, bus)| bus.delivery != Delivery::InProcess);
        is_plain.then_some(Self {
            bus: travels.map(|(bus, _)| bus),
            verb: *verb,
            action,
            tally: Tally::default(),
        })
    }
}

/// Writes of a block among accesses, and what is on its way.
pub(super) struct Going<'a> {
    pub(super) plain: Option<&'a mut PlainWrites>,
    pub(super) t: &'a Tables,
    pub(super) writes: &'a Writes,
    /// Those of them that may commit in this stretch: all are plain.
    pub(super) range: Range<usize>,
    pub(super) written: &'a [Written],
    pub(super) queue: &'a mut Queue,
    pub(super) deliveries: &'a mut Deliveries,
    pub(super) keys: &'a mut TraceKeys,
    pub(super) values: &'a Texts,
}

impl Going<'_> {
    fn next_write(&self) -> Time {
        let next = self.writes.at.get(self.range.start);
        let next = next.filter(|_| !self.range.is_empty());
        next.copied().unwrap_or(Time::NEVER)
    }

    /// When something is due that is no access.
    pub(super) fn due(&self) -> Time {
        self.next_write().min(self.queue.first_at())
    }
}

impl Stretch<'_> {
    /// Lets happen what is due before an access at `at`. Is all that is due known here?
    #[inline]
    pub(super) fn catch_up<E: Eviction>(&mut self, at: Time, evictor: &mut E) -> bool {
        let mut due = self.going.due();
        while due < at {
            if due < self.now || !self.happen(due, evictor) {
                return false;
            }
            self.now = due;
            due = self.going.due();
        }
        self.stop = self.limit.min(due);
        due > at
    }

    /// The first thing that is due, which is due at `at`. Was it done?
    fn happen<E: Eviction>(&mut self, at: Time, evictor: &mut E) -> bool {
        if self.going.plain.is_none() {
            return false;
        }
        if self.orphans.len() >= LET_GO_TOGETHER {
            self.let_go();
        }
        // A write that waits in the queue is not for here.
        if self.going.queue.first_at() == at {
            match self.going.queue.peek() {
                Some(Todo::Act { edge, id }) if self.going.next_write() > at => {
                    self.going.queue.pop();
                    self.act(edge, id, at, evictor);
                    return true;
                }
                Some(Todo::Act { .. }) => {}
                _ => return false,
            }
        }
        let index = self.going.writes.written.get(self.going.range.start);
        let written = index.and_then(|&index| self.going.written.get(index as usize));
        let Some(&Written::Plain(id)) = written else {
            return false;
        };
        self.going.range.start += 1;
        self.commit(id, at);
        true
    }

    /// The key that an id names, if the trace has it.
    #[inline]
    fn key_of(&mut self, id: u32) -> Option<KeyId> {
        let key = self.going.keys.find_unnamed(self.going.values, id);
        key.map(KeyId)
    }

    /// A write commits: see `Engine::log_write` and `Engine::fire`.
    fn commit(&mut self, id: u32, at: Time) {
        let key = self.key_of(id);
        let slot = key.and_then(|key| self.rack.lookup(key));
        let Some(plain) = &mut self.going.plain else {
            return;
        };
        let place = id as usize;
        if plain.cells.len() <= place {
            plain.cells.resize(place + 1, NONE);
        }
        let mut cell = plain.cells[place];
        let selection = [id, plain.shape];
        if let Some(slot) = slot {
            if cell == NONE {
                cell = self.cells.cell(&selection);
            }
            let known = self.rack.depends_of(slot.number());
            if known == NONE {
                let provenance = self.provenances.begin(self.lane.level.0);
                self.rack.set_depends(slot, provenance);
                self.provenances
                    .depend_late(self.cells, provenance, cell, at);
            } else {
                self.provenances.depend_late(self.cells, known, cell, at);
            }
        } else if cell == NONE {
            cell = self.cells.find(&selection).unwrap_or(NONE);
        }
        plain.cells[place] = cell;
        if cell != NONE {
            self.cells.log(&[cell], at);
        }
        for (number, edge) in (0..).zip(&mut plain.edges) {
            let arrives = match edge.bus {
                None => at,
                Some(bus) => {
                    let (delay, is_lost) = self.going.deliveries.draw(self.going.t, bus);
                    if is_lost { Time::NEVER } else { at + delay }
                }
            };
            if arrives == Time::NEVER {
                edge.tally.lost += 1;
                continue;
            }
            let todo = Todo::Act { edge: number, id };
            self.going.queue.push(arrives, Class::Delivery, todo);
        }
    }

    /// What an edge does for the row with this id arrives: see `Engine::apply`.
    fn act<E: Eviction>(&mut self, edge: u32, id: u32, at: Time, evictor: &mut E) {
        let action = self
            .going
            .plain
            .as_ref()
            .and_then(|plain| plain.action(edge));
        let Some((verb, _, _)) = action else {
            return;
        };
        let found = self
            .key_of(id)
            .and_then(|key| Some((key, self.rack.lookup(key)?)));
        let is_useful = found.is_some_and(|(key, slot)| {
            let mut copy = self.rack.get(slot);
            let is_alive = at < copy.leaves(self.rules);
            let was_fresh = at < copy.fresh_until();
            let is_useful = is_alive && (verb == Verb::Purge || was_fresh);
            if is_alive && verb == Verb::Purge {
                let (rack, mut leaving) = self.parts();
                let gone = rack.take(evictor, slot.number(), Reason::Taken, at);
                leaving.left(&gone, at);
            } else if is_alive {
                let expired = copy.lifetimes(self.rules).expired(self.rules, at);
                copy.set_lifetimes(&expired);
                let (fresh_until, dead_from) = (copy.fresh_until(), copy.leaves(self.rules));
                self.rack.expire(slot, fresh_until, dead_from);
            }
            if is_useful {
                self.set_cause(key, Cause::Invalidation);
            }
            is_useful
        });
        let plain = self.going.plain.as_mut();
        if let Some(edge) = plain.and_then(|plain| plain.edges.get_mut(edge as usize)) {
            edge.tally.useful += u64::from(is_useful);
            edge.tally.useless += u64::from(!is_useful);
        }
    }

    /// What copies depended on that left is let go.
    fn let_go(&mut self) {
        for (provenance, died) in self.orphans.drain(..) {
            self.provenances
                .let_go(self.cells, provenance, Some(died), self.now);
        }
    }
}
