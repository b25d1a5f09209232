//! `saltmine hunt`, and queries of the catalogue.

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
    command.current_dir(root()).env_remove("NO_COLOR").env("COLUMNS", "200").args(arguments);
    command
}

fn stdout(arguments: &[&str]) -> String {
    String::from_utf8(saltmine(arguments).assert().success().get_output().stdout.clone()).unwrap()
}

const ATTACK: &str = "samples/attack";

#[test]
fn findings_are_ranked_and_show_their_evidence() {
    let text = stdout(&["hunt", ATTACK, "--details"]);
    let ranks: Vec<usize> =
        ["CRITICAL  ", "HIGH  ", "MEDIUM  "].map(|rank| text.find(rank).unwrap()).to_vec();
    assert!(ranks.is_sorted(), "{text}");
    let begin = text.find("CRITICAL  overwrite-storm").unwrap();
    let finding = text[begin..].split("\n\n").next().unwrap();
    insta::assert_snapshot!(finding);
    assert!(text.lines().last().unwrap().contains("detections ran: "), "{text}");
}

#[test]
fn every_format_has_the_same_findings() {
    let whole: Value = serde_json::from_str(&stdout(&["hunt", ATTACK, "--format", "json"])).unwrap();
    let findings = whole["findings"].as_array().unwrap();
    assert!(findings.len() > 10 && whole["failed"].as_array().unwrap().is_empty());
    let lines = stdout(&["hunt", ATTACK, "--format", "ndjson"]);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(&lines, findings);
    let markdown = stdout(&["hunt", ATTACK, "--format", "markdown"]);
    for finding in findings {
        assert!(markdown.contains(finding["title"].as_str().unwrap()), "{finding}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("findings.md");
    saltmine(&["hunt", ATTACK, "--format", "markdown", "-o", file.to_str().unwrap()])
        .assert()
        .success()
        .stdout("");
    assert_eq!(std::fs::read_to_string(file).unwrap(), markdown);
}

#[test]
fn the_suggested_command_shows_all_of_a_finding() {
    let whole: Value = serde_json::from_str(&stdout(&[
        "hunt",
        ATTACK,
        "--pack",
        "destruction",
        "--since",
        "2026-03-05",
        "--until",
        "2026-03-06",
        "--format",
        "json",
    ]))
    .unwrap();
    let finding = whole["findings"].as_array().unwrap().iter().find(|f| f["query"] == "mass-delete").unwrap();
    let command = finding["dig_deeper"].as_str().unwrap();
    assert_eq!(
        command,
        "saltmine query samples/attack --since 2026-03-05T00:00:00Z --until 2026-03-06T00:00:00Z --name mass-delete"
    );
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    let rows = stdout(&words).lines().count() - 1;
    assert_eq!(rows as u64, finding["rows"].as_u64().unwrap());
}

#[test]
fn the_exit_code_reports_findings() {
    saltmine(&["hunt", ATTACK, "--fail-on", "critical"]).assert().code(4);
    saltmine(&["hunt", ATTACK, "--pack", "quality", "--fail-on", "high"]).assert().success();
    // Damaged input and findings: findings take precedence.
    saltmine(&["hunt", ATTACK, "samples/logs", "--fail-on", "high"]).assert().code(4);
    saltmine(&["hunt", "samples/logs", "--pack", "network"]).assert().code(3).stderr(contains("reject"));
    saltmine(&["hunt", ATTACK, "--fail-on", "dire"]).assert().code(2).stderr(contains("info, low, medium"));
    saltmine(&["hunt", ATTACK, "--pack", "none"]).assert().code(2).stderr(contains("destruction"));
}

/// The traffic of the samples without the attacks raises no alarm. (`guardrail-strip` and others would rightly match
/// samples/logs, where every operation occurs once.)
#[test]
fn ordinary_traffic_raises_no_alarm() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    for seed in ["1", "2"] {
        let out = logs.join(seed);
        saltmine(&[
            "--quiet",
            "generate",
            "--out",
            out.to_str().unwrap(),
            "--lines",
            "40000",
            "--seed",
            seed,
        ])
        .assert()
        .success();
        let hunt = ["hunt", out.to_str().unwrap(), "--fail-on", "high", "--format", "json"];
        let output = saltmine(&hunt).assert().code(predicate::in_iter([0, 3]));
        let report: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
        assert_eq!(report["incidents"], Value::Array(Vec::new()));
        let findings = report["findings"].as_array().unwrap().iter();
        let mut severities = findings.map(|finding| finding["severity"].as_str().unwrap());
        assert!(severities.all(|severity| !matches!(severity, "high" | "critical")), "{report}");
    }
}

/// In each scenario alone, the expected detections match, and nothing else is high or critical.
#[test]
fn each_attack_alone_is_found_by_its_own_detections() {
    let text = std::fs::read_to_string(root().join("samples/expected/attack/scenarios.json")).unwrap();
    let scenarios: Value = serde_json::from_str(&text).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for scenario in scenarios.as_array().unwrap() {
        let name = scenario["scenario"].as_str().unwrap();
        let out = folder.path().join(name);
        let out = out.to_str().unwrap();
        saltmine(&["--quiet", "generate", "--out", out, "--lines", "6000", "--scenario", name])
            .assert()
            .success();
        let output = saltmine(&["hunt", out, "--format", "json"]).assert().code(predicate::in_iter([0, 3]));
        let report: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
        let found = |severities: &[&str]| -> Vec<String> {
            let findings = report["findings"].as_array().unwrap().iter();
            let wanted = findings.filter(|f| severities.contains(&f["severity"].as_str().unwrap()));
            wanted.map(|finding| finding["query"].as_str().unwrap().to_owned()).collect()
        };
        let expects: Vec<&str> = scenario["expects"]
            .as_array()
            .unwrap()
            .iter()
            .map(|expected| expected.as_str().unwrap())
            .collect();
        let all = found(&["info", "low", "medium", "high", "critical"]);
        for expected in &expects {
            assert!(all.iter().any(|query| query == expected), "{name}: {expected} is silent; {all:?}");
        }
        let incidents = report["incidents"].as_array().unwrap();
        assert_eq!(incidents.len(), usize::from(!found(&["high", "critical"]).is_empty()), "{name}");
        for query in found(&["high", "critical"]) {
            assert!(expects.contains(&query.as_str()), "{name}: {query} speaks");
        }
    }
}

#[test]
fn queries_of_a_folder_are_added_and_an_invalid_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let pack = folder.path().join("own");
    std::fs::create_dir(&pack).unwrap();
    let text = "-- title: Lines\n-- question: How many lines?\n-- pack: own\n-- kind: report\n-- severity: info\n\
                -- parameter: least integer 1 — at least\n-- column: lines — how many\n-- false positives: none\n\
                -- source: own\n\nSELECT count(*) AS lines FROM logs HAVING count(*) >= $least\n";
    std::fs::write(pack.join("lines.sql"), text).unwrap();
    let own = folder.path().to_str().unwrap();
    assert_eq!(stdout(&["query", ATTACK, "--queries", own, "--name", "lines"]), "lines\n5031\n");
    assert_eq!(
        stdout(&["query", ATTACK, "--queries", own, "--name", "lines", "-p", "least=9999"]),
        "lines\n"
    );
    assert!(stdout(&["queries", "own", "--queries", own]).contains("lines"));
    std::fs::write(pack.join("lines.sql"), text.replace("integer 1", "integer one")).unwrap();
    saltmine(&["queries", "--queries", own]).assert().code(1).stderr(contains("own/lines.sql:6: "));
}

