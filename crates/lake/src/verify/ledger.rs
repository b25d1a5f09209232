//! The ledger's statements about the sources. They are claims, which are compared with the tables and, if
//! given, with the sources.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use sha2::{Digest, Sha256};

use super::report::{self, Check, IncompleteSource, Totals};
use crate::counted::counted;
use crate::error::LakeError;
use crate::storage::path::{hex, unhex};
use crate::table::ledger::SAME;

/// The maximum number of incomplete sources that a report lists.
const MAX_INCOMPLETE: usize = 100;
/// States in which a source may lack a hash because nothing was read from it.
const WITHOUT_HASH: [&str; 2] = ["unreadable", SAME];
const STATES: [&str; 6] = ["complete", "truncated", "damaged", "unreadable", "not_a_log", SAME];

/// A row of the ledger.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub(super) log_file: Arc<str>,
    pub(super) sha256: Option<[u8; 32]>,
    pub(super) size: u64,
    pub(super) inflated: u64,
    pub(super) lines: u64,
    pub(super) rows: u64,
    pub(super) rejects: u64,
    pub(super) blanks: u64,
    pub(super) state: String,
    pub(super) problem: Option<String>,
    pub(super) first_time: Option<i64>,
    pub(super) last_time: Option<i64>,
}

/// The ledger, by content and by name.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) entries: Vec<Entry>,
    /// The row that has a content.
    pub(super) contents: HashMap<[u8; 32], usize>,
    /// The rows that have a name. A name may stand for several contents: a file that has grown between runs,
    /// or files in several folders.
    pub(super) names: HashMap<Arc<str>, Vec<usize>>,
    /// The versions of saltmine that wrote it.
    pub(super) versions: HashSet<String>,
    impossible: Vec<String>,
    repeated: Vec<String>,
}

impl Ledger {
    /// Adds rows of the table `sources`.
    pub(super) fn add(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        let text = |name: &str| batch.column_by_name(name).map(|column| column.as_string_view());
        let numbers =
            |name: &str| batch.column_by_name(name).map(|column| column.as_primitive::<Int64Type>());
        let times = |name: &str| {
            let column = batch.column_by_name(name)?.as_primitive::<TimestampMicrosecondType>();
            Some(column)
        };
        let (Some(name), Some(sha256), Some(state), Some(problem), Some(version)) =
            (text("log_file"), text("sha256"), text("state"), text("problem"), text("saltmine_version"))
        else {
            return Ok(()); // the file's columns were already compared with the table's
        };
        let counts = ["size", "inflated_size", "lines", "rows", "rejects", "blanks"];
        let columns = counts.map(numbers);
        let (first, last) = (times("first_time"), times("last_time"));
        for row in 0..batch.num_rows() {
            let value = |column: &arrow::array::StringViewArray| {
                column.is_valid(row).then(|| column.value(row).to_owned())
            };
            let log_file: Arc<str> = value(name).unwrap_or_default().into();
            let mut read = [0; 6];
            for ((to, column), what) in read.iter_mut().zip(&columns).zip(counts) {
                let number = column.filter(|column| column.is_valid(row)).map(|column| column.value(row));
                match number.map(u64::try_from) {
                    Some(Ok(number)) => *to = number,
                    _ => self.impossible.push(format!("{log_file:?}: {what} is {number:?}")),
                }
            }
            let time = |column: Option<&arrow::array::TimestampMicrosecondArray>| {
                column.filter(|column| column.is_valid(row)).map(|column| column.value(row))
            };
            let [size, inflated, lines, rows, rejects, blanks] = read;
            let digits = value(sha256);
            let hash = digits.as_deref().and_then(unhex);
            if digits.is_some() && hash.is_none() {
                self.impossible.push(format!("{log_file:?}: sha256 is not 64 hexadecimal digits"));
            }
            self.versions.extend(value(version));
            self.push(Entry {
                log_file,
                sha256: hash,
                size,
                inflated,
                lines,
                rows,
                rejects,
                blanks,
                state: value(state).unwrap_or_default(),
                problem: value(problem),
                first_time: time(first),
                last_time: time(last),
            });
        }
        Ok(())
    }

