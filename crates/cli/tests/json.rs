//! AWS's structured delivery: the same rows, whichever way they were delivered.

#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use predicates::str::contains;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn saltmine(folder: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("saltmine"));
    command.current_dir(folder);
    command
}

/// The answer, whether or not some lines are rejected.
fn answer(folder: &Path, input: &str, sql: &str, format: &str) -> String {
    let output = saltmine(folder).args(["query", input, sql, "--format", format]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{sql}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// The lines of an answer, sorted.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

/// From the Amazon S3 User Guide, page "Server access log format for CloudWatch Logs".
const EXAMPLE: &str = r#"{"schema_version_id":"V_1_0","bucket_arn":"arn:aws:s3:::my-data-bucket","bucket_name":"my-data-bucket","request_time":"2026-04-29T14:32:16.000Z","bucket_owner_id":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be","remote_ip":"203.0.113.45","requester":"arn:aws:iam::123456789012:role/DataAnalystRole","request_id":"3E57427F33A59F07","operation":"REST.GET.OBJECT","key_name":"reports/2026/quarterly-summary.parquet","request_uri":"GET /my-data-bucket/reports/2026/quarterly-summary.parquet HTTP/1.1","http_status":200,"error_code":null,"bytes_sent_size":1048576,"object_size":1048576,"total_duration":45,"turn_around_duration":12,"referer":null,"user_agent":"aws-sdk-java/2.20.0","version_id":null,"host_id":"s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234=","signature_version":"SigV4","cipher_suite":"TLS_AES_128_GCM_SHA256","authentication_type":"AuthHeader","host_header":"my-data-bucket.s3.us-east-1.amazonaws.com","tls_version":"TLSv1.3","access_point_arn":null,"acl_required":false,"source_region":"us-east-1"}"#;

#[test]
fn the_example_of_aws_is_a_row() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        format!("{EXAMPLE}\n\n2026-04-29T14:32:20.000Z {EXAMPLE}\n{{\"schema_version_id\":\"V_1_0\"}}\n");
    std::fs::write(folder.path().join("export"), text).unwrap();
    saltmine(folder.path())
        .args(["ingest", "export", "--to", "lake"])
        .assert()
        .code(3)
        .stderr(contains("4 lines: 2 rows, 1 reject, 1 blank"));
    let row = "{\"bucket_owner\":\"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be\",\
        \"bucket\":\"my-data-bucket\",\"request_time\":\"2026-04-29T14:32:16Z\",\"remote_ip\":\"203.0.113.45\",\
        \"requester\":\"arn:aws:iam::123456789012:role/DataAnalystRole\",\"request_id\":\"3E57427F33A59F07\",\
        \"operation\":\"REST.GET.OBJECT\",\"key\":\"reports/2026/quarterly-summary.parquet\",\
        \"request_uri\":\"GET /my-data-bucket/reports/2026/quarterly-summary.parquet HTTP/1.1\",\
        \"http_status\":200,\"error_code\":null,\"bytes_sent\":1048576,\"object_size\":1048576,\
        \"total_time\":45,\"turn_around_time\":12,\"referer\":null,\"user_agent\":\"aws-sdk-java/2.20.0\",\
        \"version_id\":null,\
        \"host_id\":\"s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234=\",\
        \"signature_version\":\"SigV4\",\"cipher_suite\":\"TLS_AES_128_GCM_SHA256\",\
        \"authentication_type\":\"AuthHeader\",\"host_header\":\"my-data-bucket.s3.us-east-1.amazonaws.com\",\
        \"tls_version\":\"TLSv1.3\",\"access_point_arn\":null,\"acl_required\":null,\
        \"source_region\":\"us-east-1\",\"extra\":null,\"anomaly\":null,\"raw\":null,\
        \"log_file\":\"export\",\"log_line\":1,\"event_date\":\"2026-04-29\"}\n";
    let both = [row.to_owned(), row.replace("\"log_line\":1", "\"log_line\":3")].concat();
    for input in ["lake", "export"] {
        assert_eq!(
            answer(folder.path(), input, "SELECT * FROM logs ORDER BY log_line", "ndjson"),
            both,
            "{input}"
        );
        let rejects =
            answer(folder.path(), input, "SELECT log_line, byte_offset, reason, raw FROM rejects", "ndjson");
        let offset = 2 * EXAMPLE.len() + 28;
        assert_eq!(
            rejects,
            format!(
                "{{\"log_line\":4,\"byte_offset\":{offset},\"reason\":\"missing request_time at byte 29 of the line\",\
                 \"raw\":\"{{\\\"schema_version_id\\\":\\\"V_1_0\\\"}}\"}}\n"
            )
        );
    }
}

/// The view's JSON of text lines gives the same rows when it is read.
#[test]
fn the_view_of_text_reads_back_as_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let text = root().join("samples/logs");
    let text = text.to_str().unwrap();
    let view = answer(folder.path(), text, "SELECT * FROM cloudwatch.s3_access_logs", "ndjson");
    std::fs::write(folder.path().join("view.ndjson"), &view).unwrap();
    let fields = "bucket_owner, bucket, request_time, remote_ip, requester, request_id, operation, key, request_uri, \
                  http_status, error_code, bytes_sent, object_size, total_time, turn_around_time, referer, user_agent, \
                  version_id, host_id, signature_version, cipher_suite, authentication_type, host_header, tls_version, \
                  access_point_arn, acl_required, source_region, event_date";
    let sql = format!("SELECT {fields} FROM logs");
    let (from_text, from_view) =
        (answer(folder.path(), text, &sql, "ndjson"), answer(folder.path(), "view.ndjson", &sql, "ndjson"));
    assert_eq!(from_text.lines().count(), 2_492);
    assert!(sorted(&from_text) == sorted(&from_view));
    let again = answer(folder.path(), "view.ndjson", "SELECT * FROM cloudwatch.s3_access_logs", "ndjson");
    assert!(sorted(&again) == sorted(&view));
}

