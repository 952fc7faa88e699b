//! Distributions of whole numbers (nanoseconds, counts), for quantiles to 0.1%.
//!
//! Log-linear buckets, as HdrHistogram has them (Tene): every octave is split into 512 equal ones,
//! so that a bucket's middle is within 1/1024 of all that it holds, and numbers below 1024 are
//! exact. The counts of an octave are allocated when it is first met: a distribution over two
//! decades takes 30 KiB, an empty one nothing.

use crate::report::Quantiles;
use cachepolicy_core::units::Duration;

/// Buckets of an octave, as a power of two.
const BITS: u32 = 9;
const BUCKETS: usize = 1 << BITS;

/// What a figure is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Nanoseconds, reported in seconds.
    Seconds,
    /// As it is.
    Plain,
}

impl Scale {
    fn apply(self, value: f64) -> f64 {
        match self {
            Self::Seconds => value / 1e9,
            Self::Plain => value,
        }
    }
}

/// Permille of p50, p90, p99 and p99.9.
const REPORTED: [u16; 4] = [500, 900, 990, 999];

/// See the module's description.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Histogram {
    count: u64,
    zeros: u64,
    sum: u128,
    max: u64,
    octaves: Vec<Option<Box<[u64; BUCKETS]>>>,
}

impl Histogram {
    /// A length of time.
    pub(crate) fn record_duration(&mut self, duration: Duration) {
        self.record(duration.nanos().unsigned_abs());
    }

    /// A number.
    #[inline]
    pub(crate) fn record(&mut self, value: u64) {
        self.count += 1;
        if value == 0 {
            self.zeros += 1;
            return;
        }
        self.sum += u128::from(value);
        self.max = self.max.max(value);
        let bucket = Bucket::of(value);
        match self.octaves.get_mut(bucket.octave()) {
            Some(Some(counts)) => counts[bucket.within()] += 1,
            _ => self.open(bucket.octave())[bucket.within()] += 1,
        }
    }

    #[cold]
    fn open(&mut self, octave: usize) -> &mut [u64; BUCKETS] {
        if self.octaves.len() <= octave {
            self.octaves.resize(octave + 1, None);
        }
        self.octaves[octave].get_or_insert_with(|| Box::new([0; BUCKETS]))
    }

    /// How many numbers.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    /// Forgets everything but the memory that it has.
    pub(crate) fn clear(&mut self) {
        (self.count, self.zeros, self.sum, self.max) = (0, 0, 0, 0);
        for counts in self.octaves.iter_mut().flatten() {
            counts.fill(0);
        }
    }

    /// The buckets in use, from the least on, zeros left out.
    fn buckets(&self) -> impl Iterator<Item = (Bucket, u64)> + '_ {
        self.octaves
            .iter()
            .enumerate()
            .flat_map(|(octave, counts)| {
                counts.iter().flat_map(move |counts| {
                    counts
                        .iter()
                        .enumerate()
                        .filter(|(_, count)| **count > 0)
                        .map(move |(within, &count)| (Bucket::new(octave, within), count))
                })
            })
    }

    /// The figures, as if so many more zeros had been recorded.
    pub(crate) fn quantiles(&self, scale: Scale, more_zeros: u64) -> Quantiles {
        let count = self.count + more_zeros;
        if count == 0 {
            return Quantiles::default();
        }
        let [p50, p90, p99, p999] = quantiles_of(
            Totals {
                count,
                zeros: self.zeros + more_zeros,
                max: self.max,
            },
            self.buckets(),
            REPORTED,
        )
        .map(|value| Some(scale.apply(value)));
        Quantiles {
            count,
            mean: Some(scale.apply(self.sum as f64 / count as f64)),
            p50,
            p90,
            p99,
            p999,
            max: Some(scale.apply(self.max as f64)),
        }
    }

    /// A copy that takes little memory and can be merged with others.
    pub(crate) fn summary(&self) -> Summary {
        Summary {
            totals: Totals {
                count: self.count,
                zeros: self.zeros,
                max: self.max,
            },
            buckets: self.buckets().collect(),
        }
    }
}

/// Numbers of an octave that are told apart no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Bucket(u16);

impl Bucket {
    /// Numbers below 512 are octave 0; those in 2^(8+k) .. 2^(9+k) octave k.
    const fn of(value: u64) -> Self {
        let octave = (u64::BITS - value.leading_zeros()).saturating_sub(BITS);
        let within = value >> octave.saturating_sub(1);
        Self::new(octave as usize, within as usize & (BUCKETS - 1))
    }

    const fn new(octave: usize, within: usize) -> Self {
        Self((octave << BITS | within) as u16)
    }

    const fn octave(self) -> usize {
        (self.0 >> BITS) as usize
    }

    const fn within(self) -> usize {
        self.0 as usize & (BUCKETS - 1)
    }