#[test]
fn other_files_are_tables() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let sql =
        "SELECT count(*) AS n, sum(v) AS v FROM t JOIN (SELECT DISTINCT bucket FROM logs) ON bucket = b";
    for (name, text) in [
        ("odd *[name].csv", "b,v\nhalite-www,1\nhalite-archive,2\nnone,4\n"),
        ("a.tsv", "b\tv\nhalite-www\t1\nhalite-archive\t2\nnone\t4\n"),
        (
            "a.ndjson",
            "{\"b\":\"halite-www\",\"v\":1}\n{\"b\":\"halite-archive\",\"v\":2}\n{\"b\":\"none\",\"v\":4}\n",
        ),
    ] {
        let table = format!("t={}", write(name, text));
        assert_eq!(stdout(&["query", ATTACK, sql, "--table", &table]), "n,v\n2,3\n", "{name}");
    }
    let parquet = folder.path().join("t.parquet");
    let make = "SELECT 'halite-www' AS b, 3 AS v";
    saltmine(&["query", ATTACK, make, "-o", parquet.to_str().unwrap()]).assert().success();
    let table = format!("t={}", parquet.display());
    assert_eq!(stdout(&["query", ATTACK, sql, "--table", &table]), "n,v\n1,3\n");

    let inventory = write(
        "inventory.csv",
        "bucket,key,size,last_modified_date\nhalite-archive,never/read.bin,10,2020-01-01T00:00:00Z\n",
    );
    let table = format!("inventory={inventory}");
    let answer = stdout(&["query", ATTACK, "--name", "unused-prefixes", "--table", &table]);
    assert!(answer.contains("never"), "{answer}");

    for (table, problem) in [
        ("logs=x.csv", "there is already a table with this name"),
        ("a.b=x.csv", "must not contain a dot"),
        ("t=nowhere.csv", "nowhere.csv: "),
        ("t=README.md", "must end in csv"),
    ] {
        saltmine(&["query", ATTACK, sql, "--table", table]).assert().code(1).stderr(contains(problem));
    }
    saltmine(&["query", ATTACK, sql, "--table", "t"]).assert().code(2).stderr(contains("not NAME=FILE"));
}

