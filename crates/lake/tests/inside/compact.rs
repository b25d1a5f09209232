//! A compacted dataset has the same rows in fewer files, even if the writer dies.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::common::copy_folder;
use super::support::{Source, content, ingest, is_crash, stage, staging_folders};
use crate::maintain::compact::compact_within;
use crate::maintain::limits::Limits;
use crate::{
    CompactOptions, Dataset, DatasetLock, Partition, PartitionBy, Table, VerifyOptions, compact, verify,
};

const ROUNDS: [&[Source]; 3] = [
    &[Source { id: 1, days: &[19_000, 19_001], rows: 3, rejects: 1 }],
    &[Source { id: 2, days: &[19_001, 19_002], rows: 2, rejects: 2 }],
    &[Source { id: 3, days: &[19_001], rows: 4, rejects: 0 }],
];

fn dataset(folder: &Path) -> Dataset {
    let dataset = Dataset::open_or_create(folder, PartitionBy::EventDate).unwrap();
    let lock = DatasetLock::acquire(&dataset, &|| {}).unwrap();
    for round in ROUNDS {
        ingest(&lock, round).unwrap();
    }
    drop(lock);
    dataset
}

#[test]
fn small_files_become_one() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = dataset(folder.path());
    let wanted = content(&dataset);
    let report = compact(&dataset, &CompactOptions::default(), &|| {}).unwrap();
    assert_eq!(content(&dataset), wanted);
    // One day had three files; days with one file are left alone. Two files of rejects, three of sources.
    assert_eq!((report.partitions, report.files_before, report.files_after), (3, 8, 3));
    assert_eq!((report.rows, report.rounds), (9 + 3 + 3, 1));
    assert_eq!(dataset.files(Table::Logs).unwrap().len(), 3);
    assert_eq!(dataset.known_sources().unwrap().len(), 3);
    let days = dataset.files(Table::Logs).unwrap();
    assert!(days.iter().all(|file| file.sha256.is_some() && file.min_time.is_some()));

    let again = compact(&dataset, &CompactOptions::default(), &|| {}).unwrap();
    assert_eq!((again.rounds, again.files_before), (0, 0));
}

#[test]
fn partitions_by_bucket_stay_apart() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = Dataset::open_or_create(folder.path(), PartitionBy::BucketAndEventDate).unwrap();
    let lock = DatasetLock::acquire(&dataset, &|| {}).unwrap();
    for _ in 0..2 {
        let staging = lock.begin().unwrap();
        let buckets = [Some("a/../b".to_owned()), None, Some("__HIVE_DEFAULT_PARTITION__".to_owned())];
        let partition = |bucket| Partition { event_date: 19_000, bucket: Some(bucket) };
        let files = buckets.map(|bucket| stage(&staging, "a.gz", 2, partition(bucket)));
        staging.commit(files.to_vec(), vec![], vec![]).unwrap();
    }
    drop(lock);
    let wanted = content(&dataset);
    let report = compact(&dataset, &CompactOptions::default(), &|| {}).unwrap();
    assert_eq!((report.files_before, report.files_after), (6, 3));
    assert_eq!(content(&dataset), wanted);
}

#[test]
fn a_compacting_writer_may_die_at_any_step() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("base");
    let wanted = content(&dataset(&base));
    let mut steps = 0;
    loop {
        let path = folder.path().join(format!("died-after-{steps}"));
        copy_folder(&base, &path);
        let dataset = Dataset::open(&path).unwrap().dying_after(steps);
        let result = compact(&dataset, &CompactOptions::default(), &|| {});
        if let Ok(report) = result {
            assert_eq!(report.files_after, 3);
            break;
        }
        assert!(is_crash(&result), "{result:?}");
        let dataset = Dataset::open(&path).unwrap().dying_after(steps % 4);
        let _ = DatasetLock::acquire(&dataset, &|| {}).unwrap().recover();
        let dataset = Dataset::open(&path).unwrap();
        DatasetLock::acquire(&dataset, &|| {}).unwrap().recover().unwrap();
        assert_eq!(content(&dataset), wanted, "after step {steps}");
        assert!(staging_folders(&dataset).is_empty());
        compact(&dataset, &CompactOptions::default(), &|| {}).unwrap();
        assert_eq!(content(&dataset), wanted, "after step {steps} and another run");
        assert_eq!(dataset.files(Table::Logs).unwrap().len(), 3);
        fs::remove_dir_all(&path).unwrap();
        steps += 1;
    }
    assert!(steps >= 20, "only {steps} steps were tried");
}

#[test]
fn damage_does_not_get_a_new_hash() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = dataset(folder.path());
    let file = dataset.files(Table::Logs).unwrap().into_iter().find(|file| file.event_date == Some(19_001));
    let path = file.unwrap().path;
    let mut bytes = fs::read(&path).unwrap();
    bytes[10] ^= 1;
    fs::write(&path, bytes).unwrap();
    let before = dataset.files(Table::Logs).unwrap();
    assert!(compact(&dataset, &CompactOptions::default(), &|| {}).is_err());
    assert_eq!(dataset.files(Table::Logs).unwrap(), before);
    assert!(staging_folders(&dataset).is_empty());
    assert!(!verify(&dataset, &VerifyOptions::default()).unwrap().passed());
}

