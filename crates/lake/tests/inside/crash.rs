//! A writer dies after each of its steps, and the next one repairs the dataset.

use std::fs;
use std::path::{Path, PathBuf};

use super::common::copy_folder;
use super::support::{Source, content, ingest, is_crash, staging_folders};
use crate::{Dataset, DatasetLock, LakeError, PartitionBy};

const BEFORE: &[Source] = &[Source { id: 1, days: &[19_000, 19_001], rows: 3, rejects: 1 }];
const ROUND: &[Source] = &[
    Source { id: 2, days: &[19_001, 19_002], rows: 2, rejects: 0 },
    Source { id: 3, days: &[], rows: 0, rejects: 2 },
];

fn dataset_with(folder: &Path, rounds: &[&[Source]]) -> Dataset {
    let dataset = Dataset::open_or_create(folder, PartitionBy::EventDate).unwrap();
    let lock = DatasetLock::acquire(&dataset, &|| {}).unwrap();
    for round in rounds {
        ingest(&lock, round).unwrap();
    }
    drop(lock);
    dataset
}

/// The next run: recovers (dying on the way first) and ingests what the ledger lacks.
fn next_run(folder: &Path, die_after: u32) -> Dataset {
    let dataset = Dataset::open(folder).unwrap().dying_after(die_after);
    let _ = DatasetLock::acquire(&dataset, &|| {}).unwrap().recover();

    let dataset = Dataset::open(folder).unwrap();
    let lock = DatasetLock::acquire(&dataset, &|| {}).unwrap();
    lock.recover().unwrap();
    assert_eq!(staging_folders(&dataset), Vec::<std::path::PathBuf>::new());
    let known = lock.known_sources().unwrap();
    let of_round = ROUND.iter().filter(|source| known.contains(&[source.id; 32])).count();
    assert!(of_round == 0 || of_round == ROUND.len(), "a round is committed completely or not at all");
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
        let dataset = Dataset::open(&path).unwrap().dying_after(steps);
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
    // Two small files written, synced, noted; moves and a commit for each of three tables; the note removed.
    assert!(steps >= 14, "only {steps} steps were tried");
}

#[test]
fn a_crash_during_the_commit_is_recognised_by_its_transaction() {
    // As if the process had died between the commit to `logs` and everything after it, with the note still
    // present.
    let folder = tempfile::tempdir().unwrap();
    let dataset = dataset_with(folder.path(), &[BEFORE]);
    let mut died = false;
    let version = dataset.version(crate::Table::Logs).unwrap();
    drop(dataset);
    for steps in 0.. {
        let dying = Dataset::open(folder.path()).unwrap().dying_after(steps);
        let result = ingest(&DatasetLock::acquire(&dying, &|| {}).unwrap(), ROUND);
        drop(dying);
        let dataset = Dataset::open(folder.path()).unwrap();
        if dataset.version(crate::Table::Logs).unwrap() > version {
            died = is_crash(&result);
            break;
        }
        DatasetLock::acquire(&dataset, &|| {}).unwrap().recover().unwrap();
        if dataset.version(crate::Table::Logs).unwrap() > version {
            return; // rolled forward from an earlier step, which the other test covers
        }
    }
    assert!(died);
}

/// A reader between the commits of a round sees either all of it or nothing of it.
#[test]
fn tables_are_read_as_of_one_moment() {
    let rows = |files: &[Vec<crate::DataFile>]| -> Vec<u64> {
        files.iter().map(|files| files.iter().filter_map(|file| file.rows).sum()).collect()
    };
    let tables = [crate::Table::Logs, crate::Table::Rejects, crate::Table::Sources];
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("base");
    let before = rows(&dataset_with(&base, &[BEFORE]).files_together(&tables).unwrap());
    let all = dataset_with(&folder.path().join("all"), &[BEFORE, ROUND]);
    let after = rows(&all.files_together(&tables).unwrap());
    let mut torn = 0;
    for steps in 0.. {
        let path = folder.path().join(steps.to_string());
        copy_folder(&base, &path);
        let dying = Dataset::open(&path).unwrap().dying_after(steps);
        let result = ingest(&DatasetLock::acquire(&dying, &|| {}).unwrap(), ROUND);
        drop(dying);
        let dataset = Dataset::open(&path).unwrap();
        let one_by_one: Vec<_> = tables.iter().map(|table| dataset.files(*table).unwrap()).collect();
        let one_by_one = rows(&one_by_one);
        torn += u32::from(one_by_one != before && one_by_one != after);
        // The writer continues while the reader waits.
        let writer = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(100));
            let dataset = Dataset::open(&path).unwrap();
            DatasetLock::acquire(&dataset, &|| {}).unwrap().recover().unwrap();
        });
        let together = rows(&dataset.files_together(&tables).unwrap());
        assert!(together == before || together == after, "after step {steps}: {together:?}");
        writer.join().unwrap();
        if !is_crash(&result) {
            break;
        }
    }
    assert!(torn > 0, "some steps are between the commits of a round");
}

