//! Diagnostics as one JSON document.

use super::{Counts, Findings, Place, word};
use cachepolicy_syntax::{Diagnostic, Fix, Label, Sources, Span};
use serde::Serialize;

/// The schema of this document.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    errors: u64,
    warnings: u64,
    diagnostics: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    code: &'a str,
    severity: &'static str,
    message: &'a str,
    #[serde(flatten)]
    place: Option<Position<'a>>,
    label: &'a str,
    related: Vec<Related<'a>>,
    help: Option<&'a str>,
    fix: Option<Repair<'a>>,
}

/// Lines and columns from 1, columns in characters; bytes from 0; ends are behind the last one.
#[derive(Serialize)]
struct Position<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    start: u32,
    end: u32,
}

#[derive(Serialize)]
struct Related<'a> {
    #[serde(flatten)]
    place: Option<Position<'a>>,
    label: &'a str,
}

#[derive(Serialize)]
struct Repair<'a> {
    title: &'a str,
    edits: Vec<Replacement<'a>>,
}

#[derive(Serialize)]
struct Replacement<'a> {
    #[serde(flatten)]
    place: Option<Position<'a>>,
    text: &'a str,
}

pub(super) fn render(findings: &[Findings]) -> serde_json::Result<String> {
    let counts = Counts::of(findings);
    let document = Document {
        schema: SCHEMA,
        errors: counts.errors,
        warnings: counts.warnings,
        diagnostics: findings.iter().flat_map(entries).collect(),
    };
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

fn entries(findings: &Findings) -> impl Iterator<Item = Entry<'_>> {
    findings
        .diagnostics
        .iter()
        .map(|diagnostic| entry(diagnostic, &findings.sources))
}

fn entry<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Entry<'a> {
    Entry {
        code: diagnostic.code,
        severity: word(diagnostic.severity),
        message: &diagnostic.message,
        place: position(diagnostic.primary.span, sources),
        label: &diagnostic.primary.text,
        related: diagnostic
            .related
            .iter()
            .map(|label| related(label, sources))
            .collect(),
        help: diagnostic.help.as_deref(),
        fix: diagnostic.fix.as_ref().map(|fix| repair(fix, sources)),
    }
}

fn related<'a>(label: &'a Label, sources: &'a Sources) -> Related<'a> {
    Related {
        place: position(label.span, sources),
        label: &label.text,
    }
}

fn repair<'a>(fix: &'a Fix, sources: &'a Sources) -> Repair<'a> {
    let edits = fix.edits.iter();
    let edits = edits.map(|edit| Replacement {
        place: position(edit.span, sources),
        text: &edit.text,
    });
    Repair {
        title: &fix.title,
        edits: edits.collect(),
    }
}

fn position(span: Span, sources: &Sources) -> Option<Position<'_>> {
    let Place {
        file,
        line,
        column,
        end_line,
        end_column,
    } = Place::of(span, sources)?;
    Some(Position {
        file,
        line,
        column,
        end_line,
        end_column,
        start: span.start,
        end: span.end,
    })
}
