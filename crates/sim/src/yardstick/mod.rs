//! Yardsticks for an eviction policy: what the same look-ups would hit with room for everything, and
//! what they would hit if who leaves were chosen by somebody who knows the future.
//!
//! Both rest on one run in which the backend has room for everything: its hit ratio is the first
//! yardstick, and what was asked for and stored in it, recorded, is what the second one is worked
//! out on. A look-up that misses there (nobody asked before, the ttl was over, a write had removed
//! the copy) misses under every eviction policy; of those that hit, the clairvoyant store keeps as
//! many as it can. Where copies die, a store that lost one early and filled it again may live on
//! that longer than the run with room for everything: there, the second yardstick is not a bound.

mod clairvoyant;
mod companions;
mod references;

#[cfg(test)]
mod tests;

pub(crate) use companions::Companions;
pub use references::References;

use cachepolicy_core::policy::Capacity;
use serde::{Deserialize, Serialize};

/// What the hit ratio of a backend could be.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct Yardsticks {
    /// With room for everything.
    pub unbounded: Yardstick,
    /// With its capacity, if the copy that is needed again last always made room. The most that is
    /// possible where all copies weigh the same and none dies; else a rule of thumb.
    pub clairvoyant: Yardstick,
    /// Bytes of memory that it took to look into the future.
    pub memory: u64,
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct Yardstick {
    /// Look-ups. Where levels of the backend contain each other, what is asked for depends on what
    /// is found, so that there are not as many as in the run itself.
    pub lookups: u64,
    /// Of them, hits.
    pub hits: u64,
    /// hits / lookups
    pub hit_ratio: Option<f64>,
}

impl Yardsticks {
    /// Of a backend that holds so much in each instance: look-ups and hits while it had room for
    /// everything, and what was recorded then.
    #[must_use]
    pub fn new(references: &References, capacity: Capacity, (lookups, hits): (u64, u64)) -> Self {
        let of = |hits: u64| Yardstick {
            lookups,
            hits,
            hit_ratio: (lookups > 0).then(|| hits as f64 / lookups as f64),
        };
        let kept = references.clairvoyant_hits(capacity);
        Self {
            unbounded: of(hits),
            clairvoyant: of(kept.min(hits)),
            memory: references.bytes(),
        }
    }
}
