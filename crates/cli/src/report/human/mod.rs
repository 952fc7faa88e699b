//! The report for people: what fails first, then what stands out, then the figures, worst first.

mod backends;
mod expectations;
mod findings;
mod headline;
mod hints;
mod invalidation;
mod levels;
mod notes;
mod origins;
mod recovery;
mod requests;
mod sparkline;
mod staleness;
mod stampedes;

use crate::output::Terminal;
use crate::output::colour::{Meaning, Paint};
use crate::output::table::{self, Column, Field};
use crate::output::text;
use cachepolicy_core::policy::{Place, Policy};
use cachepolicy_sim::report::Report;

/// A report and what is needed to explain it.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    /// The figures.
    pub(crate) report: &'a Report,
    /// What was simulated.
    pub(crate) policy: &'a Policy,
    /// On what, as the user named it: a file, or a workload.
    pub(crate) input: &'a str,
    /// Where it goes.
    pub(crate) terminal: Terminal,
}

/// The whole report. Sections that have nothing to say are left out.
pub(crate) fn render(view: &View<'_>) -> String {
    let sections = [
        headline::render(view),
        expectations::render(view),
        findings::render(view),
        requests::render(view),
        levels::render(view),
        staleness::render(view),
        stampedes::render(view),
        origins::render(view),
        backends::render(view),
        invalidation::render(view),
        recovery::render(view),
        notes::render(view),
    ];
    sections
        .into_iter()
        .filter(|section| !section.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

impl View<'_> {
    const fn paint(&self) -> Paint {
        self.terminal.paint
    }

    /// A section's title, and what is to be known of its figures.
    fn heading(&self, title: &str, remark: &str) -> String {
        let room = self.terminal.width.saturating_sub(text::width(title) + 2);
        let remark = if text::width(remark) <= room {
            remark
        } else {
            ""
        };
        let gap = if remark.is_empty() { "" } else { "  " };
        let paint = self.paint();
        format!(
            "{}{gap}{}\n",
            paint.text(Meaning::Heading, title),
            paint.text(Meaning::Faint, remark)
        )
    }

    fn table(&self, columns: &[Column], rows: &[Vec<Field>]) -> String {
        table::render(columns, rows, self.terminal.width, self.paint())
    }

    /// Running text, wrapped; `first` before the first line, as many spaces before the others.
    fn paragraph(&self, first: &str, sentence: &str, meaning: Meaning) -> String {
        let indent = text::width(first);
        let lines = text::wrap(sentence, self.terminal.width.saturating_sub(indent));
        let mut written = String::new();
        for (index, line) in lines.iter().enumerate() {
            if index == 0 {
                written.push_str(first);
            } else {
                written.push_str(&" ".repeat(indent));
            }
            written.push_str(&self.paint().text(meaning, line));
            written.push('\n');
        }
        written
    }

    /// `✗ …`, `! …`: a point of a list, its mark in the mark's colour.
    fn point(&self, mark: Mark, sentence: &str) -> String {
        let lines = text::wrap(
            sentence,
            self.terminal.width.saturating_sub(table::INDENT + 2),
        );
        let mut written = String::new();
        for (index, line) in lines.iter().enumerate() {
            let before = if index == 0 {
                self.paint().text(mark.meaning(), mark.sign())
            } else {
                " ".to_owned()
            };
            written.push_str(&format!("  {before} {line}\n"));
        }
        written
    }

    /// `file:line` of something that the policy declares.
    fn place(&self, place: Place) -> String {
        match self.policy.files.get(usize::from(place.file)) {
            Some(file) => format!("{file}:{}", place.line),
            None => format!("line {}", place.line),
        }
    }

    /// A level by its name.
    fn level(&self, name: &str) -> Option<&cachepolicy_core::Level> {
        self.policy.levels.iter().find(|level| level.name == name)
    }
}

/// What a point of a list says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Fails,
    Look,
    Holds,
    Open,
}

impl Mark {
    const fn sign(self) -> &'static str {
        match self {
            Self::Fails => "✗",
            Self::Look => "!",
            Self::Holds => "✓",
            Self::Open => "·",
        }
    }

    const fn meaning(self) -> Meaning {
        match self {
            Self::Fails => Meaning::Bad,
            Self::Look => Meaning::Warning,
            Self::Holds => Meaning::Good,
            Self::Open => Meaning::Faint,
        }
    }
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
