//! The main commands on small inputs.

#![allow(clippy::unwrap_used, missing_docs)]

use std::io::Write;
use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use sha2::{Digest, Sha256};

fn saltmine(folder: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("saltmine"));
    command.current_dir(folder).env_remove("NO_COLOR").env("COLUMNS", "200");
    command
}

fn line(number: usize, agent: &str) -> String {
    format!(
        "0wner vault [{:02}/May/2026:10:00:00 +0000] 198.51.100.7 arn:aws:iam::111122223333:user/ada {number:016X} \
         REST.GET.OBJECT k{number} \"GET /k{number} HTTP/1.1\" 200 - {number} 99 12 11 \"-\" \"{agent}\" - host SigV4 C \
         AuthHeader h TLSv1.3 - - eu-west-1",
        1 + number % 5,
    )
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A folder with `logs/a.gz` of 100 lines and `logs/b` of 2.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("logs")).unwrap();
    let lines: Vec<String> = (0..100).map(|number| line(number, "agent/1.0")).collect();
    std::fs::write(folder.path().join("logs/a.gz"), gzip(&lines.join("\n"))).unwrap();
    let lines = [line(100, "=cmd()|x"), line(101, "esc\u{1b}[31m \u{202e}")];
    std::fs::write(folder.path().join("logs/b"), lines.join("\n")).unwrap();
    folder
}

#[test]
fn the_same_question_has_the_same_answer_on_logs_and_dataset() {
    let folder = folder();
    saltmine(folder.path()).args(["ingest", "logs", "--to", "lake"]).assert().success();
    for sql in [
        "SELECT * FROM logs ORDER BY log_file, log_line",
        "SELECT count(*) FROM logs",
        "SELECT event_date, count(*), sum(bytes_sent) FROM logs GROUP BY 1 ORDER BY 1",
        "SELECT key FROM logs WHERE request_time >= '2026-05-03' AND bytes_sent > 50 ORDER BY 1 LIMIT 5",
        "SELECT count(*) FROM logs WHERE event_date = DATE '2026-05-02'",
        "SELECT min(request_time), max(request_time) FROM logs WHERE user_agent LIKE 'agent%'",
        "SELECT count(*) FROM rejects",
        "SELECT log_file, lines, rows, state FROM sources ORDER BY 1",
    ] {
        let ask = |input: &str| {
            let output = saltmine(folder.path()).args(["query", input, sql]).assert().success();
            String::from_utf8(output.get_output().stdout.clone()).unwrap()
        };
        let (raw, lake) = (ask("logs"), ask("lake"));
        assert!(raw.lines().count() > 1, "{sql}");
        assert_eq!(raw, lake, "{sql}");
    }
}

#[test]
fn statements_without_input_run() {
    let folder = folder();
    std::fs::write(folder.path().join("empty"), "").unwrap();
    saltmine(folder.path()).args(["ingest", "empty", "--to", "none"]).assert().success();
    saltmine(folder.path()).args(["ingest", "logs", "--to", "lake"]).assert().success();
    for (input, from) in
        [("none", "logs"), ("none", "rejects"), ("lake", "logs WHERE request_time < '2001-01-01'")]
    {
        for (sql, answer) in [
            (format!("SELECT log_file, count(*) AS n FROM {from} GROUP BY 1 ORDER BY 1"), "log_file,n\n"),
            (format!("SELECT count(*) AS n FROM {from}"), "n\n0\n"),
        ] {
            saltmine(folder.path()).args(["query", input, &sql]).assert().success().stdout(answer);
        }
    }
}

