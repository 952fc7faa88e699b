//! Rows that were written.

use cachepolicy_runtime::{Row, Value};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

/// A row: its fields by their names in the policy, each text, `None`, a row, or a list of rows.
pub(crate) fn row(fields: &Bound<'_, PyDict>) -> PyResult<Row> {
    let mut row = Row::default();
    for (name, value) in fields {
        row = row.with(&name.extract::<String>()?, read(&value)?);
    }
    Ok(row)
}

fn read(given: &Bound<'_, PyAny>) -> PyResult<Value> {
    if given.is_none() {
        return Ok(Value::Null);
    }
    if let Ok(fields) = given.cast::<PyDict>() {
        return row(fields).map(Value::Row);
    }
    if let Ok(rows) = given.cast::<PyList>() {
        let rows = rows.iter().map(|one| row(one.cast::<PyDict>()?));
        return rows.collect::<PyResult<_>>().map(Value::Many);
    }
    given.extract::<String>().map(Value::Text)
}
