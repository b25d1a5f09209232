//! Lines of a megabyte: batches of 8192 of them would take gigabytes.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use datafusion::arrow::array::RecordBatch;
use futures::TryStreamExt;
use saltmine_lake::{IngestRequest, Silent, ingest};
use saltmine_query::{Session, SessionOptions};
use saltmine_scan::discover;

const LINES: usize = 150;

/// The user agent of line `n` is the letter of its remainder by 3, a million times.
fn write_logs(folder: &Path) {
    let mut log = String::new();
    for n in 0..LINES {
        let agent = ["a", "b", "c"][n % 3].repeat(1_000_000);
        log += &format!(
            "0wner vault [02/May/2026:10:00:00 +0000] 198.51.100.7 - {n:016X} REST.GET.OBJECT k \"GET /k HTTP/1.1\" 200 - 5 \
             99 12 11 \"-\" \"{agent}\" - host SigV4 C AuthHeader h TLSv1.3 - - -\n"
        );
    }
    std::fs::write(folder.join("log"), log).unwrap();
}

async fn open(input: &Path) -> Session {
    let inputs = vec![input.to_str().unwrap().to_owned()];
    Session::open(&SessionOptions { inputs, threads: 2, ..Default::default() }).await.unwrap()
}

async fn rows(session: &Session, sql: &str) -> Vec<RecordBatch> {
    session.sql(sql, &Default::default()).await.unwrap().try_collect().await.unwrap()
}

/// Filters collect rows until a batch is full.
async fn check_filter(session: &Session) {
    let batches = rows(session, "SELECT user_agent FROM logs WHERE user_agent LIKE '%b'").await;
    let counts: Vec<usize> = batches.iter().map(RecordBatch::num_rows).collect();
    assert_eq!(counts.iter().sum::<usize>(), LINES / 3);
    assert!(counts.iter().all(|count| *count <= 40), "{counts:?}");
    let all = rows(session, "SELECT user_agent FROM logs WHERE length(user_agent) > 5").await;
    let counts: Vec<usize> = all.iter().map(RecordBatch::num_rows).collect();
    assert_eq!(counts.iter().sum::<usize>(), LINES);
    assert!(counts.iter().all(|count| *count <= 40), "{counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_logs_with_long_lines_are_read_in_small_batches() {
    let folder = tempfile::tempdir().unwrap();
    write_logs(folder.path());
    check_filter(&open(folder.path()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn datasets_with_long_lines_are_read_in_small_batches() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    write_logs(&logs);
    let (sources, dataset) =
        (discover(&[logs.to_str().unwrap().to_owned()]).unwrap(), folder.path().join("case.lake"));
    let request = IngestRequest {
        sources: &sources,
        dataset: &dataset,
        partition_by: None,
        jobs: 1,
        strict: true,
        stop: None,
    };
    ingest(&request, &Silent).unwrap();
    check_filter(&open(&dataset).await).await;
}
