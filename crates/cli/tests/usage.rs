//! The command line: help, mistakes, messages and exit codes.

#![allow(clippy::unwrap_used, missing_docs)]

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const SUBCOMMANDS: [&str; 19] = [
    "case",
    "playbook",
    "ingest",
    "report",
    "query",
    "queries",
    "hunt",
    "timeline",
    "export",
    "shell",
    "latency",
    "verify",
    "status",
    "compact",
    "recover",
    "schema",
    "completions",
    "man",
    "demo",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("saltmine"));
    command.current_dir(root()).env_remove("NO_COLOR").env("COLUMNS", "200").args(arguments);
    command
}

fn saltmine(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn every_subcommand_has_examples() {
    let all = text(&saltmine(&["--help"]).stdout);
    for subcommand in SUBCOMMANDS {
        assert!(all.contains(&format!("\n  {subcommand} ")), "{subcommand}");
        let output = saltmine(&[subcommand, "--help"]);
        let help = text(&output.stdout);
        assert!(output.status.success() && help.contains("Examples:\n"), "{subcommand}");
        assert!(help.contains(&format!("  saltmine {subcommand}")), "{subcommand}");
        let most = help
            .lines()
            .filter(|line| !line.starts_with("Usage:"))
            .map(|line| line.chars().count())
            .max()
            .unwrap();
        assert!(most <= 120, "{subcommand}: a line of {most} characters");
    }
}

/// All help texts at a terminal width.
fn all_help(width: &str) -> String {
    let help = |arguments: &[&str]| text(&command(arguments).env("COLUMNS", width).output().unwrap().stdout);
    let mut all = help(&["--help"]);
    for subcommand in SUBCOMMANDS {
        all.push_str(&format!("\n$ saltmine {subcommand} --help\n{}", help(&[subcommand, "--help"])));
    }
    all
}

/// Lines that were broken although the next word would have fitted: text that was wrapped twice.
fn orphans(help: &str, width: usize) -> Vec<String> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let lines: Vec<&str> = help.lines().collect();
    let broken = lines.windows(2).filter(|pair| {
        let (line, next) = (pair[0], pair[1]);
        let continues =
            !next.is_empty() && !line.is_empty() && (indent(next) > 8 || indent(next) + indent(line) == 0);
        let word = next.split_whitespace().next().unwrap_or_default();
        let listed = next.trim_start().starts_with(['-', '['])
            || line.ends_with(':')
            || line.ends_with('\\')
            || line.starts_with('$');
        continues && !listed && line.chars().count() + 1 + word.chars().count() <= width
    });
    broken.map(|pair| pair.join(" | ")).collect()
}

#[test]
fn help_reads_well_at_80_and_at_120_columns() {
    for width in [80, 120] {
        let help = all_help(&width.to_string());
        // clap wraps at 100 columns at most.
        let most = width.min(100);
        let wide: Vec<&str> = help.lines().filter(|line| line.chars().count() > most).collect();
        assert!(wide.iter().all(|line| line.starts_with("Usage:")), "{width}: {wide:#?}");
        assert!(orphans(&help, most).is_empty(), "{width}: {:#?}", orphans(&help, most));
        let examples = help.lines().filter(|line| line.starts_with("  saltmine "));
        assert!(
            examples.clone().all(|line| line.chars().count() <= 76),
            "{:#?}",
            examples.collect::<Vec<_>>()
        );
        if !cfg!(feature = "cluster") {
            insta::assert_snapshot!(format!("help_at_{width}"), help);
        }
    }
}

#[test]
fn every_subcommand_is_tested() {
    let help = text(&saltmine(&["--help"]).stdout);
    let listed = help.lines().filter(|line| line.starts_with("  ") && !line.trim_start().starts_with('-'));
    let names = listed.filter(|line| !line.starts_with("  saltmine") && !line.starts_with("   "));
    let names: Vec<&str> = names.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() > SUBCOMMANDS.len(), "{names:?}");
    for name in names {
        let of_cluster = cfg!(feature = "cluster") && ["scheduler", "executor"].contains(&name);
        assert!(SUBCOMMANDS.contains(&name) || name == "help" || of_cluster, "{name}");
    }
}

/// S3 options appear where S3 can be used.
#[test]
fn only_commands_that_take_s3_have_its_options() {
    for subcommand in SUBCOMMANDS {
        let help = text(&saltmine(&[subcommand, "--help"]).stdout);
        let local = ["queries", "playbook", "schema", "completions", "man", "demo"].contains(&subcommand);
        assert_eq!(help.contains("--s3-anonymous"), !local, "{subcommand}");
    }
}

