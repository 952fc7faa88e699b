//! What is given and taken, as TypeScript declares it.
#![allow(
    missing_docs,
    reason = "the fields are documented; tsify makes public items of its own"
)]

use serde::{Deserialize, Serialize};
use tsify::Tsify;
use wasm_bindgen::prelude::wasm_bindgen;

/// Of a report, whose own types declare themselves.
#[wasm_bindgen(typescript_custom_section)]
const ORDERED: &str = "\
/** In the order of the policy, or of the first appearance. */
export type Ordered<T> = Record<string, T>;";

/// What is found in a text.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct Checked {
    /// In the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    pub errors: u32,
    pub warnings: u32,
    /// What the policy declares; absent where it has mistakes.
    #[tsify(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outline: Option<Outline>,
}

/// Something that is found in a text.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct Diagnostic {
    /// Stable: `explainCode` says more of it.
    pub code: String,
    #[tsify(type = "\"error\" | \"warning\" | \"note\"")]
    pub severity: &'static str,
    pub message: String,
    /// Words beside the place; may be empty.
    pub label: String,
    /// What to do.
    #[tsify(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    pub from: u32,
    pub to: u32,
    /// From 1.
    pub line: u32,
    /// Other places that belong to it.
    pub related: Vec<Related>,
    /// A certain mending.
    #[tsify(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
}

/// Another place that belongs to a diagnostic.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct Related {
    pub from: u32,
    pub to: u32,
    /// From 1.
    pub line: u32,
    pub label: String,
}

/// A change that mends a mistake.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct Fix {
    /// What it does, in the imperative.
    pub title: String,
    /// None overlaps another.
    pub edits: Vec<TextEdit>,
}

/// A replacement of text.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct TextEdit {
    pub from: u32,
    pub to: u32,
    pub text: String,
}

/// What a policy declares.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct Outline {
    pub policy: String,
    pub levels: Vec<LevelOutline>,
    pub workloads: Vec<WorkloadOutline>,
    pub expectations: u32,
    /// Figures that a slider may change.
    pub knobs: Vec<Knob>,
}

/// A level.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct LevelOutline {
    pub name: String,
    #[tsify(type = "\"object\" | \"fragment\" | \"view\" | \"site\"")]
    pub kind: &'static str,
    /// From 1.
    pub line: u32,
    /// The models for which it has a bound.
    pub models: Vec<String>,
}

/// A workload.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct WorkloadOutline {
    pub name: String,
    /// Seconds.
    pub duration: f64,
    /// How many are to be expected.
    pub requests: f64,
}

/// A figure that a slider may change.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct Knob {
    /// As `set` takes it: `article.ttl`.
    pub name: String,
    #[tsify(type = "\"duration\" | \"size\" | \"count\"")]
    pub kind: &'static str,
    /// As it is written.
    pub value: String,
    /// Seconds, bytes or entries.
    pub amount: f64,
    pub from: u32,
    pub to: u32,
}

/// What may stand at a place.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct Completions {
    /// Where the word begins that is replaced.
    pub from: u32,
    pub items: Vec<CompletionItem>,
}

/// One of them.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct CompletionItem {
    pub label: String,
    #[tsify(type = "\"item\" | \"property\" | \"word\" | \"name\"")]
    pub kind: &'static str,
    /// How it goes on.
    pub detail: String,
    /// One sentence; may be empty.
    pub info: String,
}

/// What a word means.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct HoverText {
    pub from: u32,
    pub to: u32,
    pub title: String,
    pub text: String,
}

/// A place.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
pub struct TextRange {
    pub from: u32,
    pub to: u32,
}

/// A policy's graph.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct GraphDrawing {
    /// Its parts have classes and `data-name`, `data-line`, `data-from`, `data-to`.
    pub svg: String,
    /// As `cachepolicy graph --format json` says it.
    pub json: String,
}

/// Something explained, in words and as JSON.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct Explained {
    pub text: String,
    pub json: String,
}

/// A request, to be explained.
#[derive(Debug, Clone, Default, Deserialize, Tsify)]
#[serde(default)]
pub struct RequestToExplain {
    #[tsify(optional)]
    pub method: Option<String>,
    /// `/path?query`, or with scheme and host.
    pub url: String,
    #[tsify(optional)]
    pub headers: Vec<(String, String)>,
    #[tsify(optional)]
    pub cookies: Vec<(String, String)>,
    /// Who is logged in.
    #[tsify(optional)]
    pub user: Option<String>,
    #[tsify(optional)]
    pub attrs: Vec<(String, String)>,
}

/// The shortest trace that shows what was found, and what happens in it.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct WitnessShown {
    pub title: String,
    /// What causes it; may be empty.
    pub path: String,
    /// JSON lines.
    pub trace: String,
    pub happenings: Vec<HappeningShown>,
    /// What it comes to.
    pub summary: String,
}

/// One thing that happens.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct HappeningShown {
    /// Seconds.
    pub at: f64,
    /// As in the column `event` of `simulate --events`.
    pub kind: String,
    /// In words: what happens, not when, and to which request.
    pub text: String,
    #[tsify(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    #[tsify(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// From 0.
    #[tsify(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<u32>,
    /// From 1, in the order of the trace.
    #[tsify(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<f64>,
}

/// What is replayed, and how.
#[derive(Debug, Clone, Default, Deserialize, Tsify)]
#[serde(default, rename_all = "camelCase")]
pub struct SimulationOptions {
    /// As messages and reports call the policy; left out: `policy.cachepolicy`.
    #[tsify(optional)]
    pub name: Option<String>,
    /// The workload that is made; left out: the trace, or the first workload.
    #[tsify(optional)]
    pub workload: Option<String>,
    /// A trace, compressed or not.
    #[tsify(optional, type = "Uint8Array")]
    #[serde(with = "serde_bytes")]
    pub trace: Option<Vec<u8>>,
    /// As messages call it.
    #[tsify(optional)]
    pub trace_name: Option<String>,
    /// Left out: told by its content.
    #[tsify(optional)]
    pub trace_format: Option<String>,
    /// nginx's language: `$remote_addr [$time_local] "$request"`.
    #[tsify(optional)]
    pub log_format: Option<String>,
    /// Left out: 0.
    #[tsify(optional)]
    pub seed: Option<u32>,
    /// Replayed with so many seeds, from `seed` on: means with their 95% confidence intervals, as `--seeds` of
    /// the command line gives them. Left out: once.
    #[tsify(optional)]
    pub seeds: Option<u32>,
    /// Replayed and not counted: `10m`.
    #[tsify(optional)]
    pub warmup: Option<String>,
    /// Properties that replace those of the text: `article.ttl=5m`.
    #[tsify(optional)]
    pub set: Vec<String>,
    /// Happenings that are kept.
    #[tsify(optional)]
    pub window: Option<Window>,
}

/// A window of a run.
#[derive(Debug, Clone, Copy, Deserialize, Tsify)]
pub struct Window {
    /// Seconds.
    pub from: f64,
    /// Seconds.
    pub to: f64,
    /// Not more than so many happenings.
    pub most: u32,
}

/// How far a replay is.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
pub struct Progress {
    pub events: f64,
    /// Of all, 0..1.
    pub done: f64,
    /// Seconds of the traffic.
    pub simulated: f64,
}

/// What happened, in the order of time.
#[derive(Debug, Clone, Serialize, Tsify)]
#[serde(transparent)]
pub struct Happenings(pub Vec<HappeningShown>);
