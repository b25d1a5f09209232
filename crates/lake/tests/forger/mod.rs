//! What someone can do who may write to a dataset but not to its sources: read a table's files, change rows,
//! write them back, and recompute all hashes, sizes, counts and statistics, as saltmine itself would.

#![allow(clippy::unwrap_used, dead_code)]

#[path = "../common/mod.rs"]
mod common;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Int16Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::{DataType, Int16Type, Int64Type, TimestampMicrosecondType};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use saltmine_lake::{
    Dataset, Footer, IngestRequest, LakeError, Outcome, PartitionBy, Silent, Table, VerifyOptions,
    VerifyReport, ingest, verify,
};
use saltmine_scan::discover;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(crate) use self::common::copy_folder;

/// A line whose content depends on `number`.
pub(crate) fn line(number: usize) -> String {
    format!(
        "0wner vault-{} [{:02}/May/2026:10:00:00 +0000] 198.51.100.7 arn:aws:iam::111122223333:user/u{} {number:016X} \
         REST.GET.OBJECT k{number} \"GET /k{number} HTTP/1.1\" 200 - {number} 99 12 11 \"-\" \"agent \"{number}\" x\" - \
         host SigV4 C AuthHeader h TLSv1.3 - - -",
        number % 2,
        1 + number % 3,
        number % 5,
    )
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// A folder of logs and its dataset.
pub(crate) struct Case {
    pub(crate) folder: tempfile::TempDir,
}

impl Case {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("logs")).unwrap();
        Self { folder }
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.folder.path().join("logs")
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("dataset")
    }

    pub(crate) fn dataset(&self) -> Dataset {
        Dataset::open(&self.path()).unwrap()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.logs().join(name), bytes).unwrap();
    }

    pub(crate) fn ingest(&self) {
        self.ingest_by(PartitionBy::EventDate);
    }

    pub(crate) fn ingest_by(&self, by: PartitionBy) {
        let sources = discover(&[self.logs().to_str().unwrap().to_owned()]).unwrap();
        let dataset = self.path();
        let request = IngestRequest {
            sources: &sources,
            dataset: &dataset,
            partition_by: Some(by),
            jobs: 2,
            strict: false,
            stop: None,
        };
        ingest(&request, &Silent).unwrap();
    }

    pub(crate) fn try_verify(&self) -> Result<VerifyReport, LakeError> {
        let paths = vec![self.logs().to_str().unwrap().to_owned()];
        let sources = discover(&paths).unwrap();
        verify(
            &Dataset::open(&self.path())?,
            &VerifyOptions { sources: Some(&sources), paths, ..Default::default() },
        )
    }

    pub(crate) fn verify(&self) -> VerifyReport {
        self.try_verify().unwrap()
    }

    pub(crate) fn verify_alone(&self) -> VerifyReport {
        verify(&self.dataset(), &VerifyOptions::default()).unwrap()
    }

    /// A copy that can be changed.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self { folder: tempfile::tempdir().unwrap() };
        copy_folder(&self.logs(), &copy.logs());
        copy_folder(&self.path(), &copy.path());
        copy
    }
}

pub(crate) fn failed(report: &VerifyReport) -> Vec<&'static str> {
    let failed = report.checks.iter().filter(|check| check.outcome() == Outcome::Failed);
    failed.map(|check| check.name).collect()
}

/// The details of all failed checks.
pub(crate) fn details(report: &VerifyReport) -> String {
    let lines =
        report.checks.iter().flat_map(|check| check.details.iter().map(|detail| (check.name, detail)));
    lines.map(|(name, detail)| format!("{name}: {detail}\n")).collect()
}

/// Changes to a dataset.
impl Case {
    /// The rows of a table's `index`th file.
    pub(crate) fn rows(&self, table: Table, index: usize) -> RecordBatch {
        read(&self.dataset().files(table).unwrap()[index].path)
    }

    /// The index of the file of `logs` or `rejects` that contains a line.
    pub(crate) fn file_of(&self, table: Table, name: &str, line: i64) -> usize {
        (0..self.dataset().files(table).unwrap().len())
            .find(|index| row_of(&self.rows(table, *index), name, line).is_some())
            .unwrap_or_else(|| panic!("no row of {name} line {line}"))
    }

    /// Replaces the rows of a file and commits the change.
    pub(crate) fn replace(&self, table: Table, index: usize, batch: &RecordBatch) {
        let bytes = parquet(batch);
        self.replace_bytes(table, index, &bytes);
    }