#[test]
fn the_manual_has_a_page_per_subcommand() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let output = saltmine(&["man", pages.to_str().unwrap()]);
    assert!(output.status.success() && text(&output.stderr).contains("pages in"));
    let whole = text(&saltmine(&["man"]).stdout);
    let main = std::fs::read_to_string(pages.join("saltmine.1")).unwrap();
    for subcommand in SUBCOMMANDS {
        let page = std::fs::read_to_string(pages.join(format!("saltmine-{subcommand}.1"))).unwrap();
        assert!(page.contains(&format!(".TH saltmine-{subcommand} 1")), "{page}");
        assert!(page.contains("Examples:") && page.contains("\\-\\-color"), "{subcommand}");
        let name = format!("saltmine\\-{subcommand}");
        assert!(main.contains(&name) && whole.contains(&page), "{subcommand}");
    }
    assert!(!pages.join("saltmine-generate.1").exists(), "it is hidden");
}

#[test]
fn completions_know_every_subcommand_and_option() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = text(&saltmine(&["completions", shell]).stdout);
        for word in SUBCOMMANDS.iter().copied().chain(["redact-key", "csv-safe", "fail-on", "memory-limit"]) {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

/// Names of queries, packs, columns and playbooks are completed too.
#[test]
fn completions_know_names() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = text(&saltmine(&["completions", shell]).stdout);
        // elvish and powershell complete no values.
        if ["bash", "zsh", "fish"].contains(&shell) {
            for word in ["mass-delete", "off-hours", "destruction", "turn_around_time", "getting-logs"] {
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }
    for (typed, expected) in [
        ("hunt --name mass-d", "mass-delete"),
        ("hunt --pack destr", "destruction"),
        ("hunt --name off-h", ""),
        ("query case.lake --name off-h", "off-hours"),
        ("timeline --finding mass-d", "mass-delete"),
        ("export --finding mass-d", "mass-delete"),
        ("queries exfil", "exfiltration"),
        ("playbook rans", "ransom"),
        ("latency --by turn_", "turn_around_time"),
    ] {
        let script = format!(
            "source <(\"$SALTMINE\" completions bash); COMP_WORDS=(saltmine {typed}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _saltmine saltmine \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD - 1]}}\"; echo \"${{COMPREPLY[*]}}\""
        );
        let output = Command::new("bash")
            .args(["-c", &script])
            .env("SALTMINE", assert_cmd::cargo::cargo_bin!("saltmine"))
            .output()
            .unwrap();
        assert_eq!(text(&output.stdout).trim(), expected, "{typed}: {}", text(&output.stderr));
    }
}

/// Messages for the most common mistakes.
#[test]
fn error_messages_are_plain() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "hello world\n").unwrap();
    std::os::unix::fs::symlink(root().join("samples/attack"), folder.path().join("logs")).unwrap();
    let mut printed = String::new();
    for arguments in [
        &["query", "nowhere.lake", "SELECT 1"][..],
        &["query", "empty", "SELECT 1"],
        &["query", "notes.txt", "SELECT count(*) FROM logs"],
        &["query", "logs"],
        &["query", "logs", "SELEC 1"],
        &["query", "logs", "SELECT kee FROM logs"],
        &["query", "logs", "SELECT key\nFROM logs\nWHERE remote_op = 'x'"],
        &["query", "logs", "SELECT * FROM logz"],
        &["query", "logs", "SELECT sum(key) FROM logs"],
        &["query", "logs", "SELECT 'abc FROM logs"],
        &["query", "logs", "DROP TABLE logs"],
        &["query", "logs", "--name", "anonymos-success"],
        &["query", "logs", "--name", "anonymous-success", "-p", "nothing=1"],
        &["query", "logs", "SELECT 1", "-o", "no/folder/x.csv"],
        &["query", "logs", "SELECT 1", "--redact=names"],
        &["query", "logs", "SELECT 1", "--redact", "--allow-writes"],
        &["queries", "nonsense"],
        &["hunt", "logs", "--pack", "exfil"],
        &["hunt", "logs", "--since", "05/03/2026"],
        &["hunt", "logs", "--since", "2026-03-05", "--until", "2026-03-01"],
        &["query", "logs", "SELECT 1", "--name", "mass-delete"],
        &["ingest", "logs", "--to", "notes.txt"],
        &["latency", "logs", "--by", "opration"],
        &["timeline", "logs"],
        &["timeline", "logs", "--ip", "300.1.2.3"],
        &["verify", "logs"],
        &["ingest", "logs"],
        &["quer", "logs"],
    ] {
        let output = command(arguments).current_dir(folder.path()).output().unwrap();
        let stderr = text(&output.stderr);
        printed +=
            &format!("$ saltmine {}\n{stderr}[{}]\n\n", arguments.join(" "), output.status.code().unwrap());
    }
    insta::assert_snapshot!(printed);
}

