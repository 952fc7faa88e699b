//! What a level's author decided about its copies.

use crate::units::{Duration, Time};
use serde::{Deserialize, Serialize};

/// What decides about the copies of a level.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// Fresh for so long after the store. Where the response or the trace says it: what counts
    /// when they are silent.
    pub ttl: Duration,
    /// Each copy's ttl is shortened by a random share up to this, 0..1.
    pub jitter: f64,
    /// The ttl starts anew with every read.
    pub sliding: bool,
    /// RFC 5861.
    pub stale_while_revalidate: Duration,
    /// RFC 5861.
    pub stale_if_error: Duration,
    /// How long an absence is kept; `None`: not at all.
    pub negative_ttl: Option<Duration>,
    /// Probabilistic early expiry with this β (Vattani et al., PVLDB 8(8), 2015).
    pub early_refresh: Option<f64>,
    /// Who may regenerate.
    pub stampede: Stampede,
    /// A fill that an invalidation overtook is not stored. Implied by a lease.
    pub fence: bool,
    /// A slower fill is not stored.
    pub timeout: Duration,
}

/// Who may regenerate a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stampede {
    /// Everybody who misses.
    None,
    /// One in each process; the others wait for its result.
    Coalesce,
    /// One in all, by a lock.
    Lock {
        /// The lock expires after this long, whether its holder is done or not.
        expires: Duration,
        /// The others wait at most this long.
        wait: Duration,
    },
    /// One in all, by a token that an invalidation revokes.
    Lease {
        /// The lease expires after this long.
        expires: Duration,
        /// The others wait at most this long.
        wait: Duration,
    },
}

/// Among whom there is one filler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// In each process. Without protection this holds for background fills only.
    Process,
    /// In all processes that share the copy.
    Everywhere,
}

impl Stampede {
    /// Where the driver looks for a fill under way.
    #[must_use]
    pub const fn scope(self) -> Scope {
        match self {
            Self::None | Self::Coalesce => Scope::Process,
            Self::Lock { .. } | Self::Lease { .. } => Scope::Everywhere,
        }
    }
}

impl Rules {
    /// Is a fill that an invalidation has overtaken not stored? By `fence`, and by every lease.
    #[must_use]
    pub const fn is_fenced(&self) -> bool {
        self.fence || matches!(self.stampede, Stampede::Lease { .. })
    }

    /// When a flight that began at `now` stops counting although nobody ended it: a lock has its time;
    /// without one, what takes longer than `timeout` is of no use to others.
    #[must_use]
    pub fn flight_expires(&self, now: Time) -> Time {
        match self.stampede {
            Stampede::None | Stampede::Coalesce => now + self.timeout,
            Stampede::Lock { expires, .. } | Stampede::Lease { expires, .. } => now + expires,
        }
    }
}
