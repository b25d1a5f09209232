//! On a terminal, nothing in logs, file names and user-defined queries is interpreted, whatever the command.

#![allow(clippy::unwrap_used, missing_docs)]
#![cfg(unix)]

use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A title, a cleared screen, a bell, an 8-bit control character, reversed text, invisible characters, a carriage
/// return.
const EVIL: &str = "\u{1b}]0;pwned\u{7}\u{1b}[2J\u{9b}31m\u{202e}\u{2066}\u{200b}\u{feff}\u{8}";

/// Runs the command on a terminal (created by Python); returns all bytes that the terminal receives.
fn at_terminal(folder: &Path, arguments: &[&str]) -> (String, Option<i32>) {
    let output = run(folder, arguments, &[]);
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/at_terminal.py");
    let mut command = Command::new("python3");
    command.arg(script).arg(assert_cmd::cargo::cargo_bin!("saltmine")).args(arguments).current_dir(folder);
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.env("TERM", "xterm").env("XDG_STATE_HOME", folder).envs(variables.iter().copied());
    command.stdin(Stdio::null()).output().expect("these tests need python3")
}

/// Only colours and the progress bar are allowed.
fn assert_tame(text: &str, of: &str) {
    for (name, act) in [
        ("title", "\u{1b}]"),
        ("bell", "\u{7}"),
        ("cleared screen", "\u{1b}[2J"),
        ("8-bit control", "\u{9b}"),
        ("reversed line", "\u{202e}"),
        ("isolate", "\u{2066}"),
        ("zero width", "\u{200b}"),
        ("byte order mark", "\u{feff}"),
        ("backspace", "\u{8}"),
    ] {
        assert!(!text.contains(act), "{of}: {name}: {text:?}");
    }
    for (at, _) in text.match_indices('\u{1b}') {
        let rest = text[at + 1..]
            .trim_start_matches(['[', '?', ';', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
        assert!(rest.starts_with(['m', 'K', 'A', 'B', 'G', 'J', 'h', 'l']), "{of}: {:?}", &text[at..]);
    }
}

/// Hostile lines, one of them rejected, and a hostile file name.
fn hostile() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let line = |number: usize, operation: &str| {
        format!(
            "0wner{EVIL} b{EVIL} [01/May/2026:10:00:{:02} +0000] 198.51.100.7 arn:aws:iam::111122223333:user/a{EVIL} {number:016} \
             {operation} k{EVIL} \"GET /k{EVIL} HTTP/1.1\" 200 E{EVIL} 5 99 12 11 \"r{EVIL}\" \"a{EVIL}\" v{EVIL} host SigV4 C \
             AuthHeader h{EVIL} TLSv1.3 - - - x{EVIL} y",
            number % 60
        )
    };
    let mut lines: Vec<String> = (0..60)
        .map(|number| line(number, if number % 2 == 0 { "REST.GET.OBJECT" } else { "REST.DELETE.OBJECT" }))
        .collect();
    lines.push(line(60, &format!("REST.{EVIL}")));
    lines.push(format!("no log line {EVIL}"));
    let name = format!("log{}\u{202e}", "\u{1b}]0;x\u{7}");
    std::fs::write(logs.join(std::ffi::OsStr::from_bytes(name.as_bytes())), lines.join("\n")).unwrap();
    let pack = folder.path().join("queries/mine");
    std::fs::create_dir_all(&pack).unwrap();
    let query = format!(
        "-- title: t{EVIL}\n-- question: q{EVIL}\n-- pack: mine\n-- kind: detection\n-- severity: high\n-- column: requester — r{EVIL}\n\
         -- column: remote_ip — r\n-- column: bucket — r\n-- column: events — r\n-- column: first_seen — r\n\
         -- column: last_seen — r\n-- column: evidence — r\n-- false positives: f{EVIL}\n-- source: s{EVIL}\n\n\
         -- {EVIL}\nSELECT requester, remote_ip, bucket, count(*) AS events, min(request_time) AS first_seen,\n\
         max(request_time) AS last_seen, evidence(log_file, log_line, request_time) AS evidence FROM logs GROUP BY 1, 2, 3\n"
    );
    std::fs::write(pack.join("evil.sql"), query).unwrap();
    std::fs::write(
        folder.path().join("wrong.sql"),
        format!("SELECT \"no{EVIL}\" FROM \"logs{EVIL}\" -- {EVIL}"),
    )
    .unwrap();
    std::fs::write(folder.path().join("rows.csv"), format!("a{EVIL},b\n1,2\n")).unwrap();
    folder
}

#[test]
fn nothing_hostile_reaches_a_terminal() {
    let folder = hostile();
    let tame = |arguments: &[&str]| {
        let (text, code) = at_terminal(folder.path(), arguments);
        assert_tame(&text, &arguments.join(" "));
        assert!(code.is_some_and(|code| code < 128) && !text.contains("panicked"), "{arguments:?}: {text}");
        text
    };
    tame(&["ingest", "logs", "--to", "lake", "--dry-run"]);
    let text = tame(&["ingest", "logs", "--to", "lake", "--verbose", "--color", "always"]);
    assert!(text.contains("\\x1B]0;x\\x07") && text.contains("rejected"), "{text}");
    for input in ["logs", "lake"] {
        for sql in ["SELECT * FROM logs LIMIT 3", "SELECT * FROM rejects", "SELECT * FROM sources"] {
            for format in ["table", "csv", "tsv", "json", "ndjson", "markdown"] {
                let text = tame(&["query", input, sql, "--format", format]);
                assert!(text.contains("x1B") || text.contains("u001b"), "{format}: {text}");
            }
        }
        for format in ["table", "json", "ndjson", "markdown"] {
            tame(&["hunt", input, "--format", format, "--queries", "queries"]);
            tame(&["timeline", input, "--ip", "198.51.100.7", "--format", format]);
        }
        tame(&["timeline", input, "--ip", "198.51.100.7", "--format", "timesketch"]);
        tame(&["latency", input, "--by", "operation,user_agent"]);
        tame(&["latency", input, "--by", "user_agent", "--format", "json"]);
        tame(&["query", input, "SELECT CAST(user_agent AS integer) FROM logs"]);
        tame(&["query", input, "-f", "wrong.sql"]);
        tame(&["query", input, "SELECT * FROM rows", "--table", "rows=rows.csv"]);
        tame(&["query", input, "EXPLAIN VERBOSE SELECT * FROM logs WHERE key = 'a\u{1b}]0;x\u{7}'"]);
        tame(&["query", input, "SELECT 1 AS \"n\u{1b}]0;x\u{7}\", 'a\u{202e}' AS v", "--format", "csv"]);
    }
    tame(&["verify", "lake", "logs"]);
    tame(&["verify", "lake", "logs", "--format", "json"]);
    tame(&["compact", "lake", "--dedup"]);
    tame(&["queries", "--queries", "queries"]);
    assert!(tame(&["queries", "evil", "--queries", "queries"]).contains("\\x1B"));
}

#[test]
fn arguments_are_sanitised_too() {
    let folder = hostile();
    let evil = "x\u{1b}]0;pwned\u{7}\u{202e}";
    for arguments in [
        &[evil][..],
        &["query", evil, "SELECT 1"],
        &["query", "logs", "--format", evil],
        &["query", "logs", "SELECT 1", evil],
        &["query", "logs", "SELECT 1", "--name", evil],
        &["query", "logs", "SELECT 1", "-o", &format!("none/{evil}")],
        &["query", "logs", "SELECT 1", "-p", evil],
        &["query", "logs", "SELECT 1", "--alias", evil],
        &["query", "logs", "SELECT 1", "--table", &format!("t={evil}")],
        &["query", "logs", "SELECT 1", "--redact", "--redact-key", &format!("none/{evil}")],
        &["ingest", evil, "--to", "lake"],
        &["ingest", "logs", "--to", &format!("logs/{evil}/x")],
        &["hunt", "logs", "--pack", evil],
        &["latency", "logs", "--by", evil],
        &["timeline", "logs", "--ip", evil],
        &["verify", evil],
        &["compact", evil],
        &["queries", evil],
        &["demo", &format!("/proc/{evil}")],
    ] {
        let (text, code) = at_terminal(folder.path(), arguments);
        assert_tame(&text, &arguments.join(" "));
        assert!(matches!(code, Some(0..=3)), "{arguments:?}: {code:?} {text}");
    }
}

#[test]
fn tables_fit_the_terminal_and_long_answers_go_to_the_pager() {
    let folder = hostile();
    let wide = ["query", "logs", "SELECT user_agent, user_agent AS again, user_agent AS twice FROM logs"];
    let shown = |screen: &str, statement: &[&str], pager: &str| {
        let variables = [("SCREEN", screen), ("PAGER", pager)];
        String::from_utf8(run(folder.path(), statement, &variables).stdout).unwrap()
    };
    for (screen, width) in [("50x60", 60), ("50x100", 100)] {
        let text = shown(screen, &wide, "cat");
        let rows = text.lines().filter(|line| line.starts_with('|'));
        let widest = rows.map(|row| row.trim_end().chars().count()).max().unwrap();
        assert!(widest <= width && widest > width / 2, "{screen}: {text}");
    }
    let long = ["query", "logs", "SELECT value FROM generate_series(1, 30)"];
    let paged = folder.path().join("paged");
    let pager = format!("cat > '{}'", paged.display());
    let text = shown("50x80", &long, &pager);
    assert!(text.contains("30") && !paged.exists(), "an answer that fits the screen needs no pager: {text}");
    let text = shown("20x80", &long, &pager);
    let rows = std::fs::read_to_string(&paged).unwrap();
    assert!(rows.lines().count() > 30 && !text.contains("29"), "{text} {rows}");
    // A pager that cannot run, and none, lose nothing.
    for pager in ["no-such-pager -R", "cat", ""] {
        assert!(shown("20x80", &long, pager).contains("29"), "{pager}");
    }
}

#[test]
fn the_prompt_and_its_answers_are_sanitised() {
    let folder = hostile();
    let script = format!(
        "SELECT * FROM logs LIMIT 2;\n\\format csv\nSELECT * FROM logs LIMIT 2;\nSELECT {EVIL};\n\\d {EVIL}\n\\run {EVIL}\n"
    );
    std::fs::write(folder.path().join("script"), script).unwrap();
    let pty = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/at_terminal.py");
    let output = Command::new("python3")
        .arg(pty)
        .args(["sh", "-c", "exec \"$0\" shell logs < script"])
        .arg(assert_cmd::cargo::cargo_bin!("saltmine"))
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("x1B") && text.contains("error: "), "{text}");
    assert_tame(&text, "shell");
}

