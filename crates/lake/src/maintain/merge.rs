//! Rows of a partition read from its files and written to new ones: all of them, or all but the doubled ones.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use arrow::array::{RecordBatch, new_null_array};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};

use crate::commit::intent::TableChange;
use crate::commit::writer::{StagedFile, Staging};
use crate::encode::{Encoder, Part, ROW_GROUP_ROWS, RowGroup};
use crate::error::LakeError;
use crate::maintain::dedup::Finder;
use crate::storage;
use crate::storage::disk;
use crate::storage::path::{hex, inside};
use crate::table::delta_log::{FileEntry, PartitionValues};
use crate::table::layout::{self, Partition, Table};
use crate::table::table_file::TableWriter;

/// Rows read at a time.
const BATCH: usize = 8192;

/// Files of one partition.
pub(crate) struct Group {
    pub(crate) table: Table,
    pub(crate) partition: PartitionValues,
    pub(crate) files: Vec<FileEntry>,
}

/// What a round drops.
#[derive(Default)]
pub(crate) struct Dropping {
    pub(crate) replaced: Vec<FileEntry>,
    pub(crate) staged: Vec<StagedFile>,
    /// Bytes of the files that were looked at and have to be written anew.
    pub(crate) bytes: u64,
    pub(crate) partitions: u64,
    pub(crate) duplicates: Option<TableWriter>,
}

pub(crate) fn stopped(stop: Option<&AtomicBool>) -> Result<(), LakeError> {
    match stop {
        Some(stop) if stop.load(Ordering::Relaxed) => Err(LakeError::stopped()),
        _ => Ok(()),
    }
}

/// Rows of a partition on their way to files.
#[derive(Default)]
struct Merged {
    files: Vec<StagedFile>,
    part: Option<Part>,
    row_group: Option<RowGroup>,
    rows: u64,
}

/// Merges files of `logs`.
pub(crate) struct Merge<'a> {
    pub(crate) staging: &'a Staging<'a>,
    pub(crate) encoder: &'a Encoder,
    pub(crate) numbers: AtomicUsize,
    pub(crate) stop: Option<&'a AtomicBool>,
}

impl Merge<'_> {
    pub(crate) fn merge(&self, group: &Group) -> Result<Vec<StagedFile>, LakeError> {
        let folder = group.table.folder(self.staging.dataset().root());
        let partition = partition_of(group, &folder)?;
        let mut merged = Merged::default();
        for file in &group.files {
            let path = path_of(self.staging, &folder, file)?;
            for batch in read(&path, group.table)? {
                self.write(&mut merged, &partition, batch?)?;
            }
        }
        let rows = merged.rows;
        let files = self.finish(merged, &partition)?;
        same_rows(&folder, rows, files.iter().map(|file| file.rows).sum())?;
        Ok(files)
    }

    /// Writes the files of a partition anew that hold rows which are in it already.
    pub(crate) fn drop_duplicates(&self, group: &Group, round: &mut Dropping) -> Result<(), LakeError> {
        let folder = group.table.folder(self.staging.dataset().root());
        let partition = partition_of(group, &folder)?;
        let paths = group.files.iter().map(|file| path_of(self.staging, &folder, file));
        let paths = paths.collect::<Result<Vec<_>, _>>()?;
        let files: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
        let finder = Finder { files: &files, stop: self.stop };
        let open = || {
            let table = Table::Duplicates;
            TableWriter::create(self.staging.table_path(table), table.file_schema())
        };
        let removed = finder.find(&mut round.duplicates, open)?;
        let (mut merged, mut before, mut gone) = (Merged::default(), 0, 0);
        for ((file, path), removed) in group.files.iter().zip(&paths).zip(&removed) {
            if removed.count == 0 {
                continue;
            }
            let mut start = 0;
            for batch in read(path, group.table)? {
                let batch = batch?;
                self.write(&mut merged, &partition, removed.filter(&batch, start)?)?;
                start += batch.num_rows() as u64;
            }
            before += start;
            gone += removed.count;
            round.bytes += file.size;
            round.replaced.push(file.clone());
        }
        let files = self.finish(merged, &partition)?;
        same_rows(&folder, before - gone, files.iter().map(|file| file.rows).sum())?;
        round.partitions += u64::from(gone > 0);
        round.staged.extend(files);
        Ok(())
    }

    fn write(&self, merged: &mut Merged, partition: &Partition, batch: RecordBatch) -> Result<(), LakeError> {
        stopped(self.stop)?;
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let wrong = |error| LakeError::parquet(self.staging.dir())(error);
        merged.rows += batch.num_rows() as u64;
        let mut open = match merged.row_group.take() {
            Some(open) => open,
            None => self.encoder.row_group().map_err(wrong)?,
        };
        open.write(&[batch]).map_err(wrong)?;
        if open.rows() >= ROW_GROUP_ROWS {
            return self.append(open, partition, &mut merged.part, &mut merged.files);
        }
        merged.row_group = Some(open);
        Ok(())
    }

    fn finish(&self, mut merged: Merged, partition: &Partition) -> Result<Vec<StagedFile>, LakeError> {
        if let Some(open) = merged.row_group.take() {
            self.append(open, partition, &mut merged.part, &mut merged.files)?;
        }
        merged.files.extend(merged.part.map(Part::finish).transpose()?);
        Ok(merged.files)
    }

    fn append(
        &self,
        row_group: RowGroup,
        partition: &Partition,
        part: &mut Option<Part>,
        files: &mut Vec<StagedFile>,
    ) -> Result<(), LakeError> {
        let chunks = row_group.close().map_err(LakeError::parquet(self.staging.dir()))?;
        let mut open = match part.take() {
            Some(open) => open,
            None => {
                let number = self.numbers.fetch_add(1, Ordering::Relaxed);
                let path = self.staging.dir().join(format!("{number:06}.parquet"));
                self.encoder.part(path, partition.clone())?
            }
        };
        open.append(chunks)?;
        if open.is_full() {
            files.push(open.finish()?);
        } else {
            *part = Some(open);
        }
        Ok(())
    }
}