#[test]
fn every_format() {
    let folder = folder();
    let sql = "SELECT key, http_status, bytes_sent, request_time, referer FROM logs \
               WHERE bytes_sent IN (7, 9) ORDER BY key";
    let expected = [
        (
            "table",
            "| key | http_status | bytes_sent | request_time         | referer |\n\
             |-----|-------------|------------|----------------------|---------|\n\
             | k7  |         200 |          7 | 2026-05-03T10:00:00Z |         |\n\
             | k9  |         200 |          9 | 2026-05-05T10:00:00Z |         |\n",
        ),
        (
            "csv",
            "key,http_status,bytes_sent,request_time,referer\n\
             k7,200,7,2026-05-03T10:00:00Z,\n\
             k9,200,9,2026-05-05T10:00:00Z,\n",
        ),
        (
            "tsv",
            "key\thttp_status\tbytes_sent\trequest_time\treferer\n\
             k7\t200\t7\t2026-05-03T10:00:00Z\t\n\
             k9\t200\t9\t2026-05-05T10:00:00Z\t\n",
        ),
        (
            "json",
            "[{\"key\":\"k7\",\"http_status\":200,\"bytes_sent\":7,\"request_time\":\"2026-05-03T10:00:00Z\",\"referer\":null},\
             {\"key\":\"k9\",\"http_status\":200,\"bytes_sent\":9,\"request_time\":\"2026-05-05T10:00:00Z\",\"referer\":null}]\n",
        ),
        (
            "ndjson",
            "{\"key\":\"k7\",\"http_status\":200,\"bytes_sent\":7,\"request_time\":\"2026-05-03T10:00:00Z\",\"referer\":null}\n\
             {\"key\":\"k9\",\"http_status\":200,\"bytes_sent\":9,\"request_time\":\"2026-05-05T10:00:00Z\",\"referer\":null}\n",
        ),
        (
            "markdown",
            "| key | http\\_status | bytes\\_sent | request\\_time | referer |\n\
             | --- | ---: | ---: | --- | --- |\n\
             | k7 | 200 | 7 | 2026-05-03T10:00:00Z |  |\n\
             | k9 | 200 | 9 | 2026-05-05T10:00:00Z |  |\n",
        ),
    ];
    for (format, text) in expected {
        saltmine(folder.path())
            .args(["query", "logs", sql, "--format", format])
            .assert()
            .success()
            .stdout(text);
    }
    let out = folder.path().join("answer.parquet");
    saltmine(folder.path())
        .args(["query", "logs", sql, "-o", "answer.parquet"])
        .assert()
        .success()
        .stdout("");
    assert!(std::fs::read(out).unwrap().starts_with(b"PAR1"));
}

#[test]
fn large_answers_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let lines: Vec<String> = (0..30_000).map(|number| line(number, "a")).collect();
    std::fs::write(folder.path().join("log"), lines.join("\n")).unwrap();
    for format in ["csv", "ndjson"] {
        let output = saltmine(folder.path())
            .args(["query", "log", "SELECT request_id FROM logs", "--format", format])
            .assert()
            .success();
        let count =
            output.get_output().stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
        assert_eq!(count, 30_000 + usize::from(format == "csv"));
    }
}

#[test]
fn text_from_logs_cannot_act() {
    let folder = folder();
    let sql = "SELECT user_agent FROM logs WHERE log_file = 'b' ORDER BY log_line";
    let ask = |arguments: &[&str]| {
        let output = saltmine(folder.path()).args(["query", "logs", sql]).args(arguments).assert().success();
        String::from_utf8(output.get_output().stdout.clone()).unwrap()
    };
    assert!(ask(&["--format", "table"]).contains("esc\\x1B[31m \\u{202E}"));
    assert!(ask(&["--format", "markdown"]).contains("esc\\\\x1B\\[31m \\\\u{202E}"));
    assert!(ask(&["--format", "csv"]).contains("\n=cmd()|x\nesc\u{1b}[31m"), "a pipe gets the bytes");
    assert!(ask(&["--format", "csv", "--csv-safe"]).contains("\n'=cmd()|x\n"));
}

#[test]
fn values_are_bound_and_not_pasted() {
    let folder = folder();
    let sql = "SELECT count(*) FROM logs WHERE user_agent = $agent OR bytes_sent = $bytes";
    saltmine(folder.path())
        .args(["query", "logs", sql, "-p", "agent=' OR 1=1 --", "-p", "bytes=5"])
        .assert()
        .success()
        .stdout("count(*)\n1\n");
    saltmine(folder.path())
        .args(["query", "logs", sql, "-p", "agent"])
        .assert()
        .code(2)
        .stderr(contains("name=value"));
}

