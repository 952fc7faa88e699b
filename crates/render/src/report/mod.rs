//! Reports: one file a renderer.

pub mod compare;
pub mod html;
pub mod human;
pub mod json;
pub mod markdown;
pub mod page;
pub mod reading;

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
    /// Endings of files and what is written into them.
    pub const ENDINGS: [(&str, Self); 5] = [
        ("json", Self::Json),
        ("md", Self::Markdown),
        ("markdown", Self::Markdown),
        ("html", Self::Html),
        ("htm", Self::Html),
    ];
}
