//! Forgeries of a dataset by someone who can write to all of it but to none of its sources, and who
//! recomputes every hash, size, count and statistic. Each forgery must be found and named.

#![allow(clippy::unwrap_used)]

#[path = "../forger/mod.rs"]
mod forger;

mod files;
mod ledger;
mod rejects;
mod rows;
mod statistics;

use std::fs;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::{concat_batches, filter_record_batch};
use forger::{Case, add, details, failed, gzip, line, parquet, read, row_of, text, with};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::column::writer::ColumnCloseResult;
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use saltmine_lake::{CompactOptions, Table, compact};
use serde_json::{Value, json};

fn lines(range: std::ops::Range<usize>) -> String {
    range.map(|number| line(number) + "\n").collect()
}

/// Four sources: one has grown, one repeats lines of another, and all have a reject.
fn base() -> Case {
    let case = Case::new();
    case.write("log-0", format!("{}no log line\n\n{}", lines(0..20), lines(20..58)));
    let mut bytes = lines(100..150).into_bytes();
    bytes.extend(b"no \xFF line\n");
    case.write("log-1.gz", gzip(&bytes));
    case.write("log-2", lines(200..230));
    case.write("log-3", lines(0..10) + &lines(300..320));
    case.ingest();
    case.write("log-2", lines(200..245));
    case.ingest();
    compact(&case.dataset(), &CompactOptions { dedup: true, ..Default::default() }, &|| {}).unwrap();
    case
}

/// A forgery: the change, the check that must at least find it, and a part of that check's details.
struct Forgery {
    name: &'static str,
    forge: fn(&Case),
    check: &'static str,
    says: &'static str,
}

const HIDDEN: &str = "arn:aws:iam::111122223333:user/innocent";

fn forgeries() -> Vec<Forgery> {
    let all = [
        rows::forgeries(),
        ledger::forgeries(),
        rejects::forgeries(),
        statistics::forgeries(),
        files::forgeries(),
    ];
    all.into_iter().flatten().collect()
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;

    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Adds a ledger row of a source with `lines` lines, of which `rows` are rows and the others blank.
fn plant(case: &Case, name: &str, sha256: &str, lines: i64, rows: i64) {
    let size = fs::metadata(case.logs().join(name)).map_or(100, |metadata| metadata.len());
    case.edit_ledger(|ledger| {
        let mut row = ledger.slice(0, 1);
        let values = [
            ("log_file", json!(name)),
            ("sha256", json!(sha256)),
            ("size", json!(size)),
            ("inflated_size", json!(size)),
            ("lines", json!(lines)),
            ("rows", json!(rows)),
            ("rejects", json!(0)),
            ("blanks", json!(lines - rows)),
        ];
        for (column, value) in &values {
            row = with(&row, 0, column, value);
        }
        concat_batches(&ledger.schema(), &[ledger, row]).unwrap()
    });
}

/// Removes a source from the ledger.
fn forget(case: &Case, name: &str) {
    case.edit_ledger(|ledger| {
        let kept: BooleanArray =
            (0..ledger.num_rows()).map(|row| Some(text(&ledger, "log_file", row) != Some(name))).collect();
        filter_record_batch(&ledger, &kept).unwrap()
    });
}

/// Adds a copy of a row as another line.
fn copy_row(case: &Case, name: &str, line: i64, to_name: &str, to_line: i64) {
    let index = case.file_of(Table::Logs, name, line);
    let batch = case.rows(Table::Logs, index);
    let row = batch.slice(row_of(&batch, name, line).unwrap(), 1);
    let row = with(&with(&row, 0, "log_file", &json!(to_name)), 0, "log_line", &json!(to_line));
    case.replace(Table::Logs, index, &concat_batches(&batch.schema(), &[batch.clone(), row]).unwrap());
}

/// Declares a row a duplicate.
fn declare(case: &Case, name: &str, line: i64, same: &str, same_line: i64) {
    let batch = case.rows(Table::Duplicates, 0);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec![name])),
        Arc::new(Int64Array::from(vec![line])),
        Arc::new(StringArray::from(vec![same])),
        Arc::new(Int64Array::from(vec![same_line])),
    ];
    let row = RecordBatch::try_new(batch.schema(), columns).unwrap();
    case.replace(Table::Duplicates, 0, &concat_batches(&batch.schema(), &[batch.clone(), row]).unwrap());
}

fn renamed(batch: &RecordBatch, names: &[(&str, &str)]) -> RecordBatch {
    let mut changed = batch.clone();
    for row in 0..batch.num_rows() {
        let name = text(batch, "log_file", row).unwrap();
        if let Some((_, to)) = names.iter().find(|(from, _)| *from == name) {
            changed = with(&changed, row, "log_file", &json!(to));
        }
    }
    changed
}

fn rename(case: &Case, table: Table, names: &[(&str, &str)]) {
    for index in 0..case.dataset().files(table).unwrap().len() {
        // The order of files may change when they are replaced; at worst a row is renamed twice, which a test
        // would notice.
        let batch = case.rows(table, index);
        case.replace(table, index, &renamed(&batch, names));
    }
}

