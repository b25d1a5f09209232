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

use std::path::Path;

use chrono::{SecondsFormat, Utc};
use sha2::{Digest, Sha256};

pub use report::{Check, Examiner, Incomplete, Outcome, Sample, TableState, Totals, VerifyReport};

use crate::error::LakeError;
use crate::storage::path::hex;
use crate::storage::{self, Kind};
use crate::table::dataset::{DataFile, Dataset};
use crate::table::layout::Table;

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
        storage::must_be_on_disk(
            path,
            "verify reads files of the disk; copy them there first, as with `aws s3 sync`",
        )?;
    }
    let _quiet = dataset.storage().share_lock()?;
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
        rows: committed.files.iter().filter_map(|file| file.rows).sum(),
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

fn no_round_is_open(dataset: &Dataset) -> Result<Check, LakeError> {
    let mut check = Check::new(
        "no_interrupted_run",
        "No run was interrupted, or what it left is completed or discarded.",
    );
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
