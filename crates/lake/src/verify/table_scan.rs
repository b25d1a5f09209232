//! One pass over the files of a table: checks that each is the committed file, is readable and has true
//! metadata, and passes its rows on.

use std::fs;
use std::io::{self, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use parquet::file::metadata::ColumnChunkMetaData;
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use saltmine_format::Field;
use saltmine_scan::Column;
use sha2::{Digest, Sha256};

use super::listing::FolderListing;
use super::parquet_file::{HeldFile, TableFile};
use super::skipping::{SkippingData, pages_differ};
use super::statistics::{Value, Values};
use crate::error::LakeError;
use crate::storage::path::hex;
use crate::storage::{Content, DatasetPath, Storage, disk};
use crate::table::delta_log::{FileEntry, Snapshot};
use crate::table::layout::{self, EVENT_DATE, LOG_BUCKET, Partition, PartitionBy, Table, date_text};

const DAY: i64 = 86_400_000_000;
/// The maximum number of problems reported per file.
const MAX_PROBLEMS: usize = 5;

/// Receives rows of a table.
pub(super) type BatchConsumer<'a> = &'a (dyn Fn(&RecordBatch) -> Result<(), LakeError> + Sync);

/// A table as of its last commit.
pub(super) struct CommittedTable {
    storage: Arc<dyn Storage>,
    pub(super) table: Table,
    pub(super) version: u64,
    pub(super) files: Vec<CommittedFile>,
}

/// A file that the table's log names.
pub(super) struct CommittedFile {
    place: DatasetPath,
    pub(super) path: PathBuf,
    pub(super) entry: FileEntry,
}

/// Problems with one file.
#[derive(Debug, Default)]
pub(super) struct FileFindings {
    pub(super) absent: Option<String>,
    pub(super) changed: Option<String>,
    pub(super) unreadable: Option<String>,
    pub(super) statistics: Vec<String>,
    pub(super) misplaced: Option<String>,
    pub(super) rows: u64,
}

impl FileFindings {
    /// Whether its rows are those of the committed file.
    pub(super) fn is_sound(&self) -> bool {
        self.absent.is_none() && self.changed.is_none() && self.unreadable.is_none()
    }
}

impl CommittedTable {
    pub(super) fn from_snapshot(
        storage: Arc<dyn Storage>,
        table: Table,
        snapshot: Snapshot,
    ) -> Result<Self, LakeError> {
        let file = |entry: FileEntry| {
            let place = table.data_file(&entry.path).map_err(|_| LakeError::Foreign {
                path: storage.path(&table.folder()),
                problem: format!("the log names a file outside the table: {:?}", entry.path),
            })?;
            Ok(CommittedFile { path: storage.path(&place), place, entry })
        };
        let files = snapshot.files.into_iter().map(file).collect::<Result<_, LakeError>>()?;
        Ok(Self { storage, table, version: snapshot.version, files })
    }

    /// Problems with the columns stated in the table's log, which other readers rely on.
    pub(super) fn wrong_columns(table: Table, snapshot: &Snapshot, by: PartitionBy) -> Option<String> {
        let wanted = table.table_schema(by);
        // The ledger of an older dataset lacks columns that were added later.
        let fewest = if table == Table::Sources { wanted.fields().len() - 2 } else { wanted.fields().len() };
        let count = snapshot.columns.len();
        if count < fewest || count > wanted.fields().len() {
            return Some(format!("the log states {count} columns, not {}", wanted.fields().len()));
        }
        let stated = snapshot.columns.iter().zip(&snapshot.types);
        let mut wrong = stated.zip(wanted.fields()).filter(|((name, kind), field)| {
            *name != field.name() || delta_type(field.data_type()) != Some(kind.as_str())
        });
        let ((name, kind), field) = wrong.next()?;
        Some(format!("the log states a column {name:?} of type {kind} instead of {}", field.name()))
    }

    /// Reads every file and returns the problems of each, in order. `listed` is the content of the table's
    /// folder.
    ///
    /// # Errors
    /// If S3 does not respond.
    pub(super) fn examine(
        &self,
        listed: &FolderListing,
        take: BatchConsumer<'_>,
    ) -> Result<Vec<FileFindings>, LakeError> {
        let mut found: Vec<FileFindings> = self
            .files
            .iter()
            .map(|file| FileFindings {
                absent: missing_file_problem(file, listed),
                ..FileFindings::default()
            })
            .collect();
        let there: Vec<bool> = found.iter().map(|found| found.absent.is_none()).collect();
        let looked = self.each_file(&there, &|file, content| {
            let looked = catch_unwind(AssertUnwindSafe(|| self.examine_file(file, content, take)));
            looked.unwrap_or_else(|_| FileFindings {
                unreadable: Some(format!("{:?}: the reader of Parquet files failed", file.path)),
                ..FileFindings::default()
            })
        })?;
        looked.into_iter().for_each(|(index, looked)| found[index] = looked);
        Ok(found)
    }

    /// Reads the rows of the sound files again.
    ///
    /// # Errors
    /// If a file can no longer be read.
    pub(super) fn read_again(&self, sound: &[bool], take: BatchConsumer<'_>) -> Result<(), LakeError> {
        let read = self.each_file(sound, &|file, content| {
            let held = HeldFile::from_content(content?).map_err(LakeError::io("read", &file.path))?;
            let parquet = TableFile::open(held, &file.path, self.table)?;
            let groups = (0..parquet.row_groups()).into_par_iter();
            groups.try_for_each(|group| parquet.each_batch(group, &file.path, take))
        })?;
        read.into_iter().try_for_each(|(_, read)| read)
    }

    /// Calls `each` with the selected files. They are opened in order, because those in S3 are prefetched in
    /// that order; files that are not needed must not be requested, or they would occupy the memory of others
    /// forever.
    fn each_file<T: Send>(
        &self,
        wanted: &[bool],
        each: &(dyn Fn(&CommittedFile, Result<Content, LakeError>) -> T + Sync),
    ) -> Result<Vec<(usize, T)>, LakeError> {
        let files = self.files.iter().enumerate().zip(wanted).filter(|(_, wanted)| **wanted);
        let files: Vec<(usize, &CommittedFile)> = files.map(|(file, _)| file).collect();
        let places: Vec<(DatasetPath, u64)> =
            files.iter().map(|(_, file)| (file.place.clone(), file.entry.size)).collect();
        let opener = self.storage.opener(&places)?;
        let next = AtomicUsize::new(0);
        let done = (0..files.len()).into_par_iter().with_max_len(1).filter_map(|_| {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let (index, file) = files.get(at)?;
            Some((*index, each(file, opener.open(at))))
        });
        Ok(done.collect())
    }

    fn examine_file(
        &self,
        file: &CommittedFile,
        content: Result<Content, LakeError>,
        take: BatchConsumer<'_>,
    ) -> FileFindings {
        let path = &file.path;
        let content = match content {
            Ok(content) => content,
            Err(error) => {
                return FileFindings {
                    absent: Some(format!("{path:?}: {error}")),
                    ..FileFindings::default()
                };
            }
        };
        if let Some(problem) = hash_differs(file, &content) {
            return FileFindings { changed: Some(format!("{path:?}: {problem}")), ..FileFindings::default() };
        }
        let mut found = FileFindings::default();
        if let Err(error) = self.read(file, content, &mut found, take) {
            found.unreadable = Some(format!("{path:?}: {error}"));
        }
        found
    }

    fn read(
        &self,
        file: &CommittedFile,
        content: Content,
        found: &mut FileFindings,
        take: BatchConsumer<'_>,
    ) -> Result<(), LakeError> {
        let path = &file.path;
        let held = HeldFile::from_content(content).map_err(LakeError::io("read", path))?;
        let parquet = TableFile::open(held.clone(), path, self.table)?;
        let bounded = bounded_columns(&parquet, file.entry.statistics.as_deref());
        let problems = Mutex::new(Vec::new());
        let groups = (0..parquet.row_groups()).into_par_iter().map(|group| {
            let mut skipping = SkippingData::read(&parquet, group, path)?;
            let mut values = Values::for_columns(bounded.clone());
            parquet.each_batch(group, path, |batch| {
                values.add(batch);
                skipping.add(batch);
                take(batch)
            })?;
            let mut wrong = against_footer(&parquet, &held, group, &values);
            wrong.extend(skipping.finish(&parquet, group));
            let name = |problem: String| format!("{path:?}: row group {group}: {problem}");
            problems
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .extend(wrong.into_iter().map(name));
            Ok(values)
        });
        let groups: Vec<Values> = groups.collect::<Result<_, LakeError>>()?;
        let mut values = Values::for_columns(bounded);
        groups.iter().for_each(|group| values.add_values(group));
        found.rows = values.rows;
        let footer = parquet.metadata().file_metadata().num_rows();
        if u64::try_from(footer) != Ok(values.rows) {
            let problem =
                format!("{path:?}: the row count in the footer is {footer}, but should be {}", values.rows);
            found.statistics.push(problem);
        }
        let in_log = values.against_log(file.entry.statistics.as_deref(), parquet.schema());
        found.statistics.extend(in_log.into_iter().map(|problem| format!("{path:?}: {problem}")));
        found.statistics.extend(problems.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner));
        found.statistics.truncate(MAX_PROBLEMS);
        if self.table == Table::Logs {
            found.misplaced =
                partition_problem(&file.entry, &values).map(|problem| format!("{path:?}: {problem}"));
        }
        Ok(())
    }
}

