//! When row groups are written.

use std::fs::File;
use std::path::PathBuf;

use parquet::file::reader::{FileReader, SerializedFileReader};
use tempfile::TempDir;

use super::support::log_rows;
use crate::encode::Encoder;
use crate::ingest::partitions::{OPEN_PARTITIONS, Partitions, QUIET_ROW_GROUP_ROWS, QUIET_ROWS};
use crate::{LakeError, Partition, PartitionBy};

/// Adds rows of a day, and does all urgent jobs.
fn add(partitions: &Partitions<'_>, encoder: &Encoder, event_date: i32, rows: usize) {
    let partition = Partition { event_date, bucket: None };
    let batch = log_rows("logs/a.gz", rows as i64, &partition);
    partitions.push(&batch, &[(event_date, 0..rows)]).unwrap();
    encode(partitions, encoder, false);
}

fn encode(partitions: &Partitions<'_>, encoder: &Encoder, any: bool) {
    while let Some(job) = partitions.next_job(any, 1) {
        partitions.encode(job, encoder).unwrap();
    }
}

/// For each file, its day and the rows of its row groups.
fn files(partitions: Partitions<'_>) -> Vec<(i32, Vec<i64>)> {
    let row_groups = |path: PathBuf| {
        let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
        reader.metadata().row_groups().iter().map(|row_group| row_group.num_rows()).collect()
    };
    let files = partitions.into_files().unwrap().into_iter();
    files.map(|file| (file.partition.event_date, row_groups(file.path))).collect()
}

#[test]
fn a_finished_day_is_written_out_and_accepts_late_rows() {
    let folder = TempDir::new().unwrap();
    let encoder = Encoder::new().unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let partitions = Partitions::new(&encoder, folder.path().to_owned(), PartitionBy::EventDate, true);
    let files_written = || std::fs::read_dir(folder.path()).unwrap().count();

    // The last rows of the first day are too few to be encoded separately.
    add(&partitions, &encoder, 1, QUIET_ROW_GROUP_ROWS);
    add(&partitions, &encoder, 1, 3);
    add(&partitions, &encoder, 2, 3);
    add(&partitions, &encoder, 3, QUIET_ROWS - 4);
    assert_eq!(files_written(), 0);
    add(&partitions, &encoder, 3, 1);
    assert_eq!(files_written(), 1);
    add(&partitions, &encoder, 1, 5);
    encode(&partitions, &encoder, true);
    partitions.finish(&pool).unwrap();

    let (large, largest) = (QUIET_ROW_GROUP_ROWS as i64 + 3, QUIET_ROWS as i64 - 3);
    assert_eq!(files(partitions), [(1, vec![large, 5]), (2, vec![3]), (3, vec![largest])]);
}

#[test]
fn memory_does_not_grow_with_the_number_of_days() {
    let folder = TempDir::new().unwrap();
    let encoder = Encoder::new().unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let partitions = Partitions::new(&encoder, folder.path().to_owned(), PartitionBy::EventDate, false);
    // Twice, so that days recur after they were closed.
    for day in (0..1500).chain(0..300) {
        add(&partitions, &encoder, day, 2);
        encode(&partitions, &encoder, true);
        let (held, open) = partitions.open_counts();
        assert!(
            open <= OPEN_PARTITIONS && held <= OPEN_PARTITIONS + 130,
            "{held} held and {open} open at day {day}"
        );
    }
    partitions.finish(&pool).unwrap();
    let rows: i64 = files(partitions).iter().flat_map(|(_, row_groups)| row_groups).sum();
    assert_eq!(rows, 3600);
}

#[test]
fn a_day_that_readers_cannot_represent_is_never_a_partition() {
    let folder = TempDir::new().unwrap();
    let encoder = Encoder::new().unwrap();
    let partitions = Partitions::new(&encoder, folder.path().to_owned(), PartitionBy::EventDate, false);
    let push = |day: i32| {
        let batch = log_rows("a", 1, &Partition { event_date: 0, bucket: None });
        partitions.push(&batch, &[(day, 0..1)])
    };
    for (day, date) in [(-719_162, "0001-01-01"), (2_932_896, "9999-12-31")] {
        push(day).unwrap();
        assert_eq!(Partition { event_date: day, bucket: None }.relative_path(), format!("event_date={date}"));
    }
    for day in [-719_163, 2_932_897, i32::MIN, i32::MAX] {
        assert!(matches!(push(day), Err(LakeError::Day(found)) if found == day));
    }
}
