//! What an editor asks of a text.

use crate::places::Places;
use crate::types::{
    Checked, CompletionItem, Completions, Diagnostic, Fix, HoverText, Knob, LevelOutline, Outline,
    Related, TextEdit, TextRange, WorkloadOutline,
};
use crate::{NAME, compiled, given, mistakes, said};
use cachepolicy_compiler::quantity::{Quantity, quantity};
use cachepolicy_compiler::{assist, is_property_word};
use cachepolicy_core::Policy;
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::LevelId;
use cachepolicy_render::diagnostics::{Counts, Findings, word};
use cachepolicy_syntax::tokens::TokenKind;
use cachepolicy_syntax::tree::{Statement, TermKind};
use cachepolicy_syntax::{FileId, FormatError, Source, Sources, Span, format_with, parse_with};
use tsify::Ts;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

/// The words of a text by what they are: triples of from, to, and an index of `tokenKinds()`.
#[wasm_bindgen]
#[must_use]
pub fn tokens(text: &str) -> Vec<u32> {
    let places = Places::of(text);
    let all = cachepolicy_syntax::tokens::tokens(text);
    let triples = all.iter().flat_map(|token| {
        let kind = TokenKind::ALL.iter().position(|kind| *kind == token.kind);
        [
            places.units(token.start),
            places.units(token.end),
            kind.unwrap_or_default() as u32,
        ]
    });
    triples.collect()
}

/// The kinds of words, lower case.
#[wasm_bindgen(js_name = tokenKinds)]
#[must_use]
pub fn token_kinds() -> Vec<String> {
    let names = TokenKind::ALL.iter().map(|kind| kind.name().to_owned());
    names.collect()
}

/// Everything that is found in a text, and what it declares.
///
/// # Errors
/// None.
#[wasm_bindgen]
pub fn check(text: &str) -> Result<Ts<Checked>, JsError> {
    let (findings, policy) = compiled(text);
    let places = Places::of(text);
    let counts = Counts::of(std::slice::from_ref(&findings));
    let found = findings.diagnostics.iter();
    given(&Checked {
        diagnostics: found
            .map(|found| diagnostic(found, &findings, &places))
            .collect(),
        errors: counts.errors as u32,
        warnings: counts.warnings as u32,
        outline: policy.map(|policy| outline(&policy, text, &places)),
    })
}

fn diagnostic(
    found: &cachepolicy_syntax::Diagnostic,
    findings: &Findings,
    places: &Places<'_>,
) -> Diagnostic {
    let (from, to, line) = place(found.primary.span, &findings.sources, places);
    let related = found.related.iter().map(|label| {
        let (from, to, line) = place(label.span, &findings.sources, places);
        Related {
            from,
            to,
            line,
            label: label.text.clone(),
        }
    });
    Diagnostic {
        code: found.code.to_owned(),
        severity: word(found.severity),
        message: found.message.clone(),
        label: found.primary.text.clone(),
        help: found.help.clone(),
        from,
        to,
        line,
        related: related.collect(),
        fix: found.fix.as_ref().map(|fix| Fix {
            title: fix.title.clone(),
            edits: fix
                .edits
                .iter()
                .map(|edit| TextEdit {
                    from: places.units(edit.span.start as usize),
                    to: places.units(edit.span.end as usize),
                    text: edit.text.clone(),
                })
                .collect(),
        }),
    }
}

/// From, to and line; what stands elsewhere is said to be at the beginning.
fn place(span: Span, sources: &Sources, places: &Places<'_>) -> (u32, u32, u32) {
    if span.file != FileId(0) {
        return (0, 0, 1);
    }
    let line = sources
        .get(span.file)
        .map_or(1, |source| source.line_column(span.start).0);
    (
        places.units(span.start as usize),
        places.units(span.end as usize),
        line,
    )
}

fn outline(policy: &Policy, text: &str, places: &Places<'_>) -> Outline {
    let graph = Graph::new(policy);
    let levels = policy.levels.iter().enumerate().map(|(index, level)| {
        // It has a bound for each of them: the lints have computed those, an outline need not.
        let models = graph.dependencies(LevelId(index as u16));
        let models = models.into_iter().flat_map(|all| &all.models);
        let models = models.filter_map(|model| policy.models.get(model.index()));
        LevelOutline {
            name: level.name.clone(),
            kind: level.kind.name(),
            line: level.place.line,
            models: models.map(|model| model.name.clone()).collect(),
        }
    });
    let workloads = policy.workloads.iter().map(|workload| {
        let seconds = workload.duration.as_secs_f64();
        let rates = workload.requests.iter();
        WorkloadOutline {
            name: workload.name.clone(),
            duration: seconds,
            requests: rates.map(|mix| mix.arrivals.per_second).sum::<f64>() * seconds,
        }
    });
    Outline {
        policy: policy.name.clone(),
        levels: levels.collect(),
        workloads: workloads.collect(),
        expectations: policy.expectations.len() as u32,
        knobs: knobs(text, places),
    }
}

