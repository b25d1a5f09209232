//! Ingests folders of logs into datasets.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use saltmine_lake::{
    Dataset, Event, IngestReport, IngestRequest, LakeError, PartitionBy, Progress, Silent, Table,
    VerifyOptions, ingest, verify,
};
use saltmine_scan::discover;

fn line(number: usize, bucket: &str) -> String {
    format!(
        "0wner {bucket} [{:02}/May/2026:10:00:00 +0000] 198.51.100.7 - {number:016X} REST.GET.OBJECT k{number} \
         \"GET /k{number} HTTP/1.1\" 200 - {number} 99 12 11 \"-\" \"agent\" - host SigV4 C AuthHeader h TLSv1.3 - - -",
        1 + number % 5,
    )
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// `files` files of `lines` lines each, with two buckets.
fn logs(folder: &Path, files: usize, lines: usize) {
    for file in 0..files {
        let bucket = ["data", "../web"][file % 2];
        let text: Vec<String> = (0..lines).map(|number| line(file * lines + number, bucket)).collect();
        std::fs::write(folder.join(format!("log-{file:03}.gz")), gzip(&text.join("\n"))).unwrap();
    }
}

fn run(logs: &Path, dataset: &Path) -> IngestReport {
    try_run(logs, dataset, false, None, None).unwrap()
}

fn try_run(
    logs: &Path,
    dataset: &Path,
    strict: bool,
    partition_by: Option<PartitionBy>,
    stop: Option<&AtomicBool>,
) -> Result<IngestReport, LakeError> {
    let sources = discover(&[logs.to_str().unwrap().to_owned()]).unwrap();
    ingest(&IngestRequest { sources: &sources, dataset, partition_by, jobs: 3, strict, stop }, &Silent)
}

/// Every row as (file, line), with its request id and bytes.
fn rows(dataset: &Path) -> BTreeMap<(String, i64), (String, i64)> {
    let mut rows = BTreeMap::new();
    for file in Dataset::open(dataset).unwrap().files(Table::Logs).unwrap() {
        let file = std::fs::File::open(&file.path).unwrap();
        for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
            let batch = batch.unwrap();
            let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
            let number = |name: &str| batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().clone();
            let (file, line, id, bytes) =
                (text("log_file"), number("log_line"), text("request_id"), number("bytes_sent"));
            for row in 0..batch.num_rows() {
                let key = (file.value(row).to_owned(), line.value(row));
                let value = (id.value(row).to_owned(), bytes.value(row));
                assert!(rows.insert(key, value).is_none(), "no row twice");
            }
        }
    }
    rows
}

fn assert_all_there(dataset: &Path, files: usize, lines: usize) {
    let rows = rows(dataset);
    assert_eq!(rows.len(), files * lines);
    for file in 0..files {
        for number in 0..lines {
            let value = file * lines + number;
            let key = (format!("log-{file:03}.gz"), number as i64 + 1);
            assert_eq!(rows.get(&key), Some(&(format!("{value:016X}"), value as i64)));
        }
    }
}

#[test]
fn every_row_occurs_once_and_a_grown_folder_adds_only_new_rows() {
    let folder = tempfile::tempdir().unwrap();
    let (source, dataset) = (folder.path().join("logs"), folder.path().join("dataset"));
    std::fs::create_dir(&source).unwrap();
    logs(&source, 5, 20_000);
    let report = run(&source, &dataset);
    assert_eq!((report.files, report.read, report.skipped), (5, 5, 0));
    assert_eq!((report.counts.lines, report.counts.rows), (100_000, 100_000));
    assert!(report.is_clean());
    assert_all_there(&dataset, 5, 20_000);

    let again = run(&source, &dataset);
    assert_eq!((again.skipped, again.counts.lines, again.parquet_files), (5, 0, 0));

    logs(&source, 7, 20_000);
    std::fs::copy(source.join("log-001.gz"), source.join("other-name.gz")).unwrap();
    let grown = run(&source, &dataset);
    assert_eq!((grown.read, grown.skipped, grown.counts.rows), (2, 6, 40_000));
    assert_all_there(&dataset, 7, 20_000);
}

#[test]
fn small_files_are_combined_by_day() {
    let folder = tempfile::tempdir().unwrap();
    let (source, dataset) = (folder.path().join("logs"), folder.path().join("dataset"));
    std::fs::create_dir(&source).unwrap();
    logs(&source, 400, 3);
    let report = run(&source, &dataset);
    assert_eq!((report.read, report.counts.rows), (400, 1200));
    assert_eq!(report.parquet_files, 5, "one file per day");
    assert_all_there(&dataset, 400, 3);
}

#[test]
fn buckets_can_be_partitions_and_cannot_leave_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (source, dataset) = (folder.path().join("logs"), folder.path().join("dataset"));
    std::fs::create_dir(&source).unwrap();
    logs(&source, 4, 100);
    let by = Some(PartitionBy::BucketAndEventDate);
    let report = try_run(&source, &dataset, false, by, None).unwrap();
    assert_eq!(report.parquet_files, 10);
    assert_all_there(&dataset, 4, 100);
    assert!(dataset.join("logs/log_bucket=..%2Fweb/event_date=2026-05-01").is_dir());
    let other = try_run(&source, &dataset, false, Some(PartitionBy::EventDate), None);
    assert!(matches!(other, Err(LakeError::Partitioning { .. })));
}

