//! Every field of every row compared with the generator's true values.
//!
//! `SALTMINE_TRUTH_LINES=1000000` uses the full corpus: 8 buckets, 30 days, 48 gzip files.

#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{SortColumn, concat_batches, lexsort_to_indices, take_record_batch};
use arrow::datatypes::SchemaRef;
use assert_cmd::Command;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

fn saltmine() -> Command {
    Command::new(assert_cmd::cargo::cargo_bin!("saltmine"))
}

fn parquet_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            parquet_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "parquet") {
            files.push(path);
        }
    }
}

/// All rows of all Parquet files below a folder, ordered by file and line.
fn rows(folder: &Path, wanted: Option<&SchemaRef>) -> RecordBatch {
    let mut files = Vec::new();
    parquet_files(folder, &mut files);
    let mut batches = Vec::new();
    for path in files {
        let reader = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(path).unwrap()).unwrap();
        batches.extend(reader.with_batch_size(65_536).build().unwrap().map(Result::unwrap));
    }
    let schema = wanted.cloned().unwrap_or_else(|| batches[0].schema());
    let batches: Vec<RecordBatch> = batches.iter().map(|batch| reorder(batch, &schema)).collect();
    let all = concat_batches(&schema, &batches).unwrap();
    let key =
        |name: &str| SortColumn { values: Arc::clone(all.column_by_name(name).unwrap()), options: None };
    let order = lexsort_to_indices(&[key("log_file"), key("log_line")], None).unwrap();
    take_record_batch(&all, &order).unwrap()
}

fn reorder(batch: &RecordBatch, schema: &SchemaRef) -> RecordBatch {
    let columns: Vec<ArrayRef> =
        schema.fields().iter().map(|field| Arc::clone(batch.column_by_name(field.name()).unwrap())).collect();
    RecordBatch::try_new(Arc::clone(schema), columns).unwrap()
}

fn assert_equal(read: &RecordBatch, truth: &RecordBatch) {
    assert_eq!(read.num_rows(), truth.num_rows());
    for (index, field) in truth.schema().fields().iter().enumerate() {
        let (read, truth) = (read.column(index), truth.column(index));
        if read != truth {
            let row = (0..truth.len()).find(|row| read.slice(*row, 1) != truth.slice(*row, 1)).unwrap();
            let (read, truth) = (read.slice(row, 1), truth.slice(row, 1));
            panic!("{} differs in row {row}:\n{read:?}\ntruth:\n{truth:?}", field.name());
        }
    }
}

fn count(summary: &serde_json::Value, name: &str) -> u64 {
    summary[name].as_u64().unwrap()
}

