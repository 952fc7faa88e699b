//! Invalidation edges: which writes remove which copies.

use crate::ids::{BusId, FieldId, LevelId, ModelId};
use crate::policy::Place;
use crate::units::Duration;
use serde::{Deserialize, Serialize};

/// An `on …` block. One delivery applies its whole list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EdgeBlock {
    /// Where it stands.
    pub place: Place,
    /// The model written.
    pub model: ModelId,
    /// The operations.
    pub operations: Vec<Operation>,
    /// When it fires.
    pub timing: Timing,
    /// How it travels; `None`: in the writer's process, at once.
    pub bus: Option<BusId>,
    /// In the order in which a delivery applies them: finest level first, as written otherwise.
    pub actions: Vec<Action>,
}

/// What can happen to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// A new row.
    Create,
    /// A changed row.
    Update,
    /// A removed row.
    Delete,
}

impl Operation {
    /// Its word in the language.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// When an edge fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timing {
    /// After the commit.
    AfterCommit,
    /// Inside the transaction, this long before its commit.
    BeforeCommit {
        /// How long before.
        by: Duration,
    },
}

/// `purge article(slug) when changed(title)`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// Where it stands.
    pub place: Place,
    /// What it does to a copy.
    pub verb: Verb,
    /// To which copies.
    pub target: Target,
    /// Also to every copy that embeds one of them.
    pub cascade: bool,
    /// Only for writes that fulfil this.
    pub when: Option<Condition>,
}

impl Action {
    /// Can it raise the versions of a level's keys? By a tag, or by what they embed, of any level.
    #[must_use]
    pub fn may_bump(&self, level: LevelId) -> bool {
        let may_reach = match &self.target {
            Target::Level { level: named, .. } => self.cascade || *named == level,
            Target::Tag(_) => true,
        };
        self.verb == Verb::Bump && may_reach
    }
}

/// What an invalidation does to a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Removes it.
    Purge,
    /// Makes it stale at once; the stale windows apply.
    Expire,
    /// Raises the family's version: older copies are never read again.
    Bump,
}

/// Which copies an invalidation reaches. Every variant of each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Copies of a level.
    Level {
        /// The level.
        level: LevelId,
        /// For each of its parameters, in their order.
        args: Vec<TargetArg>,
    },
    /// Copies that bear a tag.
    Tag(Vec<TagPart>),
}

/// What a target's parameter is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetArg {
    /// `*`
    Any,
    /// Values of the row.
    Row(RowPath),
    /// This text.
    Literal(String),
}

/// A piece of a tag to purge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TagPart {
    /// As it is.
    Text(String),
    /// Values of the row; several make several tags.
    Row(RowPath),
}

/// A value of the written row, perhaps through references: `old.slug`, `each categories.slug`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowPath {
    /// Which image of the row.
    pub image: RowImage,
    /// Many values are meant.
    pub each: bool,
    /// Fields from the written model on; all but the last are references.
    pub path: Vec<FieldId>,
}

/// Images of a written row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowImage {
    /// Before the write.
    Old,
    /// After it.
    New,
    /// Both: a bare field.
    Both,
}

/// A condition on a write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// All of them.
    And(Vec<Condition>),
    /// One of them.
    Or(Vec<Condition>),
    /// Not that.
    Not(Box<Condition>),
    /// One of these fields changed; holds for a create and a delete too.
    Changed(Vec<FieldId>),
    /// One of the path's values is one of these.
    In(RowPath, Vec<String>),
}
