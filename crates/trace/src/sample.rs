//! Samples by hash: what is kept is kept with all of its history, by every reader and writer alike.

use crate::random::Stream;

/// Hashes are compared by so many bits.
const BITS: u32 = 63;

/// The share of keys that a sample keeps: above 0, at most 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u64);

impl Rate {
    /// Everything is kept.
    pub const ALL: Self = Self(1 << BITS);

    /// `None` unless 0 < `share` ≤ 1; what is too small to be told from 0 is none either.
    #[must_use]
    pub fn new(share: f64) -> Option<Self> {
        let limit = libm::round(share * (1u64 << BITS) as f64);
        (share <= 1.0 && limit >= 1.0).then_some(Self(limit as u64))
    }

    /// As a number.
    #[must_use]
    pub fn share(self) -> f64 {
        self.0 as f64 / (1u64 << BITS) as f64
    }

    /// Is everything kept?
    #[must_use]
    pub fn is_all(self) -> bool {
        self == Self::ALL
    }

    /// Half of it. There is always a smaller rate that keeps nothing more than this one does.
    #[must_use]
    pub fn halved(self) -> Self {
        Self((self.0 / 2).max(1))
    }

    /// The part of it that one of so many groups has.
    #[must_use]
    pub fn divided(self, groups: u32) -> Self {
        Self((self.0 / u64::from(groups.max(1))).max(1))
    }

    /// Is a thing with this hash kept?
    #[must_use]
    pub fn keeps(self, hash: u64) -> bool {
        hash >> (64 - BITS) < self.0
    }

    /// The same share of a capacity, rounded, at least 1.
    #[must_use]
    pub fn of(self, capacity: u64) -> u64 {
        let half = 1u128 << (BITS - 1);
        let scaled = (u128::from(capacity) * u128::from(self.0) + half) >> BITS;
        (scaled as u64).max(1)
    }
}

/// The hash that decides whether a unit, the key of an access or the decoded path of a request, is in
/// a sample. Another seed is another sample.
#[must_use]
pub fn hash(seed: u64, unit: &str) -> u64 {
    Stream::new(seed, &["sample", unit]).bits()
}
