use std::collections::BTreeMap;
use std::fs;
use std::io::Read;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int16Type, Int64Type, TimestampMicrosecondType};
use clap::Parser;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::*;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: GenerateArgs,
}

fn generate(folder: &Path, more: &str) -> Summary {
    let (out, truth) = (folder.join("logs"), folder.join("truth"));
    let fixed = ["generate", "--out", out.to_str().unwrap(), "--truth", truth.to_str().unwrap()];
    let args = Cli::parse_from(fixed.into_iter().chain(more.split_whitespace())).args;
    run(&args).unwrap()
}

/// Every file below a folder, by relative path.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn inflate(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut text).unwrap();
    text
}

fn truth(folder: &Path, name: &str) -> Vec<RecordBatch> {
    let file = fs::File::open(folder.join("truth").join(format!("{name}.parquet"))).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    reader.map(Result::unwrap).collect()
}

#[test]
fn the_same_seed_gives_the_same_files() {
    let options = "--lines 1500 --days 3 --buckets 3 --files 6 --ages --scenario all --rejects 3 --members 2";
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for folder in &folders {
        generate(folder.path(), options);
    }
    let [first, second] = folders.map(|folder| files(folder.path()));
    assert!(first == second);
    let other = tempfile::tempdir().unwrap();
    generate(other.path(), &format!("{options} --seed 2"));
    assert!(first != files(other.path()));
}

#[test]
fn counts_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let summary = generate(
        folder.path(),
        "--lines 3000 --days 4 --buckets 4 --files 8 --rejects 13 --blanks 7 --scenario mass-delete --members 3",
    );
    assert_eq!((summary.rejects, summary.blanks, summary.planted), (13, 7, 606));
    assert_eq!(summary.rows, 3_606);
    assert_eq!(summary.lines, summary.rows + summary.rejects + summary.blanks);
    let logs = files(&folder.path().join("logs"));
    assert_eq!(summary.files, logs.len() as u64);
    assert_eq!(summary.bytes, logs.values().map(|bytes| bytes.len() as u64).sum::<u64>());
    let texts: Vec<Vec<u8>> = logs.values().map(|bytes| inflate(bytes)).collect();
    assert_eq!(summary.inflated, texts.iter().map(|text| text.len() as u64).sum::<u64>());
    let lines: usize = texts.iter().map(|text| text.iter().filter(|byte| **byte == b'\n').count()).sum();
    assert_eq!(summary.lines, lines as u64);
    let rows: usize =
        logs.keys().flat_map(|name| truth(folder.path(), name)).map(|batch| batch.num_rows()).sum();
    assert_eq!(summary.rows, rows as u64);
    let rows: u64 = summary.operations.values().sum();
    assert_eq!(summary.rows, rows);
}

#[test]
fn truth_is_in_its_line() {
    let folder = tempfile::tempdir().unwrap();
    generate(
        folder.path(),
        "--lines 2000 --days 3 --buckets 8 --hostile-percent 30 --ages --every-operation --blanks 5",
    );
    for (name, bytes) in files(&folder.path().join("logs")) {
        let text = inflate(&bytes);
        let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
        for batch in truth(folder.path(), &name) {
            for at in 0..batch.num_rows() {
                let number = batch["log_line"].as_primitive::<Int64Type>().value(at);
                let line = String::from_utf8_lossy(lines[usize::try_from(number).unwrap() - 1]).into_owned();
                check_line(&batch, at, &line);
                assert_eq!(batch["log_file"].as_string::<i32>().value(at), name);
            }
        }
    }
}

