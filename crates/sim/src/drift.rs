//! What was predicted beside what happened: a report, and what a running cache counted meanwhile.

use crate::report::{LevelFigures, Ordered, PolicyIdentity, Report, TraceSummary};
use serde::Serialize;

/// The schema of a drift's JSON.
pub const SCHEMA: u32 = 1;

/// Differences count that chance makes in fewer than one of a thousand comparisons: so many standard errors.
const ERRORS: f64 = 3.29;

/// A 99th percentile of staleness may be off by this share of it, or by this many seconds.
const STALENESS: (f64, f64) = (0.1, 0.02);

/// What a running cache counted at a level.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Counted {
    /// Served within the ttl.
    pub fresh: u64,
    /// Served past it.
    pub stale: u64,
    /// Served an absence.
    pub negative: u64,
    /// Not served from the store.
    pub miss: u64,
    /// Left out.
    pub bypass: u64,
    /// Of the misses: served by a fill that somebody else began.
    pub waited: u64,
    /// Fills.
    pub fills: u64,
    /// The most concurrent fills of one key; `None`: not known.
    pub stampede_peak: Option<u64>,
    /// The 99th percentile of how stale serves were, in seconds; `None`: not measured.
    pub staleness_p99: Option<f64>,
}

/// What running caches, and those who ask them, counted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measured {
    /// By level.
    pub levels: Ordered<Counted>,
    /// By route, `GET /articles/{slug}`: the 99th percentile of how stale its answers were, in seconds. Only
    /// somebody who knows what has changed can measure it.
    pub routes: Ordered<f64>,
}

impl Counted {
    /// All look-ups.
    #[must_use]
    pub const fn lookups(&self) -> u64 {
        self.fresh + self.stale + self.negative + self.miss + self.bypass
    }

    /// What has been counted since an earlier time. What is no count stays.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        Self {
            fresh: self.fresh.saturating_sub(earlier.fresh),
            stale: self.stale.saturating_sub(earlier.stale),
            negative: self.negative.saturating_sub(earlier.negative),
            miss: self.miss.saturating_sub(earlier.miss),
            bypass: self.bypass.saturating_sub(earlier.bypass),
            waited: self.waited.saturating_sub(earlier.waited),
            fills: self.fills.saturating_sub(earlier.fills),
            ..self
        }
    }

    fn of(figures: &LevelFigures) -> Self {
        Self {
            fresh: figures.fresh,
            stale: figures.stale,
            negative: figures.negative,
            miss: figures.miss,
            bypass: figures.bypass,
            waited: figures.waited,
            fills: figures.fills,
            stampede_peak: Some(figures.stampede.peak),
            staleness_p99: figures.out_of_date.staleness.p99,
        }
    }
}

/// A figure as it was predicted and as it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pair {
    /// By the simulation.
    pub predicted: Option<f64>,
    /// As counted.
    pub actual: Option<f64>,
    /// By how much they may differ.
    pub tolerance: f64,
    /// They differ by more.
    pub differs: bool,
}

impl Pair {
    fn new(predicted: Option<f64>, actual: Option<f64>, tolerance: f64) -> Self {
        let differs = match (predicted, actual) {
            (Some(predicted), Some(actual)) => libm::fabs(predicted - actual) > tolerance,
            _ => false,
        };
        Self {
            predicted,
            actual,
            tolerance,
            differs,
        }
    }

    /// Of two shares of so many.
    fn shares(predicted: (u64, u64), actual: (u64, u64), least: f64) -> Self {
        let share = |(part, all): (u64, u64)| (all > 0).then(|| part as f64 / all as f64);
        let (of, and) = (predicted.1, actual.1);
        let tolerance = if of == 0 || and == 0 {
            least
        } else {
            let together = (predicted.0 + actual.0) as f64 / (of + and) as f64;
            // Fills can be more than the look-ups that they belong to.
            let spread = (together * (1.0 - together)).max(0.0);
            let error = libm::sqrt(spread * (1.0 / of as f64 + 1.0 / and as f64));
            least.max(ERRORS * error)
        };
        Self::new(share(predicted), share(actual), tolerance)
    }
}

