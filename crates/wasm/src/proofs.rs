//! What is known of a policy without any traffic.

use crate::happenings::Kept;
use crate::types::{Explained, GraphDrawing, RequestToExplain, WitnessShown};
use crate::{compiled, given, said};
use cachepolicy_render::Refused;
use cachepolicy_render::bound::witness::{Of, Shown};
use cachepolicy_render::bound::{self, Wanted};
use cachepolicy_render::explain::{self, Request};
use cachepolicy_render::graph::{self, drawing_for_page};
use cachepolicy_render::output::Terminal;
use cachepolicy_trace::{Event, json_lines};
use serde::Serialize;
use tsify::Ts;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

/// Of a drawing for which no width is given; pixels.
const WIDTH: u32 = 800;

/// What contains what, and which writes reach it, drawn for a place that is so many pixels wide (left out: 800);
/// `undefined` for a text with mistakes.
///
/// # Errors
/// It cannot be said as JSON.
#[wasm_bindgen]
pub fn graph(text: &str, width: Option<u32>) -> Result<Option<Ts<GraphDrawing>>, JsError> {
    let (_, Some(policy)) = compiled(text) else {
        return Ok(None);
    };
    let drawing = GraphDrawing {
        svg: drawing_for_page(&policy, f64::from(width.unwrap_or(WIDTH))),
        json: graph::json(&policy).map_err(said)?,
    };
    given(&drawing).map(Some)
}

/// As `cachepolicy bound --format json` says it; `undefined` for a text with mistakes.
///
/// # Errors
/// It cannot be said as JSON.
#[wasm_bindgen]
pub fn bounds(text: &str) -> Result<Option<String>, JsError> {
    let (_, Some(policy)) = compiled(text) else {
        return Ok(None);
    };
    bound::json(&policy, Wanted::default())
        .map(Some)
        .map_err(said)
}

/// What a policy does to a request; `undefined` for a text with mistakes.
///
/// # Errors
/// It cannot be said as JSON.
#[wasm_bindgen(js_name = explainRequest)]
pub fn explain_request(
    text: &str,
    request: Ts<RequestToExplain>,
) -> Result<Option<Ts<Explained>>, JsError> {
    let (_, Some(policy)) = compiled(text) else {
        return Ok(None);
    };
    let request = request.to_rust().map_err(said)?;
    let method = request.method.unwrap_or_else(|| "GET".to_owned());
    let lower = |(name, value): (String, String)| (name.to_ascii_lowercase(), value);
    let request = Request {
        method: method.to_ascii_uppercase(),
        target: request.url,
        headers: request.headers.into_iter().map(lower).collect(),
        cookies: request.cookies,
        user: request.user,
        attrs: request.attrs,
    };
    let explanation = explain::explain_request(&policy, &request);
    let text = explain::request_for_people(&explanation, Terminal::PLAIN);
    let json = json(&explanation)?;
    given(&Explained { text, json }).map(Some)
}

/// What a write removes: `Article update slug=old:new`; `undefined` for a text with mistakes.
///
/// # Errors
/// The policy has nothing of that name, or it is no write.
#[wasm_bindgen(js_name = explainWrite)]
pub fn explain_write(text: &str, write: &str) -> Result<Option<Ts<Explained>>, JsError> {
    let (_, Some(policy)) = compiled(text) else {
        return Ok(None);
    };
    let written = explain::parse_write(&policy, write).map_err(said)?;
    let removal = explain::explain_write(&policy, &written);
    let text = explain::removal_for_people(&removal, Terminal::PLAIN);
    let json = json(&removal)?;
    given(&Explained { text, json }).map(Some)
}

fn json(value: &impl Serialize) -> Result<String, JsError> {
    let mut text = serde_json::to_string_pretty(value).map_err(said)?;
    text.push('\n');
    Ok(text)
}

/// The shortest trace that shows the worst of a policy, of one level, or of a level after writes of one
/// model: a leak if there is one, else the oldest answer. `undefined` where there is nothing to show, and for
/// a text with mistakes.
///
/// # Errors
/// The policy has no such level or model.
#[wasm_bindgen]
pub fn witness(
    text: &str,
    level: Option<String>,
    model: Option<String>,
) -> Result<Option<Ts<WitnessShown>>, JsError> {
    let (_, Some(policy)) = compiled(text) else {
        return Ok(None);
    };
    let wanted = Wanted::named(&policy, level.as_deref(), model.as_deref()).map_err(said)?;
    let Ok(shown) = Shown::of(&policy, wanted, Of::Anything) else {
        return Ok(None);
    };
    let kept = Kept::whole();
    let report = shown.replay(Box::new(kept.clone())).map_err(said)?;
    let shown = WitnessShown {
        title: shown.title(),
        path: shown.path(),
        trace: lines(shown.trace()).map_err(said)?,
        happenings: kept.taken(),
        summary: shown.came_to(&report),
    };
    given(&shown).map(Some)
}

/// As JSON lines.
fn lines(trace: &[Event]) -> Result<String, Refused> {
    let refused = |error: &dyn core::fmt::Display| Refused(error.to_string());
    let mut bytes = Vec::new();
    let mut writer = json_lines(Box::new(&mut bytes));
    for event in trace {
        writer.write(event).map_err(|error| refused(&error))?;
    }
    writer.finish().map_err(|error| refused(&error))?;
    drop(writer);
    String::from_utf8(bytes).map_err(|error| refused(&error))
}
