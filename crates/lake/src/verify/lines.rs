//! Is every line of every source accounted for, once?

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::{Check, Committed, Incomplete, Totals};
use crate::error::LakeError;
use crate::storage::path::{hex, unhex};
use crate::table::dataset::DataFile;
use crate::table::layout::Table;
use crate::table::ledger::SAME;

/// Sources that are not complete which a report names.
const SHOWN: usize = 100;

/// What the ledger says of the sources of one name. A name may stand for several contents: a file that has grown
/// between runs, or files of several roots.
#[derive(Default)]
pub(super) struct Named {
    pub(super) hashes: Vec<[u8; 32]>,
    pub(super) entries: u64,
    lines: u64,
    rows: u64,
    rejects: u64,
}

/// The ledger by names.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) names: HashMap<String, Named>,
    totals: Totals,
    incomplete: Vec<Incomplete>,
    uneven: Vec<String>,
    repeated: Vec<String>,
    unreadable: Vec<String>,
}

/// What was found in the tables of the lines of one name.
#[derive(Default)]
struct Found {
    rows: u64,
    rejects: u64,
    /// Rows that were removed as equal to another one.
    duplicates: u64,
    /// Bit `n` is set when line `n` was met.
    seen: Vec<u64>,
    twice: u64,
    first_twice: Option<i64>,
    outside: u64,
}

impl Ledger {
    /// Reads the ledger. What cannot be read is remembered, and fails a check.
    pub(super) fn read(tables: &[Committed]) -> Ledger {
        let mut ledger = Ledger::default();
        let mut hashes = HashMap::new();
        for file in paths_of(tables, Table::Sources) {
            if let Err(error) = ledger.read_file(file, &mut hashes) {
                ledger.unreadable.push(error.to_string());
            }
        }
        ledger
    }

    pub(super) fn totals(&self) -> Totals {
        self.totals.clone()
    }

    /// The first of the sources that could not be read whole.
    pub(super) fn incomplete(&self) -> Vec<Incomplete> {
        let mut incomplete = self.incomplete.clone();
        incomplete.sort();
        incomplete.truncate(SHOWN);
        incomplete
    }

    /// One hash for all that was read.
    pub(super) fn fingerprint(&self) -> String {
        let line = |(name, sha256): (&String, &[u8; 32])| format!("{}  {name}\n", hex(sha256));
        let contents =
            self.names.iter().flat_map(|(name, named)| named.hashes.iter().map(move |hash| (name, hash)));
        let mut lines: Vec<String> = contents.map(line).collect();
        lines.sort();
        super::fingerprint(lines.into_iter())
    }

    fn read_file(&mut self, path: &Path, hashes: &mut HashMap<[u8; 32], String>) -> Result<(), LakeError> {
        let columns = ["log_file", "sha256", "state", "problem", "lines", "rows", "rejects", "blanks"];
        read_columns(path, &columns, |batch| {
            let name = text(batch, "log_file", path)?;
            let sha256 = text(batch, "sha256", path)?;
            let (state, problem) = (text(batch, "state", path)?, text(batch, "problem", path)?);
            let (state, problem) = (state.as_string_view(), problem.as_string_view());
            let counts = ["lines", "rows", "rejects", "blanks"].map(|column| numbers(batch, column, path));
            let [lines, rows, rejects, blanks] = counts;
            let (lines, rows, rejects, blanks) = (lines?, rows?, rejects?, blanks?);
            for row in 0..batch.num_rows() {
                let name = name.as_string_view().value(row);
                let count = |column: &[i64]| u64::try_from(column[row]).unwrap_or_default();
                let is_complete = matches!(state.value(row), "complete" | SAME);
                if !is_complete {
                    self.incomplete.push(Incomplete {
                        log_file: name.to_owned(),
                        state: state.value(row).to_owned(),
                        problem: problem.is_valid(row).then(|| problem.value(row).to_owned()),
                    });
                }
                let entry = Totals {
                    sources: 1,
                    lines: count(&lines),
                    rows: count(&rows),
                    rejects: count(&rejects),
                    blanks: count(&blanks),
                    incomplete: u64::from(!is_complete),
                };
                let sha256 = sha256.as_string_view();
                let sha256 = sha256.is_valid(row).then(|| unhex(sha256.value(row))).flatten();
                if let Some(other) = sha256.and_then(|sha256| hashes.insert(sha256, name.to_owned())) {
                    self.repeated.push(format!("{name:?} and {other:?} have the same content"));
                }
                self.add(name, &entry, sha256);
            }
            Ok(())
        })
    }

    fn add(&mut self, name: &str, entry: &Totals, sha256: Option<[u8; 32]>) {
        let Totals { lines, rows, rejects, blanks, .. } = *entry;
        if lines != rows + rejects + blanks {
            self.uneven.push(format!(
                "{name:?}: {lines} lines, but {rows} rows, {rejects} rejects and {blanks} blanks"
            ));
        }
        let totals = &mut self.totals;
        totals.sources += 1;
        totals.lines += lines;
        totals.rows += rows;
        totals.rejects += rejects;
        totals.blanks += blanks;
        totals.incomplete += entry.incomplete;
        let named = self.names.entry(name.to_owned()).or_default();
        named.entries += 1;
        named.lines += lines;
        named.rows += rows;
        named.rejects += rejects;
        named.hashes.extend(sha256);
    }
}

