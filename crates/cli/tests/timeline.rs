//! `saltmine timeline`.

#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn saltmine(arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("saltmine"));
    command.current_dir(root()).env_remove("NO_COLOR").args(arguments);
    command
}

fn stdout(arguments: &[&str]) -> String {
    String::from_utf8(saltmine(arguments).assert().success().get_output().stdout.clone()).unwrap()
}

/// `saltmine timeline samples/attack` with more arguments.
fn attack(arguments: &[&str]) -> String {
    stdout(&[&["timeline", "samples/attack"], arguments].concat())
}

fn report(arguments: &[&str]) -> Value {
    serde_json::from_str(&attack(&[arguments, &["--format", "json"]].concat())).unwrap()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The rows of an SQL query, as lines.
fn query(input: &str, sql: &str) -> Vec<String> {
    stdout(&["query", input, sql, "--format", "csv"]).lines().skip(1).map(str::to_owned).collect()
}

const KELLER: &str = "arn:aws:iam::111122223333:user/m.keller";
const CLEANUP: &str = "arn:aws:sts::111122223333:assumed-role/ops-maintenance/cleanup-7f2a";

#[test]
fn a_session_is_a_line_and_its_operations() {
    insta::assert_snapshot!(attack(&[
        "--requester",
        "arn:aws:iam::111122223333:user/old-admin",
        "--details"
    ]));
}

#[test]
fn markdown_is_a_readable_report() {
    let night = ["--requester", KELLER, "--since", "2026-03-07", "--until", "2026-03-07T08:00:00Z"];
    insta::assert_snapshot!(attack(&[&night[..], &["--format", "markdown"]].concat()));
}

#[test]
fn first_uses_are_computed_from_all_logs() {
    let night = report(&["--requester", KELLER, "--since", "2026-03-07", "--until", "2026-03-07T08:00:00Z"]);
    let session = &night["sessions"][0];
    assert_eq!(night["session_count"], 1);
    // The requester was active on the days before, which were not selected; the address was not.
    assert_eq!(session["first_use"], serde_json::json!({"requester": false, "address": true}));
    assert_eq!(session["objects"]["distinct"], 330);
    let is_first = |kind: &str, name: &str| {
        let values = session[kind]["top"].as_array().unwrap();
        values.iter().find(|value| value["value"] == name).unwrap()["first_use"].clone()
    };
    assert_eq!(is_first("operations", "REST.GET.BUCKET"), true);
    assert_eq!(is_first("operations", "REST.GET.OBJECT"), false);
    assert_eq!(is_first("buckets", "halite-lake"), false);
    assert_eq!(session["objects"]["top"][0]["first_use"], Value::Null);
}

#[test]
fn sessions_end_after_the_requested_idle_time() {
    let count = |idle: &str| {
        let whole = report(&["--requester", "arn:aws:iam::111122223333:user/old-admin", "--idle", idle]);
        assert_eq!(whole["requests"], 9);
        whole["sessions"].as_array().unwrap().len()
    };
    // Nine requests: gaps of 170 seconds, and one of 310 before the last.
    assert_eq!(["30m", "310s", "309s", "170s", "169s"].map(count), [1, 1, 2, 2, 9]);
    saltmine(&["timeline", "samples/attack", "--ip", "::/0", "--idle", "30"])
        .assert()
        .code(2)
        .stderr(contains("30m"));
}

#[test]
fn selectors_find_what_sql_finds() {
    for (arguments, condition) in [
        (&["--requester", CLEANUP][..], "requester LIKE '%cleanup-7f2a'"),
        (
            &["--requester", "*/ops-maintenance/*", "--requester", KELLER],
            "requester LIKE '%/ops-maintenance/%' OR requester LIKE '%user/m.keller'",
        ),
        (&["--requester", "-"], "requester IS NULL"),
        (
            &["--ip", "198.51.100.100/30", "--ip", "198.51.100.33"],
            "ip_in(remote_ip, '198.51.100.100/30') OR remote_ip = '198.51.100.33'",
        ),
        (&["--key", "raw/*/dt=2026-01-1?/*"], "object_key(key, operation) LIKE 'raw/%/dt=2026-01-1_/%'"),
        (&["--key", "img/00/thumb/logo.png", "--ip", "198.51.100.91"], "remote_ip = '198.51.100.91'"),
        (
            &["--requester", "-", "--key", "curated/*", "--until", "2026-03-05"],
            "requester IS NULL AND key LIKE 'curated/%' AND request_time < '2026-03-05'",
        ),
    ] {
        let expected = query("samples/attack", &format!("SELECT count(*) FROM logs WHERE {condition}"));
        assert_ne!(expected[0], "0", "{condition}");
        assert_eq!(report(arguments)["requests"].to_string(), expected[0], "{condition}");
    }
    // Lines of one batch delete share an id.
    let sql = "SELECT request_id, count(*) AS n FROM logs GROUP BY request_id ORDER BY n DESC, 1 LIMIT 1";
    let most = query("samples/attack", sql).remove(0);
    let (id, count) = most.split_once(',').unwrap();
    assert!(count.parse::<u32>().unwrap() > 50, "{most}");
    assert_eq!(report(&["--request-id", id])["requests"].to_string(), count);
}

#[test]
fn timesketch_has_one_line_per_request_by_time() {
    let events = lines(&attack(&["--ip", "198.51.100.33", "--format", "timesketch"]));
    let sql = "SELECT log_file || ':' || log_line FROM logs WHERE remote_ip = '198.51.100.33' \
               ORDER BY request_time, log_file, log_line";
    let places: Vec<String> = events
        .iter()
        .map(|event| format!("{}:{}", event["log_file"].as_str().unwrap(), event["log_line"]))
        .collect();
    assert_eq!(places, query("samples/attack", sql));
    for event in &events {
        for field in
            ["message", "datetime", "timestamp_desc", "data_type", "requester", "operation", "bucket"]
        {
            assert!(event[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {event}");
        }
        assert!(event["http_status"].is_i64() && event["timestamp"].is_i64(), "{event}");
    }
    let first = &events[0];
    assert_eq!(first["datetime"], "2026-03-05T14:00:20.000000+00:00");
    assert_eq!(first["timestamp"], 1_772_719_220_000_000_i64);
    assert_eq!(first["tag"], serde_json::json!(["delete"]));
    assert!(
        first["message"]
            .as_str()
            .unwrap()
            .contains("by arn:aws:sts::111122223333:assumed-role/ops-maintenance")
    );
    let denied = lines(&attack(&["--ip", "198.51.100.60", "--format", "timesketch"]));
    assert!(denied[0]["tag"].as_array().unwrap().contains(&"denied".into()), "{}", denied[0]);
}

#[test]
fn raw_logs_and_their_dataset_have_the_same_timeline() {
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let lake = lake.to_str().unwrap();
    // 3: samples/logs has malformed lines.
    saltmine(&["--quiet", "ingest", "samples/logs", "--to", lake]).assert().code(3);
    for format in ["json", "table", "timesketch"] {
        let arguments = ["--ip", "0.0.0.0/0", "--max-sessions", "0", "--format", format];
        let raw = saltmine(&[&["timeline", "samples/logs"], &arguments[..]].concat()).assert().code(3);
        let whole = stdout(&[&["timeline", lake], &arguments[..]].concat());
        assert!(whole.lines().count() > 1000);
        assert!(raw.get_output().stdout == whole.as_bytes(), "{format}");
    }
}

#[test]
fn no_control_character_of_a_log_reaches_the_reader() {
    let injected = ["--ip", "198.51.100.91"];
    let is_harmless = |text: &str| !text.chars().any(|c| c.is_control() && c != '\n');
    assert!(is_harmless(&attack(&injected)) && is_harmless(&attack(&[&injected[..], &["--rows"]].concat())));
    let table = attack(&[&injected[..], &["--details"]].concat());
    assert!(is_harmless(&table) && table.contains("\\x1B]0;owned"), "{table}");
    let markdown = attack(&[&injected[..], &["--format", "markdown"]].concat());
    assert!(is_harmless(&markdown) && !markdown.contains('<') && markdown.contains("&lt;script&gt;"));
    let logs = saltmine(&["timeline", "samples/logs", "--key", "*", "--max-sessions", "0"]).assert().code(3);
    assert!(is_harmless(std::str::from_utf8(&logs.get_output().stdout).unwrap()));
    // JSON escapes control characters and keeps the text unchanged.
    let json = attack(&[&injected[..], &["--format", "timesketch"]].concat());
    assert!(is_harmless(&json) && json.contains("\\u001b]0;owned"));
}

#[test]
fn missing_selections_are_reported_and_quotes_are_literal() {
    for (option, value) in [
        ("--requester", "x' OR '1'='1"),
        ("--requester", "' OR 1=1 --"),
        ("--key", "'; DROP TABLE logs; --"),
        ("--request-id", "\" OR \"\"=\""),
        ("--ip", "192.0.2.254"),
    ] {
        saltmine(&["timeline", "samples/attack", option, value])
            .assert()
            .code(1)
            .stdout("")
            .stderr(contains("error: no request matches. The input has 5,031 requests from 2026-03-01T"));
    }
    let arguments = ["timeline", "samples/attack", "--ip", "192.0.2.254", "--format", "json"];
    let output = saltmine(&arguments).assert().code(1);
    let nothing: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!((&nothing["session_count"], &nothing["first_time"]), (&0.into(), &Value::Null));
    saltmine(&["timeline", "samples/attack", "--key", "a%252Fb"])
        .assert()
        .code(1)
        .stderr(contains("decoded"));
    saltmine(&["timeline", "samples/attack", "--ip", "ten"])
        .assert()
        .code(2)
        .stderr(contains("192.0.2.0/24"));
    saltmine(&["timeline", "samples/attack"]).assert().code(2).stderr(contains("--requester"));
}

#[test]
fn standard_input_is_read_as_often_as_sessions_need() {
    let name = "2026-03-08-00-34-13-OWSTPD9047KSE48I.gz";
    let file = root().join("samples/attack/halite-lake").join(name);
    let of = |input: &str| {
        let mut command = saltmine(&["timeline", input, "--requester", KELLER, "--format", "ndjson"]);
        command.write_stdin(std::fs::read(&file).unwrap());
        String::from_utf8(command.assert().success().get_output().stdout.clone()).unwrap()
    };
    let piped = of("-");
    assert!(lines(&piped).len() > 1);
    assert_eq!(piped.replace("\"-:", &format!("\"{name}:")), of(file.to_str().unwrap()));
}

#[test]
fn omitted_sessions_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("anonymous.ndjson");
    let arguments = ["timeline", "samples/attack", "--requester", "-", "--format", "ndjson"];
    let all = lines(&stdout(&arguments));
    let few = ["--max-sessions", "3", "-o", file.to_str().unwrap()];
    let hidden = format!("{} later sessions not shown", all.len() - 3);
    saltmine(&[&arguments[..], &few].concat()).assert().success().stdout("").stderr(contains(hidden));
    assert_eq!(lines(&std::fs::read_to_string(file).unwrap()), all[..3]);
    let firsts: Vec<&str> = all.iter().map(|session| session["first_time"].as_str().unwrap()).collect();
    assert!(firsts.is_sorted());
}

#[test]
fn each_session_is_a_line_with_marks() {
    let text = attack(&["--requester", KELLER]);
    assert!(text.lines().count() < 40, "{text}");
    let night = text.lines().find(|line| line.contains("198.51.100.201")).unwrap();
    assert!(night.contains("Sat 2026-03-07 02:00") && night.contains("16.3 GB"), "{night}");
    let marked: Vec<&str> = text.lines().filter(|line| line.contains("<-")).collect();
    assert!(
        marked.len() <= 2 && marked[0].contains("333 × the usual requests, address not used before"),
        "{marked:?}"
    );
    let csv = attack(&["--requester", KELLER, "--format", "csv"]);
    assert_eq!(
        csv.lines().count() as u64,
        1 + report(&["--requester", KELLER])["session_count"].as_u64().unwrap()
    );
}

#[test]
fn rows_are_the_requests() {
    let rows = attack(&["--requester", CLEANUP, "--rows", "--format", "csv"]);
    let sql = "SELECT count(*) AS n FROM logs WHERE requester LIKE '%cleanup-7f2a'";
    assert_eq!(rows.lines().count() - 1, query("samples/attack", sql)[0].parse::<usize>().unwrap());
    assert!(rows.starts_with("request_time,requester,remote_ip,operation,bucket,object_key"), "{rows}");
    let few = ["timeline", "samples/attack", "--requester", CLEANUP, "--rows", "--limit", "5"];
    saltmine(&few).assert().success().stderr(contains("later requests not shown"));
    let archive = report(&["--bucket", "halite-archive", "--requester", CLEANUP]);
    assert_eq!(archive["requests"], report(&["--requester", CLEANUP])["requests"]);
}

#[test]
fn similar_requesters_are_suggested() {
    saltmine(&["timeline", "samples/attack", "--requester", "m.keller"])
        .assert()
        .code(1)
        .stderr(contains("Did you mean arn:aws:iam::111122223333:user/m.keller (361 requests)?"));
    saltmine(&["timeline", "samples/attack", "--bucket", "archive"])
        .assert()
        .code(1)
        .stderr(contains("Did you mean halite-archive ("));
    // Under redaction, suggestions would reveal hidden values.
    saltmine(&["timeline", "samples/attack", "--requester", "m.keller", "--redact", "all"])
        .assert()
        .code(1)
        .stderr(contains("Did you mean").not());
}
