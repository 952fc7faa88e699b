//! What several runs with different seeds say together: means, how far they can be trusted, and
//! claims in every seed.
//!
//! Reports are merged figure by figure as they stand in their JSON, so that a new figure is merged
//! without a word here.

pub mod interval;
mod merge;
mod read;
mod risk;
#[cfg(test)]
mod tests;

use crate::report::{ExpectationResult, LevelFigures, RecoveryOutcome, Report};
use cachepolicy_core::expectation::{Claim, Comparison};
use cachepolicy_core::policy::Policy;
use interval::{CONFIDENCE, Interval};
use merge::Intervals;
pub(crate) use merge::Node;
use serde::{Serialize, Serializer};

/// Reports of the same policy and traffic with several seeds, as one.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// Every figure's mean; counts are rounded. Not means are: of a claim, its figure in the seed
    /// in which it is worst, and whether it held in all of them; of a level, the worst seed's
    /// stampede, which has a key and a time; of a key at risk, the mean over the seeds whose report
    /// has it; of a fault, the worst outcome.
    pub report: Report,
    /// The seeds, in order.
    pub seeds: Vec<u64>,
    /// In how many seeds each claim held, in the order of the report.
    pub claims: Vec<ClaimInSeeds>,
    intervals: Intervals,
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ClaimInSeeds {
    /// Seeds in which it held.
    pub held: u64,
    /// Seeds in which it was missed. In the others it was not decided.
    pub missed: u64,
    /// The seed in which its figure is worst; `None` where it has none in any.
    pub worst_seed: Option<u64>,
}

impl Aggregate {
    /// Of reports in the order of their seeds; `None` without any.
    #[must_use]
    pub fn new(policy: &Policy, reports: &[Report]) -> Option<Self> {
        let first = reports.first()?;
        let step = first.timeline.step;
        let nodes: Vec<_> = reports
            .iter()
            .map(|report| {
                let mut node = Node::of(report);
                if report.timeline.step != step {
                    node.remove("timeline");
                }
                node
            })
            .collect();
        let (mean, mut intervals) = merge::merge(&nodes.iter().map(Some).collect::<Vec<_>>());
        let mut report = mean.report().unwrap_or_else(|| first.clone());
        report.seed = first.seed;
        report.notes = notes(reports);
        for (name, level) in &mut report.levels {
            let seeds = || reports.iter().filter_map(|it| it.levels.get(name));
            stampede(level, seeds());
            level.risk = risk::keys(seeds());
            intervals.remove(&["levels", name, "risk"]);
        }
        for (index, recovery) in report.recovery.iter_mut().enumerate() {
            let all = reports.iter().filter_map(|it| it.recovery.get(index));
            let worst = all.map(|it| it.outcome).max_by_key(|it| badness(*it));
            recovery.outcome = worst.unwrap_or(recovery.outcome);
        }
        let mut claims = Vec::with_capacity(report.expectations.len());
        for (index, claim) in report.expectations.iter_mut().enumerate() {
            let all = reports
                .iter()
                .filter_map(|it| Some((it.seed, it.expectations.get(index)?)));
            claims.push(judge(policy, claim, &all.collect::<Vec<_>>()));
        }
        for name in ["schema", "policy", "seed", "warmup", "tool"] {
            intervals.remove(&[name]);
        }
        for name in ["limit", "line"] {
            intervals.remove_from_each("expectations", name);
        }
        intervals.remove_from_each("recovery", "at");
        intervals.remove(&["timeline", "from"]);
        intervals.remove(&["timeline", "step"]);
        Some(Self {
            report,
            seeds: reports.iter().map(|report| report.seed).collect(),
            claims,
            intervals,
        })
    }

    /// The interval of a figure, by where it stands in the report: `["requests", "hit_ratio"]`.
    #[must_use]
    pub fn interval(&self, path: &[&str]) -> Option<Interval> {
        self.intervals.get(path)
    }

    /// As indented JSON: the report, with `seeds` and `intervals` beside its figures. `intervals`
    /// has the report's shape, with `{"mean","low","high"}` in place of each figure.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self)
            .unwrap_or_else(|_| unreachable!("text, numbers and lists always have a JSON form"))
    }
}

impl Serialize for Aggregate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Json {
            report: &self.report,
            seeds: Seeds {
                first: self.seeds.first().copied().unwrap_or_default(),
                count: self.seeds.len(),
                confidence: CONFIDENCE,
                expectations: &self.claims,
            },
            intervals: &self.intervals,
        }
        .serialize(serializer)
    }
}

#[derive(Serialize)]
struct Json<'a> {
    #[serde(flatten)]
    report: &'a Report,
    seeds: Seeds<'a>,
    intervals: &'a Intervals,
}

#[derive(Serialize)]
struct Seeds<'a> {
    first: u64,
    count: usize,
    confidence: f64,
    expectations: &'a [ClaimInSeeds],
}

/// Every one once.
fn notes(reports: &[Report]) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    for note in reports.iter().flat_map(|report| &report.notes) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    notes
}

/// The worst one; of equal ones the first.
fn stampede<'a>(level: &mut LevelFigures, all: impl Iterator<Item = &'a LevelFigures>) {
    let worst = all.map(|level| &level.stampede).reduce(|worst, other| {
        if other.peak > worst.peak {
            other
        } else {
            worst
        }
    });
    if let Some(worst) = worst {
        level.stampede = worst.clone();
    }
}

const fn badness(outcome: RecoveryOutcome) -> u8 {
    match outcome {
        RecoveryOutcome::TooFewRequests => 0,
        RecoveryOutcome::Recovered => 1,
        RecoveryOutcome::NotWithinTrace => 2,
    }
}

/// A claim holds if it holds in every seed; its figure is the worst.
fn judge(
    policy: &Policy,
    claim: &mut ExpectationResult,
    all: &[(u64, &ExpectationResult)],
) -> ClaimInSeeds {
    let count = |held: bool| {
        let decided = all.iter().filter(|(_, it)| it.held == Some(held));
        decided.count() as u64
    };
    let (held, missed) = (count(true), count(false));
    let compiled = policy.expectations.iter().find(|it| it.id == claim.id);
    let at_least = compiled.is_some_and(|it| {
        matches!(
            it.claim,
            Claim::Figure {
                comparison: Comparison::AtLeast | Comparison::Greater,
                ..
            }
        )
    });
    let figures = all
        .iter()
        .filter_map(|(seed, it)| Some((*seed, it.figure?)));
    let worst = figures.reduce(|worst, other| {
        let worse = if at_least {
            other.1 < worst.1
        } else {
            other.1 > worst.1
        };
        if worse { other } else { worst }
    });
    claim.figure = worst.map(|(_, figure)| figure);
    claim.held = match (held, missed) {
        (_, 1..) => Some(false),
        (held, 0) if held == all.len() as u64 && held > 0 => Some(true),
        _ => None,
    };
    ClaimInSeeds {
        held,
        missed,
        worst_seed: worst.map(|(seed, _)| seed),
    }
}
