//! What a write invalidates: the actions of an edge block that apply, with the values that the
//! written row gives them.

use crate::edge::{Action, Condition, EdgeBlock, Operation, RowImage, RowPath, TagPart, Target};
use crate::edge::{TargetArg, Verb};
use crate::ids::{FieldId, LevelId, ModelId};
use crate::key::push_value;
use crate::level::Read;
use crate::route::MAX_PARAMS;
use crate::tags::{Combinations, MAX_EACH};
use core::ops::Range;
use std::collections::HashSet;

/// Combinations of `each` values that one action names; with more of them the parameters that have
/// several values are taken for `*`, which invalidates too much, never too little.
pub const MAX_COMBINATIONS: usize = 10_000;

/// One image of a written row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Image {
    /// Before the write.
    Old,
    /// After it.
    New,
}

/// A write to a row, as the driver knows it.
pub trait WrittenRow {
    /// The row's model.
    fn model(&self) -> ModelId;
    /// What happened to it.
    fn operation(&self) -> Operation;
    /// Does the field differ between the images? Only asked of an update; a driver that knows one
    /// image alone says yes.
    fn changed(&self, field: FieldId) -> bool;
    /// Calls `visit` for each value that `path` has on an image, through references as of the write;
    /// `None` is null. No call where there is no such image or no such row. A driver that knows one
    /// image of an update alone gives its values for both.
    fn values(&self, image: Image, path: &[FieldId], visit: &mut impl FnMut(Option<&str>));
}

/// What a parameter of a target is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Binding<'a> {
    /// Any value: `*`.
    Any,
    /// The absent value.
    Absent,
    /// This value.
    Value(&'a str),
}

/// Which copies an effect reaches, every variant of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectTarget<'a> {
    /// Copies of a level.
    Level {
        /// The level.
        level: LevelId,
        /// For each of its parameters.
        args: &'a [Binding<'a>],
    },
    /// Copies that bear this tag, encoded as [`crate::tags`] does.
    Tag(&'a str),
}

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effect<'a> {
    /// The action that says so, by index into the block's.
    pub action: usize,
    /// What to do.
    pub verb: Verb,
    /// To which copies.
    pub target: EffectTarget<'a>,
    /// Also to every copy that embeds one of them.
    pub cascade: bool,
}

/// Memory that [`effects`] uses again from call to call.
#[derive(Debug, Default)]
pub struct EffectBuffer {
    text: String,
    /// Where each value stands in `text`; `None` is null.
    values: Vec<Option<Range<usize>>>,
    /// Where the values of each row path stand in `values`: on the image in hand, and on the other.
    own: Vec<Range<usize>>,
    other: Vec<Range<usize>>,
    tag: String,
}

/// Calls `visit` for everything that `block` does for this write, action by action in the block's
/// order. A bare path stands for the old image and for the new one: the action applies to the values
/// of the one, then to those of the other where they differ; images are not mixed unless the action
/// says `old.` or `new.` itself. Nothing is named twice within one action.
pub fn effects(
    block: &EdgeBlock,
    row: &impl WrittenRow,
    buffer: &mut EffectBuffer,
    mut visit: impl FnMut(Effect<'_>),
) {
    if block.model != row.model() || !block.operations.contains(&row.operation()) {
        return;
    }
    for (index, action) in block.actions.iter().enumerate() {
        if action.when.as_ref().is_none_or(|when| holds(when, row)) {
            apply(index, action, row, buffer, &mut visit);
        }
    }
}

/// Does a condition hold for a write?
pub fn holds(condition: &Condition, row: &impl WrittenRow) -> bool {
    match condition {
        Condition::And(all) => all.iter().all(|each| holds(each, row)),
        Condition::Or(any) => any.iter().any(|each| holds(each, row)),
        Condition::Not(inner) => !holds(inner, row),
        Condition::Changed(fields) => {
            row.operation() != Operation::Update || fields.iter().any(|&field| row.changed(field))
        }
        Condition::In(path, texts) => {
            let mut found = false;
            for image in images(path.image) {
                row.values(*image, &path.path, &mut |value| {
                    found |= value.is_some_and(|value| texts.iter().any(|text| text == value));
                });
            }
            found
        }
    }
}

/// Can a write change what this read gives? It does if it creates or deletes a row, or changes a
/// field that is read or by which rows are selected. (Whether it is one of the rows selected the
/// bindings say.)
pub fn concerns(read: &Read, row: &impl WrittenRow) -> bool {
    read.model == row.model()
        && match (&read.fields, row.operation()) {
            (_, Operation::Create | Operation::Delete) | (None, Operation::Update) => true,
            (Some(fields), Operation::Update) => {
                let selecting = read.bindings.iter().map(|binding| binding.field);
                fields
                    .iter()
                    .copied()
                    .chain(selecting)
                    .any(|field| row.changed(field))
            }
        }
}

const fn images(image: RowImage) -> &'static [Image] {
    match image {
        RowImage::Old => &[Image::Old],
        RowImage::New => &[Image::New],
        RowImage::Both => &[Image::Old, Image::New],
    }
}

