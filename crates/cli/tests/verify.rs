//! Output and exit codes of `saltmine verify`.

#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;

use assert_cmd::Command;
use predicates::str::contains;

fn saltmine(folder: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("saltmine"));
    command.current_dir(folder);
    command
}

fn line(number: usize) -> String {
    format!(
        "0wner vault [{:02}/May/2026:10:00:00 +0000] 198.51.100.7 - {number:016X} REST.GET.OBJECT k{number} \
         \"GET /k{number} HTTP/1.1\" 200 - {number} 99 12 11 \"-\" \"agent\" - host SigV4 C AuthHeader h TLSv1.3 - - -\n",
        1 + number % 5,
    )
}

fn lines(range: std::ops::Range<usize>) -> String {
    range.map(line).collect()
}

/// A folder of logs, and a dataset of them.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("logs")).unwrap();
    std::fs::write(folder.path().join("logs/a"), lines(0..20)).unwrap();
    std::fs::write(folder.path().join("logs/b"), lines(20..30) + "\n").unwrap();
    saltmine(folder.path()).args(["ingest", "logs", "--to", "lake"]).assert().success();
    folder
}

/// Removes what differs between machines and days.
fn comparable(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output).into_owned();
    let mut comparable = String::new();
    for line in text.lines() {
        let first = line.split_whitespace().next().unwrap_or_default();
        let line = match first {
            "Dataset" | "Logs" | "Verified" | "Table" | "Sources" | "fingerprint" => continue,
            "Examiner:" => line.split(" · host ").next().unwrap(),
            _ => line,
        };
        comparable.push_str(line.trim_end());
        comparable.push('\n');
    }
    comparable
}

#[test]
fn the_report_says_what_was_compared() {
    let folder = folder();
    let output =
        saltmine(folder.path()).args(["verify", "lake", "logs", "--by", "A. Examiner"]).assert().success();
    insta::assert_snapshot!(comparable(&output.get_output().stdout));
}

#[test]
fn without_sources_the_report_says_that_nothing_was_compared() {
    let folder = folder();
    let mut command = saltmine(folder.path());
    for name in ["USER", "LOGNAME", "USERNAME"] {
        command.env_remove(name);
    }
    let output = command.args(["verify", "lake"]).assert().success();
    insta::assert_snapshot!(comparable(&output.get_output().stdout));
}

#[test]
fn a_missing_source_fails() {
    let folder = folder();
    saltmine(folder.path())
        .args(["verify", "lake", "logs/a"])
        .assert()
        .code(1)
        .stdout(contains("FAILED   sources_unchanged"))
        .stdout(contains("\"b\": not among the sources, and no source has SHA-256 "))
        .stdout(contains("\n1 of 18 checks failed; 10 rows of 1 source could NOT be compared"));
    // Both together are everything that was ingested, however they are given.
    saltmine(folder.path()).args(["verify", "lake", "logs/a", "logs/b"]).assert().success();
    saltmine(folder.path()).args(["verify", "lake", "logs/*"]).assert().success();
    saltmine(folder.path()).args(["verify", "lake", "none"]).assert().code(1).stderr(contains("none"));
}

#[test]
fn rows_from_standard_input_are_reported_as_not_compared() {
    let folder = folder();
    saltmine(folder.path())
        .args(["ingest", "-", "--to", "lake"])
        .write_stdin(lines(50..60))
        .assert()
        .success();
    saltmine(folder.path())
        .args(["verify", "lake", "logs"])
        .assert()
        .code(3)
        .stdout(contains("\nLeft out  10 rows of 1 source without logs to compare with\n"))
        .stdout(contains(
            ", but 10 rows of 1 source could NOT be compared, because their logs are not among the sources.\n",
        ));
    // If it was kept, it is compared like any other.
    std::fs::write(folder.path().join("logs/kept"), lines(50..60)).unwrap();
    saltmine(folder.path())
        .args(["verify", "lake", "logs"])
        .assert()
        .success()
        .stdout(contains("40 rows in 32 columns"))
        .stdout(contains("Every check passed ("));
}

#[test]
fn the_report_in_json_has_the_verdict() {
    let folder = folder();
    let output =
        saltmine(folder.path()).args(["verify", "lake", "logs", "--format", "json"]).assert().success();
    let report: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!(report["verdict"], "Every check passed (18).");
    assert_eq!((&report["compared"]["rows"], &report["compared"]["columns"]), (&30.into(), &32.into()));
    assert_eq!(report["sources"].as_array().unwrap().len(), 1);
}
