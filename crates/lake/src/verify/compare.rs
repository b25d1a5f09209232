//! Compares lines with tables: every source is read again, and each row that its lines produce is compared
//! with the tables, by sums of hashes for each source and, if the sums differ, row by row.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use saltmine_scan::{Column, Source};

use super::inspect::{Sides, SuspectSource, inspect};
use super::ledger::{Entry, Ledger};
use super::removed::{RemovalProof, RemovedRows};
use super::report::{Check, ComparisonSummary, MAX_DETAILS, RenamedSource, UnverifiableSource};
use super::row_hash::{RowHasher, Rows, Sum};
use super::source_scan::{Lines, Outcome, Part, has_beginnings, scan};
use super::table_scan::CommittedTable;
use super::tally::{SourceRows, each_run};
use crate::counted::counted;
use crate::error::LakeError;
use crate::ingest::round_sources::{outside_dataset, reading_order};
use crate::table::layout::Table;

/// The maximum number of sources that a list in the report names.
pub(super) const MAX_LISTED: usize = 100;

/// The content of the dataset, to be compared with the sources.
pub(super) struct StoredContent<'a> {
    pub(super) root: &'a Path,
    /// `logs` and `rejects`, and which of their files can be read.
    pub(super) logs: (&'a CommittedTable, &'a [bool]),
    pub(super) rejects: (&'a CommittedTable, &'a [bool]),
    pub(super) ledger: &'a Ledger,
    pub(super) found: &'a HashMap<Arc<str>, SourceRows>,
    pub(super) removed: &'a RemovedRows,
    pub(super) hasher: &'a RowHasher,
}

/// The result of the comparison.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    pub(super) checks: Vec<Check>,
    pub(super) compared: Option<ComparisonSummary>,
    pub(super) renamed: Vec<RenamedSource>,
    pub(super) unverifiable: Vec<UnverifiableSource>,
}

/// The checks that need sources, and their names. `None` instead of sources skips them.
fn checks() -> [Check; 7] {
    [
        Check::new(
            "sources_unchanged",
            "All content that was read is among the sources, byte for byte, and under its original name if that \
             still exists; if a file has grown, the content is its beginning.",
        ),
        Check::new("sources_all_read", "Every source has been read: its content is in the ledger."),
        Check::new("sources_are_logs", "Every source is an S3 server access log."),
        Check::new(
            "ledger_recounted",
            "Bytes, lines, rows, rejects, blanks, times and state of every source in the ledger equal those found when \
             reading the source again.",
        ),
        Check::new(
            "rows_are_their_lines",
            "The rows of logs, and those removed as duplicates, equal the lines of the sources in every column: no row \
             differs, is missing or was added.",
        ),
        Check::new(
            "rejects_are_their_lines",
            "The table rejects has exactly the rejected lines of the sources, byte for byte.",
        ),
        Check::new(
            "duplicates_are_equal",
            "Every row removed as a duplicate equals, according to its line, the row that was kept for it.",
        ),
    ]
}

/// The result without sources.
pub(super) fn skipped() -> Comparison {
    let mut checks = checks();
    checks.iter_mut().for_each(|check| check.skipped = Some("no source was given"));
    Comparison { checks: checks.into(), ..Comparison::default() }
}

/// Rows and rejects produced by lines, by the name under which their source was read.
pub(super) type ProducedRows = HashMap<Arc<str>, (Sum, Sum)>;

/// The state of the sources once they are read.
pub(super) struct SourceStates<'a> {
    pub(super) stored: &'a StoredContent<'a>,
    pub(super) sources: &'a [Source],
    /// The outcome for each source, in the order of the sources.
    pub(super) outcomes: Vec<Outcome>,
    /// The part that has the content of a ledger row, and its outcome, by hash.
    pub(super) read: HashMap<[u8; 32], (Part, Outcome)>,
    /// The sources with a given content.
    pub(super) contents: HashMap<[u8; 32], Vec<usize>>,
    /// The sources with a given name.
    pub(super) names: HashMap<&'a str, Vec<usize>>,
    pub(super) given: ProducedRows,
}

