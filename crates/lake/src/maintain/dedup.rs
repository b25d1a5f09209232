//! Removes duplicates: of rows that are equal in every logged field, one is kept.
//!
//! S3 delivers some records twice, people download folders twice, and a file that has grown between two
//! ingests has its first lines in the dataset twice. Two rows count as equal only if the whole line is equal:
//! everything except `log_file` and `log_line`. So the several records of one request stay, because they
//! differ in key or operation; and rows without a request id stay, because their requests cannot be
//! distinguished.
//!
//! Equal rows have the same day and bucket, so each partition is processed separately, in two passes: first
//! find the request ids that occur more than once, then, among their rows, the equal ones: once to choose the
//! row to keep, and, if there are equal ones, again to list the others. The memory of a pass is bounded: if
//! there is more data, the pass is repeated, each time for a part of the hashes.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, UInt64Array};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int64Type;
use arrow::row::{RowConverter, SortField};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::PageIndexPolicy;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use saltmine_format::Field;
use saltmine_scan::Column;
use sha2::{Digest, Sha256};

use crate::error::LakeError;
use crate::maintain::limits::stopped;
use crate::maintain::partition_files::{PartitionFiles, rows_at_a_time};
use crate::maintain::rows::read;
use crate::storage::disk;
use crate::table::duplicates::{Place, duplicates_batch};
use crate::table::layout::Table;
use crate::table::table_file::TableWriter;

/// The number of request id hashes, and of rows, kept in memory at a time: 8 bytes and about 100 bytes each.
const IDS_AT_A_TIME: u64 = 16 << 20;
const ROWS_AT_A_TIME: u64 = 1 << 20;
/// Rows of `duplicates` written at a time.
const BATCH_ROWS: usize = 8192;

/// The rows of a file to remove: bit `n` is set for row `n`, from 0.
#[derive(Clone, Debug, Default)]
pub(crate) struct RemovedRows {
    bits: Vec<u64>,
    pub(crate) count: u64,
}

impl RemovedRows {
    fn add(&mut self, row: u64) {
        let word = (row / 64) as usize;
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        self.bits[word] |= 1 << (row % 64);
        self.count += 1;
    }

    fn has(&self, row: u64) -> bool {
        self.bits.get((row / 64) as usize).is_some_and(|word| word & 1 << (row % 64) != 0)
    }

    /// A batch that begins at row `start` of the file, without the rows to remove.
    pub(crate) fn filter(&self, batch: &RecordBatch, start: u64) -> Result<RecordBatch, LakeError> {
        let rows = start..start + batch.num_rows() as u64;
        Ok(filter_record_batch(batch, &rows.map(|row| Some(!self.has(row))).collect::<BooleanArray>())?)
    }
}

/// The place of a row that was read.
#[derive(Clone, Copy)]
struct RowPlace {
    /// The file of the partition, and the row in it.
    file: u32,
    row: u64,
    /// Position of its line; the file name by number.
    name: u32,
    line: i64,
}

/// Finds the rows of one partition to remove.
pub(crate) struct DuplicateFinder<'a> {
    /// The files of the partition.
    pub(crate) files: &'a PartitionFiles<'a>,
    pub(crate) stop: Option<&'a AtomicBool>,
}