/// What differs at a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// The metrics have other look-ups than the trace: they are not of the same time, or some were lost.
    Lookups,
    /// More hits than predicted.
    MoreHits,
    /// Fewer hits.
    FewerHits,
    /// Another share was served past its ttl.
    Stale,
    /// Another share was served as an absence.
    Negative,
    /// Another share went past the level.
    Bypass,
    /// Another share waited for somebody else's fill.
    Waited,
    /// More work was done for as many look-ups.
    MoreFills,
    /// Less work.
    FewerFills,
    /// More concurrent fills of one key.
    Stampede,
    /// Serves were more, or less, out of date.
    Staleness,
}

/// A level, predicted and actual.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LevelDrift {
    /// `site`, `view`, `fragment`, `object`.
    pub kind: String,
    /// Look-ups.
    pub lookups: Pair,
    /// (fresh + stale + negative) / (look-ups − bypass)
    pub hit_ratio: Pair,
    /// stale / look-ups
    pub stale: Pair,
    /// negative / look-ups
    pub negative: Pair,
    /// bypass / look-ups
    pub bypass: Pair,
    /// waited / look-ups
    pub waited: Pair,
    /// fills / look-ups
    pub fills: Pair,
    /// The most concurrent fills of one key.
    pub stampede_peak: Pair,
    /// The 99th percentile over all serves, in seconds.
    pub staleness_p99: Pair,
    /// What of it differs.
    pub findings: Vec<Finding>,
}

/// A whole comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drift {
    /// [`SCHEMA`]
    pub schema: u32,
    /// Which policy.
    pub policy: PolicyIdentity,
    /// Of which trace.
    pub trace: TraceSummary,
    /// Does anything differ?
    pub differs: bool,
    /// Levels that were looked up, predicted or actually, in the order of the policy.
    pub levels: Ordered<LevelDrift>,
    /// The 99th percentile of how stale the answers of a route were, in seconds, where it was measured.
    pub routes: Ordered<Pair>,
    /// Levels of the policy that the metrics do not have.
    pub missing: Vec<String>,
    /// What must be known to read the figures.
    pub notes: Vec<String>,
}

impl Drift {
    /// Lays a report and what was counted side by side. Shares that differ by no more than `least` are the
    /// same, however many look-ups there were.
    #[must_use]
    pub fn new(report: &Report, measured: &Measured, least: f64) -> Self {
        let mut levels = Ordered::new();
        let mut missing = Vec::new();
        // A sample has fewer look-ups than there were; their shares are comparable.
        let is_sample = report.sampled.is_some();
        for (name, figures) in &report.levels {
            match measured.levels.get(name) {
                Some(actual) if figures.lookups + actual.lookups() > 0 => {
                    let level = LevelDrift::new(figures, *actual, least, is_sample);
                    levels.insert(name.clone(), level);
                }
                Some(_) => {}
                None if figures.lookups > 0 => missing.push(name.clone()),
                None => {}
            }
        }
        let routes: Ordered<Pair> = measured
            .routes
            .iter()
            .map(|(route, actual)| {
                let figures = report.routes.get(route);
                let predicted = figures.and_then(|it| it.out_of_date.staleness.p99);
                (route.clone(), staleness(predicted, Some(*actual)))
            })
            .collect();
        let has_finding = levels.values().any(|it| !it.findings.is_empty());
        Self {
            schema: SCHEMA,
            policy: report.policy.clone(),
            trace: report.trace.clone(),
            differs: !missing.is_empty() || has_finding || routes.values().any(|pair| pair.differs),
            levels,
            routes,
            missing,
            notes: report.notes.clone(),
        }
    }

    /// As indented JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self)
            .unwrap_or_else(|_| unreachable!("text, numbers and lists always have a JSON form"))
    }
}

/// Two 99th percentiles.
fn staleness(predicted: Option<f64>, actual: Option<f64>) -> Pair {
    let tolerance = STALENESS.1.max(STALENESS.0 * predicted.unwrap_or(0.0));
    Pair::new(predicted, actual, tolerance)
}

