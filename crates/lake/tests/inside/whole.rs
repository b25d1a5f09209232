//! What is committed is read back, and nothing else.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use super::support::{DAY, Source, content, ingest, parquet_batches, stage, staging_folders};
use crate::storage::disk::hash_own_file;
use crate::storage::path::hex;
use crate::{Dataset, DatasetLock, LakeError, Partition, PartitionBy, Table};

fn create(folder: &Path) -> Dataset {
    Dataset::open_or_create(folder, PartitionBy::EventDate).unwrap()
}

#[test]
fn committed_rows_are_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a folder with 100%, # and é");
    let dataset = create(&path);
    let lock = DatasetLock::acquire(&dataset, &|| {}).unwrap();
    let source = Source { id: 9, days: &[19_783, 19_784], rows: 4, rejects: 2 };
    let done = ingest(&lock, &[source]).unwrap();
    assert_eq!((done.round, done.files, done.rows, done.rejects, done.sources), (1, 2, 8, 2, 1));
    assert_eq!(lock.known_sources().unwrap(), HashSet::from([[9; 32]]));
    drop(lock);

    let dataset = Dataset::open(&path).unwrap();
    let files = dataset.files(Table::Logs).unwrap();
    assert_eq!(files.len(), 2);
    for (file, day) in files.iter().zip([19_783, 19_784]) {
        assert_eq!((file.rows, file.event_date, &file.bucket), (Some(4), Some(day), &None));
        let start = i64::from(day) * DAY;
        assert_eq!(file.min_time, Some(start + 1_000_000));
        assert_eq!(file.max_time, Some(start + 4_000_000));
        let (sha256, size) = hash_own_file(&file.path).unwrap();
        assert_eq!((file.sha256.as_deref(), file.size), (Some(hex(&sha256).as_str()), size));
    }
    assert!(files[0].name.starts_with("event_date=2024-03-01/part-"), "{}", files[0].name);
    assert_eq!(content(&dataset).iter().map(Vec::len).collect::<Vec<_>>(), [2, 1, 8]);
    assert!(staging_folders(&dataset).is_empty());

    let sources = dataset.files(Table::Sources).unwrap();
    let schema = parquet_batches(&sources[0].path)[0].schema();
    assert!(schema.metadata().is_empty());
    assert_eq!(schema.field_with_name("log_file").unwrap().data_type(), &arrow::datatypes::DataType::Utf8);
}

#[test]
fn rounds_of_a_run_and_checkpoints_keep_everything() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = create(folder.path());
    let lock = DatasetLock::acquire(&dataset, &|| {}).unwrap();
    for id in 0..22 {
        let done = ingest(&lock, &[Source { id, days: &[19_000], rows: 2, rejects: 0 }]).unwrap();
        assert_eq!(done.round, u32::from(id) + 1);
    }
    let log = folder.path().join("logs/_delta_log");
    assert!(log.join("00000000000000000019.checkpoint.parquet").exists());
    for version in 0..19 {
        fs::remove_file(log.join(format!("{version:020}.json"))).unwrap(); // the checkpoint contains everything
    }
    let files = dataset.files(Table::Logs).unwrap();
    assert_eq!(files.len(), 22);
    assert!(files.iter().all(|file| file.sha256.is_some() && file.rows == Some(2)));
    assert!(files.iter().all(|file| file.min_time == Some(19_000 * DAY + 1_000_000)));
    assert!(files.iter().all(|file| file.max_time == Some(19_000 * DAY + 2_000_000)));
    assert_eq!(lock.known_sources().unwrap().len(), 22);
    assert_eq!(dataset.version(Table::Logs).unwrap(), 22);
    assert_eq!(dataset.version(Table::Rejects).unwrap(), 0, "a table that gets no rows gets no commit");
}

#[test]
fn sources_without_rows_are_only_in_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = create(folder.path());
    let lock = DatasetLock::acquire(&dataset, &|| {}).unwrap();
    ingest(&lock, &[Source { id: 1, days: &[], rows: 0, rejects: 0 }]).unwrap();
    assert_eq!(dataset.version(Table::Logs).unwrap(), 0);
    assert_eq!(lock.known_sources().unwrap().len(), 1);
    let nothing = lock.begin().unwrap().commit(vec![], vec![], vec![]).unwrap();
    assert_eq!((nothing.files, nothing.sources), (0, 0));
    assert!(staging_folders(&dataset).is_empty());
}

