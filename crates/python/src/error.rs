//! Errors as Python exceptions. The classes are written in Python, so that some of them can be built-in ones too.

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

/// Of the package's base class: what is nobody else's.
pub(crate) fn other(problem: impl std::fmt::Display) -> PyErr {
    classes::SaltmineError::new_err(problem.to_string())
}

/// A value that cannot be bound, or does not fit.
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

/// An error that came while rows were read.
pub(crate) fn running(error: DataFusionError) -> PyErr {
    query(&QueryError::from(error))
}
