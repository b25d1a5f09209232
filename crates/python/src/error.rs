//! Errors as Python exceptions. The classes are defined in Python, so that some can also be subclasses of built-in
//! ones.

use pyo3::prelude::*;
use saltmine_lake::LakeError;
use saltmine_query::QueryError;
use saltmine_query::datafusion::error::DataFusionError;
use saltmine_scan::SourceError;

mod classes {
    pyo3::import_exception!(saltmine._errors, SaltmineError);
    pyo3::import_exception!(saltmine._errors, InputError);
    pyo3::import_exception!(saltmine._errors, DatasetError);
    pyo3::import_exception!(saltmine._errors, QueryError);
    pyo3::import_exception!(saltmine._errors, ParameterError);
    pyo3::import_exception!(saltmine._errors, StrictError);
}

/// An error of the package's base class.
pub(crate) fn other(problem: impl std::fmt::Display) -> PyErr {
    classes::SaltmineError::new_err(problem.to_string())
}

/// An argument that cannot be bound or is invalid.
pub(crate) fn parameter(problem: impl std::fmt::Display) -> PyErr {
    classes::ParameterError::new_err(problem.to_string())
}

pub(crate) fn source(error: &SourceError) -> PyErr {
    classes::InputError::new_err(error.to_string())
}

pub(crate) fn lake(error: &LakeError) -> PyErr {
    let text = error.to_string();
    match error {
        LakeError::Strict { .. } => classes::StrictError::new_err(text),
        LakeError::Source { .. } => classes::InputError::new_err(text),
        _ => classes::DatasetError::new_err(text),
    }
}

pub(crate) fn query(error: &QueryError) -> PyErr {
    let text = error.to_string();
    match error {
        QueryError::Source(error) => source(error),
        QueryError::Lake(error) => lake(error),
        QueryError::MixedInputs(_) | QueryError::Table { .. } => classes::InputError::new_err(text),
        QueryError::Parameter { .. } | QueryError::Alias { .. } => parameter(text),
        QueryError::UnknownQuery { .. } | QueryError::UnknownPack { .. } => parameter(text),
        _ => classes::QueryError::new_err(text),
    }
}

/// An error while reading rows.
pub(crate) fn running(error: DataFusionError) -> PyErr {
    query(&QueryError::from(error))
}
