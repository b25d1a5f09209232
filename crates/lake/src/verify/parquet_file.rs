//! Reads a Parquet file of a table for verification, wherever it is stored.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, Length};

use crate::error::LakeError;
use crate::storage::Content;
use crate::table::layout::Table;

/// Rows read at a time, unless they are long.
const BATCH_ROWS: u64 = 8192;
/// Bytes of a batch, estimated from the footer's entry for its row group.
const BATCH_BYTES: u64 = 16 << 20;

/// The bytes of a file. Several threads may read them at the same time.
#[derive(Clone)]
pub(super) enum HeldFile {
    Disk(Arc<File>, u64),
    Memory(Bytes),
}

impl HeldFile {
    pub(super) fn from_content(content: Content) -> io::Result<Self> {
        match content {
            Content::Memory(bytes) => Ok(Self::Memory(bytes)),
            Content::Disk(file) => {
                let length = file.metadata()?.len();
                Ok(Self::Disk(Arc::new(file), length))
            }
        }
    }

    fn read_at(&self, out: &mut [u8], at: u64) -> io::Result<usize> {
        match self {
            Self::Disk(file, _) => read_at(file, out, at),
            Self::Memory(bytes) => {
                let rest = usize::try_from(at).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
                let count = rest.len().min(out.len());
                out[..count].copy_from_slice(&rest[..count]);
                Ok(count)
            }
        }
    }
}

#[cfg(unix)]
fn read_at(file: &File, out: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, out, at)
}

#[cfg(windows)]
fn read_at(file: &File, out: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, out, at)
}

impl Length for HeldFile {
    fn len(&self) -> u64 {
        match self {
            Self::Disk(_, length) => *length,
            Self::Memory(bytes) => bytes.len() as u64,
        }
    }
}

/// Reads from a position onwards.
pub(super) struct OffsetReader {
    held: HeldFile,
    at: u64,
}

impl Read for OffsetReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.held.read_at(out, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl ChunkReader for HeldFile {
    type T = io::BufReader<OffsetReader>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(io::BufReader::new(OffsetReader { held: self.clone(), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        // Checked before allocating: a length in a file may be any number.
        let outside = || ParquetError::EOF(format!("{length} bytes at {start} are beyond the file's end"));
        let end = start.checked_add(length as u64).filter(|end| *end <= self.len()).ok_or_else(outside)?;
        if let Self::Memory(bytes) = self {
            return Ok(bytes.slice(start as usize..end as usize));
        }
        let mut bytes = vec![0; length];
        let mut filled = 0;
        while filled < length {
            match self.read_at(&mut bytes[filled..], start + filled as u64) {
                Ok(0) => return Err(outside()),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(bytes.into())
    }
}

/// A file that is readable and has the columns of its table.
pub(super) struct TableFile {
    held: HeldFile,
    metadata: ArrowReaderMetadata,
    schema: SchemaRef,
}

impl TableFile {
    /// Reads the footer.
    ///
    /// # Errors
    /// If it is damaged, or has other columns than the table's files.
    pub(super) fn open(held: HeldFile, path: &Path, table: Table) -> Result<Self, LakeError> {
        let wrong = || LakeError::parquet(path);
        // Page locations are read as queries read them, so that the comparison covers what queries would see.
        let options = ArrowReaderOptions::new()
            .with_skip_arrow_metadata(true)
            .with_page_index_policy(PageIndexPolicy::Optional);
        let metadata = ArrowReaderMetadata::load(&held, options.clone()).map_err(wrong())?;
        let schema = columns_of(&table.file_schema(), metadata.schema(), table)
            .map_err(|problem| LakeError::Foreign { path: path.to_path_buf(), problem })?;
        let options = options.with_schema(Arc::clone(&schema));
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options);
        Ok(Self { held, metadata: metadata.map_err(wrong())?, schema })
    }

    pub(super) fn metadata(&self) -> &Arc<ParquetMetaData> {
        self.metadata.metadata()
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub(super) fn row_groups(&self) -> usize {
        self.metadata().num_row_groups()
    }

    /// Calls `each` with the rows of a row group.
    pub(super) fn each_batch(
        &self,
        row_group: usize,
        path: &Path,
        mut each: impl FnMut(&RecordBatch) -> Result<(), LakeError>,
    ) -> Result<(), LakeError> {
        let builder = self.builder().with_row_groups(vec![row_group]);
        let batch = batch_rows(self.metadata().row_group(row_group));
        let reader = builder.with_batch_size(batch).build().map_err(LakeError::parquet(path))?;
        reader.into_iter().try_for_each(|batch| each(&batch?))
    }

    pub(super) fn builder(&self) -> ParquetRecordBatchReaderBuilder<HeldFile> {
        ParquetRecordBatchReaderBuilder::new_with_metadata(self.held.clone(), self.metadata.clone())
    }
}

/// Uses fewer rows at a time if rows are long.
fn batch_rows(row_group: &RowGroupMetaData) -> usize {
    let rows = u64::try_from(row_group.num_rows()).unwrap_or_default().max(1);
    let bytes = u64::try_from(row_group.total_byte_size()).unwrap_or_default();
    (BATCH_BYTES / (bytes / rows).max(1)).clamp(1, BATCH_ROWS) as usize
}

/// The columns of a file with the types as which they are read.
fn columns_of(wanted: &Schema, found: &Schema, table: Table) -> Result<SchemaRef, String> {
    // Later versions added columns at the end of the ledger.
    let fewest = if table == Table::Sources { wanted.fields().len() - 2 } else { wanted.fields().len() };
    let is_like = |wanted: &DataType, found: &DataType| match wanted {
        DataType::Utf8View => matches!(found, DataType::Utf8 | DataType::Utf8View),
        wanted => wanted == found,
    };
    let count = found.fields().len();
    if count < fewest || count > wanted.fields().len() {
        let wanted = wanted.fields().len();
        return Err(format!("{count} columns, where the table's files have {wanted}"));
    }
    for (wanted, found) in wanted.fields().iter().zip(found.fields()) {
        if wanted.name() != found.name() || !is_like(wanted.data_type(), found.data_type()) {
            return Err(format!(
                "a column {:?} of type {}, where the table's files have {} of type {}",
                found.name(),
                found.data_type(),
                wanted.name(),
                wanted.data_type()
            ));
        }
    }
    Ok(Arc::new(Schema::new(wanted.fields()[..count].to_vec())))
}
