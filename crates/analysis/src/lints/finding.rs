//! What a lint says: a sentence, the parts of the policy that it is about, what to do.

use crate::cover::ActionRef;
use cachepolicy_core::ids::{BackendId, BusId, DimensionId, LevelId, OriginId};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Probably not what was meant.
    Warning,
    /// Certainly a fault: the policy must not be deployed.
    Error,
}

/// A part of a policy. Whoever has the text knows where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A dimension's name.
    Dimension(DimensionId),
    /// An origin's name.
    Origin(OriginId),
    /// A backend's name.
    Backend(BackendId),
    /// A bus's name.
    Bus(BusId),
    /// A level's name.
    Level(LevelId),
    /// A level's property, by its word; of one that is not written, the level's name.
    Property(LevelId, &'static str),
    /// One of a level's `reads`.
    Read(LevelId, usize),
    /// One of the elements of a level's `contains`.
    Contain(LevelId, usize),
    /// The header of an `on` block, by its index.
    Edge(usize),
    /// One action.
    Action(ActionRef),
    /// A workload's name, by its index.
    Workload(usize),
    /// A claim, by its index.
    Claim(usize),
}

/// A place and what to say there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub place: Place,
    /// A few words, lower case, no full stop.
    pub text: String,
}

/// A change of the policy's text that mends what was found, whatever else stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does, in the imperative.
    pub title: String,
    /// The change.
    pub edit: Edit,
}

/// A change of the policy's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// A new property of a level, behind the one of that word, which is written.
    Property(LevelId, &'static str, String),
    /// More words at the end of what stands at a place.
    Behind(Place, String),
    /// A new action at the end of an `on` block.
    Action(usize, String),
}

/// Something that an author should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The lint's code.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence in the user's terms: lower case, no full stop, the user's words in backticks.
    pub message: String,
    /// Where; its words may be empty.
    pub primary: Label,
    /// Other places that belong to it.
    pub related: Vec<Label>,
    /// What to do.
    pub help: String,
    /// A certain mending.
    pub fix: Option<Fix>,
}

/// Most places that are shown beside the primary one.
const MAX_RELATED: usize = 4;

impl Finding {
    /// A finding of a lint without words at its place, related places and fix.
    pub(super) fn new(
        lint: &super::Lint,
        place: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            code: lint.code,
            severity: lint.severity,
            message: message.into(),
            primary: Label {
                place,
                text: String::new(),
            },
            related: Vec::new(),
            help: help.into(),
            fix: None,
        }
    }

    /// Words at the primary place.
    pub(super) fn label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// Another place, unless there are enough of them or it is there already.
    pub(super) fn related(mut self, place: Place, text: impl Into<String>) -> Self {
        let is_known = self.related.iter().any(|label| label.place == place);
        if self.related.len() < MAX_RELATED && !is_known {
            self.related.push(Label {
                place,
                text: text.into(),
            });
        }
        self
    }

    /// A certain mending.
    pub(super) fn fix(mut self, title: impl Into<String>, edit: Edit) -> Self {
        self.fix = Some(Fix {
            title: title.into(),
            edit,
        });
        self
    }
}
