//! `# allow(CODE): reason` above a statement silences that code there.

use crate::suggest;
use cachepolicy_syntax::tree::Comment;
use cachepolicy_syntax::{Diagnostic, Severity, Sources, Span};

/// One code of one comment.
struct Allow {
    code: String,
    span: Span,
    /// The statement that it speaks about.
    target: Option<Span>,
    has_reason: bool,
    used: bool,
}

/// Removes the warnings that comments silence, and reports comments that do nothing. `statements`
/// are the places of all statements, each file's sorted by their beginning.
pub(crate) fn apply(
    sources: &Sources,
    comments: &[Comment],
    statements: &[Span],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut allows: Vec<Allow> = Vec::new();
    for comment in comments {
        allows.extend(read(sources, comment, statements));
    }
    if allows.is_empty() {
        return;
    }
    diagnostics.retain(|diagnostic| {
        let place = diagnostic.primary.span;
        let mut silenced = false;
        for allow in &mut allows {
            let here = allow.target.is_some_and(|target| contains(target, place));
            if here && allow.code == diagnostic.code && diagnostic.severity != Severity::Error {
                allow.used = true;
                silenced = true;
            }
        }
        !silenced
    });
    let errors: Vec<(&str, Span)> = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .map(|diagnostic| (diagnostic.code, diagnostic.primary.span))
        .collect();
    let mut found = Vec::new();
    for allow in &allows {
        found.extend(check(allow, &errors));
    }
    diagnostics.extend(found);
}

fn contains(target: Span, place: Span) -> bool {
    target.file == place.file && target.start <= place.start && place.start <= target.end
}

fn read(sources: &Sources, comment: &Comment, statements: &[Span]) -> Vec<Allow> {
    let body = comment.text.trim_start_matches('#').trim_start();
    let Some((codes, rest)) = body
        .strip_prefix("allow(")
        .and_then(|body| body.split_once(')'))
    else {
        return Vec::new();
    };
    let reason = rest.trim_start().strip_prefix(':').unwrap_or_default();
    codes
        .split(',')
        .map(|code| Allow {
            code: code.trim().to_owned(),
            span: comment.span,
            target: target(sources, comment.span, statements),
            has_reason: !reason.trim().is_empty(),
            used: false,
        })
        .collect()
}

/// The statement before the comment on its line, else the next one.
fn target(sources: &Sources, comment: Span, statements: &[Span]) -> Option<Span> {
    let text = &sources.get(comment.file)?.text;
    let line = text.get(..comment.start as usize)?.rsplit('\n').next()?;
    let first =
        statements.partition_point(|span| (span.file, span.start) < (comment.file, comment.start));
    if !line.trim().is_empty() {
        let line_start = comment.start - line.len() as u32;
        let before =
            statements.partition_point(|span| (span.file, span.start) < (comment.file, line_start));
        return statements.get(before..first)?.first().copied();
    }
    statements
        .get(first)
        .copied()
        .filter(|span| span.file == comment.file)
}

fn check(allow: &Allow, errors: &[(&str, Span)]) -> Option<Diagnostic> {
    let code = &allow.code;
    if crate::codes::find(code).is_none() {
        let known = crate::codes::codes().map(|known| known.code);
        let diagnostic = Diagnostic::warning(
            "unused-allow",
            allow.span,
            format!("there is no diagnostic `{code}`"),
        );
        return Some(match suggest::closest(code, known) {
            Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
            None => diagnostic.help("remove the comment"),
        });
    }
    if !allow.used {
        let is_error = allow.target.is_some_and(|target| {
            errors
                .iter()
                .any(|(error, span)| error == code && contains(target, *span))
        });
        let (message, help) = if is_error {
            (
                format!("`{code}` is an error here, and errors cannot be allowed"),
                "mend what it says",
            )
        } else if errors.is_empty() {
            (
                format!("nothing here is reported as `{code}`"),
                "remove the comment, or put it right above the statement that it is about",
            )
        } else {
            // Not all is looked for in a policy with errors.
            return None;
        };
        return Some(Diagnostic::warning("unused-allow", allow.span, message).help(help));
    }
    if !allow.has_reason {
        let message = format!("this does not say why `{code}` is allowed");
        return Some(
            Diagnostic::warning("allow-without-reason", allow.span, message)
                .help(format!("write `# allow({code}): the reason`")),
        );
    }
    None
}