fn check(options: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let (logs, truth, dataset) =
        (folder.path().join("logs"), folder.path().join("truth"), folder.path().join("dataset"));
    saltmine()
        .args(["generate", "--out"])
        .arg(&logs)
        .arg("--truth")
        .arg(&truth)
        .args(options)
        .assert()
        .success();
    let summary = std::fs::read(truth.join("summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
    assert_eq!(
        count(&summary, "lines"),
        count(&summary, "rows") + count(&summary, "rejects") + count(&summary, "blanks")
    );

    let code = if count(&summary, "rejects") > 0 { 3 } else { 0 };
    let output = saltmine().arg("ingest").arg(&logs).arg("--to").arg(&dataset).assert().code(code);
    let stderr = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    let numbered = |name: &str| match count(&summary, &format!("{name}s")) {
        1 => format!("1 {name}"),
        number => format!("{number} {name}s"),
    };
    let expected = format!(
        "{}: {} {} {} blank (",
        numbered("line"),
        numbered("row"),
        numbered("reject"),
        summary["blanks"]
    );
    assert!(stderr.replace(',', "").contains(&expected), "{stderr}");

    let truth = rows(&truth, None);
    assert_eq!(truth.num_rows() as u64, count(&summary, "rows"));
    assert_equal(&rows(&dataset.join("logs"), Some(&truth.schema())), &truth);

    let again = saltmine().arg("ingest").arg(&logs).arg("--to").arg(&dataset).assert().success();
    let stderr = String::from_utf8(again.get_output().stderr.clone()).unwrap();
    assert!(stderr.contains(": nothing new (all already in the dataset)"), "{stderr}");
    assert_eq!(rows(&dataset.join("logs"), None).num_rows(), truth.num_rows());
}

#[test]
fn a_large_corpus_is_parsed_correctly() {
    let lines = std::env::var("SALTMINE_TRUTH_LINES").unwrap_or_else(|_| "60000".into());
    check(&["--lines", &lines, "--files", "48", "--buckets", "8", "--days", "30"]);
}

#[test]
fn every_version_attack_and_hostile_line_is_parsed_correctly() {
    check(&[
        "--lines",
        "12000",
        "--ages",
        "--every-operation",
        "--scenario",
        "all",
        "--hostile-percent",
        "20",
        "--members",
        "3",
        "--rejects",
        "60",
        "--blanks",
        "30",
    ]);
}

#[test]
fn small_files_and_other_compressions_are_parsed_correctly() {
    check(&["--lines", "4000", "--tiny", "--name-style", "partitioned"]);
    check(&["--lines", "4000", "--compress", "zstd"]);
    check(&["--lines", "4000", "--compress", "none"]);
}

#[test]
fn json_is_parsed_correctly() {
    for delivery in ["json", "export"] {
        check(&[
            "--delivery",
            delivery,
            "--lines",
            "12000",
            "--ages",
            "--every-operation",
            "--scenario",
            "all",
            "--hostile-percent",
            "20",
            "--members",
            "3",
            "--rejects",
            "60",
            "--blanks",
            "30",
        ]);
    }
}

/// The rows of the same requests in another delivery.
fn delivered(folder: &Path, delivery: &str) -> RecordBatch {
    let (logs, dataset) = (folder.join(delivery), folder.join(format!("{delivery}.lake")));
    let lines = std::env::var("SALTMINE_TRUTH_LINES").unwrap_or_else(|_| "40000".into());
    let options = "--files 24 --buckets 6 --days 20 --ages --every-operation --scenario all --hostile-percent 10 \
                   --rejects 40 --blanks 20 --seed 5";
    saltmine()
        .args(["generate", "--delivery", delivery, "--lines", &lines, "--out"])
        .arg(&logs)
        .args(options.split_whitespace())
        .assert()
        .success();
    saltmine().arg("ingest").arg(&logs).arg("--to").arg(&dataset).assert().code(3);
    rows(&dataset.join("logs"), None)
}

/// The only differences are values without an equivalent: the line itself, text after the last field, and ambiguous
/// quotes.
#[test]
fn json_and_text_deliveries_of_the_same_requests_give_equal_rows() {
    let folder = tempfile::tempdir().unwrap();
    let text = delivered(folder.path(), "text");
    for delivery in ["json", "export"] {
        let json = delivered(folder.path(), delivery);
        assert_eq!(json.num_rows(), text.num_rows());
        assert!(json.num_rows() > 40_000);
        let but = ["extra", "anomaly", "raw"];
        for field in text.schema().fields().iter().filter(|field| !but.contains(&field.name().as_str())) {
            let name = field.name();
            assert!(json.column_by_name(name) == text.column_by_name(name), "{delivery}: {name} differs");
        }
        let [texts, jsons] = [&text, &json].map(|batch| but.map(|name| batch[name].as_string::<i32>()));
        let mut odd = 0;
        for row in 0..text.num_rows() {
            let [text, json] =
                [&texts, &jsons].map(|all| all.map(|it| it.is_valid(row).then(|| it.value(row))));
            let ([extra, anomaly, raw], [json_extra, json_anomaly, json_raw]) = (text, json);
            let extra = extra.map(|extra| format!("{{\"field_28\":{}}}", serde_json::Value::from(extra)));
            assert_eq!(json_extra, extra.as_deref());
            assert_eq!(json_anomaly, anomaly.map(|words| words.replace(",ambiguous_quotes", "")).as_deref());
            assert_eq!((raw.is_some(), json_raw.is_some()), (anomaly.is_some(), anomaly.is_some()));
            if let Some(raw) = json_raw {
                let object = if delivery == "json" { raw } else { raw.split_once(' ').unwrap().1 };
                assert!(object.starts_with('{') && raw.ends_with('}'), "{raw}");
                odd += 1;
            }
        }
        assert!(odd > 1_000);
    }
}
