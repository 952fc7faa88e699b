//! From the text of a `.cachepolicy` file to the compiled policy.
//!
//! [`compile`] parses all files of a policy, resolves names, types and units, lowers every property
//! by its row of the one table ([`table`]), orders the levels, checks the whole, and gives back the
//! [`cachepolicy_core::Policy`], its dependency graph and everything that there is to say about the
//! text. It does no I/O: imported files come from a [`Loader`].

mod allow;
pub mod assist;
mod checks;
pub mod codes;
mod compile;
mod context;
mod elsewhere;
mod findings;
pub mod graph;
mod items;
mod loader;
mod lower;
mod names;
mod overrides;
mod program;
mod property;
pub mod quantity;
mod reader;
pub mod reference;
mod scope;
mod suggest;
pub mod table;

pub use compile::{Compiled, Options, compile, compile_text};
pub use loader::{Loader, MAX_FILES, NoImports};
pub use overrides::Override;
pub use reference::{diagnostics_markdown, reference_markdown};
pub use suggest::closest;
pub use table::is_property_word;
