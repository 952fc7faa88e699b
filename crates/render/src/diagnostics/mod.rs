//! What was found in policies: gathered, judged by `--deny` and `--allow`, and shown; one file a
//! renderer.

mod fix;
mod github;
mod human;
mod json;
mod lints;
pub mod page;
mod sarif;

pub use fix::apply_fixes;
pub use lints::Lints;

use crate::output::colour::Meaning;
use crate::output::{Terminal, units};
use cachepolicy_syntax::{Diagnostic, Severity, Sources, Span};

/// What was found in one policy and the files that it imports.
pub struct Findings {
    /// Its files.
    pub sources: Sources,
    /// In the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// How diagnostics are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Format {
    /// Text with the place shown, for people
    #[default]
    Human,
    /// One JSON document
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Workflow commands, which annotate a pull request
    Github,
}

impl Format {
    /// All findings as one text for standard output. For people nothing: they get
    /// [`human::render`] on standard error.
    pub fn render(self, findings: &[Findings]) -> serde_json::Result<String> {
        match self {
            Self::Human => Ok(String::new()),
            Self::Json => json::render(findings),
            Self::Sarif => sarif::render(findings),
            Self::Github => Ok(github::render(findings)),
        }
    }
}

/// The findings of one policy, for people.
pub fn human(findings: &Findings, terminal: Terminal) -> String {
    human::render(findings, terminal)
}

/// How many there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// The policy fails.
    pub errors: u64,
    /// It does not, but look.
    pub warnings: u64,
}

impl Counts {
    /// Of some findings.
    pub fn of(findings: &[Findings]) -> Self {
        let mut counts = Self::default();
        for diagnostic in findings.iter().flat_map(|findings| &findings.diagnostics) {
            match diagnostic.severity {
                Severity::Error => counts.errors += 1,
                Severity::Warning => counts.warnings += 1,
                Severity::Note => {}
            }
        }
        counts
    }

    /// The sign of the worst of them.
    pub const fn sign(self) -> (&'static str, Meaning) {
        if self.errors > 0 {
            ("✗", Meaning::Bad)
        } else {
            ("!", Meaning::Warning)
        }
    }

    /// `2 errors and 1 warning`; nothing when there is neither.
    pub fn sentence(self) -> Option<String> {
        let errors = (self.errors > 0).then(|| units::plural(self.errors, "error", "errors"));
        let warnings =
            (self.warnings > 0).then(|| units::plural(self.warnings, "warning", "warnings"));
        match (errors, warnings) {
            (Some(errors), Some(warnings)) => Some(format!("{errors} and {warnings}")),
            (one, other) => one.or(other),
        }
    }
}

/// The word for a severity.
pub const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// A place in lines and columns, both from 1; the end is behind the last character.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

impl<'a> Place<'a> {
    fn of(span: Span, sources: &'a Sources) -> Option<Self> {
        let source = sources.get(span.file)?;
        let (line, column) = source.line_column(span.start);
        let (end_line, end_column) = source.line_column(span.end.max(span.start));
        Some(Self {
            file: &source.name,
            line,
            column,
            end_line,
            end_column,
        })
    }
}

#[cfg(test)]
mod tests;
