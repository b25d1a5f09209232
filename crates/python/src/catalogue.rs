//! The query catalogue.

use pyo3::prelude::*;

use crate::error;
use crate::options::catalogue;

/// All queries as JSON, which the Python code parses.
#[pyfunction]
pub(crate) fn queries(folder: Option<std::path::PathBuf>) -> PyResult<String> {
    let catalogue = catalogue(folder.as_deref())?;
    let all: Vec<_> = catalogue.queries().collect();
    serde_json::to_string(&all).map_err(error::other)
}