/// The samples match the generator's summary, and a dataset of them verifies.
#[test]
fn samples_read_as_expected() {
    let (root, folder) = (root(), tempfile::tempdir().unwrap());
    let summary = std::fs::read(root.join("samples/expected/json/summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
    let lake = folder.path().join("lake");
    let lake = lake.to_str().unwrap();
    assert_eq!(summary["rejects"], 1);
    let counts = format!("{} lines: {} rows 1 reject ", summary["lines"], summary["rows"]);
    let ingest = saltmine(&root).args(["ingest", "samples/json", "--to", lake]).assert().code(3);
    let stderr = String::from_utf8_lossy(&ingest.get_output().stderr).replace(',', "");
    assert!(stderr.contains(&counts), "{stderr}");
    saltmine(&root)
        .args(["verify", lake, "samples/json"])
        .assert()
        .success()
        .stdout(contains("Every check passed"));
    for input in ["samples/json", lake] {
        let sum = answer(&root, input, "SELECT count(*) AS n, sum(bytes_sent) AS bytes FROM logs", "csv");
        assert_eq!(sum, format!("n,bytes\n{},{}\n", summary["rows"], summary["bytes_sent"]), "{input}");
        let sql = "SELECT operation, count(*) AS n FROM logs GROUP BY 1 ORDER BY 1";
        let operations: serde_json::Value = serde_json::from_str(&answer(&root, input, sql, "json")).unwrap();
        for row in operations.as_array().unwrap() {
            assert_eq!(row["n"], summary["operations"][row["operation"].as_str().unwrap()], "{input}");
        }
    }
    assert!(summary["anomalies"]["embedded_quote"].as_u64().unwrap() > 3);
}

#[test]
fn other_json_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("trail.json"), "{\"Records\":[{\"eventVersion\":\"1.09\"}]}").unwrap();
    std::fs::write(
        folder.path().join("events.json"),
        "{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[]}\n",
    )
    .unwrap();
    saltmine(folder.path())
        .args(["ingest", "trail.json", "events.json", "--to", "lake"])
        .assert()
        .code(3)
        .stderr(contains("looks like a CloudTrail log"))
        .stderr(contains("a CloudWatch Logs envelope; extract its messages first"));
}
