//! The case file on the command line: `saltmine case`, `--case`, `SALTMINE_CASE`, `--tz`.

#![cfg(unix)]
#![allow(clippy::unwrap_used, missing_docs)]

mod errors;
mod known_work;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A working folder with the samples as `logs`.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(root().join("samples/attack"), folder.path().join("logs")).unwrap();
        Self(folder)
    }

    /// The same, with the samples also ingested into `case.lake`.
    fn with_dataset() -> Self {
        let folder = Self::new();
        folder.saltmine(&["ingest", "logs", "--to", "case.lake"]).assert().success();
        folder
    }

    fn saltmine(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("saltmine"));
        command.current_dir(self.0.path()).env_remove("NO_COLOR").env_remove("SALTMINE_CASE");
        command.env("COLUMNS", "100").args(arguments);
        command
    }

    fn stdout(&self, arguments: &[&str]) -> String {
        let output = self.saltmine(arguments).assert().success().get_output().stdout.clone();
        String::from_utf8(output).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.stdout(arguments)).unwrap()
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.0.path().join(file), text).unwrap();
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.0.path().join(file)).unwrap()
    }
}

const KNOWN: &str = r#"
title = "Case 26-0417"
examiner = "A. Okafor"
[[known_work]]
query = "mass-delete"
principal = "111122223333:role/ops-maintenance"
network = "198.51.100.0/24"
why = "quarterly clean-up, ticket 812"
"#;

const MASS_DELETE: [&str; 4] = ["hunt", "logs", "--name", "mass-delete"];

#[test]
fn a_named_file_has_priority_over_the_variable_and_found_files() {
    let folder = Folder::with_dataset();
    let title = |name: &str| format!("title = \"{name}\"\n");
    folder.write("case.lake/saltmine.toml", &title("of the dataset"));
    let shown = |arguments: &[&str], variable: Option<&str>| {
        let mut command = folder.saltmine(&[&["case", "show", "case.lake"], arguments].concat());
        command.envs(variable.map(|value| ("SALTMINE_CASE", value)));
        String::from_utf8(command.assert().success().get_output().stdout.clone()).unwrap()
    };
    assert!(shown(&[], None).contains("of the dataset"));
    folder.write("saltmine.toml", &title("of the folder"));
    assert!(shown(&[], None).contains("of the folder"));
    folder.write("variable.toml", &title("of the variable"));
    assert!(shown(&[], Some("variable.toml")).contains("of the variable"));
    folder.write("named.toml", &title("named"));
    assert!(shown(&["--case", "named.toml"], Some("variable.toml")).contains("named"));
    // A case file that came with the dataset is not ignored silently.
    let ask = ["hunt", "case.lake", "--name", "mass-delete"];
    let note = contains("case.lake/saltmine.toml is not used: another one is used");
    folder.saltmine(&ask).assert().success().stderr(note);
    let note =
        contains("case.lake/saltmine.toml is not used: --no-case").and(contains("using case file").not());
    folder.saltmine(&[&ask[..], &["--no-case"]].concat()).assert().success().stderr(note);
    std::fs::remove_file(folder.0.path().join("saltmine.toml")).unwrap();
    let note = contains("using case file case.lake/saltmine.toml, which came with the dataset");
    folder.saltmine(&ask).assert().success().stderr(note);
}

#[test]
fn the_case_gives_the_default_input() {
    let folder = Folder::with_dataset();
    folder.saltmine(&["hunt"]).assert().code(2).stderr(contains("no input: give a dataset or log files"));
    folder.write("saltmine.toml", "input = \"case.lake\"\n");
    let note = contains("note: reading case.lake, the case's input");
    folder.saltmine(&["hunt", "--name", "mass-delete"]).assert().success().stderr(note);
    let count = "SELECT count(*) AS n FROM logs";
    assert_eq!(folder.stdout(&["query", count]), "n\n5031\n");
    assert_eq!(folder.stdout(&["query", "--name", "mass-delete", "--format", "csv"]).lines().count(), 2);
    assert!(folder.stdout(&["timeline", "--ip", "198.51.100.33"]).contains("ops-maintenance"));
    folder
        .saltmine(&["query", "case.lake"])
        .assert()
        .code(2)
        .stderr(contains("give the SQL after the paths"));
    // In another working folder, the path is still relative to the case file.
    std::fs::create_dir(folder.0.path().join("notes")).unwrap();
    let mut command = folder.saltmine(&["query", count, "--case", "../saltmine.toml"]);
    command.current_dir(folder.0.path().join("notes")).assert().success().stdout("n\n5031\n");
    std::fs::remove_file(folder.0.path().join("saltmine.toml")).unwrap();
    folder
        .saltmine(&["query", count])
        .env("SALTMINE_CASE", "case.lake")
        .assert()
        .success()
        .stdout("n\n5031\n");
}

