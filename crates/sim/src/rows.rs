//! Rows that writes show: their fields before and after, and what is known of other rows from
//! earlier writes.

use crate::delays::FixedDelays;
use crate::intern::{NONE, Texts};
use crate::selections::Row;
use cachepolicy_core::edge::Operation;
use cachepolicy_core::effects::{Image, WrittenRow};
use cachepolicy_core::ids::{FieldId, ModelId};
use cachepolicy_core::policy::Policy;
use cachepolicy_trace::event::{self, Value};
use rustc_hash::FxHashMap;
use smallvec::{SmallVec, smallvec};
use std::sync::Arc;

/// Values of a field, several for a reference to many; [`NONE`] is null.
pub(crate) type Values = SmallVec<[u32; 2]>;

/// A field's values, where they are known.
type Field = Option<Values>;

/// A row as far as it is known: a place for each field of its model.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownRow {
    fields: Vec<Field>,
}

/// One image of a written row, with the rows that it refers to as far as the trace has them.
#[derive(Debug, Clone, Default)]
struct Shown {
    row: KnownRow,
    /// What it is known by.
    id: u32,
    /// The field that says so, if it is `id`.
    id_field: Option<FieldId>,
    others: Vec<(ModelId, u32, KnownRow)>,
}

/// A write.
#[derive(Debug, Clone)]
pub(crate) struct WrittenImages {
    model: ModelId,
    operation: Operation,
    old: Option<Shown>,
    new: Option<Shown>,
    /// Of its deliveries, as far as the trace has them beside the fields.
    pub(crate) delays: FixedDelays,
}

/// A row of a block's writes.
#[derive(Debug)]
pub(crate) enum Written {
    /// No more is said of it than its id; it has this number: see [`crate::lane`].
    Plain(u32),
    /// All that is said of it.
    Images(Arc<WrittenImages>),
}

impl KnownRow {
    /// Has a field one value?
    fn has_one(&self, field: FieldId) -> bool {
        let values = self.fields.get(field.index()).and_then(Option::as_ref);
        values.is_some_and(|values| values.len() == 1)
    }
}

impl Shown {
    /// Does it say no more than which row it is?
    fn only_says_which(&self) -> bool {
        let known = self.row.fields.iter().filter(|field| field.is_some());
        self.id_field.is_some() && known.count() == 1
    }
}

impl WrittenImages {
    pub(crate) fn new(
        policy: &Policy,
        texts: &mut Texts,
        model: ModelId,
        operation: Operation,
        (old, new): (Option<&event::Row>, Option<&event::Row>),
    ) -> Self {
        let delays = FixedDelays::new(policy, [old, new]);
        let mut show = |row: &event::Row| {
            let mut shown = Shown::default();
            shown.row = read(policy, texts, model, row, &mut shown.others, 0);
            shown.id = identity(policy, model, &shown.row);
            shown.id_field = policy.models[model.index()]
                .field("id")
                .filter(|id| shown.row.has_one(*id));
            shown
        };
        let (old, new) = (old.map(&mut show), new.map(&mut show));
        // Whichever image the trace has of a row that was made or removed is the one.
        let (old, new) = match operation {
            Operation::Create => (None, new.or(old)),
            Operation::Delete => (old.or(new), None),
            Operation::Update => (old, new),
        };
        Self {
            model,
            operation,
            old,
            new,
            delays,
        }
    }
}

impl WrittenImages {
    /// Of a row that was changed, of which no more is known than the number of its id.
    pub(crate) fn of_id(policy: &Policy, (model, field, id): (ModelId, FieldId, u32)) -> Self {
        let mut row = KnownRow {
            fields: vec![None; policy.models[model.index()].fields.len()],
        };
        row.fields[field.index()] = Some(smallvec![id]);
        Self {
            model,
            operation: Operation::Update,
            old: None,
            new: Some(Shown {
                row,
                id,
                id_field: Some(field),
                others: Vec::new(),
            }),
            delays: FixedDelays::default(),
        }
    }
}