#[test]
fn a_hunt_can_be_limited_in_time() {
    let count = |arguments: &[&str]| -> u64 {
        let mut words = vec!["query", ATTACK, "SELECT count(*) AS n FROM logs"];
        words.extend(arguments);
        stdout(&words).lines().nth(1).unwrap().parse().unwrap()
    };
    let noon = "2026-03-05T12:00:00Z";
    let (all, before, after) = (count(&[]), count(&["--until", noon]), count(&["--since", noon]));
    assert!(before > 0 && after > 0);
    assert_eq!(before + after, all);
    saltmine(&["query", ATTACK, "SELECT 1", "--since", "noon"]).assert().code(2).stderr(contains("noon"));
}

/// A hunt removes its temporary files however it ends.
#[cfg(unix)]
#[test]
fn a_hunt_leaves_no_temporary_files_however_it_ends() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    for signal in [None, Some("-INT"), Some("-TERM"), Some("-HUP")] {
        let temporary = tempfile::tempdir().unwrap();
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("saltmine"));
        command.current_dir(root()).env("TMPDIR", temporary.path()).args(["hunt", ATTACK, "-vv"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        stderr.find(|line| line.as_ref().unwrap().contains("the records are kept")).unwrap().unwrap();
        let count = || std::fs::read_dir(temporary.path()).unwrap().count();
        assert!(count() > 0, "something is kept while it runs");
        if let Some(signal) = signal {
            assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        }
        stderr.for_each(drop);
        assert_eq!(child.wait().unwrap().code(), Some(if signal.is_some() { 130 } else { 0 }), "{signal:?}");
        assert_eq!(count(), 0, "{signal:?}");
    }
}

