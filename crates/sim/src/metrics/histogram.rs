//! Distributions of whole numbers (nanoseconds, counts), for quantiles to 0.1%.
//!
//! Log-linear buckets, as HdrHistogram has them (Tene): every octave is split into 1024 equal ones,
//! so that what a bucket holds differs by less than 1/1024, and numbers below 2048 are told apart.
//! A bucket stands for the greatest number that it met: a quantile is therefore a number that was
//! recorded, never less than the exact one, and exact where the same number comes again and again,
//! as constant costs and lifetimes make it. Buckets are allocated by quarters of an octave when
//! they are first needed: 4 KiB each, nothing for an empty distribution.

use crate::report::Quantiles;
use cachepolicy_core::units::Duration;
use std::borrow::Cow;

/// Buckets of an octave, as a power of two.
const BITS: u32 = 10;
/// Buckets that are allocated together.
const PAGE: usize = 256;

/// So many numbers are put into their buckets together: see [`Histogram::record_scattered`].
const TOGETHER: usize = 64;

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

/// See the module's description.
#[derive(Debug, Clone, Default)]
pub(crate) struct Histogram {
    count: u64,
    zeros: u64,
    sum: u128,
    pages: Vec<Option<Box<Page>>>,
    /// Empty pages, to be used again.
    spare: Vec<Box<Page>>,
    /// Numbers that are not in their buckets yet.
    scattered: Vec<u64>,
}

type Page = [Bucket; PAGE];

/// Numbers that are told apart no further.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Bucket {
    count: u64,
    /// The greatest of them.
    greatest: u64,
}

impl Bucket {
    fn add(&mut self, value: u64, times: u64) {
        self.count += times;
        self.greatest = self.greatest.max(value);
    }
}

/// The bucket's number for a value: its octave (values below 1024 are octave 0) and where in it.
const fn bucket_of(value: u64) -> u16 {
    let octave = (u64::BITS - value.leading_zeros()).saturating_sub(BITS);
    let within = (value >> octave.saturating_sub(1)) & ((1 << BITS) - 1);
    (octave << BITS) as u16 | within as u16
}

impl Histogram {
    /// A length of time.
    #[inline]
    pub(crate) fn record_duration(&mut self, duration: Duration) {
        self.record(duration.nanos().unsigned_abs());
    }

    /// The same length of time so many times.
    pub(crate) fn record_durations(&mut self, duration: Duration, times: u64) {
        let value = duration.nanos().unsigned_abs();
        if times == 0 || value == 0 {
            self.record_zeros(times);
            return;
        }
        self.count += times;
        self.sum += u128::from(value) * u128::from(times);
        self.put(value, times);
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
        self.put(value, 1);
    }

    /// A length of time; see [`Histogram::record_scattered`].
    #[inline]
    pub(crate) fn record_scattered_duration(&mut self, duration: Duration) {
        self.record_scattered(duration.nanos().unsigned_abs());
    }

    /// A number of which no two are likely to be the same. It is put into its bucket together with
    /// others, so that the waits for memory overlap.
    #[inline]
    pub(crate) fn record_scattered(&mut self, value: u64) {
        self.count += 1;
        if value == 0 {
            self.zeros += 1;
            return;
        }
        self.sum += u128::from(value);
        self.scattered.push(value);
        if self.scattered.len() >= TOGETHER {
            self.gather();
        }
    }

    #[inline(never)]
    fn gather(&mut self) {
        let mut scattered = core::mem::take(&mut self.scattered);
        for value in scattered.drain(..) {
            self.put(value, 1);
        }
        self.scattered = scattered;
    }