impl DuplicateFinder<'_> {
    /// The rows to remove, by file. Each of them is written to `duplicates`, which `open` creates before the
    /// first one.
    pub(crate) fn find(
        &self,
        duplicates: &mut Option<TableWriter>,
        open: impl Fn() -> Result<TableWriter, LakeError>,
    ) -> Result<Vec<RemovedRows>, LakeError> {
        let mut removed = vec![RemovedRows::default(); self.files.len()];
        let hasher = RandomState::new();
        let rows: u64 = (0..self.files.len())
            .into_par_iter()
            .map(|index| count_rows(&self.files.open(index)?.path))
            .sum::<Result<_, _>>()?;
        let parts = rows.div_ceil(IDS_AT_A_TIME);
        for part in 0..parts {
            let (ids, rows) = self.repeated_ids(&hasher, part, parts)?;
            let slices = rows.div_ceil(ROWS_AT_A_TIME);
            for slice in 0..slices {
                let repeated = RepeatedRows { ids: &ids, hasher: &hasher, slice, slices };
                let mut kept = KeptRows::default();
                self.each_row(&repeated, &mut |row, content| {
                    kept.add_row(row, content);
                    Ok(())
                })?;
                // Equal rows can be any number, so their places are not collected: they are read again.
                if !kept.duplicates_found {
                    continue;
                }
                let mut gone = Vec::with_capacity(BATCH_ROWS);
                self.each_row(&repeated, &mut |row, content| {
                    let (row, first) = kept.look_up(row, content);
                    if let (Some(first), Some(removed)) = (first, removed.get_mut(row.file as usize)) {
                        removed.add(row.row);
                        gone.push((row, first));
                    }
                    if gone.len() < BATCH_ROWS { Ok(()) } else { write(&mut gone, &kept, duplicates, &open) }
                })?;
                if !gone.is_empty() {
                    write(&mut gone, &kept, duplicates, &open)?;
                }
            }
        }
        Ok(removed)
    }

    /// Calls `each` with every row that belongs to `repeated`, and its content.
    fn each_row(&self, repeated: &RepeatedRows<'_>, each: &mut RowVisitor<'_>) -> Result<(), LakeError> {
        for index in 0..self.files.len() {
            stopped(self.stop)?;
            repeated.read(&self.files.open(index)?.path, index as u32, each)?;
        }
        Ok(())
    }

    /// The hashes of request ids that occur more than once, and the number of rows that have them.
    fn repeated_ids(
        &self,
        hasher: &RandomState,
        part: u64,
        parts: u64,
    ) -> Result<(HashSet<u64>, u64), LakeError> {
        let read = |index: usize| -> Result<Vec<u64>, LakeError> {
            stopped(self.stop)?;
            let mut hashes = Vec::new();
            each_id(&self.files.open(index)?.path, |id| {
                let hash = hasher.hash_one(id);
                if hash % parts == part {
                    hashes.push(hash);
                }
            })?;
            Ok(hashes)
        };
        let hashes: Vec<Vec<u64>> =
            (0..self.files.len()).into_par_iter().map(read).collect::<Result<_, _>>()?;
        let mut hashes = hashes.concat();
        hashes.sort_unstable();
        let (mut ids, mut rows) = (HashSet::new(), 0);
        for run in hashes.chunk_by(|a, b| a == b).filter(|run| run.len() > 1) {
            ids.insert(run[0]);
            rows += run.len() as u64;
        }
        Ok((ids, rows))
    }
}

fn count_rows(path: &Path) -> Result<u64, LakeError> {
    let file = disk::open_file(path)?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(LakeError::parquet(path))?;
    Ok(u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or_default())
}

/// Calls `each` with every request id of a file. Reads no other column.
fn each_id(path: &Path, mut each: impl FnMut(&str)) -> Result<(), LakeError> {
    let file = disk::open_file(path)?;
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
        .map_err(LakeError::parquet(path))?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), [Field::RequestId.name()]);
    let rows = rows_at_a_time(builder.metadata());
    let reader =
        builder.with_projection(mask).with_batch_size(rows).build().map_err(LakeError::parquet(path))?;
    for batch in reader {
        let ids = arrow::compute::cast(batch?.column(0), &arrow::datatypes::DataType::Utf8View)?;
        ids.as_string_view().iter().flatten().for_each(&mut each);
    }
    Ok(())
}

/// Writes removed rows, each with the row that is kept for it, to `duplicates`.
fn write(
    gone: &mut Vec<(RowPlace, RowPlace)>,
    kept: &KeptRows,
    duplicates: &mut Option<TableWriter>,
    open: &impl Fn() -> Result<TableWriter, LakeError>,
) -> Result<(), LakeError> {
    let batch = duplicates_batch(gone.iter().map(|(row, first)| (kept.place(*row), kept.place(*first))))?;
    gone.clear();
    let mut writer = match duplicates.take() {
        Some(writer) => writer,
        None => open()?,
    };
    writer.write(&batch)?;
    *duplicates = Some(writer);
    Ok(())
}

/// A row that was read: its file of the partition and its row in it, its log file and its line.
#[derive(Clone, Copy)]
struct NamedRow<'a> {
    file: u32,
    row: u64,
    name: &'a str,
    line: i64,
}

/// Called with a row and its content.
type RowVisitor<'a> = dyn FnMut(NamedRow<'_>, [u8; 32]) -> Result<(), LakeError> + 'a;

/// Which rows are compared with each other: those with repeated request ids, and of them one slice by content.
struct RepeatedRows<'a> {
    ids: &'a HashSet<u64>,
    hasher: &'a RandomState,
    slice: u64,
    slices: u64,
}

