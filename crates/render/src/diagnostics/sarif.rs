//! Diagnostics as SARIF 2.1.0 (OASIS standard), which code scanning services read.

use super::{Findings, Place};
use cachepolicy_syntax::{Diagnostic, Edit, Fix, Label, Severity, Sources, Span};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;

pub(super) fn render(findings: &[Findings]) -> serde_json::Result<String> {
    let results: Vec<Value> = findings.iter().flat_map(results).collect();
    let codes: BTreeSet<_> = findings
        .iter()
        .flat_map(|findings| &findings.diagnostics)
        .map(|diagnostic| diagnostic.code)
        .collect();
    let rules: Vec<Value> = codes
        .into_iter()
        .map(|code| json!({ "id": code }))
        .collect();
    let document = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "cachepolicy",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

fn results(findings: &Findings) -> impl Iterator<Item = Value> + '_ {
    findings
        .diagnostics
        .iter()
        .map(|diagnostic| result(diagnostic, &findings.sources))
}

fn result(diagnostic: &Diagnostic, sources: &Sources) -> Value {
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let mut message = diagnostic.message.clone();
    if let Some(help) = &diagnostic.help {
        let _ = write!(message, "\n{help}");
    }
    let mut result = json!({
        "ruleId": diagnostic.code,
        "level": level,
        "message": { "text": message },
        "locations": [location(&diagnostic.primary, sources)],
    });
    if let Some(members) = result.as_object_mut() {
        if !diagnostic.related.is_empty() {
            let related: Vec<_> = diagnostic
                .related
                .iter()
                .map(|label| location(label, sources))
                .collect();
            members.insert("relatedLocations".to_owned(), related.into());
        }
        if let Some(fix) = diagnostic.fix.as_ref().and_then(|fix| repair(fix, sources)) {
            members.insert("fixes".to_owned(), vec![fix].into());
        }
    }
    result
}

fn location(label: &Label, sources: &Sources) -> Value {
    let mut location = json!({ "physicalLocation": physical(label.span, sources) });
    if let (Some(members), false) = (location.as_object_mut(), label.text.is_empty()) {
        members.insert("message".to_owned(), json!({ "text": label.text }));
    }
    location
}

fn physical(span: Span, sources: &Sources) -> Value {
    match Place::of(span, sources) {
        None => json!({}),
        Some(place) => json!({
            "artifactLocation": { "uri": uri(place.file) },
            "region": region(&place),
        }),
    }
}

fn region(place: &Place<'_>) -> Value {
    json!({
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    })
}

/// A fix within one file; one over several is left out, since its parts would be applied alone.
fn repair(fix: &Fix, sources: &Sources) -> Option<Value> {
    let file = fix.edits.first()?.span.file;
    if fix.edits.iter().any(|edit| edit.span.file != file) {
        return None;
    }
    let name = &sources.get(file)?.name;
    let replacement = |edit: &Edit| -> Option<Value> {
        let place = Place::of(edit.span, sources)?;
        Some(json!({ "deletedRegion": region(&place), "insertedContent": { "text": edit.text } }))
    };
    let replacements: Option<Vec<Value>> = fix.edits.iter().map(replacement).collect();
    Some(json!({
        "description": { "text": fix.title },
        "artifactChanges": [{
            "artifactLocation": { "uri": uri(name) },
            "replacements": replacements?,
        }],
    }))
}

/// A path as a URI reference: what is not unreserved (RFC 3986) or a slash is percent-encoded.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            b'\\' if cfg!(windows) => uri.push('/'),
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}
