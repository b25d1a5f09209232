//! Access to the encoder for benchmarks and differential tests: not part of the public interface.

use std::path::Path;

use arrow::array::{ArrayRef, RecordBatch};
use parquet::errors::ParquetError;
use saltmine_scan::logs_schema;

use super::Encoder;
pub use super::{LOOKUP_COLUMNS, ROW_GROUP_ROWS, UNIQUE_COLUMNS};
use crate::error::LakeError;
use crate::table::layout::Partition;

/// Encodes a single column of `logs` and returns its encoded size.
///
/// # Errors
/// If there is no such column, or the arrays have another type.
pub fn encode_column(name: &str, arrays: &[ArrayRef]) -> Result<u64, ParquetError> {
    let group = Encoder::new()?.row_group()?;
    let unknown = || ParquetError::General(format!("no column {name}"));
    let index = logs_schema().index_of(name).map_err(|_| unknown())?;
    let mut column = group.columns.into_iter().nth(index).ok_or_else(unknown)?;
    group.shared.with_compressor(|compressor| {
        arrays.iter().try_for_each(|array| column.write(array, compressor))?;
        Ok(column.close(compressor)?.close.bytes_written)
    })
}

/// Writes batches of `logs` to a new Parquet file at `path`, on this thread only.
///
/// # Errors
/// If the file cannot be written, or the batches do not have the schema of `logs`.
pub fn encode_file(batches: &[RecordBatch], path: &Path) -> Result<(), LakeError> {
    let encoder = Encoder::new().map_err(LakeError::parquet(path))?;
    let mut part = encoder.part(path.to_path_buf(), Partition { event_date: 0, bucket: None })?;
    let mut group = encoder.row_group().map_err(LakeError::parquet(path))?;
    for batch in batches {
        let mut begin = 0;
        while begin < batch.num_rows() {
            let rows = (ROW_GROUP_ROWS - group.rows()).min(batch.num_rows() - begin);
            group.write(&[batch.slice(begin, rows)]).map_err(LakeError::parquet(path))?;
            begin += rows;
            if group.rows() == ROW_GROUP_ROWS {
                let full =
                    std::mem::replace(&mut group, encoder.row_group().map_err(LakeError::parquet(path))?);
                part.append(full.close().map_err(LakeError::parquet(path))?)?;
            }
        }
    }
    if group.rows() > 0 {
        part.append(group.close().map_err(LakeError::parquet(path))?)?;
    }
    part.finish()?;
    Ok(())
}
