//! What every stage shares: the sources, the names, the policy so far, and what was found.

use crate::names::Names;
use crate::scope::LevelHeader;
use cachepolicy_core::Policy;
use cachepolicy_core::policy::{IgnoreQuery, Place, Semantics};
use cachepolicy_syntax::{Diagnostic, Severity, Sources, Span};
use std::collections::BTreeSet;

/// Longest piece of the user's text in a message, in characters.
const MAX_QUOTED: usize = 48;

/// The state of one compilation.
pub(crate) struct Context<'s> {
    pub(crate) sources: &'s Sources,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) names: Names,
    pub(crate) policy: Policy,
    /// Names and parameters of the levels, in the order written.
    pub(crate) levels: Vec<LevelHeader>,
    pub(crate) spans: Spans,
    /// The text has no mistake. What was found behind that is about what it means.
    pub(crate) is_sound: bool,
    /// Where the parser found mistakes: what seems to be missing there may only be unreadable.
    damage: Vec<Span>,
    /// Words in lines with such mistakes: what is declared there is not known.
    unreadable: BTreeSet<String>,
}

/// Where the names of things are declared, by index.
#[derive(Default)]
pub(crate) struct Spans {
    pub(crate) policy: Option<Span>,
    pub(crate) models: Vec<Span>,
    pub(crate) dimensions: Vec<Span>,
    pub(crate) origins: Vec<Span>,
    pub(crate) backends: Vec<Span>,
    pub(crate) buses: Vec<Span>,
    /// For each claim, itself and its subject.
    pub(crate) claims: Vec<(Span, Span)>,
    /// Headers of edge blocks.
    pub(crate) edges: Vec<Span>,
    pub(crate) workloads: Vec<Span>,
    /// For each edge block, its actions, in the policy's order.
    pub(crate) actions: Vec<Vec<Span>>,
}

impl<'s> Context<'s> {
    /// `mistakes` are the parser's.
    pub(crate) fn new(sources: &'s Sources, mistakes: Vec<Diagnostic>) -> Self {
        let damage: Vec<Span> = mistakes
            .iter()
            .filter(|mistake| mistake.severity == Severity::Error)
            .map(|mistake| mistake.primary.span)
            .collect();
        let unreadable = damage
            .iter()
            .flat_map(|span| words_of_lines(sources, *span))
            .collect();
        Self {
            sources,
            diagnostics: mistakes,
            names: Names::default(),
            policy: empty_policy(),
            levels: Vec::new(),
            spans: Spans::default(),
            is_sound: false,
            damage,
            unreadable,
        }
    }

    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Is there an error already?
    pub(crate) fn has_errors(&self) -> bool {
        self.diagnostics
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Was a mistake found by the parser inside of this place?
    pub(crate) fn is_damaged(&self, place: Span) -> bool {
        self.damage
            .iter()
            .any(|at| at.file == place.file && place.start <= at.start && at.start <= place.end)
    }

    /// May this name be declared in a statement that could not be read?
    pub(crate) fn may_be_unreadable(&self, name: &str) -> bool {
        self.unreadable.contains(name)
    }

    /// The text of a place.
    pub(crate) fn text(&self, span: Span) -> &'s str {
        self.sources
            .get(span.file)
            .map_or("", |source| source.slice(span))
    }

    /// The text of a place on one line, shortened.
    pub(crate) fn quote(&self, span: Span) -> String {
        let words: Vec<&str> = self
            .text(span)
            .split_whitespace()
            .take(MAX_QUOTED)
            .collect();
        let line = words.join(" ");
        let mut quoted: String = line.chars().take(MAX_QUOTED).collect();
        if quoted.len() < line.len() {
            quoted.push('…');
        }
        quoted
    }

    /// A place for the compiled policy.
    pub(crate) fn place(&self, span: Span) -> Place {
        let line = self
            .sources
            .get(span.file)
            .map_or(0, |source| source.line_column(span.start).0);
        Place {
            file: span.file.0,
            line,
        }
    }
}

/// A policy in which nothing is declared yet.
fn empty_policy() -> Policy {
    Policy {
        name: String::new(),
        edition: 1,
        hash: String::new(),
        files: Vec::new(),
        semantics: Semantics::Http,
        processes: 1,
        threads: None,
        models: Vec::new(),
        dimensions: Vec::new(),
        ignore_query: IgnoreQuery::Nothing,
        origins: Vec::new(),
        backends: Vec::new(),
        buses: Vec::new(),
        levels: Vec::new(),
        edges: Vec::new(),
        workloads: Vec::new(),
        expectations: Vec::new(),
    }
}

/// The words in the lines that a place touches; of a long place, in its first and last line.
fn words_of_lines(sources: &Sources, span: Span) -> Vec<String> {
    let Some(source) = sources.get(span.file) else {
        return Vec::new();
    };
    let mut words = Vec::new();
    for offset in [span.start, span.end] {
        let offset = (offset as usize).min(source.text.len());
        let head = source.text.get(..offset).unwrap_or_default();
        let tail = source.text.get(offset..).unwrap_or_default();
        let before = head.rsplit('\n').next().unwrap_or_default();
        let behind = tail.split('\n').next().unwrap_or_default();
        for part in [before, behind] {
            words.extend(
                part.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
                    .filter(|word| !word.is_empty())
                    .map(str::to_owned),
            );
        }
    }
    words
}
