//! A write that a level's copies miss.

use super::WriteStep;
use super::delay::PlaceDelay;
use super::values::{Params, value};
use crate::bounds::missed::{Missed, Reason};
use crate::kinds::Kind;
use crate::structure::Structure;
use cachepolicy_core::edge::{Condition, RowImage, TagPart, Target, TargetArg};
use cachepolicy_core::ids::{FieldId, ModelId};
use cachepolicy_core::level::{Level, Read};
use cachepolicy_core::policy::Model;

/// Values of fields that nothing goes by.
const BEFORE: &str = "x1";
const AFTER: &str = "x2";
/// Of a row's other image.
const OTHER: &str = "90";
/// The id of a row that nothing names by it.
const ID: &str = "80";

/// A write of a kind to a row that a read selects.
pub(super) fn write<'m>(
    whole: Structure<'_>,
    (level, read, params): (&Level, &Read, &Params),
    kind: Kind,
    mut missed: impl Iterator<Item = &'m Missed>,
    delays: Vec<PlaceDelay>,
) -> Option<WriteStep> {
    let model = whole.policy.models.get(read.model.index())?;
    let one_image = missed.find(|missed| missed.reason == Reason::OneImage);
    let named = one_image.and_then(|missed| named_image(whole, missed));
    let changed = match kind {
        Kind::Create | Kind::Delete => None,
        Kind::Update(Some(field)) | Kind::Move(field) => Some(field),
        Kind::Update(None) => Some(unnamed_field(whole, model, read)?),
    };
    let image = |is_old: bool| {
        let fields = (0..).map(FieldId).zip(&model.fields);
        let values = fields.map(|(id, field)| {
            let selects = read.bindings.iter().find(|binding| binding.field == id);
            let own = match selects {
                Some(binding) => value(whole, level, &binding.value, params),
                None if field.name == "id" => Some(ID.to_owned()),
                None => Some(BEFORE.to_owned()),
            };
            let is_moved = kind == Kind::Move(id);
            // The image that no action names has the key of the copy.
            let is_other = is_moved && is_old == (named == Some(RowImage::Old));
            let value = if is_other {
                Some(OTHER.to_owned())
            } else if changed == Some(id) && !is_moved && !is_old {
                Some(AFTER.to_owned())
            } else {
                own
            };
            (field.name.clone(), value)
        });
        values.collect::<Vec<_>>()
    };
    Some(WriteStep {
        model: read.model,
        operation: kind.operation(),
        old: (kind != Kind::Create).then(|| image(true)),
        new: (kind != Kind::Delete).then(|| image(false)),
        process: Some(whole.policy.processes.saturating_sub(1).min(1)),
        delays,
    })
}

/// Of an action that names one image of a moved row: which one.
fn named_image(whole: Structure<'_>, missed: &Missed) -> Option<RowImage> {
    let action = missed.action?.get(whole.policy)?;
    let paths: Vec<RowImage> = match &action.target {
        Target::Level { args, .. } => args
            .iter()
            .filter_map(|arg| match arg {
                TargetArg::Row(path) => Some(path.image),
                TargetArg::Any | TargetArg::Literal(_) => None,
            })
            .collect(),
        Target::Tag(parts) => parts
            .iter()
            .filter_map(|part| match part {
                TagPart::Row(path) => Some(path.image),
                TagPart::Text(_) => None,
            })
            .collect(),
    };
    paths.into_iter().find(|image| *image != RowImage::Both)
}

/// A field that selects nothing and that no condition goes by, if there is one.
fn unnamed_field(whole: Structure<'_>, model: &Model, read: &Read) -> Option<FieldId> {
    let fields = (0..model.fields.len()).map(|index| FieldId(index as u16));
    let selects = |field: &FieldId| read.bindings.iter().any(|binding| binding.field == *field);
    let free: Vec<FieldId> = fields
        .filter(|field| !selects(field) && Some(*field) != model.field("id"))
        .collect();
    let named = conditions(whole, read.model);
    let unnamed = free.iter().find(|field| !named.contains(field));
    unnamed.or(free.first()).copied()
}

/// The fields by which conditions go.
fn conditions(whole: Structure<'_>, model: ModelId) -> Vec<FieldId> {
    fn add(condition: &Condition, to: &mut Vec<FieldId>) {
        match condition {
            Condition::And(all) | Condition::Or(all) => all.iter().for_each(|each| add(each, to)),
            Condition::Not(inner) => add(inner, to),
            Condition::Changed(fields) => to.extend(fields),
            Condition::In(path, _) => to.extend(path.path.first()),
        }
    }
    let mut fields = Vec::new();
    let blocks = whole
        .policy
        .edges
        .iter()
        .filter(|block| block.model == model);
    for action in blocks.flat_map(|block| &block.actions) {
        if let Some(condition) = &action.when {
            add(condition, &mut fields);
        }
    }
    fields
}
