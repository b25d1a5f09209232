//! Text that an attacker writes into a log or a file name stays text: it determines no path and stops no run.

#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn saltmine(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("saltmine"));
    command.current_dir(folder).args(arguments).output().unwrap()
}

fn answer(folder: &Path, arguments: &[&str]) -> String {
    let output = saltmine(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn line(bucket: &str, time: &str, key: &str) -> String {
    format!(
        "0wner {bucket} [{time}:10:00:00 +0000] 198.51.100.7 - 7QK3EXAMPLE REST.GET.OBJECT {key} \
         \"GET /{key} HTTP/1.1\" 200 - 5 99 12 11 \"-\" \"agent\" - host SigV4 C AuthHeader h TLSv1.3 - - -\n"
    )
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        assert!(!path.is_symlink());
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files
}

#[test]
fn buckets_and_keys_determine_no_path() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().join("here");
    std::fs::create_dir(&here).unwrap();
    let long = "b".repeat(4000);
    let buckets = [
        "plain",
        ".",
        "..",
        "../../../outside",
        "/etc/passwd",
        "a=b",
        "event_date=2020-01-01",
        "%2e%2e%2foutside",
        "100%",
        "back\\slash",
        "c:\\con",
        "nul\0byte",
        "esc\u{1b}[2J\u{7}",
        "tab\tcr\rdel\u{7f}",
        "ümlaut\u{202e}",
        "__HIVE_DEFAULT_PARTITION__",
        "_delta_log",
        ".saltmine",
        &long,
    ];
    let text: String =
        buckets.iter().map(|bucket| line(bucket, "01/May/2026", "../../../key%2F..%00")).collect();
    std::fs::write(here.join("log"), text).unwrap();
    answer(&here, &["ingest", "log", "--to", "lake", "--partition-by", "bucket,event_date"]);
    answer(&here, &["ingest", "log", "--to", "by-date"]);
    answer(&here, &["verify", "lake", "log"]);
    answer(&here, &["compact", "lake"]);
    for dataset in ["lake", "by-date"] {
        let sql = "SELECT bucket FROM logs ORDER BY log_line";
        let json = answer(&here, &["query", dataset, sql, "--format", "json"]);
        let rows: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
        let found: Vec<&str> = rows.iter().map(|row| row["bucket"].as_str().unwrap()).collect();
        assert_eq!(found, buckets, "{dataset}");
    }
    let parts = files(&here.join("lake/logs"));
    let parts = parts.iter().filter(|path| path.extension().is_some_and(|end| end == "parquet"));
    let mut folders: Vec<_> = parts.map(|path| path.parent().unwrap().to_path_buf()).collect();
    folders.dedup();
    assert_eq!(folders.len(), buckets.len(), "each bucket has a folder of its own");
    for path in folders {
        let below = path.strip_prefix(here.join("lake/logs")).unwrap();
        assert_eq!(below.components().count(), 2, "{path:?}");
        assert!(below.to_str().unwrap().bytes().all(|byte| byte.is_ascii_graphic()), "{path:?}");
        assert!(below.to_str().unwrap().ends_with("/event_date=2026-05-01"));
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing outside");
    assert_eq!(std::fs::read_dir(&here).unwrap().count(), 3, "a log and two datasets");
}

#[cfg(unix)]
#[test]
fn file_names_are_treated_as_text() {
    use std::os::unix::ffi::OsStrExt;

    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let names: [&[u8]; 6] =
        [b"-", b"esc\x1b]0;x\x07", b"new\nline", b"\xff\xfe", b"$(touch x)`touch y`", b"x..  .."];
    for (index, name) in names.iter().enumerate() {
        let bad = line("b", "01/May/2026", &format!("k{index}")) + "no log line\n";
        std::fs::write(logs.join(std::ffi::OsStr::from_bytes(name)), bad).unwrap();
    }
    let output = saltmine(folder.path(), &["ingest", "logs", "--to", "lake"]);
    assert_eq!(output.status.code(), Some(3));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.chars().all(|char| char == '\n' || !char.is_control()), "{stderr:?}");
    assert!(stderr.contains("esc\\x1B]0;x\\x07:2: rejected"), "{stderr}");
    let count = answer(
        folder.path(),
        &["query", "lake", "SELECT count(DISTINCT log_file) FROM logs", "--format", "csv"],
    );
    assert_eq!(count.lines().last(), Some("6"));
    let report = answer(folder.path(), &["verify", "lake", "logs"]);
    assert!(report.contains("Every check passed"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[cfg(unix)]
#[test]
fn more_days_than_open_files_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let day = |day: usize| format!("{:02}/{}/{}", 1 + day % 28, months[day / 28 % 12], 2007 + day / 336);
    let text: String = (0..400).map(|number| line("b", &day(number), "k")).collect();
    std::fs::write(folder.path().join("log"), text).unwrap();
    let run = "ulimit -n 200 && exec \"$0\" ingest log --to lake";
    let binary = assert_cmd::cargo::cargo_bin!("saltmine");
    let output =
        Command::new("sh").current_dir(folder.path()).args(["-c", run]).arg(binary).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let sql = "SELECT count(*), count(DISTINCT event_date) FROM logs";
    assert!(answer(folder.path(), &["query", "lake", sql, "--format", "csv"]).ends_with("\n400,400\n"));
    answer(folder.path(), &["verify", "lake", "log"]);
}