/// Times are compared as times: as text, `10:00:00.5Z` would come before `10:00:00Z`.
#[test]
fn a_finding_lasts_from_its_first_time_to_its_last() {
    let folder = tempfile::tempdir().unwrap();
    let pack = folder.path().join("queries/mine");
    std::fs::create_dir_all(&pack).unwrap();
    let query = "-- title: t\n-- question: q\n-- pack: mine\n-- kind: detection\n-- severity: high\n\
                 -- column: requester — r\n-- column: remote_ip — r\n-- column: bucket — r\n-- column: events — r\n\
                 -- column: first_seen — r\n-- column: last_seen — r\n-- column: evidence — r\n-- false positives: f\n\
                 -- source: s\n\nSELECT requester, remote_ip, bucket, count(*) AS events, min(request_time) AS first_seen,\n\
                 max(request_time) AS last_seen, evidence(log_file, log_line, request_time) AS evidence\n\
                 FROM logs GROUP BY 1, 2, 3 ORDER BY 1\n";
    std::fs::write(pack.join("everybody.sql"), query).unwrap();
    let record = |user: &str, second: &str| {
        format!(
            "{{\"schema_version_id\":\"V_1_0\",\"bucket_name\":\"vault\",\"request_time\":\"2026-05-01T10:00:{second}Z\",\
             \"bucket_owner_id\":\"0wner\",\"remote_ip\":\"198.51.100.7\",\"requester\":\"arn:aws:iam::111122223333:user/{user}\",\
             \"request_id\":\"0A\",\"operation\":\"REST.GET.OBJECT\",\"key_name\":\"k\",\"http_status\":200}}\n"
        )
    };
    let (log, queries) = (folder.path().join("log"), folder.path().join("queries"));
    let (log, queries) = (log.to_str().unwrap(), queries.to_str().unwrap());
    for users in [["ada", "bob"], ["bob", "ada"]] {
        std::fs::write(log, record(users[0], "00.000") + &record(users[1], "00.500")).unwrap();
        let hunt = ["hunt", log, "--pack", "mine", "--queries", queries, "--format", "json"];
        let report: Value = serde_json::from_str(&stdout(&hunt)).unwrap();
        let finding = &report["findings"][0];
        assert_eq!((&finding["query"], &finding["rows"]), (&"everybody".into(), &2.into()), "{report}");
        assert_eq!(finding["first_seen"], "2026-05-01T10:00:00Z", "{users:?}");
        let last = finding["last_seen"].as_str().unwrap();
        assert!(last.starts_with("2026-05-01T10:00:00.5"), "{users:?}: {last}");
    }
}

/// The findings of a hunt over the attacks and another file: queries and severities.
fn findings_beside(lines: &str) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    std::fs::write(&log, lines).unwrap();
    let report = stdout(&["hunt", ATTACK, log.to_str().unwrap(), "--format", "json"]);
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["failed"].as_array().map(Vec::len), Some(0), "{}", report["failed"]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|finding| (text(&finding["query"]), text(&finding["severity"]))).collect()
}

/// Anyone who can add a log file can forge times and sizes. Neither hides a finding or stops a detection.
#[test]
fn odd_times_and_sizes_hide_no_finding() {
    let line = |time: &str, requester: &str, bytes: &str| {
        format!(
            "0wner of-its-own [{time} +0000] 198.51.100.7 {requester} 7QK3EXAMPLE REST.GET.OBJECT k \"GET /k HTTP/1.1\" \
             200 - {bytes} 99 12 11 \"-\" \"agent\" - host SigV4 C AuthHeader h TLSv1.3 - - -\n"
        )
    };
    let usual = line("06/Mar/2026:10:00:00", "-", "5");
    let plain = findings_beside(&usual);
    let years = [line("31/Dec/2098:10:00:00", "-", "5"), line("01/Jan/2007:10:00:00", "-", "5")].concat();
    let most = i64::MAX.to_string();
    let user = "arn:aws:iam::111122223333:user/somebody.else";
    let sizes =
        [line("07/Mar/2026:02:10:00", user, &most), line("07/Mar/2026:02:10:01", user, &most)].concat();
    for (what, lines) in [("years", years), ("sizes", sizes)] {
        let found = findings_beside(&(usual.clone() + &lines));
        for finding in &plain {
            assert!(found.contains(finding), "{what}: {finding:?} is not among {found:?}");
        }
    }
}
