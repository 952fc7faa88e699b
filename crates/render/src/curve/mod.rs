//! Curves, as people and programs read them: one file a renderer.

mod chart;
mod csv;
mod human;
#[cfg(test)]
mod tests;

use crate::Refused;
use crate::output::Terminal;
use cachepolicy_sim::curve::{At, Curve};

/// What a curve can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Format {
    /// A table and a chart, for people
    #[default]
    Human,
    /// One JSON document
    Json,
    /// One row a point
    Csv,
}

impl Format {
    /// Endings of files and what is written into them.
    pub const ENDINGS: [(&str, Self); 2] = [("json", Self::Json), ("csv", Self::Csv)];
}

/// `--capacities`
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// Each of them, unless there is a range.
    pub list: Vec<At>,
    /// From the first to the last.
    pub range: Option<(At, At)>,
    /// Are they in bytes, or in copies? `None`: all are shares.
    pub by_bytes: Option<bool>,
}

/// The text of a curve of what was replayed as `input`.
pub fn render(
    curve: &Curve,
    format: Format,
    input: &str,
    terminal: Terminal,
) -> Result<String, Refused> {
    Ok(match format {
        Format::Human => human::render(curve, input, terminal),
        Format::Json => format!("{}\n", curve.to_json()),
        Format::Csv => csv::render(curve)?,
    })
}
