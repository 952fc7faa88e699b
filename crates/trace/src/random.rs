//! Random numbers: one stream for each purpose, so that a further purpose leaves the others as
//! they were.

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64;

/// Numbers that follow from a seed and a purpose alone.
#[derive(Debug, Clone)]
pub struct Stream(Pcg64);

impl Stream {
    /// The stream of that purpose. A purpose is any list of words; `["ab", "c"]` and `["a", "bc"]`
    /// differ.
    #[must_use]
    pub fn new(seed: u64, purpose: &[&str]) -> Self {
        let mut state = mix(seed);
        for word in purpose {
            for chunk in word.as_bytes().chunks(8) {
                let number = chunk
                    .iter()
                    .fold(0, |number, byte| number << 8 | u64::from(*byte));
                state = mix(state ^ number);
            }
            state = mix(state ^ word.len() as u64 ^ 1 << 63);
        }
        Self(Pcg64::seed_from_u64(state))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number u with 0 ≤ u < 1, a multiple of 2⁻⁵³.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A whole number below `limit`, all equally likely to within `limit`/2⁶⁴; 0 for a limit of 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(limit)) >> 64) as u64
    }

    /// Fills in what [`Stream::below`] gives one after the other.
    pub(crate) fn fill_below(&mut self, limit: u32, numbers: &mut [u32]) {
        // Each state follows from the one before: two halves at a time do not wait for each other.
        let half = numbers.len() / 2;
        let mut ahead = self.clone();
        ahead.0.advance(half as u128);
        let (first, second) = numbers.split_at_mut(half);
        let (second, rest) = second.split_at_mut(half);
        let limit = u64::from(limit);
        for (first, second) in first.iter_mut().zip(second) {
            *first = self.below(limit) as u32;
            *second = ahead.below(limit) as u32;
        }
        for number in rest {
            *number = ahead.below(limit) as u32;
        }
        *self = ahead;
    }
}

/// A bijection that turns similar numbers into dissimilar ones: the finaliser of SplitMix64
/// (Steele, Lea and Flood, OOPSLA 2014).
#[must_use]
pub const fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_are_independent_and_fixed() {
        let first = |purpose: &[&str]| Stream::new(7, purpose).bits();
        assert_eq!(first(&["a"]), first(&["a"]));
        assert_ne!(first(&["a", "bc"]), first(&["ab", "c"]));
        assert_ne!(first(&["a"]), first(&["a", ""]));
        assert_ne!(first(&["a"]), Stream::new(8, &["a"]).bits());
    }

    #[test]
    fn units_stay_below_one() {
        let mut stream = Stream::new(1, &["unit"]);
        let mean = (0..10_000).map(|_| stream.unit()).sum::<f64>() / 1e4;
        assert!((mean - 0.5).abs() < 0.015, "{mean}");
        assert!((0..1_000).all(|_| stream.below(3) < 3));
        assert_eq!(stream.below(0), 0);
    }
}
