//! Reads the rows of files that are rewritten.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{RecordBatch, new_null_array};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::PageIndexPolicy;

use crate::error::LakeError;
use crate::maintain::partition_files::rows_at_a_time;
use crate::storage::disk;
use crate::table::layout::Table;

/// The rows of a file, with the columns and types that the encoder expects. Columns newer than the file are
/// null.
pub(crate) fn read(
    path: &Path,
    table: Table,
) -> Result<impl Iterator<Item = Result<RecordBatch, ArrowError>> + use<>, LakeError> {
    let file = disk::open_file(path)?;
    let wrong = |error| LakeError::parquet(path)(error);
    let metadata = ArrowReaderMetadata::load(
        &file,
        ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional),
    )
    .map_err(wrong)?;
    let rows = rows_at_a_time(metadata.metadata());
    let schema = table.file_schema();
    let has = |name: &str| metadata.schema().field_with_name(name).is_ok();
    let old: Vec<_> = schema.fields().iter().filter(|field| has(field.name())).cloned().collect();
    let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(old)));
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
        .and_then(|builder| builder.with_batch_size(rows).build())
        .map_err(wrong)?;
    Ok(reader.map(move |batch| with_missing_columns(&batch?, &schema)))
}

/// Adds null columns for those of `schema` that are missing.
fn with_missing_columns(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    if batch.num_columns() == schema.fields().len() {
        return Ok(batch.clone());
    }
    let column = |field: &Arc<Field>| match batch.column_by_name(field.name()) {
        Some(column) => Arc::clone(column),
        None => new_null_array(field.data_type(), batch.num_rows()),
    };
    RecordBatch::try_new(Arc::clone(schema), schema.fields().iter().map(column).collect())
}