pub(super) fn check(tables: &[Committed], ledger: &Ledger) -> Vec<Check> {
    let found = Mutex::new(HashMap::new());
    let mut readable = Check::new("tables_readable", "Every Parquet file that is as committed can be read.");
    readable.examined = paths_of(tables, Table::Sources).count() as u64;
    ledger.unreadable.iter().for_each(|detail| readable.fail(detail.clone()));
    for table in [Table::Logs, Table::Rejects, Table::Duplicates] {
        let files: Vec<&Path> = paths_of(tables, table).collect();
        let errors: Vec<_> =
            files.par_iter().map(|path| tally_file(path, table, ledger, &found).err()).collect();
        errors.into_iter().for_each(|error| readable.examine(error.map(|error| error.to_string())));
    }
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);

    let mut even = Check::new("counts_add_up", "In every source the lines are the rows, rejects and blanks.");
    even.examined = ledger.totals.sources;
    ledger.uneven.iter().for_each(|detail| even.fail(detail.clone()));

    let mut once = Check::new("contents_once", "No content was read twice.");
    once.examined = ledger.totals.sources;
    ledger.repeated.iter().for_each(|detail| once.fail(detail.clone()));

    vec![readable, even, once, check_counts(ledger, &found), check_lines(&found), check_kept(tables)]
}

fn check_counts(ledger: &Ledger, found: &HashMap<String, Found>) -> Check {
    let mut check = Check::new(
        "lines_accounted_for",
        "Every source has as many rows in logs (and in duplicates) and in rejects as the ledger says, and no row is of \
         another source.",
    );
    let mut names: Vec<_> = ledger.names.iter().collect();
    names.sort_by_key(|(name, _)| *name);
    let nothing = Found::default();
    for (name, named) in names {
        let found = found.get(name).unwrap_or(&nothing);
        let right = (found.rows + found.duplicates, found.rejects) == (named.rows, named.rejects);
        check.examine((!right).then(|| {
            format!(
                "{name:?}: {} rows, {} duplicates and {} rejects, the ledger says {} and {}",
                found.rows, found.duplicates, found.rejects, named.rows, named.rejects
            )
        }));
    }
    let mut unknown: Vec<_> = found.iter().filter(|(name, _)| !ledger.names.contains_key(*name)).collect();
    unknown.sort_by_key(|(name, _)| *name);
    for (name, found) in unknown {
        let (rows, rejects) = (found.rows, found.rejects);
        check.examine(Some(format!("{name:?}: {rows} rows and {rejects} rejects, but not in the ledger")));
    }
    check
}

fn check_lines(found: &HashMap<String, Found>) -> Check {
    let mut check = Check::new(
        "no_line_twice",
        "No line of a source is twice among the rows, duplicates and rejects, and none is beyond the source's end.",
    );
    let mut names: Vec<_> = found.iter().collect();
    names.sort_by_key(|(name, _)| *name);
    for (name, found) in names {
        check.examined += found.rows + found.rejects + found.duplicates;
        if let Some(line) = found.first_twice {
            check.fail(format!("{name:?}: {} lines are doubled, such as line {line}", found.twice));
        }
        if found.outside > 0 {
            check
                .fail(format!("{name:?}: {} rows have a line number that the source has not", found.outside));
        }
    }
    check
}

/// Is what was removed as equal to another row equal to one that is there, or was removed for an earlier one?
fn check_kept(tables: &[Committed]) -> Check {
    let mut check = Check::new(
        "duplicates_are_kept",
        "Every row that was removed as doubled names a row that is kept, or was removed in its turn for an earlier one.",
    );
    if files_of(tables, Table::Duplicates).next().is_none() {
        check.skipped = Some("no row was removed");
        return check;
    }
    if let Err(error) = look_for_kept(tables, &mut check) {
        check.fail(error.to_string());
    }
    check
}

