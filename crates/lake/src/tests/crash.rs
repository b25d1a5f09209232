//! A writer dies after each of its steps; the next one makes it good.

use std::fs;
use std::path::Path;

use super::support::{Source, content, copy_folder, ingest, staging_folders};
use crate::{Dataset, DatasetLock, LakeError, PartitionBy};

const BEFORE: &[Source] = &[Source { id: 1, days: &[19_000, 19_001], rows: 3, rejects: 1 }];
const ROUND: &[Source] = &[
    Source { id: 2, days: &[19_001, 19_002], rows: 2, rejects: 0 },
    Source { id: 3, days: &[], rows: 0, rejects: 2 },
];

fn is_crash<T>(result: &Result<T, LakeError>) -> bool {
    matches!(result, Err(LakeError::Crash))
}

fn dataset_with(folder: &Path, rounds: &[&[Source]]) -> Dataset {
    let dataset = Dataset::open_or_create(folder, PartitionBy::EventDate).unwrap();
    let lock = DatasetLock::acquire(&dataset, &|| {}).unwrap();
    for round in rounds {
        ingest(&lock, round).unwrap();
    }
    drop(lock);
    dataset
}

/// What the next run does: recovers (dying on the way first), and ingests what the ledger does not have.
fn next_run(folder: &Path, die_after: u32) -> Dataset {
    let dataset = Dataset::open(folder).unwrap();
    dataset.faults.die_after(die_after);
    let _ = DatasetLock::acquire(&dataset, &|| {}).unwrap().recover();

    let dataset = Dataset::open(folder).unwrap();
    let lock = DatasetLock::acquire(&dataset, &|| {}).unwrap();
    lock.recover().unwrap();
    assert_eq!(staging_folders(&dataset), Vec::<std::path::PathBuf>::new());
    let known = lock.known_sources().unwrap();
    let of_round = ROUND.iter().filter(|source| known.contains(&[source.id; 32])).count();
    assert!(of_round == 0 || of_round == ROUND.len(), "a round takes place as a whole");
    if of_round == 0 {
        ingest(&lock, ROUND).unwrap();
    }
    drop(lock);
    dataset
}

#[test]
fn a_writer_may_die_at_any_step() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = content(&dataset_with(&folder.path().join("undisturbed"), &[BEFORE, ROUND]));
    let base = folder.path().join("base");
    dataset_with(&base, &[BEFORE]);

    let mut steps = 0;
    loop {
        let path = folder.path().join(format!("died-after-{steps}"));
        copy_folder(&base, &path);
        let dataset = Dataset::open(&path).unwrap();
        dataset.faults.die_after(steps);
        let result = ingest(&DatasetLock::acquire(&dataset, &|| {}).unwrap(), ROUND);
        drop(dataset);
        if !is_crash(&result) {
            result.unwrap();
            break;
        }
        let dataset = next_run(&path, steps % 5);
        assert_eq!(content(&dataset), wanted, "after step {steps}");
        fs::remove_dir_all(&path).unwrap();
        steps += 1;
    }
    // Two small files written, synced, noted; for each of three tables moves and a commit; note removed.
    assert!(steps >= 14, "only {steps} steps were tried");
}

#[test]
fn a_crash_during_the_commit_itself_is_told_from_its_transaction() {
    // As if the process had died between the commit to `logs` and everything after it, with the note still there.
    let folder = tempfile::tempdir().unwrap();
    let dataset = dataset_with(folder.path(), &[BEFORE]);
    let mut died = false;
    for steps in 0.. {
        let version = dataset.version(crate::Table::Logs).unwrap();
        dataset.faults.die_after(steps);
        let result = ingest(&DatasetLock::acquire(&dataset, &|| {}).unwrap(), ROUND);
        if dataset.version(crate::Table::Logs).unwrap() > version {
            died = is_crash(&result);
            break;
        }
        dataset.faults.die_after(1000);
        DatasetLock::acquire(&dataset, &|| {}).unwrap().recover().unwrap();
        if dataset.version(crate::Table::Logs).unwrap() > version {
            return; // rolled forward from an earlier step; the other test has these
        }
    }
    assert!(died);
}

#[test]
fn a_note_that_cannot_be_read_stops_the_writer_and_keeps_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = dataset_with(folder.path(), &[BEFORE]);
    let left = crate::table::layout::runs_folder(dataset.root()).join("left");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("data.parquet"), b"x").unwrap();
    for note in ["{", r#"{"format":99,"run_id":"r","round":1,"saltmine_version":"9","changes":[]}"#] {
        fs::write(left.join("intent.json"), note).unwrap();
        let error = DatasetLock::acquire(&dataset, &|| {}).unwrap().recover().unwrap_err();
        assert!(matches!(error, LakeError::Intent { .. }), "{error}");
        assert!(left.join("data.parquet").exists());
    }
    fs::remove_file(left.join("intent.json")).unwrap();
    assert_eq!(DatasetLock::acquire(&dataset, &|| {}).unwrap().recover().unwrap().discarded, 1);
    assert!(!left.exists());
}

#[test]
fn a_note_that_names_a_path_outside_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = dataset_with(folder.path(), &[]);
    let left = crate::table::layout::runs_folder(dataset.root()).join("left");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("x"), b"x").unwrap();
    let note = r#"{"format":1,"run_id":"r","round":1,"saltmine_version":"9","changes":[{"table":"logs","add":[
        {"staged":"x","rows":1,"path":"../../escaped","partition":{},"size":1,"sha256":null,"statistics":null}]}]}"#;
    fs::write(left.join("intent.json"), note).unwrap();
    let error = DatasetLock::acquire(&dataset, &|| {}).unwrap().recover().unwrap_err();
    assert!(matches!(error, LakeError::Foreign { .. }), "{error}");
    assert!(left.join("x").exists());
}
