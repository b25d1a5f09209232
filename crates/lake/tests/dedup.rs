//! Removal of rows that are equal in every logged field, of which one is kept; rows that are only similar
//! stay.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use saltmine_lake::{
    CompactOptions, CompactReport, Dataset, IngestReport, IngestRequest, Outcome, PartitionBy, Silent, Table,
    VerifyOptions, VerifyReport, compact, ingest, verify,
};
use saltmine_scan::discover;

/// A line with the given varying fields.
fn line(day: usize, id: &str, operation: &str, key: &str, agent: &str) -> String {
    format!(
        "0wner vault [{day:02}/May/2026:10:00:00 +0000] 198.51.100.7 - {id} {operation} {key} \"GET /{key} HTTP/1.1\" 200 \
         - 5 99 12 11 \"-\" \"{agent}\" - host SigV4 C AuthHeader h TLSv1.3 - - -\n"
    )
}

fn plain(number: usize) -> String {
    line(1 + number % 3, &format!("{number:016X}"), "REST.GET.OBJECT", &format!("k{number}"), "agent")
}

struct Case {
    folder: tempfile::TempDir,
    by: PartitionBy,
}

impl Case {
    fn new(by: PartitionBy) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("logs")).unwrap();
        Self { folder, by }
    }

    fn logs(&self) -> PathBuf {
        self.folder.path().join("logs")
    }

    fn write(&self, name: &str, lines: &[String]) {
        std::fs::write(self.logs().join(name), lines.concat()).unwrap();
    }

    fn ingest(&self) -> IngestReport {
        let sources = discover(&[self.logs().to_str().unwrap().to_owned()]).unwrap();
        let path = self.folder.path().join("dataset");
        let partition_by = Some(self.by);
        let request = IngestRequest {
            sources: &sources,
            dataset: &path,
            partition_by,
            jobs: 2,
            strict: false,
            stop: None,
        };
        ingest(&request, &Silent).unwrap()
    }

    fn dataset(&self) -> Dataset {
        Dataset::open(&self.folder.path().join("dataset")).unwrap()
    }

    fn dedup(&self) -> CompactReport {
        let options = CompactOptions { dedup: true, ..Default::default() };
        compact(&self.dataset(), &options, &|| {}).unwrap()
    }

    fn verify(&self) -> VerifyReport {
        let sources = discover(&[self.logs().to_str().unwrap().to_owned()]).unwrap();
        let options = VerifyOptions { sources: Some(&sources), ..Default::default() };
        verify(&self.dataset(), &options).unwrap()
    }

    fn assert_verified(&self) {
        let report = self.verify();
        assert!(report.passed(), "{report:#?}");
    }

    /// File and line of each row of a table, and the columns `more`.
    fn places(&self, table: Table, more: &[&str]) -> Vec<String> {
        let mut places = Vec::new();
        for file in self.dataset().files(table).unwrap() {
            let file = std::fs::File::open(&file.path).unwrap();
            for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
                let batch = batch.unwrap();
                let column = |name: &str| batch.column_by_name(name).unwrap();
                for row in 0..batch.num_rows() {
                    let mut place = format!(
                        "{}:{}",
                        column("log_file").as_string::<i32>().value(row),
                        column("log_line").as_primitive::<Int64Type>().value(row)
                    );
                    for name in more {
                        let text = match column(name).as_string_opt::<i32>() {
                            Some(text) => text.value(row).to_owned(),
                            None => column(name).as_primitive::<Int64Type>().value(row).to_string(),
                        };
                        place += &format!(" {text}");
                    }
                    places.push(place);
                }
            }
        }
        places.sort();
        places
    }
}