/// Checks a line without parsing it: its beginning, its end, its values.
fn check_line(batch: &RecordBatch, at: usize, line: &str) {
    let text = |name: &str| {
        let column = batch[name].as_string::<i32>();
        (!column.is_null(at)).then(|| column.value(at))
    };
    let micros = batch["request_time"].as_primitive::<TimestampMicrosecondType>().value(at);
    let time = chrono::DateTime::from_timestamp_micros(micros).unwrap().format("%d/%b/%Y:%H:%M:%S +0000");
    let head = format!(
        "{} {} [{time}] {} {} {} {} {} ",
        text("bucket_owner").unwrap(),
        text("bucket").unwrap(),
        text("remote_ip").unwrap_or("-"),
        text("requester").unwrap_or("-"),
        text("request_id").unwrap(),
        text("operation").unwrap(),
        text("key").unwrap_or("-"),
    );
    assert!(line.starts_with(&head), "{head}\n{line}");
    let status = batch["http_status"].as_primitive::<Int16Type>();
    let status = if status.is_null(at) { "-".to_owned() } else { status.value(at).to_string() };
    if let Some(uri) = text("request_uri") {
        let error = text("error_code").unwrap_or("-");
        assert!(line[head.len()..].starts_with(&format!("\"{uri}\" {status} {error} ")), "{line}");
    }
    if let (None, Some(region)) = (text("extra"), text("source_region")) {
        assert!(line.ends_with(&format!(" {region}")), "{line}");
    }
    assert_eq!(text("anomaly").is_some(), text("raw").is_some());
    if text("anomaly").is_some_and(|anomaly| !anomaly.contains("invalid_utf8")) {
        assert_eq!(text("raw"), Some(line));
    }
}

#[test]
fn scenarios_list_their_lines() {
    let folder = tempfile::tempdir().unwrap();
    generate(folder.path(), "--lines 800 --days 7 --buckets 8 --files 8 --scenario all --hostile-percent 0");
    let text = fs::read_to_string(folder.path().join("truth/scenarios.json")).unwrap();
    let accounts: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(accounts.len(), 11);
    let logs = files(&folder.path().join("logs"));
    for account in accounts {
        let runs = account["lines"].as_object().unwrap();
        let ends = |run: &str| {
            let (first, last) = run.split_once('-').unwrap_or((run, run));
            (first.parse::<usize>().unwrap(), last.parse::<usize>().unwrap())
        };
        let runs_of = |runs: &serde_json::Value| -> Vec<(usize, usize)> {
            runs.as_array().unwrap().iter().map(|run| ends(run.as_str().unwrap())).collect()
        };
        let count: usize = runs.values().flat_map(runs_of).map(|(first, last)| last + 1 - first).sum();
        assert_eq!(count as u64, account["rows"].as_u64().unwrap());
        let (name, of_file) = runs.iter().next().unwrap();
        let number = runs_of(of_file)[0].0;
        let text = inflate(&logs[name.as_str()]);
        let line = text.split(|byte| *byte == b'\n').nth(number - 1).unwrap();
        let line = String::from_utf8_lossy(line).into_owned();
        let buckets = account["buckets"].as_array().unwrap();
        assert!(buckets.iter().any(|bucket| line.contains(bucket.as_str().unwrap())), "{line}");
    }
}

#[test]
fn a_file_holds_one_bucket_and_spans_a_few_days() {
    let folder = tempfile::tempdir().unwrap();
    generate(folder.path(), "--lines 4000 --days 30 --buckets 2 --files 2 --name-style partitioned");
    for name in files(&folder.path().join("logs")).into_keys() {
        let batches = truth(folder.path(), &name);
        let times = batches.iter().flat_map(|batch| {
            batch["request_time"].as_primitive::<TimestampMicrosecondType>().values().to_vec()
        });
        let times: Vec<i64> = times.collect();
        let span = times.iter().max().unwrap() - times.iter().min().unwrap();
        assert!(span < 7 * 86_400_000_000, "{name}");
        let (bucket, rest) = name.split_once('/').unwrap();
        assert!(rest.starts_with("111122223333/") && rest.contains(bucket), "{name}");
        assert!(
            batches
                .iter()
                .all(|batch| batch["bucket"].as_string::<i32>().iter().all(|is| is == Some(bucket)))
        );
    }
}
