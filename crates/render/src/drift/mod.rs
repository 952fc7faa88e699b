//! What was predicted beside what happened, as people and programs read it.

mod human;
#[cfg(test)]
mod tests;

use crate::output::Terminal;
use cachepolicy_sim::drift::Drift;

/// What the two sides are called.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// What was replayed.
    pub trace: &'a str,
    /// Where the figures are from.
    pub metrics: &'a str,
}

/// For people.
pub fn human(drift: &Drift, names: Names<'_>, terminal: Terminal) -> String {
    human::render(drift, names, terminal)
}

/// For programs.
pub fn json(drift: &Drift) -> String {
    format!("{}\n", drift.to_json())
}
