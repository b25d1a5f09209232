//! Fewer and larger files, with the same rows.
//!
//! Each ingest adds at least a file to every day that it has rows of. Here the small files of a partition are written
//! anew as one. A round replaces files in one commit a table, and deletes those it replaced after the commit: by the
//! same note as an ingest ([`Intent`]), so that a kill at any instant leaves every row once. A reader that began before
//! may miss a file that was replaced, and has to begin again.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde::Serialize;

use crate::commit::{self, FileEntry, PartitionValues};
use crate::dataset::Dataset;
use crate::disk;
use crate::encode::{Encoder, Part, ROW_GROUP_ROWS, RowGroup};
use crate::error::LakeError;
use crate::intent::{Intent, TableChange};
use crate::layout::{self, Partition, Table};
use crate::transaction::{DatasetLock, StagedFile, Staging};

/// Files of this many bytes or more are left as they are.
const SMALL: u64 = 64 << 20;
/// Bytes that a round replaces, about. A kill costs the work of one round.
const ROUND: u64 = 4 << 30;
/// Rows read at a time.
const BATCH: usize = 8192;

/// How to compact.
#[derive(Clone, Copy, Debug, Default)]
pub struct CompactOptions<'a> {
    /// Threads; 0 for one a core.
    pub jobs: usize,
    /// When it becomes true, the run ends, and nothing of its round is committed.
    pub stop: Option<&'a AtomicBool>,
}

/// What was compacted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CompactReport {
    /// Partitions of `logs`, and tables without partitions, that had small files.
    pub partitions: u64,
    /// Files that were replaced.
    pub files_before: u64,
    /// Files that took their place.
    pub files_after: u64,
    /// Bytes of the files that were replaced.
    pub bytes_before: u64,
    /// Bytes of those that took their place.
    pub bytes_after: u64,
    /// Rows in them, the same before and after.
    pub rows: u64,
    /// Rounds that were committed.
    pub rounds: u32,
}

/// Small files of one partition that become one.
struct Group {
    table: Table,
    partition: PartitionValues,
    files: Vec<FileEntry>,
}

/// Writes the small files of each partition anew as one, and those of `rejects` and `sources` too. `on_wait` is called
/// if another run holds the dataset and this one waits.
///
/// # Errors
/// If the dataset cannot be read or written, or the run is stopped. Rounds that were committed before stay.
pub fn compact(
    dataset: &Dataset,
    options: &CompactOptions<'_>,
    on_wait: &dyn Fn(),
) -> Result<CompactReport, LakeError> {
    let lock = dataset.lock_unless(on_wait, options.stop)?;
    lock.recover()?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.jobs)
        .build()
        .map_err(|error| LakeError::Threads(error.to_string()))?;
    let mut report = CompactReport::default();
    for round in rounds(groups(dataset)?) {
        compact_round(&lock, &round, &pool, options.stop, &mut report)
            .map_err(|error| where_it_stands(error, &report))?;
    }
    Ok(report)
}

/// Whoever stops a run is told what it had committed.
fn where_it_stands(error: LakeError, report: &CompactReport) -> LakeError {
    match error {
        LakeError::Stopped { .. } if report.rounds > 0 => {
            LakeError::Stopped { committed: format!("{} rounds were", report.rounds) }
        }
        error => error,
    }
}

/// The groups of small files, by tables and partitions; those of one file are left out.
fn groups(dataset: &Dataset) -> Result<Vec<Group>, LakeError> {
    let mut groups = Vec::new();
    for table in [Table::Logs, Table::Rejects, Table::Sources] {
        let mut by_partition: BTreeMap<PartitionValues, Vec<FileEntry>> = BTreeMap::new();
        for file in commit::read(&table.folder(dataset.root()))?.files {
            if file.size < SMALL {
                by_partition.entry(file.partition.clone()).or_default().push(file);
            }
        }
        let several = by_partition.into_iter().filter(|(_, files)| files.len() > 1);
        groups.extend(several.map(|(partition, files)| Group { table, partition, files }));
    }
    Ok(groups)
}

/// Parts groups into rounds of bounded size. A group is never parted.
fn rounds(groups: Vec<Group>) -> Vec<Vec<Group>> {
    let mut rounds: Vec<Vec<Group>> = Vec::new();
    let mut bytes = ROUND;
    for group in groups {
        if bytes >= ROUND {
            rounds.push(Vec::new());
            bytes = 0;
        }
        bytes += group.files.iter().map(|file| file.size).sum::<u64>();
        if let Some(round) = rounds.last_mut() {
            round.push(group);
        }
    }
    rounds
}

