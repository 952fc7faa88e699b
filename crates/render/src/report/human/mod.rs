//! The report for people: what fails first, then what stands out, then the figures, worst first.

mod backends;
pub mod expectations;
mod findings;
pub(super) mod headline;
pub mod hints;
mod invalidation;
mod levels;
mod notes;
mod origins;
mod proofs;
mod recovery;
pub(super) mod requests;
mod risks;
pub(super) mod sparkline;
mod staleness;
mod stampedes;

use crate::output::Terminal;
use crate::output::colour::{Meaning, Paint};
use crate::output::table::{Column, Field};
use crate::output::units;
use crate::report::page::{Layout, Mark, Page, join};
use cachepolicy_core::LevelId;
use cachepolicy_core::policy::Policy;
use cachepolicy_sim::aggregate::Aggregate;
use cachepolicy_sim::report::Report;

/// A report and what is needed to explain it.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The figures, or their means.
    pub report: &'a Report,
    /// Of these seeds.
    pub seeds: Option<&'a Aggregate>,
    /// What was simulated.
    pub policy: &'a Policy,
    /// On what, as the user named it: a file, or a workload.
    pub input: &'a str,
    /// Where it goes.
    pub terminal: Terminal,
    /// What it is written as.
    pub layout: Layout,
}

/// The whole report. Sections that have nothing to say are left out.
pub fn render(view: &View<'_>) -> String {
    with_charts(view, String::new())
}

/// The same, with charts behind what is to be known first.
pub(super) fn with_charts(view: &View<'_>, charts: String) -> String {
    let sections = [
        headline::render(view),
        expectations::render(view),
        findings::render(view),
        charts,
        requests::render(view),
        levels::render(view),
        staleness::render(view),
        stampedes::render(view),
        risks::render(view),
        origins::render(view),
        backends::render(view),
        invalidation::render(view),
        recovery::render(view),
        notes::render(view),
    ];
    join(view.layout, sections)
}

impl View<'_> {
    const fn paint(&self) -> Paint {
        self.terminal.paint
    }

    pub(super) const fn page(&self) -> Page {
        Page {
            terminal: self.terminal,
            layout: self.layout,
        }
    }

    fn heading(&self, title: &str, remark: &str) -> String {
        self.page().heading(title, remark)
    }

    fn table(&self, columns: &[Column<'_>], rows: &[Vec<Field>]) -> String {
        self.page().table(columns, rows)
    }

    fn paragraph(&self, first: &str, sentence: &str, meaning: Meaning) -> String {
        self.page().paragraph(first, sentence, meaning)
    }

    fn point(&self, mark: Mark, sentence: &str) -> String {
        self.page().point(mark, sentence)
    }

    /// A ratio with what its mean can be wrong by, in percentage points.
    fn ratio(&self, value: Option<f64>, path: &[&str]) -> String {
        let half = self.half(path).map(|half| match half * 100.0 {
            points if points < 0.05 => "<0.1".to_owned(),
            points => format!("{points:.1}"),
        });
        with_half(units::or_nothing(value, units::ratio), half)
    }

    /// A figure with what its mean can be wrong by.
    fn spread(&self, shown: String, path: &[&str], unit: fn(f64) -> String) -> String {
        with_half(shown, self.half(path).map(unit))
    }

    /// Half of a figure's confidence interval, if it has one that is not nothing.
    fn half(&self, path: &[&str]) -> Option<f64> {
        let half = self.seeds?.interval(path)?.half()?;
        (half > 0.0).then_some(half)
    }

    /// A level by its name.
    fn level(&self, name: &str) -> Option<&cachepolicy_core::Level> {
        self.policy.levels.iter().find(|level| level.name == name)
    }

    /// The number of a level of the policy.
    fn level_id(&self, level: &cachepolicy_core::Level) -> LevelId {
        let levels = self.policy.levels.iter();
        let before = levels.take_while(|other| other.name != level.name);
        LevelId(before.count() as u16)
    }
}

fn with_half(shown: String, half: Option<String>) -> String {
    match half {
        Some(half) if !shown.is_empty() => format!("{shown} ±{half}"),
        _ => shown,
    }
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
