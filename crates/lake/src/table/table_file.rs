//! Parquet files of the small tables, `rejects` and `sources`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use serde::{Deserialize, Serialize};

use crate::error::LakeError;
use crate::storage::disk::HashingWriter;
use crate::table::statistics::statistics_json;

/// A Parquet file that was just written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct WrittenFile {
    pub(crate) size: u64,
    pub(crate) sha256: [u8; 32],
    pub(crate) rows: u64,
    /// Statistics for the Delta log, as JSON text.
    pub(crate) statistics: String,
}

/// Size in bytes at which a row group under construction is closed: rejects may be long.
const ROW_GROUP_BYTES: usize = 16 << 20;

/// A Parquet file of a small table under construction, with plain strings and without the Arrow schema.
pub(crate) struct TableWriter {
    writer: ArrowWriter<HashingWriter<BufWriter<File>>>,
    path: PathBuf,
}

impl TableWriter {
    /// An empty file.
    pub(crate) fn create(path: PathBuf, schema: SchemaRef) -> Result<Self, LakeError> {
        let options = ArrowWriterOptions::new().with_properties(properties()).with_skip_arrow_metadata(true);
        let file = File::create_new(&path).map_err(LakeError::io("create", &path))?;
        let sink = HashingWriter::new(BufWriter::new(file));
        let writer =
            ArrowWriter::try_new_with_options(sink, schema, options).map_err(LakeError::parquet(&path))?;
        Ok(Self { writer, path })
    }

    /// Appends rows.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        self.writer.write(batch).map_err(LakeError::parquet(&self.path))?;
        if self.writer.in_progress_size() > ROW_GROUP_BYTES {
            self.writer.flush().map_err(LakeError::parquet(&self.path))?;
        }
        Ok(())
    }

    /// Writes the footer.
    pub(crate) fn finish(mut self) -> Result<WrittenFile, LakeError> {
        let metadata = self.writer.finish().map_err(LakeError::parquet(&self.path))?;
        let sink = self.writer.inner_mut();
        sink.flush().map_err(LakeError::io("write", &self.path))?;
        let (sha256, size) = sink.digest();
        let rows = u64::try_from(metadata.file_metadata().num_rows()).unwrap_or_default();
        Ok(WrittenFile { size, sha256, rows, statistics: statistics_json(&metadata) })
    }
}

fn properties() -> WriterProperties {
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by(concat!("saltmine ", env!("CARGO_PKG_VERSION")).to_owned());
    // Hashes are distinct and unordered, and rejects are raw lines of any length: a dictionary and bounds
    // would be wasted on them.
    for name in ["sha256", "raw", "raw_bytes"] {
        builder = builder
            .set_column_dictionary_enabled(name.into(), false)
            .set_column_statistics_enabled(name.into(), EnabledStatistics::None);
    }
    builder.build()
}

/// Writes record batches to a new file.
pub(crate) fn write_table_file(
    path: &Path,
    schema: SchemaRef,
    batches: impl Iterator<Item = Result<RecordBatch, LakeError>>,
) -> Result<WrittenFile, LakeError> {
    let mut writer = TableWriter::create(path.to_path_buf(), schema)?;
    for batch in batches {
        writer.write(&batch?)?;
    }
    writer.finish()
}
