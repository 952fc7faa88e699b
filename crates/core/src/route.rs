//! Routes: which requests a site or view answers, and which one answers first.

use serde::{Deserialize, Serialize};

/// `GET|HEAD "/articles/{slug}"`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Upper case. A route for GET answers HEAD too.
    pub methods: Vec<String>,
    /// The path.
    pub pattern: Pattern,
}

/// A path pattern, split at slashes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pattern {
    /// As written: `/articles/{slug}`.
    pub text: String,
    /// In order. `Rest` only at the end.
    pub segments: Vec<Segment>,
}

/// What stands between two slashes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Segment {
    /// This text.
    Text(String),
    /// `{x}` or `{x:int}`, perhaps with text before and behind: `page-{n:int}.html`.
    Hole {
        /// Before it.
        before: String,
        /// Parameter, by index into the level's; `None` where nobody asks for it (`*`).
        param: Option<u16>,
        /// Digits only?
        int: bool,
        /// Behind it.
        behind: String,
    },
    /// `**` or `{path:**}`: any rest, also an empty one.
    Rest {
        /// Parameter, by index into the level's.
        param: Option<u16>,
    },
}
