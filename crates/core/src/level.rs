//! Levels: families of copies, one copy per key.

use crate::decide::{Lifetimes, Rules};
use crate::distribution::Distribution;
use crate::expr::Expr;
use crate::ids::{BackendId, DimensionId, FieldId, LevelId, ModelId, OriginId};
use crate::policy::Place;
use crate::route::Route;
use crate::units::{Duration, Time};
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

/// What a response says of its own life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SaidLife {
    /// For how long it is fresh.
    pub ttl: Option<Duration>,
    /// For how long it may be served stale while it is made anew (RFC 5861).
    pub stale_while_revalidate: Option<Duration>,
    /// For how long it may be served stale in place of an error (RFC 5861).
    pub stale_if_error: Option<Duration>,
    /// Once it is stale nobody may have it.
    pub never_stale: bool,
}

impl LifetimeSource {
    /// By what the copy of a response is decided that says this of itself. Where the policy asks the
    /// response, its own windows count, and an absence is kept no longer than it says. Nothing lives
    /// longer than the declared `max` and windows allow, which is what is proved. What must not be
    /// served stale has no windows, whoever declares them.
    #[must_use]
    pub fn rules(self, declared: &Rules, said: SaidLife) -> Rules {
        let mut rules = *declared;
        if let Self::Response { max } = self {
            let ttl = self.named(said.ttl).unwrap_or(rules.ttl);
            let window = |said: Option<Duration>, declared: Duration| {
                let most = max.map_or(Duration::FOREVER, |max| max.max(rules.ttl) + declared - ttl);
                said.map_or(declared, |said| said.min(most))
            };
            rules.stale_while_revalidate =
                window(said.stale_while_revalidate, declared.stale_while_revalidate);
            rules.stale_if_error = window(said.stale_if_error, declared.stale_if_error);
            rules.negative_ttl = declared
                .negative_ttl
                .map(|negative| said.ttl.map_or(negative, |ttl| negative.min(ttl)));
        }
        if said.never_stale {
            rules.stale_while_revalidate = Duration::ZERO;
            rules.stale_if_error = Duration::ZERO;
        }
        rules
    }
}

impl LifetimeSource {
    /// What is left of a copy's life when a changed policy takes it over: it lasts no longer than it
    /// could under these rules, counted from when it was stored, and nothing is extended.
    #[must_use]
    pub fn within(self, rules: &Rules, life: Lifetimes, negative: bool, now: Time) -> Lifetimes {
        let (ttl, is_said) = match self {
            Self::Declared => (rules.ttl, false),
            Self::Trace => (Duration::FOREVER, false),
            Self::Response { max } => {
                let most = max.map_or(Duration::FOREVER, |max| max.max(rules.ttl));
                (most, true)
            }
        };
        let ttl = match negative {
            true => rules.negative_ttl.unwrap_or(Duration::ZERO),
            false => ttl,
        };
        let latest = if rules.sliding { now } else { life.stored } + ttl;
        let fresh_until = life.fresh_until.min(latest);
        // An absence has no windows.
        let window = |until: Time, length: Duration| match negative {
            true => fresh_until,
            false => {
                let from = if is_said { latest } else { fresh_until };
                until.min(from + length).max(fresh_until)
            }
        };
        let revalidatable_until = window(life.revalidatable_until, rules.stale_while_revalidate);
        let usable = window(life.usable_on_error_until, rules.stale_if_error);
        Lifetimes {
            stored: life.stored,
            ttl: life.ttl.min(ttl),
            fresh_until,
            revalidatable_until,
            usable_on_error_until: usable.max(revalidatable_until),
        }
    }
}

#[cfg(test)]
mod said {
    use super::*;
    use crate::decide::Stampede;

    const fn secs(seconds: i64) -> Duration {
        Duration::from_secs(seconds)
    }

    const DECLARED: Rules = Rules {
        ttl: secs(10),
        jitter: 0.0,
        sliding: false,
        stale_while_revalidate: secs(5),
        stale_if_error: secs(60),
        negative_ttl: Some(secs(30)),
        early_refresh: None,
        stampede: Stampede::None,
        fence: false,
        timeout: Duration::FOREVER,
    };

    #[test]
    fn a_response_says_its_windows_where_it_is_asked() {
        let said = SaidLife {
            ttl: Some(secs(20)),
            stale_while_revalidate: Some(secs(100)),
            stale_if_error: None,
            never_stale: false,
        };
        let of = |source: LifetimeSource| source.rules(&DECLARED, said);
        assert_eq!(of(LifetimeSource::Declared), DECLARED);
        let asked = of(LifetimeSource::Response { max: None });
        assert_eq!(asked.stale_while_revalidate, secs(100));
        assert_eq!(asked.stale_if_error, secs(60));
        assert_eq!(asked.negative_ttl, Some(secs(20)));
        // 40 s and 5 s are what is proved, of which 20 s are taken.
        let limited = of(LifetimeSource::Response {
            max: Some(secs(40)),
        });
        assert_eq!(limited.stale_while_revalidate, secs(25));
    }

    #[test]
    fn a_changed_policy_extends_no_life() {
        let at = |seconds| Time::ZERO + secs(seconds);
        let life = Lifetimes::begin(&DECLARED, secs(100), false, at(0), 0.0);
        let declared = LifetimeSource::Declared.within(&DECLARED, life, false, at(1));
        assert_eq!(
            declared,
            Lifetimes::begin(&DECLARED, secs(10), false, at(0), 0.0)
        );
        assert_eq!(
            LifetimeSource::Response { max: None }.within(&DECLARED, life, false, at(1)),
            life
        );
        let short = Lifetimes::begin(&DECLARED, secs(3), false, at(0), 0.0);
        assert_eq!(
            LifetimeSource::Declared.within(&DECLARED, short, false, at(1)),
            short
        );
        let absent = Lifetimes::begin(&DECLARED, secs(100), true, at(0), 0.0);
        let absent = LifetimeSource::Declared.within(&DECLARED, absent, true, at(1));
        assert_eq!(absent.dead_from(), at(30));
    }

    #[test]
    fn what_must_not_be_stale_has_no_windows() {
        let said = SaidLife {
            never_stale: true,
            ..SaidLife::default()
        };
        let rules = LifetimeSource::Declared.rules(&DECLARED, said);
        assert_eq!(rules.stale_while_revalidate, Duration::ZERO);
        assert_eq!(rules.stale_if_error, Duration::ZERO);
        assert_eq!(rules.ttl, DECLARED.ttl);
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
