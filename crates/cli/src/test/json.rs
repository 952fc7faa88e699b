//! One JSON document: times in seconds, sizes in bytes, ratios in 0..1.

use super::{Against, Case, Group, On, Suite, Trial};
use cachepolicy_sim::aggregate::ClaimInSeeds;
use cachepolicy_sim::compare::Better;
use cachepolicy_sim::expect::unit_name;
use cachepolicy_sim::report::ExpectationResult;
use serde::Serialize;

/// The schema of this document.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    tool: &'static str,
    policies: Vec<PolicyEntry<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
struct Summary {
    claims: u64,
    held: u64,
    missed: u64,
    undecided: u64,
    /// Figures that are worse than in their baseline.
    worse: u64,
    /// Policies with errors.
    broken: u64,
}

#[derive(Serialize)]
struct PolicyEntry<'a> {
    file: &'a str,
    /// Null: it has errors.
    name: Option<&'a str>,
    hash: Option<&'a str>,
    claims: Vec<ClaimEntry<'a>>,
    baselines: Vec<BaselineEntry<'a>>,
}

#[derive(Serialize)]
struct ClaimEntry<'a> {
    #[serde(flatten)]
    result: &'a ExpectationResult,
    /// `proof`, `workload`, `trace`; null: left out.
    by: Option<&'static str>,
    /// Which workload or trace.
    on: Option<&'a str>,
    #[serde(skip_serializing_if = "<[u64]>::is_empty")]
    seeds: &'a [u64],
    #[serde(skip_serializing_if = "Option::is_none")]
    in_seeds: Option<ClaimInSeeds>,
    /// What it hangs on.
    property: Option<PropertyEntry<'a>>,
    hint: Option<&'a str>,
    /// Why it is neither held nor missed.
    #[serde(skip_serializing_if = "Option::is_none")]
    undecided: Option<&'a str>,
}

#[derive(Serialize)]
struct PropertyEntry<'a> {
    name: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
}

#[derive(Serialize)]
struct BaselineEntry<'a> {
    file: &'a str,
    tolerance: f64,
    figures: Vec<FigureEntry<'a>>,
    /// Figures that only one of the reports has.
    lacking: &'a [String],
    notes: &'a [String],
}

#[derive(Serialize)]
struct FigureEntry<'a> {
    figure: &'a str,
    unit: &'static str,
    better: Better,
    /// Null: nothing bounds it.
    before: Option<f64>,
    after: Option<f64>,
    /// As a share of the earlier figure, negative where it is better; null: the earlier one is
    /// nothing, or one of them has no limit.
    worse_by: Option<f64>,
    worse: bool,
}

pub(super) fn render(trial: &Trial) -> serde_json::Result<String> {
    let counts = trial.counts();
    let policies = trial.suites.iter();
    let document = Document {
        schema: SCHEMA,
        tool: env!("CARGO_PKG_VERSION"),
        policies: policies
            .map(|suite| policy(suite, trial.tolerance))
            .collect(),
        summary: Summary {
            claims: counts.claims(),
            held: counts.held,
            missed: counts.missed,
            undecided: counts.open,
            worse: counts.worse,
            broken: counts.broken,
        },
    };
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

fn policy(suite: &Suite, tolerance: f64) -> PolicyEntry<'_> {
    let tested = suite.tested.as_ref();
    let groups = tested.map_or(&[][..], |tested| &tested.groups);
    let cases = groups
        .iter()
        .flat_map(|group| group.cases.iter().map(move |case| claim(group, case)));
    let baselines = tested.map_or(&[][..], |tested| &tested.baselines);
    PolicyEntry {
        file: &suite.file,
        name: tested.map(|tested| tested.name.as_str()),
        hash: tested.map(|tested| tested.hash.as_str()),
        claims: cases.collect(),
        baselines: baselines
            .iter()
            .map(|against| baseline(against, tolerance))
            .collect(),
    }
}

fn claim<'a>(group: &'a Group, case: &'a Case) -> ClaimEntry<'a> {
    let (by, on) = match &group.on {
        On::Proof => (Some("proof"), None),
        On::Workload(name) => (Some("workload"), Some(name.as_str())),
        On::Trace(name) => (Some("trace"), Some(name.as_str())),
        On::Nothing => (None, None),
    };
    let place = case.property_place.as_ref();
    ClaimEntry {
        result: &case.result,
        by,
        on,
        seeds: &group.seeds,
        in_seeds: case.in_seeds,
        property: case.hint.as_ref().map(|hint| PropertyEntry {
            name: &hint.property,
            file: place.map(|(file, _)| file.as_str()),
            line: place.map(|(_, line)| *line),
        }),
        hint: case.hint.as_ref().map(|hint| hint.sentence.as_str()),
        undecided: case.open.as_deref(),
    }
}

fn baseline(against: &Against, tolerance: f64) -> BaselineEntry<'_> {
    let finite = |value: f64| value.is_finite().then_some(value);
    let figures = against.baseline.figures.iter().map(|figure| FigureEntry {
        figure: &figure.figure,
        unit: unit_name(figure.unit),
        better: figure.better,
        before: finite(figure.before),
        after: finite(figure.after),
        worse_by: finite(figure.worse_by()),
        worse: figure.worse_by() > tolerance,
    });
    BaselineEntry {
        file: &against.file,
        tolerance,
        figures: figures.collect(),
        lacking: &against.baseline.lacking,
        notes: &against.baseline.notes,
    }
}
