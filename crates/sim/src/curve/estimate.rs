//! From what a sample came to, to what the whole trace comes to and how far that can be trusted.

use super::Outcome;
use super::figures::Point;
use crate::aggregate::interval::Interval;
use crate::sample::Rate;

/// Groups of a sample that are replayed on their own. More would be too small, fewer would say
/// little about their spread.
pub(super) const GROUPS: u32 = 8;

/// A sample's store with fewer copies is too small to stand for the whole one: which few of the
/// most popular keys are in it decides, and whether they all fit.
pub(super) const COPIES_MIN: f64 = 100.0;

/// What is known of the whole trace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub(super) rate: Rate,
    /// Look-ups of the backend that count, where they are known.
    pub(super) lookups: Option<u64>,
    /// Requests that count.
    pub(super) requests: u64,
    /// Every request asks the backend first, if it asks any.
    pub(super) comes_first: bool,
}

impl Scale {
    /// The point of a capacity, from the whole sample and from its groups.
    ///
    /// The groups are independent of each other, so that the spread of their ratios says how far
    /// the sample's own is from that of another sample (Wolter, Introduction to Variance
    /// Estimation, chapter 2: random groups): half of the interval is Student's for their mean. To
    /// that comes how far their mean is from the whole sample's ratio: it shows what it costs to
    /// simulate stores that are eight times smaller.
    pub(super) fn point(self, whole: Outcome, groups: &[Outcome]) -> Point {
        let miss_ratio = self.miss_ratio(whole, 1);
        let mut point = Point {
            miss_ratio,
            exact: self.rate.is_all(),
            request_hit_ratio: self.request_hit_ratio(whole),
            ..Point::default()
        };
        if point.exact {
            return point;
        }
        let ratios: Vec<_> = groups
            .iter()
            .map(|group| self.miss_ratio(*group, GROUPS))
            .collect();
        let half = Interval::of(&ratios).and_then(|mean| Some((mean.mean, mean.half()?)));
        if let (Some(ratio), Some((mean, half))) = (miss_ratio, half) {
            let error = half + libm::fabs(mean - ratio);
            point.low = Some((ratio - error).max(0.0));
            point.high = Some((ratio + error).min(1.0));
        }
        point
    }

    /// Of a part of the sample. Where it is known how many look-ups the whole trace has, the
    /// expected number of the part's takes the place of its own, which is the correction called
    /// SHARDS_adj: a part that happens to have a very popular key has more look-ups than that, and
    /// what it has more of are hits. The same holds of requests that ask the backend first: of a
    /// very popular path, nearly each is one look-up and a hit. Behind other stores nothing is
    /// known of how many look-ups there are, and the part's own number counts.
    fn miss_ratio(self, outcome: Outcome, groups: u32) -> Option<f64> {
        let misses = (outcome.lookups - outcome.hits) as f64;
        let own = outcome.lookups as f64;
        let share = self.rate.divided(groups).share();
        let expected = match (self.lookups, outcome.requests) {
            _ if self.rate.is_all() => own,
            (Some(lookups), _) => lookups as f64 * share,
            (None, Some((requests, _))) if self.comes_first => {
                (own - (requests as f64 - self.requests as f64 * share)).max(misses)
            }
            (None, _) => own,
        };
        (expected > 0.0).then(|| (misses / expected).min(1.0))
    }

    fn request_hit_ratio(self, outcome: Outcome) -> Option<f64> {
        let (requests, origin_free) = outcome.requests?;
        let expected = if self.rate.is_all() {
            requests as f64
        } else {
            self.requests as f64 * self.rate.share()
        };
        let needed = (requests - origin_free) as f64;
        (expected > 0.0).then(|| (1.0 - needed / expected).max(0.0))
    }
}