#[test]
fn colour_follows_options_and_environment() {
    let folder = hostile();
    let coloured = |options: &[&str], variables: &[(&str, &str)]| {
        let arguments = [&["query", "nowhere", "SELECT 1"], options].concat();
        String::from_utf8(run(folder.path(), &arguments, variables).stdout).unwrap().contains("\u{1b}[")
    };
    assert!(coloured(&[], &[]));
    assert!(!coloured(&[], &[("NO_COLOR", "1")]));
    assert!(!coloured(&[], &[("TERM", "dumb")]));
    assert!(coloured(&["--color", "always"], &[("NO_COLOR", "1")]));
    assert!(!coloured(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]));
    // To a pipe.
    let piped = |variables: &[(&str, &str)]| {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("saltmine"));
        command.args(["query", "nowhere", "SELECT 1"]).env_remove("NO_COLOR").envs(variables.iter().copied());
        String::from_utf8(command.output().unwrap().stderr).unwrap().contains("\u{1b}[")
    };
    assert!(!piped(&[("CLICOLOR_FORCE", "0")]));
    assert!(piped(&[("CLICOLOR_FORCE", "1")]));
    assert!(!piped(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}

/// Up recalls the previous statement, whatever came before it, and error positions count from the statement's own first
/// line.
#[test]
fn every_statement_is_in_the_history() {
    let folder = hostile();
    let pieces = [
        "select 1001;\r",
        "select 1002;\r",
        "select\r",
        "  1003;\r",
        "slect 1004;\r",
        // Two steps up is the statement of two lines, which runs again.
        "\u{1b}[A\u{1b}[A\r",
        "\\q\r",
    ];
    let pty = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/typed_at_terminal.py");
    let output = Command::new("python3")
        .arg(pty)
        .arg(serde_json::to_string(&pieces).unwrap())
        .arg(assert_cmd::cargo::cargo_bin!("saltmine"))
        .args(["shell", "logs"])
        .current_dir(folder.path())
        .env("TERM", "xterm")
        .env("XDG_STATE_HOME", folder.path())
        .output()
        .expect("these tests need python3");
    let text = String::from_utf8_lossy(&output.stdout);
    let history = std::fs::read_to_string(folder.path().join("saltmine/history")).unwrap();
    let statements: Vec<&str> = history.lines().skip(1).collect();
    assert_eq!(
        statements[..4],
        ["select 1001;", "select 1002;", "select\\n  1003;", "slect 1004;"],
        "{history}\n{text}"
    );
    assert_eq!(statements[4], "select\\n  1003;", "{history}\n{text}");
    assert!(text.contains("line 1, column 1: ") && !text.contains("line 2, column"), "{text}");
    assert_eq!(text.matches("|        1003 |").count(), 2, "{text}");
}
