//! One file a format.

use crate::format::{MakeWriter, Spec};

mod access_log;
mod arc;
mod combined;
mod common;
mod cptrace;
mod csv;
mod jsonl;
mod keys;
mod kv_csv;
mod log_format;
mod nginx_json;
mod oracle_general;
mod redis_monitor;
mod twitter;

/// The format whose layout the options say.
pub(crate) const BY_LAYOUT: &str = log_format::SPEC.name;

pub use jsonl::json_lines;
pub(crate) use keys::key;
pub use log_format::{LogFormat, LogFormatError};

/// All formats; where a content would suit several, the first counts.
pub(crate) const ALL: &[&Spec] = &[
    &cptrace::SPEC,
    &jsonl::SPEC,
    &twitter::SPEC,
    &redis_monitor::SPEC,
    &nginx_json::SPEC,
    &csv::SPEC,
    &kv_csv::SPEC,
    &combined::SPEC,
    &common::SPEC,
    &log_format::SPEC,
    &arc::SPEC,
    &keys::SPEC,
    &oracle_general::SPEC,
];

/// Those that can be written. They stand apart, so that a program that only reads has no code that writes.
pub(crate) const WRITTEN: &[(&Spec, MakeWriter)] = &[
    (&cptrace::SPEC, cptrace::writer),
    (&jsonl::SPEC, json_lines),
    (&csv::SPEC, csv::writer),
    (&keys::SPEC, keys::writer),
];
