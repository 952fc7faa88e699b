//! A policy's text, and behind a line `%%%` what `--set` says.

use super::sections;
use crate::run::PROVED;
use cachepolicy_compiler::{Compiled, Options, Override, compile, is_property_word};
use cachepolicy_core::artefact;
use cachepolicy_syntax::{Diagnostic, FileId, FormatError, Severity, decode, format_with};

/// Reads, compiles and formats it.
#[expect(clippy::panic, reason = "that is how a finding is told")]
pub(super) fn check(bytes: &[u8]) {
    let [text, overrides] = sections::split(bytes);
    let Ok(text) = decode(text) else {
        return;
    };
    let overrides = String::from_utf8_lossy(overrides);
    let overrides = overrides.lines().map(Override::new).collect();
    check_compiled(&compiled(text, overrides));
    let plain = compiled(text, Vec::new());
    check_compiled(&plain);
    match format_with(FileId(0), text, &is_property_word) {
        Ok(formatted) => {
            let again = format_with(FileId(0), &formatted, &is_property_word);
            assert_eq!(
                again.as_deref().ok(),
                Some(formatted.as_str()),
                "formatting is not idempotent"
            );
            let again = compiled(&formatted, Vec::new());
            assert_eq!(
                codes(&again),
                codes(&plain),
                "formatting changes what is said of a policy"
            );
        }
        Err(FormatError::Mistakes(mistakes)) => {
            assert!(!mistakes.is_empty() && plain.policy.is_none());
        }
        Err(FormatError::WouldChange) => panic!("formatting would change the policy"),
    }
}

/// The text may import itself under any name, which shows what imports do.
fn compiled(text: &str, overrides: Vec<Override>) -> Compiled {
    let mut loader = |path: &str, _: &str| match path {
        "missing" => Err("there is no such file".to_owned()),
        _ => Ok(text.to_owned()),
    };
    compile("policy", text, &mut loader, &Options { overrides })
}

/// The places of all that is said are places, and a policy without errors goes into an artefact and
/// comes back.
fn check_compiled(compiled: &Compiled) {
    for diagnostic in &compiled.diagnostics {
        check_places(compiled, diagnostic);
    }
    let failed = compiled
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .any(|diagnostic| !PROVED.contains(&diagnostic.code));
    assert_eq!(compiled.policy.is_none(), failed);
    if let Some(policy) = &compiled.policy {
        let written = artefact::encode(policy).unwrap_or_else(|error| refused(&error));
        let read = artefact::decode(written.as_bytes()).unwrap_or_else(|error| refused(&error));
        assert!(read == *policy, "the artefact holds another policy");
    }
}

#[expect(clippy::panic, reason = "that is how a finding is told")]
fn refused<T>(error: &artefact::ArtefactError) -> T {
    panic!("the artefact of a policy that compiles {error}")
}

fn check_places(compiled: &Compiled, diagnostic: &Diagnostic) {
    let related = diagnostic.related.iter().map(|label| label.span);
    let edits = diagnostic.fix.iter().flat_map(|fix| &fix.edits);
    let places = related.chain(edits.map(|edit| edit.span));
    for span in places.chain([diagnostic.primary.span]) {
        let source = compiled.sources.get(span.file);
        let written =
            source.and_then(|source| source.text.get(span.start as usize..span.end as usize));
        assert!(written.is_some(), "no place in the text: {diagnostic:?}");
    }
}

/// What is said, in an order that does not depend on the layout.
fn codes(compiled: &Compiled) -> Vec<&'static str> {
    let mut codes: Vec<_> = compiled
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect();
    codes.sort_unstable();
    codes
}
