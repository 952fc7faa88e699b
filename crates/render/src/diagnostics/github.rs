//! Diagnostics as GitHub's workflow commands: `::error file=…,line=…,title=…::…`.

use super::{Findings, Place};
use crate::output::github::{message, property};
use cachepolicy_syntax::{Diagnostic, Severity, Sources};
use std::fmt::Write as _;

pub(super) fn render(findings: &[Findings]) -> String {
    let mut text = String::new();
    for findings in findings {
        for diagnostic in &findings.diagnostics {
            line(diagnostic, &findings.sources, &mut text);
        }
    }
    text
}

fn line(diagnostic: &Diagnostic, sources: &Sources, text: &mut String) {
    let command = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let _ = write!(text, "::{command} ");
    if let Some(place) = Place::of(diagnostic.primary.span, sources) {
        let _ = write!(
            text,
            "file={},line={},col={},",
            property(place.file),
            place.line,
            place.column
        );
        let _ = write!(text, "endLine={},", place.end_line);
        // GitHub takes an end column only where the place is on one line.
        if place.end_line == place.line {
            let _ = write!(text, "endColumn={},", place.end_column);
        }
    }
    let mut said = diagnostic.message.clone();
    if let Some(help) = &diagnostic.help {
        said.push_str("\nhelp: ");
        said.push_str(help);
    }
    let _ = writeln!(
        text,
        "title={}::{}",
        property(diagnostic.code),
        message(&said)
    );
}
