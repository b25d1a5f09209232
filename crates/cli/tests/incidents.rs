//! Incidents in the output of `saltmine hunt`, `timeline` and `export`.

#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use assert_cmd::Command;
use predicates::str::contains;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn saltmine(arguments: &[&str], columns: &str) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("saltmine"));
    command.current_dir(root()).env_remove("NO_COLOR").env("COLUMNS", columns).args(arguments);
    command
}

fn stdout(arguments: &[&str], columns: &str) -> String {
    String::from_utf8(saltmine(arguments, columns).assert().success().get_output().stdout.clone()).unwrap()
}

const ATTACK: &str = "samples/attack";

static REPORT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&stdout(&["hunt", ATTACK, "--format", "json"], "100")).unwrap());

/// The incident of a principal.
fn incident(name: &str) -> &'static Value {
    let incidents = REPORT["incidents"].as_array().unwrap();
    let is = |actor: &Value| actor["principal"].as_str().unwrap().contains(name);
    let of = incidents.iter().filter(|incident| incident["actors"].as_array().unwrap().iter().any(is));
    let of: Vec<&Value> = of.collect();
    assert_eq!(of.len(), 1, "{name}");
    of[0]
}

#[test]
fn one_screen_summarises_the_incidents() {
    for columns in ["80", "100", "120"] {
        let text = stdout(&["hunt", ATTACK], columns);
        let width: usize = columns.parse().unwrap();
        assert!(text.lines().count() <= 50, "{columns}: {}", text.lines().count());
        // Suggested commands are not wrapped.
        let too_wide = |line: &&str| line.chars().count() > width && !line.contains(" saltmine ");
        assert_eq!(text.lines().find(too_wide), None, "{columns}");
        if columns != "100" {
            insta::assert_snapshot!(format!("screen_at_{columns}"), text);
        }
    }
}

/// The numbers match those of the generator.
#[test]
fn incidents_are_the_attacks_with_their_numbers() {
    let text = std::fs::read_to_string(root().join("samples/expected/attack/scenarios.json")).unwrap();
    let scenarios: Value = serde_json::from_str(&text).unwrap();
    for (scenario, name) in [
        ("night-exfiltration", "user/m.keller"),
        ("ransom-copy", "backup-operator"),
        ("settings-tampering", "user/old-admin"),
    ] {
        let truth = scenarios.as_array().unwrap().iter().find(|truth| truth["scenario"] == scenario).unwrap();
        let found = incident(name);
        assert_eq!(found["actors"].as_array().unwrap().len(), 1, "{scenario}: {found}");
        let actor = &found["actors"][0];
        let from = actor["remote_ips"].as_array().unwrap();
        assert!(
            from.len() == 1 && truth["addresses"].as_array().unwrap().contains(&from[0]),
            "{scenario}: {actor}"
        );
        assert_eq!(found["buckets"], truth["buckets"], "{scenario}");
        assert_eq!(found["first_seen"], truth["from"], "{scenario}");
    }
    let night = incident("user/m.keller");
    assert_eq!(night["actors"][0]["requests"], 333);
    assert_eq!(
        (&night["losses"]["taken_objects"], &night["losses"]["taken_bytes"]),
        (&330.into(), &16_329_992_258_i64.into())
    );
    assert_eq!(night["last_seen_note"], "last seen 21 h before the logs end");
    assert!(
        night["headline"]
            .as_str()
            .unwrap()
            .starts_with("16.3 GB in 330 objects read over 27 min, after 3 listings")
    );
    let ransom = incident("backup-operator");
    assert_eq!(ransom["losses"]["overwritten_objects"], 120);
    assert_eq!((&ransom["failing"]["requests"], &ransom["failing"]["objects"]), (&40.into(), &40.into()));
    assert_eq!(ransom["severity"], "critical");
    let phases: Vec<&str> =
        ransom["phases"].as_array().unwrap().iter().map(|phase| phase["phase"].as_str().unwrap()).collect();
    assert!(phases.contains(&"destruction"), "{phases:?}");
}

