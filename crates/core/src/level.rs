//! Levels: families of copies, one copy per key.

use crate::decide::Rules;
use crate::distribution::Distribution;
use crate::expr::Expr;
use crate::ids::{BackendId, DimensionId, FieldId, LevelId, ModelId, OriginId};
use crate::policy::Place;
use crate::route::Route;
use crate::units::Duration;
use serde::{Deserialize, Serialize};

/// The four kinds, coarse to fine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LevelKind {
    /// Whole responses, before routing.
    Site,
    /// The response of one view.
    View,
    /// A piece of a page.
    Fragment,
    /// A value.
    Object,
}

impl LevelKind {
    /// Its word in the language.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::View => "view",
            Self::Fragment => "fragment",
            Self::Object => "object",
        }
    }
}

/// A level, as compiled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// `snake_case`.
    pub name: String,
    /// Its kind.
    pub kind: LevelKind,
    /// Where it is declared.
    pub place: Place,
    /// Names of its parameters. For a site or view they are the holes of its route.
    pub params: Vec<String>,
    /// The requests that it answers; sites and views have one.
    pub route: Option<Route>,
    /// Where its copies live, nearest first; empty: it is not stored.
    pub tiers: Vec<Tier>,
    /// How the key is made; injective in parameters and variants.
    pub key: Key,
    /// Dimensions that select a variant.
    pub vary: Vec<DimensionId>,
    /// Dimensions that its own work looks at.
    pub uses: Vec<DimensionId>,
    /// Its own work looks at the session's CSRF token (`uses csrf`).
    pub uses_csrf: bool,
    /// Values found while filling.
    pub data: Vec<Data>,
    /// The data that its own work reads.
    pub reads: Vec<Read>,
    /// Copies that it embeds, in the order in which they are looked up. A site also contains the
    /// view that its request is routed to.
    pub contains: Vec<Contain>,
    /// How the misses of an `each` are loaded.
    pub batch: Option<Batch>,
    /// Where the lifetime comes from; `rules.ttl` is the declared or the default one.
    pub lifetime: LifetimeSource,
    /// What decides about its copies.
    pub rules: Rules,
    /// Responses that are stored.
    pub status: Vec<u16>,
    /// Its own work on a miss, children excluded.
    pub cost: Amount,
    /// Where that work is done.
    pub origin: Option<OriginId>,
    /// Bytes of a copy.
    pub size: Amount,
    /// Names under which its copies can be purged.
    pub tags: Vec<Template>,
    /// Requests that neither read nor write it.
    pub skip: Option<Expr>,
    /// Headers for caches downstream.
    pub http: Option<Downstream>,
}

impl Level {
    /// Does it have copies of its own?
    #[must_use]
    pub fn is_stored(&self) -> bool {
        !self.tiers.is_empty()
    }
}

/// One backend of a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    /// The backend.
    pub backend: BackendId,
    /// A copy leaves it at the latest after this long.
    pub ceiling: Option<Duration>,
}

/// Where a value of a level's key, tag or argument comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueSource {
    /// A parameter of the level, by index.
    Param(u16),
    /// A request dimension.
    Dimension(DimensionId),
    /// A value that the level finds while filling, by index into its `data`.
    Data(u16),
    /// Always this text.
    Literal(String),
}

/// How a key is made. Values are escaped so that they never contain the text between them; see
/// [`crate::key`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Whether the author wrote a template.
    pub explicit: bool,
    /// In order.
    pub parts: Vec<KeyPart>,
}

/// A piece of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyPart {
    /// As it is.
    Text(String),
    /// A parameter or dimension.
    Value(ValueSource),
    /// Host, path and every query parameter that is not ignored, sorted.
    Url,
}

/// A tag with values in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// In order.
    pub parts: Vec<TemplatePart>,
}

/// A piece of a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TemplatePart {
    /// As it is.
    Text(String),
    /// One value.
    Value(ValueSource),
    /// One tag for each value of a list.
    Each(ValueSource),
}

/// A value that a level finds while filling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Data {
    /// Its name.
    pub name: String,
    /// A list (at most this many), or one value?
    pub list: Option<ListBound>,
}

/// How long a list of data values can get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListBound {
    /// `max N`; `None`: not said.
    pub max: Option<u32>,
}

/// Data that a level's own work reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// The model.
    pub model: ModelId,
    /// Only rows with these values; empty: any row.
    pub bindings: Vec<ReadBinding>,
    /// Only these fields; `None`: any field.
    pub fields: Option<Vec<FieldId>>,
    /// Where it is written.
    pub place: Place,
}

/// `field: value` of a read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadBinding {
    /// The field of the model.
    pub field: FieldId,
    /// Its value.
    pub value: ValueSource,
    /// The value is a list: any of them.
    pub each: bool,
}

/// A level that another one embeds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contain {
    /// The level.
    pub level: LevelId,
    /// A value for each of its parameters, in their order.
    pub args: Vec<ValueSource>,
    /// The argument that is a list: one copy for each of its values.
    pub each: Option<u16>,
    /// Where it is written.
    pub place: Place,
}

/// How the misses of an `each` are loaded.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// Misses in one unit of work, at least 1.
    pub max: u32,
    /// Additional cost of each row.
    pub each: Duration,
}

/// Where a copy's lifetime comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LifetimeSource {
    /// The declared ttl.
    Declared,
    /// The response's headers, at most `max`; `rules.ttl` when they are silent.
    Response {
        /// The ceiling.
        max: Option<Duration>,
    },
    /// The trace; `rules.ttl` when it is silent.
    Trace,
}

impl LifetimeSource {
    /// The ttl of a value for which the response or the trace said this one; `None`: the declared
    /// one.
    #[must_use]
    pub fn named(self, said: Option<Duration>) -> Option<Duration> {
        match self {
            Self::Declared => None,
            Self::Trace => said,
            Self::Response { max } => said.map(|ttl| max.map_or(ttl, |max| ttl.min(max))),
        }
    }
}

/// A distribution, which a trace may override event by event.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Amount {
    /// The trace's own figure counts where it has one.
    pub from_trace: bool,
    /// Otherwise: in nanoseconds or bytes.
    pub otherwise: Distribution,
}

/// Headers for caches downstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Downstream {
    /// max-age for browsers, which no purge reaches.
    pub browser: Option<Duration>,
    /// Send the tags, so that a cdn can purge by them.
    pub surrogate_keys: bool,
}
