//! A dataset that was tampered with, or whose sources were, does not pass.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch};
use arrow::compute::filter_record_batch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use saltmine_lake::{
    Dataset, IngestRequest, Outcome, Silent, Table, VerifyOptions, VerifyReport, ingest, verify,
};
use saltmine_scan::discover;
use sha2::{Digest, Sha256};

fn line(number: usize) -> String {
    format!(
        "0wner vault [{:02}/May/2026:10:00:00 +0000] 198.51.100.7 - {number:016X} REST.GET.OBJECT k{number} \
         \"GET /k{number} HTTP/1.1\" 200 - {number} 99 12 11 \"-\" \"agent \"{number}\" x\" - host SigV4 C AuthHeader h \
         TLSv1.3 - - -",
        1 + number % 3,
    )
}

struct Case {
    _folder: tempfile::TempDir,
    logs: PathBuf,
    dataset: Dataset,
}

/// Two files of 60 lines, of which one each does not read, over three days.
fn case() -> Case {
    let folder = tempfile::tempdir().unwrap();
    let (logs, path) = (folder.path().join("logs"), folder.path().join("dataset"));
    fs::create_dir(&logs).unwrap();
    for file in 0..2 {
        let mut lines: Vec<String> = (0..59).map(|number| line(file * 100 + number)).collect();
        lines.insert(20, "no log line".to_owned());
        fs::write(logs.join(format!("log-{file}")), lines.join("\n")).unwrap();
    }
    let sources = discover(&[logs.to_str().unwrap().to_owned()]).unwrap();
    let request = IngestRequest {
        sources: &sources,
        dataset: &path,
        partition_by: None,
        jobs: 2,
        strict: false,
        stop: None,
    };
    ingest(&request, &Silent).unwrap();
    Case { _folder: folder, logs, dataset: Dataset::open(&path).unwrap() }
}

impl Case {
    fn verify(&self) -> VerifyReport {
        let options = VerifyOptions { source_root: Some(&self.logs), ..Default::default() };
        verify(&self.dataset, &options).unwrap()
    }

    fn file(&self, table: Table) -> PathBuf {
        self.dataset.files(table).unwrap().remove(0).path
    }

    /// Puts `batch` in the place of a table's only or first file, and writes the table's log as if saltmine had done
    /// so: with the new file's true size and hash.
    fn forge(&self, table: Table, batch: &RecordBatch) {
        let old = self.dataset.files(table).unwrap().remove(0);
        let name = old.name.replace("part-", "part-0");
        let path = old.path.with_file_name(name.rsplit('/').next().unwrap());
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
        writer.write(batch).unwrap();
        let bytes = writer.into_inner().unwrap();
        fs::write(&path, &bytes).unwrap();
        let partition = match old.name.split_once("event_date=") {
            Some((_, rest)) => serde_json::json!({"event_date": &rest[..10]}),
            None => serde_json::json!({}),
        };
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let statistics = format!("{{\"numRecords\":{}}}", batch.num_rows());
        let remove =
            serde_json::json!({"remove": {"path": old.name, "dataChange": true, "deletionTimestamp": 1}});
        let add = serde_json::json!({"add": {
            "path": name, "partitionValues": partition, "size": bytes.len(), "modificationTime": 1,
            "dataChange": true, "stats": statistics, "tags": {"saltmine.sha256": digest},
        }});
        let version = self.dataset.version(table).unwrap() + 1;
        let log = self.dataset.root().join(table.name()).join(format!("_delta_log/{version:020}.json"));
        fs::write(log, format!("{remove}\n{add}\n")).unwrap();
        fs::remove_file(&old.path).unwrap();
    }
}

fn rows(path: &Path) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).unwrap()).unwrap();
    reader.build().unwrap().next().unwrap().unwrap()
}

fn failed(report: &VerifyReport) -> Vec<&'static str> {
    let failed = report.checks.iter().filter(|check| check.outcome() == Outcome::Failed);
    failed.map(|check| check.name).collect()
}

#[test]
fn an_untouched_dataset_passes_and_all_rows_are_read_again() {
    let case = case();
    let report = case.verify();
    assert_eq!(failed(&report), Vec::<&str>::new());
    let again = report.checks.iter().find(|check| check.name == "rows_read_again").unwrap();
    assert_eq!(again.examined, 118, "all rows, as there are fewer than the sample");
    let seed = Some(report.sample.unwrap().seed);
    let options = VerifyOptions { source_root: Some(&case.logs), sample: 7, seed, ..Default::default() };
    let small = verify(&case.dataset, &options).unwrap();
    assert_eq!(small.checks.last().unwrap().examined, 7);
    assert_eq!(small.sources_fingerprint, report.sources_fingerprint);
    assert_eq!(small.tables, report.tables);
}

#[test]
fn a_changed_byte_of_any_parquet_file_is_found() {
    for table in [Table::Logs, Table::Rejects, Table::Sources] {
        let case = case();
        let path = case.file(table);
        let whole = fs::read(&path).unwrap();
        for at in [0, whole.len() / 3, whole.len() - 1] {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x20;
            fs::write(&path, bytes).unwrap();
            assert!(failed(&case.verify()).contains(&"files_unchanged"), "{table:?} {at}");
        }
    }
}

