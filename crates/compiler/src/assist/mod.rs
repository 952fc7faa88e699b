//! What an editor asks: what may stand here, what is this, where was it declared. Pure functions of the text,
//! by the [`table`](crate::table) of the language; places are in bytes. A text with mistakes is understood as
//! far as it can be read.

mod complete;
mod declared;
mod hover;
mod scope;

pub use complete::{Completion, CompletionKind, Completions, complete};
pub use declared::definition;
pub use hover::{Hover, hover};

#[cfg(test)]
mod tests;
