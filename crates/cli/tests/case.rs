//! The case file, as people use it: `saltmine case`, `--case`, `SALTMINE_CASE`, `--tz`.

#![cfg(unix)]
#![allow(clippy::unwrap_used, missing_docs)]

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

    /// The same, with the samples as the dataset `case.lake` too.
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
fn known_work_is_shown_as_accepted_with_its_reason() {
    let folder = Folder::new();
    folder.write("saltmine.toml", KNOWN);
    let command = [&MASS_DELETE[..], &["--fail-on", "low"]].concat();
    let assert = folder.saltmine(&command).assert().success();
    let output = assert.stderr(contains("note: using case file saltmine.toml (1 entry of known work)"));
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    for part in [
        "Case 26-0417 · A. Okafor · case file saltmine.toml (1 entry of known work)",
        "1 detection ran: 0 findings.",
        "Known work, accepted and not counted above: 1 row by 1 entry of the case file",
        "medium    mass-delete: 1 row, 600 requests by ops-maintenance/cleanup-7f2a (Mass deletion",
        "known_work 1: quarterly clean-up, ticket 812",
        "All that was found is known work.",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let report = folder.json(&[&MASS_DELETE[..], &["--format", "json"]].concat());
    assert_eq!(
        (&report["findings"], &report["incidents"], &report["actors"]),
        (&Value::Array(vec![]), &Value::Array(vec![]), &Value::Array(vec![]))
    );
    let accepted = &report["accepted"][0];
    assert_eq!((&accepted["rows"], &accepted["events"]), (&1.into(), &600.into()));
    assert_eq!(accepted["why"], "quarterly clean-up, ticket 812");
    assert_eq!(
        (&report["case"]["file"], &report["case"]["title"]),
        (&"saltmine.toml".into(), &"Case 26-0417".into())
    );
    let details = folder.stdout(&[&MASS_DELETE[..], &["--details"]].concat());
    assert!(
        details.contains("ACCEPTED (medium)") && details.contains("on halite-archive: 600 requests"),
        "{details}"
    );
    let shown = folder.stdout(&[&MASS_DELETE[..], &["--show", "mass-delete"]].concat());
    assert!(shown.contains("ACCEPTED (medium)") && shown.contains("SQL of mass-delete"), "{shown}");
    let markdown = folder.stdout(&[&MASS_DELETE[..], &["--format", "markdown"]].concat());
    assert!(markdown.contains("# Known work") && markdown.contains("ticket 812"), "{markdown}");
    let csv = [&MASS_DELETE[..], &["--format", "csv"]].concat();
    folder
        .saltmine(&csv)
        .assert()
        .success()
        .stderr(contains("1 row of known work not shown; --format json has"));
    // Its requests can still be looked at: the deletes, and the six requests that had them done.
    let timeline = ["timeline", "logs", "--finding", "mass-delete", "--rows", "--format", "csv"];
    let rows = folder.stdout(&timeline);
    let of = |operation: &str| rows.lines().filter(|line| line.contains(operation)).count();
    assert_eq!((of(",BATCH.DELETE.OBJECT,"), of(",REST.POST.MULTI_OBJECT_DELETE,")), (600, 6));
    assert_eq!(rows, folder.stdout(&[&timeline[..], &["--no-case"]].concat()));
}

#[test]
fn findings_that_differ_from_known_work_remain() {
    let folder = Folder::new();
    for (right, wrong) in [
        ("role/ops-maintenance", "role/ops-other"),
        ("198.51.100.0/24", "203.0.113.0/24"),
        ("\"mass-delete\"", "\"version-purge\""),
        ("why =", "bucket = \"halite-l*\"\nwhy ="),
    ] {
        folder.write("saltmine.toml", &KNOWN.replace(right, wrong));
        let report = folder.json(&[&MASS_DELETE[..], &["--format", "json"]].concat());
        assert_eq!(report["findings"].as_array().unwrap().len(), 1, "{wrong}");
        assert!(report["accepted"].as_array().unwrap().is_empty(), "{wrong}");
    }
    folder.saltmine(&[&MASS_DELETE[..], &["--fail-on", "low"]].concat()).assert().code(4);
}

/// Known work leaves incidents, their numbers and the totals.
#[test]
fn incidents_are_without_known_work_and_have_their_notes() {
    let folder = Folder::new();
    folder.write(
        "saltmine.toml",
        "timezone = \"Europe/Berlin\"\nwork_hours = \"08:00-18:00\"\n\
         [incident]\nsince = 2026-03-06\n\
         [[known_work]]\nprincipal = \"*:user/old-admin\"\nnetwork = \"198.51.100.66\"\nwhy = \"red team, 5 March\"\n\
         [[known_work]]\nprincipal = \"nobody\"\nwhy = \"misspelt\"\n\
         [[notes]]\nprincipal = \"*:user/m.keller\"\ntext = \"key disabled 03:10Z\"\n",
    );
    let hunt = folder.saltmine(&["hunt", "logs", "--format", "json"]).assert().success();
    let hunt = hunt.stderr(contains("note: case file: known_work 2 matches no row"));
    let report: Value = serde_json::from_slice(&hunt.get_output().stdout).unwrap();
    let incidents = report["incidents"].as_array().unwrap();
    assert_eq!(incidents.len(), 2, "{incidents:#?}");
    let old_admin = report["accepted"].as_array().unwrap();
    assert!(old_admin.iter().any(|accepted| accepted["query"] == "guardrail-strip"), "{old_admin:#?}");
    assert!(old_admin.iter().all(|accepted| accepted["why"] == "red team, 5 March"));
    assert_eq!(incidents[0]["playbooks"][0], "ransom");
    let night = &incidents[1];
    assert_eq!(
        (&night["notes"][0], &night["outside_window"]),
        (&"key disabled 03:10Z".into(), &false.into())
    );
    // Machines read UTC.
    assert_eq!(night["first_seen"], "2026-03-07T02:00:30Z");

    let text = folder.stdout(&["hunt", "logs"]);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "times are UTC, with local times of Europe/Berlin below",
        "Fri 06 Mar 04:02–04:26 +01:00 · outside working hours",
        "Playbook: saltmine playbook ransom",
        "Note: key disabled 03:10Z",
        "red team, 5 March",
    ] {
        assert!(words.contains(part), "{part}: {text}");
    }
    assert!(text.lines().count() <= 50, "{text}");
    let text = folder.stdout(&["hunt", "logs", "--show", "2"]);
    for part in [
        "local time of Europe/Berlin: Sat 07 Mar 03:00–03:28 +01:00",
        "Playbook\n",
        "Notes\n  - key disabled",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn errors_have_a_line_and_what_is_expected() {
    let folder = Folder::new();
    for (text, expected) in [
        ("titel = \"x\"", "error: saltmine.toml:1: unknown key \"titel\"; did you mean title?"),
        (
            "\ntimezone = \"Europe/Berln\"",
            "saltmine.toml:2: timezone: there is no time zone \"Europe/Berln\"; expected a name",
        ),
        ("timezone = \"berlin\"", "did you mean Europe/Berlin?"),
        (
            "[[known_work]]\nquery = \"mass-delet\"\nbucket = \"b\"\nwhy = \"x\"",
            ":2: known_work 1.query: there is no query mass-delet; did you mean mass-delete?",
        ),
        ("title = ", "saltmine.toml:1: not TOML: "),
    ] {
        folder.write("saltmine.toml", text);
        for command in [&["case", "check"][..], &["case", "show"], &MASS_DELETE] {
            folder.saltmine(command).assert().code(1).stdout("").stderr(contains(expected));
        }
    }
    folder.saltmine(&[&MASS_DELETE[..], &["--no-case"]].concat()).assert().success();
    folder
        .saltmine(&[&MASS_DELETE[..], &["--case", "none.toml"]].concat())
        .assert()
        .code(1)
        .stderr(contains("none.toml: "));
    for zone in ["Mars/Olympus", "+25:00"] {
        let command = [&MASS_DELETE[..], &["--no-case", "--tz", zone]].concat();
        folder.saltmine(&command).assert().code(2).stderr(contains("there is no time zone"));
    }
}

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
    // What came with the dataset is not passed over in silence.
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
    // From another folder, the path is that of the file.
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

/// A dataset and its case file may come from a stranger.
#[test]
fn a_case_file_in_a_dataset_cannot_refer_outside() {
    let folder = Folder::with_dataset();
    let ask = ["hunt", "case.lake", "--name", "mass-delete"];
    for input in ["../logs", "/etc", "s3://bucket/key"] {
        folder.write("case.lake/saltmine.toml", &format!("input = \"{input}\"\n"));
        folder.saltmine(&ask).assert().code(1).stderr(contains("is outside of the dataset's folder"));
    }
    let file = folder.0.path().join("case.lake/saltmine.toml");
    std::fs::remove_file(&file).unwrap();
    folder.write("secret", "password");
    std::os::unix::fs::symlink("../secret", &file).unwrap();
    let refused = contains("not a regular file").and(contains("password").not());
    folder.saltmine(&ask).assert().code(1).stderr(refused);
    std::fs::remove_file(&file).unwrap();
    folder.write("case.lake/saltmine.toml", &"#".repeat(300_000));
    folder.saltmine(&ask).assert().code(1).stderr(contains("larger than 256 kB"));
    // In the dataset's own folder too.
    folder.write("case.lake/saltmine.toml", "input = \"../logs\"\n");
    let mut command = folder.saltmine(&["hunt", "--name", "mass-delete"]);
    command.current_dir(folder.0.path().join("case.lake"));
    command.assert().code(1).stderr(contains("is outside of the dataset's folder"));
    // Parameters that it sets are named.
    folder.write("case.lake/saltmine.toml", "[parameters.mass-delete]\nkeys = 100000\n");
    let said = contains("note: the case file sets mass-delete.keys=100000");
    let assert = folder.saltmine(&ask).assert().success().stderr(said);
    assert.stdout(contains("parameters differ"));
    let own = [&ask[..], &["-p", "mass-delete.keys=100"]].concat();
    folder.saltmine(&own).assert().success().stdout(contains("1 finding"));
}

#[test]
fn hostile_text_in_a_case_file_is_inert() {
    let folder = Folder::new();
    let evil = "\\u001b[31mred\\u202e<script>|www.evil.example";
    folder.write(
        "saltmine.toml",
        &KNOWN.replace("Case 26-0417", evil).replace("quarterly clean-up", evil).replace("A. Okafor", evil),
    );
    for arguments in [
        &["case", "show"][..],
        &MASS_DELETE,
        &[&MASS_DELETE[..], &["--details"]].concat(),
        &[&MASS_DELETE[..], &["--format", "markdown"]].concat(),
    ] {
        let output = folder.saltmine(arguments).assert().success().get_output().clone();
        for text in [output.stdout, output.stderr] {
            let text = String::from_utf8(text).unwrap();
            assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{arguments:?}: {text}");
        }
    }
    let markdown = folder.stdout(&[&MASS_DELETE[..], &["--format", "markdown"]].concat());
    assert!(!markdown.contains("<script>") && !markdown.contains("www.evil"), "{markdown}");
    let report = folder.json(&[&MASS_DELETE[..], &["--format", "json"]].concat());
    assert_eq!(report["accepted"][0]["why"], "\u{1b}[31mred\u{202e}<script>|www.evil.example, ticket 812");
}

#[test]
fn the_case_file_is_redacted() {
    let folder = Folder::new();
    folder.write("saltmine.toml", &KNOWN.replace("quarterly clean-up", "by Ann Other of ops-maintenance"));
    for format in ["table", "json", "markdown"] {
        let text = folder.stdout(&[&MASS_DELETE[..], &["--redact=all", "--format", format]].concat());
        for name in ["Ann Other", "ops-maintenance", "198.51.100", "111122223333"] {
            assert!(!text.contains(name), "{format}: {name}: {text}");
        }
        assert!(text.contains("accepted") || text.contains("# Known work"), "{format}: {text}");
    }
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

/// Queries take what they can from the case.
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

/// The page says what is accepted, by whom the case is examined, what is noted of incidents, their playbooks and their
/// local times. Nobody is named under redaction.
#[test]
fn the_report_names_the_case_and_what_is_accepted() {
    let folder = Folder::new();
    let case = format!(
        "work_hours = \"10:00-18:00\"\n{}[[notes]]\nprincipal = \"*:role/backup-operator\"\n\
         text = \"restored <i>by</i> B. Ek\"\n[parameters.mass-delete]\nkeys = 90\n",
        KNOWN.replace("A. Okafor", "<b>A. Okafor")
    );
    folder.write("saltmine.toml", &case);
    let report = ["report", "logs", "--pack", "destruction", "--tz", "Asia/Kolkata", "-o", "page.html"];
    folder.saltmine(&report).assert().success();
    let page = folder.read("page.html");
    for part in [
        "<title>Case 26-0417",
        "&lt;b&gt;A. Okafor",
        "mass-delete.keys=90",
        "quarterly clean-up, ticket 812",
        "Asia/Kolkata",
        "+05:30",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("<b>A. Okafor") && !page.contains("<i>by</i>"));
    let incident = |page: &str| {
        let card = page.split("id=\"i-1\"").nth(1).unwrap();
        card.split("</details>").next().unwrap().to_owned()
    };
    let local = "Fri 06 Mar 08:32–08:56 +05:30 · outside working hours";
    let playbook = "Playbook: <code>saltmine playbook ransom</code>";
    for part in [local, playbook, "</strong> restored &lt;i&gt;by&lt;/i&gt; B. Ek"] {
        assert!(incident(&page).contains(part), "{part}: {}", incident(&page));
    }

    folder.saltmine(&[&report[..], &["--redact", "all"]].concat()).assert().success();
    let page = folder.read("page.html");
    for part in [local, playbook] {
        assert!(incident(&page).contains(part), "{part}");
    }
    for name in ["26-0417", "Okafor", "B. Ek", "restored &lt;", "ticket 812"] {
        assert!(!page.contains(name), "{name}");
    }
}