#[test]
fn queries_are_found_by_a_beginning_a_severity_and_a_text() {
    let shown = |arguments: &[&str]| {
        let output = saltmine(&[&["queries"], arguments].concat());
        (text(&output.stdout), output.status.code())
    };
    let (pack, code) = shown(&["exfil"]);
    assert_eq!((pack.as_str(), code), (shown(&["exfiltration"]).0.as_str(), Some(0)));
    assert!(shown(&["mass-del"]).0.starts_with("mass-delete: "));
    // Several packs begin with an e, and several queries with "mass-".
    assert_eq!(shown(&["e"]).1, Some(2));
    assert_eq!(shown(&["mass-"]).1, Some(2));
    let (severe, _) = shown(&["--min-severity", "critical"]);
    assert!(severe.lines().skip(2).all(|line| line.contains("| critical |")) && severe.lines().count() > 2);
    let (found, _) = shown(&["--grep", "PRESIGNED"]);
    assert!(found.contains("presigned-replay") && !found.contains("mass-delete"), "{found}");
    assert_eq!(shown(&["--grep", "nothing has this text"]), (String::new(), Some(1)));
    let (json, _) = shown(&["--grep", "T1485", "--format", "json"]);
    let queries: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert!(queries.iter().any(|query| query["name"] == "mass-delete" && query["severity"].is_string()));
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    for arguments in [
        &["query", "samples/logs", "SELECT a.* FROM logs a, rejects b", "--format", "csv"][..],
        &["query", "samples/logs", "SELECT a.* FROM logs a, rejects b", "--format", "json"],
        &["query", "samples/logs", "SELECT a.* FROM logs a, rejects b", "--format", "table"],
        &["timeline", "samples/logs", "--ip", "0.0.0.0/0", "--format", "timesketch"],
        &["hunt", "samples/attack", "--format", "json"],
        &["hunt", "samples/attack"],
        &["completions", "bash"],
        &["man"],
        &["queries"],
        &["schema"],
        &["--help"],
    ] {
        let mut child = command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        let code = child.wait().unwrap().code();
        assert!(
            matches!(code, Some(0 | 3)) && !stderr.contains("panicked") && !stderr.contains("error:"),
            "{arguments:?}: {code:?} {stderr}"
        );
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_no_partial_output() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("answer.csv");
    let sql = "SELECT count(*) FROM logs a, logs b, logs c, logs d WHERE a.key || b.key || c.key || d.key LIKE '%x%y%z%'";
    let mut command = command(&["query", "samples/logs", sql, "--verbose", "-o", file.to_str().unwrap()]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("reading ") {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended by itself");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "a file beside its place");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    let stderr = rest;
    assert_eq!(child.wait().unwrap().code(), Some(130), "{stderr}");
    assert!(stderr.contains("interrupted"), "{stderr}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Joins that return no batch for hours and keep all threads busy.
#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_join_at_once() {
    let join = |condition: &str| {
        format!(
            "SELECT sum(a.value + b.value) FROM generate_series(1, 30000000) a JOIN generate_series(1, 30000000) b ON {condition}"
        )
    };
    for (condition, threads) in
        [("a.value < b.value", "1"), ("a.value < b.value", "2"), ("a.value % 2 = b.value % 2", "2")]
    {
        let arguments = ["query", "samples/logs", &join(condition), "--jobs", threads, "--verbose"];
        let mut child = command(&arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("reading ") {
            line.clear();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended by itself");
        }
        // The join begins a moment later.
        std::thread::sleep(std::time::Duration::from_secs(2));
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(130), "{condition}");
    }
}

#[test]
fn quiet_and_verbose() {
    let folder = tempfile::tempdir().unwrap();
    let lake = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let stderr = |more: &[&str], to: &str| {
        text(&saltmine(&[&["ingest", "samples/attack", "--to", to][..], more].concat()).stderr)
    };
    assert_eq!(stderr(&["--quiet"], &lake("a")), "");
    let usual = stderr(&[], &lake("b"));
    assert!(usual.contains(" lines: ") && !usual.contains(": complete: "), "{usual}");
    let verbose = stderr(&["--verbose"], &lake("c"));
    assert_eq!(verbose.matches(": complete: ").count(), 16, "{verbose}");
    assert!(verbose.contains("took ") && verbose.contains("exit code 0"), "{verbose}");
    let query = text(&saltmine(&["query", "samples/attack", "SELECT 1", "-v"]).stderr);
    assert!(query.contains("reading 16 files"), "{query}");
    assert_eq!(saltmine(&["queries", "-q", "-v"]).status.code(), Some(2));
}

#[test]
fn the_demo_runs() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().join("demo");
    let output = saltmine(&["demo", here.to_str().unwrap()]);
    let shown = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    for part in [
        " lines: ",
        "Who downloaded the most?",
        " 1 CRITICAL  backup-operator/sess-4471",
        "50 detections ran: ",
        "Next steps:",
        "rm -r ",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(here.join("case.lake/logs").is_dir() && here.join("logs").is_dir());
    // The suggested commands work.
    let next: Vec<&str> = shown.lines().filter_map(|line| line.strip_prefix("  saltmine ")).collect();
    assert_eq!(next.len(), 6, "{shown}");
    for line in next {
        let words = line.split("   ").next().unwrap();
        let arguments: Vec<&str> = words.split_whitespace().collect();
        let output = command(&arguments).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{line}: {}", text(&output.stderr));
    }
    let again = saltmine(&["demo", here.to_str().unwrap()]);
    assert!(again.status.code() == Some(2) && text(&again.stderr).contains("is not empty"));
    // Without a folder, it uses a temporary one and says which.
    let output = command(&["demo"]).env("TMPDIR", folder.path()).output().unwrap();
    let shown = text(&output.stdout);
    let made = shown.lines().last().unwrap().rsplit(' ').next().unwrap();
    assert!(
        Path::new(made).starts_with(folder.path()) && Path::new(made).join("case.lake").is_dir(),
        "{shown}"
    );
}

#[test]
fn formulas_are_defused_wherever_a_spreadsheet_may_read() {
    let folder = tempfile::tempdir().unwrap();
    let cells = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "-5", "+3.5", "plain"];
    let values: Vec<String> = cells.iter().map(|cell| format!("('{cell}')")).collect();
    let sql = format!("SELECT column1 AS \"=head\" FROM (VALUES {})", values.join(", "));
    let safe = |text: String| {
        for cell in ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "=head"] {
            assert!(text.contains(&format!("'{cell}")), "{cell:?}: {text:?}");
            assert!(
                !text.contains(&format!("\n{cell}")) && !text.contains(&format!("\"{cell}")),
                "{cell:?}: {text:?}"
            );
        }
        assert!(
            text.contains("\n-5\n") && text.contains("\n+3.5\n") && text.contains("\nplain\n"),
            "{text:?}"
        );
    };
    for format in ["csv", "tsv"] {
        safe(text(&saltmine(&["query", "samples/attack", &sql, "--format", format, "--csv-safe"]).stdout));
        let file = folder.path().join(format!("out.{format}"));
        saltmine(&["query", "samples/attack", &sql, "--csv-safe", "-o", file.to_str().unwrap()]);
        safe(std::fs::read_to_string(file).unwrap());
        let script = folder.path().join("script");
        std::fs::write(&script, format!("\\format {format}\n{sql};\n")).unwrap();
        let mut shell = command(&["shell", "samples/attack", "--csv-safe"]);
        let output = shell.stdin(std::fs::File::open(&script).unwrap()).output().unwrap();
        safe(text(&output.stdout));
    }
    let plain = text(&saltmine(&["query", "samples/attack", &sql, "--format", "csv"]).stdout);
    assert!(plain.contains("\n=1+1\n"), "unasked, values are as they are: {plain}");
}

/// Diagnostics are off by default, name what is read, and cannot control the terminal.
#[test]
fn diagnostics_are_off_by_default() {
    let folder = tempfile::tempdir().unwrap();
    let line = std::fs::read_to_string(root().join("samples/README.md")).unwrap();
    std::fs::write(folder.path().join("a\u{1b}[31m.log"), line).unwrap();
    let path = folder.path().to_str().unwrap();
    let count = ["query", path, "SELECT count(*) FROM sources"];
    let quiet = text(&saltmine(&count).stderr);
    assert!(!quiet.contains("DEBUG"), "{quiet}");
    let printed = text(&command(&count).arg("-vv").output().unwrap().stderr);
    assert!(
        printed.contains("read source") && printed.contains("DEBUG") && !printed.contains('\u{1b}'),
        "{printed}"
    );
    let printed = text(&command(&count).env("SALTMINE_LOG", "saltmine_scan=debug").output().unwrap().stderr);
    assert!(printed.contains("read source"), "{printed}");
    let redacted = text(&command(&count).args(["-vv", "--redact=all"]).output().unwrap().stderr);
    assert!(!redacted.contains("DEBUG"), "{redacted}");
    let wrong = command(&count).env("SALTMINE_LOG", "saltmine_scan=loud").output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("SALTMINE_LOG"));
}

#[test]
fn without_a_command_first_commands_are_suggested() {
    let output = command(&[]).output().unwrap();
    let stdout = text(&output.stdout);
    assert!(output.status.success() && stdout.lines().count() == 12, "{stdout}");
    assert!(stdout.contains("saltmine hunt case.lake") && stdout.contains("saltmine --help"), "{stdout}");
    let output = command(&["samples/attack"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("Did you mean: saltmine hunt samples/attack"));
    let output = command(&["nowhere"]).output().unwrap();
    assert!(text(&output.stderr).contains("unrecognized subcommand"));
}
