//! Reports: one file a renderer.

pub mod compare;
pub mod human;
pub mod json;
pub mod markdown;
pub mod page;

use std::path::Path;

/// What a report can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Format {
    /// Text, for people
    #[default]
    Human,
    /// One JSON document
    Json,
    /// Markdown, for a review
    Markdown,
}

impl Format {
    /// By the ending of an output's name, else for people.
    pub fn of_name(output: &Path) -> Self {
        match output.extension().and_then(|ending| ending.to_str()) {
            Some("json") => Self::Json,
            Some("md" | "markdown") => Self::Markdown,
            _ => Self::Human,
        }
    }
}
