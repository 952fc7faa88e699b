//! Figures over time, in a bounded number of points whose step grows with the run.

use super::histogram::{Histogram, Scale, Summary};
use crate::report;
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::{Duration, Time};

/// The first step when none is asked for: 1/128 s, so that every later one is a power of two of a
/// second.
const FIRST_STEP: Duration = Duration::from_nanos(7_812_500);

/// The most points of a step that adapts. At the least half as many are used.
const POINTS: usize = 120;

/// The most points of a step that was asked for.
const POINTS_ASKED_FOR: usize = 10_000;

/// What was counted since counting began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) requests: u64,
    pub(super) origin_free: u64,
    pub(super) errors: u64,
    pub(super) out_of_date: u64,
    /// For each level: hits, and look-ups that were not bypassed.
    pub(super) levels: Vec<(u64, u64)>,
    /// For each origin: arrivals of work.
    pub(super) origins: Vec<u64>,
}

impl Totals {
    fn combine(&mut self, other: &Self, with: fn(u64, u64) -> u64) {
        self.levels
            .resize(other.levels.len().max(self.levels.len()), (0, 0));
        self.origins
            .resize(other.origins.len().max(self.origins.len()), 0);
        self.requests = with(self.requests, other.requests);
        self.origin_free = with(self.origin_free, other.origin_free);
        self.errors = with(self.errors, other.errors);
        self.out_of_date = with(self.out_of_date, other.out_of_date);
        for (mine, theirs) in self.levels.iter_mut().zip(&other.levels) {
            *mine = (with(mine.0, theirs.0), with(mine.1, theirs.1));
        }
        for (mine, theirs) in self.origins.iter_mut().zip(&other.origins) {
            *mine = with(*mine, *theirs);
        }
    }

    /// What came since `earlier`.
    fn since(&self, earlier: &Self) -> Self {
        let mut difference = self.clone();
        difference.combine(earlier, u64::saturating_sub);
        difference
    }
}

/// What happened from one step to the next.
#[derive(Debug, Clone, Default)]
struct Point {
    totals: Totals,
    latency: Summary,
    stampede: u32,
}

impl Point {
    fn is_empty(&self) -> bool {
        let Totals {
            requests,
            levels,
            origins,
            ..
        } = &self.totals;
        *requests == 0
            && levels.iter().all(|level| level.1 == 0)
            && origins.iter().all(|work| *work == 0)
    }

    fn merge(&mut self, other: &Self) {
        self.totals.combine(&other.totals, u64::saturating_add);
        self.latency.merge(&other.latency);
        self.stampede = self.stampede.max(other.stampede);
    }
}

/// How much of a point's time was simulated.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Span {
    /// `None` if less than half of it, which no rate can be told from.
    seconds: Option<f64>,
    /// It is what is left of the run, in which little more happens than that the last requests are
    /// answered: of these nearly all had to wait for a fill, and their shares tell nothing.
    is_rest: bool,
}

/// See the module's description.
#[derive(Debug, Clone)]
pub(super) struct Timeline {
    began: Time,
    step: Duration,
    limit: usize,
    /// The last of them is the present one; what it has is added when it ends.
    points: Vec<Point>,
    /// When the present point ends.
    ends: Time,
    /// The totals when the present point began.
    before: Totals,
    latency: Histogram,
    stampede: u32,
    coarsened: bool,
}

impl Timeline {
    pub(super) fn new(step: Option<Duration>) -> Self {
        let asked_for = step.filter(|step| *step > Duration::ZERO && !step.is_forever());
        Self {
            began: Time::ZERO,
            step: asked_for.unwrap_or(FIRST_STEP),
            limit: if asked_for.is_some() {
                POINTS_ASKED_FOR
            } else {
                POINTS
            },
            points: Vec::new(),
            ends: Time::NEVER,
            before: Totals::default(),
            latency: Histogram::default(),
            stampede: 0,
            coarsened: false,
        }
    }

    /// Time zero, totals zero.
    pub(super) fn begin(&mut self, at: Time) {
        self.began = at;
        self.ends = at + self.step;
        self.points = vec![Point::default()];
        self.before = Totals::default();
        self.latency.clear();
        self.stampede = 0;
    }

    /// When [`Timeline::advance`] is due.
    pub(super) const fn ends(&self) -> Time {
        self.ends
    }

    /// So many requests were answered at once.
    pub(super) fn zero_latencies(&mut self, requests: u64) {
        self.latency.record_zeros(requests);
    }

    /// So many requests were answered after so long.
    pub(super) fn latencies(&mut self, latency: Duration, requests: u64) {
        self.latency.record_durations(latency, requests);
    }

