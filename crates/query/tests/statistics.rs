//! Files without statistics in the Delta log, as left by other writers: their rows are still counted.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use futures::TryStreamExt;
use saltmine_lake::{Dataset, IngestRequest, Silent, Table, ingest};
use saltmine_query::{Session, SessionOptions, datafusion};

/// Removes the statistics from a table's Delta log.
fn forget(log: &Path) -> usize {
    let mut forgotten = 0;
    for entry in std::fs::read_dir(log).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text.lines().map(|line| {
            let mut action: serde_json::Value = serde_json::from_str(line).unwrap();
            if let Some(add) = action.get_mut("add").and_then(serde_json::Value::as_object_mut) {
                forgotten += usize::from(add.remove("stats").is_some());
            }
            action.to_string()
        });
        let text: Vec<String> = lines.collect();
        std::fs::write(&path, text.join("\n")).unwrap();
    }
    forgotten
}

#[tokio::test]
async fn a_count_is_correct_without_statistics() {
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/logs");
    let sources = saltmine_scan::discover(&[logs.to_str().unwrap().to_owned()]).unwrap();
    let request = IngestRequest {
        sources: &sources,
        dataset: &lake,
        partition_by: None,
        jobs: 2,
        strict: false,
        stop: None,
    };
    let rows = ingest(&request, &Silent).unwrap().counts.rows;
    assert!(rows > 0 && forget(&lake.join("logs/_delta_log")) > 0);
    let files = Dataset::open(&lake).unwrap().files(Table::Logs).unwrap();
    assert!(files.iter().all(|file| file.rows.is_none()), "absent is not zero");

    let options = SessionOptions {
        inputs: vec![lake.to_string_lossy().into_owned()],
        threads: 2,
        ..SessionOptions::default()
    };
    let session = Session::open(&options).await.unwrap();
    for sql in [
        "SELECT count(*) FROM logs",
        "SELECT count(*) FROM logs WHERE operation IS NOT NULL OR operation IS NULL",
        "SELECT count(request_time) FROM logs WHERE request_time <= (SELECT max(request_time) FROM logs)",
    ] {
        let batches: Vec<_> =
            session.sql(sql, &Default::default()).await.unwrap().try_collect().await.unwrap();
        let count = batches[0].column(0).as_primitive::<Int64Type>().value(0);
        assert_eq!(count, rows as i64, "{sql}");
    }
}
