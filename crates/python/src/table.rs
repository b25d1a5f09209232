//! Rows in memory: a complete answer or a batch.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchIterator};
use arrow::datatypes::{Schema, SchemaRef};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use saltmine_query::quantity::counted;

use crate::arrow_capsule;

/// Rows in memory, which any Arrow library can read without a copy, any number of times.
#[pyclass(frozen, module = "saltmine")]
pub(crate) struct Table {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Table {
    pub(crate) fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self { schema, batches }
    }
}

#[pymethods]
impl Table {
    /// Number of rows.
    #[getter]
    fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// Names of the columns, in order.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        column_names(&self.schema)
    }

    fn __len__(&self) -> usize {
        self.num_rows()
    }

    fn __repr__(&self) -> String {
        format!("<saltmine.Table: {} of {}>", counted(self.num_rows() as u64, "row"), described(&self.schema))
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        arrow_capsule::schema(py, &self.schema)
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let batches = self.batches.clone().into_iter().map(Ok);
        let reader = RecordBatchIterator::new(batches, Arc::clone(&self.schema));
        arrow_capsule::stream(py, Box::new(reader), requested_schema)
    }
}

/// Some rows of an answer, which any Arrow library can read without a copy.
#[pyclass(frozen, module = "saltmine")]
pub(crate) struct Batch(pub(crate) RecordBatch);

#[pymethods]
impl Batch {
    /// Number of rows.
    #[getter]
    fn num_rows(&self) -> usize {
        self.0.num_rows()
    }

    /// Names of the columns, in order.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        column_names(&self.0.schema())
    }

    fn __len__(&self) -> usize {
        self.0.num_rows()
    }

    fn __repr__(&self) -> String {
        format!(
            "<saltmine.Batch: {} of {}>",
            counted(self.0.num_rows() as u64, "row"),
            described(&self.0.schema())
        )
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        arrow_capsule::schema(py, &self.0.schema())
    }

    /// The types are fixed: producers may ignore `requested_schema`.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
        let _ = requested_schema;
        arrow_capsule::array(py, &self.0)
    }
}

pub(crate) fn column_names(schema: &Schema) -> Vec<String> {
    schema.fields().iter().map(|field| field.name().clone()).collect()
}

/// Columns and types on one line. Names are escaped, because a query may take them from anywhere.
pub(crate) fn described(schema: &Schema) -> String {
    let column = |name: &str, kind: &arrow::datatypes::DataType| format!("{} {kind}", name.escape_debug());
    let columns: Vec<String> =
        schema.fields().iter().map(|field| column(field.name(), field.data_type())).collect();
    columns.join(", ")
}
