//! The pages of diagnostics.
#![allow(
    missing_docs,
    reason = "the fields are documented; tsify makes public items of its own"
)]

use crate::given;
use cachepolicy_compiler::codes;
use cachepolicy_render::diagnostics::word;
use serde::Serialize;
use tsify::{Ts, Tsify};
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

/// A diagnostic's page.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct CodePage {
    pub code: String,
    #[tsify(type = "\"error\" | \"warning\" | \"note\"")]
    pub severity: &'static str,
    pub what: String,
    pub why: String,
    /// A whole policy that has it; empty where no short text has it.
    pub failing: String,
    /// The same without it.
    pub mended: String,
    /// When to allow it; may be empty.
    pub allow: String,
}

/// A diagnostic's page, its examples as whole policies; `undefined` where there is none with that code.
///
/// # Errors
/// None.
#[wasm_bindgen(js_name = explainCode)]
pub fn explain_code(code: &str) -> Result<Option<Ts<CodePage>>, JsError> {
    let Some(doc) = codes::find(code) else {
        return Ok(None);
    };
    let whole = |example: &'static str| match example.trim() {
        "" => String::new(),
        _ => codes::CodeDoc::policy_of(example),
    };
    let page = CodePage {
        code: doc.code.to_owned(),
        severity: word(doc.severity),
        what: doc.what.to_owned(),
        why: doc.why.to_owned(),
        failing: whole(doc.failing),
        mended: whole(doc.mended),
        allow: doc.allow.to_owned(),
    };
    given(&page).map(Some)
}
