//! Ingests in shards give the same dataset as one process, even if shards are attempted twice, lost or duplicated.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use saltmine_lake::{
    Dataset, IngestReport, IngestRequest, LakeError, Manifest, Shard, ShardJob, ShardRunner, Silent, Table,
    VerifyOptions, ingest, ingest_shard, ingest_sharded, verify,
};
use saltmine_scan::discover;

fn line(number: usize) -> String {
    format!(
        "0wner data [{:02}/May/2026:10:00:00 +0000] 198.51.100.7 - {number:016X} REST.GET.OBJECT k{number} \
         \"GET /k{number} HTTP/1.1\" 200 - {number} 99 12 11 \"-\" \"agent\" - host SigV4 C AuthHeader h TLSv1.3 - - -",
        1 + number % 5,
    )
}

/// Files that together are large enough for several shards. One line of each is a reject.
fn logs(folder: &Path, files: usize) {
    some_logs(folder, files, 9_000);
}

fn some_logs(folder: &Path, files: usize, lines: usize) {
    for file in 0..files {
        let mut text = String::from("not a line of a log\n\n");
        for number in 0..lines {
            text.push_str(&line(file * lines + number));
            text.push('\n');
        }
        std::fs::write(folder.join(format!("log-{file:03}")), text).unwrap();
    }
}

/// Runs each shard in this process, after calling `before` with it, and returns what `after` makes of the
/// manifests.
struct Here<B, A> {
    before: B,
    after: A,
    least: u64,
    runs: AtomicUsize,
    shards: Mutex<Vec<u32>>,
}

impl<B, A> Here<B, A>
where
    B: Fn(&ShardJob, &Shard) -> Result<(), LakeError>,
    A: Fn(Vec<Manifest>) -> Vec<Manifest>,
{
    fn new(before: B, after: A) -> Self {
        Self { before, after, least: 4 << 20, runs: AtomicUsize::new(0), shards: Mutex::default() }
    }
}

impl<B, A> ShardRunner for Here<B, A>
where
    B: Fn(&ShardJob, &Shard) -> Result<(), LakeError>,
    A: Fn(Vec<Manifest>) -> Vec<Manifest>,
{
    fn width(&self) -> usize {
        8
    }

    fn least_bytes(&self) -> u64 {
        self.least
    }

    fn run(&self, job: &ShardJob, shards: &[Shard]) -> Result<Vec<Manifest>, LakeError> {
        self.runs.fetch_add(1, Relaxed);
        let mut manifests = Vec::new();
        for shard in shards {
            self.shards.lock().unwrap().push(shard.number());
            (self.before)(job, shard)?;
            // Serialised as if it were sent.
            let shard: Shard = serde_json::from_str(&serde_json::to_string(shard).unwrap()).unwrap();
            let manifest = serde_json::to_string(&ingest_shard(job, &shard, None)?).unwrap();
            manifests.push(serde_json::from_str(&manifest).unwrap());
        }
        Ok((self.after)(manifests))
    }
}

fn sharded(logs: &Path, dataset: &Path, runner: &dyn ShardRunner) -> Result<IngestReport, LakeError> {
    let sources = discover(&[logs.to_str().unwrap().to_owned()]).unwrap();
    let request =
        IngestRequest { sources: &sources, dataset, partition_by: None, jobs: 0, strict: false, stop: None };
    ingest_sharded(&request, runner, &Silent)
}

fn whole(logs: &Path, dataset: &Path) -> IngestReport {
    let sources = discover(&[logs.to_str().unwrap().to_owned()]).unwrap();
    let request =
        IngestRequest { sources: &sources, dataset, partition_by: None, jobs: 2, strict: false, stop: None };
    ingest(&request, &Silent).unwrap()
}

/// All rows of all tables as text, except for what is specific to each run.
fn content(dataset: &Path) -> BTreeMap<&'static str, Vec<String>> {
    let dataset = Dataset::open(dataset).unwrap();
    let mut content = BTreeMap::new();
    for table in Table::ALL {
        let mut rows = Vec::new();
        for file in dataset.files(table).unwrap() {
            let reader =
                ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(&file.path).unwrap()).unwrap();
            for batch in reader.build().unwrap() {
                let mut batch = batch.unwrap();
                for own in ["run_id", "ingested_at", "saltmine_version"] {
                    if let Ok(index) = batch.schema().index_of(own) {
                        batch.remove_column(index);
                    }
                }
                let options = FormatOptions::default().with_null("NULL");
                let columns: Vec<_> = batch
                    .columns()
                    .iter()
                    .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
                    .collect();
                for row in 0..batch.num_rows() {
                    rows.push(
                        columns
                            .iter()
                            .map(|column| column.value(row).to_string())
                            .collect::<Vec<_>>()
                            .join("|"),
                    );
                }
            }
        }
        rows.sort();
        content.insert(table.name(), rows);
    }
    content
}

