//! The one layout of a policy's text.
//!
//! Three steps: [`build`] joins the tree with the comments and the author's choices that are kept
//! (blank lines, blocks on one line); [`columns`] decides what stands below what; [`write`] writes
//! lines and wraps those that are too long. The result is parsed again and compared, so that a
//! formatted text never means something else.

mod build;
mod columns;
mod comments;
mod doc;
mod flat;
mod lines;
mod write;

use std::fmt;

use crate::diagnostic::Diagnostic;
use crate::parse::{IsProperty, parse_with};
use crate::span::FileId;
use crate::tree::File;

/// Longest line that is written if there is a place to break it, in characters.
pub const MAX_WIDTH: usize = 100;

/// Why a text is not formatted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormatError {
    /// It has mistakes, and a formatter would only hide them.
    Mistakes(Vec<Diagnostic>),
    /// The formatted text would not say the same: a fault of the formatter, which therefore
    /// leaves the text as it is.
    WouldChange,
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mistakes(mistakes) => write!(
                f,
                "this file has {} and is left as it is",
                if mistakes.len() == 1 {
                    "a mistake".to_owned()
                } else {
                    format!("{} mistakes", mistakes.len())
                }
            ),
            Self::WouldChange => write!(
                f,
                "formatting would change what this file says, so it is left as it is"
            ),
        }
    }
}

impl std::error::Error for FormatError {}

/// Formats a text without knowing its words; see [`format_with`].
///
/// # Errors
/// As [`format_with`].
pub fn format(file: FileId, text: &str) -> Result<String, FormatError> {
    format_with(file, text, &|_, _| false)
}

/// The text in the one layout: two blanks for each level of nesting, one statement a line, values
/// below each other, lines of at most [`MAX_WIDTH`] characters where there is a place to break
/// them. Comments, and blank lines up to one, stay where they are; a block that was written on one
/// line stays on one line if it fits. Formatting a formatted text changes nothing.
///
/// # Errors
/// When the text has mistakes, or when its layout would change what it says.
pub fn format_with(
    file: FileId,
    text: &str,
    is_property: IsProperty<'_>,
) -> Result<String, FormatError> {
    let before = parse_with(file, text, is_property);
    if !before.diagnostics.is_empty() {
        return Err(FormatError::Mistakes(before.diagnostics));
    }
    let entries = build::file(
        &before.file,
        comments::Comments::new(text, &before.comments),
    );
    let formatted = write::file(&entries);
    let after = parse_with(file, &formatted, is_property);
    let same_comments = before
        .comments
        .iter()
        .map(|comment| &comment.text)
        .eq(after.comments.iter().map(|comment| &comment.text));
    if after.diagnostics.is_empty() && after.file == before.file && same_comments {
        Ok(formatted)
    } else {
        Err(FormatError::WouldChange)
    }
}

/// The text of a tree that has none yet: in the one layout, every block on lines of its own.
#[must_use]
pub fn print(file: &File) -> String {
    write::file(&build::file(file, comments::Comments::none()))
}
