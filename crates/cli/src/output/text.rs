//! Cells as text.

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::error::CliError;

/// RFC 3339 with the offset, so that a time is a time wherever it is read.
const TIMESTAMP: &str = "%Y-%m-%dT%H:%M:%S%.fZ";

/// How cells are written; `null` for null.
pub(super) fn options(null: &str) -> FormatOptions<'_> {
    FormatOptions::new()
        .with_null(null)
        .with_timestamp_format(Some(TIMESTAMP))
        .with_timestamp_tz_format(Some(TIMESTAMP))
}

/// Formatters of a batch's columns.
pub(super) fn formatters<'a>(
    batch: &'a RecordBatch,
    options: &'a FormatOptions<'a>,
) -> Result<Vec<ArrayFormatter<'a>>, CliError> {
    let columns = batch.columns().iter();
    columns.map(|column| ArrayFormatter::try_new(column, options).map_err(wrong)).collect()
}

/// A fault of Arrow's, told as one of the output.
pub(super) fn wrong(error: arrow::error::ArrowError) -> CliError {
    match error {
        arrow::error::ArrowError::IoError(_, error) => CliError::Output(error),
        error => CliError::Format(error.to_string()),
    }
}

/// Which columns are numbers, to be aligned so.
pub(super) fn numeric(schema: &SchemaRef) -> Vec<bool> {
    schema.fields().iter().map(|field| DataType::is_numeric(field.data_type())).collect()
}
