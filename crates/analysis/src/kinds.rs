//! Kinds of writes: what can happen to a row that a read selects.

use cachepolicy_core::edge::{Condition, Operation, RowImage};
use cachepolicy_core::ids::{FieldId, ModelId};
use cachepolicy_core::level::{Read, ValueSource};
use std::collections::BTreeSet;

/// What a write does to the rows of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A new row.
    Create,
    /// A row is gone.
    Delete,
    /// A field that is read changes; `None`: any field.
    Update(Option<FieldId>),
    /// A field by which rows are selected changes: the row leaves one selection for another.
    Move(FieldId),
}

/// Which image of the row says which copies are affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Side {
    /// The one before the write.
    Old,
    /// The one after it.
    New,
    /// They are the same.
    Either,
}

impl Side {
    /// Does a path of an action have the value of this side?
    pub(crate) const fn is_in(self, image: RowImage) -> bool {
        matches!(
            (self, image),
            (Self::Either, _)
                | (_, RowImage::Both)
                | (Self::Old, RowImage::Old)
                | (Self::New, RowImage::New)
        )
    }
}

impl Kind {
    /// The operation.
    #[must_use]
    pub const fn operation(self) -> Operation {
        match self {
            Self::Create => Operation::Create,
            Self::Delete => Operation::Delete,
            Self::Update(_) | Self::Move(_) => Operation::Update,
        }
    }

    /// The rarer kinds of writes have the greater ones.
    pub(crate) const fn rarity(self) -> u8 {
        match self {
            Self::Update(_) => 0,
            Self::Move(_) => 1,
            Self::Delete => 2,
            Self::Create => 3,
        }
    }

    /// The images that say which copies are affected.
    pub(crate) const fn sides(self) -> &'static [Side] {
        match self {
            Self::Create => &[Side::New],
            Self::Delete => &[Side::Old],
            Self::Update(_) => &[Side::Either],
            Self::Move(_) => &[Side::Old, Side::New],
        }
    }
}

/// What a read looks at, without the level that reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Facts {
    pub(crate) model: ModelId,
    /// `None`: any field.
    fields: Option<BTreeSet<FieldId>>,
    /// The fields by which rows are selected.
    selecting: BTreeSet<FieldId>,
    /// Only rows with this value of a field.
    only: Vec<(FieldId, String)>,
}

impl Facts {
    pub(crate) fn of(read: &Read) -> Self {
        let only = read
            .bindings
            .iter()
            .filter_map(|binding| match &binding.value {
                ValueSource::Literal(text) => Some((binding.field, text.clone())),
                ValueSource::Param(_) | ValueSource::Dimension(_) | ValueSource::Data(_) => None,
            });
        Self {
            model: read.model,
            fields: read
                .fields
                .as_ref()
                .map(|fields| fields.iter().copied().collect()),
            selecting: read.bindings.iter().map(|binding| binding.field).collect(),
            only: only.collect(),
        }
    }

    /// Does the read select one row at most, which the field `id` names?
    pub(crate) fn is_one_row(&self, id: Option<FieldId>) -> bool {
        id.is_some_and(|id| self.selecting.contains(&id))
    }

    /// The kinds of writes that can change what it gives.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        let mut kinds = vec![Kind::Create, Kind::Delete];
        match &self.fields {
            None => kinds.push(Kind::Update(None)),
            Some(fields) => {
                let others = fields.difference(&self.selecting);
                kinds.extend(others.map(|&field| Kind::Update(Some(field))));
            }
        }
        kinds.extend(self.selecting.iter().map(|&field| Kind::Move(field)));
        kinds
    }

    /// Does every write of this kind to a row that the read selects fulfil the condition?
    pub(crate) fn implies(&self, kind: Kind, condition: &Condition) -> bool {
        match condition {
            Condition::And(all) => all.iter().all(|each| self.implies(kind, each)),
            Condition::Or(any) => any.iter().any(|each| self.implies(kind, each)),
            Condition::Not(_) => false,
            Condition::Changed(fields) => match kind {
                Kind::Create | Kind::Delete => true,
                Kind::Update(None) => false,
                Kind::Update(Some(field)) | Kind::Move(field) => fields.contains(&field),
            },
            // A row that the read selects has its value on one image at least: on the only one, or
            // on both where the field stays.
            Condition::In(path, texts) => {
                let [field] = path.path[..] else {
                    return false;
                };
                let has_it = self
                    .only
                    .iter()
                    .any(|(own, text)| *own == field && texts.contains(text));
                let image_fits = match kind {
                    Kind::Create => path.image != RowImage::Old,
                    Kind::Delete => path.image != RowImage::New,
                    Kind::Update(_) => true,
                    Kind::Move(moved) => moved != field || path.image == RowImage::Both,
                };
                has_it && image_fits
            }
        }
    }
}