#[test]
fn statements_that_write_are_refused() {
    let folder = folder();
    for sql in [
        "CREATE TABLE t AS SELECT 1",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
        "COPY logs TO 'out.parquet'",
        "INSERT INTO logs SELECT * FROM logs",
        "DROP TABLE logs",
        "SET datafusion.execution.batch_size = 1",
    ] {
        saltmine(folder.path())
            .args(["query", "logs", sql])
            .assert()
            .code(1)
            .stderr(contains("error: "))
            .stdout("");
    }
    saltmine(folder.path())
        .args(["query", "logs", "SELECT * FROM '/etc/passwd'"])
        .assert()
        .code(1)
        .stderr(contains("not found"));
    assert!(!folder.path().join("out.parquet").exists());
}

#[test]
fn damage_is_reported_and_nothing_else_is_lost() {
    let folder = folder();
    let whole = std::fs::read(folder.path().join("logs/a.gz")).unwrap();
    std::fs::write(folder.path().join("logs/cut.gz"), &whole[..whole.len() - 20]).unwrap();
    std::fs::write(folder.path().join("logs/bad"), "this is no log line\n").unwrap();
    std::fs::write(folder.path().join("logs/cloudfront"), "#Version: 1.0\n").unwrap();
    let end = whole.len() - 20;
    let problems = || {
        contains(format!("cut.gz: truncated: ends in the middle of its gzip stream at byte {end}"))
            .and(contains("bad:1: "))
            .and(contains(
                "cloudfront: not_a_log: not an S3 server access log: looks like a CloudFront standard log",
            ))
    };
    saltmine(folder.path()).args(["ingest", "logs", "--to", "lake"]).assert().code(3).stderr(problems());
    saltmine(folder.path())
        .args(["query", "logs", "SELECT max(bytes_sent) FROM logs"])
        .assert()
        .code(3)
        .stderr(problems());
    saltmine(folder.path())
        .args(["query", "lake", "SELECT reason, raw FROM rejects WHERE log_file = 'bad'"])
        .assert()
        .success()
        .stdout(contains("this is no log line"));
    saltmine(folder.path())
        .args(["verify", "lake", "logs"])
        .assert()
        .code(1)
        .stdout(contains(format!("  cut.gz: truncated: ends in the middle of its gzip stream at byte {end}")))
        .stdout(contains("\"cloudfront\": not an S3 server access log"))
        .stdout(contains("1 of 18 checks failed; 2 sources are incomplete"));
    std::fs::remove_file(folder.path().join("logs/cloudfront")).unwrap();
    saltmine(folder.path())
        .args(["verify", "lake", "logs"])
        .assert()
        .code(3)
        .stdout(contains("18 of 18 checks passed, but "))
        .stdout(contains(" of 1 source could NOT be compared"));
    saltmine(folder.path())
        .args(["ingest", "logs", "--to", "strict", "--strict"])
        .assert()
        .code(1)
        .stderr(contains("nothing of this round was committed"));
}

#[test]
fn the_ledger_has_the_outcome_and_the_run_of_each_source() {
    let folder = folder();
    let text = [&line(1, "a"), "", "no log line", &line(2, "b")].join("\n") + "\n";
    let whole = gzip(&text);
    std::fs::write(folder.path().join("logs/c.gz"), &whole).unwrap();
    std::fs::write(folder.path().join("logs/cut.gz"), &whole[..whole.len() - 3]).unwrap();
    saltmine(folder.path()).args(["ingest", "logs", "--to", "lake"]).assert().code(3);
    let sql = "SELECT * FROM sources WHERE log_file IN ('c.gz', 'cut.gz') ORDER BY log_file";
    let output = saltmine(folder.path()).args(["query", "lake", sql, "--format", "json"]).assert().success();
    let mut rows: Vec<serde_json::Value> = serde_json::from_slice(&output.get_output().stdout).unwrap();
    for (row, bytes) in rows.iter_mut().zip([&whole[..], &whole[..whole.len() - 3]]) {
        let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let row = row.as_object_mut().unwrap();
        assert_eq!(row.remove("sha256").unwrap(), digest);
        assert_eq!(row.remove("size").unwrap(), bytes.len());
        assert_eq!(row.remove("saltmine_version").unwrap(), env!("CARGO_PKG_VERSION"));
        assert_eq!(row.remove("run_id").unwrap().as_str().unwrap().len(), 36);
        assert!(row.remove("ingested_at").unwrap().as_str().unwrap().ends_with('Z'));
    }
    let (first, last) = ("2026-05-02T10:00:00Z", "2026-05-03T10:00:00Z");
    let wanted = |name: &str, state: &str, problem: serde_json::Value| {
        serde_json::json!({
            "log_file": name, "inflated_size": text.len(), "lines": 4, "rows": 2, "rejects": 1, "blanks": 1,
            "state": state, "problem": problem, "first_time": first, "last_time": last,
            "url": null, "etag": null,
        })
    };
    let end = whole.len() - 3;
    let problem = format!("ends in the middle of its gzip stream at byte {end}");
    assert_eq!(
        rows,
        [wanted("c.gz", "complete", serde_json::Value::Null), wanted("cut.gz", "truncated", problem.into())]
    );
}

