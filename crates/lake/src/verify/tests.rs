//! Each kind of damage is found by its check.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use super::{Outcome, VerifyOptions, VerifyReport, verify};
use crate::tests::support::{Source, ingest, stage};
use crate::{Dataset, DatasetLock, LakeError, Partition, PartitionBy, SourceEntry, Table};

fn entry(name: &str, rows: u64, rejects: u64, content: u8) -> SourceEntry {
    SourceEntry {
        log_file: name.to_owned(),
        sha256: Some([content; 32]),
        lines: rows + rejects,
        rows,
        rejects,
        state: "complete".into(),
        ..Default::default()
    }
}

fn day(event_date: i32) -> Partition {
    Partition { event_date, bucket: None }
}

/// A dataset of two sources, with 3 and 2 lines.
fn sound(folder: &Path) -> Dataset {
    let dataset = Dataset::open_or_create(folder, PartitionBy::EventDate).unwrap();
    add(&dataset, &[("a.gz", 3)], vec![entry("a.gz", 3, 0, 1)]);
    add(&dataset, &[("b/c.gz", 2)], vec![entry("b/c.gz", 2, 0, 2)]);
    dataset
}

/// Commits a file with rows `1..=rows` for each name.
fn add(dataset: &Dataset, files: &[(&str, i64)], sources: Vec<SourceEntry>) {
    let lock = DatasetLock::acquire(dataset, &|| {}).unwrap();
    let staging = lock.begin().unwrap();
    let files = files.iter().map(|(name, rows)| stage(&staging, name, *rows, day(19_000))).collect();
    staging.commit(files, vec![], sources).unwrap();
}

fn failed(report: &VerifyReport) -> Vec<&'static str> {
    let failed = report.checks.iter().filter(|check| check.outcome() == Outcome::Failed);
    failed.map(|check| check.name).collect()
}

fn failed_after(damage: impl Fn(&Dataset)) -> Vec<&'static str> {
    let folder = tempfile::tempdir().unwrap();
    let dataset = sound(folder.path());
    damage(&dataset);
    let report = verify(&dataset, &VerifyOptions::default()).unwrap();
    assert_eq!(report.passed(), failed(&report).is_empty());
    assert!(report.checks.iter().all(|check| check.failures == 0 || !check.details.is_empty()));
    failed(&report)
}

#[test]
fn an_intact_dataset_passes() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = sound(folder.path());
    let report = verify(&dataset, &VerifyOptions::default()).unwrap();
    assert_eq!(failed(&report), Vec::<&str>::new());
    assert_eq!((report.totals.sources, report.totals.lines, report.totals.rows), (2, 5, 5));
    assert_eq!(report.tables[0].rows, 5);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["checks"][0]["outcome"], "passed");
    let last = json["checks"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["name"], &last["outcome"]), (&"duplicates_are_equal".into(), &"skipped".into()));
    assert!(report.checks.iter().filter(|check| check.skipped.is_none()).all(|check| check.examined > 0));
}

#[test]
fn rejects_and_blanks_count() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = Dataset::open_or_create(folder.path(), PartitionBy::EventDate).unwrap();
    let lock = DatasetLock::acquire(&dataset, &|| {}).unwrap();
    ingest(&lock, &[Source { id: 3, days: &[], rows: 0, rejects: 2 }]).unwrap();
    drop(lock);
    assert_eq!(failed(&verify(&dataset, &VerifyOptions::default()).unwrap()), Vec::<&str>::new());
}

#[test]
fn a_changed_byte_is_found() {
    for table in [Table::Logs, Table::Sources] {
        let found = failed_after(|dataset| {
            let path = dataset.files(table).unwrap().remove(0).path;
            let mut bytes = fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(&path, bytes).unwrap();
        });
        assert_eq!(found, ["files_unchanged", "lines_accounted_for"], "{table:?}");
    }
}

#[test]
fn a_deleted_or_shortened_file_is_found() {
    let found = failed_after(|dataset| {
        fs::remove_file(&dataset.files(Table::Logs).unwrap()[0].path).unwrap();
    });
    assert_eq!(found, ["files_present", "lines_accounted_for"]);
    let found = failed_after(|dataset| {
        let path = &dataset.files(Table::Logs).unwrap()[0].path;
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[1..]).unwrap();
    });
    assert_eq!(found, ["files_present", "lines_accounted_for"]);
}

#[test]
fn a_doubled_row_is_found() {
    let found = failed_after(|dataset| add(dataset, &[("a.gz", 1)], vec![]));
    assert_eq!(found, ["lines_accounted_for", "no_line_twice"]);
    // The same number of rows as the source has, but one of them twice and another missing.
    let found = failed_after(|dataset| {
        add(dataset, &[("d.gz", 2), ("d.gz", 1)], vec![entry("d.gz", 3, 0, 4)]);
    });
    assert_eq!(found, ["no_line_twice"]);
}

#[test]
fn a_missing_ledger_row_is_found() {
    let found = failed_after(|dataset| add(dataset, &[("unknown.gz", 2)], vec![]));
    assert_eq!(found, ["lines_accounted_for"]);
}

#[test]
fn missing_rows_are_found() {
    let found = failed_after(|dataset| add(dataset, &[("d.gz", 2)], vec![entry("d.gz", 3, 0, 4)]));
    assert_eq!(found, ["lines_accounted_for"]);
}

#[test]
fn counts_that_do_not_add_up_are_found() {
    let wrong = SourceEntry { lines: 9, ..entry("d.gz", 2, 0, 4) };
    let found = failed_after(|dataset| add(dataset, &[("d.gz", 2)], vec![wrong.clone()]));
    assert_eq!(found, ["counts_add_up"]);
}

#[test]
fn content_read_twice_is_found() {
    let found = failed_after(|dataset| add(dataset, &[("copy.gz", 3)], vec![entry("copy.gz", 3, 0, 1)]));
    assert_eq!(found, ["contents_once"]);
}

#[test]
fn a_file_that_has_grown_is_not_a_failure() {
    let found = failed_after(|dataset| add(dataset, &[("a.gz", 4)], vec![entry("a.gz", 4, 0, 9)]));
    assert_eq!(found, Vec::<&str>::new());
}

#[test]
fn other_files_are_found() {
    for name in ["logs/event_date=2022-01-08/extra.parquet", "logs/notes.txt", "sources/part-x.parquet"] {
        let found = failed_after(|dataset| {
            let path = dataset.root().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        });
        assert_eq!(found, ["no_other_files"], "{name}");
    }
}

#[test]
fn an_open_round_is_found() {
    let found = failed_after(|dataset| {
        fs::create_dir_all(dataset.root().join(".saltmine/runs/left")).unwrap();
    });
    assert_eq!(found, ["no_interrupted_run"]);
}

#[test]
fn an_active_writer_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = sound(folder.path());
    let lock = DatasetLock::acquire(&dataset, &|| {}).unwrap();
    assert!(matches!(verify(&dataset, &VerifyOptions::default()), Err(LakeError::Busy(_))));
    drop(lock);
    assert!(verify(&dataset, &VerifyOptions::default()).unwrap().passed());
}

#[test]
fn a_line_in_the_files_of_two_days_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = Dataset::open_or_create(folder.path(), PartitionBy::EventDate).unwrap();
    let source = Source { id: 1, days: &[19_000, 19_001], rows: 3, rejects: 0 };
    ingest(&DatasetLock::acquire(&dataset, &|| {}).unwrap(), &[source]).unwrap();
    assert_eq!(failed(&verify(&dataset, &VerifyOptions::default()).unwrap()), ["no_line_twice"]);
}