/// How deep rows in rows are followed.
const DEPTH_MAX: usize = 8;

fn read(
    policy: &Policy,
    texts: &mut Texts,
    model: ModelId,
    row: &event::Row,
    others: &mut Vec<(ModelId, u32, KnownRow)>,
    depth: usize,
) -> KnownRow {
    let declared = &policy.models[model.index()];
    let mut known = KnownRow {
        fields: vec![None; declared.fields.len()],
    };
    for (name, value) in row {
        let Some(field) = declared.field(name) else {
            continue;
        };
        let reference = declared.fields[field.index()].reference;
        let mut ids = Values::new();
        let mut add = |value: &Value, texts: &mut Texts| {
            ids.push(match value {
                Value::Null => NONE,
                Value::Text(text) => texts.intern(text),
                Value::Row(inner) => {
                    let target = reference.filter(|_| depth < DEPTH_MAX);
                    let Some(target) = target else { return };
                    let inner = read(policy, texts, target.model, inner, others, depth + 1);
                    let id = identity(policy, target.model, &inner);
                    others.push((target.model, id, inner));
                    id
                }
                Value::List(_) => return,
            });
        };
        match value {
            Value::List(values) => values.iter().for_each(|value| add(value, texts)),
            one => add(one, texts),
        }
        known.fields[field.index()] = Some(ids);
    }
    known
}

/// What a row is known by: its `id`, else the first field that is known.
fn identity(policy: &Policy, model: ModelId, row: &KnownRow) -> u32 {
    let id = policy.models[model.index()].field("id");
    let first = |field: &Field| field.as_ref().and_then(|values| values.first().copied());
    id.and_then(|id| row.fields.get(id.index()).and_then(first))
        .or_else(|| row.fields.iter().find_map(first))
        .unwrap_or(NONE)
}

/// Rows that earlier writes showed.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    known: FxHashMap<(ModelId, u32), KnownRow>,
}

impl Rows {
    /// A write's rows are known from now on.
    pub(crate) fn learn(&mut self, write: &WrittenImages) {
        for shown in [&write.old, &write.new].into_iter().flatten() {
            for (model, id, row) in &shown.others {
                self.add(*model, *id, row);
            }
        }
        match (&write.new, &write.old) {
            // What is known of a row anyway need not be remembered.
            (Some(new), _) if new.only_says_which() => {}
            (Some(new), _) => {
                self.add(write.model, new.id, &new.row);
            }
            (None, Some(old)) => {
                self.known.remove(&(write.model, old.id));
            }
            (None, None) => {}
        }
    }

    fn add(&mut self, model: ModelId, id: u32, row: &KnownRow) {
        let known = self.known.entry((model, id)).or_default();
        known
            .fields
            .resize(row.fields.len().max(known.fields.len()), None);
        for (known, shown) in known.fields.iter_mut().zip(&row.fields) {
            if shown.is_some() {
                known.clone_from(shown);
            }
        }
    }
}

/// A write among the rows that were known before it.
pub(crate) struct RowView<'e> {
    pub(crate) policy: &'e Policy,
    pub(crate) texts: &'e Texts,
    pub(crate) rows: &'e Rows,
    pub(crate) write: &'e WrittenImages,
}