/// Each finding is listed in an incident or with its actor.
#[test]
fn no_finding_is_lost() {
    let named = |list: &str| -> Vec<String> {
        let all = REPORT[list].as_array().unwrap().iter().flat_map(|one| one["findings"].as_array().unwrap());
        all.map(|finding| finding["query"].as_str().unwrap().to_owned()).collect()
    };
    let covered = [named("incidents"), named("actors")].concat();
    for finding in REPORT["findings"].as_array().unwrap() {
        assert!(covered.iter().any(|query| finding["query"] == *query), "{}", finding["query"]);
    }
    for member in ["version", "dataset", "range", "coverage", "examined", "quiet", "failed"] {
        assert!(REPORT.get(member).is_some(), "{member}");
    }
    assert_eq!(REPORT["coverage"]["rows"], 5031);
}

#[test]
fn one_incident_or_finding_is_shown_with_everything() {
    let text = stdout(&["hunt", ATTACK, "--show", "1"], "100");
    for part in [
        "Incident 1: CRITICAL",
        "Who\n",
        "Phases\n",
        "Not in the logs\n",
        "Containment\n",
        "Recovery\n",
        "Evidence:",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let text = stdout(&["hunt", ATTACK, "--show", "mass-delete"], "100");
    assert!(text.contains("MEDIUM  mass-delete") && text.contains("SQL of mass-delete"), "{text}");
    assert!(text.contains("WITH ") && text.contains("Known false positives: "), "{text}");
    let last = REPORT["actors"].as_array().unwrap().last().unwrap()["number"].as_u64().unwrap();
    assert!(stdout(&["hunt", ATTACK, "--show", &last.to_string()], "100").contains("Evidence:"));
    saltmine(&["hunt", ATTACK, "--show", "99"], "100")
        .assert()
        .code(1)
        .stderr(contains("numbered from 1 to"));
    saltmine(&["hunt", ATTACK, "--show", "sigv3"], "100")
        .assert()
        .code(1)
        .stderr(contains("no finding named sigv3; it has: "));
}

#[test]
fn detections_can_be_selected() {
    let queries = |arguments: &[&str]| -> Vec<String> {
        let text = stdout(&[&["hunt", ATTACK, "--format", "ndjson"], arguments].concat(), "100");
        let names = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        names
            .map(|finding| {
                format!("{} {}", finding["severity"].as_str().unwrap(), finding["query"].as_str().unwrap())
            })
            .collect()
    };
    assert_eq!(queries(&["--name", "mass-delete"]), ["medium mass-delete"]);
    assert!(
        queries(&["--name", "mass-delete", "-p", "mass-delete.keys=601", "--min-severity", "medium"])
            .is_empty()
    );
    assert!(
        queries(&["--pack", "destruction", "--exclude", "mass-delete"])
            .iter()
            .all(|name| !name.contains("mass-delete"))
    );
    let severe = queries(&["--pack", "destruction", "--min-severity", "high"]);
    assert!(
        !severe.is_empty()
            && severe.iter().all(|name| name.starts_with("critical") || name.starts_with("high"))
    );
    let name = ["hunt", ATTACK, "--name", "mass-delete", "--min-severity", "high", "--format", "csv"];
    saltmine(&name, "100").assert().success().stderr(contains("note: 1 finding below high not shown"));
    saltmine(&["hunt", ATTACK, "--name", "mass-delet"], "100")
        .assert()
        .code(2)
        .stderr(contains("did you mean mass-delete?"));
    saltmine(&["hunt", ATTACK, "-p", "keys=5"], "100").assert().code(2).stderr(contains("QUERY.NAME=VALUE"));
    saltmine(&["hunt", ATTACK, "-p", "mass-delete.kees=5"], "100").assert().code(2).stderr(contains("kees"));
    saltmine(&["hunt", ATTACK, "--name", "dataset-card"], "100")
        .assert()
        .code(2)
        .stderr(contains("not a detection"));
    let csv = stdout(&["hunt", ATTACK, "--pack", "destruction", "--format", "csv"], "100");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(
        reader.headers().unwrap().iter().take(3).collect::<Vec<_>>(),
        ["severity", "incident", "query"]
    );
    assert!(reader.records().count() > 3);
}

#[cfg(unix)]
#[test]
fn the_next_commands_run_as_they_are_printed() {
    let screen = stdout(&["hunt", ATTACK], "100");
    let (_, next) = screen.split_once("\nNext:").unwrap();
    let commands: Vec<&str> = next.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert!(commands.len() >= 4, "{screen}");
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root().join("samples"), folder.path().join("samples")).unwrap();
    for command in commands {
        let words = command.strip_prefix("saltmine ").unwrap().split_whitespace();
        let mut run = Command::new(assert_cmd::cargo::cargo_bin!("saltmine"));
        run.current_dir(folder.path()).args(words).assert().success();
    }
    for file in ["taken.csv", "saltmine-report.html"] {
        assert!(folder.path().join(file).exists(), "{file}");
    }
}

