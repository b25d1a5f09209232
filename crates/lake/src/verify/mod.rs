//! Proves that a dataset matches its sources.
//!
//! Given the sources, it starts from the lines: every source is read again, and every row that its lines
//! produce is compared with the tables, in every column (`compare`). The ledger, the hashes, the statistics
//! and the folders of the dataset are claims: all of them are checked and none is trusted. Without sources,
//! the dataset can only be compared with itself.
//!
//! Nothing is changed. Whatever is wrong becomes a failed check in the report, not an error, so one broken
//! file does not hide another.

mod compare;
mod files;
mod inspect;
mod ledger;
mod line_set;
mod listing;
mod originals;
mod parquet_file;
mod removed;
mod report;
mod row_hash;
mod skipping;
mod source_scan;
mod statistics;
mod table_scan;
mod tally;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use chrono::{SecondsFormat, Utc};
use saltmine_scan::Source;

pub use report::{
    Check, ComparisonSummary, Examiner, IncompleteSource, Outcome, RenamedSource, TableState, Totals,
    UnverifiableSource, VerifyReport,
};

use crate::error::LakeError;
use crate::storage::Kind;
use crate::table::dataset::Dataset;
use crate::table::delta_log;
use crate::table::layout::Table;
use compare::StoredContent;
use files::FileChecks;
use ledger::Ledger;
use removed::RemovedRows;
use row_hash::RowHasher;
use table_scan::{BatchConsumer, CommittedTable};
use tally::Tally;

/// How to verify a dataset.
#[derive(Clone, Debug, Default)]
pub struct VerifyOptions<'a> {
    /// The sources, from [`saltmine_scan::discover`]: each is read again and compared in every row and
    /// column. `None` compares the dataset only with itself.
    pub sources: Option<&'a [Source]>,
    /// The paths where the sources were found, for the report.
    pub paths: Vec<String>,
    /// The time range that excludes sources by their names, written as command-line options, for the report.
    pub range: Option<String>,
    /// The number of sources outside the range, for the report: files, objects, and unlisted periods of objects.
    pub left_out: u64,
    /// The number of hidden and special files that were skipped there, for the report.
    pub passed_over: u64,
    /// The examiner, for the report.
    pub examiner: Examiner,
}

/// A table, its state according to its log, and which of its files can be read.
struct Read {
    committed: CommittedTable,
    rows: u64,
    sound: Vec<bool>,
}