/// The row paths of a target, in the order of its parameters or parts.
fn paths(target: &Target) -> impl Iterator<Item = &RowPath> {
    let (args, parts) = match target {
        Target::Level { args, .. } => (args.as_slice(), [].as_slice()),
        Target::Tag(parts) => ([].as_slice(), parts.as_slice()),
    };
    let of_args = args.iter().filter_map(|arg| match arg {
        TargetArg::Row(path) => Some(path),
        TargetArg::Any | TargetArg::Literal(_) => None,
    });
    let of_parts = parts.iter().filter_map(|part| match part {
        TagPart::Row(path) => Some(path),
        TagPart::Text(_) => None,
    });
    of_args.chain(of_parts)
}

fn apply(
    index: usize,
    action: &Action,
    row: &impl WrittenRow,
    buffer: &mut EffectBuffer,
    visit: &mut impl FnMut(Effect<'_>),
) {
    buffer.text.clear();
    buffer.values.clear();
    buffer.gather(Image::New, &action.target, row);
    let is_twofold = paths(&action.target).any(|path| path.image == RowImage::Both);
    if is_twofold {
        core::mem::swap(&mut buffer.own, &mut buffer.other);
        buffer.gather(Image::Old, &action.target, row);
    } else {
        buffer.other.clear();
    }
    let EffectBuffer {
        text,
        values,
        own,
        other,
        tag,
    } = buffer;
    let values = Values { text, values };
    let limit = match action.target {
        Target::Level { .. } => MAX_COMBINATIONS,
        Target::Tag(_) => usize::MAX,
    };
    let mut emit = |chosen: &[Binding<'_>]| {
        let mut bound = [Binding::Any; MAX_PARAMS];
        let target = match &action.target {
            Target::Level { level, args } => EffectTarget::Level {
                level: *level,
                args: bind(args, chosen, &mut bound),
            },
            Target::Tag(parts) => {
                tag.clear();
                push_tag(parts, chosen, tag);
                EffectTarget::Tag(tag)
            }
        };
        visit(Effect {
            action: index,
            verb: action.verb,
            target,
            cascade: action.cascade,
        });
    };
    let is_widened = values.for_each_combination(own, limit, &mut emit);
    if is_twofold {
        values.for_each_combination(other, limit, &mut |chosen| {
            // Every combination of the old image's values was named already.
            let was_named = own.len() == chosen.len()
                && own.iter().zip(chosen).all(|(list, binding)| {
                    (is_widened && list.len() > 1) || values.list_has(list, *binding)
                });
            if !was_named {
                emit(chosen);
            }
        });
    }
}

fn bind<'a>(
    args: &'a [TargetArg],
    chosen: &[Binding<'a>],
    bound: &'a mut [Binding<'a>; MAX_PARAMS],
) -> &'a [Binding<'a>] {
    let mut chosen = chosen.iter();
    for (slot, arg) in bound.iter_mut().zip(args) {
        *slot = match arg {
            TargetArg::Any => Binding::Any,
            TargetArg::Literal(text) => Binding::Value(text),
            TargetArg::Row(_) => chosen.next().copied().unwrap_or(Binding::Any),
        };
    }
    bound.get(..args.len()).unwrap_or_default()
}

