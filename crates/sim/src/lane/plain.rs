//! Writes of which no more is to be known than the row: what they come to, and what is known of the rows.

use super::Lane;
use crate::dependents;
use crate::engine::Engine;
use crate::intern::{NONE, Texts};
use crate::tables::{Sharing, Tables};
use crate::tagged::Tagged;
use crate::trace_keys::{TraceKeys, Wanted};
use cachepolicy_core::edge::{Action, EdgeBlock, Operation, Target, TargetArg, Timing, Verb};
use cachepolicy_core::ids::{BusId, FieldId, ModelId};
use cachepolicy_core::policy::{Delivery, Model, Policy, Reaches};
use cachepolicy_core::units::Duration;
use cachepolicy_trace::block::Written;
use cachepolicy_trace::event::Value;
use prefetch_index::prefetch_index;

/// What plain writes of a policy come to: see [`super::rows`].
#[derive(Debug)]
pub(crate) struct PlainWrites {
    model: ModelId,
    id: FieldId,
    /// Of the cells that they concern.
    pub(super) shape: u32,
    pub(super) edges: Vec<PlainEdge>,
    pub(super) rows: Rows,
    /// Of the rows that a block writes, those whose ids are numbers; empty but for its memory.
    numbers: Vec<(usize, u64)>,
}

/// A block of edges with one action, on the key that the row's id names.
#[derive(Debug)]
pub(super) struct PlainEdge {
    /// `None`: it is delivered at once.
    pub(super) bus: Option<BusId>,
    pub(super) verb: Verb,
    /// All actions of the policy counted through.
    action: u32,
    pub(super) tally: Tally,
}

/// What came of an action's deliveries.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) useful: u64,
    pub(crate) useless: u64,
    pub(crate) lost: u64,
}

/// Rows that were written, numbered by their ids.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Those whose ids are numbers.
    by_number: Tagged,
    /// The others, by the numbers of their ids' values.
    by_value: Vec<u32>,
    all: Vec<Row>,
}

/// What is known of a row beside its id; [`NONE`]: it is not known.
#[derive(Debug, Clone, Copy)]
struct Row {
    /// Its id, unless that is a text.
    number: u64,
    /// The number of the id's value.
    value: u32,
    /// The key of the trace that it names.
    key: u32,
    /// The cell of those who read it.
    cell: u32,
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
            edges: edges.filter(|edges| is_plain && u16::try_from(edges.len()).is_ok())?,
            rows: Rows::default(),
            numbers: Vec::new(),
        })
    }

    /// The verb and the number of an edge's action, and how it travels.
    pub(crate) fn action(&self, edge: u16) -> Option<(Verb, u32, Option<BusId>)> {
        let edge = self.edges.get(usize::from(edge))?;
        Some((edge.verb, edge.action, edge.bus))
    }

    /// What came of each action's deliveries since this was asked.
    pub(super) fn tallies(&mut self) -> impl Iterator<Item = (u32, Tally)> + '_ {
        let taken = |edge: &mut PlainEdge| (edge.action, core::mem::take(&mut edge.tally));
        self.edges.iter_mut().map(taken)
    }

    /// Adds the number of each written row to a list, [`NONE`] where more is said of it than its id. What
    /// is found is asked of the memory before, so that nobody waits for one after the other.
    pub(crate) fn number_rows(
        &mut self,
        policy: &Policy,
        (texts, keys): (&mut Texts, &mut TraceKeys),
        written: &[Written],
        rows: &mut Vec<u32>,
    ) {
        let numbers = &mut self.numbers;
        numbers.clear();
        let model = &policy.models[self.model.index()];
        for (index, written) in written.iter().enumerate() {
            rows.push(NONE);
            let is_known = written.model == model.name;
            let id = id_of(written, model, self.id).filter(|_| is_known);
            match id.map(Wanted::of) {
                None => {}
                Some(Wanted::Text(text)) => {
                    rows[index] = self.rows.of_value(texts.intern(text));
                }
                Some(Wanted::Number(number)) => {
                    self.rows.by_number.prefetch(Wanted::Number(number).hash());
                    numbers.push((index, number));
                }
            }
        }
        for &(_, number) in &*numbers {
            let row = self.rows.by_number.candidate(Wanted::Number(number).hash());
            prefetch_index(&self.rows.all, row.unwrap_or(NONE) as usize);
        }
        for &(index, number) in &*numbers {
            let row = self.rows.of_number(number);
            rows[index] = row;
            if self.rows.all[row as usize].key == NONE {
                keys.prefetch(Wanted::Number(number).hash());
            }
        }
        for &(index, _) in &*numbers {
            self.rows.key(rows[index], keys, texts);
        }
    }

    /// The model that is written to, the field that tells its rows apart, and the number of the value
    /// that it has in a row.
    pub(crate) fn id_of(&mut self, texts: &mut Texts, row: u32) -> (ModelId, FieldId, u32) {
        let value = self.rows.all.get_mut(row as usize).map_or(NONE, |row| {
            if row.value == NONE {
                row.value = texts.intern_number(row.number);
            }
            row.value
        });
        (self.model, self.id, value)
    }

    /// The cell of those who read the row that is meant by this selection, if that is known here; else
    /// [`NONE`], until it is set.
    pub(crate) fn cell_mut(&mut self, texts: &Texts, selection: &[u32]) -> Option<&mut u32> {
        let &[value, shape] = selection else {
            return None;
        };
        let text = texts.value(value).filter(|_| shape == self.shape)?;
        let row = match Wanted::of(text) {
            Wanted::Number(number) => self.rows.of_number(number),
            Wanted::Text(_) => self.rows.of_value(value),
        };
        Some(self.rows.cell_mut(row))
    }
}