/// Properties with one figure that somebody may want to try other values of.
const KNOBS: [&str; 4] = [
    "ttl",
    "stale-while-revalidate",
    "stale-if-error",
    "capacity",
];

fn knobs(text: &str, places: &Places<'_>) -> Vec<Knob> {
    let parsed = parse_with(FileId(0), text, &is_property_word);
    let mut knobs = Vec::new();
    for item in &parsed.file.items {
        let Some([kind, name]) = words(item) else {
            continue;
        };
        if !matches!(kind, "site" | "view" | "fragment" | "object" | "backend") {
            continue;
        }
        let statements = item.block.iter().flat_map(|block| &block.statements);
        knobs.extend(statements.filter_map(|statement| knob(name, statement, places)));
    }
    knobs
}

/// The first two words of an item.
fn words(item: &Statement) -> Option<[&str; 2]> {
    let terms = &item.phrases.first()?.terms;
    let word = |index: usize| match &terms.get(index)?.value {
        TermKind::Path(path) => Some(path.head.value.as_str()),
        _ => None,
    };
    Some([word(0)?, word(1)?])
}

fn knob(owner: &str, statement: &Statement, places: &Places<'_>) -> Option<Knob> {
    let terms = &statement.phrases.first()?.terms;
    let TermKind::Path(path) = &terms.first()?.value else {
        return None;
    };
    let property = KNOBS.iter().find(|known| **known == path.head.value)?;
    let figure = terms.get(1)?;
    let TermKind::Quantity(value) = &figure.value else {
        return None;
    };
    let (kind, amount) = match quantity(value).ok()? {
        Quantity::Duration(duration) => ("duration", duration.as_secs_f64()),
        Quantity::Bytes(bytes) => ("size", bytes as f64),
        Quantity::Number(number) => ("count", number),
        _ => return None,
    };
    Some(Knob {
        name: format!("{owner}.{property}"),
        kind,
        value: value.clone(),
        amount,
        from: places.units(figure.span.start as usize),
        to: places.units(figure.span.end as usize),
    })
}

/// The text in the one layout.
///
/// # Errors
/// The text has mistakes: which.
#[wasm_bindgen]
pub fn format(text: &str) -> Result<String, JsError> {
    match format_with(FileId(0), text, &is_property_word) {
        Ok(text) => Ok(text),
        Err(FormatError::Mistakes(diagnostics)) => {
            let mut sources = Sources::default();
            sources.add(Source::new(NAME, text));
            Err(mistakes(&sources, &diagnostics))
        }
        Err(error @ FormatError::WouldChange) => Err(said(error)),
    }
}

/// What may stand at a place.
///
/// # Errors
/// None.
#[wasm_bindgen]
pub fn complete(text: &str, place: u32) -> Result<Ts<Completions>, JsError> {
    let places = Places::of(text);
    let completions = assist::complete(text, places.byte(place));
    let items = completions.all.into_iter().map(|one| CompletionItem {
        label: one.text,
        kind: one.kind.name(),
        detail: one.detail,
        info: one.doc,
    });
    given(&Completions {
        from: places.units(completions.from),
        items: items.collect(),
    })
}

/// What the word at a place means.
///
/// # Errors
/// None.
#[wasm_bindgen]
pub fn hover(text: &str, place: u32) -> Result<Option<Ts<HoverText>>, JsError> {
    let places = Places::of(text);
    let hover = assist::hover(text, places.byte(place));
    let hover = hover.map(|hover| HoverText {
        from: places.units(hover.place.start),
        to: places.units(hover.place.end),
        title: hover.title,
        text: hover.text,
    });
    hover.as_ref().map(given).transpose()
}

/// Where what the word at a place names is declared.
///
/// # Errors
/// None.
#[wasm_bindgen]
pub fn definition(text: &str, place: u32) -> Result<Option<Ts<TextRange>>, JsError> {
    let places = Places::of(text);
    let range = assist::definition(text, places.byte(place));
    let range = range.map(|range| TextRange {
        from: places.units(range.start),
        to: places.units(range.end),
    });
    range.as_ref().map(given).transpose()
}