#[test]
fn a_writer_that_drops_duplicates_may_die_at_any_step() {
    let folder = tempfile::tempdir().unwrap();
    let (base, logs) = (folder.path().join("base"), folder.path().join("logs"));
    fs::create_dir(&logs).unwrap();
    let line = |number: usize| {
        format!(
            "0wner vault [{:02}/May/2026:10:00:00 +0000] 192.0.2.7 - {number:016X} REST.GET.OBJECT k \"GET /k HTTP/1.1\" \
             200 - 5 99 12 11 \"-\" \"agent\" - host SigV4 C AuthHeader h TLSv1.3 - - -\n",
            1 + number % 3
        )
    };
    for (name, lines) in [("a", 0..6), ("b", 3..9), ("c", 0..3)] {
        fs::write(logs.join(name), lines.map(line).collect::<String>()).unwrap();
    }
    let sources = saltmine_scan::discover(&[logs.to_str().unwrap().to_owned()]).unwrap();
    let partition_by = Some(PartitionBy::EventDate);
    let request = crate::IngestRequest {
        sources: &sources,
        dataset: &base,
        partition_by,
        jobs: 1,
        strict: false,
        stop: None,
    };
    crate::ingest(&request, &crate::Silent).unwrap();
    let options = CompactOptions { dedup: true, ..Default::default() };
    let wanted = folder.path().join("wanted");
    copy_folder(&base, &wanted);
    let wanted = Dataset::open(&wanted).unwrap();
    assert_eq!(compact(&wanted, &options, &|| {}).unwrap().duplicates, 6);
    let wanted = content(&wanted);
    assert_eq!(wanted.last().unwrap().len(), 9);

    let mut steps = 0;
    loop {
        let path = folder.path().join(format!("died-after-{steps}"));
        copy_folder(&base, &path);
        let dataset = Dataset::open(&path).unwrap().dying_after(steps);
        let result = compact(&dataset, &options, &|| {});
        if result.is_ok() {
            break;
        }
        assert!(is_crash(&result), "{result:?}");
        let dataset = Dataset::open(&path).unwrap();
        compact(&dataset, &options, &|| {}).unwrap();
        assert_eq!(content(&dataset), wanted, "after step {steps}");
        let report = verify(&dataset, &VerifyOptions::default()).unwrap();
        assert!(report.passed(), "after step {steps}: {report:#?}");
        fs::remove_dir_all(&path).unwrap();
        steps += 1;
    }
    assert!(steps >= 8, "only {steps} steps were tried");
}

/// Limits on rounds, row groups and copies do not change the rows.
#[test]
fn limits_split_rounds_and_row_groups_and_keep_all_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lake");
    let dataset = dataset(&path);
    {
        let lock = DatasetLock::acquire(&dataset, &|| {}).unwrap();
        for id in 4..8 {
            ingest(&lock, &[Source { id, days: &[19_001], rows: 3000, rejects: 0 }]).unwrap();
        }
    }
    let wanted = content(&dataset);
    let sizes: Vec<u64> = dataset.files(Table::Logs).unwrap().iter().map(|file| file.size).collect();
    let limits = Limits { round: 3 * sizes.iter().max().unwrap(), row_groups: 1, copies: 0 };
    let dataset = dataset.copying();
    let report = compact_within(&dataset, &CompactOptions::default(), &|| {}, limits).unwrap();
    assert!(report.rounds > 1, "a day larger than a round takes several rounds");
    let largest = dataset.files(Table::Logs).unwrap().into_iter().max_by_key(|file| file.rows).unwrap();
    let file = fs::File::open(&largest.path).unwrap();
    let reader = parquet::file::reader::SerializedFileReader::new(file).unwrap();
    let groups = parquet::file::reader::FileReader::metadata(&reader).num_row_groups();
    assert!(groups > 1, "{groups} row groups: they are closed by bytes too");
    drop(reader);
    assert_eq!(content(&Dataset::open(&path).unwrap()), wanted);

    let options = CompactOptions { dedup: true, ..Default::default() };
    compact_within(&dataset, &options, &|| {}, limits).unwrap();
    assert_eq!(content(&Dataset::open(&path).unwrap()), wanted, "no row is duplicated");
}

/// Files of S3 are copied to the disk to be compared. The copies of one partition are removed before the next: all
/// partitions together may be larger than the disk.
#[test]
fn copies_of_one_partition_go_before_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = Dataset::open_or_create(folder.path(), PartitionBy::EventDate).unwrap();
    let (days, files) = (&[19_000, 19_001, 19_002, 19_003, 19_004, 19_005, 19_006, 19_007], 3);
    for id in 1..=files {
        let lock = DatasetLock::acquire(&dataset, &|| {}).unwrap();
        ingest(&lock, &[Source { id, days, rows: 2, rejects: 0 }]).unwrap();
    }
    let wanted = content(&dataset);
    let most = Arc::new(AtomicUsize::new(0));
    let dataset = dataset.counting_copies(Arc::clone(&most));
    let options = CompactOptions { dedup: true, jobs: 1, ..Default::default() };
    // No row is a duplicate, so nothing is replaced: the number of replaced bytes ends no round.
    compact_within(&dataset, &options, &|| {}, Limits::default()).unwrap();
    assert_eq!(content(&Dataset::open(folder.path()).unwrap()), wanted);
    let most = most.load(Ordering::SeqCst);
    assert!((1..=usize::from(files)).contains(&most), "{most} copies at a time, of {files} files a day");
}
