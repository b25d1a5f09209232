//! Processes are killed at random moments, as with `kill -9`, and the next process must repair the dataset.
//!
//! `SALTMINE_KILLS` sets the number of kills per process.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use arrow::util::display::{ArrayFormatter, FormatOptions};
use common::copy_folder;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use saltmine_lake::{
    CompactOptions, Dataset, IngestRequest, PartitionBy, Silent, Table, VerifyOptions, compact, ingest,
    verify,
};
use saltmine_scan::discover;

/// The job of a child: `ingest` or `compact`, the folder of the logs, the dataset.
const JOB: &str = "SALTMINE_KILL_TEST_JOB";

fn write_logs(folder: &Path, files: std::ops::Range<usize>) {
    for file in files {
        let mut text = String::new();
        for line in 0..400 {
            let number = file * 400 + line;
            if number % 97 == 0 {
                text.push_str("no log line\n\n");
            }
            text.push_str(&format!(
                "0wner logs-a [{:02}/May/2026:10:00:00 +0000] 192.0.2.{} - {number:016X} REST.PUT.OBJECT k{number} \
                 \"PUT /k{number} HTTP/1.1\" 200 - {number} 99 12 11 \"-\" \"agent\" - host SigV4 C AuthHeader h \
                 TLSv1.3 - - -\n",
                1 + number % 20,
                number % 250,
            ));
        }
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        std::fs::write(folder.join(format!("log-{file:03}.gz")), gzip.finish().unwrap()).unwrap();
    }
}

fn run_ingest(logs: &Path, dataset: &Path) {
    let sources = discover(&[logs.to_str().unwrap().to_owned()]).unwrap();
    let partition_by = Some(PartitionBy::EventDate);
    let request =
        IngestRequest { sources: &sources, dataset, partition_by, jobs: 2, strict: false, stop: None };
    ingest(&request, &Silent).unwrap();
}

fn run_compact(dataset: &Path) {
    compact(&Dataset::open(dataset).unwrap(), &CompactOptions::default(), &|| {}).unwrap();
}

/// Not a test: the children of the tests below run this.
#[test]
fn child() {
    let Ok(job) = std::env::var(JOB) else { return };
    let parts: Vec<&str> = job.split('|').collect();
    match parts[0] {
        "ingest" => run_ingest(parts[1].as_ref(), parts[2].as_ref()),
        _ => run_compact(parts[2].as_ref()),
    }
}

fn start_child(job: &str, logs: &Path, dataset: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child"])
        .env(JOB, format!("{job}|{}|{}", logs.display(), dataset.display()))
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Every row of `logs` and `rejects` in all columns, read only from the files on disk.
fn content(dataset: &Path) -> Vec<String> {
    let mut rows = Vec::new();
    for table in ["logs", "rejects"] {
        for path in parquet_files(&dataset.join(table)) {
            let file = std::fs::File::open(&path).unwrap();
            for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
                let batch = batch.unwrap();
                let options = FormatOptions::new().with_null("\0");
                let columns = batch.columns().iter();
                let columns: Vec<ArrayFormatter<'_>> =
                    columns.map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
                for row in 0..batch.num_rows() {
                    let values: Vec<String> =
                        columns.iter().map(|column| column.value(row).to_string()).collect();
                    rows.push(format!("{table} {}", values.join("\x01")));
                }
            }
        }
    }
    rows.sort();
    rows
}

fn parquet_files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("_delta_log") {
            files.append(&mut parquet_files(&path));
        } else if path.is_file() {
            files.insert(path);
        }
    }
    files
}

fn assert_sound(dataset: &Path, wanted: &[String], when: Duration) {
    assert_eq!(content(dataset), wanted, "killed after {when:?}");
    let dataset = Dataset::open(dataset).unwrap();
    for table in Table::ALL {
        let committed = dataset.files(table).unwrap().into_iter().map(|file| file.path).collect();
        assert_eq!(parquet_files(&dataset.root().join(table.name())), committed, "killed after {when:?}");
    }
    let report = verify(&dataset, &VerifyOptions::default()).unwrap();
    assert!(report.passed(), "killed after {when:?}: {report:#?}");
}

/// Kills a job at moments spread over its duration, each time on a fresh copy of `base`, and calls `check` on
/// the result.
fn kill_often(
    job: &str,
    logs: &Path,
    base: &Path,
    folder: &Path,
    default_kills: u32,
    check: impl Fn(&Path, Duration),
) {
    let kills = std::env::var("SALTMINE_KILLS").ok().and_then(|text| text.parse().ok());
    let kills: u32 = kills.unwrap_or(default_kills);
    let dataset = folder.join("undisturbed");
    copy_folder(base, &dataset);
    let start = Instant::now();
    assert!(start_child(job, logs, &dataset).wait().unwrap().success());
    let time = start.elapsed();
    for kill in 0..kills {
        let dataset = folder.join(format!("killed-{kill}"));
        copy_folder(base, &dataset);
        let when = time.mul_f64(1.1 * (f64::from(kill) + fastrand::f64()) / f64::from(kills));
        let mut child = start_child(job, logs, &dataset);
        std::thread::sleep(when);
        let _ = child.kill(); // it may have ended
        child.wait().unwrap();
        check(&dataset, when);
        std::fs::remove_dir_all(&dataset).unwrap();
    }
}

#[test]
fn a_killed_ingest_is_completed_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let (logs, base) = (folder.path().join("logs"), folder.path().join("base"));
    std::fs::create_dir(&logs).unwrap();
    write_logs(&logs, 0..3);
    run_ingest(&logs, &base);
    write_logs(&logs, 3..12);
    let wanted = folder.path().join("wanted");
    copy_folder(&base, &wanted);
    run_ingest(&logs, &wanted);
    let wanted = content(&wanted);
    assert_eq!(wanted.len(), 12 * 400 + (12 * 400usize).div_ceil(97));

    kill_often("ingest", &logs, &base, folder.path(), 20, |dataset, when| {
        run_ingest(&logs, dataset);
        assert_sound(dataset, &wanted, when);
    });
}

#[test]
fn a_killed_first_ingest_is_completed_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let (logs, base) = (folder.path().join("logs"), folder.path().join("base"));
    std::fs::create_dir(&logs).unwrap();
    std::fs::create_dir(&base).unwrap();
    write_logs(&logs, 0..4);
    let wanted = folder.path().join("wanted");
    run_ingest(&logs, &wanted);
    let wanted = content(&wanted);

    kill_often("ingest", &logs, &base, folder.path(), 10, |dataset, when| {
        run_ingest(&logs, dataset);
        assert_sound(dataset, &wanted, when);
    });
}

#[test]
fn a_killed_compaction_is_completed_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let (logs, base) = (folder.path().join("logs"), folder.path().join("base"));
    std::fs::create_dir(&logs).unwrap();
    for run in 0..4 {
        write_logs(&logs, run * 2..run * 2 + 2);
        run_ingest(&logs, &base);
    }
    let wanted = content(&base);

    kill_often("compact", &logs, &base, folder.path(), 10, |dataset, when| {
        run_compact(dataset);
        assert_sound(dataset, &wanted, when);
        assert_eq!(Dataset::open(dataset).unwrap().files(Table::Logs).unwrap().len(), 20);
    });
}