    /// With all numbers in their buckets.
    fn gathered(&self) -> Cow<'_, Self> {
        if self.scattered.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut all = self.clone();
        all.gather();
        Cow::Owned(all)
    }

    #[inline]
    fn put(&mut self, value: u64, times: u64) {
        let bucket = usize::from(bucket_of(value));
        match self.pages.get_mut(bucket / PAGE) {
            Some(Some(page)) => page[bucket % PAGE].add(value, times),
            _ => self.page(bucket / PAGE)[bucket % PAGE].add(value, times),
        }
    }

    /// So many zeros.
    pub(crate) fn record_zeros(&mut self, zeros: u64) {
        self.count += zeros;
        self.zeros += zeros;
    }

    /// So many ones.
    pub(crate) fn record_ones(&mut self, ones: u64) {
        if ones > 0 {
            self.record(1);
            let more = ones - 1;
            self.count += more;
            self.sum += u128::from(more);
            let bucket = usize::from(bucket_of(1));
            if let Some(Some(page)) = self.pages.get_mut(bucket / PAGE) {
                page[bucket % PAGE].count += more;
            }
        }
    }

    /// A page that is not there yet.
    #[cold]
    fn page(&mut self, index: usize) -> &mut Page {
        if self.pages.len() <= index {
            self.pages.resize(index + 1, None);
        }
        let spare = &mut self.spare;
        let empty = || Box::new([Bucket::default(); PAGE]);
        self.pages[index].get_or_insert_with(|| spare.pop().unwrap_or_else(empty))
    }

    /// The numbers of another one as well.
    pub(crate) fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.zeros += other.zeros;
        self.sum += other.sum;
        self.scattered.extend_from_slice(&other.scattered);
        for (index, page) in other.pages.iter().enumerate() {
            let Some(page) = page else { continue };
            if self.pages.get(index).is_none_or(Option::is_none) {
                self.page(index);
            }
            let mine = self.pages[index]
                .iter_mut()
                .flat_map(|mine| mine.iter_mut());
            for (mine, theirs) in mine.zip(page.iter()) {
                mine.count += theirs.count;
                mine.greatest = mine.greatest.max(theirs.greatest);
            }
        }
    }

    /// How many numbers.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    /// Forgets everything but the memory that it has.
    pub(crate) fn clear(&mut self) {
        (self.count, self.zeros, self.sum) = (0, 0, 0);
        self.scattered.clear();
        for mut page in self.pages.iter_mut().filter_map(Option::take) {
            page.fill(Bucket::default());
            self.spare.push(page);
        }
    }

    /// The buckets in use, from the least on, zeros left out.
    fn buckets(&self) -> impl Iterator<Item = Bucket> + '_ {
        let all = self.pages.iter().flatten().flat_map(|page| page.iter());
        all.copied().filter(|bucket| bucket.count > 0)
    }

    /// The figures, as if so many more zeros had been recorded.
    pub(crate) fn quantiles(&self, scale: Scale, more_zeros: u64) -> Quantiles {
        let count = self.count + more_zeros;
        if count == 0 {
            return Quantiles::default();
        }
        let zeros = self.zeros + more_zeros;
        let gathered = self.gathered();
        let [p50, p90, p99, p999, max] =
            quantiles_of(count, zeros, gathered.buckets(), [500, 900, 990, 999, 1000])
                .map(|value| Some(scale.apply(value as f64)));
        Quantiles {
            count,
            mean: Some(scale.apply(self.sum as f64 / count as f64)),
            p50,
            p90,
            p99,
            p999,
            max,
        }
    }

    /// A copy that takes little memory and can be merged with others.
    pub(crate) fn summary(&self) -> Summary {
        Summary {
            count: self.count,
            zeros: self.zeros,
            buckets: self.gathered().buckets().collect(),
        }
    }
}

/// Nearest rank: the least number that at least this share of all do not exceed. `permille` rises.
fn quantiles_of<const N: usize>(
    count: u64,
    zeros: u64,
    buckets: impl Iterator<Item = Bucket>,
    permille: [u16; N],
) -> [u64; N] {
    let ranks = permille.map(|permille| {
        let rank = (u128::from(count) * u128::from(permille)).div_ceil(1000);
        (rank as u64).max(1)
    });
    let mut values = [0; N];
    let mut seen = zeros;
    for bucket in buckets {
        let before = seen;
        seen += bucket.count;
        for (value, rank) in values.iter_mut().zip(ranks) {
            if before < rank && rank <= seen {
                *value = bucket.greatest;
            }
        }
    }
    values
}

/// What is left of a [`Histogram`]: the buckets in use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    count: u64,
    zeros: u64,
    buckets: Vec<Bucket>,
}