    /// A request was answered.
    #[inline]
    pub(super) fn latency(&mut self, latency: Duration) {
        self.latency.record_duration(latency);
    }

    /// So many fills of one key are running.
    pub(super) fn fills(&mut self, concurrent: u32) {
        self.stampede = self.stampede.max(concurrent);
    }

    /// Closes the present point and goes on with the one that `now` lies in.
    pub(super) fn advance(&mut self, now: Time, totals: &Totals) {
        self.close(totals);
        let mut index = self.index(now);
        while index >= self.limit {
            self.coarsen();
            index = self.index(now);
        }
        self.points.resize_with(index + 1, Point::default);
        let length = self.step.nanos().saturating_mul(index as i64 + 1);
        self.ends = self.began + Duration::from_nanos(length);
    }

    fn index(&self, now: Time) -> usize {
        let index = now.since(self.began).nanos() / self.step.nanos();
        usize::try_from(index).unwrap_or(usize::MAX)
    }

    fn close(&mut self, totals: &Totals) {
        let present = Point {
            totals: totals.since(&self.before),
            latency: self.latency.summary(),
            stampede: self.stampede,
        };
        if let Some(last) = self.points.last_mut() {
            last.merge(&present);
        }
        self.before.clone_from(totals);
        self.latency.clear();
        self.stampede = 0;
    }

    /// Makes one point of two, as often as the points go into the limit again.
    fn coarsen(&mut self) {
        self.coarsened = true;
        self.step = self.step + self.step;
        let merged = self.points.chunks(2).map(|pair| {
            let mut point = pair[0].clone();
            if let Some(second) = pair.get(1) {
                point.merge(second);
            }
            point
        });
        self.points = merged.collect();
    }

    /// Was a step asked for that would have made too many points?
    pub(super) const fn step_was_too_short(&self) -> bool {
        self.coarsened && self.limit == POINTS_ASKED_FOR
    }

    /// The series; `zero` is the report's time zero.
    pub(super) fn figures(
        &mut self,
        policy: &Policy,
        zero: Time,
        ended: Time,
        totals: &Totals,
    ) -> report::Timeline {
        self.close(totals);
        // A point that begins where the run ends, and in which nothing happened, is none.
        let last = self.points.len().saturating_sub(1);
        if last > 0 && self.simulated(last, ended) == 0 && self.points[last].is_empty() {
            self.points.pop();
        }
        let mut series = report::Ordered::default();
        let mut add = |name: String, value: &dyn Fn(&Point, Span) -> Option<f64>| {
            let values = self.points.iter().enumerate();
            let values = values.map(|(index, point)| value(point, self.span(index, ended)));
            series.insert(name, values.collect());
        };
        let share =
            |part: u64, whole: u64, span: Span| super::ratio(part, whole).filter(|_| !span.is_rest);
        let rate = |count: u64, span: Span| span.seconds.map(|length| count as f64 / length);
        add("requests".into(), &|point, span| {
            rate(point.totals.requests, span)
        });
        add("hit_ratio".into(), &|point, span| {
            share(point.totals.origin_free, point.totals.requests, span)
        });
        for (index, level) in policy
            .levels
            .iter()
            .enumerate()
            .filter(|(_, l)| l.is_stored())
        {
            add(
                format!("levels.{}.hit_ratio", level.name),
                &|point, span| {
                    let (hits, tried) = point.totals.levels.get(index).copied()?;
                    share(hits, tried, span)
                },
            );
        }
        for (index, origin) in policy.origins.iter().enumerate() {
            add(format!("origins.{}.rate", origin.name), &|point, span| {
                rate(point.totals.origins.get(index).copied().unwrap_or(0), span)
            });
        }
        add("out_of_date".into(), &|point, span| {
            share(point.totals.out_of_date, point.totals.requests, span)
        });
        add("errors".into(), &|point, span| {
            share(point.totals.errors, point.totals.requests, span)
        });
        add("latency.p99".into(), &|point, span| {
            let p99 = point.latency.p99(Scale::Seconds);
            p99.filter(|_| !span.is_rest)
        });
        add("stampede.peak".into(), &|point, span| {
            // One that came at the very end is none the less one.
            (point.stampede > 0 || !span.is_rest).then(|| f64::from(point.stampede))
        });
        report::Timeline {
            from: self.began.since(zero).as_secs_f64(),
            step: self.step.as_secs_f64(),
            series,
        }
    }

    /// How much of a point's time was simulated, in nanoseconds.
    fn simulated(&self, index: usize, ended: Time) -> i64 {
        let step = self.step.nanos();
        let simulated = ended.since(self.began).nanos();
        simulated
            .saturating_sub(step.saturating_mul(index as i64))
            .clamp(0, step)
    }

