//! Waiting without the interpreter's lock, and hearing of signals all the same.

use pyo3::prelude::*;
use std::time::Duration;

/// For so long nobody looks whether somebody pressed Ctrl+C.
pub(crate) const SLICE: Duration = Duration::from_millis(50);

/// Raises what a signal's handler raises, as `KeyboardInterrupt`.
pub(crate) fn checked(py: Python<'_>) -> PyResult<()> {
    py.check_signals()
}