    pub(crate) fn replace_bytes(&self, table: Table, index: usize, bytes: &[u8]) {
        let old = self.dataset().files(table).unwrap().remove(index);
        let name = old.name.replace("part-", "part-0");
        let add = add(&name, bytes, partition_of(&old.name));
        let remove =
            json!({"remove": {"path": encoded(&old.name), "dataChange": true, "deletionTimestamp": 1}});
        fs::write(self.path().join(table.name()).join(&name), bytes).unwrap();
        fs::remove_file(&old.path).unwrap();
        self.commit(table, &[remove, add]);
    }

    /// Adds a file of rows next to the `index`th.
    pub(crate) fn add(&self, table: Table, index: usize, batch: &RecordBatch) {
        let beside = self.dataset().files(table).unwrap().remove(index);
        let name = beside.name.replace("part-", "part-1");
        let bytes = parquet(batch);
        fs::write(self.path().join(table.name()).join(&name), &bytes).unwrap();
        self.commit(table, &[add(&name, &bytes, partition_of(&beside.name))]);
    }

    pub(crate) fn commit(&self, table: Table, actions: &[Value]) {
        let version = self.dataset().version(table).unwrap() + 1;
        let log = self.path().join(table.name()).join(format!("_delta_log/{version:020}.json"));
        let text: String = actions.iter().map(|action| format!("{action}\n")).collect();
        fs::write(log, text).unwrap();
    }

    /// Edits a table's log, action by action.
    pub(crate) fn edit_log(&self, table: Table, edit: impl Fn(&mut Value)) {
        let log = self.path().join(table.name()).join("_delta_log");
        for entry in fs::read_dir(&log).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let text = fs::read_to_string(&path).unwrap();
                let lines = text.lines().map(|line| {
                    let mut action: Value = serde_json::from_str(line).unwrap();
                    edit(&mut action);
                    format!("{action}\n")
                });
                let text: String = lines.collect();
                fs::write(&path, text).unwrap();
            }
        }
    }

    /// Edits the statistics of all files in a table's log.
    pub(crate) fn edit_statistics(&self, table: Table, edit: impl Fn(&mut Value)) {
        self.edit_log(table, |action| {
            if let Some(text) = action.pointer("/add/stats").and_then(Value::as_str) {
                let mut statistics: Value = serde_json::from_str(text).unwrap();
                edit(&mut statistics);
                action["add"]["stats"] = Value::String(statistics.to_string());
            }
        });
    }

    /// Changes one row and commits the change.
    pub(crate) fn edit_row(&self, table: Table, name: &str, line: i64, column: &str, value: &Value) {
        let index = self.file_of(table, name, line);
        let batch = self.rows(table, index);
        let row = row_of(&batch, name, line).unwrap();
        self.replace(table, index, &with(&batch, row, column, value));
    }

    /// Deletes the rows for which `is_gone` returns true, by name and line, from all files of a table.
    pub(crate) fn delete(&self, table: Table, is_gone: impl Fn(&str, i64) -> bool) {
        let mut index = 0;
        while index < self.dataset().files(table).unwrap().len() {
            let batch = self.rows(table, index);
            let kept: BooleanArray = (0..batch.num_rows())
                .map(|row| {
                    Some(!is_gone(text(&batch, "log_file", row).unwrap(), number(&batch, "log_line", row)))
                })
                .collect();
            if kept.true_count() < batch.num_rows() {
                self.replace(table, index, &filter_record_batch(&batch, &kept).unwrap());
            }
            index += 1;
        }
    }

    /// Edits the ledger, merged into one file.
    pub(crate) fn edit_ledger(&self, edit: impl Fn(RecordBatch) -> RecordBatch) {
        let count = self.dataset().files(Table::Sources).unwrap().len();
        let batches: Vec<RecordBatch> = (0..count).map(|index| self.rows(Table::Sources, index)).collect();
        let all = concat_batches(&batches[0].schema(), &batches).unwrap();
        for index in 0..count {
            let batch = if index == 0 { edit(all.clone()) } else { all.slice(0, 0) };
            self.replace(Table::Sources, index, &batch);
        }
    }

    /// Adds to counts in the ledger rows with a name.
    pub(crate) fn edit_counts(&self, name: &str, changes: &[(&str, i64)]) {
        self.edit_ledger(|ledger| {
            let mut ledger = ledger;
            for row in 0..ledger.num_rows() {
                if text(&ledger, "log_file", row) == Some(name) {
                    for (column, change) in changes {
                        let value = number(&ledger, column, row) + change;
                        ledger = with(&ledger, row, column, &json!(value));
                    }
                    return ledger;
                }
            }
            panic!("{name} is not in the ledger");
        });
    }
}

