//! Do rows taken at random read the same from the raw lines?

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use arrow::util::display::array_value_to_string;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReaderBuilder, RowSelection};
use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};
use saltmine_scan::{Column, ScanOptions, Source, SourceScan};

use super::lines::{Ledger, files_of};
use super::originals::source_path;
use super::{Check, Committed, VerifyOptions};
use crate::error::LakeError;
use crate::table::dataset::DataFile;
use crate::table::layout::Table;

/// Rows held together, and characters of a value that are told.
const BATCH: usize = 1024;
const SHOWN: usize = 80;

/// A row of `logs`.
struct Sampled {
    rows: Arc<RecordBatch>,
    row: usize,
    line: i64,
}

/// What became of a row that was read again.
enum Again {
    Same,
    Wrong(String),
    /// Of a source that has no path, or of an earlier content of a file that has grown.
    Nowhere,
}

pub(super) fn check(tables: &[Committed], ledger: &Ledger, options: &VerifyOptions<'_>, seed: u64) -> Check {
    let mut check = Check::new(
        "rows_read_again",
        "Rows taken at random are, in every column, what their lines in the source files say.",
    );
    let Some(root) = options.source_root else {
        check.skipped = Some("the folder of the sources was not given");
        return check;
    };
    if options.sample == 0 {
        check.skipped = Some("no sample was asked for");
        return check;
    }
    let (rows, unreadable) = sampled(tables, options.sample, seed);
    unreadable.into_iter().for_each(|error| check.examine(Some(error)));
    let sources: Vec<(String, Vec<Sampled>)> = rows.into_iter().collect();
    let found: Vec<Again> = sources
        .into_par_iter()
        .flat_map_iter(|(name, rows)| read_again(root, &name, &rows, ledger))
        .collect();
    for again in found {
        match again {
            Again::Same => check.examine(None),
            Again::Wrong(detail) => check.examine(Some(detail)),
            Again::Nowhere => {}
        }
    }
    if check.examined == 0 {
        check.skipped = Some("no row is of a source with a path below the folder");
    }
    check
}

/// Rows taken at random, by the names of their sources, and what could not be read.
fn sampled(tables: &[Committed], count: u64, seed: u64) -> (BTreeMap<String, Vec<Sampled>>, Vec<String>) {
    let files: Vec<&DataFile> = files_of(tables, Table::Logs).collect();
    let total = files.iter().filter_map(|file| file.rows).sum();
    let chosen = choose(total, count.min(total), &mut fastrand::Rng::with_seed(seed));
    let mut wanted = Vec::with_capacity(files.len());
    let mut start = 0;
    for file in files {
        let rows: Vec<usize> = chosen
            .range(start..start + file.rows.unwrap_or_default())
            .map(|row| (row - start) as usize)
            .collect();
        start += file.rows.unwrap_or_default();
        if !rows.is_empty() {
            wanted.push((file, rows));
        }
    }
    let read: Vec<_> = wanted.par_iter().map(|(file, rows)| read_rows(&file.path, rows)).collect();
    let mut by_source: BTreeMap<String, Vec<Sampled>> = BTreeMap::new();
    let mut unreadable = Vec::new();
    for rows in read {
        match rows {
            Ok(rows) => {
                rows.into_iter().for_each(|(name, row)| by_source.entry(name).or_default().push(row));
            }
            Err(error) => unreadable.push(error.to_string()),
        }
    }
    (by_source, unreadable)
}

/// `count` different numbers below `total`, each as likely as any other (Floyd's way).
fn choose(total: u64, count: u64, random: &mut fastrand::Rng) -> BTreeSet<u64> {
    let mut chosen = BTreeSet::new();
    for last in total - count..total {
        let number = random.u64(0..=last);
        if !chosen.insert(number) {
            chosen.insert(last);
        }
    }
    chosen
}

