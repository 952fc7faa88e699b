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

/// With so many keys in a sample, the authors of SHARDS found miss ratios that were wrong by less
/// than 0.01 on average.
pub const KEYS_MIN: u32 = 8_192;

mod collect;
mod scale;
mod stream;
mod thin;
mod uncached;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use cachepolicy_trace::sample::Rate;
pub(crate) use collect::{Collected, Collector, begins, memory};
pub(crate) use scale::{grows_with_traffic, notes, percent, scaled};
pub(crate) use stream::{Sampling, counted};
pub(crate) use thin::{Part, Thinner};

/// Which part of a trace was replayed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct Sampled {
    /// The share of the keys or paths, and of every capacity.
    pub rate: f64,
    /// What is kept with all of its history or not at all: `path` of requests, else `key`.
    pub unit: String,
    /// Keys, or request targets, that were kept.
    pub kept: u64,
    /// Requests and accesses that were kept, the warm-up's included; `trace` has all of them.
    pub requests: u64,
    /// As many as count are expected in a sample at this rate; one with a very popular key or path
    /// has more, another one less.
    pub expected: f64,
    /// The share of all requests of the trace that needed no origin work: 1 − those that did /
    /// `expected`. What a sample has more of than expected are requests for what is popular, and
    /// hits, so that this is closer to the whole trace's than `requests.hit_ratio`, which is that
    /// of the sample (the correction called SHARDS_adj). Requests that no level has copies for are
    /// none, however popular: of them as many count as are expected in a sample.
    pub hit_ratio: Option<f64>,
}

/// A sample that was replayed.
#[derive(Debug, Clone)]
pub struct SampleEnd {
    /// What was kept.
    pub sampled: Sampled,
    /// What must be known of it.
    pub notes: Vec<String>,
    /// So many requests that always have origin work are missing in it of those that were expected;
    /// below 0 where it has too many.
    pub lacking: f64,
}

impl Sampled {
    /// With the ratio that follows from how many of the requests that count had origin work; `lacking`:
    /// so many that always have it are missing in the sample.
    pub(crate) fn with_misses(self, misses: u64, lacking: f64) -> Self {
        let ratio = 1.0 - (misses as f64 + lacking) / self.expected;
        Self {
            hit_ratio: (self.expected > 0.0).then_some(ratio.clamp(0.0, 1.0)),
            ..self
        }
    }
}