#[test]
fn standard_input_is_a_source() {
    let folder = folder();
    let text = [line(1, "a"), line(2, "b")].join("\n");
    saltmine(folder.path())
        .args(["query", "-", "SELECT count(*) FROM logs"])
        .write_stdin(gzip(&text))
        .assert()
        .success()
        .stdout("count(*)\n2\n");
    // Standard input can be read as often as a query needs.
    saltmine(folder.path())
        .args(["query", "-", "SELECT count(*) AS n FROM logs a JOIN logs b ON a.key = b.key"])
        .write_stdin(gzip(&text))
        .assert()
        .success()
        .stdout("n\n2\n");
    saltmine(folder.path()).args(["ingest", "-", "--to", "lake"]).write_stdin(text).assert().success();
    saltmine(folder.path())
        .args(["query", "lake", "SELECT count(*) FROM logs"])
        .assert()
        .stdout("count(*)\n2\n");
}

#[test]
fn usage_errors_and_other_errors_are_clear() {
    let folder = folder();
    for (arguments, code, problem) in [
        (&["query", "nowhere", "SELECT 1"][..], 1, "nowhere: no such file or folder"),
        (&["query", "logs", "SELEC 1"], 1, "Expected"),
        (&["query", "logs", "SELECT kee FROM logs"], 1, "line 1, column 8: "),
        (&["query", "logs", "SELECT kee FROM logs"], 1, "Did you mean 'logs.key'?"),
        (&["query", "logs"], 2, "give the SQL"),
        (&["ingest", "logs"], 2, "--to"),
        (&["verify", "logs"], 1, "not a saltmine dataset"),
        (&["query", "logs", "SELECT 1", "-o", "no/such/folder/x.csv"], 1, "no/such/folder/x.csv"),
        (&["nonsense"], 2, "unrecognized subcommand"),
    ] {
        saltmine(folder.path()).args(arguments).assert().code(code).stderr(contains(problem)).stdout("");
    }
    saltmine(folder.path()).arg("--help").assert().success().stdout(contains("Exit codes: 0 success"));
    for subcommand in ["ingest", "query", "verify"] {
        saltmine(folder.path()).args([subcommand, "--help"]).assert().success().stdout(contains("Examples:"));
    }
}

#[test]
fn a_dry_run_reads_nothing() {
    let folder = folder();
    saltmine(folder.path())
        .args(["ingest", "logs", "--to", "lake", "--dry-run"])
        .assert()
        .success()
        .stdout(contains("a.gz").and(contains("bytes in 2 files")));
    assert!(!folder.path().join("lake").exists());
}

#[test]
fn the_catalogue_is_listed_described_and_run() {
    let folder = folder();
    let output = saltmine(folder.path()).arg("queries").assert().success();
    let list = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(list.lines().count() >= 62, "{list}");
    let name = list.lines().nth(2).unwrap().split('|').nth(2).unwrap().trim().to_owned();
    saltmine(folder.path())
        .args(["queries", &name])
        .assert()
        .success()
        .stdout(contains("False positives: ").and(contains("SELECT")));
    saltmine(folder.path()).args(["query", "logs", "--name", &name]).assert().success();
    let mut wrong = name.clone();
    wrong.push('x');
    saltmine(folder.path()).args(["query", "logs", "--name", &wrong]).assert().code(2).stderr(contains(name));
}