/// Delta Lake's name for a type.
fn delta_type(of: &DataType) -> Option<&'static str> {
    Some(match of {
        DataType::Utf8View => "string",
        DataType::Binary => "binary",
        DataType::Int16 => "short",
        DataType::Int64 => "long",
        DataType::Date32 => "date",
        DataType::Timestamp(..) => "timestamp",
        _ => return None,
    })
}

/// Why a file is missing or has another size than the committed file.
fn missing_file_problem(file: &CommittedFile, listed: &FolderListing) -> Option<String> {
    let (path, wanted) = (&file.path, file.entry.size);
    match listed.get(&file.entry.path) {
        Some(Some(size)) if *size == wanted => None,
        Some(Some(size)) => Some(format!("{path:?}: {size} bytes, not {wanted}")),
        // A link may lead anywhere.
        Some(None) => Some(format!("{path:?}: not a regular file")),
        None => Some(format!("{path:?}: no such file")),
    }
}

fn hash_differs(file: &CommittedFile, content: &Content) -> Option<String> {
    let Some(wanted) = &file.entry.sha256 else {
        return Some("committed without a hash".to_owned());
    };
    let found = match content {
        Content::Memory(bytes) => Ok(Sha256::digest(bytes).into()),
        Content::Disk(content) => hash(content).map_err(LakeError::io("read", &file.path)),
    };
    match found {
        Ok(sha256) if hex(&sha256) == *wanted => None,
        Ok(sha256) => Some(format!("{}, not {wanted}", hex(&sha256))),
        Err(error) => Some(error.to_string()),
    }
}