    fn middle(self) -> f64 {
        let shift = (self.octave() as u32).saturating_sub(1);
        let implied = if self.octave() == 0 { 0 } else { BUCKETS };
        let least = ((implied | self.within()) as u64) << shift;
        let width = 1u64 << shift;
        least as f64 + (width - 1) as f64 / 2.0
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Totals {
    count: u64,
    zeros: u64,
    max: u64,
}

/// Nearest rank: the least number that at least this share of all do not exceed. `permille` rises.
fn quantiles_of<const N: usize>(
    totals: Totals,
    buckets: impl Iterator<Item = (Bucket, u64)>,
    permille: [u16; N],
) -> [f64; N] {
    let rank = |permille: u16| {
        let rank = (u128::from(totals.count) * u128::from(permille)).div_ceil(1000);
        (rank as u64).max(1)
    };
    let mut values = [totals.max as f64; N];
    let mut next = 0;
    let mut seen = totals.zeros;
    let mut settle = |seen: u64, value: f64| {
        while next < N && rank(permille[next]) <= seen {
            // The last rank is the maximum itself, which is known exactly.
            if rank(permille[next]) < totals.count {
                values[next] = value.min(totals.max as f64);
            }
            next += 1;
        }
    };
    settle(seen, 0.0);
    for (bucket, count) in buckets {
        seen += count;
        settle(seen, bucket.middle());
    }
    values
}

/// What is left of a [`Histogram`]: the buckets in use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    totals: Totals,
    buckets: Vec<(Bucket, u64)>,
}

impl Summary {
    /// Takes the numbers of another one in.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.totals = Totals {
            count: self.totals.count + other.totals.count,
            zeros: self.totals.zeros + other.totals.zeros,
            max: self.totals.max.max(other.totals.max),
        };
        let mut merged = Vec::with_capacity(self.buckets.len() + other.buckets.len());
        let mut theirs = other.buckets.iter().copied().peekable();
        for &(bucket, count) in &self.buckets {
            while let Some(before) = theirs.next_if(|(their, _)| *their < bucket) {
                merged.push(before);
            }
            let same = theirs.next_if(|(their, _)| *their == bucket);
            merged.push((bucket, count + same.map_or(0, |(_, count)| count)));
        }
        merged.extend(theirs);
        self.buckets = merged;
    }

    /// 99%; `None` of nothing.
    pub(crate) fn p99(&self, scale: Scale) -> Option<f64> {
        let [p99] = quantiles_of(self.totals, self.buckets.iter().copied(), [990]);
        (self.totals.count > 0).then(|| scale.apply(p99))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        values.iter().for_each(|&value| histogram.record(value));
        histogram
    }

    /// Numbers of every magnitude.
    fn values() -> impl Strategy<Value = Vec<u64>> {
        let value =
            (0u32..64, any::<u64>(), 0u8..8).prop_map(
                |(shift, value, zero)| {
                    if zero == 0 { 0 } else { value >> shift }
                },
            );
        prop::collection::vec(value, 1..400)
    }

    proptest! {
        #[test]
        fn quantiles_are_within_a_thousandth_and_the_maximum_is_exact(
            values in values(), more_zeros in 0u64..50,
        ) {
            let figures = of(&values).quantiles(Scale::Plain, more_zeros);
            let mut sorted = values.clone();
            sorted.extend((0..more_zeros).map(|_| 0));
            sorted.sort_unstable();
            let n = sorted.len();
            for (permille, figure) in [
                (500, figures.p50), (900, figures.p90), (990, figures.p99), (999, figures.p999),
            ] {
                let exact = sorted[(n * permille).div_ceil(1000) - 1] as f64;
                let error = (figure.unwrap() - exact).abs();
                prop_assert!(error <= 0.001 * exact, "p{}: {:?} for {}", permille, figure, exact);
                if exact < 1024.0 {
                    prop_assert_eq!(error, 0.0);
                }
            }
            prop_assert_eq!(figures.max, Some(sorted[n - 1] as f64));
            prop_assert_eq!(figures.count, n as u64);
            let sum: u128 = sorted.iter().map(|&value| u128::from(value)).sum();
            prop_assert_eq!(figures.mean, Some(sum as f64 / n as f64));
        }

        #[test]
        fn merged_summaries_are_the_summary_of_all(a in values(), b in values()) {
            let mut merged = of(&a).summary();
            merged.merge(&of(&b).summary());
            let all: Vec<_> = a.iter().chain(&b).copied().collect();
            prop_assert_eq!(merged, of(&all).summary());
        }
    }

    #[test]
    fn nothing_has_no_quantiles_and_takes_no_memory() {
        let histogram = Histogram::default();
        assert_eq!(histogram.quantiles(Scale::Seconds, 0), Quantiles::default());
        assert_eq!(histogram.octaves.capacity(), 0);
        assert_eq!(histogram.summary().p99(Scale::Seconds), None);
    }

    #[test]
    fn a_cleared_one_is_as_new() {
        let mut histogram = of(&[1, 5_000, u64::MAX]);
        histogram.clear();
        histogram.record(7);
        let (cleared, new) = (histogram.summary(), of(&[7]).summary());
        assert_eq!(cleared, new);
    }
}