impl RepeatedRows<'_> {
    /// Calls `each` with every such row of a file and the SHA-256 of everything logged: nobody can craft two
    /// different lines with the same hash.
    fn read(&self, path: &Path, file: u32, each: &mut RowVisitor<'_>) -> Result<(), LakeError> {
        let logged: Vec<usize> =
            (0..Column::FILE_COUNT).filter(|index| *index < Column::LogFile.index()).collect();
        let schema = Table::Logs.file_schema();
        let fields = logged.iter().map(|index| SortField::new(schema.field(*index).data_type().clone()));
        let converter = RowConverter::new(fields.collect())?;
        let mut start = 0;
        for batch in read(path, Table::Logs)? {
            let batch = batch?;
            let wanted = self.rows_of(&batch);
            if !wanted.is_empty() {
                let rows = arrow::compute::take_record_batch(&batch, &UInt64Array::from(wanted.clone()))?;
                let columns: Vec<_> = logged.iter().map(|index| rows.column(*index).clone()).collect();
                let contents = converter.convert_columns(&columns)?;
                let files = rows.column(Column::LogFile.index()).as_string_view();
                let lines = rows.column(Column::LogLine.index()).as_primitive::<Int64Type>();
                for (at, row) in wanted.iter().enumerate() {
                    let content: [u8; 32] = Sha256::digest(contents.row(at).as_ref()).into();
                    let part = u64::from_le_bytes(content[..8].try_into().unwrap_or_default());
                    if part % self.slices == self.slice {
                        let row =
                            NamedRow { file, row: start + row, name: files.value(at), line: lines.value(at) };
                        each(row, content)?;
                    }
                }
            }
            start += batch.num_rows() as u64;
        }
        Ok(())
    }

    /// The rows of a batch with repeated request ids.
    fn rows_of(&self, batch: &RecordBatch) -> Vec<u64> {
        let request_ids = batch.column(Field::RequestId.index()).as_string_view();
        (0..batch.num_rows())
            .filter(|row| {
                request_ids.is_valid(*row)
                    && self.ids.contains(&self.hasher.hash_one(request_ids.value(*row)))
            })
            .map(|row| row as u64)
            .collect()
    }
}

/// Of equal rows, the one to keep: that with the first file and line. Grows with the number of different rows,
/// not with the number of equal ones.
#[derive(Default)]
struct KeptRows {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
    contents: HashMap<[u8; 32], RowPlace>,
    duplicates_found: bool,
}

impl KeptRows {
    fn add_row(&mut self, row: NamedRow<'_>, content: [u8; 32]) {
        let row = self.row_place(row);
        match self.contents.get(&content) {
            Some(other) => {
                self.duplicates_found = true;
                if self.place(row) < self.place(*other) {
                    self.contents.insert(content, row);
                }
            }
            None => {
                self.contents.insert(content, row);
            }
        }
    }

    /// The place of a row that was met before, and that of the row that is kept for it; `None` if it is kept
    /// itself.
    fn look_up(&self, row: NamedRow<'_>, content: [u8; 32]) -> (RowPlace, Option<RowPlace>) {
        let name = self.numbers.get(row.name).copied().unwrap_or_default();
        let row = RowPlace { file: row.file, row: row.row, name, line: row.line };
        let first =
            self.contents.get(&content).filter(|first| (first.file, first.row) != (row.file, row.row));
        (row, first.copied())
    }

    fn row_place(&mut self, row: NamedRow<'_>) -> RowPlace {
        let name = self.numbers.get(row.name).copied().unwrap_or_else(|| {
            let number = self.names.len() as u32;
            self.names.push(row.name.to_owned());
            self.numbers.insert(row.name.to_owned(), number);
            number
        });
        RowPlace { file: row.file, row: row.row, name, line: row.line }
    }

    fn place(&self, row: RowPlace) -> Place<'_> {
        (&self.names[row.name as usize], row.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Any number of equal rows takes the room of one.
    #[test]
    fn equal_rows_take_the_room_of_one() {
        let mut kept = KeptRows::default();
        let row = |line: i64| NamedRow { file: 0, row: line as u64, name: "log", line };
        for line in (1..=100_000).rev() {
            kept.add_row(row(line), [7; 32]);
        }
        assert!(kept.duplicates_found);
        assert_eq!((kept.contents.len(), kept.names.len()), (1, 1));
        assert_eq!(kept.look_up(row(2), [7; 32]).1.map(|first| first.line), Some(1));
        assert!(kept.look_up(row(1), [7; 32]).1.is_none());
    }
}
