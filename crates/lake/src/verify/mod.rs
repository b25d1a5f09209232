//! Proof that a dataset is what was read from its sources: every line accounted for, every file as written.
//!
//! Nothing is changed. What is found wrong is a failed check in the report, not an error, so that one broken file
//! does not hide another.

mod files;
mod lines;
mod originals;
mod report;
mod sample;
#[cfg(test)]
mod tests;

use std::fs::{self, File, TryLockError};
use std::path::Path;

use chrono::{SecondsFormat, Utc};
use sha2::{Digest, Sha256};

pub use report::{Check, Examiner, Incomplete, Outcome, Sample, TableState, Totals, VerifyReport};

use crate::error::LakeError;
use crate::storage::is_remote;
use crate::storage::path::hex;
use crate::table::dataset::{DataFile, Dataset};
use crate::table::layout::{self, Table};

/// The files of a table that is being verified.
struct Committed {
    table: Table,
    version: u64,
    files: Vec<DataFile>,
}

/// What to verify a dataset by.
#[derive(Clone, Debug)]
pub struct VerifyOptions<'a> {
    /// The folder that the sources were read from. With it their hashes are checked, and rows are read again.
    pub source_root: Option<&'a Path>,
    /// Rows of `logs` that are read again from the raw lines, taken at random.
    pub sample: u64,
    /// The choice of these rows: the same seed chooses the same rows of the same files. `None` for any choice.
    pub seed: Option<u64>,
    /// Who asks, for the report.
    pub examiner: Examiner,
}

impl Default for VerifyOptions<'_> {
    /// Without sources; a sample of 1,000 rows where they are given.
    fn default() -> Self {
        Self { source_root: None, sample: 1000, seed: None, examiner: Examiner::default() }
    }
}

/// Checks a dataset against itself and, given the folder that it was read from, against its source files.
///
/// # Errors
/// If a table's log cannot be read, or a writer is at work.
pub fn verify(dataset: &Dataset, options: &VerifyOptions<'_>) -> Result<VerifyReport, LakeError> {
    for path in [Some(dataset.root()), options.source_root].into_iter().flatten() {
        if is_remote(path) {
            let problem =
                "verify reads files of the disk; copy them there first, as with `aws s3 sync`".to_owned();
            return Err(LakeError::NotThere { path: path.to_path_buf(), problem });
        }
    }
    let _quiet = keep_writers_out(dataset)?;
    let mut tables = Vec::new();
    for table in [Table::Logs, Table::Rejects, Table::Sources, Table::Duplicates] {
        if !dataset.has(table)? {
            continue;
        }
        let (version, files) = dataset.versioned_files(table)?;
        tables.push(Committed { table, version, files });
    }
    let mut checks = vec![no_round_is_open(dataset)?];
    let states = tables.iter().map(state_of).collect();
    checks.extend(files::check(dataset, &mut tables)?);
    let ledger = lines::Ledger::read(&tables);
    checks.extend(lines::check(&tables, &ledger));
    checks.push(originals::check(&ledger, options.source_root));
    checks.push(originals::check_others(&ledger, options.source_root, dataset.root()));
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
    checks.push(sample::check(&tables, &ledger, options, seed));
    let sample = options.source_root.map(|_| Sample { rows: options.sample, seed });
    Ok(VerifyReport {
        examiner: options.examiner.clone(),
        sources_fingerprint: ledger.fingerprint(),
        sample,
        dataset: whole_path(dataset.root()),
        source_root: options.source_root.map(whole_path),
        incomplete: ledger.incomplete(),
        saltmine_version: env!("CARGO_PKG_VERSION").to_owned(),
        verified_at: Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
        tables: states,
        totals: ledger.totals(),
        checks,
    })
}

/// A path that says the same wherever the report is read.
fn whole_path(path: &Path) -> String {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf()).display().to_string()
}

fn state_of(committed: &Committed) -> TableState {
    TableState {
        name: committed.table.name(),
        version: committed.version,
        files: committed.files.len() as u64,
        rows: committed.files.iter().map(|file| file.rows).sum(),
        bytes: committed.files.iter().map(|file| file.size).sum(),
        fingerprint: fingerprint(committed.files.iter().map(|file| {
            let sha256 = file.sha256.as_deref().unwrap_or_default();
            format!("{sha256}  {}\n", file.name)
        })),
    }
}

/// SHA-256 over lines as `sha256sum` prints them.
fn fingerprint(lines: impl Iterator<Item = String>) -> String {
    let mut hash = Sha256::new();
    lines.for_each(|line| hash.update(line));
    hex(&hash.finalize())
}

/// Shares the writers' lock, if there is a lock file: a copy on a read-only medium may have none.
fn keep_writers_out(dataset: &Dataset) -> Result<Option<File>, LakeError> {
    let path = layout::lock_file(dataset.root());
    let Ok(file) = File::open(&path) else { return Ok(None) };
    match file.try_lock_shared() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(LakeError::Busy(dataset.root().to_path_buf())),
        Err(TryLockError::Error(_)) => Ok(None), // no locks here, so no writers either
    }
}

fn no_round_is_open(dataset: &Dataset) -> Result<Check, LakeError> {
    let mut check = Check::new(
        "no_interrupted_run",
        "No run was interrupted, or what it left is completed or discarded.",
    );
    check.examined = 1;
    let runs = layout::runs_folder(dataset.root());
    if let Ok(entries) = fs::read_dir(&runs) {
        for entry in entries {
            let entry = entry.map_err(LakeError::io("list", &runs))?;
            check.fail(format!("{:?}: the next ingest will complete or discard it", entry.file_name()));
        }
    }
    Ok(check)
}