    fn push(&mut self, entry: Entry) {
        let name = &entry.log_file;
        let Entry { lines, rows, rejects, blanks, .. } = entry;
        if u128::from(lines) != u128::from(rows) + u128::from(rejects) + u128::from(blanks) {
            self.impossible.push(format!(
                "{name:?}: {}, but {}, {} and {}",
                counted(lines, "line"),
                counted(rows, "row"),
                counted(rejects, "reject"),
                counted(blanks, "blank")
            ));
        }
        if !STATES.contains(&entry.state.as_str()) {
            self.impossible.push(format!("{name:?}: state is {:?}", entry.state));
        }
        if entry.sha256.is_none() && (lines > 0 || !WITHOUT_HASH.contains(&entry.state.as_str())) {
            self.impossible.push(format!("{name:?}: {}, but no hash", counted(lines, "line")));
        }
        let index = self.entries.len();
        if let Some(sha256) = entry.sha256 {
            if let Some(other) = self.contents.get(&sha256) {
                let other = &self.entries[*other].log_file;
                self.repeated.push(format!("{name:?} and {other:?} have the same content"));
            } else {
                self.contents.insert(sha256, index);
            }
        }
        self.names.entry(Arc::clone(name)).or_default().push(index);
        self.entries.push(entry);
    }

    /// The rows with a name.
    pub(super) fn of_name(&self, name: &str) -> impl Iterator<Item = &Entry> {
        self.names.get(name).into_iter().flatten().map(|index| &self.entries[*index])
    }

    /// How often a line may occur among the rows of a name, and the last line number.
    pub(super) fn lines_of(&self, name: &str) -> (usize, u64) {
        let entries = self.of_name(name).filter(|entry| entry.lines > 0);
        entries.fold((0, 0), |(count, most), entry| (count + 1, most.max(entry.lines)))
    }

    pub(super) fn is_complete(entry: &Entry) -> bool {
        matches!(entry.state.as_str(), "complete" | SAME)
    }

    pub(super) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for entry in &self.entries {
            let add = |to: &mut u64, count: u64| *to = to.saturating_add(count);
            totals.sources += 1;
            add(&mut totals.lines, entry.lines);
            add(&mut totals.rows, entry.rows);
            add(&mut totals.rejects, entry.rejects);
            add(&mut totals.blanks, entry.blanks);
            totals.incomplete += u64::from(!Self::is_complete(entry));
        }
        totals
    }

    /// The first sources that could not be read completely.
    pub(super) fn incomplete(&self) -> Vec<IncompleteSource> {
        let incomplete = self.entries.iter().filter(|entry| !Self::is_complete(entry));
        let mut incomplete: Vec<IncompleteSource> = incomplete
            .map(|entry| IncompleteSource {
                log_file: entry.log_file.to_string(),
                state: entry.state.clone(),
                problem: entry.problem.clone(),
            })
            .collect();
        incomplete.sort();
        incomplete.truncate(MAX_INCOMPLETE);
        incomplete
    }

    /// One hash over everything that was read.
    pub(super) fn fingerprint(&self) -> String {
        let line = |entry: &Entry| Some(format!("{}  {}\n", hex(&entry.sha256?), entry.log_file));
        let mut lines: Vec<String> = self.entries.iter().filter_map(line).collect();
        lines.sort();
        fingerprint(lines.into_iter())
    }

    pub(super) fn checks(&self) -> Vec<Check> {
        let count = self.entries.len() as u64;
        let mut even = Check::new(
            "counts_add_up",
            "In every ledger row, the lines are the sum of rows, rejects and blanks, and only sources that were read have lines.",
        );
        even.examined = count;
        self.impossible.iter().for_each(|detail| even.fail(detail.clone()));
        let mut once = report::Check::new("contents_once", "No content was read twice.");
        once.examined = count;
        self.repeated.iter().for_each(|detail| once.fail(detail.clone()));
        vec![even, once]
    }
}

/// SHA-256 over lines as printed by `sha256sum`.
pub(super) fn fingerprint(lines: impl Iterator<Item = String>) -> String {
    let mut hash = Sha256::new();
    lines.for_each(|line| hash.update(line));
    hex(&hash.finalize())
}
