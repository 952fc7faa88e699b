//! Claims as a test run: what they are tested on, what became of them; one file a renderer.

mod baseline;
mod cases;
mod github;
mod human;
mod json;
mod junit;
mod plan;
#[cfg(test)]
mod tests;

pub(crate) use baseline::Earlier;
pub(crate) use cases::tested;
pub(crate) use plan::{Plan, plan};

use crate::output::Terminal;
use crate::report::human::hints::Hint;
use anyhow::Result;
use cachepolicy_sim::aggregate::ClaimInSeeds;
use cachepolicy_sim::baseline::Baseline;
use cachepolicy_sim::report::ExpectationResult;

/// What a test run can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Format {
    /// Text, for people
    #[default]
    Human,
    /// One JSON document
    Json,
    /// JUnit's XML, for the test pages of build servers
    Junit,
    /// Workflow commands, which annotate a pull request
    Github,
}

impl Format {
    /// Endings of files and what is written into them.
    pub(crate) const ENDINGS: [(&str, Self); 2] = [("json", Self::Json), ("xml", Self::Junit)];
}

/// The claims of all policies.
pub(crate) struct Trial {
    /// One for each policy, in the order given.
    pub(crate) suites: Vec<Suite>,
    /// By what share a figure may be worse than in its baseline.
    pub(crate) tolerance: f64,
}

/// The claims of one policy.
pub(crate) struct Suite {
    /// The policy, as messages call it.
    pub(crate) file: String,
    /// What became of them; `None`: the policy has errors, which were shown.
    pub(crate) tested: Option<Tested>,
}

/// What became of a policy's claims.
pub(crate) struct Tested {
    /// The policy's name.
    pub(crate) name: String,
    /// The hash of its sources.
    pub(crate) hash: String,
    /// By what decides them.
    pub(crate) groups: Vec<Group>,
    /// Beside earlier reports.
    pub(crate) baselines: Vec<Against>,
}

/// Claims that are decided by the same.
pub(crate) struct Group {
    /// By what.
    pub(crate) on: On,
    /// The seeds that were replayed.
    pub(crate) seeds: Vec<u64>,
    /// In the order of the policy.
    pub(crate) cases: Vec<Case>,
}

/// What decides claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum On {
    /// The policy alone.
    Proof,
    /// A workload of that name.
    Workload(String),
    /// A trace of that name.
    Trace(String),
    /// Nothing: they were left out.
    Nothing,
}

/// A claim and what became of it.
pub(crate) struct Case {
    /// As in reports.
    pub(crate) result: ExpectationResult,
    /// Its figure, in words.
    pub(crate) figure: String,
    /// In how many seeds it held.
    pub(crate) in_seeds: Option<ClaimInSeeds>,
    /// What it hangs on.
    pub(crate) hint: Option<Hint>,
    /// Where the hint's property stands.
    pub(crate) property_place: Option<(String, u32)>,
    /// Why it is neither held nor missed.
    pub(crate) open: Option<String>,
}

/// A run beside an earlier report.
pub(crate) struct Against {
    /// The report.
    pub(crate) file: String,
    /// The figures of both.
    pub(crate) baseline: Baseline,
}

/// How many there are of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Claims that hold.
    pub(crate) held: u64,
    /// Claims that do not.
    pub(crate) missed: u64,
    /// Claims that are not decided.
    pub(crate) open: u64,
    /// Figures that are worse than in their baseline, by more than is tolerated.
    pub(crate) worse: u64,
    /// Figures that are not.
    pub(crate) kept: u64,
    /// Policies with errors.
    pub(crate) broken: u64,
}

impl Counts {
    /// Claims.
    pub(crate) const fn claims(self) -> u64 {
        self.held + self.missed + self.open
    }

    /// Whatever can fail.
    pub(crate) const fn all(self) -> u64 {
        self.claims() + self.worse + self.kept + self.broken
    }

    /// Does something fail?
    pub(crate) const fn fails(self) -> bool {
        self.missed + self.worse + self.broken > 0
    }

    fn add(&mut self, other: Self) {
        self.held += other.held;
        self.missed += other.missed;
        self.open += other.open;
        self.worse += other.worse;
        self.kept += other.kept;
        self.broken += other.broken;
    }
}

impl Trial {
    /// Of all policies.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for suite in &self.suites {
            counts.add(suite.counts(self.tolerance));
        }
        counts
    }

    /// As one text.
    pub(crate) fn render(&self, format: Format, terminal: Terminal) -> Result<String> {
        match format {
            Format::Human => Ok(human::render(self, terminal)),
            Format::Json => Ok(json::render(self)?),
            Format::Junit => Ok(junit::render(self)?),
            Format::Github => Ok(github::render(self)),
        }
    }
}

impl Suite {
    /// Of one policy.
    pub(crate) fn counts(&self, tolerance: f64) -> Counts {
        let mut counts = Counts::default();
        let Some(tested) = &self.tested else {
            counts.broken = 1;
            return counts;
        };
        for case in tested.cases() {
            match case.result.held {
                Some(true) => counts.held += 1,
                Some(false) => counts.missed += 1,
                None => counts.open += 1,
            }
        }
        for against in &tested.baselines {
            for figure in &against.baseline.figures {
                if figure.worse_by() > tolerance {
                    counts.worse += 1;
                } else {
                    counts.kept += 1;
                }
            }
        }
        counts
    }
}

impl Tested {
    /// All claims.
    fn cases(&self) -> impl Iterator<Item = &Case> {
        self.groups.iter().flat_map(|group| &group.cases)
    }
}