/// A round left by an interrupted run: a file, and the note if one is given.
fn leave(dataset: &Dataset, note: Option<&str>) -> PathBuf {
    let left = dataset.root().join(".saltmine/runs").join(ROUND_NAME);
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join("000000.parquet"), b"x").unwrap();
    if let Some(note) = note {
        fs::write(left.join("intent.json"), note).unwrap();
    }
    left
}

const RUN: &str = "019a0000-0000-7000-8000-000000000001";
const ROUND_NAME: &str = "019a0000-0000-7000-8000-000000000001-r0001";

/// The note of that round, which adds a file to `logs` and replaces others.
fn note(staged: &str, path: &str, replaced: &str) -> String {
    let file = serde_json::json!({
        "staged": staged, "rows": 1, "path": path, "partition": {}, "size": 1, "sha256": null, "statistics": null,
    });
    let mut remove = file.clone();
    remove["path"] = replaced.into();
    let remove = if replaced.is_empty() { vec![] } else { vec![remove] };
    let change = serde_json::json!({ "table": "logs", "add": [file], "remove": remove });
    serde_json::json!({
        "format": 1, "run_id": RUN, "round": 1, "saltmine_version": "9", "changes": [change],
    })
    .to_string()
}

fn recover(dataset: &Dataset) -> Result<crate::Recovery, LakeError> {
    DatasetLock::acquire(dataset, &|| {}).unwrap().recover()
}

#[test]
fn a_note_that_cannot_be_read_stops_the_writer_and_keeps_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = dataset_with(folder.path(), &[BEFORE]);
    for note in ["{", r#"{"format":99,"run_id":"r","round":1,"saltmine_version":"9","changes":[]}"#] {
        let left = leave(&dataset, Some(note));
        let error = recover(&dataset).unwrap_err();
        assert!(matches!(error, LakeError::Intent { .. }), "{error}");
        assert!(left.join("000000.parquet").exists());
    }
    let left = leave(&dataset, None);
    fs::remove_file(left.join("intent.json")).unwrap();
    assert_eq!(recover(&dataset).unwrap().discarded, 1);
    assert!(!left.exists());
}

#[test]
fn a_note_that_names_a_path_outside_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dataset");
    let victim = folder.path().join("victim.parquet");
    fs::write(&victim, b"evidence").unwrap();
    let dataset = dataset_with(&path, &[BEFORE]);
    let part = format!("event_date=2022-01-01/part-{ROUND_NAME}-00000.parquet");
    let absolute = victim.to_str().unwrap();
    let committed = dataset.files(crate::Table::Logs).unwrap().remove(0).name;
    for (staged, path, replaced) in [
        (absolute, part.as_str(), ""),
        ("../../../../victim.parquet", &part, ""),
        ("../000000.parquet", &part, ""),
        ("000000.parquet", &format!("../../part-{ROUND_NAME}-00000.parquet"), ""),
        ("000000.parquet", &format!("/tmp/part-{ROUND_NAME}-00000.parquet"), ""),
        ("000000.parquet", &format!("_delta_log/part-{ROUND_NAME}-00000.parquet"), ""),
        ("000000.parquet", &committed, ""),
        ("000000.parquet", &part, "../../victim.parquet"),
        ("000000.parquet", &part, absolute),
        ("000000.parquet", &part, "_delta_log/00000000000000000000.json"),
    ] {
        let left = leave(&dataset, Some(&note(staged, path, replaced)));
        let error = recover(&dataset).unwrap_err();
        assert!(matches!(error, LakeError::Intent { .. }), "{staged} {path} {replaced}: {error}");
        assert!(
            left.join("000000.parquet").exists() && dataset.root().join("logs").join(&committed).exists()
        );
        assert_eq!(fs::read(&victim).unwrap(), b"evidence");
    }
    // A note of another round does not count either.
    let other = note("000000.parquet", &part, "").replace("\"round\":1", "\"round\":2");
    leave(&dataset, Some(&other));
    assert!(matches!(recover(&dataset), Err(LakeError::Intent { .. })));
}

