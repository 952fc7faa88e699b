//! The same traffic through several policies: what differs, and whether by more than chance.
//!
//! Every figure that a report has is compared, as it stands in its JSON, so that a new figure is
//! compared without a word here. Runs are paired by their seeds: the same seed gives every policy
//! the same requests and the same draws, so what differs within a pair is due to the policies far
//! more than to chance, and the interval of the differences is far narrower than those of the
//! figures.

mod claims;
mod common;
mod figures;
mod leaves;
#[cfg(test)]
mod tests;

pub(crate) use claims::without_limit;
pub use claims::{ClaimOutcome, ClaimRow};
pub use common::{Declared, Only, edge_name, on_common_ground};
pub use figures::{Better, Group, Known, apart, known};
pub use leaves::Place;

use crate::aggregate::Aggregate;
use crate::aggregate::interval::{CONFIDENCE, Interval};
use crate::expect::unit_name;
use crate::report::{PolicyIdentity, Report};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::sorting;
use indexmap::{IndexMap, IndexSet};
use leaves::leaves;
use serde::{Serialize, Serializer};

/// The schema of a comparison's JSON.
pub const SCHEMA: u32 = 1;

/// A policy that is compared, with its reports.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// What people call it: distinct among those compared.
    pub label: &'a str,
    /// Where it stands.
    pub file: &'a str,
    /// Properties that replace those in the text.
    pub set: &'a [String],
    /// The policy.
    pub policy: &'a Policy,
    /// A report for each seed, the same seeds in the same order for every policy.
    pub reports: &'a [Report],
}

/// One of the policies.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct Compared {
    /// What people call it.
    pub label: String,
    /// Its name and hash.
    #[serde(flatten)]
    pub identity: PolicyIdentity,
    /// Where it stands.
    pub file: String,
    /// Properties that replace those in the text.
    pub set: Vec<String>,
    /// What it did.
    #[serde(skip)]
    pub did: Did,
}

/// What a policy did.
#[derive(Debug, Clone, PartialEq)]
pub enum Did {
    /// In one run.
    Once(Box<Report>),
    /// In one run for each seed.
    Seeds(Box<Aggregate>),
}

impl Did {
    /// The figures, or their means.
    #[must_use]
    pub fn report(&self) -> &Report {
        match self {
            Self::Once(report) => report,
            Self::Seeds(aggregate) => &aggregate.report,
        }
    }
}

impl Serialize for Did {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Once(report) => report.serialize(serializer),
            Self::Seeds(aggregate) => aggregate.serialize(serializer),
        }
    }
}

/// A figure that is not the same in all policies.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Which.
    pub place: Place,
    /// What is known of it.
    pub known: Known,
    /// By policy; `None`: it has no such figure, or there was nothing to measure. Of several seeds
    /// their mean.
    pub values: Vec<Option<f64>>,
    /// Of each policy but the first, against the first.
    pub changes: Vec<Change>,
    /// The larger, the earlier it should be told.
    pub rank: f64,
}

/// How far a policy's figure is from that of the first policy.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct Change {
    /// Its figure less the first policy's; of several seeds the mean of the differences within each
    /// seed. `None`: one of them has no figure.
    pub delta: Option<f64>,
    /// Where the difference's 95% confidence interval begins; `None`: there is one run alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", tsify(optional))]
    pub low: Option<f64>,
    /// Where it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", tsify(optional))]
    pub high: Option<f64>,
    /// Does the interval leave zero out? `None`: there is one run alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", tsify(optional))]
    pub beyond_chance: Option<bool>,
    /// How far the figures are apart, from 0 to 1, see [`apart`].
    pub apart: f64,
}

/// What several policies did with the same traffic.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The policies; all others are compared with the first.
    pub policies: Vec<Compared>,
    /// The seeds, where means were asked for.
    pub seeds: Option<Vec<u64>>,
    /// What differs, the most important first.
    pub differences: Vec<Difference>,
    /// What is the same everywhere, with its value, in the order of the report.
    pub equal: Vec<(Place, Option<f64>)>,
    /// Their claims.
    pub claims: Vec<ClaimRow>,
    /// What only some declare.
    pub only: Vec<Only>,
}

impl Comparison {
    /// Of at least one policy with at least one report each; `averages`: means over seeds were
    /// asked for, of however many.
    #[must_use]
    pub fn new(entries: &[Entry<'_>], averages: bool) -> Option<Self> {
        let policies = entries.iter().map(|entry| {
            let did = if averages {
                Did::Seeds(Box::new(Aggregate::new(entry.policy, entry.reports)?))
            } else {
                Did::Once(Box::new(entry.reports.first()?.clone()))
            };
            Some(Compared {
                label: entry.label.to_owned(),
                identity: did.report().policy.clone(),
                file: entry.file.to_owned(),
                set: entry.set.to_vec(),
                did,
            })
        });
        let policies: Vec<Compared> = policies.collect::<Option<_>>()?;
        let first = entries.first()?;
        let runs = if averages { first.reports.len() } else { 1 };
        let seeds = first.reports.iter().take(runs).map(|report| report.seed);
        let (differences, equal) = figures_of(entries, runs);
        let reports: Vec<&Report> = policies.iter().map(|it| it.did.report()).collect();
        let claims = claims::rows(&reports);
        let declared: Vec<&Policy> = entries.iter().map(|entry| entry.policy).collect();
        let only = common::only(&declared, &reports);
        Some(Self {
            seeds: averages.then(|| seeds.collect()),
            differences,
            equal,
            claims,
            only,
            policies,
        })
    }

    /// As indented JSON. Numbers are the shortest that read back as the same.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(&ComparisonReport {
            schema: SCHEMA,
            tool: self
                .policies
                .first()
                .map_or("", |it| it.did.report().tool.as_str()),
            seeds: self.seeds.as_ref().map(|seeds| ComparisonSeeds {
                first: seeds.first().copied().unwrap_or_default(),
                count: seeds.len(),
                confidence: CONFIDENCE,
            }),
            policies: &self.policies,
            differences: &self.differences,
            equal: self.equal.len(),
            expectations: &self.claims,
            only: &self.only,
            reports: self.policies.iter().map(|it| &it.did).collect(),
        })
        .unwrap_or_else(|_| unreachable!("text, numbers and lists always have a JSON form"))
    }
}

