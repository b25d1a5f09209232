//! Arrow's C data interface in capsules: <https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html>.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch, RecordBatchOptions, RecordBatchReader, StructArray};
use arrow::compute::{CastOptions, can_cast_types, cast_with_options};
use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ffi::{FFI_ArrowSchema, to_ffi};
use arrow::ffi_stream::FFI_ArrowArrayStream;
use arrow_pyarrow::FromPyArrow;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::error;

/// `__arrow_c_schema__`
pub(crate) fn schema<'py>(py: Python<'py>, schema: &Schema) -> PyResult<Bound<'py, PyCapsule>> {
    let exported = FFI_ArrowSchema::try_from(schema).map_err(error::other)?;
    PyCapsule::new_with_value(py, exported, c"arrow_schema")
}

/// `__arrow_c_stream__`: casts columns to the `requested` types where possible.
pub(crate) fn stream<'py>(
    py: Python<'py>,
    reader: Box<dyn RecordBatchReader + Send>,
    requested: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let reader = match requested {
        Some(capsule) => cast_to(reader, &import(capsule)?),
        None => reader,
    };
    PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(reader), c"arrow_array_stream")
}

/// `__arrow_c_array__`: schema and array, as a struct with a child for each column.
pub(crate) fn array<'py>(
    py: Python<'py>,
    batch: &RecordBatch,
) -> PyResult<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
    let (array, _) = to_ffi(&StructArray::from(batch.clone()).to_data()).map_err(error::other)?;
    Ok((schema(py, &batch.schema())?, PyCapsule::new_with_value(py, array, c"arrow_array")?))
}

/// Wraps a capsule in an object with a schema, which arrow-pyarrow expects.
#[pyclass(frozen)]
struct HasSchema(Py<PyAny>);

#[pymethods]
impl HasSchema {
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.0.bind(py).clone()
    }
}

fn import(capsule: &Bound<'_, PyAny>) -> PyResult<Schema> {
    let owner = Bound::new(capsule.py(), HasSchema(capsule.clone().unbind()))?;
    Schema::from_pyarrow_bound(owner.as_any())
}

/// Casts columns to the requested types if position and name match; a schema with other columns is ignored. The
/// interface lets the producer choose which requests it supports.
fn cast_to(reader: Box<dyn RecordBatchReader + Send>, wanted: &Schema) -> Box<dyn RecordBatchReader + Send> {
    let own = reader.schema();
    let is_alike = own.fields().len() == wanted.fields().len()
        && own.fields().iter().zip(wanted.fields()).all(|(own, wanted)| own.name() == wanted.name());
    if !is_alike || own.fields() == wanted.fields() {
        return reader;
    }
    let field = |(own, wanted): (&FieldRef, &FieldRef)| {
        let is_castable = can_cast_types(own.data_type(), wanted.data_type());
        let data_type = if is_castable { wanted.data_type() } else { own.data_type() };
        Arc::new(own.as_ref().clone().with_data_type(data_type.clone()))
    };
    let fields: Vec<FieldRef> = own.fields().iter().zip(wanted.fields()).map(field).collect();
    let schema = Arc::new(Schema::new_with_metadata(fields, own.metadata().clone()));
    Box::new(Cast { reader, schema })
}

struct Cast {
    reader: Box<dyn RecordBatchReader + Send>,
    schema: SchemaRef,
}

impl Iterator for Cast {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.reader.next()?;
        Some(batch.and_then(|batch| {
            // A value that does not fit is an error, not a null.
            let options = CastOptions { safe: false, ..CastOptions::default() };
            let columns = batch.columns().iter().zip(self.schema.fields());
            let columns =
                columns.map(|(column, field)| cast_with_options(column, field.data_type(), &options));
            let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            let columns = columns.collect::<Result<_, _>>()?;
            RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &rows)
        }))
    }
}

impl RecordBatchReader for Cast {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