/// Checks that all files of `logs` on disk belong to the table, and that no run has left anything.
fn assert_tidy(root: &Path) {
    assert_eq!(std::fs::read_dir(root.join(".saltmine/runs")).unwrap().count(), 0);
    let dataset = Dataset::open(root).unwrap();
    for table in Table::ALL {
        let mut lying = Vec::new();
        for entry in walk(&root.join(table.name())) {
            let is_data = entry.extension().is_some_and(|ending| ending == "parquet");
            if is_data && !entry.components().any(|part| part.as_os_str() == "_delta_log") {
                lying.push(entry);
            }
        }
        lying.sort();
        let mut named: Vec<_> = dataset.files(table).unwrap().into_iter().map(|file| file.path).collect();
        named.sort();
        assert_eq!(lying, named);
    }
    assert!(verify(&dataset, &VerifyOptions::default()).unwrap().passed());
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

/// A folder of logs, and the dataset that one process makes from it.
fn prepared() -> (tempfile::TempDir, BTreeMap<&'static str, Vec<String>>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("logs")).unwrap();
    logs(&folder.path().join("logs"), 9);
    whole(&folder.path().join("logs"), &folder.path().join("whole"));
    let content = content(&folder.path().join("whole"));
    (folder, content)
}

#[test]
fn shards_make_the_same_dataset() {
    let (folder, expected) = prepared();
    let (logs, dataset) = (folder.path().join("logs"), folder.path().join("sharded"));
    let runner = Here::new(|_: &ShardJob, _: &Shard| Ok(()), |manifests| manifests);
    let report = sharded(&logs, &dataset, &runner).unwrap();
    assert!(runner.shards.lock().unwrap().len() >= 3, "split into several shards");
    assert_eq!((report.read, report.counts.rows, report.counts.rejects, report.rounds), (9, 81_000, 9, 1));
    assert_eq!((report.rejects.len(), report.counts.lines), (9, 81_018));
    assert_eq!(content(&dataset), expected);
    assert_tidy(&dataset);
    // A second run finds nothing new.
    let report = sharded(&logs, &dataset, &runner).unwrap();
    assert_eq!((report.read, report.skipped, report.rounds), (0, 9, 0));
    assert_eq!(runner.runs.load(Relaxed), 2, "no shard read known content and had to be repeated");
    assert_eq!(content(&dataset), expected);
}

/// A shard whose executor was lost after its work is attempted again: the first folder stays, or both
/// manifests arrive.
#[test]
fn a_shard_attempted_twice_counts_once() {
    let (folder, expected) = prepared();
    let logs = folder.path().join("logs");
    let lost = |job: &ShardJob, shard: &Shard| ingest_shard(job, shard, None).map(drop);
    let dataset = folder.path().join("lost");
    sharded(&logs, &dataset, &Here::new(lost, |manifests| manifests)).unwrap();
    assert_eq!(content(&dataset), expected);
    assert_tidy(&dataset);

    let both = Mutex::new(Vec::new());
    let keep = |job: &ShardJob, shard: &Shard| {
        both.lock().unwrap().push(ingest_shard(job, shard, None)?);
        Ok(())
    };
    let dataset = folder.path().join("both");
    let runner = Here::new(keep, |mut manifests: Vec<Manifest>| {
        manifests.extend(both.lock().unwrap().drain(..));
        manifests
    });
    sharded(&logs, &dataset, &runner).unwrap();
    assert_eq!(content(&dataset), expected);
    assert_tidy(&dataset);
}

/// Copies that are far apart in reading order. Compares a dataset from one process with one from shards: how
/// often these were run, and what was read, skipped and produced.
fn copies(lines: usize, least: u64) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    some_logs(&logs, 9, lines);
    for (from, to) in [("log-000", "zz-copy"), ("log-004", "zz-other"), ("log-008", "aa-first")] {
        std::fs::copy(logs.join(from), logs.join(to)).unwrap();
    }
    let (one, many) = (folder.path().join("one"), folder.path().join("many"));
    let report = whole(&logs, &one);
    assert_eq!((report.read, report.skipped), (9, 3));
    let runner = Here { least, ..Here::new(|_: &ShardJob, _: &Shard| Ok(()), |manifests| manifests) };
    let report = sharded(&logs, &many, &runner).unwrap();
    assert_eq!((report.read, report.skipped, report.counts.rows), (9, 3, 9 * lines as u64));
    let sources = &content(&many)["sources"];
    assert!(sources.iter().any(|row| row.starts_with("aa-first|")), "it belongs to the first in order");
    assert_eq!(content(&many), content(&one));
    assert_tidy(&many);
    runner.runs.load(Relaxed)
}

