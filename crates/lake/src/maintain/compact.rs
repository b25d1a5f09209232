//! Compaction: fewer and larger files with the same rows.
//!
//! Each ingest adds at least one file to every day for which it has rows. Compaction rewrites the small files
//! of a partition as one. A round replaces files in one commit per table, and deletes the replaced files
//! after the commit. It uses the same note as an ingest ([`Intent`]), so a kill at any moment leaves every
//! row exactly once. A reader that began earlier may miss a replaced file and must start again.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde::Serialize;

use crate::commit::intent::{Intent, TableChange};
use crate::commit::writer::{DatasetLock, StagedFile};
use crate::encode::Encoder;
use crate::error::LakeError;
use crate::maintain::limits::{Limits, stopped};
use crate::maintain::merge::{DedupRound, Merge, MergeGroup, merge_small_table};
use crate::table::dataset::Dataset;
use crate::table::delta_log::{self, FileEntry, PartitionValues};
use crate::table::layout::Table;

/// Files of at least this many bytes are left as they are.
const MIN_LARGE_FILE: u64 = 64 << 20;

/// Options of a compaction.
#[derive(Clone, Copy, Debug, Default)]
pub struct CompactOptions<'a> {
    /// The number of threads; 0 means one per core.
    pub jobs: usize,
    /// First remove rows that are equal to another one in every logged field. The table `duplicates` will
    /// list them.
    pub dedup: bool,
    /// When this becomes true, the run ends, and nothing of the current round is committed.
    pub stop: Option<&'a AtomicBool>,
}

/// The results of a compaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CompactReport {
    /// Partitions of `logs`, and tables without partitions, that had small files.
    pub partitions: u64,
    /// Files that were replaced.
    pub files_before: u64,
    /// Files that replaced them.
    pub files_after: u64,
    /// Bytes of the files that were replaced.
    pub bytes_before: u64,
    /// Bytes of the files that replaced them.
    pub bytes_after: u64,
    /// Rows in the new files: the same as before, minus `duplicates`.
    pub rows: u64,
    /// Rows that were removed because another row is equal.
    pub duplicates: u64,
    /// Committed rounds.
    pub rounds: u32,
}

/// Rewrites the small files of each partition as one, and those of `rejects` and `sources` too. Calls
/// `on_wait` if another run holds the dataset and this one waits.
///
/// # Errors
/// If the dataset cannot be read or written, or the run is stopped. Rounds committed before that remain.
pub fn compact(
    dataset: &Dataset,
    options: &CompactOptions<'_>,
    on_wait: &dyn Fn(),
) -> Result<CompactReport, LakeError> {
    compact_within(dataset, options, on_wait, Limits::default())
}

/// Like [`compact`], with other limits.
pub(crate) fn compact_within(
    dataset: &Dataset,
    options: &CompactOptions<'_>,
    on_wait: &dyn Fn(),
    limits: Limits,
) -> Result<CompactReport, LakeError> {
    let lock = DatasetLock::acquire_unless_stopped(dataset, on_wait, options.stop)?;
    lock.recover()?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.jobs)
        .build()
        .map_err(|error| LakeError::Threads(error.to_string()))?;
    let mut report = CompactReport::default();
    if options.dedup {
        pool.install(|| drop_duplicates(&lock, options.stop, limits, &mut report))
            .map_err(|error| with_committed(error, &report))?;
    }
    for round in rounds(groups(dataset)?, limits.round) {
        compact_round(&lock, &round, &pool, (options.stop, limits), &mut report)
            .map_err(|error| with_committed(error, &report))?;
    }
    Ok(report)
}

/// Adds to the error of an interrupted run what it had committed.
fn with_committed(error: LakeError, report: &CompactReport) -> LakeError {
    match error {
        LakeError::Stopped { .. } if report.rounds > 0 => LakeError::Stopped {
            committed: match report.rounds {
                1 => "1 round is saved; run the same command to continue".to_owned(),
                rounds => format!("{rounds} rounds are saved; run the same command to continue"),
            },
        },
        error => error,
    }
}

/// The groups of small files, by table and partition; groups of a single file are left out.
fn groups(dataset: &Dataset) -> Result<Vec<MergeGroup>, LakeError> {
    let mut groups = Vec::new();
    for table in [Table::Logs, Table::Rejects, Table::Sources, Table::Duplicates] {
        if dataset.has(table)? {
            let partitions = partitions(dataset, table, |file| file.size < MIN_LARGE_FILE)?;
            groups.extend(partitions.into_iter().filter(|group| group.files.len() > 1));
        }
    }
    Ok(groups)
}