#[test]
fn hostile_bucket_names_stay_in_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dataset");
    let dataset = Dataset::open_or_create(&path, PartitionBy::BucketAndEventDate).unwrap();
    let lock = DatasetLock::acquire(&dataset, &|| {}).unwrap();
    let long = "x".repeat(3000);
    let buckets = [
        Some("plain"),
        Some(".."),
        Some("../../../outside"),
        Some("/absolute"),
        Some("a=b"),
        Some("100%25"),
        Some("tab\tnew\nline\u{1b}[31m\0"),
        Some("quote\"brace{}#?*<>|\\"),
        Some("__HIVE_DEFAULT_PARTITION__"),
        Some("ünï"),
        Some(&long),
        None,
    ];
    let staging = lock.begin().unwrap();
    let mut files = Vec::new();
    for bucket in buckets {
        let partition = Partition { event_date: 19_000, bucket: Some(bucket.map(str::to_owned)) };
        files.push(stage(&staging, "a.gz", 1, partition));
    }
    staging.commit(files, vec![], vec![]).unwrap();

    let mut found = HashSet::new();
    for file in dataset.files(Table::Logs).unwrap() {
        assert!(fs::canonicalize(&file.path).unwrap().starts_with(dataset.root().join("logs")));
        assert_eq!(file.name.matches('/').count(), 2, "{}", file.name);
        found.insert(file.bucket.unwrap());
    }
    assert_eq!(found, buckets.iter().map(|bucket| bucket.map(str::to_owned)).collect());
    content(&dataset);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing next to the dataset");
}

#[test]
fn one_writer_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = create(folder.path());
    let first = DatasetLock::acquire(&dataset, &|| {}).unwrap();
    let (waits, resumed) = mpsc::channel();
    let released = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // The sender moves along: if the thread ends without a message, there is none to wait for.
        let (path, released) = (folder.path(), &released);
        let second = scope.spawn(move || {
            let dataset = Dataset::open(path).unwrap();
            let _lock = DatasetLock::acquire(&dataset, &|| waits.send(()).unwrap()).unwrap();
            assert!(released.load(Ordering::SeqCst));
        });
        resumed.recv().unwrap();
        released.store(true, Ordering::SeqCst);
        drop(first);
        second.join().unwrap();
    });
}

#[test]
fn a_dataset_is_created_only_in_an_empty_folder() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Dataset::open(folder.path()), Err(LakeError::NotADataset(_))));
    let other = folder.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("mine.txt"), "x").unwrap();
    let refused = Dataset::open_or_create(&other, PartitionBy::EventDate);
    assert!(matches!(refused, Err(LakeError::NotEmpty(_))));
    assert_eq!(fs::read_dir(&other).unwrap().count(), 1);

    let path = folder.path().join("deep/er/dataset");
    create(&path);
    assert!(Dataset::is_dataset(&path));
    let other_way = Dataset::open_or_create(&path, PartitionBy::BucketAndEventDate);
    assert!(matches!(other_way, Err(LakeError::Partitioning { .. })));

    // The state after a kill between two tables.
    fs::remove_dir_all(path.join("logs")).unwrap();
    fs::create_dir_all(path.join("logs/_delta_log")).unwrap();
    assert!(!Dataset::is_dataset(&path));
    create(&path);
    assert_eq!(Dataset::open(&path).unwrap().files(Table::Logs).unwrap(), []);
}

#[test]
fn a_round_that_is_not_committed_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = create(folder.path());
    let lock = DatasetLock::acquire(&dataset, &|| {}).unwrap();
    let partition = Partition { event_date: 1, bucket: None };

    let staging = lock.begin().unwrap();
    stage(&staging, "a.gz", 1, partition.clone());
    drop(staging);
    assert!(staging_folders(&dataset).is_empty());

    let wrong: [fn(&mut crate::StagedFile); 4] = [
        |file| file.size += 1,
        |file| file.rows += 1,
        |file| file.path = "/etc/hostname".into(),
        |file| file.partition.bucket = Some(None),
    ];
    for spoil in wrong {
        let staging = lock.begin().unwrap();
        let mut file = stage(&staging, "a.gz", 1, partition.clone());
        spoil(&mut file);
        let error = staging.commit(vec![file], vec![], vec![]).unwrap_err();
        assert!(matches!(error, LakeError::Staged { .. }), "{error}");
        assert!(staging_folders(&dataset).is_empty());
    }
    assert_eq!(content(&dataset).concat(), Vec::<String>::new());
}

#[test]
fn usable_from_within_a_runtime() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        assert_eq!(create(folder.path()).files(Table::Logs).unwrap(), []);
    });
}
