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
mod references;

#[cfg(test)]
mod tests;

pub use references::References;

use crate::report::{Yardstick, Yardsticks};
use cachepolicy_core::policy::Capacity;

impl Yardsticks {
    /// Of a backend that holds so much in each instance: `lookups` of it, of which `hits` hit while
    /// it had room for everything, and what was recorded then.
    #[must_use]
    pub fn new(references: &References, capacity: Capacity, lookups: u64, hits: u64) -> Self {
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