    fn span(&self, index: usize, ended: Time) -> Span {
        let simulated = self.simulated(index, ended);
        let is_told = simulated > 0 && simulated >= self.step.nanos() / 2;
        Span {
            seconds: is_told.then(|| simulated as f64 / 1e9),
            is_rest: index > 0 && !is_told,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn totals(requests: u64) -> Totals {
        Totals {
            requests,
            levels: vec![(requests / 2, requests)],
            origins: vec![requests],
            ..Totals::default()
        }
    }

    /// A request at each of these times.
    fn run(step: Option<Duration>, times: &[i64]) -> Timeline {
        let mut timeline = Timeline::new(step);
        timeline.begin(Time::ZERO);
        for (before, &at) in times.iter().enumerate() {
            let now = Time::from_nanos(at);
            if now >= timeline.ends() {
                timeline.advance(now, &totals(before as u64));
            }
            timeline.latency(Duration::from_nanos(at));
            timeline.fills(at as u32 % 100);
        }
        timeline.close(&totals(times.len() as u64));
        timeline
    }

    proptest! {
        #[test]
        fn points_are_what_was_counted_in_them(
            gaps in prop::collection::vec(
                (0u32..50, any::<i64>()).prop_map(|(shift, gap)| (gap & i64::MAX) >> (13 + shift)), 1..300,
            ),
        ) {
            let times: Vec<i64> = gaps.iter().scan(0i64, |now, gap| { *now += gap; Some(*now) }).collect();
            let timeline = run(None, &times);
            let step = timeline.step.nanos();
            let end = times[times.len() - 1];
            prop_assert!(timeline.points.len() <= POINTS);
            prop_assert_eq!(timeline.points.len() as i64, end / step + 1);
            prop_assert!(step == FIRST_STEP.nanos() || end / step >= POINTS as i64 / 2);
            for (index, point) in timeline.points.iter().enumerate() {
                let within: Vec<i64> = times.iter().copied()
                    .filter(|at| at / step == index as i64).collect();
                prop_assert_eq!(point.totals.requests, within.len() as u64);
                prop_assert_eq!(
                    point.totals.levels.first().map_or(0, |level| level.1), within.len() as u64
                );
                let mut latencies = Histogram::default();
                within.iter().for_each(|&at| latencies.record(at as u64));
                prop_assert_eq!(&point.latency, &latencies.summary());
                let fills = within.iter().map(|&at| at as u32 % 100).max().unwrap_or(0);
                prop_assert_eq!(point.stampede, fills);
            }
        }
    }

    #[test]
    fn a_step_that_was_asked_for_stays_within_reason() {
        let timeline = run(
            Some(Duration::SECOND),
            &[0, 5_000_000_000, 9_999_000_000_000],
        );
        assert_eq!(
            (timeline.step, timeline.points.len()),
            (Duration::SECOND, 10_000)
        );
        assert!(!timeline.step_was_too_short());
        let timeline = run(Some(Duration::SECOND), &[0, 10_000_000_000_000]);
        assert_eq!(
            (timeline.step, timeline.points.len()),
            (Duration::from_secs(2), 5_001)
        );
        assert!(timeline.step_was_too_short());
    }

    #[test]
    fn the_last_point_tells_something_if_half_of_it_was_simulated() {
        let timeline = run(Some(Duration::SECOND), &[0, 1_400_000_000]);
        let span = |index, ended| {
            let span = timeline.span(index, Time::from_nanos(ended));
            (span.seconds, span.is_rest)
        };
        assert_eq!(span(0, 1_400_000_000), (Some(1.0), false));
        assert_eq!(span(1, 1_400_000_000), (None, true));
        assert_eq!(span(1, 1_600_000_000), (Some(0.6), false));
        // Of a short run the only point is all that there is.
        assert_eq!(span(0, 300_000_000), (None, false));
    }

    #[test]
    fn what_is_answered_after_the_end_has_no_share() {
        let mut timeline = run(Some(Duration::SECOND), &[0, 500_000_000, 1_050_000_007]);
        let policy = crate::testing::policy();
        let ended = Time::from_nanos(1_050_000_007);
        let figures = timeline.figures(&policy, Time::ZERO, ended, &totals(3));
        let series = |name: &str| figures.series.get(name).unwrap().clone();
        assert_eq!(series("hit_ratio"), [Some(0.0), None]);
        assert_eq!(series("levels.article.hit_ratio"), [Some(0.5), None]);
        assert_eq!(series("stampede.peak")[1], Some(7.0));
    }
}