/// The id of a row that was changed, if no more is said of it.
fn id_of<'w>(written: &'w Written, model: &Model, id: FieldId) -> Option<&'w str> {
    if written.operation != Operation::Update {
        return None;
    }
    let mut known: Option<&str> = None;
    for row in [&written.old, &written.new].into_iter().flatten() {
        let [(name, Value::Text(text))] = row.as_slice() else {
            return None;
        };
        if model.field(name) != Some(id) || known.is_some_and(|known| known != text) {
            return None;
        }
        known = Some(text);
    }
    known
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

impl Rows {
    #[inline]
    fn of_number(&mut self, number: u64) -> u32 {
        let hash = Wanted::Number(number).hash();
        let all = &self.all;
        let is_it = |row: u32| {
            all.get(row as usize)
                .is_some_and(|row| row.number == number)
        };
        if let Some(row) = self.by_number.find(hash, is_it) {
            return row;
        }
        let row = self.add(number, NONE);
        self.by_number.insert(hash, row);
        row
    }

    fn of_value(&mut self, value: u32) -> u32 {
        let place = value as usize;
        if self.by_value.len() <= place {
            self.by_value.resize(place + 1, NONE);
        }
        if self.by_value[place] == NONE {
            self.by_value[place] = self.add(0, value);
        }
        self.by_value[place]
    }

    fn add(&mut self, number: u64, value: u32) -> u32 {
        self.all.push(Row {
            number,
            value,
            key: NONE,
            cell: NONE,
        });
        (self.all.len() - 1) as u32
    }

    /// The cell of a row; [`NONE`]: it has none yet.
    #[inline]
    pub(super) fn cell_mut(&mut self, row: u32) -> &mut u32 {
        &mut self.all[row as usize].cell
    }

    /// The key that a row's id names, if that was found.
    #[inline]
    pub(super) fn known_key(&self, row: u32) -> Option<u32> {
        let key = self.all.get(row as usize).map(|row| row.key);
        key.filter(|&key| key != NONE)
    }

    /// The key that a row's id names, if the trace has it by now.
    #[inline]
    pub(super) fn key(&mut self, row: u32, keys: &mut TraceKeys, texts: &Texts) -> Option<u32> {
        let row = &mut self.all[row as usize];
        if row.key == NONE {
            let wanted = match texts.value(row.value) {
                Some(text) => Wanted::of(text),
                None => Wanted::Number(row.number),
            };
            row.key = keys.search(wanted).unwrap_or(NONE);
        }
        (row.key != NONE).then_some(row.key)
    }
}

impl Engine {
    /// What writes come to of which no more need be known than the row.
    #[inline]
    pub(crate) fn plain(&mut self) -> Option<&mut PlainWrites> {
        self.plain.as_mut().filter(|_| cfg!(feature = "lanes"))
    }

    /// The cell of a selection, if it is known, or else a new one where one is needed.
    pub(crate) fn cell_of(&mut self, selection: &[u32], is_needed: bool) -> Option<u32> {
        let plain = self.plain.as_mut();
        let plain = plain.filter(|_| cfg!(feature = "lanes") && self.observer.is_none());
        match plain.and_then(|plain| plain.cell_mut(&self.values, selection)) {
            Some(cell) => {
                if *cell == NONE && is_needed {
                    *cell = self.cells.unnamed(selection[1]);
                }
                Some(*cell).filter(|&cell| cell != NONE)
            }
            None if is_needed => Some(self.cells.cell(selection)),
            None => self.cells.find(selection),
        }
    }
}