fn hash(mut content: &fs::File) -> io::Result<[u8; 32]> {
    content.seek(SeekFrom::Start(0))?;
    let mut sink = disk::HashingWriter::new(io::sink());
    io::copy(&mut content, &mut sink)?;
    Ok(sink.finish().1)
}

/// Which text columns have bounds stated somewhere, plus the bucket column, because folders are named after
/// it.
fn bounded_columns(parquet: &TableFile, statistics: Option<&str>) -> Vec<bool> {
    let statistics: serde_json::Value =
        statistics.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let in_log = |name: &str| {
        ["minValues", "maxValues"]
            .iter()
            .any(|part| statistics.get(part).and_then(|part| part.get(name)).is_some())
    };
    let in_footer = |index: usize| {
        parquet.metadata().row_groups().iter().any(|group| {
            let statistics = group.columns().get(index).and_then(ColumnChunkMetaData::statistics);
            statistics
                .is_some_and(|statistics| statistics.min_bytes_opt().or(statistics.max_bytes_opt()).is_some())
        })
    };
    let bucket = Field::Bucket.name();
    let columns = parquet.schema().fields().iter().enumerate();
    columns.map(|(index, field)| field.name() == bucket || in_log(field.name()) || in_footer(index)).collect()
}

/// The false statements in the footer.
fn against_footer(parquet: &TableFile, held: &HeldFile, group: usize, values: &Values) -> Vec<String> {
    let row_group = parquet.metadata().row_group(group);
    let mut wrong = Vec::new();
    if u64::try_from(row_group.num_rows()) != Ok(values.rows) {
        wrong.push(format!(
            "the row count in the footer is {}, but should be {}",
            row_group.num_rows(),
            values.rows
        ));
    }
    for (index, (chunk, field)) in row_group.columns().iter().zip(parquet.schema().fields()).enumerate() {
        let problem = values
            .against_chunk(index, chunk)
            .or_else(|| pages_differ(parquet, held, group, index, row_group.num_rows()));
        wrong.extend(problem.map(|problem| format!("{}: {problem}", field.name())));
    }
    wrong
}

/// Problems with the place of a file of `logs`: its partition must match all of its rows, and its folder
/// must match the partition.
fn partition_problem(entry: &FileEntry, values: &Values) -> Option<String> {
    let text = entry.partition.get(EVENT_DATE).and_then(|date| date.as_deref());
    let date = text.and_then(layout::date_days).filter(|days| text == Some(date_text(*days).as_str()));
    let Some(date) = date else {
        return Some(format!("the log has no valid date for the file: {text:?}"));
    };
    let partition = Partition { event_date: date, bucket: entry.partition.get(LOG_BUCKET).cloned() };
    let folder = partition.relative_path();
    if entry.path.rsplit_once('/').map(|(folder, _)| folder) != Some(folder.as_str()) {
        return Some(format!("it is not in the folder of its partition, {folder:?}"));
    }
    if values.rows == 0 {
        return None;
    }
    let times = values.column(Column::Field(Field::RequestTime).index())?;
    let day = |time: i64| time.div_euclid(DAY);
    match &times.bounds {
        Some((Value::Time(low), Value::Time(high)))
            if times.nulls == 0 && day(*low) == i64::from(date) && day(*high) == i64::from(date) => {}
        Some((low, high)) => {
            return Some(format!("its request times are from {low} to {high}, not on {}", date_text(date)));
        }
        None => return Some("it has no request times".to_owned()),
    }
    let wanted = partition.bucket?;
    let buckets = values.column(Column::Field(Field::Bucket).index())?;
    let is_right = match (&wanted, &buckets.bounds) {
        (Some(wanted), Some((Value::Text(low), Value::Text(high)))) => {
            buckets.nulls == 0 && low == wanted.as_bytes() && high == wanted.as_bytes()
        }
        (None, None) => true,
        (None, Some((_, Value::Text(high)))) => high.is_empty(),
        _ => false,
    };
    (!is_right).then(|| format!("it has rows of buckets other than {wanted:?}"))
}