/// The JSON of a comparison.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
struct ComparisonReport<'a> {
    schema: u32,
    tool: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", tsify(optional))]
    seeds: Option<ComparisonSeeds>,
    policies: &'a [Compared],
    #[cfg_attr(feature = "typescript", tsify(type = "ComparedFigure[]"))]
    differences: &'a [Difference],
    equal: usize,
    expectations: &'a [ClaimRow],
    only: &'a [Only],
    #[cfg_attr(feature = "typescript", tsify(type = "Report[]"))]
    reports: Vec<&'a Did>,
}

/// The seeds of a comparison's means.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
struct ComparisonSeeds {
    first: u64,
    count: usize,
    confidence: f64,
}

/// A figure that is not the same in all policies.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
struct ComparedFigure<'a> {
    /// Where it stands in the report.
    path: Vec<&'a str>,
    unit: &'static str,
    better: Better,
    /// By policy.
    values: &'a [Option<f64>],
    /// Of each policy but the first, against the first.
    changes: &'a [Change],
}

impl Serialize for Difference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ComparedFigure {
            path: self.place.path(),
            unit: unit_name(self.known.unit),
            better: self.known.better,
            values: &self.values,
            changes: &self.changes,
        }
        .serialize(serializer)
    }
}

type Leaves = IndexMap<Place, Option<f64>>;

/// All figures, by whether they differ.
fn figures_of(entries: &[Entry<'_>], runs: usize) -> (Vec<Difference>, Vec<(Place, Option<f64>)>) {
    // By policy, by seed.
    let all: Vec<Vec<Leaves>> = entries
        .iter()
        .map(|entry| entry.reports.iter().take(runs).map(leaves).collect())
        .collect();
    let places: IndexSet<&Place> = all.iter().flatten().flat_map(IndexMap::keys).collect();
    let mut differences = Vec::new();
    let mut equal = Vec::new();
    for place in places {
        let figures: Vec<Vec<Option<f64>>> = all
            .iter()
            .map(|runs| {
                runs.iter()
                    .map(|run| run.get(place).copied().flatten())
                    .collect()
            })
            .collect();
        let first = figures.first().map_or(&[][..], Vec::as_slice);
        let everywhere = all.iter().flatten().all(|run| run.contains_key(place));
        if everywhere && figures.iter().all(|figures| figures == first) {
            equal.push((place.clone(), mean(first)));
        } else {
            differences.push(difference(place.clone(), &figures));
        }
    }
    // The order of the report decides among equals.
    sorting::by(&mut differences, |a, b| b.rank.total_cmp(&a.rank));
    (differences, equal)
}

/// `figures`: by policy, by seed.
fn difference(place: Place, figures: &[Vec<Option<f64>>]) -> Difference {
    let known = known(place.group, &place.figure);
    let values: Vec<_> = figures.iter().map(|figures| mean(figures)).collect();
    let (first, others) = figures
        .split_first()
        .unwrap_or((const { &Vec::new() }, &[]));
    let changes: Vec<_> = others
        .iter()
        .zip(values.iter().skip(1))
        .map(|(figures, &value)| {
            change(
                first,
                figures,
                values.first().copied().flatten(),
                value,
                known,
            )
        })
        .collect();
    let apart = changes.iter().map(|change| change.apart);
    Difference {
        rank: known.weight * apart.fold(0.0, f64::max),
        place,
        known,
        values,
        changes,
    }
}

fn change(
    first: &[Option<f64>],
    other: &[Option<f64>],
    first_mean: Option<f64>,
    other_mean: Option<f64>,
    known: Known,
) -> Change {
    let within_seeds: Vec<_> = first
        .iter()
        .zip(other)
        .map(|(first, other)| Some((*other)? - (*first)?))
        .collect();
    let interval = Interval::of(&within_seeds);
    let apart = match (first_mean, other_mean) {
        (Some(first), Some(other)) => apart(first, other, known.unit),
        (None, None) => 0.0,
        _ => 1.0,
    };
    let low = interval.and_then(|it| it.low);
    let high = interval.and_then(|it| it.high);
    Change {
        delta: interval.map(|it| it.mean),
        low,
        high,
        beyond_chance: low.zip(high).map(|(low, high)| low > 0.0 || high < 0.0),
        apart,
    }
}

fn mean(figures: &[Option<f64>]) -> Option<f64> {
    Interval::of(figures).map(|interval| interval.mean)
}
