//! What the analysis finds, as diagnostics: its places become places of the text.

use crate::codes::CodeDoc;
use crate::context::{Context, Spans};
use crate::lower::levels::LevelDraft;
use cachepolicy_analysis::lints::{self, Edit, Finding, Place};
use cachepolicy_core::LevelId;
use cachepolicy_core::graph::Graph;
use cachepolicy_syntax::{Diagnostic, Severity, Source, Span};
use std::sync::LazyLock;

/// The pages of the catalogue.
pub(crate) static DOCS: LazyLock<Vec<CodeDoc>> = LazyLock::new(|| {
    let docs = lints::LINTS.iter().map(|lint| CodeDoc {
        code: lint.code,
        severity: severity(lint.severity),
        what: lint.what,
        why: lint.why,
        allow: lint.allow,
        failing: lint.failing,
        mended: lint.mended,
    });
    docs.collect()
});

const fn severity(severity: lints::Severity) -> Severity {
    match severity {
        lints::Severity::Note => Severity::Note,
        lints::Severity::Warning => Severity::Warning,
        lints::Severity::Error => Severity::Error,
    }
}

/// Runs the catalogue over a policy without mistakes, whose levels are those of the drafts.
pub(crate) fn run(cx: &mut Context<'_>, drafts: &[LevelDraft], graph: &Graph) {
    let found = lints::findings(&cx.policy, graph);
    let places = Places {
        drafts,
        spans: &cx.spans,
    };
    let diagnostics: Vec<Diagnostic> = found
        .into_iter()
        .filter_map(|finding| diagnostic(cx, &places, finding))
        .collect();
    cx.diagnostics.extend(diagnostics);
}

fn diagnostic(cx: &Context<'_>, places: &Places<'_>, finding: Finding) -> Option<Diagnostic> {
    let span = places.of(finding.primary.place)?;
    let mut diagnostic = Diagnostic {
        severity: severity(finding.severity),
        ..Diagnostic::warning(finding.code, span, finding.message)
    }
    .label(finding.primary.text)
    .help(finding.help);
    for label in finding.related {
        if let Some(span) = places.of(label.place) {
            diagnostic = diagnostic.related(span, label.text);
        }
    }
    let Some(fix) = finding.fix else {
        return Some(diagnostic);
    };
    let edit = match fix.edit {
        Edit::Behind(place, text) => places.of(place).map(|span| (end(span), text)),
        Edit::Property(level, word, text) => places
            .property(level, word)
            .and_then(|span| statement_behind(cx, span, &text)),
        Edit::Action(edge, text) => places
            .last_action(edge)
            .and_then(|span| statement_behind(cx, span, &text)),
    };
    Some(match edit {
        Some((span, text)) => diagnostic.fix(fix.title, span, text),
        None => diagnostic,
    })
}

/// Where things stand.
struct Places<'a> {
    drafts: &'a [LevelDraft],
    spans: &'a Spans,
}

impl Places<'_> {
    fn of(&self, place: Place) -> Option<Span> {
        match place {
            Place::Dimension(id) => self.spans.dimensions.get(id.index()).copied(),
            Place::Origin(id) => self.spans.origins.get(id.index()).copied(),
            Place::Backend(id) => self.spans.backends.get(id.index()).copied(),
            Place::Bus(id) => self.spans.buses.get(id.index()).copied(),
            Place::Level(id) => self.draft(id).map(|draft| draft.name),
            Place::Property(id, word) => self.property(id, word).or(self.of(Place::Level(id))),
            Place::Read(id, number) => {
                let read = self.draft(id)?.reads.get(number).copied();
                read.or(self.of(Place::Level(id)))
            }
            Place::Contain(id, number) => {
                let contain = self.draft(id)?.contains.get(number).copied();
                contain.or(self.of(Place::Level(id)))
            }
            Place::Edge(edge) => self.spans.edges.get(edge).copied(),
            Place::Action(action) => {
                let actions = self.spans.actions.get(action.edge)?;
                actions.get(action.action).copied()
            }
            Place::Workload(index) => self.spans.workloads.get(index).copied(),
            Place::Claim(index) => self.spans.claims.get(index).map(|(claim, _)| *claim),
        }
    }

    fn draft(&self, level: LevelId) -> Option<&LevelDraft> {
        self.drafts.get(level.index())
    }

    fn property(&self, level: LevelId, word: &str) -> Option<Span> {
        self.draft(level)?.seen.get(word)
    }

    /// The one that stands last in the text.
    fn last_action(&self, edge: usize) -> Option<Span> {
        let actions = self.spans.actions.get(edge)?.iter().copied();
        actions.max_by_key(|span| span.end)
    }
}

fn end(span: Span) -> Span {
    Span {
        start: span.end,
        ..span
    }
}

/// A statement behind another one: on a line of its own if that one has one, behind what else
/// stands on that line (a comment).
fn statement_behind(cx: &Context<'_>, span: Span, text: &str) -> Option<(Span, String)> {
    let source = cx.sources.get(span.file)?;
    let rest = line_behind(source, span.end);
    let is_alone = rest.trim_start().is_empty() || rest.trim_start().starts_with('#');
    let before = source.text.get(..span.start as usize)?;
    let indent = before.rsplit('\n').next().unwrap_or_default();
    if !is_alone || !indent.trim().is_empty() {
        return Some((end(span), format!("; {text}")));
    }
    let line_end = span.end + rest.trim_end().len() as u32;
    let place = Span {
        start: line_end,
        end: line_end,
        ..span
    };
    Some((place, format!("\n{indent}{text}")))
}

/// From a place to the end of its line.
fn line_behind(source: &Source, at: u32) -> &str {
    let rest = source.text.get(at as usize..).unwrap_or_default();
    rest.split('\n').next().unwrap_or_default()
}
