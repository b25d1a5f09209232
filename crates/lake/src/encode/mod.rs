//! Encodes record batches as Parquet: the encodings of the columns, row groups that are encoded independently
//! of any file, and the files to which they are appended.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowSchemaConverter;
use parquet::errors::ParquetError;
use parquet::file::properties::{BloomFilterPosition, WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{SchemaDescriptor, TypePtr};
use saltmine_scan::logs_schema;

use crate::commit::writer::StagedFile;
use crate::error::LakeError;
use crate::storage::disk::HashingWriter;
use crate::table::layout::Partition;
use crate::table::statistics::Footer;

pub mod bench;
mod bloom;
mod column;
mod column_stats;
mod delta;
mod dictionary;
mod hybrid;
mod numbers;
mod page;
mod plan;
mod texts;

use column::{ColumnChunk, ColumnEncoder};
use delta::Widths;
use page::{BufferPool, CompressionEffort, PageCompressor};
use plan::ColumnPlan;

/// Rows per row group. Readers process row groups in parallel and skip them by statistics; larger ones
/// compress only slightly better.
pub const ROW_GROUP_ROWS: usize = 131_072;

/// Memory for all row groups under construction in a run. Above it, the largest are closed early: every row
/// group costs its readers time, whatever its size.
pub(crate) const ROW_GROUP_MEMORY: usize = 128 << 20;

/// A file is closed when it exceeds this size in bytes.
const FILE_BYTES: usize = 192 << 20;

/// Columns whose values hardly ever repeat. A dictionary would be wasted on them, and their bounds are
/// useless. Their lengths are stored and compressed separately: all that compression can do for the texts is
/// to give their few distinct characters short codes.
pub const UNIQUE_COLUMNS: [&str; 3] = ["request_id", "host_id", "version_id"];

/// Columns with many distinct long values, where compression finds repeats more cheaply than a dictionary.
const LONG_COLUMNS: [&str; 3] = ["key", "request_uri", "raw"];

/// Columns with small, repeating differences.
const DELTA_COLUMNS: [&str; 2] = ["request_time", "log_line"];

/// Columns used to skip row groups. For other text columns, bounds cost more than they save.
const PRUNING_COLUMNS: [&str; 5] = ["bucket", "operation", "requester", "remote_ip", "key"];

/// Columns in which single values are looked up.
pub const LOOKUP_COLUMNS: [&str; 4] = ["request_id", "requester", "remote_ip", "key"];

fn plan(name: &str) -> ColumnPlan {
    ColumnPlan {
        dictionary: !UNIQUE_COLUMNS.contains(&name)
            && !LONG_COLUMNS.contains(&name)
            && !DELTA_COLUMNS.contains(&name),
        bounds: PRUNING_COLUMNS.contains(&name),
        bloom_filter: LOOKUP_COLUMNS.contains(&name),
        lengths_apart: UNIQUE_COLUMNS.contains(&name),
        widths: if DELTA_COLUMNS.contains(&name) { Widths::WholeBytes } else { Widths::Least },
        search: match name {
            name if LONG_COLUMNS.contains(&name) => CompressionEffort::Long,
            name if DELTA_COLUMNS.contains(&name) => CompressionEffort::Thorough,
            _ => CompressionEffort::Fast,
        },
    }
}

/// The properties stated in the footers. [`plan`] decides how columns are encoded.
fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_created_by(concat!("saltmine ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_bloom_filter_position(BloomFilterPosition::AfterRowGroup)
        .build()
}

/// Creates encoders for row groups, and files for them.
pub(crate) struct Encoder {
    schema: SchemaRef,
    root: TypePtr,
    descr: SchemaDescriptor,
    properties: WriterPropertiesPtr,
    shared: Arc<Shared>,
}

/// Resources that workers use in turn.
#[derive(Default)]
struct Shared {
    compressors: Mutex<Vec<PageCompressor>>,
    buffers: Arc<BufferPool>,
}

impl Shared {
    /// Lends a compressor to `work`.
    fn with_compressor<T>(
        &self,
        work: impl FnOnce(&mut PageCompressor) -> Result<T, ParquetError>,
    ) -> Result<T, ParquetError> {
        let compressors = || self.compressors.lock().unwrap_or_else(PoisonError::into_inner);
        let free = compressors().pop();
        let mut compressor = match free {
            Some(compressor) => compressor,
            None => PageCompressor::new().map_err(|error| ParquetError::External(Box::new(error)))?,
        };
        let result = work(&mut compressor);
        compressors().push(compressor);
        result
    }
}

impl Encoder {
    /// An encoder for files of the table `logs`.
    pub(crate) fn new() -> Result<Self, ParquetError> {
        let schema = logs_schema();
        let descr = ArrowSchemaConverter::new().schema_root("logs").convert(&schema)?;
        let root = descr.root_schema_ptr();
        Ok(Self { schema, root, descr, properties: Arc::new(properties()), shared: Arc::default() })
    }

    /// An empty row group.
    pub(crate) fn row_group(&self) -> Result<RowGroup, ParquetError> {
        let fields = self.schema.fields().iter().zip(self.descr.columns());
        let columns = fields.map(|(field, descr)| {
            ColumnEncoder::new(Arc::clone(descr), field.data_type(), plan(field.name()), &self.shared.buffers)
        });
        Ok(RowGroup {
            columns: columns.collect::<Result<_, _>>()?,
            shared: Arc::clone(&self.shared),
            rows: 0,
        })
    }

    /// Frees memory that was kept for further row groups.
    pub(crate) fn free_memory(&self) {
        self.shared.buffers.free();
    }

    /// An empty file.
    pub(crate) fn part(&self, path: PathBuf, partition: Partition) -> Result<Part, LakeError> {
        let file = Arc::new(File::create_new(&path).map_err(LakeError::io("create", &path))?);
        let sink = HashingWriter::new(BufWriter::with_capacity(128 << 10, Arc::clone(&file)));
        let writer = SerializedFileWriter::new(sink, Arc::clone(&self.root), Arc::clone(&self.properties))
            .map_err(LakeError::parquet(&path))?;
        Ok(Part { writer, file, path, partition, rows: 0 })
    }
}

/// A row group under construction.
pub(crate) struct RowGroup {
    columns: Vec<ColumnEncoder>,
    shared: Arc<Shared>,
    rows: usize,
}

/// A finished row group: encoded and compressed pages.
pub(crate) struct Chunks {
    columns: Vec<ColumnChunk>,
    rows: usize,
}

impl RowGroup {
    /// Encodes rows. Processes batches column by column, so that the data of a column stays in the core's
    /// cache.
    pub(crate) fn write(&mut self, batches: &[RecordBatch]) -> Result<(), ParquetError> {
        let Self { columns, shared, .. } = self;
        shared.with_compressor(|compressor| {
            for (index, column) in columns.iter_mut().enumerate() {
                for batch in batches {
                    column.write(batch.column(index), compressor)?;
                }
            }
            Ok(())
        })?;
        self.rows += batches.iter().map(RecordBatch::num_rows).sum::<usize>();
        Ok(())
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Memory used, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.columns.iter().map(ColumnEncoder::memory).sum()
    }

    pub(crate) fn close(self) -> Result<Chunks, ParquetError> {
        let Self { columns, shared, rows } = self;
        let columns = shared.with_compressor(|compressor| {
            columns.into_iter().map(|column| column.close(compressor)).collect()
        })?;
        Ok(Chunks { columns, rows })
    }
}

/// A Parquet file under construction, in the staging folder.
pub(crate) struct Part {
    writer: SerializedFileWriter<HashingWriter<BufWriter<Arc<File>>>>,
    file: Arc<File>,
    path: PathBuf,
    partition: Partition,
    rows: usize,
}

impl Part {
    /// Appends a row group by copying its finished pages.
    pub(crate) fn append(&mut self, chunks: Chunks) -> Result<(), LakeError> {
        let rows = chunks.rows;
        append(&mut self.writer, chunks).map_err(LakeError::parquet(&self.path))?;
        self.rows += rows;
        Ok(())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file. Data appended last may not have been written to it yet.
    pub(crate) fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Whether the file is large enough to be closed.
    pub(crate) fn is_full(&self) -> bool {
        self.writer.bytes_written() >= FILE_BYTES
    }

    /// Writes the footer.
    pub(crate) fn finish(mut self) -> Result<StagedFile, LakeError> {
        let metadata = self.writer.finish().map_err(LakeError::parquet(&self.path))?;
        let sink = self.writer.inner_mut();
        sink.flush().map_err(LakeError::io("write", &self.path))?;
        let (sha256, size) = sink.digest();
        Ok(StagedFile {
            path: self.path,
            partition: self.partition,
            rows: self.rows as u64,
            size,
            sha256,
            footer: Footer::from_metadata(&metadata),
        })
    }
}

fn append<W: Write + Send>(writer: &mut SerializedFileWriter<W>, chunks: Chunks) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    for chunk in chunks.columns {
        group.append_column(&chunk.bytes, chunk.close)?;
    }
    group.close()?;
    Ok(())
}