/// Checks a dataset against itself and, if sources are given, against them.
///
/// # Errors
/// If a table's log cannot be read or uses features that saltmine does not support, S3 does not respond, or a
/// writer is active.
pub fn verify(dataset: &Dataset, options: &VerifyOptions<'_>) -> Result<VerifyReport, LakeError> {
    let _quiet = dataset.storage().share_lock()?;
    let hasher = RowHasher::new()?;
    let mut checks = vec![no_round_is_open(dataset)?];
    let mut files = FileChecks::new();

    let ledger = Mutex::new(Ledger::default());
    let sources = read(dataset, Table::Sources, &mut files, &|batch| locked(&ledger).add(batch))?;
    let ledger = ledger.into_inner().unwrap_or_else(PoisonError::into_inner);

    let removed = Mutex::new(RemovedRows::default());
    let mut duplicates = None;
    if dataset.has(Table::Duplicates)? {
        let add = |batch: &RecordBatch| {
            locked(&removed).add(batch);
            Ok(())
        };
        duplicates = Some(read(dataset, Table::Duplicates, &mut files, &add)?);
    }
    let mut removed = removed.into_inner().unwrap_or_else(PoisonError::into_inner);
    removed.finish();

    let tally = Tally::default();
    let add = |table| {
        let (tally, hasher, ledger, removed) = (&tally, &hasher, &ledger, &removed);
        move |batch: &RecordBatch| tally.add(table, batch, hasher, ledger, removed)
    };
    let logs = read(dataset, Table::Logs, &mut files, &add(Table::Logs))?;
    let rejects = read(dataset, Table::Rejects, &mut files, &add(Table::Rejects))?;
    tally.add_removed(&removed, &ledger);
    let found = tally.into_inner();

    checks.extend(files.into_checks());
    checks.extend(ledger.checks());
    checks.extend(tally::checks(&ledger, &found));
    checks.push(removed.check());
    let stored = StoredContent {
        root: dataset.root(),
        logs: (&logs.committed, &logs.sound),
        rejects: (&rejects.committed, &rejects.sound),
        ledger: &ledger,
        found: &found,
        removed: &removed,
        hasher: &hasher,
    };
    let comparison = match options.sources {
        Some(sources) => compare::compare(&stored, sources)?,
        None => compare::skipped(),
    };
    checks.extend(comparison.checks);
    let tables = [Some(&logs), Some(&rejects), Some(&sources), duplicates.as_ref()];
    still_quiet(dataset, tables.into_iter().flatten())?;
    let mut ingested_by: Vec<String> = ledger.versions.iter().cloned().collect();
    ingested_by.sort();
    let mut report = VerifyReport {
        verdict: String::new(),
        dataset: whole_path(dataset.root()),
        sources: options.paths.iter().map(|path| whole_path(Path::new(path))).collect(),
        saltmine_version: env!("CARGO_PKG_VERSION").to_owned(),
        ingested_by,
        verified_at: Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
        examiner: options.examiner.clone(),
        tables: tables.into_iter().flatten().map(state_of).collect(),
        totals: ledger.totals(),
        incomplete: ledger.incomplete(),
        sources_fingerprint: ledger.fingerprint(),
        range: options.range.clone(),
        left_out: options.left_out,
        passed_over: options.passed_over,
        compared: comparison.compared,
        renamed: comparison.renamed,
        unverifiable: comparison.unverifiable,
        checks,
    };
    report.verdict = report.verdict();
    Ok(report)
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads a table and passes its rows to `take`.
fn read(
    dataset: &Dataset,
    table: Table,
    checks: &mut FileChecks,
    take: BatchConsumer<'_>,
) -> Result<Read, LakeError> {
    let storage = dataset.storage().as_ref();
    let snapshot = delta_log::read(storage, table)?;
    checks.take_columns(table, CommittedTable::wrong_columns(table, &snapshot, dataset.partition_by()));
    let committed = CommittedTable::from_snapshot(Arc::clone(dataset.storage()), table, snapshot)?;
    let listed = listing::listed(storage, table)?;
    checks.find_uncommitted(&committed, &listed);
    let found = committed.examine(&listed, take)?;
    let rows = found.iter().map(|found| found.rows).sum();
    let sound = checks.take(table, found);
    Ok(Read { committed, rows, sound })
}

/// A path that means the same wherever the report is read.
fn whole_path(path: &Path) -> String {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf()).display().to_string()
}

fn state_of(read: &Read) -> TableState {
    let CommittedTable { table, version, files, .. } = &read.committed;
    TableState {
        name: table.name(),
        version: *version,
        files: files.len() as u64,
        rows: read.rows,
        bytes: files.iter().fold(0, |bytes, file| bytes.saturating_add(file.entry.size)),
        fingerprint: ledger::fingerprint(files.iter().map(|file| {
            let sha256 = file.entry.sha256.as_deref().unwrap_or_default();
            format!("{sha256}  {}\n", file.entry.path)
        })),
    }
}

/// If nothing kept writers out, checks that none has written.
fn still_quiet<'a>(dataset: &Dataset, tables: impl Iterator<Item = &'a Read>) -> Result<(), LakeError> {
    for read in tables {
        let CommittedTable { table, version, .. } = read.committed;
        if dataset.version(table)? != version {
            return Err(LakeError::Busy(dataset.root().to_path_buf()));
        }
    }
    Ok(())
}

fn no_round_is_open(dataset: &Dataset) -> Result<Check, LakeError> {
    let mut check =
        Check::new("no_interrupted_run", "No interrupted run has left anything to complete or discard.");
    check.examined = 1;
    let runs = dataset.storage().state().join_name("runs")?;
    for entry in dataset.storage().list(&runs)? {
        let what = match entry.kind {
            Kind::Folder => "the next ingest will complete or discard it",
            Kind::File | Kind::Other => "not of saltmine",
        };
        check.fail(format!("{:?}: {what}", entry.name));
    }
    Ok(check)
}