/// The rows of a file at these positions, which are in order.
fn read_rows(path: &Path, rows: &[usize]) -> Result<Vec<(String, Sampled)>, LakeError> {
    let wrong = LakeError::parquet;
    let file = File::open(path).map_err(LakeError::io("open", path))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(wrong(path))?;
    let total = usize::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or_default();
    let ranges = rows.iter().map(|row| *row..row + 1);
    let selection = RowSelection::from_consecutive_ranges(ranges, total);
    let reader = builder.with_row_selection(selection).with_batch_size(BATCH).build().map_err(wrong(path))?;
    let mut read = Vec::with_capacity(rows.len());
    for batch in reader {
        let batch = Arc::new(batch?);
        let names = super::lines::text(&batch, Column::LogFile.name(), path)?;
        let lines = super::lines::numbers(&batch, Column::LogLine.name(), path)?;
        for (row, (name, line)) in names.as_string_view().iter().zip(lines).enumerate() {
            let name = name.unwrap_or_default().to_owned();
            read.push((name, Sampled { rows: Arc::clone(&batch), row, line }));
        }
    }
    Ok(read)
}

/// Reads the lines of rows in their source file, and compares.
fn read_again(root: &Path, name: &str, rows: &[Sampled], ledger: &Ledger) -> Vec<Again> {
    let Some(path) = source_path(root, name) else {
        return rows.iter().map(|_| Again::Nowhere).collect();
    };
    let has_grown = ledger.names.get(name).is_some_and(|named| named.entries > 1);
    let lines = match read_lines(path, name, rows) {
        Ok(lines) => lines,
        Err(problem) => return vec![Again::Wrong(problem)],
    };
    let compare = |row: &Sampled| {
        let found = lines.get(&row.line).ok_or_else(|| "the file has no such row".to_owned());
        match found.and_then(|found| differs(row, found)) {
            Ok(()) => Again::Same,
            Err(_) if has_grown => Again::Nowhere,
            Err(problem) => Again::Wrong(format!("{name:?} line {}: {problem}", row.line)),
        }
    };
    rows.iter().map(compare).collect()
}

/// The rows of a source file that are wanted, by the numbers of their lines.
fn read_lines(path: PathBuf, name: &str, rows: &[Sampled]) -> Result<BTreeMap<i64, RecordBatch>, String> {
    let wanted: BTreeSet<i64> = rows.iter().map(|row| row.line).collect();
    let last = wanted.last().copied().unwrap_or_default();
    let source = Source::file(path, name.to_owned());
    let projection = Some((0..Column::FILE_COUNT).collect());
    let mut scan =
        SourceScan::open(&source, &ScanOptions { projection, kept_rejects: 0, ..ScanOptions::default() });
    let mut found = BTreeMap::new();
    while let Some(batch) = scan.next_batch().map_err(|error| error.to_string())? {
        let lines = batch.column(Column::LogLine.index()).as_primitive::<Int64Type>();
        for (row, line) in lines.values().iter().enumerate() {
            if wanted.contains(line) {
                found.insert(*line, batch.slice(row, 1));
            }
        }
        if lines.values().last().is_some_and(|line| *line >= last) {
            break;
        }
    }
    Ok(found)
}

/// Compares a row with what its line says now, column by column.
fn differs(row: &Sampled, again: &RecordBatch) -> Result<(), String> {
    for (index, field) in again.schema().fields().iter().enumerate() {
        let stored = row.rows.column_by_name(field.name()).map(|column| column.slice(row.row, 1));
        let stored = stored.ok_or_else(|| format!("the table has no column {}", field.name()))?;
        let read = arrow::compute::cast(again.column(index), stored.data_type())
            .map_err(|error| format!("{}: {error}", field.name()))?;
        if stored.to_data() != read.to_data() {
            let (stored, read) = (shown(&stored), shown(&read));
            return Err(format!("{} is {stored}, the file has {read}", field.name()));
        }
    }
    Ok(())
}

fn shown(value: &dyn Array) -> String {
    if value.is_null(0) {
        return "null".to_owned();
    }
    let text = array_value_to_string(value, 0).unwrap_or_default();
    let cut: String = text.chars().take(SHOWN).collect();
    format!("{cut:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_may_be_chosen_and_none_twice() {
        let mut random = fastrand::Rng::with_seed(1);
        assert_eq!(choose(5, 5, &mut random), (0..5).collect());
        assert!(choose(0, 0, &mut random).is_empty());
        let mut seen = BTreeSet::new();
        for _ in 0..200 {
            let chosen = choose(10, 3, &mut random);
            assert_eq!(chosen.len(), 3);
            seen.extend(chosen);
        }
        assert_eq!(seen, (0..10).collect());
    }
}
