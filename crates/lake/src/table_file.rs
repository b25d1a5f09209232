//! Parquet files of the small tables, `rejects` and `sources`.

use std::fs::File;
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use crate::disk::HashingWriter;
use crate::error::LakeError;
use crate::statistics::statistics_json;

/// A Parquet file that was just written.
pub(crate) struct Written {
    pub(crate) size: u64,
    pub(crate) sha256: [u8; 32],
    pub(crate) rows: u64,
    /// Statistics for the Delta log, as JSON text.
    pub(crate) statistics: String,
}

/// Writes record batches to a new file, with plain strings and without the Arrow schema.
pub(crate) fn write_table_file(
    path: &Path,
    schema: SchemaRef,
    batches: impl Iterator<Item = Result<RecordBatch, LakeError>>,
) -> Result<Written, LakeError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by(concat!("saltmine ", env!("CARGO_PKG_VERSION")).to_owned())
        // Hashes are all different and of no order: a dictionary and bounds would be waste.
        .set_column_dictionary_enabled("sha256".into(), false)
        .set_column_statistics_enabled("sha256".into(), EnabledStatistics::None)
        // Lines as they came in: no order, any length.
        .set_column_dictionary_enabled("raw".into(), false)
        .set_column_statistics_enabled("raw".into(), EnabledStatistics::None)
        .set_column_dictionary_enabled("raw_bytes".into(), false)
        .set_column_statistics_enabled("raw_bytes".into(), EnabledStatistics::None)
        .build();
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let file = File::create_new(path).map_err(LakeError::io("create", path))?;
    let mut sink = HashingWriter::new(std::io::BufWriter::new(file));
    let mut writer =
        ArrowWriter::try_new_with_options(&mut sink, schema, options).map_err(LakeError::parquet(path))?;
    for batch in batches {
        writer.write(&batch?).map_err(LakeError::parquet(path))?;
    }
    let metadata = writer.close().map_err(LakeError::parquet(path))?;
    let (buffered, sha256, size) = sink.finish();
    buffered.into_inner().map_err(|error| LakeError::io("write", path)(error.into_error()))?;
    let rows = u64::try_from(metadata.file_metadata().num_rows()).unwrap_or_default();
    Ok(Written { size, sha256, rows, statistics: statistics_json(&metadata) })
}
