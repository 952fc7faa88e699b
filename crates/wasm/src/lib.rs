//! The compiler, the proofs and the simulator for browsers and Node: the same Rust as the command line's, which
//! gives the same bytes.
//!
//! Places in a text are counted in UTF-16 code units, as JavaScript does. Nothing is kept between calls, but
//! for what a [`Simulation`] or a [`Comparison`] has begun. A policy with mistakes is no failure: what needs a
//! whole one gives `undefined`. What is thrown is for people to read.

mod compare;
mod happenings;
mod language;
#[cfg(feature = "pages")]
mod pages;
mod places;
mod proofs;
mod replay;
mod runs;
mod simulate;
mod types;

pub use compare::Comparison;
pub use language::{check, complete, definition, format, hover, token_kinds, tokens};
#[cfg(feature = "pages")]
pub use pages::{CodePage, explain_code};
pub use proofs::{bounds, explain_request, explain_write, graph, witness};
pub use simulate::Simulation;
pub use types::*;

use cachepolicy_core::Policy;
use cachepolicy_render::diagnostics::Findings;
use cachepolicy_syntax::{Severity, Sources};
use serde::Serialize;
use tsify::{Ts, Tsify};
use wasm_bindgen::JsError;

/// The name of a text that has none.
const NAME: &str = "policy.cachepolicy";

/// Something for people to read.
fn said(message: impl core::fmt::Display) -> JsError {
    JsError::new(&message.to_string())
}

/// What goes out, as its type says.
fn given<T: Tsify + Serialize>(value: &T) -> Result<Ts<T>, JsError> {
    value.into_ts().map_err(said)
}

/// What is wrong with a text, a line each: the commands' frames around its lines are for a terminal.
fn mistakes(sources: &Sources, diagnostics: &[cachepolicy_syntax::Diagnostic]) -> JsError {
    let errors = diagnostics.iter();
    let errors = errors.filter(|found| found.severity == Severity::Error);
    let lines = errors.map(|found| {
        let span = found.primary.span;
        let source = sources.get(span.file);
        let line = source.map_or(1, |source| source.line_column(span.start).0);
        let help = found.help.iter().map(|help| format!("; {help}"));
        let help: String = help.collect();
        format!("line {line}: error: {}{help}", found.message)
    });
    said(lines.collect::<Vec<_>>().join("\n"))
}

/// What is found in a text; the policy, where it has no mistake.
fn compiled(text: &str) -> (Findings, Option<Policy>) {
    let compiled = cachepolicy_compiler::compile_text(NAME, text);
    let findings = Findings {
        sources: compiled.sources,
        diagnostics: compiled.diagnostics,
    };
    (findings, compiled.policy)
}