impl LevelDrift {
    fn new(figures: &LevelFigures, actual: Counted, least: f64, is_sample: bool) -> Self {
        let predicted = Counted::of(figures);
        let share = |part: fn(&Counted) -> u64, of: fn(&Counted) -> u64| {
            let of = |counted: &Counted| (part(counted), of(counted));
            Pair::shares(of(&predicted), of(&actual), least)
        };
        let all: fn(&Counted) -> u64 = |it| it.lookups();
        let asked: fn(&Counted) -> u64 = |it| it.lookups() - it.bypass;
        let (of, and) = (predicted.lookups() as f64, actual.lookups() as f64);
        let lookups = if is_sample {
            Pair::new(Some(of), Some(and), f64::INFINITY)
        } else {
            // Requests that were under way when either began or ended.
            Pair::new(Some(of), Some(and), 10.0 + 0.01 * of)
        };
        let peak = |counted: &Counted| counted.stampede_peak.map(|peak| peak as f64);
        let mut level = Self {
            kind: figures.kind.clone(),
            lookups,
            hit_ratio: share(|it| it.fresh + it.stale + it.negative, asked),
            stale: share(|it| it.stale, all),
            negative: share(|it| it.negative, all),
            bypass: share(|it| it.bypass, all),
            waited: share(|it| it.waited, all),
            fills: share(|it| it.fills, all),
            stampede_peak: Pair::new(peak(&predicted), peak(&actual), 1.0),
            staleness_p99: staleness(predicted.staleness_p99, actual.staleness_p99),
            findings: Vec::new(),
        };
        level.findings = level.find();
        level
    }

    fn find(&self) -> Vec<Finding> {
        let is_more = |pair: &Pair| pair.actual > pair.predicted;
        let either = |pair: &Pair, more, fewer| if is_more(pair) { more } else { fewer };
        let findings = [
            (&self.lookups, Finding::Lookups),
            (
                &self.hit_ratio,
                either(&self.hit_ratio, Finding::MoreHits, Finding::FewerHits),
            ),
            (&self.stale, Finding::Stale),
            (&self.negative, Finding::Negative),
            (&self.bypass, Finding::Bypass),
            (&self.waited, Finding::Waited),
            (
                &self.fills,
                either(&self.fills, Finding::MoreFills, Finding::FewerFills),
            ),
            (&self.stampede_peak, Finding::Stampede),
            (&self.staleness_p99, Finding::Staleness),
        ];
        let differing = findings.into_iter().filter(|(pair, _)| pair.differs);
        differing.map(|(_, finding)| finding).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(fresh: u64, miss: u64) -> LevelFigures {
        LevelFigures {
            kind: "object".to_owned(),
            lookups: fresh + miss,
            fresh,
            miss,
            fills: miss,
            ..LevelFigures::default()
        }
    }

    fn counted(fresh: u64, miss: u64) -> Counted {
        Counted {
            fresh,
            miss,
            fills: miss,
            stampede_peak: Some(0),
            ..Counted::default()
        }
    }

    fn findings(predicted: (u64, u64), actual: (u64, u64)) -> Vec<Finding> {
        let predicted = figures(predicted.0, predicted.1);
        LevelDrift::new(&predicted, counted(actual.0, actual.1), 0.005, false).findings
    }

    #[test]
    fn chance_is_no_drift() {
        assert_eq!(findings((900, 100), (880, 120)), []);
        // Among ten times as many the same difference is none of chance.
        let more = findings((9_000, 1_000), (8_800, 1_200));
        assert_eq!(more, [Finding::FewerHits, Finding::MoreFills]);
        // But small ones do not matter.
        assert_eq!(findings((900_000, 100_000), (897_000, 103_000)), []);
    }

    #[test]
    fn other_look_ups_than_the_traces_are_said() {
        let found = findings((900, 100), (1_800, 200));
        assert_eq!(found, [Finding::Lookups]);
        let predicted = figures(900, 100);
        let sample = LevelDrift::new(&predicted, counted(1_800, 200), 0.005, true);
        assert_eq!(sample.findings, []);
    }

    #[test]
    fn peaks_and_staleness_have_tolerances_of_their_own() {
        let mut predicted = figures(900, 100);
        predicted.stampede.peak = 2;
        predicted.out_of_date.staleness.p99 = Some(1.0);
        let of = |peak, staleness| {
            let actual = Counted {
                stampede_peak: Some(peak),
                staleness_p99: Some(staleness),
                ..counted(900, 100)
            };
            LevelDrift::new(&predicted, actual, 0.005, false).findings
        };
        assert_eq!(of(3, 1.09), []);
        assert_eq!(of(4, 1.2), [Finding::Stampede, Finding::Staleness]);
    }
}