pub(crate) fn read(path: &Path) -> RecordBatch {
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let file = fs::File::open(path).unwrap();
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).unwrap();
    let schema = Arc::clone(builder.schema());
    let batches: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

pub(crate) fn parquet(batch: &RecordBatch) -> Vec<u8> {
    let mut properties = WriterProperties::builder().set_statistics_enabled(EnabledStatistics::Chunk);
    for name in ["sha256", "raw", "raw_bytes"] {
        properties = properties.set_column_statistics_enabled(name.into(), EnabledStatistics::None);
    }
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties.build())).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

/// The action that adds a file, with its true size, hash and statistics.
pub(crate) fn add(name: &str, bytes: &[u8], partition: Value) -> Value {
    let content = bytes::Bytes::copy_from_slice(bytes);
    let builder = ParquetRecordBatchReaderBuilder::try_new(content).unwrap();
    let footer = serde_json::to_value(Footer::from_metadata(builder.metadata())).unwrap();
    let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    json!({"add": {
        "path": encoded(name), "partitionValues": partition, "size": bytes.len(), "modificationTime": 1,
        "dataChange": true, "stats": footer["statistics"], "tags": {"saltmine.sha256": digest},
    }})
}

/// A path as written in a log.
fn encoded(name: &str) -> String {
    name.replace('%', "%25")
}

fn partition_of(name: &str) -> Value {
    match name.split_once("event_date=") {
        Some((_, rest)) => json!({"event_date": &rest[..10]}),
        None => json!({}),
    }
}

pub(crate) fn row_of(batch: &RecordBatch, name: &str, line: i64) -> Option<usize> {
    (0..batch.num_rows())
        .find(|row| text(batch, "log_file", *row) == Some(name) && number(batch, "log_line", *row) == line)
}

pub(crate) fn text<'a>(batch: &'a RecordBatch, column: &str, row: usize) -> Option<&'a str> {
    let column = batch.column_by_name(column).unwrap().as_string::<i32>();
    column.is_valid(row).then(|| column.value(row))
}

pub(crate) fn number(batch: &RecordBatch, column: &str, row: usize) -> i64 {
    let column = batch.column_by_name(column).unwrap();
    match column.data_type() {
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row),
        DataType::Int16 => i64::from(column.as_primitive::<Int16Type>().value(row)),
        _ => column.as_primitive::<TimestampMicrosecondType>().value(row),
    }
}

/// A batch with one value replaced.
pub(crate) fn with(batch: &RecordBatch, row: usize, column: &str, value: &Value) -> RecordBatch {
    let index = batch.schema().index_of(column).unwrap();
    let old = batch.column(index);
    let numbers = |at: usize| {
        if at == row { value.as_i64() } else { old.is_valid(at).then(|| number(batch, column, at)) }
    };
    let rows = 0..batch.num_rows();
    let new: ArrayRef = match old.data_type() {
        DataType::Utf8 => {
            let texts = old.as_string::<i32>();
            let value_at = |at: usize| {
                if at == row { value.as_str() } else { texts.is_valid(at).then(|| texts.value(at)) }
            };
            Arc::new(rows.map(value_at).collect::<StringArray>())
        }
        DataType::Binary => {
            let bytes = old.as_binary::<i32>();
            let value_at = |at: usize| {
                if at == row {
                    value.as_str().map(str::as_bytes)
                } else {
                    bytes.is_valid(at).then(|| bytes.value(at))
                }
            };
            Arc::new(rows.map(value_at).collect::<BinaryArray>())
        }
        DataType::Int64 => Arc::new(rows.map(numbers).collect::<Int64Array>()),
        DataType::Int16 => {
            Arc::new(rows.map(|at| numbers(at).map(|value| value as i16)).collect::<Int16Array>())
        }
        _ => Arc::new(rows.map(numbers).collect::<TimestampMicrosecondArray>().with_timezone("UTC")),
    };
    let mut columns = batch.columns().to_vec();
    columns[index] = new;
    RecordBatch::try_new(batch.schema(), columns).unwrap()
}