#[test]
fn init_writes_a_valid_file_from_the_data() {
    let folder = Folder::with_dataset();
    folder
        .saltmine(&["case", "init", "case.lake"])
        .assert()
        .success()
        .stderr(contains("wrote saltmine.toml"));
    let text = folder.read("saltmine.toml");
    for part in [
        "input = \"case.lake\"",
        "own_buckets = [\"halite-",
        "# own_accounts = [\"111122223333\"]",
        "# The logs have requests from 2026-03-01T00:05:",
        "# [[known_work]]",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(folder.stdout(&["case", "check"]), "saltmine.toml: no problems\n");
    assert!(folder.stdout(&["case", "show"]).contains("Own buckets  halite-"));
    folder
        .saltmine(&["case", "init", "case.lake"])
        .assert()
        .code(2)
        .stderr(contains("exists already; --force"));
    folder.saltmine(&["case", "init", "--force"]).assert().success();
    assert!(folder.read("saltmine.toml").contains("# input = \"case.lake\""));
    folder.write("saltmine.toml", KNOWN);
    folder.write("wide.toml", "[[known_work]]\nprincipal = \"*/etl/*\"\nwhy = \"x\"\n");
    let hints = folder.stdout(&["case", "check", "--case", "wide.toml"]);
    assert!(hints.contains("has no network") && hints.contains("any account"), "{hints}");
    std::fs::remove_file(folder.0.path().join("saltmine.toml")).unwrap();
    folder.saltmine(&["case", "check"]).assert().code(1).stderr(contains("no case file"));
}

/// Query parameters are derived from the case file.
#[test]
fn parameters_follow_from_the_case() {
    let folder = Folder::new();
    folder.write(
        "saltmine.toml",
        "timezone = \"Europe/Berlin\"\nwork_hours = \"07:30-17:00\"\nown_accounts = [\"111122223333\"]\n\
         [incident]\nsince = 2026-03-05T14:00:00Z\n[parameters.mass-delete]\nkeys = 601\n",
    );
    for (name, note) in [
        ("off-hours", "note: from the case file: utc_offset=60 minutes, from_hour=7, to_hour=17"),
        ("last-known-good", "incident_at=2026-03-05T14:00:00Z"),
        ("cross-account", "own_accounts=111122223333"),
        ("mass-delete", "keys=601"),
    ] {
        folder.saltmine(&["query", "logs", "--name", name]).assert().success().stderr(contains(note));
    }
    folder.saltmine(&MASS_DELETE).assert().success().stdout(contains("0 findings"));
    let given = ["query", "logs", "--name", "mass-delete", "-p", "keys=5", "--format", "csv"];
    let given = folder.saltmine(&given).assert().success().stderr(contains("from the case file").not());
    assert_eq!(String::from_utf8_lossy(&given.get_output().stdout).lines().count(), 2);
}

/// One request half an hour before clocks go forward in Berlin, one half an hour after.
#[test]
fn local_times_have_offsets_when_clocks_change() {
    let folder = tempfile::tempdir().unwrap();
    let line = |time: &str, id: &str| {
        format!(
            "0wner vault [29/Mar/2026:{time} +0000] 198.51.100.7 arn:aws:iam::111122223333:user/ada {id} REST.GET.OBJECT k \
             \"GET /k HTTP/1.1\" 200 - 7 99 12 11 \"-\" \"x\" - host SigV4 C AuthHeader h TLSv1.3 - - eu-west-1\n"
        )
    };
    let text = line("00:30:00", "A1") + &line("01:30:00", "A2");
    std::fs::write(folder.path().join("log"), text).unwrap();
    let ask = |arguments: &[&str]| {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("saltmine"));
        command.current_dir(folder.path()).env("COLUMNS", "200").args([
            "timeline",
            "log",
            "--ip",
            "198.51.100.7",
        ]);
        let assert = command.args(arguments).assert().success();
        String::from_utf8(assert.get_output().stdout.clone()).unwrap()
    };
    let zone = ["--tz", "Europe/Berlin"];
    let sessions = ask(&[&zone[..], &["--idle", "10m"]].concat());
    assert!(
        sessions.contains("local times of Europe/Berlin") && sessions.contains("start (local)"),
        "{sessions}"
    );
    assert!(
        sessions.contains("00:30  Sun 01:30 +01:00") && sessions.contains("01:30  Sun 03:30 +02:00"),
        "{sessions}"
    );
    let details = ask(&[&zone[..], &["--idle", "2h", "--details"]].concat());
    let span =
        "2026-03-29T00:30:00Z (Sun 01:30 +01:00) to 2026-03-29T01:30:00Z (Sun 03:30 +02:00) (1h 0m 0s)";
    assert!(details.contains(span), "{details}");
    let rows = ask(&[&zone[..], &["--rows"]].concat());
    assert!(rows.contains("local_time") && rows.contains("Sun 03:30 +02:00"), "{rows}");
    for format in ["csv", "json", "ndjson", "timesketch"] {
        let machine = ["--format", format];
        assert_eq!(ask(&[&zone[..], &machine].concat()), ask(&machine), "{format}");
    }
    let csv = ["--rows", "--format", "csv"];
    assert_eq!(ask(&[&zone[..], &csv].concat()), ask(&csv));
    assert!(ask(&["--tz", "-03:30"]).contains("Sat 21:00 -03:30"));
}
