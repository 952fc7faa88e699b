//! Draws: one stream for each purpose and thing, so that a further level or backend leaves the
//! draws of the others as they were.

use cachepolicy_core::Distribution;
use cachepolicy_core::decide::Rules;
use cachepolicy_core::units::{Bytes, Duration};
pub(crate) use cachepolicy_trace::random::Stream;

/// The draw that shortens a ttl within its jitter; nothing is drawn where there is none.
#[inline]
pub(crate) fn jitter(stream: &mut Stream, rules: &Rules) -> f64 {
    if rules.jitter > 0.0 {
        stream.unit()
    } else {
        0.0
    }
}

/// Draws from one distribution.
#[derive(Debug)]
pub(crate) struct Sampler {
    distribution: Distribution,
    /// What every draw gives, if they are all the same: then no number is drawn.
    constant: Option<f64>,
    stream: Stream,
}

impl Sampler {
    /// For a purpose (`cost`, `latency`, …) of a thing of this name.
    pub(crate) fn new(distribution: Distribution, seed: u64, purpose: &str, name: &str) -> Self {
        Self {
            distribution,
            constant: distribution.as_constant(),
            stream: Stream::new(seed, &[purpose, name]),
        }
    }

    #[inline]
    pub(crate) fn duration(&mut self) -> Duration {
        match self.constant {
            Some(0.0) => Duration::ZERO,
            Some(value) => Duration::from_nanos(libm::round(value) as i64),
            None => self.distribution.duration(self.stream.unit()),
        }
    }

    #[inline]
    pub(crate) fn bytes(&mut self) -> u64 {
        match self.constant {
            Some(value) => Bytes(libm::round(value) as u64).0,
            None => self.distribution.bytes(self.stream.unit()).0,
        }
    }

    /// Is every draw zero?
    pub(crate) fn is_zero(&self) -> bool {
        self.constant == Some(0.0)
    }

    /// No draw is greater: the value at the greatest number below one that a stream gives.
    pub(crate) fn greatest(&self) -> Duration {
        const LAST: f64 = 1.0 - 1.0 / (1u64 << 53) as f64;
        self.distribution.duration(LAST)
    }
}
