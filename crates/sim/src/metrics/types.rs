//! What the engine tells the metrics, as small values.

use crate::store::KeyId;
use cachepolicy_core::decide::{BypassReason, Hit, ServeOnlyReason};
use cachepolicy_core::ids::{BackendId, LevelId, OriginId};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::CacheStatus;

/// A row of the report's `routes`: an index into the names given to [`super::Metrics::new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteIx(pub u32);

/// An action of an invalidation edge: its number when all edges' actions are counted through, in
/// the order of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionIx(pub u32);

/// What came of a look-up. Every look-up has exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Served from a copy within its ttl.
    Fresh,
    /// Served from a copy past it.
    Stale,
    /// Served an absence.
    Negative,
    /// Not served from the store at once; whoever waits, fills, or fails because the backend is
    /// down and the policy says `on-failure error`.
    Miss,
    /// The level was left out.
    Bypass(BypassReason),
}

impl From<Hit> for Outcome {
    fn from(hit: Hit) -> Self {
        match hit {
            Hit::Fresh => Self::Fresh,
            Hit::Stale => Self::Stale,
            Hit::Negative => Self::Negative,
        }
    }
}

impl Outcome {
    /// The stable word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Negative => "negative",
            Self::Miss => "miss",
            Self::Bypass(_) => "bypass",
        }
    }
}

/// A level's answer. It is a *serve* where the store gave it or a waiter was released with it; a
/// requester's own fill counts its bytes only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Serve {
    /// The store gave it.
    pub from_copy: bool,
    /// A fill that somebody else began gave it, without the store in between.
    pub waited: bool,
    /// The copy was past its ttl.
    pub expired: bool,
    /// Its size.
    pub bytes: u64,
    /// When the first write committed that it misses; `None`: it is up to date.
    pub missed_since: Option<Time>,
    /// How many committed writes it misses.
    pub missed_writes: u32,
    /// It was filled for another principal, and depends on the principal.
    pub leak: bool,
}

/// A look-up that waited for somebody else's fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// From its miss until it was released for good.
    pub waited: Duration,
    /// It got nothing and filled by itself, or failed.
    pub in_vain: bool,
    /// It was served by a fill that somebody else began: by its result, or by the copy it stored.
    pub served_by_other: bool,
}

/// What made a key have no copy, so that it is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// Nobody ever asked for it.
    ColdStart,
    /// The copy's time was over.
    Expiry,
    /// An invalidation removed or expired it.
    Invalidation,
    /// It had to make room.
    Eviction,
    /// The backend was flushed.
    Flush,
    /// The process started anew, its memory empty.
    Restart,
    /// A new release raised the versions.
    Deploy,
    /// The backend is, or was, down.
    Outage,
    /// A fill before was not stored.
    NotStored,
    /// There is a fresh copy; early refresh chose this request.
    EarlyRefresh,
}

impl Cause {
    /// The stable word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ColdStart => "cold-start",
            Self::Expiry => "expiry",
            Self::Invalidation => "invalidation",
            Self::Eviction => "eviction",
            Self::Flush => "flush",
            Self::Restart => "restart",
            Self::Deploy => "deploy",
            Self::Outage => "outage",
            Self::NotStored => "not-stored",
            Self::EarlyRefresh => "early-refresh",
        }
    }
}

/// A fill that begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FillBegan {
    /// Of this key.
    pub key: KeyId,
    /// Fills of the key that run now in all processes together, this one included.
    pub concurrent: u32,
    /// What made it necessary.
    pub cause: Cause,
    /// Nobody waits for it: the refresh of a stale copy.
    pub background: bool,
}

/// What came of a fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FillResult {
    /// A copy of it is in the store.
    Stored,
    /// It was served only.
    ServedOnly(ServeOnlyReason),
    /// It was larger than the store, or the eviction policy preferred what was there.
    NoRoom,
    /// It failed.
    Failed,
}

impl FillResult {
    /// The stable word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::ServedOnly(reason) => reason.as_str(),
            Self::NoRoom => "no-room",
            Self::Failed => "failed",
        }
    }
}

/// A request, or an access of a key-value trace, that was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RequestEnd {
    /// From its arrival to its answer.
    pub latency: Duration,
    /// It was answered without work of an origin, and not by an error.
    pub origin_free: bool,
    /// The answer was an error.
    pub error: bool,
    /// One of its serves was a leak.
    pub leak: bool,
    /// One of its serves was out of date.
    pub out_of_date: bool,
    /// The worst of its serves', zero if none was out of date.
    pub staleness: Duration,
    /// Of the answer.
    pub bytes: u64,
    /// Of them, from copies.
    pub bytes_from_copies: u64,
    /// What its own work took at origins, background fills left out.
    pub origin_time: Duration,
    /// What the work that it was spared would have taken there.
    pub origin_time_saved: Duration,
    /// What the cache did that was there when the trace was recorded.
    pub cache_status: Option<CacheStatus>,
}

/// A store's answer to the first look-up of a walk there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// In this backend.
    pub backend: BackendId,
    /// In this instance of it, from 0.
    pub instance: u32,
    /// For this key.
    pub key: KeyId,
    /// The size of the copy that it gave and that is served; `None`: it was no hit.
    pub hit: Option<u64>,
}

/// A copy that is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// In this backend.
    pub backend: BackendId,
    /// In this instance of it, from 0.
    pub instance: u32,
    /// Of this level.
    pub level: LevelId,
    /// Under this key.
    pub key: KeyId,
    /// Its size.
    pub bytes: u64,
}

/// Why a copy is no longer in a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Leaving {
    /// It made room.
    Evicted {
        /// It was within its ttl.
        fresh: bool,
    },
    /// Its time was over.
    Expired,
    /// A newer copy took its place.
    Replaced,
    /// An invalidation removed it.
    Purged,
    /// The backend lost everything: a flush, a restart, a deploy.
    Flushed,
}

impl Leaving {
    /// The stable word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Evicted { .. } => "evicted",
            Self::Expired => "expired",
            Self::Replaced => "replaced",
            Self::Purged => "purged",
            Self::Flushed => "flushed",
        }
    }
}

/// Where a request's value of a dimension came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Known {
    /// The trace said it (also: said that it is absent).
    Observed,
    /// It was drawn from the workload's distribution.
    Sampled,
    /// Neither: it counts as absent.
    Defaulted,
}

/// A fault that the figures name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// A backend lost everything.
    Flush(BackendId),
    /// A backend is down from now on.
    Outage(BackendId),
    /// An origin is down from now on.
    OriginOutage(OriginId),
    /// A process, from 0, starts anew.
    Restart(u32),
    /// A new release.
    Deploy,
}

impl Fault {
    /// As the report and claims name it: `flush shared`, `outage db`, `restart process 1` (counted
    /// from 1, as in the language), `deploy`.
    #[must_use]
    pub fn name(self, policy: &Policy) -> String {
        let backend = |id: BackendId| {
            let backend = policy.backends.get(id.index());
            backend.map_or("", |backend| backend.name.as_str())
        };
        match self {
            Self::Flush(id) => format!("flush {}", backend(id)),
            Self::Outage(id) => format!("outage {}", backend(id)),
            Self::OriginOutage(id) => {
                let origin = policy.origins.get(id.index());
                format!("outage {}", origin.map_or("", |origin| &origin.name))
            }
            Self::Restart(process) => format!("restart process {}", u64::from(process) + 1),
            Self::Deploy => "deploy".to_owned(),
        }
    }
}
