//! The compiler, the simulator and the runtime for Python. What stands here only carries things over: what is
//! decided is decided in the crates below, and what is of Python alone stands in `python/cachepolicy`.

mod around;
mod cache;
mod entries;
mod exchange;
mod policy;
mod remote;
mod running;
mod simulate;
mod waiting;
mod written;

use pyo3::prelude::*;

pyo3::create_exception!(
    cachepolicy,
    PolicyError,
    pyo3::exceptions::PyException,
    "Something is wrong with a policy, a trace, or what was asked of them; its text says what, and where."
);

/// Something for people to read.
fn said(_py: Python<'_>, message: impl core::fmt::Display) -> PyErr {
    PolicyError::new_err(message.to_string())
}

#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::PolicyError;
    #[pymodule_export]
    use crate::around::Around;
    #[pymodule_export]
    use crate::cache::Cache;
    #[pymodule_export]
    use crate::entries::MemoryEntries;
    #[pymodule_export]
    use crate::exchange::{respond, start_respond};
    #[pymodule_export]
    use crate::policy::{Policy, format};
    #[pymodule_export]
    use crate::remote::RedisEntries;
    #[pymodule_export]
    use crate::running::Reply;
    #[pymodule_export]
    use crate::simulate::{Simulated, simulate};
}
