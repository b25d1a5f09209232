//! No row is lost because of its file's name: the result of a time filter does not depend on file names.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use futures::TryStreamExt;
use saltmine_query::{Session, SessionOptions, datafusion};

/// A DELETE of 2 June 2026, 03:10 UTC.
const LINE: &str = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be amzn-s3-demo-bucket1 \
    [02/Jun/2026:03:10:00 +0000] 203.0.113.66 arn:aws:iam::111122223333:user/eve 3E57427F33A59F07 \
    REST.DELETE.OBJECT ledger.parquet \"DELETE /ledger.parquet HTTP/1.1\" 204 - - 512 12 - \"-\" \"aws-cli/2.17.0\" - \
    s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234= SigV4 \
    TLS_AES_128_GCM_SHA256 AuthHeader amzn-s3-demo-bucket1.s3.eu-west-1.amazonaws.com TLSv1.3 - - -\n";

/// Names that do not point to 2 June 2026: nine days late, a month early (the time of the events was moved), the start
/// of a file written by another server, years away, an event time day, folders of other days, no time at all.
const NAMES: [&str; 8] = [
    "2026-06-11-03-10-00-0123456789ABCDEF",
    "2026-05-02-03-10-00-0123456789ABCDEF",
    "2026-06-01-00-05-00-0123456789ABCDEF",
    "2031-01-01-00-00-01-0123456789ABCDEF.gz",
    "2019-01-01-00-00-00-0123456789ABCDEF",
    "111122223333/eu-west-1/bucket/2024/02/29/2024-02-29-00-00-00-0123456789ABCDEF",
    "prefix2020-06-02-03-10-00-0123456789ABCDEF.log",
    "access.log",
];

async fn count(session: &Session, condition: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM logs WHERE {condition}");
    let batches: Vec<_> = session.sql(&sql, &Default::default()).await.unwrap().try_collect().await.unwrap();
    batches[0].column(0).as_primitive::<Int64Type>().value(0)
}

#[tokio::test]
async fn a_filter_on_time_does_not_depend_on_file_names() {
    let folder = tempfile::tempdir().unwrap();
    for (number, name) in NAMES.iter().enumerate() {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
        // Each has its own request id, so that the rows are distinct.
        fs::write(path, LINE.replace("F33A59F07", &format!("F33A59F{number:02}"))).unwrap();
    }
    let inputs = vec![folder.path().to_string_lossy().into_owned()];
    let (since, until) = (1_780_358_400_000_000, 1_780_444_800_000_000); // 2 June 2026, 0:00, and a day
    let open = |since, until| {
        let options =
            SessionOptions { inputs: inputs.clone(), since, until, threads: 2, ..Default::default() };
        async move { Session::open(&options).await.unwrap() }
    };
    let all = open(None, None).await;
    let limited = open(Some(since), Some(until)).await;
    let rows = NAMES.len() as i64;
    for condition in [
        "request_time >= '2026-06-02T00:00:00Z' AND request_time < '2026-06-03T00:00:00Z'",
        "request_time < '2026-06-03T00:00:00Z'",
        "request_time BETWEEN '2026-06-02T03:10:00Z' AND '2026-06-02T03:10:00Z'",
        "event_date = '2026-06-02'",
        "event_date = DATE '2026-06-02'",
        "request_time >= TIMESTAMP '2026-06-02 00:00:00' AND operation = 'REST.DELETE.OBJECT'",
        "date_trunc('day', request_time) = TIMESTAMP '2026-06-02T00:00:00Z'",
        "true",
    ] {
        assert_eq!(count(&all, condition).await, rows, "{condition}");
        assert_eq!(count(&limited, condition).await, rows, "{condition}, within --since and --until");
    }
    assert_eq!(count(&all, "request_time >= '2026-06-03T00:00:00Z'").await, 0);
}