/// Compares the dataset with sources.
///
/// # Errors
/// If S3 does not respond.
pub(super) fn compare(stored: &StoredContent<'_>, sources: &[Source]) -> Result<Comparison, LakeError> {
    let sources = outside_dataset(sources, stored.root);
    let looked = SourceStates::read(stored, &sources)?;
    let proven = stored.removed.prove(|name| looked.is_known(name));
    let [mut unchanged, mut all_read, mut are_logs, mut recounted, mut rows, mut rejects, mut equal] =
        checks();
    let mut comparison = Comparison::default();
    let mut compared = looked.totals();
    looked.check_unchanged(&mut unchanged, &mut comparison, &mut compared)?;
    looked.check_sources(&mut all_read, &mut are_logs);
    looked.check_ledger(&mut recounted);
    looked.check_rows(Table::Logs, &proven, &mut rows)?;
    looked.check_rows(Table::Rejects, &proven, &mut rejects)?;
    compared.duplicates = proven.count;
    compared.unverifiable_rows = looked.unverifiable_rows();
    match stored.removed.is_empty() {
        true => equal.skipped = Some("no row was removed"),
        false => {
            equal.examined = proven.count + proven.wrong.len() as u64;
            proven.wrong.into_iter().for_each(|wrong| equal.fail(wrong));
        }
    }
    comparison.checks = vec![unchanged, all_read, are_logs, recounted, rows, rejects, equal];
    comparison.renamed.sort();
    comparison.renamed.truncate(MAX_LISTED);
    comparison.unverifiable.sort();
    comparison.unverifiable.truncate(MAX_LISTED);
    comparison.compared = Some(compared);
    Ok(comparison)
}

impl<'a> SourceStates<'a> {
    fn read(stored: &'a StoredContent<'a>, sources: &'a [Source]) -> Result<Self, LakeError> {
        let order = reading_order(sources);
        let parts: Vec<Part> =
            order.iter().map(|source| Part { source: *source as usize, bytes: None }).collect();
        let claimed = Mutex::new(HashMap::new());
        let given = Mutex::new(ProducedRows::new());
        let decide = |part: usize, sha256: &[u8; 32]| {
            let entry = &stored.ledger.entries[*stored.ledger.contents.get(sha256)?];
            let mut claimed = claimed.lock().unwrap_or_else(PoisonError::into_inner);
            let is_first = claimed.insert(*sha256, part).is_none_or(|first| {
                claimed.insert(*sha256, first);
                false
            });
            is_first.then(|| Arc::clone(&entry.log_file))
        };
        let outcomes = scan(sources, &parts, &decide, &stored.lines(&given).as_lines())?;
        let mut looked = Self {
            stored,
            sources,
            outcomes: vec![Outcome::default(); sources.len()],
            read: HashMap::new(),
            contents: HashMap::new(),
            names: HashMap::new(),
            given: ProducedRows::new(),
        };
        for (part, outcome) in parts.iter().zip(outcomes) {
            if let Some(sha256) = outcome.sha256 {
                looked.contents.entry(sha256).or_default().push(part.source);
                if outcome.state.is_some() && outcome.error.is_none() {
                    looked.read.insert(sha256, (*part, outcome.clone()));
                }
            }
            looked.outcomes[part.source] = outcome;
        }
        for (index, source) in sources.iter().enumerate() {
            looked.names.entry(&source.name).or_default().push(index);
        }
        looked.read_beginnings(&given)?;
        looked.given = given.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(looked)
    }

