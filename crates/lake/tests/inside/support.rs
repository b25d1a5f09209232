//! Makes small rounds, and reads back what is on disk.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::datatypes::Int64Type;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use saltmine_scan::{Column, logs_schema, rejects_schema};

use crate::storage::disk::hash_own_file;
use crate::table::statistics::Footer;
use crate::{CommitSummary, Dataset, LakeError, Partition, SourceEntry, StagedFile, Staging, Table};

pub(crate) const DAY: i64 = 86_400_000_000;

/// A source with `rows` lines in `logs`, spread over its days, and `rejects` others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source {
    pub(crate) id: u8,
    pub(crate) days: &'static [i32],
    pub(crate) rows: i64,
    pub(crate) rejects: i64,
}

impl Source {
    pub(crate) fn name(self) -> String {
        format!("logs/{}.gz", self.id)
    }

    pub(crate) fn entry(self) -> SourceEntry {
        let rows = self.rows as u64 * self.days.len() as u64;
        SourceEntry {
            log_file: self.name(),
            size: 100,
            sha256: Some([self.id; 32]),
            inflated_size: 900,
            lines: rows + self.rejects as u64 + 1,
            rows,
            rejects: self.rejects as u64,
            blanks: 1,
            state: "complete".into(),
            ..Default::default()
        }
    }
}

pub(crate) fn batch_with(
    schema: arrow::datatypes::SchemaRef,
    rows: usize,
    columns: Vec<(&str, ArrayRef)>,
) -> RecordBatch {
    let array = |name: &str, data_type| {
        let given = columns.iter().find(|(column, _)| *column == name).map(|(_, array)| Arc::clone(array));
        given.unwrap_or_else(|| new_null_array(data_type, rows))
    };
    let arrays = schema.fields().iter().map(|field| array(field.name(), field.data_type())).collect();
    RecordBatch::try_new(schema, arrays).unwrap()
}

/// Rows `1..=rows` of a source on a day.
pub(crate) fn log_rows(source: &str, rows: i64, partition: &Partition) -> RecordBatch {
    let count = rows as usize;
    let day = i64::from(partition.event_date);
    let time = TimestampMicrosecondArray::from_iter_values((1..=rows).map(|row| day * DAY + row * 1_000_000));
    let bucket = partition.bucket.clone().unwrap_or(Some("a-bucket".into()));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("request_time", Arc::new(time.with_timezone("UTC"))),
        ("bucket", Arc::new(StringViewArray::from_iter(vec![bucket; count]))),
        ("log_file", Arc::new(StringViewArray::from(vec![source; count]))),
        ("log_line", Arc::new(Int64Array::from_iter_values(1..=rows))),
    ];
    batch_with(logs_schema(), count, columns)
}

/// Writes rows `1..=rows` of a source on a day to a file in the staging folder.
pub(crate) fn stage(staging: &Staging<'_>, source: &str, rows: i64, partition: Partition) -> StagedFile {
    let batch = log_rows(source, rows, &partition);
    let number = fs::read_dir(staging.dir()).unwrap().count();
    let path = staging.dir().join(format!("{number:06}.parquet"));
    let options = ArrowWriterOptions::new().with_skip_arrow_metadata(true);
    let file = File::create_new(&path).unwrap();
    let mut writer = ArrowWriter::try_new_with_options(file, logs_schema(), options).unwrap();
    writer.write(&batch).unwrap();
    let footer = Footer::from_metadata(&writer.close().unwrap());
    let (sha256, size) = hash_own_file(&path).unwrap();
    StagedFile { path, partition, rows: rows as u64, size, sha256, footer }
}

pub(crate) fn reject_rows(source: Source) -> RecordBatch {
    let count = source.rejects as usize;
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("log_file", Arc::new(StringViewArray::from(vec![source.name(); count]))),
        ("log_line", Arc::new(Int64Array::from_iter_values(1..=source.rejects))),
        ("raw", Arc::new(StringViewArray::from(vec!["?"; count]))),
    ];
    batch_with(rejects_schema(), count, columns)
}

#[cfg(unix)]
pub(crate) fn make_fifo(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Whether the operation failed because its storage was made to fail.
pub(crate) fn is_crash<T>(result: &Result<T, LakeError>) -> bool {
    // deltalake wraps the error.
    let crash = LakeError::Crash.to_string();
    result.as_ref().is_err_and(|error| error.to_string().contains(&crash))
}

/// Commits sources as one round.
pub(crate) fn ingest(lock: &crate::DatasetLock<'_>, sources: &[Source]) -> Result<CommitSummary, LakeError> {
    let staging = lock.begin()?;
    let mut files = Vec::new();
    for source in sources {
        for &event_date in source.days {
            let partition = Partition { event_date, bucket: None };
            files.push(stage(&staging, &source.name(), source.rows, partition));
        }
    }
    let rejects = sources.iter().copied().map(reject_rows).collect();
    staging.commit(files, rejects, sources.iter().map(|source| source.entry()).collect())
}

/// Paths of all files below a folder, relative to it, except for logs and state.
pub(crate) fn data_on_disk(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && !name.starts_with("_delta_log") {
                open.push(path);
            } else if path.is_file() {
                found.insert(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found
}

/// Rows as `file:line@date`, read only from the Parquet files.
pub(crate) fn rows_on_disk(dataset: &Dataset, table: Table) -> Vec<String> {
    let folder = dataset.root().join(table.name());
    let mut rows = Vec::new();
    for name in data_on_disk(&folder) {
        let day = name.split('/').next().unwrap().to_owned();
        let day = if table == Table::Logs { day } else { String::new() };
        for batch in parquet_batches(&folder.join(&name)) {
            let files = batch.column_by_name("log_file").unwrap();
            let files = arrow::compute::cast(files, &arrow::datatypes::DataType::Utf8View).unwrap();
            let line = if table == Table::Sources { "lines" } else { Column::LogLine.name() };
            let lines = batch.column_by_name(line).unwrap().as_primitive::<Int64Type>();
            for (file, line) in files.as_string_view().iter().zip(lines) {
                rows.push(format!("{}:{}@{day}", file.unwrap(), line.unwrap()));
            }
        }
    }
    rows.sort();
    rows
}

pub(crate) fn parquet_batches(path: &Path) -> Vec<RecordBatch> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    builder.build().unwrap().map(Result::unwrap).collect()
}

/// The content of the tables; also checks that the disk has exactly the files that the logs name.
pub(crate) fn content(dataset: &Dataset) -> Vec<Vec<String>> {
    for table in Table::ALL {
        let named: BTreeSet<String> =
            dataset.files(table).unwrap().into_iter().map(|file| file.name).collect();
        assert_eq!(data_on_disk(&dataset.root().join(table.name())), named, "{}", table.name());
    }
    Table::ALL.iter().map(|table| rows_on_disk(dataset, *table)).collect()
}

pub(crate) fn staging_folders(dataset: &Dataset) -> Vec<PathBuf> {
    let runs = dataset.root().join(".saltmine/runs");
    fs::read_dir(runs).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}
