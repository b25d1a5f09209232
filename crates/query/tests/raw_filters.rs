//! Filters that raw scans apply before they build columns select the same rows as filters applied afterwards.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use futures::TryStreamExt;
use saltmine_query::{Session, SessionOptions, datafusion};

const FILTERS: [&str; 9] = [
    "operation = 'REST.GET.OBJECT'",
    "operation IN ('REST.DELETE.OBJECT', 'BATCH.DELETE.OBJECT')",
    "operation = 'REST.PUT.OBJECT' OR operation = 'REST.COPY.OBJECT'",
    "operation = 'REST.GET.OBJECT' AND http_status = 403",
    "http_status >= 400 AND http_status < 500",
    "http_status BETWEEN 200 AND 299",
    "http_status IN (404, 403) AND requester IS NULL",
    "request_time >= TIMESTAMP '2026-03-03T00:00:00Z' AND request_time < TIMESTAMP '2026-03-05T12:00:00Z'",
    "operation NOT IN ('REST.GET.OBJECT') AND http_status <> 200",
];

async fn numbers(session: &Session, sql: &str) -> Vec<i64> {
    let batches: Vec<_> = session.sql(sql, &Default::default()).await.unwrap().try_collect().await.unwrap();
    let batch = &batches[0];
    batch.columns().iter().map(|column| column.as_primitive::<Int64Type>().value(0)).collect()
}

#[tokio::test]
async fn filters_select_the_same_rows_with_and_without_pushdown() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let mut chosen = 0;
    for input in ["logs", "attack", "json"] {
        let inputs = vec![root.join(input).to_string_lossy().into_owned()];
        let options = SessionOptions { inputs, threads: 2, ..SessionOptions::default() };
        let session = Session::open(&options).await.unwrap();
        for filter in FILTERS {
            let columns = "coalesce(sum(length(request_id)), 0), coalesce(sum(log_line), 0)";
            let before = format!("SELECT count(*), {columns} FROM logs WHERE {filter}");
            // The limit keeps the filter out of the scan.
            let after = format!(
                "SELECT count(*), {columns} FROM (SELECT * FROM logs LIMIT 1000000000) AS all_rows WHERE {filter}"
            );
            let before = numbers(&session, &before).await;
            assert_eq!(before, numbers(&session, &after).await, "{filter} over {input}");
            chosen += before[0];
        }
        let report = session.scan_report();
        assert!(
            report.sources.values().all(|source| source.counts.rows > 0),
            "rows that are not built are counted"
        );
    }
    assert!(chosen > 1000, "{chosen}");
}
