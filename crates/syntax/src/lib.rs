//! The `.cachepolicy` language as text: grammar, tree with spans, diagnostics, formatter.
//!
//! Nothing here knows what a word means; see `cachepolicy-compiler` for that.

mod decode;
pub mod diagnostic;
mod format;
mod grammar;
pub mod limits;
mod parse;
pub mod span;
pub mod tokens;
pub mod tree;

pub use decode::{DecodeError, decode};
pub use diagnostic::{Diagnostic, Edit, Fix, Label, Severity};
pub use format::{FormatError, MAX_WIDTH, format, format_with, print};
pub use parse::{IsProperty, Parsed, parse, parse_with};
pub use span::{FileId, Source, Sources, Span, Spanned};