#[test]
fn equal_content_is_ingested_once() {
    assert_eq!(copies(9_000, 4 << 20), 1, "large copies go to one shard");
    assert_eq!(copies(50, 1 << 10), 2, "those with copies were repeated once");
}

#[test]
fn a_shard_that_fails_commits_nothing() {
    let (folder, expected) = prepared();
    let (logs, dataset) = (folder.path().join("logs"), folder.path().join("sharded"));
    let fails = |_: &ShardJob, shard: &Shard| match shard.number() {
        2 => Err(LakeError::Remote("lost".into())),
        _ => Ok(()),
    };
    let error = sharded(&logs, &dataset, &Here::new(fails, |manifests| manifests)).unwrap_err();
    assert_eq!(error.to_string(), "lost");
    assert_eq!(content(&dataset)["logs"].len(), 0);
    assert_tidy(&dataset);
    // A missing manifest is a failure.
    let error = sharded(
        &logs,
        &dataset,
        &Here::new(
            |_: &ShardJob, _: &Shard| Ok(()),
            |manifests: Vec<Manifest>| manifests.into_iter().skip(1).collect(),
        ),
    );
    assert!(error.unwrap_err().to_string().contains("no manifest of shard 0"));
    assert_eq!(content(&dataset)["logs"].len(), 0);
    sharded(&logs, &dataset, &Here::new(|_: &ShardJob, _: &Shard| Ok(()), |manifests| manifests)).unwrap();
    assert_eq!(content(&dataset), expected);
    assert_tidy(&dataset);
}

/// An executor that was wrongly believed lost ends when its round is over, and leaves nothing.
#[test]
fn a_finished_round_accepts_nothing_more() {
    let (folder, expected) = prepared();
    let (logs, dataset) = (folder.path().join("logs"), folder.path().join("sharded"));
    let kept = Mutex::new(None);
    let keep = |job: &ShardJob, shard: &Shard| {
        *kept.lock().unwrap() = Some((job.clone(), shard.clone()));
        Ok(())
    };
    sharded(&logs, &dataset, &Here::new(keep, |manifests| manifests)).unwrap();
    let (job, shard) = kept.lock().unwrap().take().unwrap();
    let error = ingest_shard(&job, &shard, None).unwrap_err();
    assert!(error.to_string().contains("cannot create the folder"), "{error}");
    assert_eq!(content(&dataset), expected);
    assert_tidy(&dataset);
}

#[test]
fn single_process_features_are_refused_before_anything_is_created() {
    let folder = tempfile::tempdir().unwrap();
    let (logs, dataset) = (folder.path().join("logs"), folder.path().join("lake"));
    std::fs::create_dir(&logs).unwrap();
    some_logs(&logs, 1, 1);
    let runner = Here::new(|_: &ShardJob, _: &Shard| Ok(()), |manifests| manifests);
    let sources = [saltmine_scan::Source::stdin()];
    let request = IngestRequest {
        sources: &sources,
        dataset: &dataset,
        partition_by: None,
        jobs: 0,
        strict: false,
        stop: None,
    };
    let error = ingest_sharded(&request, &runner, &Silent).unwrap_err();
    assert_eq!(error.to_string(), "a cluster cannot read standard input");
    assert!(!dataset.exists());
    let error = sharded(&logs, Path::new("s3://no-bucket/lake"), &runner).unwrap_err();
    assert!(error.to_string().contains("not to S3"), "{error}");
}

/// An interrupted run reports what it had committed.
#[test]
fn an_interrupted_run_reports_what_was_committed() {
    let folder = tempfile::tempdir().unwrap();
    let (logs, dataset) = (folder.path().join("logs"), folder.path().join("lake"));
    std::fs::create_dir(&logs).unwrap();
    some_logs(&logs, 2, 50);
    // Large enough for its own round while rounds are planned, and small when it is read.
    let first = logs.join("log-000");
    let content = std::fs::read(&first).unwrap();
    std::fs::File::options().write(true).open(&first).unwrap().set_len(65 << 30).unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let rounds = AtomicUsize::new(0);
    let before = |_: &ShardJob, _: &Shard| {
        match rounds.fetch_add(1, Relaxed) {
            0 => std::fs::write(&first, &content).unwrap(),
            _ => stop.store(true, Relaxed),
        }
        Ok(())
    };
    let sources = discover(&[logs.to_str().unwrap().to_owned()]).unwrap();
    let request = IngestRequest {
        sources: &sources,
        dataset: &dataset,
        partition_by: None,
        jobs: 0,
        strict: false,
        stop: Some(&stop),
    };
    let error = ingest_sharded(&request, &Here::new(before, |manifests| manifests), &Silent).unwrap_err();
    assert!(error.to_string().contains("1 of 2 files are saved, with 50 rows"), "{error}");
    assert_eq!(content_rows(&dataset), 50);
}

fn content_rows(dataset: &Path) -> usize {
    content(dataset)["logs"].len()
}
