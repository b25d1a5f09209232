//! Record batches to Parquet: the columns' encodings, row groups that are encoded apart from any file, and the files
//! that they are appended to.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, TypePtr};
use saltmine_scan::logs_schema;

use crate::disk::HashingWriter;
use crate::error::LakeError;
use crate::layout::Partition;
use crate::statistics::Footer;
use crate::transaction::StagedFile;

/// Rows of a row group. Readers work on row groups in parallel and skip them by statistics; larger ones compress
/// little better.
pub(crate) const ROW_GROUP_ROWS: usize = 250_000;

/// A file is closed when it is larger than this.
const FILE_BYTES: usize = 192 << 20;

/// Bytes of a page before compression. Every column of every open row group holds one.
const PAGE_BYTES: usize = 128 << 10;

/// Bytes of a column's dictionary; with more distinct values than that it is no gain, and each open row group holds one
/// for a column.
const DICTIONARY_BYTES: usize = 128 << 10;

/// Columns whose values hardly ever repeat. A dictionary of them would be built in vain, and their bounds tell nothing.
const UNIQUE: [&str; 3] = ["request_id", "host_id", "version_id"];

/// Columns with many distinct long values, where compression finds what repeats at less cost than a dictionary.
const LONG: [&str; 3] = ["key", "request_uri", "raw"];

/// Columns by which row groups are skipped. In the others bounds cost more than they ever save.
const PRUNING: [&str; 7] =
    ["request_time", "bucket", "operation", "http_status", "requester", "remote_ip", "key"];

fn properties() -> WriterProperties {
    let mut builder = WriterProperties::builder()
        .set_created_by(concat!("saltmine ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap_or_default()))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_data_page_size_limit(PAGE_BYTES)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_write_batch_size(8192);
    for name in UNIQUE.into_iter().chain(LONG) {
        builder = builder.set_column_dictionary_enabled(ColumnPath::from(name), false);
    }
    for name in PRUNING {
        builder = builder.set_column_statistics_enabled(ColumnPath::from(name), EnabledStatistics::Chunk);
    }
    for name in ["request_time", "log_line"] {
        builder = builder
            .set_column_dictionary_enabled(ColumnPath::from(name), false)
            .set_column_encoding(ColumnPath::from(name), Encoding::DELTA_BINARY_PACKED);
    }
    builder.build()
}

/// Makes encoders of row groups, and files to append them to.
pub(crate) struct Encoder {
    schema: SchemaRef,
    root: TypePtr,
    properties: WriterPropertiesPtr,
    factory: ArrowRowGroupWriterFactory,
}

impl Encoder {
    /// For files of the table `logs`.
    pub(crate) fn new() -> Result<Self, ParquetError> {
        let schema = logs_schema();
        let root = ArrowSchemaConverter::new().schema_root("logs").convert(&schema)?.root_schema_ptr();
        let properties = Arc::new(properties());
        // The factory takes schema and properties of a writer, and nothing else.
        let model = SerializedFileWriter::new(std::io::sink(), Arc::clone(&root), Arc::clone(&properties))?;
        let factory = ArrowRowGroupWriterFactory::new(&model, Arc::clone(&schema));
        Ok(Self { schema, root, properties, factory })
    }

    /// An empty row group.
    pub(crate) fn row_group(&self) -> Result<RowGroup, ParquetError> {
        Ok(RowGroup {
            columns: self.factory.create_column_writers(0)?,
            schema: Arc::clone(&self.schema),
            rows: 0,
        })
    }

    /// An empty file.
    pub(crate) fn part(&self, path: PathBuf, partition: Partition) -> Result<Part, LakeError> {
        let file = File::create_new(&path).map_err(LakeError::io("create", &path))?;
        let sink = HashingWriter::new(BufWriter::with_capacity(128 << 10, file));
        let writer = SerializedFileWriter::new(sink, Arc::clone(&self.root), Arc::clone(&self.properties))
            .map_err(LakeError::parquet(&path))?;
        Ok(Part { writer, path, partition, rows: 0 })
    }
}

/// A row group under construction.
pub(crate) struct RowGroup {
    columns: Vec<ArrowColumnWriter>,
    schema: SchemaRef,
    rows: usize,
}

/// A finished row group: encoded and compressed pages.
pub(crate) struct Chunks {
    columns: Vec<ArrowColumnChunk>,
    rows: usize,
}

impl RowGroup {
    /// Encodes rows. Batches go column by column, so that what a column needs stays in the core's cache.
    pub(crate) fn write(&mut self, batches: &[RecordBatch]) -> Result<(), ParquetError> {
        for (index, column) in self.columns.iter_mut().enumerate() {
            let field = self.schema.field(index);
            for batch in batches {
                for leaf in compute_leaves(field, batch.column(index))? {
                    column.write(&leaf)?;
                }
            }
        }
        self.rows += batches.iter().map(RecordBatch::num_rows).sum::<usize>();
        Ok(())
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of memory that it takes.
    pub(crate) fn memory(&self) -> usize {
        self.columns.iter().map(ArrowColumnWriter::memory_size).sum()
    }

    pub(crate) fn close(self) -> Result<Chunks, ParquetError> {
        let columns = self.columns.into_iter().map(ArrowColumnWriter::close).collect::<Result<_, _>>()?;
        Ok(Chunks { columns, rows: self.rows })
    }
}

/// A Parquet file under construction, in the staging folder.
pub(crate) struct Part {
    writer: SerializedFileWriter<HashingWriter<BufWriter<File>>>,
    path: PathBuf,
    partition: Partition,
    rows: usize,
}

impl Part {
    /// Appends a row group: a copy of finished pages.
    pub(crate) fn append(&mut self, chunks: Chunks) -> Result<(), LakeError> {
        let rows = chunks.rows;
        append(&mut self.writer, chunks).map_err(LakeError::parquet(&self.path))?;
        self.rows += rows;
        Ok(())
    }

    /// Whether the file is large enough.
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
            footer: Footer::of(&metadata),
        })
    }
}

fn append<W: Write + Send>(writer: &mut SerializedFileWriter<W>, chunks: Chunks) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    for chunk in chunks.columns {
        chunk.append_to_row_group(&mut group)?;
    }
    group.close()?;
    Ok(())
}