#[test]
fn rejects_are_kept_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let (source, dataset) = (folder.path().join("logs"), folder.path().join("dataset"));
    std::fs::create_dir(&source).unwrap();
    logs(&source, 1, 10_000);
    let whole = std::fs::read(source.join("log-000.gz")).unwrap();
    std::fs::write(source.join("cut.gz"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(source.join("bad"), "no log line\n\nanother\n").unwrap();
    std::fs::write(source.join("cloudfront"), "#Version: 1.0\n").unwrap();
    let report = run(&source, &dataset);
    assert_eq!(report.counts.lines, report.counts.rows + report.counts.rejects + report.counts.blanks);
    assert_eq!((report.counts.blanks, report.problem_count), (1, 2));
    // Two of `bad`, the line in another format, and perhaps the last line of the truncated file.
    assert!((3..=4).contains(&report.counts.rejects));
    let problems: Vec<_> = report.problems.iter().map(|outcome| outcome.name.as_str()).collect();
    assert_eq!(BTreeMap::from_iter(problems.iter().map(|name| (*name, ()))).len(), 2);
    let dataset = Dataset::open(&dataset).unwrap();
    let rows = |table| dataset.files(table).unwrap().iter().filter_map(|file| file.rows).sum::<u64>();
    assert_eq!(rows(Table::Rejects), report.counts.rejects);
    assert_eq!(rows(Table::Sources), 4);
    assert_eq!(rows(Table::Logs), report.counts.rows);
}

#[test]
fn strict_and_stopped_runs_commit_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (source, dataset) = (folder.path().join("logs"), folder.path().join("dataset"));
    std::fs::create_dir(&source).unwrap();
    logs(&source, 2, 100);
    std::fs::write(source.join("bad"), "no log line\n").unwrap();
    assert!(matches!(
        try_run(&source, &dataset, true, None, None),
        Err(LakeError::Strict { rejects: 1, .. })
    ));
    let stop = AtomicBool::new(true);
    assert!(matches!(try_run(&source, &dataset, false, None, Some(&stop)), Err(LakeError::Stopped { .. })));
    assert!(Dataset::open(&dataset).unwrap().files(Table::Logs).unwrap().is_empty());
    assert_eq!(std::fs::read_dir(dataset.join(".saltmine/runs")).unwrap().count(), 0);
    assert_eq!(run(&source, &dataset).counts.rows, 200);
}

#[test]
fn files_that_vanish_or_change_after_discovery_are_read_by_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let (source, dataset) = (folder.path().join("logs"), folder.path().join("dataset"));
    std::fs::create_dir(&source).unwrap();
    logs(&source, 3, 100);
    let found = discover(&[source.to_str().unwrap().to_owned()]).unwrap();
    let (gone, grown) = (source.join("log-000.gz"), source.join("log-001.gz"));
    let whole = std::fs::read(&gone).unwrap();
    std::fs::remove_file(&gone).unwrap();
    let mut file = std::fs::File::options().append(true).open(&grown).unwrap();
    file.write_all(&gzip(&format!("\n{}", line(1000, "data")))).unwrap(); // another member
    let request = IngestRequest {
        sources: &found,
        dataset: &dataset,
        partition_by: None,
        jobs: 2,
        strict: false,
        stop: None,
    };
    let report = ingest(&request, &Silent).unwrap();
    assert_eq!((report.read, report.problem_count, report.counts.rows), (3, 1, 201));
    assert_eq!(rows(&dataset).len(), 201);

    std::fs::write(&gone, whole).unwrap();
    let report = run(&source, &dataset);
    assert_eq!((report.read, report.skipped, report.counts.rows), (1, 2, 100));
    assert_eq!(rows(&dataset).len(), 301);
    let report = verify(&Dataset::open(&dataset).unwrap(), &VerifyOptions::default()).unwrap();
    assert!(report.passed(), "{report:#?}");
}

/// A listener with a bug.
struct Panics;

impl Progress for Panics {
    fn event(&self, event: Event<'_>) {
        assert!(!matches!(event, Event::Lines { .. }), "requested by a test");
    }
}

#[test]
fn a_worker_that_panics_ends_the_run_and_releases_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let (input, dataset) = (folder.path().join("logs"), folder.path().join("lake"));
    std::fs::create_dir(&input).unwrap();
    logs(&input, 6, 300);
    let sources = discover(&[input.to_str().unwrap().to_owned()]).unwrap();
    let request = IngestRequest {
        sources: &sources,
        dataset: &dataset,
        partition_by: None,
        jobs: 3,
        strict: false,
        stop: None,
    };
    let error = ingest(&request, &Panics).unwrap_err();
    assert!(matches!(error, LakeError::Panicked(_)), "{error}");
    // A lock that is still held by this process would block the next run.
    let report = run(&input, &dataset);
    assert_eq!((report.read, report.counts.rows), (6, 1800));
    assert_eq!(rows(&dataset).len(), 1800);
}