impl RowView<'_> {
    /// An image; of an update of which only one is known, that one.
    fn shown(&self, image: Image) -> Option<&Shown> {
        let (old, new) = (self.write.old.as_ref(), self.write.new.as_ref());
        let is_update = self.write.operation == Operation::Update;
        match image {
            Image::Old => old.or(new.filter(|_| is_update)),
            Image::New => new.or(old.filter(|_| is_update)),
        }
    }

    /// What earlier writes showed of the written row.
    fn before(&self, id: u32) -> Option<&KnownRow> {
        self.rows.known.get(&(self.write.model, id))
    }

    /// A field of an image: the trace's, else the one known from earlier writes, else the row's
    /// identity.
    fn field(&self, image: Image, shown: &Shown, field: FieldId) -> Values {
        let id = shown.id;
        if shown.id_field == Some(field) {
            return smallvec![id];
        }
        let earlier = self
            .before(id)
            .and_then(|row| row.fields.get(field.index()));
        let own = shown.row.fields.get(field.index());
        // Of an update of which the trace has only the new image, what was known is the old one.
        let is_known_older = image == Image::Old && self.write.old.is_none();
        let found = if is_known_older {
            earlier
                .and_then(Option::as_ref)
                .or(own.and_then(Option::as_ref))
        } else {
            own.and_then(Option::as_ref)
                .or(earlier.and_then(Option::as_ref))
        };
        found.cloned().unwrap_or_else(|| smallvec![id])
    }

    /// A field of another row.
    fn other(&self, shown: &Shown, model: ModelId, id: u32, field: FieldId) -> Values {
        let of = |row: &KnownRow| row.fields.get(field.index()).cloned().flatten();
        let in_trace = shown
            .others
            .iter()
            .rev()
            .find_map(|(known, known_id, row)| {
                (*known == model && *known_id == id)
                    .then(|| of(row))
                    .flatten()
            });
        in_trace
            .or_else(|| self.rows.known.get(&(model, id)).and_then(of))
            .unwrap_or_else(|| smallvec![id])
    }

    fn follow(&self, image: Image, path: &[FieldId]) -> Values {
        let (Some(shown), Some((&first, rest))) = (self.shown(image), path.split_first()) else {
            return Values::new();
        };
        let mut ids = self.field(image, shown, first);
        let mut model = self.write.model;
        let mut last = first;
        for &field in rest {
            let declared = self.policy.models[model.index()].fields.get(last.index());
            let Some(reference) = declared.and_then(|field| field.reference) else {
                return Values::new();
            };
            model = reference.model;
            ids = ids
                .into_iter()
                .filter(|&id| id != NONE)
                .flat_map(|id| self.other(shown, model, id, field))
                .collect();
            last = field;
        }
        ids
    }
}

impl WrittenRow for RowView<'_> {
    fn model(&self) -> ModelId {
        self.write.model
    }

    fn operation(&self) -> Operation {
        self.write.operation
    }

    fn changed(&self, field: FieldId) -> bool {
        let (Some(old), Some(new)) = (&self.write.old, &self.write.new) else {
            let Some(new) = self.write.new.as_ref().or(self.write.old.as_ref()) else {
                return true;
            };
            // One image alone: changed, unless an earlier write showed the same value.
            let id = new.id;
            let of = |row: &KnownRow| row.fields.get(field.index()).cloned().flatten();
            return match (self.before(id).and_then(of), of(&new.row)) {
                (Some(before), Some(after)) => before != after,
                _ => true,
            };
        };
        let differs = |index: usize| match (old.row.fields.get(index), new.row.fields.get(index)) {
            (Some(Some(before)), Some(Some(after))) => before != after,
            (Some(None), Some(Some(_))) | (Some(Some(_)), Some(None)) => true,
            _ => false,
        };
        let says = |row: &KnownRow| matches!(row.fields.get(field.index()), Some(Some(_)));
        if says(&old.row) && says(&new.row) {
            return differs(field.index());
        }
        // Images that only say which row it was do not say what else changed.
        let count = self.policy.models[self.write.model.index()].fields.len();
        differs(field.index()) || !(0..count).any(differs)
    }

    fn values(&self, image: Image, path: &[FieldId], visit: &mut impl FnMut(Option<&str>)) {
        for id in self.follow(image, path) {
            visit(self.texts.value(id));
        }
    }
}

impl Row for RowView<'_> {
    fn ids(&self, image: Image, field: FieldId) -> Values {
        self.follow(image, &[field])
    }
}