impl Summary {
    /// Takes the numbers of another one in.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.zeros += other.zeros;
        let mut merged = Vec::with_capacity(self.buckets.len() + other.buckets.len());
        let number = |bucket: &Bucket| bucket_of(bucket.greatest);
        let mut theirs = other.buckets.iter().copied().peekable();
        for mine in &self.buckets {
            while let Some(before) = theirs.next_if(|their| number(their) < number(mine)) {
                merged.push(before);
            }
            let same = theirs.next_if(|their| number(their) == number(mine));
            let same = same.unwrap_or_default();
            merged.push(Bucket {
                count: mine.count + same.count,
                greatest: mine.greatest.max(same.greatest),
            });
        }
        merged.extend(theirs);
        self.buckets = merged;
    }

    /// 99%; `None` of nothing.
    pub(crate) fn p99(&self, scale: Scale) -> Option<f64> {
        let buckets = self.buckets.iter().copied();
        let [p99] = quantiles_of(self.count, self.zeros, buckets, [990]);
        (self.count > 0).then(|| scale.apply(p99 as f64))
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
                let error = figure.unwrap() - exact;
                prop_assert!(
                    (0.0..=0.001 * exact).contains(&error), "p{}: {:?} for {}", permille, figure, exact
                );
                if exact < 2048.0 {
                    prop_assert_eq!(error, 0.0);
                }
            }
            prop_assert_eq!(figures.max, Some(sorted[n - 1] as f64));
            prop_assert_eq!(figures.count, n as u64);
            let sum: u128 = sorted.iter().map(|&value| u128::from(value)).sum();
            prop_assert_eq!(figures.mean, Some(sum as f64 / n as f64));
        }

        /// Also while some are not in their buckets yet.
        #[test]
        fn scattered_ones_are_as_others(a in values(), b in values()) {
            let scattered = |values: &[u64]| {
                let mut histogram = Histogram::default();
                values.iter().for_each(|&value| histogram.record_scattered(value));
                histogram
            };
            let (mut one, mut other) = (scattered(&a), of(&a));
            prop_assert_eq!(one.quantiles(Scale::Plain, 3), other.quantiles(Scale::Plain, 3));
            prop_assert_eq!(one.summary(), other.summary());
            one.add(&scattered(&b));
            other.add(&of(&b));
            prop_assert_eq!(one.quantiles(Scale::Plain, 0), other.quantiles(Scale::Plain, 0));
            prop_assert_eq!((one.summary(), one.count()), (other.summary(), other.count()));
            one.clear();
            prop_assert_eq!(one.summary(), Histogram::default().summary());
        }

        #[test]
        fn merged_summaries_are_the_summary_of_all(a in values(), b in values()) {
            let mut merged = of(&a).summary();
            merged.merge(&of(&b).summary());
            let all: Vec<_> = a.iter().chain(&b).copied().collect();
            prop_assert_eq!(merged, of(&all).summary());
        }
    }

    proptest! {
        #[test]
        fn added_ones_are_as_if_recorded_together(a in values(), b in values()) {
            let mut added = of(&a);
            added.add(&of(&b));
            let all: Vec<_> = a.iter().chain(&b).copied().collect();
            prop_assert_eq!(added.quantiles(Scale::Plain, 0), of(&all).quantiles(Scale::Plain, 0));
            prop_assert_eq!(added.summary(), of(&all).summary());
        }
    }

    #[test]
    fn nothing_has_no_quantiles_and_takes_no_memory() {
        let histogram = Histogram::default();
        assert_eq!(histogram.quantiles(Scale::Seconds, 0), Quantiles::default());
        assert_eq!(histogram.pages.capacity(), 0);
        assert_eq!(histogram.summary().p99(Scale::Seconds), None);
    }

    #[test]
    fn a_number_that_comes_again_and_again_is_exact() {
        let mut histogram = of(&[500_000_000; 99]);
        histogram.record(1_000_000_007);
        let figures = histogram.quantiles(Scale::Seconds, 0);
        assert_eq!((figures.p50, figures.p99), (Some(0.5), Some(0.5)));
        assert_eq!(
            (figures.p999, figures.max),
            (Some(1.000000007), Some(1.000000007))
        );
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
