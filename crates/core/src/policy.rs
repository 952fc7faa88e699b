//! The compiled policy: everything that a policy file says, resolved and checked. The simulator
//! and the runtime drive it; the analysis proves things about it.

use crate::decide::{Rules, Stampede};
use crate::distribution::Distribution;
use crate::edge::EdgeBlock;
use crate::expectation::Expectation;
use crate::ids::{BackendId, DimensionId, FieldId, ModelId};
use crate::level::{Level, Tier};
use crate::units::{Bytes, Duration};
use crate::workload::Workload;
use serde::{Deserialize, Serialize};

/// Where in the source something stands, for messages at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Place {
    /// An index into [`Policy::files`].
    pub file: u16,
    /// The line, from 1.
    pub line: u32,
}

/// A whole compiled policy. References between its parts are indices; [`crate::artefact`] checks
/// them all when it reads one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// The name of the service.
    pub name: String,
    /// The edition of the language.
    pub edition: u16,
    /// Hexadecimal hash of the sources.
    pub hash: String,
    /// The files that it was compiled from, as the author named them; the first is the root.
    pub files: Vec<String>,
    /// Key encoding and cacheability rules that an adapter must reproduce.
    pub semantics: Semantics,
    /// Application processes, at least 1.
    pub processes: u32,
    /// Requests that one process serves at once; `None`: any number.
    pub threads: Option<u32>,
    /// What is written.
    pub models: Vec<Model>,
    /// What is known of a request before any look-up.
    pub dimensions: Vec<Dimension>,
    /// Query parameters that no key contains.
    pub ignore_query: IgnoreQuery,
    /// What a miss loads.
    pub origins: Vec<Origin>,
    /// Places for copies.
    pub backends: Vec<Backend>,
    /// How invalidations travel.
    pub buses: Vec<Bus>,
    /// Levels, finest first: a level stands after everything that it contains.
    pub levels: Vec<Level>,
    /// Invalidation edges, in the order written.
    pub edges: Vec<EdgeBlock>,
    /// Synthetic traces.
    pub workloads: Vec<Workload>,
    /// What must hold.
    pub expectations: Vec<Expectation>,
}

/// Whose rules apply for what may be stored and how keys are encoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Semantics {
    /// RFC 9111.
    Http,
    /// Django's cache framework of this version, as `X.Y`.
    Django(String),
}

/// Something that is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// `PascalCase`.
    pub name: String,
    /// Where it is declared.
    pub place: Place,
    /// Its fields; `id` is always among them.
    pub fields: Vec<Field>,
}

/// A field of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// `snake_case`.
    pub name: String,
    /// `-> Model` or `-> many Model`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
}

/// A field that names rows of a model by their `id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// The model.
    pub model: ModelId,
    /// Many of them?
    pub many: bool,
}

impl Model {
    /// The field of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<FieldId> {
        self.fields
            .iter()
            .position(|field| field.name == name)
            .map(|index| FieldId(index as u16))
    }
}

/// Something that is known of a request before any look-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dimension {
    /// As the policy refers to it: `user.id`, `accept-language`, `currency`.
    pub name: String,
    /// Where it is declared.
    pub place: Place,
    /// What carries it.
    pub carrier: Carrier,
    /// Its values.
    pub domain: Domain,
    /// The value when it is absent; without one, absent is a value of its own.
    pub otherwise: Option<String>,
    /// A value outside the domain counts as `otherwise`, and the application gets that too.
    pub coerce: bool,
    /// Does it identify somebody?
    pub personal: bool,
    /// It follows from that one: a key that has that one covers it.
    pub by: Option<DimensionId>,
}

/// What carries a dimension. Header names are lower case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carrier {
    /// `user.id` (field `id`) or another property of the user.
    User(String),
    /// A request header.
    Header(String),
    /// A cookie.
    Cookie(String),
    /// A query parameter.
    Query(String),
    /// Something that the application, or the trace, says of the request.
    Attr(String),
}