fn compact_round(
    lock: &DatasetLock<'_>,
    round: &[Group],
    pool: &rayon::ThreadPool,
    stop: Option<&AtomicBool>,
    report: &mut CompactReport,
) -> Result<(), LakeError> {
    let staging = lock.begin()?;
    let encoder = Encoder::new().map_err(LakeError::parquet(lock.dataset().root()))?;
    let merge = Merge { staging: &staging, encoder: &encoder, numbers: AtomicUsize::new(0), stop };
    let logs: Vec<&Group> = round.iter().filter(|group| group.table == Table::Logs).collect();
    let merged: Vec<Vec<StagedFile>> = pool
        .install(|| logs.into_par_iter().map(|group| merge.merge(group)).collect::<Result<_, LakeError>>())?;
    let mut changes = Vec::new();
    let merged: Vec<StagedFile> = merged.into_iter().flatten().collect();
    if !merged.is_empty() {
        let mut change = staging.plan_logs(merged)?;
        change.remove = replaced(round, Table::Logs);
        changes.push(change);
    }
    for group in round.iter().filter(|group| group.table != Table::Logs) {
        changes.push(merge_small_table(&staging, group)?);
    }
    stopped(stop)?;
    let intent = Intent::new(staging.run_id(), staging.round(), changes);
    staging.finish(&intent)?;
    intent.changes.iter().for_each(|change| count(change, report));
    report.partitions += round.len() as u64;
    report.rounds += 1;
    Ok(())
}

fn replaced(round: &[Group], table: Table) -> Vec<FileEntry> {
    round.iter().filter(|group| group.table == table).flat_map(|group| group.files.clone()).collect()
}

fn count(change: &TableChange, report: &mut CompactReport) {
    report.files_before += change.remove.len() as u64;
    report.bytes_before += change.remove.iter().map(|file| file.size).sum::<u64>();
    report.files_after += change.add.len() as u64;
    report.bytes_after += change.add.iter().map(|file| file.entry.size).sum::<u64>();
    report.rows += change.add.iter().map(|file| file.rows).sum::<u64>();
}

fn stopped(stop: Option<&AtomicBool>) -> Result<(), LakeError> {
    match stop {
        Some(stop) if stop.load(Ordering::Relaxed) => Err(LakeError::stopped()),
        _ => Ok(()),
    }
}

/// Merges files of `logs`.
struct Merge<'a> {
    staging: &'a Staging<'a>,
    encoder: &'a Encoder,
    numbers: AtomicUsize,
    stop: Option<&'a AtomicBool>,
}

impl Merge<'_> {
    fn merge(&self, group: &Group) -> Result<Vec<StagedFile>, LakeError> {
        let folder = group.table.folder(self.staging.dataset().root());
        let partition = partition_of(group, &folder)?;
        let mut files = Vec::new();
        let mut part: Option<Part> = None;
        let mut row_group: Option<RowGroup> = None;
        let mut rows = 0;
        for file in &group.files {
            let path = path_of(&folder, file)?;
            for batch in read(&path, group.table)? {
                stopped(self.stop)?;
                let batch = batch?;
                rows += batch.num_rows() as u64;
                let mut open = match row_group.take() {
                    Some(open) => open,
                    None => self.encoder.row_group().map_err(LakeError::parquet(&path))?,
                };
                open.write(&[batch]).map_err(LakeError::parquet(&path))?;
                if open.rows() >= ROW_GROUP_ROWS {
                    self.append(open, &partition, &mut part, &mut files)?;
                } else {
                    row_group = Some(open);
                }
            }
        }
        if let Some(open) = row_group {
            self.append(open, &partition, &mut part, &mut files)?;
        }
        files.extend(part.map(Part::finish).transpose()?);
        same_rows(&folder, rows, files.iter().map(|file| file.rows).sum())?;
        Ok(files)
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

/// Merges files of `rejects` or `sources`.
fn merge_small_table(staging: &Staging<'_>, group: &Group) -> Result<TableChange, LakeError> {
    let folder = group.table.folder(staging.dataset().root());
    let paths = group.files.iter().map(|file| path_of(&folder, file)).collect::<Result<Vec<_>, _>>()?;
    let mut before = 0;
    let batches = paths.iter().flat_map(|path| match read(path, group.table) {
        Ok(reader) => Box::new(reader.map(|batch| Ok(batch?))) as Box<dyn Iterator<Item = _>>,
        Err(error) => Box::new(std::iter::once(Err(error))),
    });
    let batches = batches.inspect(|batch: &Result<arrow::array::RecordBatch, LakeError>| {
        before += batch.as_ref().map_or(0, |batch| batch.num_rows() as u64);
    });
    let mut change = staging.write_table(group.table, batches)?;
    same_rows(&folder, before, change.add.iter().map(|file| file.rows).sum())?;
    change.remove = group.files.clone();
    Ok(change)
}

/// A reader of a file's rows, with the types that the encoder takes.
fn read(path: &Path, table: Table) -> Result<ParquetRecordBatchReader, LakeError> {
    let file = File::open(path).map_err(LakeError::io("open", path))?;
    let options = ArrowReaderOptions::new().with_schema(table.file_schema());
    ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
        .and_then(|builder| builder.with_batch_size(BATCH).build())
        .map_err(LakeError::parquet(path))
}

/// Where a file is, if it is what was committed.
fn path_of(folder: &Path, file: &FileEntry) -> Result<PathBuf, LakeError> {
    let path = layout::inside(folder, &file.path)
        .ok_or_else(|| foreign(folder, format!("the log names a file outside the table: {:?}", file.path)))?;
    // Damage must not be given a new hash.
    let (sha256, _) = disk::hash_file(&path)?;
    if file.sha256.as_ref().is_some_and(|committed| *committed != layout::hex(&sha256)) {
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