fn look_for_kept(tables: &[Committed], check: &mut Check) -> Result<(), LakeError> {
    /// By file and line.
    type Places = HashMap<String, BTreeSet<i64>>;
    let mut wanted = Places::new();
    let mut chained = Places::new();
    for path in paths_of(tables, Table::Duplicates) {
        let columns = ["log_file", "log_line", "same_as_file", "same_as_line"];
        read_columns(path, &columns, |batch| {
            let (file, line) = (text(batch, columns[0], path)?, numbers(batch, columns[1], path)?);
            let (same, same_line) = (text(batch, columns[2], path)?, numbers(batch, columns[3], path)?);
            let (file, same) = (file.as_string_view(), same.as_string_view());
            for row in 0..batch.num_rows() {
                let (gone, kept) = ((file.value(row), line[row]), (same.value(row), same_line[row]));
                check.examine(
                    (kept > gone).then(|| format!("{gone:?} was removed for {kept:?}, a later line")),
                );
                wanted.entry(kept.0.to_owned()).or_default().insert(kept.1);
                if kept < gone {
                    chained.entry(gone.0.to_owned()).or_default().insert(gone.1);
                }
            }
            Ok(())
        })?;
    }
    // Each step of a chain leads to an earlier line, so that every chain ends, in a row that is there.
    for (name, lines) in &chained {
        if let Some(wanted) = wanted.get_mut(name) {
            wanted.retain(|line| !lines.contains(line));
        }
    }
    for path in paths_of(tables, Table::Logs) {
        read_columns(path, &["log_file", "log_line"], |batch| {
            let (names, lines) = (text(batch, "log_file", path)?, numbers(batch, "log_line", path)?);
            for (name, line) in names.as_string_view().iter().flatten().zip(lines) {
                if let Some(wanted) = wanted.get_mut(name) {
                    wanted.remove(&line);
                }
            }
            Ok(())
        })?;
    }
    let mut missing: Vec<_> = wanted.into_iter().filter(|(_, lines)| !lines.is_empty()).collect();
    missing.sort();
    for (name, lines) in missing {
        lines
            .into_iter()
            .for_each(|line| check.fail(format!("{name:?} line {line} is to be kept, and is gone")));
    }
    Ok(())
}

fn tally_file(
    path: &Path,
    table: Table,
    ledger: &Ledger,
    found: &Mutex<HashMap<String, Found>>,
) -> Result<(), LakeError> {
    read_columns(path, &["log_file", "log_line"], |batch| {
        let names = text(batch, "log_file", path)?;
        let names = names.as_string_view();
        let lines = numbers(batch, "log_line", path)?;
        // Lines of a source mostly follow one another, so that the map is asked once for many of them.
        let mut start = 0;
        while start < lines.len() {
            let name = names.value(start);
            let length = (start..lines.len()).take_while(|row| names.value(*row) == name).count();
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            let entry = match found.get_mut(name) {
                Some(entry) => entry,
                None => found.entry(name.to_owned()).or_default(),
            };
            entry.add(table, &lines[start..start + length], ledger.names.get(name));
            start += length;
        }
        Ok(())
    })
}

impl Found {
    fn add(&mut self, table: Table, lines: &[i64], named: Option<&Named>) {
        let count = lines.len() as u64;
        match table {
            Table::Logs => self.rows += count,
            Table::Duplicates => self.duplicates += count,
            Table::Rejects | Table::Sources => self.rejects += count,
        }
        // Line numbers of several contents under one name may rightly be the same.
        let Some(named) = named.filter(|named| named.entries == 1) else { return };
        for &line in lines {
            match usize::try_from(line).ok().filter(|_| line > 0 && line as u64 <= named.lines) {
                Some(bit) => self.mark(bit, line),
                None => self.outside += 1,
            }
        }
    }

    fn mark(&mut self, bit: usize, line: i64) {
        let (word, mask) = (bit / 64, 1 << (bit % 64));
        if word >= self.seen.len() {
            self.seen.resize(word + 1, 0);
        }
        if self.seen[word] & mask != 0 {
            self.twice += 1;
            self.first_twice.get_or_insert(line);
        }
        self.seen[word] |= mask;
    }
}

pub(super) fn files_of(tables: &[Committed], table: Table) -> impl Iterator<Item = &DataFile> {
    let tables = tables.iter().filter(move |committed| committed.table == table);
    tables.flat_map(|committed| &committed.files)
}

fn paths_of(tables: &[Committed], table: Table) -> impl Iterator<Item = &Path> {
    files_of(tables, table).map(|file| file.path.as_path())
}

fn read_columns(
    path: &Path,
    columns: &[&str],
    mut each: impl FnMut(&RecordBatch) -> Result<(), LakeError>,
) -> Result<(), LakeError> {
    let file = File::open(path).map_err(LakeError::io("open", path))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(LakeError::parquet(path))?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
    let reader = builder.with_projection(mask).with_batch_size(32_768).build();
    for batch in reader.map_err(LakeError::parquet(path))? {
        each(&batch?)?;
    }
    Ok(())
}

fn column<'a>(
    batch: &'a RecordBatch,
    name: &str,
    path: &Path,
) -> Result<&'a arrow::array::ArrayRef, LakeError> {
    batch
        .column_by_name(name)
        .ok_or_else(|| LakeError::Foreign { path: path.to_path_buf(), problem: format!("no column {name}") })
}

pub(super) fn text(
    batch: &RecordBatch,
    name: &str,
    path: &Path,
) -> Result<arrow::array::ArrayRef, LakeError> {
    Ok(arrow::compute::cast(column(batch, name, path)?, &DataType::Utf8View)?)
}

/// The values of a column of integers; null is 0.
pub(super) fn numbers(batch: &RecordBatch, name: &str, path: &Path) -> Result<Vec<i64>, LakeError> {
    let array = arrow::compute::cast(column(batch, name, path)?, &DataType::Int64)?;
    Ok(array.as_primitive::<Int64Type>().iter().map(Option::unwrap_or_default).collect())
}