    /// Looks for missing contents as beginnings of files that have grown since, and reads those.
    fn read_beginnings(&mut self, given: &Mutex<ProducedRows>) -> Result<(), LakeError> {
        let mut wanted: HashMap<usize, BTreeSet<(u64, [u8; 32])>> = HashMap::new();
        for entry in &self.stored.ledger.entries {
            let Some(sha256) = entry.sha256.filter(|sha256| !self.read.contains_key(sha256)) else {
                continue;
            };
            let named = self.names.get(&*entry.log_file).into_iter().flatten().copied();
            // The grown file may have another name by now.
            let others = self.stored.ledger.of_name(&entry.log_file);
            let others = others.filter_map(|other| Some(self.read.get(&other.sha256?)?.0.source));
            for source in named.chain(others) {
                if self.outcomes[source].size > entry.size {
                    wanted.entry(source).or_default().insert((entry.size, sha256));
                }
            }
        }
        let look = |(source, wanted): (usize, BTreeSet<(u64, [u8; 32])>)| {
            let wanted: Vec<_> = wanted.into_iter().collect();
            let found = has_beginnings(&self.sources[source], &wanted).unwrap_or_default();
            let found = wanted.into_iter().zip(found).filter(|(_, found)| *found);
            found.map(|((bytes, sha256), _)| (source, bytes, sha256)).collect::<Vec<_>>()
        };
        let found: Vec<Vec<_>> = wanted.into_par_iter().map(look).collect();
        let (mut parts, mut hashes) = (Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        for (source, bytes, sha256) in found.into_iter().flatten() {
            if seen.insert(sha256) {
                parts.push(Part { source, bytes: Some(bytes) });
                hashes.push(sha256);
            }
        }
        if parts.is_empty() {
            return Ok(());
        }
        let ledger = self.stored.ledger;
        let decide = |part: usize, sha256: &[u8; 32]| {
            let wanted = hashes.get(part).filter(|wanted| *wanted == sha256)?;
            Some(Arc::clone(&ledger.entries[*ledger.contents.get(wanted)?].log_file))
        };
        let outcomes = scan(self.sources, &parts, &decide, &self.stored.lines(given).as_lines())?;
        for ((part, sha256), outcome) in parts.into_iter().zip(hashes).zip(outcomes) {
            if outcome.state.is_some() && outcome.error.is_none() {
                self.read.insert(sha256, (part, outcome));
            }
        }
        Ok(())
    }

    fn has(&self, entry: &Entry) -> bool {
        entry.sha256.is_none_or(|sha256| self.read.contains_key(&sha256))
    }

    /// Whether all lines of a name were read.
    fn is_known(&self, name: &str) -> bool {
        self.stored.ledger.of_name(name).all(|entry| self.has(entry))
    }

    fn totals(&self) -> ComparisonSummary {
        let mut compared =
            ComparisonSummary { columns: Column::FILE_COUNT as u64, ..ComparisonSummary::default() };
        for (part, outcome) in self.read.values() {
            // If a file has grown, its beginning is counted with the file.
            compared.sources += u64::from(part.bytes.is_none());
            compared.bytes += if part.bytes.is_none() { outcome.size } else { 0 };
            compared.inflated += outcome.inflated;
            compared.lines += outcome.counts.lines;
            compared.rows += outcome.counts.rows;
            compared.rejects += outcome.counts.rejects;
        }
        compared.copies = self.contents.values().map(|sources| sources.len() as u64 - 1).sum();
        compared
    }

    /// Compares the rows of a table with those that the lines produce.
    fn check_rows(&self, table: Table, proven: &RemovalProof, check: &mut Check) -> Result<(), LakeError> {
        let names: BTreeSet<&Arc<str>> = self.given.keys().chain(self.stored.found.keys()).collect();
        let mut suspects = Vec::new();
        let (mut differing, mut rows) = (0_u64, 0);
        for name in names {
            let (given, stored) = self.sums(table, name, proven);
            check.examined += given.rows.max(stored.rows);
            if given == stored {
                continue;
            }
            let parts = self.parts(name);
            let may_have_more = !self.is_known(name);
            if may_have_more && parts.is_empty() {
                continue; // nothing to compare with; reported elsewhere
            }
            differing += 1;
            if suspects.len() < MAX_DETAILS {
                rows += given.rows.max(stored.rows);
                suspects.push(SuspectSource { name: Arc::clone(name), parts, may_have_more });
            }
        }
        if suspects.is_empty() {
            return Ok(());
        }
        let stored = self.stored;
        let (committed, sound) = if table == Table::Rejects { stored.rejects } else { stored.logs };
        let sides = Sides { sources: self.sources, committed, sound, hasher: stored.hasher, proven, rows };
        let found = inspect(&sides, &suspects)?;
        let (listed, all) = (found.details.len() as u64, found.count);
        found.details.into_iter().for_each(|detail| check.fail(detail));
        check.failures += all.saturating_sub(listed);
        let surely = suspects.iter().filter(|suspect| !suspect.may_have_more).count() as u64;
        if all == 0 && surely > 0 {
            let names: Vec<_> = suspects.iter().map(|suspect| format!("{:?}", suspect.name)).collect();
            check.fail(format!("{}: the rows differ from the lines", names.join(", ")));
        }
        let others = differing - suspects.len() as u64;
        if others > 0 {
            check.failures += others - 1;
            check.details.truncate(MAX_DETAILS - 1);
            check.failures += 1;
            check
                .details
                .push(format!("the rows of {} differ from their lines", counted(others, "more source")));
        }
        Ok(())
    }

    /// The rows that the lines of a name produce, without correctly removed duplicates, and the rows in the table.
    fn sums(&self, table: Table, name: &str, proven: &RemovalProof) -> (Sum, Sum) {
        let given = self.given.get(name).copied().unwrap_or_default();
        let found = self.stored.found.get(name);
        match table {
            Table::Rejects => (given.1, found.map(|found| found.rejects).unwrap_or_default()),
            _ => (given.0.without(proven.sum(name)), found.map(|found| found.rows).unwrap_or_default()),
        }
    }

    /// The parts that contain the lines of a name.
    fn parts(&self, name: &str) -> Vec<(Part, [u8; 32])> {
        let entries = self.stored.ledger.of_name(name);
        let hashes: BTreeSet<[u8; 32]> = entries.filter_map(|entry| entry.sha256).collect();
        hashes.into_iter().filter_map(|sha256| Some((self.read.get(&sha256)?.0, sha256))).collect()
    }

    /// Rows of missing sources: those in the tables beyond what the given sources produce.
    fn unverifiable_rows(&self) -> u64 {
        let unknown = self.stored.found.iter().filter(|(name, _)| !self.is_known(name));
        unknown
            .map(|(name, found)| {
                let given = self.given.get(name).copied().unwrap_or_default();
                let stored = found.rows.rows + found.rejects.rows + found.duplicates;
                stored.saturating_sub(given.0.rows + given.1.rows)
            })
            .sum()
    }
}

/// Receives rows of a table.
type OwnedBatchConsumer<'a> = Box<dyn Fn(&RecordBatch) -> Result<(), LakeError> + Sync + 'a>;

/// Adds what lines produce to the sums.
struct SumUpdater<'a> {
    rows: OwnedBatchConsumer<'a>,
    rejects: OwnedBatchConsumer<'a>,
}

