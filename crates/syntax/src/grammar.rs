//! The parser that pest makes of `grammar.pest`.

/// Recognises texts; the tree is built from its pairs in [`crate::parse`].
#[derive(pest_derive::Parser)]
#[grammar = "grammar.pest"]
pub(crate) struct Grammar;