#[test]
fn a_deleted_parquet_file_is_found() {
    for table in [Table::Logs, Table::Rejects, Table::Sources] {
        let case = case();
        fs::remove_file(case.file(table)).unwrap();
        let found = failed(&case.verify());
        assert!(found.contains(&"files_present") && found.contains(&"lines_accounted_for"), "{table:?}");
    }
}

#[test]
fn a_doubled_row_is_found_though_hashes_are_right() {
    let case = case();
    let rows = rows(&case.file(Table::Logs));
    let doubled = arrow::compute::concat_batches(&rows.schema(), &[rows.clone(), rows.slice(3, 1)]).unwrap();
    case.forge(Table::Logs, &doubled);
    assert_eq!(failed(&case.verify()), ["lines_accounted_for", "no_line_twice"]);
}

#[test]
fn a_row_put_in_the_place_of_another_is_found_though_hashes_are_right() {
    let case = case();
    let rows = rows(&case.file(Table::Logs));
    let replaced = [rows.slice(0, 1), rows.slice(0, 1), rows.slice(2, rows.num_rows() - 2)];
    let replaced = arrow::compute::concat_batches(&rows.schema(), &replaced).unwrap();
    case.forge(Table::Logs, &replaced);
    assert_eq!(failed(&case.verify()), ["no_line_twice"]);
}

#[test]
fn a_changed_value_is_found_though_hashes_are_right() {
    for name in ["bytes_sent", "requester"] {
        let case = case();
        let rows = rows(&case.file(Table::Logs));
        let mut columns = rows.columns().to_vec();
        let at = rows.schema().index_of(name).unwrap();
        columns[at] = match name {
            "bytes_sent" => Arc::new(Int64Array::from(vec![5; rows.num_rows()])) as ArrayRef,
            _ => {
                let names = columns[at].as_string::<i32>();
                assert_eq!(names.null_count(), names.len());
                Arc::new(arrow::array::StringArray::from(vec!["somebody"; rows.num_rows()]))
            }
        };
        case.forge(Table::Logs, &RecordBatch::try_new(rows.schema(), columns).unwrap());
        let report = case.verify();
        assert_eq!(failed(&report), ["rows_read_again"]);
        let detail = &report.checks.last().unwrap().details[0];
        assert!(detail.contains(&format!("{name} is ")), "{detail}");
    }
}

#[test]
fn a_removed_row_of_the_ledger_is_found_though_hashes_are_right() {
    let case = case();
    let rows = rows(&case.file(Table::Sources));
    let kept = BooleanArray::from(vec![true, false]);
    case.forge(Table::Sources, &filter_record_batch(&rows, &kept).unwrap());
    let report = case.verify();
    assert_eq!(failed(&report), ["lines_accounted_for", "sources_all_read"]);
    let check = report.checks.iter().find(|check| check.name == "lines_accounted_for").unwrap();
    assert_eq!(check.details, ["\"log-1\": 59 rows and 1 rejects, but not in the ledger"]);
}

#[test]
fn a_changed_or_missing_source_file_is_found() {
    let case = case();
    let path = case.logs.join("log-0");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("k7 ", "k8 ")).unwrap();
    let report = case.verify();
    assert_eq!(failed(&report), ["sources_unchanged", "rows_read_again"]);
    assert!(report.checks.last().unwrap().details[0].starts_with("\"log-0\" line 8: key is \"k7\""));
    fs::remove_file(&path).unwrap();
    assert_eq!(failed(&case.verify()), ["sources_unchanged", "rows_read_again"]);
}

#[test]
fn a_source_that_the_dataset_knows_nothing_of_is_found() {
    let case = case();
    // The same content under another name was read, in effect; a hidden file is none of the logs.
    fs::copy(case.logs.join("log-0"), case.logs.join("copy")).unwrap();
    fs::write(case.logs.join(".hidden"), "x").unwrap();
    assert_eq!(failed(&case.verify()), Vec::<&str>::new());
    fs::write(case.logs.join("new"), line(1)).unwrap();
    let report = case.verify();
    assert_eq!(failed(&report), ["sources_all_read"]);
    let check = report.checks.iter().find(|check| check.name == "sources_all_read").unwrap();
    assert_eq!((check.examined, check.failures), (4, 1));
    assert_eq!(check.details, ["\"new\": not in the dataset; ingest reads it"]);
}

#[test]
fn names_that_are_not_utf8_are_found_again() {
    use std::os::unix::ffi::OsStrExt;

    let folder = tempfile::tempdir().unwrap();
    let (logs, path) = (folder.path().join("logs"), folder.path().join("dataset"));
    fs::create_dir(&logs).unwrap();
    fs::write(logs.join(std::ffi::OsStr::from_bytes(b"caf\xE9")), line(1)).unwrap();
    let sources = discover(&[logs.to_str().unwrap().to_owned()]).unwrap();
    let request = IngestRequest {
        sources: &sources,
        dataset: &path,
        partition_by: None,
        jobs: 1,
        strict: false,
        stop: None,
    };
    ingest(&request, &Silent).unwrap();
    let dataset = Dataset::open(&path).unwrap();
    let options = VerifyOptions { source_root: Some(&logs), ..Default::default() };
    let report = verify(&dataset, &options).unwrap();
    assert_eq!(failed(&report), Vec::<&str>::new());
    let skipped: Vec<_> = report.checks.iter().filter(|check| check.examined == 0).collect();
    assert!(skipped.iter().all(|check| check.name == "duplicates_are_kept"), "{skipped:?}");
}
