//! Diagnostics for people: the sentence, the place in the text, what to do.

use super::{Findings, Severity, word};
use crate::output::{Terminal, WIDTH_DEFAULT, WIDTH_LEAST, text};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use cachepolicy_syntax::{Diagnostic, FileId, Fix, Label, Source, Sources, Span};
use std::ops::Range;

/// Columns before a help, with numbers of lines of up to three digits.
const GUTTER: usize = 13;

/// All findings of one policy, an empty line behind each.
pub(super) fn render(findings: &Findings, terminal: Terminal) -> String {
    let renderer = if terminal.paint.is_on() {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let renderer = renderer
        .decor_style(DecorStyle::Unicode)
        .term_width(terminal.width);
    let mut text = String::new();
    for diagnostic in &findings.diagnostics {
        let wrapped = wrapped(diagnostic, terminal);
        let report = groups(&wrapped, &findings.sources);
        text.push_str(&renderer.render(&report));
        text.push_str("\n\n");
    }
    text
}

/// With the message and the help in lines that fit. In a file or a pipe each stays one line, for
/// those who search it.
fn wrapped(diagnostic: &Diagnostic, terminal: Terminal) -> Diagnostic {
    let mut wrapped = diagnostic.clone();
    if !terminal.interactive && terminal.width >= WIDTH_DEFAULT {
        return wrapped;
    }
    let room = |before: usize| terminal.width.saturating_sub(before).max(WIDTH_LEAST / 2);
    let head = format!("{}[{}]: ", word(diagnostic.severity), diagnostic.code);
    let message = text::wrap(&diagnostic.message, room(text::width(&head)));
    wrapped.message = message.join("\n");
    wrapped.help = diagnostic
        .help
        .as_ref()
        .map(|help| text::wrap(help, room(GUTTER)).join("\n"));
    wrapped
}

fn groups<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code);
    let mut group = Group::with_title(title);
    for file in files(diagnostic) {
        if let Some(source) = sources.get(file) {
            group =
                group.element(snippet(source).annotations(annotations(diagnostic, file, source)));
        }
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let mut groups = vec![group];
    if let Some(fix) = &diagnostic.fix {
        groups.extend(fix_group(fix, sources));
    }
    groups
}

fn snippet<'a, T: Clone>(source: &'a Source) -> Snippet<'a, T> {
    Snippet::source(&*source.text).path(source.name.as_str())
}

/// The files that a diagnostic speaks of, that of its primary place first.
fn files(diagnostic: &Diagnostic) -> Vec<FileId> {
    let mut files = vec![diagnostic.primary.span.file];
    for label in &diagnostic.related {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    files
}

fn annotations<'a>(
    diagnostic: &'a Diagnostic,
    file: FileId,
    source: &'a Source,
) -> impl Iterator<Item = Annotation<'a>> {
    let primary = std::iter::once((AnnotationKind::Primary, &diagnostic.primary));
    let related = diagnostic
        .related
        .iter()
        .map(|label| (AnnotationKind::Context, label));
    primary
        .chain(related)
        .filter(move |(_, label)| label.span.file == file)
        .map(|(kind, label)| annotation(kind, label, source))
}

fn annotation<'a>(kind: AnnotationKind, label: &'a Label, source: &Source) -> Annotation<'a> {
    let annotation = kind.span(range(label.span, source));
    if label.text.is_empty() {
        annotation
    } else {
        annotation.label(label.text.as_str())
    }
}

fn fix_group<'a>(fix: &'a Fix, sources: &'a Sources) -> Option<Group<'a>> {
    let file = fix.edits.first()?.span.file;
    let source = sources.get(file)?;
    let patches = fix.edits.iter().filter(|edit| edit.span.file == file);
    let patches = patches.map(|edit| Patch::new(range(edit.span, source), edit.text.as_str()));
    Some(
        Level::HELP
            .secondary_title(fix.title.as_str())
            .element(snippet(source).patches(patches)),
    )
}

/// Bytes of the text, whatever the span says.
fn range(span: Span, source: &Source) -> Range<usize> {
    let length = source.text.len();
    let end = (span.end as usize).min(length);
    (span.start as usize).min(end)..end
}
