//! What surrounds Python's work, as objects that it hands on.

use cachepolicy_runtime::Surroundings;
use pyo3::prelude::*;

/// What surrounds the work in hand: the request that it is for, and the fill that it is part of.
#[pyclass(frozen, module = "cachepolicy._native")]
pub(crate) struct Around(pub(crate) Surroundings);

#[pymethods]
impl Around {
    /// What the fill makes is for whoever asked alone: it is not kept, nor given to those who wait.
    fn for_one(&self) {
        self.0.for_one();
    }

    /// Says what the policy declares as `data NAME`.
    fn data(&self, name: &str, values: Vec<String>) {
        self.0.data(name, values);
    }
}