/// The values of a dimension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Domain {
    /// Any text.
    Any,
    /// One of these.
    Values(Vec<String>),
    /// A whole number between these, both included.
    Range {
        /// The least.
        low: i64,
        /// The greatest.
        high: i64,
    },
    /// Content negotiation by q-values among these (RFC 9110, 12.5).
    Negotiated(Vec<String>),
}

/// Query parameters that keys leave out. `*` at the end of a pattern stands for any rest.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IgnoreQuery {
    /// None of them.
    #[default]
    Nothing,
    /// Those that match one of these.
    Matching(Vec<String>),
    /// All that are no declared dimension.
    Everything,
}

/// What a miss loads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// `snake_case`.
    pub name: String,
    /// Where it is declared.
    pub place: Place,
    /// Units of work at once; `None`: any number.
    pub slots: Option<u32>,
    /// A token bucket: work per second, and how many may begin at once.
    pub rate: Option<RateLimit>,
    /// How old the data is that it reads.
    pub replica_lag: Distribution,
    /// Share of its work that fails, 0..1.
    pub failure_rate: f64,
}

/// A token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RateLimit {
    /// Tokens a second.
    pub per_second: f64,
    /// The bucket's size, at least 1.
    pub burst: f64,
}

/// A place for copies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Backend {
    /// `snake_case`.
    pub name: String,
    /// Where it is declared.
    pub place: Place,
    /// How many of it there are, and where.
    pub kind: BackendKind,
    /// How much it holds; `None`: any amount. Each instance of it holds that much.
    pub capacity: Option<Capacity>,
    /// What leaves when it is full.
    pub evict: Evict,
    /// Of one look-up.
    pub latency: Distribution,
    /// What happens to requests while it is down.
    pub on_failure: OnFailure,
    /// Before every key.
    pub prefix: Option<String>,
    /// In every key; another number makes every copy unreachable.
    pub version: u64,
}

/// How many instances a backend has, and who reaches them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackendKind {
    /// One in each process; lost with it.
    Memory,
    /// One, shared.
    Redis,
    /// One, before the application.
    Proxy,
    /// This many points of presence.
    Cdn {
        /// How many, at least 1.
        pops: u32,
    },
    /// One in each process; survives a restart.
    Disk,
    /// Stores nothing.
    None,
}

/// How much a backend holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capacity {
    /// So many bytes.
    Bytes(Bytes),
    /// So many copies.
    Entries(u64),
}

/// Eviction policies, by the names of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(
    missing_docs,
    reason = "the names are the field's own; each is documented where it is implemented"
)]
pub enum Evict {
    Lru,
    Fifo,
    Clock,
    Lfu,
    Sieve,
    #[serde(rename = "s3fifo")]
    S3Fifo,
    Arc,
    #[serde(rename = "wtinylfu")]
    WTinyLfu,
    Random,
    RedisLru,
    RedisLfu,
    DjangoLocmem,
    None,
}

impl Evict {
    /// All of them with their names in the language, in its order.
    pub const ALL: [(&'static str, Self); 13] = [
        ("lru", Self::Lru),
        ("fifo", Self::Fifo),
        ("clock", Self::Clock),
        ("lfu", Self::Lfu),
        ("sieve", Self::Sieve),
        ("s3fifo", Self::S3Fifo),
        ("arc", Self::Arc),
        ("wtinylfu", Self::WTinyLfu),
        ("random", Self::Random),
        ("redis-lru", Self::RedisLru),
        ("redis-lfu", Self::RedisLfu),
        ("django-locmem", Self::DjangoLocmem),
        ("none", Self::None),
    ];

    /// Its name in the language.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, evict)| *evict == self)
            .map_or("", |(name, _)| name)
    }
}