/// The selected files of a table, by partition.
fn partitions(
    dataset: &Dataset,
    table: Table,
    is_wanted: impl Fn(&FileEntry) -> bool,
) -> Result<Vec<MergeGroup>, LakeError> {
    let mut by_partition: BTreeMap<PartitionValues, Vec<FileEntry>> = BTreeMap::new();
    for file in delta_log::read(dataset.storage().as_ref(), table)?.files.into_iter().filter(is_wanted) {
        by_partition.entry(file.partition.clone()).or_default().push(file);
    }
    Ok(by_partition.into_iter().map(|(partition, files)| MergeGroup { table, partition, files }).collect())
}

/// Rewrites files with rows that their partition already contains, in rounds.
fn drop_duplicates(
    lock: &DatasetLock<'_>,
    stop: Option<&AtomicBool>,
    limits: Limits,
    report: &mut CompactReport,
) -> Result<(), LakeError> {
    let dataset = lock.dataset();
    let encoder = Encoder::new().map_err(LakeError::parquet(dataset.root()))?;
    let mut groups = partitions(dataset, Table::Logs, |_| true)?.into_iter().peekable();
    while groups.peek().is_some() {
        let staging = lock.begin()?;
        let merge =
            Merge { staging: &staging, encoder: &encoder, numbers: AtomicUsize::new(0), stop, limits };
        let mut round = DedupRound::default();
        while round.bytes < limits.round
            && let Some(group) = groups.next()
        {
            merge.drop_duplicates(&group, &mut round)?;
        }
        let Some(duplicates) = round.duplicates.take() else { continue };
        lock.make_duplicates()?;
        let written = duplicates.finish()?;
        let count = written.rows;
        let mut logs = staging.plan_logs(round.staged)?;
        (logs.remove, logs.drops_rows) = (round.replaced, true);
        let changes = vec![logs, staging.plan_table(Table::Duplicates, written)];
        stopped(stop)?;
        let mut intent = Intent::new(staging.name(), changes);
        staging.finish(&mut intent)?;
        self::count(&intent.changes[0], report);
        report.duplicates += count;
        report.partitions += round.partitions;
        report.rounds += 1;
    }
    Ok(())
}

/// Combines groups into rounds of bounded size; a group that is larger than a round is split.
fn rounds(groups: Vec<MergeGroup>, most: u64) -> Vec<Vec<MergeGroup>> {
    let mut rounds: Vec<Vec<MergeGroup>> = Vec::new();
    let mut bytes = most;
    for group in groups.into_iter().flat_map(|group| parts(group, most)) {
        if bytes >= most {
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

/// Splits a group into parts of at most `most` bytes and at least two files: rewriting a single file gains
/// nothing.
fn parts(group: MergeGroup, most: u64) -> Vec<MergeGroup> {
    let MergeGroup { table, partition, files } = group;
    let mut parts: Vec<Vec<FileEntry>> = Vec::new();
    let mut bytes = 0;
    for file in files {
        bytes += file.size;
        match parts.last_mut() {
            Some(part) if bytes <= most || part.len() < 2 => part.push(file),
            _ => {
                bytes = file.size;
                parts.push(vec![file]);
            }
        }
    }
    let parts = parts.into_iter().filter(|files| files.len() > 1);
    parts.map(|files| MergeGroup { table, partition: partition.clone(), files }).collect()
}

fn compact_round(
    lock: &DatasetLock<'_>,
    round: &[MergeGroup],
    pool: &rayon::ThreadPool,
    (stop, limits): (Option<&AtomicBool>, Limits),
    report: &mut CompactReport,
) -> Result<(), LakeError> {
    let staging = lock.begin()?;
    let encoder = Encoder::new().map_err(LakeError::parquet(lock.dataset().root()))?;
    let merge = Merge { staging: &staging, encoder: &encoder, numbers: AtomicUsize::new(0), stop, limits };
    let logs: Vec<&MergeGroup> = round.iter().filter(|group| group.table == Table::Logs).collect();
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
    let mut intent = Intent::new(staging.name(), changes);
    staging.finish(&mut intent)?;
    intent.changes.iter().for_each(|change| count(change, report));
    report.partitions += round.len() as u64;
    report.rounds += 1;
    Ok(())
}

fn replaced(round: &[MergeGroup], table: Table) -> Vec<FileEntry> {
    round.iter().filter(|group| group.table == table).flat_map(|group| group.files.clone()).collect()
}

fn count(change: &TableChange, report: &mut CompactReport) {
    report.files_before += change.remove.len() as u64;
    report.bytes_before += change.remove.iter().map(|file| file.size).sum::<u64>();
    report.files_after += change.add.len() as u64;
    report.bytes_after += change.add.iter().map(|file| file.entry.size).sum::<u64>();
    report.rows += change.add.iter().map(|file| file.rows).sum::<u64>();
}