#[cfg(unix)]
#[test]
fn nothing_outside_the_dataset_is_removed_or_written_through_a_link() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    for name in [".ssh", "Documents", ROUND_NAME] {
        fs::create_dir_all(home.join(name)).unwrap();
        fs::write(home.join(name).join("000000.parquet"), b"x").unwrap();
        fs::write(home.join(name).join("id"), b"x").unwrap();
    }
    let everything = || {
        let mut files: Vec<_> = super::support::data_on_disk(&home).into_iter().collect();
        files.sort();
        files
    };
    let before = everything();
    for link in [
        ".saltmine",
        ".saltmine/runs",
        ".saltmine/tmp",
        ".saltmine/runs/019a0000-0000-7000-8000-000000000001-r0001",
        "logs",
        "logs/_delta_log",
        "logs/event_date=2022-01-08",
    ] {
        let path = folder.path().join(link.replace('/', "-"));
        let dataset = dataset_with(&path, &[BEFORE]);
        let at = path.join(link);
        if at.exists() {
            fs::rename(&at, home.parent().unwrap().join("moved")).unwrap();
        }
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        symlink(&home, &at).unwrap();
        let next = Dataset::open(&path).and_then(|dataset| {
            let lock = DatasetLock::acquire(&dataset, &|| {})?;
            lock.recover()?;
            ingest(&lock, ROUND_OF_THAT_DAY)
        });
        drop(dataset);
        assert!(matches!(next, Err(LakeError::Foreign { .. })), "{link}: {next:?}");
        assert_eq!(everything(), before, "{link}");
        let _ = fs::remove_dir_all(home.parent().unwrap().join("moved"));
    }
}

/// 2022-01-08 is day 19,000.
const ROUND_OF_THAT_DAY: &[Source] = &[Source { id: 7, days: &[19_000], rows: 2, rejects: 0 }];

#[test]
fn only_files_of_rounds_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = dataset_with(folder.path(), &[BEFORE]);
    let runs = dataset.root().join(".saltmine/runs");
    // A folder with another name.
    fs::create_dir_all(runs.join("Documents")).unwrap();
    fs::write(runs.join("Documents/000000.parquet"), b"x").unwrap();
    assert!(matches!(recover(&dataset), Err(LakeError::Foreign { .. })));
    assert!(runs.join("Documents/000000.parquet").exists());
    fs::remove_dir_all(runs.join("Documents")).unwrap();
    // A folder named like a round, with files that no run writes there.
    for name in ["thesis.tex", "shards/thesis.tex", "photos/000000.parquet"] {
        let left = leave(&dataset, None);
        fs::create_dir_all(left.join(name).parent().unwrap()).unwrap();
        fs::write(left.join(name), b"x").unwrap();
        let error = recover(&dataset).unwrap_err();
        assert!(matches!(error, LakeError::Foreign { .. }), "{error}");
        assert!(left.join(name).exists() && left.join("000000.parquet").exists(), "{name}");
        fs::remove_dir_all(&left).unwrap();
    }
}

#[test]
fn a_round_with_a_lost_file_can_be_discarded() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("base");
    let before = content(&dataset_with(&base, &[BEFORE]));
    let mut rolled_back = 0;
    for steps in 0.. {
        let path = folder.path().join(format!("lost-after-{steps}"));
        copy_folder(&base, &path);
        let dying = Dataset::open(&path).unwrap().dying_after(steps);
        let result = ingest(&DatasetLock::acquire(&dying, &|| {}).unwrap(), ROUND);
        drop(dying);
        if !is_crash(&result) {
            break;
        }
        let dataset = Dataset::open(&path).unwrap();
        let left = dataset.root().join(".saltmine/runs");
        let lost =
            super::support::data_on_disk(&left).into_iter().find(|name| name.ends_with("sources.parquet"));
        let is_prepared =
            super::support::data_on_disk(&left).iter().any(|name| name.ends_with("intent.json"));
        let Some(lost) = lost.filter(|_| is_prepared) else { continue };
        fs::remove_file(left.join(lost)).unwrap();
        assert!(matches!(recover(&dataset), Err(LakeError::Lost(_))), "after step {steps}");

        // The process that discards it may die too.
        let dying = Dataset::open(&path).unwrap().dying_after(steps % 7);
        let _ = DatasetLock::acquire(&dying, &|| {}).unwrap().discard_lost();
        drop(dying);
        let lock = DatasetLock::acquire(&dataset, &|| {}).unwrap();
        let (recovery, discarded) = lock.discard_lost().unwrap();
        assert!(recovery.completed.is_empty(), "after step {steps}");
        if let [round] = &discarded[..] {
            assert_eq!((round.rows, round.rejects, round.sources), (4, 2, 2), "after step {steps}");
            assert_eq!(round.lost.len(), 1);
        }
        rolled_back += u32::from(dataset.version(crate::Table::Logs).unwrap() == 3);
        assert_eq!(content(&dataset), before, "after step {steps}");
        assert!(staging_folders(&dataset).is_empty());
        // Its sources are read again.
        ingest(&lock, ROUND).unwrap();
        drop(lock);
        assert_eq!(dataset.known_sources().unwrap().len(), 3, "after step {steps}");
    }
    assert!(rolled_back > 0, "commits made before the loss was noticed are reverted");
}