fn push_tag(parts: &[TagPart], chosen: &[Binding<'_>], tag: &mut String) {
    let mut chosen = chosen.iter();
    for part in parts {
        match part {
            TagPart::Text(text) => tag.push_str(text),
            TagPart::Row(_) => {
                let value = match chosen.next() {
                    Some(Binding::Value(value)) => Some(*value),
                    Some(Binding::Absent | Binding::Any) | None => None,
                };
                push_value(value, None, tag);
            }
        }
    }
}

impl EffectBuffer {
    /// Notes in `own` the different values of each of the target's row paths on `image`, or on the
    /// image that the path names itself.
    fn gather(&mut self, image: Image, target: &Target, row: &impl WrittenRow) {
        self.own.clear();
        for path in paths(target) {
            let image = match path.image {
                RowImage::Old => Image::Old,
                RowImage::New => Image::New,
                RowImage::Both => image,
            };
            let start = self.values.len();
            let (text, values) = (&mut self.text, &mut self.values);
            row.values(image, &path.path, &mut |value| {
                // Without `each` a path names one value.
                if path.each || values.len() == start {
                    let begin = text.len();
                    text.push_str(value.unwrap_or_default());
                    values.push(value.map(|_| begin..text.len()));
                }
            });
            self.drop_repeated(start);
            self.own.push(start..self.values.len());
        }
    }

    /// Leaves each value from `start` on only where it comes first.
    fn drop_repeated(&mut self, start: usize) {
        if self.values.len() < start + 2 {
            return;
        }
        let list = self.values.split_off(start);
        let text = self.text.as_str();
        let mut seen = HashSet::new();
        self.values.extend(
            list.into_iter()
                .filter(|range| seen.insert(range.as_ref().map(|range| text.get(range.clone())))),
        );
    }
}

/// The values that an action found.
#[derive(Clone, Copy)]
struct Values<'b> {
    text: &'b str,
    values: &'b [Option<Range<usize>>],
}

impl<'b> Values<'b> {
    fn get(&self, index: usize) -> Binding<'b> {
        match self.values.get(index) {
            Some(Some(range)) => Binding::Value(self.text.get(range.clone()).unwrap_or_default()),
            Some(None) | None => Binding::Absent,
        }
    }

    fn list_has(&self, list: &Range<usize>, wanted: Binding<'_>) -> bool {
        list.clone().any(|index| self.get(index) == wanted)
    }

    /// Calls `visit` for every choice of one value from each list, or, if there are more than
    /// `limit`, once with [`Binding::Any`] for the lists that have several; says which.
    fn for_each_combination(
        &self,
        lists: &[Range<usize>],
        limit: usize,
        visit: &mut impl FnMut(&[Binding<'_>]),
    ) -> bool {
        let mut chosen = [Binding::Any; MAX_EACH];
        let mut combinations = Combinations::of(lists.iter().map(Range::len));
        let is_too_many = combinations.count() > limit;
        while let Some(choice) = combinations.next() {
            for ((slot, list), offset) in chosen.iter_mut().zip(lists).zip(choice) {
                *slot = if is_too_many && list.len() > 1 {
                    Binding::Any
                } else {
                    self.get(list.start + offset)
                };
            }
            visit(chosen.get(..choice.len()).unwrap_or_default());
            if is_too_many {
                break;
            }
        }
        is_too_many
    }
}

#[cfg(test)]
mod tests;