#[test]
fn the_first_of_equal_rows_is_kept_and_different_rows_stay() {
    for by in [PartitionBy::EventDate, PartitionBy::BucketAndEventDate] {
        let case = Case::new(by);
        let batch_delete = ["a", "b", "c"].map(|key| line(2, "DELETE1", "BATCH.DELETE.OBJECT", key, "x"));
        let copy = ["REST.COPY.OBJECT", "REST.COPY.OBJECT_GET"]
            .map(|operation| line(2, "COPY1", operation, "a", "x"));
        let quoted = line(1, "QUOTED", "REST.GET.OBJECT", "q", "an \"odd\" one");
        let unnamed = line(1, "-", "REST.GET.OBJECT", "q", "no id");
        let almost =
            [line(1, "ALMOST", "REST.GET.OBJECT", "k", "1"), line(1, "ALMOST", "REST.GET.OBJECT", "k", "2")];
        let own: Vec<String> = (0..20).map(plain).collect();
        case.write(
            "b.log",
            &[&own[..], &batch_delete, &copy, &almost, &[quoted.clone(), unnamed.clone()]].concat(),
        );
        // Some of the lines again, in another order, in files that sort before and after.
        case.write("a.log", &[own[3].clone(), batch_delete[1].clone(), unnamed.clone(), plain(100)]);
        case.write("c.log", &[quoted, copy[1].clone(), own[3].clone(), own[4].clone(), own[4].clone()]);
        case.ingest();
        let before = case.places(Table::Logs, &[]);

        let report = case.dedup();
        // a.log takes k3 and the deletion of b from b.log; nothing of c.log is left.
        assert_eq!(
            case.places(Table::Duplicates, &["same_as_file", "same_as_line"]),
            [
                "b.log:22 a.log 2",
                "b.log:4 a.log 1",
                "c.log:1 b.log 28",
                "c.log:2 b.log 25",
                "c.log:3 a.log 1",
                "c.log:4 b.log 5",
                "c.log:5 b.log 5"
            ]
        );
        assert_eq!(report.duplicates, 7);
        let gone: BTreeSet<String> = case.places(Table::Duplicates, &[]).into_iter().collect();
        let wanted: Vec<String> = before.into_iter().filter(|place| !gone.contains(place)).collect();
        assert_eq!(case.places(Table::Logs, &[]), wanted);
        case.assert_verified();

        assert_eq!(case.dedup().duplicates, 0);
        assert_eq!(case.ingest().skipped, 3, "removed rows do not come back");
        case.assert_verified();
    }
}

#[test]
fn a_folder_downloaded_twice_in_different_forms_is_kept_once() {
    let case = Case::new(PartitionBy::EventDate);
    let text: Vec<String> = (0..5000).map(plain).collect();
    case.write("plain", &text);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.concat().as_bytes()).unwrap();
    std::fs::write(case.logs().join("plain.gz"), gzip.finish().unwrap()).unwrap();
    case.ingest();
    let report = case.dedup();
    assert_eq!(report.duplicates, 5000);
    let rows = case.places(Table::Logs, &[]);
    assert_eq!(rows.len(), 5000);
    assert!(rows.iter().all(|place| place.starts_with("plain:")));
    case.assert_verified();

    // Another copy whose name sorts first: its rows are kept, and those kept before are removed.
    case.write("a-copy", &text[..100].iter().cloned().chain([plain(9999)]).collect::<Vec<_>>());
    case.ingest();
    assert_eq!(case.dedup().duplicates, 100);
    assert_eq!(case.places(Table::Logs, &[]).len(), 5001);
    assert_eq!(case.places(Table::Duplicates, &[]).len(), 5100);
    case.assert_verified();
}

#[test]
fn a_file_that_has_grown_has_each_line_once() {
    let case = Case::new(PartitionBy::EventDate);
    let text: Vec<String> = (0..300).map(plain).collect();
    case.write("log", &text[..200]);
    case.ingest();
    case.write("log", &text);
    case.ingest();
    assert_eq!(case.places(Table::Logs, &[]).len(), 500);
    assert_eq!(case.dedup().duplicates, 200);
    let rows = case.places(Table::Logs, &[]);
    assert_eq!((rows.len(), rows.iter().collect::<BTreeSet<_>>().len()), (300, 300));
    let report = case.verify();
    assert!(report.passed(), "{report:#?}");
}

#[test]
fn a_missing_kept_row_is_found() {
    let case = Case::new(PartitionBy::EventDate);
    case.write("a", &[plain(1), plain(2)]);
    case.write("b", &[plain(1), plain(3)]);
    case.ingest();
    assert_eq!(case.dedup().duplicates, 1);
    let of_day = |file: &&saltmine_lake::DataFile| file.name.starts_with("event_date=2026-05-02");
    let files = case.dataset().files(Table::Logs).unwrap();
    std::fs::remove_file(&files.iter().find(of_day).unwrap().path).unwrap();
    let report = case.verify();
    let check = report.checks.iter().find(|check| check.name == "duplicates_are_kept").unwrap();
    assert_eq!((check.outcome(), check.failures), (Outcome::Failed, 1));
    assert_eq!(check.details, ["\"a\" line 1 should have been kept, but is missing"]);
}

#[test]
fn a_dataset_without_duplicates_is_unchanged() {
    let case = Case::new(PartitionBy::EventDate);
    case.write("a", &(0..50).map(plain).collect::<Vec<_>>());
    case.ingest();
    let before = case.dataset().files(Table::Logs).unwrap();
    let report = case.dedup();
    assert_eq!((report.duplicates, report.rounds), (0, 0));
    assert_eq!(case.dataset().files(Table::Logs).unwrap(), before);
    assert!(!case.dataset().has(Table::Duplicates).unwrap());
    assert!(Path::new(&before[0].path).exists());
}