/// Merges files of `rejects`, `sources` or `duplicates`.
pub(crate) fn merge_small_table(staging: &Staging<'_>, group: &Group) -> Result<TableChange, LakeError> {
    let folder = group.table.folder(staging.dataset().root());
    let paths = group.files.iter().map(|file| path_of(staging, &folder, file));
    let paths = paths.collect::<Result<Vec<_>, _>>()?;
    let mut before = 0;
    let batches = paths.iter().flat_map(|path| match read(path, group.table) {
        Ok(reader) => Box::new(reader.map(|batch| Ok(batch?))) as Box<dyn Iterator<Item = _>>,
        Err(error) => Box::new(std::iter::once(Err(error))),
    });
    let batches = batches.inspect(|batch: &Result<RecordBatch, LakeError>| {
        before += batch.as_ref().map_or(0, |batch| batch.num_rows() as u64);
    });
    let mut change = staging.write_table(group.table, batches)?;
    same_rows(&folder, before, change.add.iter().map(|file| file.rows).sum())?;
    change.remove = group.files.clone();
    Ok(change)
}

/// The rows of a file, with the columns and types that the encoder takes. Columns that are younger than the file are null.
pub(crate) fn read(
    path: &Path,
    table: Table,
) -> Result<impl Iterator<Item = Result<RecordBatch, ArrowError>>, LakeError> {
    let file = File::open(path).map_err(LakeError::io("open", path))?;
    let wrong = |error| LakeError::parquet(path)(error);
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(wrong)?;
    let schema = table.file_schema();
    let has = |name: &str| metadata.schema().field_with_name(name).is_ok();
    let old: Vec<_> = schema.fields().iter().filter(|field| has(field.name())).cloned().collect();
    let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(old)));
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
        .and_then(|builder| builder.with_batch_size(BATCH).build())
        .map_err(wrong)?;
    Ok(reader.map(move |batch| filled_up(&batch?, &schema)))
}

/// With nulls in the columns of `schema` that are not there.
fn filled_up(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    if batch.num_columns() == schema.fields().len() {
        return Ok(batch.clone());
    }
    let column = |field: &Arc<Field>| match batch.column_by_name(field.name()) {
        Some(column) => Arc::clone(column),
        None => new_null_array(field.data_type(), batch.num_rows()),
    };
    RecordBatch::try_new(Arc::clone(schema), schema.fields().iter().map(column).collect())
}

/// Where a file is, if it is what was committed; one of S3 is fetched to the staging folder.
fn path_of(staging: &Staging<'_>, folder: &Path, file: &FileEntry) -> Result<PathBuf, LakeError> {
    let path = inside(folder, &file.path)
        .ok_or_else(|| foreign(folder, format!("the log names a file outside the table: {:?}", file.path)))?;
    let path = storage::fetched(path, file.size, staging.dir())?;
    // Damage must not be given a new hash.
    let (sha256, _) = disk::hash_file(&path)?;
    if file.sha256.as_ref().is_some_and(|committed| *committed != hex(&sha256)) {
        return Err(foreign(&path, "not what was committed; `verify` tells more".to_owned()));
    }
    Ok(path)
}

fn partition_of(group: &Group, folder: &Path) -> Result<Partition, LakeError> {
    let date = group.partition.get(layout::EVENT_DATE).and_then(|value| value.as_deref());
    let event_date = date
        .and_then(layout::date_days)
        .ok_or_else(|| foreign(folder, "the log names a file without a date".to_owned()))?;
    Ok(Partition { event_date, bucket: group.partition.get(layout::LOG_BUCKET).cloned() })
}

/// Nothing is replaced unless what replaces it holds as much.
fn same_rows(folder: &Path, before: u64, after: u64) -> Result<(), LakeError> {
    if before == after {
        return Ok(());
    }
    Err(foreign(folder, format!("{before} rows became {after} when files were merged; nothing was changed")))
}

fn foreign(path: &Path, problem: String) -> LakeError {
    LakeError::Foreign { path: path.to_path_buf(), problem }
}
