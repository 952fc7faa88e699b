//! Samples of a trace: some keys or request paths with all of their history, the others not at all
//! (Waldspurger, Park, Garthwaite, Ahmad, "Efficient MRC construction with SHARDS", FAST 2015).
//!
//! A hash of the key decides, so that a key is kept with each of its accesses or with none, and a
//! store that gets the sample needs the same share of its capacity to hit as often as the whole one
//! (Waldspurger, Saemundsson, Ahmad, Park, "Cache modeling and optimization using miniature
//! simulations", USENIX ATC 2017). Accesses are sampled by their key. Requests are sampled by their
//! path, without the query: what a page embeds is then asked for by all of the page's variants or
//! by none of them. Writes and faults are all kept; so is what a request writes whose path is not
//! kept.

mod collect;
mod rate;
mod scale;
mod stream;
mod thin;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub(crate) use collect::{Collected, Collector, begins, memory};
pub use rate::Rate;
pub(crate) use scale::{grows_with_traffic, notes, percent, scaled};
pub(crate) use stream::Sampling;
pub(crate) use thin::{Part, Thinner};

/// Which part of a trace was replayed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Sampled {
    /// The share of the keys or paths, and of every capacity.
    pub rate: f64,
    /// What is kept with all of its history or not at all: `path` of requests, else `key`.
    pub unit: String,
    /// Requests and accesses that were kept, the warm-up's included; `trace` has all of them.
    pub requests: u64,
}
