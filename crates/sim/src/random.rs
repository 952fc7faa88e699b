//! Draws: one stream for each purpose and thing, so that a further level or backend leaves the
//! draws of the others as they were.

use cachepolicy_core::Distribution;
use cachepolicy_core::decide::Rules;
use cachepolicy_core::units::Duration;
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

/// What every draw gives, as a duration and as a size, if they are all the same.
pub(crate) fn constant(distribution: &Distribution) -> Option<(Duration, u64)> {
    distribution.as_constant().map(|value| {
        let whole = libm::round(value);
        (Duration::from_nanos(whole as i64), whole as u64)
    })
}

/// Draws from one distribution.
#[derive(Debug)]
pub(crate) struct Sampler {
    distribution: Distribution,
    /// What every draw gives, if they are all the same: then no number is drawn.
    constant: Option<(Duration, u64)>,
    stream: Stream,
}

impl Sampler {
    /// For a purpose (`cost`, `latency`, …) of a thing of this name.
    pub(crate) fn new(distribution: Distribution, seed: u64, purpose: &str, name: &str) -> Self {
        Self {
            distribution,
            constant: constant(&distribution),
            stream: Stream::new(seed, &[purpose, name]),
        }
    }

    #[inline]
    pub(crate) fn duration(&mut self) -> Duration {
        match self.constant {
            Some((duration, _)) => duration,
            None => self.distribution.duration(self.stream.unit()),
        }
    }

    /// The bytes that every draw gives, if they are all the same.
    pub(crate) fn constant_bytes(&self) -> Option<u64> {
        self.constant.map(|(_, bytes)| bytes)
    }

    #[inline]
    pub(crate) fn bytes(&mut self) -> u64 {
        match self.constant_bytes() {
            Some(bytes) => bytes,
            None => self.distribution.bytes(self.stream.unit()).0,
        }
    }

    /// Is every draw zero?
    pub(crate) fn is_zero(&self) -> bool {
        self.distribution.as_constant() == Some(0.0)
    }

    /// No draw is greater: what is declared, else the value at the greatest number below one that a
    /// stream gives.
    pub(crate) fn greatest(&self) -> Duration {
        const LAST: f64 = 1.0 - 1.0 / (1u64 << 53) as f64;
        match self.distribution.limits().1 {
            Some(greatest) => Duration::from_nanos(greatest.ceil() as i64),
            None => self.distribution.duration(LAST),
        }
    }
}
