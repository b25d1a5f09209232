//! Every command in the playbooks runs over the sample logs.

#![cfg(unix)]
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn saltmine() -> Command {
    Command::new(assert_cmd::cargo::cargo_bin!("saltmine"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Names of the playbooks, as the command lists them.
fn names() -> Vec<String> {
    let output = saltmine().arg("playbook").output().unwrap();
    assert!(output.status.success());
    let list = text(&output.stdout);
    let lines = list.lines().take_while(|line| !line.is_empty());
    lines.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

fn page(name: &str) -> String {
    let output = saltmine().args(["playbook", name]).output().unwrap();
    assert!(output.status.success(), "{name}");
    text(&output.stdout)
}

/// Lines of the `sh` blocks, and commands between backticks in the text.
fn lines(page: &str) -> (Vec<String>, Vec<String>) {
    let (mut blocks, mut prose) = (Vec::new(), Vec::new());
    for (at, part) in page.split("```").enumerate() {
        if at % 2 == 1 {
            let block = part.strip_prefix("sh\n").unwrap_or_default();
            blocks.extend(block.lines().map(str::to_owned));
        } else {
            let spans = part.split('`').skip(1).step_by(2);
            prose.extend(
                spans.filter(|span| span.starts_with("saltmine ")).map(|span| span.replace('\n', " ")),
            );
        }
    }
    (blocks, prose)
}

/// A folder with `case.lake` and `logs`.
fn case() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root().join("samples/attack"), folder.path().join("logs")).unwrap();
    let output = sh(folder.path(), "saltmine ingest logs --to case.lake");
    assert!(output.status.success(), "{}", text(&output.stderr));
    folder
}

fn sh(folder: &Path, script: &str) -> Output {
    let bin = assert_cmd::cargo::cargo_bin!("saltmine").parent().unwrap().to_owned();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command.args(["-c", script]).current_dir(folder).env("PATH", path);
    // Nothing listens there, so commands that use S3 fail at once.
    command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1").env("AWS_ALLOW_HTTP", "true");
    command
        .env("AWS_ACCESS_KEY_ID", "none")
        .env("AWS_SECRET_ACCESS_KEY", "none")
        .env("AWS_REGION", "us-east-1");
    command.output().unwrap()
}

fn is_variable(line: &str) -> bool {
    line.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_lowercase()))
}

/// The rows of a command's answer, on standard output or in the file of `-o`.
fn rows(folder: &Path, command: &str, output: &Output) -> usize {
    let file = command.split_once(" -o ").map(|(_, rest)| rest.split_whitespace().next().unwrap());
    let answer = match file {
        Some(file) => std::fs::read_to_string(folder.join(file)).unwrap(),
        None => text(&output.stdout),
    };
    let has_header = !command.contains("ndjson");
    answer.lines().count().saturating_sub(usize::from(has_header))
}

#[test]
fn every_command_of_the_playbooks_runs() {
    std::thread::scope(|scope| {
        for name in names() {
            scope.spawn(move || run_all(&name));
        }
    });
}

fn run_all(name: &str) {
    let case = case();
    let folder = case.path();
    let (blocks, prose) = lines(&page(name));
    let variables: Vec<&String> = blocks.iter().filter(|line| is_variable(line)).collect();
    let head: String = variables.iter().map(|line| format!("{line}\n")).collect();
    let mut answered = 0;
    for command in blocks.iter().chain(&prose).filter(|line| line.starts_with("saltmine ")) {
        let is_s3 = command.contains("s3://");
        let retries = if is_s3 { " --s3-retries 0 --s3-timeout 1" } else { "" };
        let output = sh(folder, &format!("set -u\n{head}{command}{retries}"));
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(i32::from(is_s3)), "{name}: {command}\n{error}");
        if command.starts_with("saltmine query") && !is_s3 {
            let rows = rows(folder, command, &output);
            answered += rows;
            // Queries of the catalogue may have no rows on the samples; other SQL must have some.
            assert!(rows > 0 || command.contains("--name"), "{name}: no rows: {command}");
        }
    }
    assert!(answered > 0 || variables.is_empty(), "{name} answers nothing");
}

/// Checks the shell syntax of AWS commands: closed quotes, variables that are set.
#[test]
fn aws_commands_are_complete() {
    let folder = tempfile::tempdir().unwrap();
    for name in names() {
        let (blocks, _) = lines(&page(&name));
        let variables: String =
            blocks.iter().filter(|line| is_variable(line)).map(|line| format!("{line}\n")).collect();
        for command in blocks.iter().filter(|line| line.starts_with("aws ")) {
            let script = format!(
                "set -eu\naws() {{ for word; do printf '%s\\n' \"$word\"; done; }}\n{variables}{command}"
            );
            let output = sh(folder.path(), &script);
            assert!(output.status.success(), "{name}: {command}\n{}", text(&output.stderr));
            let words = text(&output.stdout);
            for json in words.lines().filter(|word| word.starts_with('{')) {
                let parsed: Result<serde_json::Value, _> = serde_json::from_str(json);
                assert!(parsed.is_ok(), "{name}: {json}");
            }
        }
        for block in page(&name).split("```json\n").skip(1) {
            let json = block.split("```").next().unwrap();
            let parsed: Result<serde_json::Value, _> = serde_json::from_str(json);
            assert!(parsed.is_ok(), "{name}: {json}");
        }
    }
}

#[test]
fn an_unknown_playbook_is_a_usage_error() {
    let output = saltmine().args(["playbook", "ransome"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("did you mean ransom?"), "{}", text(&output.stderr));
    assert!(output.stdout.is_empty());
}
