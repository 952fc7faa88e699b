//! `check --fix`: the certain mendings, applied to the text.

use cachepolicy_core::sorting;
use cachepolicy_syntax::{Diagnostic, Edit, FileId, Source};

/// The text of a file with every fix that touches it alone applied, and how many those were. Of two
/// that overlap the first one in the text wins; the other can be applied in another round.
pub fn apply_fixes(file: FileId, source: &Source, diagnostics: &[Diagnostic]) -> (String, usize) {
    let mut accepted: Vec<&Edit> = Vec::new();
    let mut count = 0;
    for fix in diagnostics
        .iter()
        .filter_map(|diagnostic| diagnostic.fix.as_ref())
    {
        let here = !fix.edits.is_empty()
            && fix.edits.iter().all(|edit| {
                edit.span.file == file
                    && source
                        .text
                        .get(edit.span.start as usize..edit.span.end as usize)
                        .is_some()
            });
        let free = |edit: &Edit| accepted.iter().all(|other| disjoint(edit, other));
        if here && fix.edits.iter().all(free) {
            accepted.extend(&fix.edits);
            count += 1;
        }
    }
    sorting::by_key(&mut accepted, |edit| (edit.span.start, edit.span.end));
    let mut text = String::with_capacity(source.text.len());
    let mut done = 0;
    for edit in accepted {
        text.push_str(
            source
                .text
                .get(done..edit.span.start as usize)
                .unwrap_or(""),
        );
        text.push_str(&edit.text);
        done = edit.span.end as usize;
    }
    text.push_str(source.text.get(done..).unwrap_or(""));
    (text, count)
}

/// Two insertions at one place are not: their order would matter.
fn disjoint(a: &Edit, b: &Edit) -> bool {
    (a.span.end <= b.span.start || b.span.end <= a.span.start) && a.span.start != b.span.start
}