/// Rewrites a table's first file, page by page, with changed metadata for each column.
fn forge_file(case: &Case, table: Table, forge: impl Fn(&str, &mut ColumnCloseResult)) {
    let path = case.dataset().files(table).unwrap().remove(0).path;
    let file = bytes::Bytes::from(fs::read(path).unwrap());
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file.clone(), options).unwrap();
    let metadata = builder.metadata();
    let schema = metadata.file_metadata().schema_descr().root_schema_ptr();
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    for (number, group) in metadata.row_groups().iter().enumerate() {
        let mut rows = writer.next_row_group().unwrap();
        for (column, chunk) in group.columns().iter().enumerate() {
            let column_index = metadata.column_index().map(|index| index[number][column].clone());
            let mut close = ColumnCloseResult {
                bytes_written: chunk.compressed_size() as u64,
                rows_written: group.num_rows() as u64,
                metadata: chunk.clone(),
                bloom_filter: builder.get_row_group_column_bloom_filter(number, column).unwrap(),
                column_index: column_index.filter(|index| !matches!(index, ColumnIndexMetaData::NONE)),
                offset_index: metadata.offset_index().map(|index| index[number][column].clone()),
            };
            forge(&chunk.column_path().string(), &mut close);
            rows.append_column(&file, close).unwrap();
        }
        rows.close().unwrap();
    }
    case.replace_bytes(table, 0, &writer.into_inner().unwrap());
}

#[test]
fn every_forgery_is_found_and_named() {
    let base = base();
    let honest = base.verify();
    assert_eq!(failed(&honest), Vec::<&str>::new(), "{}", details(&honest));
    assert!(honest.compared.unwrap().duplicates >= 40);
    let forgeries = forgeries();
    let mut missed = Vec::new();
    for (index, Forgery { name, forge, check, says }) in forgeries.iter().enumerate() {
        let case = base.copy();
        forge(&case);
        let (by, output) = match case.try_verify() {
            Ok(report) => (failed(&report).join(" "), details(&report)),
            Err(error) => (String::new(), error.to_string()),
        };
        let wanted = if check.is_empty() { (*says).to_owned() } else { format!("{check}: ") };
        let is_found = output.lines().any(|line| line.contains(&wanted) && line.contains(says));
        println!("{:2}. {} {name}: {by}", index + 1, if is_found { "found " } else { "MISSED" });
        if !is_found {
            missed.push(format!("{name}:\n{output}"));
        }
    }
    println!("{} of {} found", forgeries.len() - missed.len(), forgeries.len());
    assert!(forgeries.len() >= 25);
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
}

/// The tools of the forgeries make datasets that pass if nothing is changed: the checks find the changes, not
/// the tools.
#[test]
fn files_rewritten_without_a_change_pass() {
    let case = base();
    for table in [Table::Logs, Table::Rejects, Table::Duplicates] {
        for index in 0..case.dataset().files(table).unwrap().len() {
            case.replace(table, index, &case.rows(table, index));
        }
    }
    case.edit_ledger(|ledger| ledger);
    let report = case.verify();
    assert_eq!(failed(&report), Vec::<&str>::new(), "{}", details(&report));
    let case = base();
    for table in [Table::Logs, Table::Rejects, Table::Sources, Table::Duplicates] {
        forge_file(&case, table, |_, _| {});
    }
    let report = case.verify();
    assert_eq!(failed(&report), Vec::<&str>::new(), "{}", details(&report));
}

/// A dataset in which a source has consistently another name differs from an honest one only in its report.
#[test]
fn a_consistently_renamed_source_is_named_in_the_verdict() {
    let case = base();
    for table in [Table::Logs, Table::Rejects] {
        rename(&case, table, &[("log-1.gz", "else")]);
    }
    case.edit_ledger(|ledger| renamed(&ledger, &[("log-1.gz", "else")]));
    let report = case.verify();
    assert_eq!(report.renamed.len(), 1, "{}", details(&report));
    assert!(report.verdict.contains("1 source has been renamed since it was read"), "{}", report.verdict);
}

/// Rows that differ in more sources than are examined row by row are still counted.
#[test]
fn many_differing_sources_are_counted() {
    let case = Case::new();
    for file in 0..30 {
        case.write(&format!("log-{file:02}"), lines(file * 10..file * 10 + 10));
    }
    case.ingest();
    for index in 0..case.dataset().files(Table::Logs).unwrap().len() {
        let mut batch = case.rows(Table::Logs, index);
        for row in 0..batch.num_rows() {
            batch = with(&batch, row, "remote_ip", &json!("192.0.2.1"));
        }
        case.replace(Table::Logs, index, &batch);
    }
    let report = case.verify();
    let check = report.checks.iter().find(|check| check.name == "rows_are_their_lines").unwrap();
    assert_eq!((check.examined, check.failures), (300, 20 * 10 + 10));
    assert_eq!(check.details.len(), 20);
    assert_eq!(check.details[19], "the rows of 10 more sources differ from their lines");
}

#[test]
fn the_toolkit_reads_what_it_writes() {
    let case = base();
    let batch = case.rows(Table::Logs, 0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, parquet(&batch)).unwrap();
    assert_eq!(read(&path), batch);
    let action = add("x", &parquet(&batch), json!({}));
    let statistics: Value = serde_json::from_str(action["add"]["stats"].as_str().unwrap()).unwrap();
    assert_eq!(statistics["numRecords"], json!(batch.num_rows()));
    assert!(!batch.column(0).is_empty());
}
