//! The content of the tables for each source: the number of rows and rejects, their lines, and the sums of
//! their hashes.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;

use super::ledger::Ledger;
use super::line_set::LineSet;
use super::removed::RemovedRows;
use super::report::Check;
use super::row_hash::{RowHasher, Rows, Sum};
use crate::counted::counted;
use crate::error::LakeError;
use crate::table::layout::Table;

thread_local! {
    /// The encoding of a row to be hashed.
    static MEMORY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The sums of a batch, for each run of rows with the same source.
pub(super) fn each_run(
    hasher: &RowHasher,
    rows: &Rows<'_>,
    mut each: impl FnMut(&str, Sum, std::ops::Range<usize>),
) {
    MEMORY.with_borrow_mut(|memory| {
        let mut start = 0;
        while start < rows.len() {
            let end = rows.run(start);
            let mut sum = Sum::default();
            (start..end).for_each(|row| sum.add(hasher.row(rows, row, memory)));
            each(rows.name(start), sum, start..end);
            start = end;
        }
    });
}

/// The rows of one source in the tables.
#[derive(Debug, Default)]
pub(super) struct SourceRows {
    pub(super) rows: Sum,
    pub(super) rejects: Sum,
    /// Rows that were removed as duplicates.
    pub(super) duplicates: u64,
    lines: LineSet,
    outside: u64,
}

/// The rows in the tables, by source name.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<HashMap<Arc<str>, SourceRows>>);

impl Tally {
    /// Adds rows of `logs` or `rejects`.
    pub(super) fn add(
        &self,
        table: Table,
        batch: &RecordBatch,
        hasher: &RowHasher,
        ledger: &Ledger,
        removed: &RemovedRows,
    ) -> Result<(), LakeError> {
        let rows = Rows::from_batch(batch)?;
        let mut runs = Vec::new();
        each_run(hasher, &rows, |name, sum, range| runs.push((name.to_owned(), sum, range)));
        if table == Table::Logs && !removed.is_empty() {
            runs.iter().for_each(|(_, _, run)| removed.note_stored(&rows, run.clone()));
        }
        let mut all = self.lock();
        for (name, sum, range) in runs {
            let found = entry(&mut all, &name);
            match table {
                Table::Rejects => found.rejects.add_sum(sum),
                _ => found.rows.add_sum(sum),
            }
            found.note(range.map(|row| rows.line(row)), &name, ledger);
        }
        Ok(())
    }

    /// Adds the removed rows.
    pub(super) fn add_removed(&self, removed: &RemovedRows, ledger: &Ledger) {
        let mut all = self.lock();
        for (name, line) in removed.removed_lines() {
            let found = entry(&mut all, name);
            found.duplicates += 1;
            found.note(std::iter::once(line), name, ledger);
        }
    }

    pub(super) fn into_inner(self) -> HashMap<Arc<str>, SourceRows> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<str>, SourceRows>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn entry<'a>(all: &'a mut HashMap<Arc<str>, SourceRows>, name: &str) -> &'a mut SourceRows {
    if !all.contains_key(name) {
        all.insert(name.into(), SourceRows::default());
    }
    all.entry(name.into()).or_default()
}

impl SourceRows {
    /// Records line numbers. A source that the ledger does not know has no last line; it is reported by name.
    fn note(&mut self, lines: impl Iterator<Item = i64>, name: &str, ledger: &Ledger) {
        if !ledger.names.contains_key(name) {
            return;
        }
        let (most, last) = ledger.lines_of(name);
        let mut run: Option<(i64, i64)> = None;
        for line in lines {
            if !u64::try_from(line).is_ok_and(|line| line > 0 && line <= last) {
                self.outside += 1;
                continue;
            }
            match &mut run {
                Some((_, end)) if line == *end + 1 => *end = line,
                _ => {
                    if let Some((start, end)) = run.replace((line, line)) {
                        self.lines.add(start, end, most);
                    }
                }
            }
        }
        if let Some((start, end)) = run {
            self.lines.add(start, end, most);
        }
    }
}

/// Compares the tables with the ledger.
pub(super) fn checks(ledger: &Ledger, found: &HashMap<Arc<str>, SourceRows>) -> Vec<Check> {
    vec![check_counts(ledger, found), check_lines(found)]
}

fn check_counts(ledger: &Ledger, found: &HashMap<Arc<str>, SourceRows>) -> Check {
    let mut check = Check::new(
        "lines_accounted_for",
        "Every source has as many rows in logs (and in duplicates) and in rejects as the ledger says, and no row belongs to \
         another source.",
    );
    let mut names: Vec<&Arc<str>> = ledger.names.keys().collect();
    names.sort();
    let nothing = SourceRows::default();
    for name in names {
        let found = found.get(name).unwrap_or(&nothing);
        let (mut rows, mut rejects) = (0_u64, 0_u64);
        for entry in ledger.of_name(name) {
            rows = rows.saturating_add(entry.rows);
            rejects = rejects.saturating_add(entry.rejects);
        }
        let right = (found.rows.rows + found.duplicates, found.rejects.rows) == (rows, rejects);
        check.examine((!right).then(|| {
            format!(
                "{name:?}: {}, {} and {}, but the ledger says {} and {}",
                counted(found.rows.rows, "row"),
                counted(found.duplicates, "duplicate"),
                counted(found.rejects.rows, "reject"),
                counted(rows, "row"),
                counted(rejects, "reject")
            )
        }));
    }
    let mut unknown: Vec<_> = found.iter().filter(|(name, _)| !ledger.names.contains_key(*name)).collect();
    unknown.sort_by_key(|(name, _)| *name);
    for (name, found) in unknown {
        let (rows, rejects) = (found.rows.rows, found.rejects.rows);
        let counts = format!("{} and {}", counted(rows, "row"), counted(rejects, "reject"));
        check.examine(Some(format!("{name:?}: {counts}, but not in the ledger")));
    }
    check
}

fn check_lines(found: &HashMap<Arc<str>, SourceRows>) -> Check {
    let mut check = Check::new(
        "no_line_twice",
        "No line of a source occurs twice among the rows, duplicates and rejects, and none is beyond the end of the source.",
    );
    let mut names: Vec<_> = found.iter().collect();
    names.sort_by_key(|(name, _)| *name);
    for (name, found) in names {
        check.examined += found.rows.rows + found.rejects.rows + found.duplicates;
        if let Some(line) = found.lines.example {
            let twice = match found.lines.doubled {
                1 => format!("line {line} occurs twice"),
                count => format!("{count} lines occur twice, such as line {line}"),
            };
            check.fail(format!("{name:?}: {twice}"));
        }
        if found.outside > 0 {
            let outside = match found.outside {
                1 => "1 row has a line number".to_owned(),
                count => format!("{count} rows have line numbers"),
            };
            check.fail(format!("{name:?}: {outside} that the source does not have"));
        }
    }
    check
}