/// What happens to requests while a backend is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnFailure {
    /// Go on without it (`bypass`), or answer with an error (`error`)?
    pub bypass: bool,
    /// After waiting this long for it.
    pub after: Duration,
}

/// How an invalidation travels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bus {
    /// `snake_case`.
    pub name: String,
    /// Where it is declared.
    pub place: Place,
    /// What it promises.
    pub delivery: Delivery,
    /// From commit to delivery.
    pub delay: Distribution,
    /// Does it reach the memory of every process, or shared backends only?
    pub reaches: Reaches,
    /// It carries no edge's deliveries, but what a Redis tells its clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracks: Option<Tracks>,
}

/// Client-side caching: a backend tells the processes that keep its copies in their memory of each
/// change of a key that they read, as Redis does with `CLIENT TRACKING`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracks {
    /// A `redis`.
    pub backend: BackendId,
    /// Of so many keys it remembers who read them, 1 at least. Beyond that it forgets one, drawn by
    /// lot, and tells its readers as if it had changed (`tracking-table-max-keys`).
    pub max_keys: u32,
}

impl Policy {
    /// The file of a place, as the author named it; nothing, where the policy does not know it.
    #[must_use]
    pub fn file(&self, place: Place) -> &str {
        let file = self.files.get(usize::from(place.file));
        file.map_or("", String::as_str)
    }

    /// `file:line`, for messages.
    #[must_use]
    pub fn at(&self, place: Place) -> String {
        match self.file(place) {
            "" => format!("line {}", place.line),
            file => format!("{file}:{}", place.line),
        }
    }

    /// The tiers of a level that keep copies, nearest first: a backend of the kind `none` keeps none.
    pub fn tiers<'p>(&'p self, level: &'p Level) -> impl DoubleEndedIterator<Item = &'p Tier> {
        let backend = |tier: &Tier| self.backends.get(tier.backend.index());
        let stores =
            move |tier: &&Tier| backend(tier).is_some_and(|it| it.kind != BackendKind::None);
        level.tiers.iter().filter(stores)
    }

    /// What a level's copies are decided by. Where none of its backends stores anything, there is
    /// nothing that one request could wait for another to make: each makes its own.
    #[must_use]
    pub fn rules(&self, level: &Level) -> Rules {
        let stampede = if self.tiers(level).next().is_some() {
            level.rules.stampede
        } else {
            Stampede::None
        };
        Rules {
            stampede,
            ..level.rules
        }
    }

    /// The backend that tells processes of changes of a level's copies, and the bus over which it
    /// does: what is tracked is the nearest tier that is not in the processes, if there is one
    /// before it that is. What a process gets from elsewhere it has not read there.
    #[must_use]
    pub fn tracking(&self, level: &Level) -> Option<(BackendId, &Bus)> {
        let kind = |tier: &Tier| self.backends.get(tier.backend.index()).map(|it| it.kind);
        let in_process =
            |tier: &&Tier| matches!(kind(tier), Some(BackendKind::Memory | BackendKind::Disk));
        let mut tiers = self.tiers(level).peekable();
        tiers.peek().filter(|tier| in_process(tier))?;
        let backend = tiers.find(|tier| !in_process(tier))?.backend;
        let tells = |bus: &&Bus| bus.tracks.is_some_and(|tracks| tracks.backend == backend);
        Some((backend, self.buses.iter().find(tells)?))
    }
}

impl Tracks {
    /// What Redis remembers when nothing else is said.
    pub const MAX_KEYS: u32 = 1_000_000;
}

/// What a bus promises.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// A call in the writer's own process, at once.
    InProcess,
    /// Lost with this probability, 0..1.
    AtMostOnce {
        /// The share that is lost.
        loss: f64,
    },
    /// Comes again until it arrived.
    AtLeastOnce,
}

/// Which copies a bus's delivery reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reaches {
    /// Shared backends only.
    Shared,
    /// Shared backends and the memory of every process.
    AllProcesses,
}
