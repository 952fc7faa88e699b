//! Diagnostics as plain text.

use std::fmt::Write as _;

use cachepolicy_syntax::{Diagnostic, Source};

/// One paragraph a diagnostic: place, code and message, the related places, help, fix.
pub(crate) fn render(text: &str, diagnostics: &[Diagnostic]) -> String {
    let source = Source::new("text", text);
    let mut out = String::new();
    let place = |offset: u32| {
        let (line, column) = source.line_column(offset);
        format!("{line}:{column}")
    };
    for diagnostic in diagnostics {
        let span = diagnostic.primary.span;
        let _ = writeln!(
            out,
            "{} {}: {}",
            place(span.start),
            diagnostic.code,
            diagnostic.message
        );
        let label = &diagnostic.primary.text;
        let underlined = source.slice(span).escape_debug();
        let _ = writeln!(
            out,
            "    | {underlined}{}{label}",
            if label.is_empty() { "" } else { "  ← " }
        );
        for related in &diagnostic.related {
            let _ = writeln!(out, "    {} {}", place(related.span.start), related.text);
        }
        if let Some(help) = &diagnostic.help {
            let _ = writeln!(out, "    help: {help}");
        }
        if let Some(fix) = &diagnostic.fix {
            let _ = writeln!(out, "    fix: {}", fix.title);
        }
    }
    out
}

/// The text after the fixes of all diagnostics.
pub(crate) fn apply_fixes(text: &str, diagnostics: &[Diagnostic]) -> String {
    let mut edits: Vec<_> = diagnostics
        .iter()
        .filter_map(|diagnostic| diagnostic.fix.as_ref())
        .flat_map(|fix| &fix.edits)
        .collect();
    edits.sort_by_key(|edit| edit.span.start);
    let mut fixed = text.to_owned();
    for edit in edits.into_iter().rev() {
        fixed.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.text);
    }
    fixed
}
