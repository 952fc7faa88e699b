//! Reports: one file a renderer.

pub(crate) mod compare;
pub(crate) mod human;
pub(crate) mod json;
pub(crate) mod markdown;
pub(crate) mod page;

use std::path::Path;

/// What a report can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Format {
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
    pub(crate) fn of_name(output: &Path) -> Self {
        match output.extension().and_then(|ending| ending.to_str()) {
            Some("json") => Self::Json,
            Some("md" | "markdown") => Self::Markdown,
            _ => Self::Human,
        }
    }
}
