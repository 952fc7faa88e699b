//! Which actions reach every copy that a write concerns.

use crate::kinds::{Facts, Kind, Side};
use crate::ways::{Source, Way};
use cachepolicy_core::edge::{Action, EdgeBlock, RowPath, TagPart, Target, TargetArg};
use cachepolicy_core::ids::{FieldId, LevelId, ModelId};
use cachepolicy_core::level::{Level, Template, TemplatePart, ValueSource};
use cachepolicy_core::policy::Policy;

/// One action of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionRef {
    /// An index into the policy's edges.
    pub edge: usize,
    /// An index into the edge's actions.
    pub action: usize,
}

impl ActionRef {
    /// The block that it stands in.
    #[must_use]
    pub fn block(self, policy: &Policy) -> Option<&EdgeBlock> {
        policy.edges.get(self.edge)
    }

    /// The action.
    #[must_use]
    pub fn get(self, policy: &Policy) -> Option<&Action> {
        self.block(policy)?.actions.get(self.action)
    }
}

/// How much of what a write of some kind concerns an action reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reached {
    /// It is about something else.
    Nothing,
    /// Copies of the level, but not for each write of this kind.
    NotEachWrite,
    /// Copies of the level, but not all of those that the write concerns.
    SomeKeys,
    /// Of a moved row only the keys of one image.
    OneImage,
    /// All of them.
    All,
}

/// What a way is asked about.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) level: LevelId,
    pub(crate) way: &'a Way,
    pub(crate) facts: &'a Facts,
    pub(crate) kind: Kind,
}

impl Asked<'_> {
    /// What an action reaches of the copies on one side of the write.
    pub(crate) fn reached(&self, block: &EdgeBlock, action: &Action, side: Side) -> Reached {
        if block.model != self.facts.model {
            return Reached::Nothing;
        }
        let keys = match &action.target {
            Target::Level { level, args } if *level == self.level => self.keys(args, side),
            Target::Tag(parts) => self.tagged(parts, side),
            Target::Level { .. } => Reached::Nothing,
        };
        let fires = block.operations.contains(&self.kind.operation())
            && action
                .when
                .as_ref()
                .is_none_or(|when| self.facts.implies(self.kind, when));
        if fires || keys == Reached::Nothing {
            keys
        } else {
            Reached::NotEachWrite
        }
    }

    fn keys(&self, args: &[TargetArg], side: Side) -> Reached {
        let each = (0..).zip(args).map(|(param, arg)| match arg {
            TargetArg::Any => Reached::All,
            TargetArg::Literal(_) => Reached::SomeKeys,
            TargetArg::Row(path) => self.path(Source::Param(param), path, side),
        });
        each.min().unwrap_or(Reached::All)
    }

    /// Does a path name every value that the copies concerned have there?
    fn path(&self, at: Source, path: &RowPath, side: Side) -> Reached {
        let Some(field) = self.field_of(path) else {
            return Reached::SomeKeys;
        };
        if self.way.binds.binary_search(&(at, field)).is_err() {
            Reached::SomeKeys
        } else if side.is_in(path.image) {
            Reached::All
        } else {
            Reached::OneImage
        }
    }

    /// The field of the model whose values a path has; `None`: values of another row, or one of many.
    fn field_of(&self, path: &RowPath) -> Option<FieldId> {
        let (&first, rest) = path.path.split_first()?;
        let model = self.policy.models.get(self.facts.model.index())?;
        let reference = model.fields.get(first.index())?.reference;
        let names_all = path.each || reference.is_none_or(|reference| !reference.many);
        // A reference's value is the id of the row that it names.
        let is_value = match (rest, reference) {
            ([], _) => true,
            ([last], Some(reference)) => Some(*last) == id_of(self.policy, reference.model),
            _ => false,
        };
        (names_all && is_value).then_some(first)
    }

    fn tagged(&self, parts: &[TagPart], side: Side) -> Reached {
        let level = self.policy.levels.get(self.level.index());
        let tags = level.into_iter().flat_map(|level: &Level| &level.tags);
        let reached = tags.map(|tag| self.tag(tag, parts, side));
        reached.max().unwrap_or(Reached::Nothing)
    }

    /// Do all copies that are concerned bear the tag that an action purges?
    fn tag(&self, tag: &Template, parts: &[TagPart], side: Side) -> Reached {
        if tag.parts.len() != parts.len() {
            return Reached::Nothing;
        }
        let each = tag.parts.iter().zip(parts).map(|(own, part)| {
            let value = match (own, part) {
                (TemplatePart::Text(own), TagPart::Text(text)) => {
                    return if own == text {
                        Reached::All
                    } else {
                        Reached::Nothing
                    };
                }
                (TemplatePart::Value(value) | TemplatePart::Each(value), TagPart::Row(path)) => {
                    (value, path)
                }
                (TemplatePart::Text(_), _) | (_, TagPart::Text(_)) => return Reached::Nothing,
            };
            match value {
                (ValueSource::Param(param), path) => self.path(Source::Param(*param), path, side),
                (ValueSource::Data(data), path) => self.path(Source::Data(*data), path, side),
                (ValueSource::Dimension(_) | ValueSource::Literal(_), _) => Reached::SomeKeys,
            }
        });
        each.min().unwrap_or(Reached::All)
    }
}

/// The field that identifies a model's rows.
pub(crate) fn id_of(policy: &Policy, model: ModelId) -> Option<FieldId> {
    policy.models.get(model.index())?.field("id")
}