#[test]
fn an_incident_leads_to_its_rows() {
    let night = incident("user/m.keller")["number"].to_string();
    let text = stdout(&["timeline", ATTACK, "--incident", &night, "--rows", "--format", "csv"], "100");
    assert_eq!(text.lines().count(), 1 + 333);
    assert!(text.lines().skip(1).all(|line| line.contains("198.51.100.201")));
    let sessions = stdout(&["timeline", ATTACK, "--finding", "mass-delete"], "100");
    assert!(
        sessions.contains("600 deletes") && sessions.contains("ops-maintenance/cleanup-7f2a"),
        "{sessions}"
    );
    let taken = stdout(&["export", ATTACK, "--incident", &night, "--what", "taken"], "100");
    assert_eq!(taken.lines().count(), 1 + 330);
    assert!(taken.starts_with("bucket,object_key,reads,object_size,bytes,extent"), "{taken}");
    assert!(taken.lines().next().is_some_and(|names| names.ends_with(",read_as_usual")), "{taken}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lost.ndjson");
    let ransom = incident("backup-operator")["number"].to_string();
    let export =
        ["export", ATTACK, "--incident", &ransom, "--what", "destroyed", "-o", file.to_str().unwrap()];
    saltmine(&export, "100").assert().success().stdout("");
    let lost = std::fs::read_to_string(file).unwrap();
    assert_eq!(lost.lines().count(), 120);
    assert!(lost.lines().all(|line| line.contains("\"overwritten\"")), "{lost}");
    let admin = incident("user/old-admin")["number"].to_string();
    let changed = stdout(&["export", ATTACK, "--incident", &admin, "--what", "changed"], "100");
    // Eight settings of the bucket, and the ACL of an object: all that this new user did.
    assert_eq!(changed.lines().count(), 1 + 9, "{changed}");
    saltmine(&["export", ATTACK, "--incident", "99"], "100")
        .assert()
        .code(1)
        .stderr(contains("numbered from 1 to"));
    saltmine(&["export", ATTACK], "100").assert().code(2).stderr(contains("--incident"));
}

#[test]
fn incidents_are_redacted() {
    let hidden = ["198.51.100.", "m.keller", "sess-4471", "backup-operator", "111122223333", "ledger-sync"];
    for arguments in [
        &["hunt", ATTACK, "--redact", "all"][..],
        &["hunt", ATTACK, "--redact", "all", "--show", "1"],
        &["hunt", ATTACK, "--redact", "all", "--format", "json"],
        &["export", ATTACK, "--redact", "all", "--incident", "1", "--what", "destroyed"],
        &["timeline", ATTACK, "--redact", "all", "--incident", "1"],
    ] {
        let text = stdout(arguments, "100");
        assert!(text.lines().count() > 3, "{arguments:?}");
        for name in hidden {
            assert!(!text.contains(name), "{arguments:?} has {name}: {text}");
        }
    }
}

#[test]
fn without_findings_the_largest_changes_are_shown() {
    let text = stdout(&["hunt", ATTACK, "--name", "replication-changes"], "100");
    assert!(text.contains("1 detection ran: 0 findings."), "{text}");
    assert!(text.contains("This does not prove that nothing happened"), "{text}");
    for kind in ["new principal", "most bytes read", "most deletes", "settings changed"] {
        assert!(text.contains(kind), "{kind}: {text}");
    }
    assert!(text.contains("user/m.keller: 16.3 GB in "), "{text}");
}
