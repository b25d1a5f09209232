//! Queries written for Amazon Athena, on the command line.

#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;

use assert_cmd::Command;
use predicates::str::contains;

const LINE: &str = "0wner vault [04/May/2026:10:00:00 +0000] 198.51.100.7 - A1 REST.GET.OBJECT k \"GET /k HTTP/1.1\" \
                    200 - 7 99 12 11 \"-\" \"agent\" - host SigV4 C AuthHeader h TLSv1.3 - - eu-west-1\n";

fn saltmine(folder: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("saltmine"));
    command.current_dir(folder);
    command
}

#[test]
fn a_query_for_athena_runs_on_logs_and_dataset() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("log"), LINE).unwrap();
    saltmine(folder.path()).args(["ingest", "log", "--to", "lake"]).assert().success();
    let sql = "SELECT Key, requester, httpstatus FROM s3_access_logs_db.mybucket_logs WHERE requester = '-' \
               AND parse_datetime(RequestDateTime,'dd/MMM/yyyy:HH:mm:ss Z') \
               BETWEEN parse_datetime('2026-05-04:00:00:00','yyyy-MM-dd:HH:mm:ss') \
               AND parse_datetime('2026-05-05:00:00:00','yyyy-MM-dd:HH:mm:ss')";
    for input in ["log", "lake"] {
        saltmine(folder.path())
            .args(["query", input, sql, "--alias", "s3_access_logs_db.mybucket_logs"])
            .assert()
            .success()
            .stdout("key,requester,httpstatus\nk,-,200\n");
    }
    let sql = sql.replace("2026-05-0", "2025-05-0");
    for input in ["log", "lake"] {
        saltmine(folder.path())
            .args([
                "query",
                input,
                &sql,
                "--alias",
                "other.one",
                "--alias",
                "s3_access_logs_db.mybucket_logs",
            ])
            .assert()
            .success()
            .stdout("key,requester,httpstatus\n");
    }
}

#[test]
fn an_alias_that_is_taken_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("log"), LINE).unwrap();
    saltmine(folder.path())
        .args(["query", "log", "SELECT 1", "--alias", "logs"])
        .assert()
        .code(2)
        .stderr(contains("alias logs: there is already a table with this name"));
}
