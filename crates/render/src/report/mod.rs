//! Reports: one file a renderer.

pub mod compare;
pub mod html;
pub mod human;
pub mod json;
pub mod markdown;
pub mod page;
pub mod reading;

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
    /// One page with charts, which needs nothing else
    Html,
}

impl Format {
    /// By the ending of an output's name, else for people.
    pub fn of_name(output: &Path) -> Self {
        match output.extension().and_then(|ending| ending.to_str()) {
            Some("json") => Self::Json,
            Some("md" | "markdown") => Self::Markdown,
            Some("html" | "htm") => Self::Html,
            _ => Self::Human,
        }
    }
}