impl SumUpdater<'_> {
    fn as_lines(&self) -> Lines<'_> {
        Lines { rows: &*self.rows, rejects: &*self.rejects }
    }
}

impl StoredContent<'_> {
    fn lines<'s>(&'s self, given: &'s Mutex<ProducedRows>) -> SumUpdater<'s> {
        let add = move |batch: &RecordBatch, are_rows: bool| {
            let rows = Rows::from_batch(batch)?;
            let mut runs = Vec::new();
            each_run(self.hasher, &rows, |name, sum, run| runs.push((name.to_owned(), sum, run)));
            if are_rows && !self.removed.is_empty() {
                for (_, _, run) in &runs {
                    self.removed.note(&rows, run.clone(), batch, self.hasher);
                }
            }
            let mut given = given.lock().unwrap_or_else(PoisonError::into_inner);
            for (name, sum, _) in runs {
                let sums = match given.get_mut(&*name) {
                    Some(sums) => sums,
                    None => given.entry(name.into()).or_default(),
                };
                if are_rows { sums.0.add_sum(sum) } else { sums.1.add_sum(sum) }
            }
            Ok(())
        };
        SumUpdater {
            rows: Box::new(move |batch| add(batch, true)),
            rejects: Box::new(move |batch| add(batch, false)),
        }
    }
}
