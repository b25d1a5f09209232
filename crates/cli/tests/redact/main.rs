//! `--redact`: nothing sensitive is revealed, whatever the query, and the output stays usable.

#![allow(clippy::unwrap_used, missing_docs)]

mod questions;
mod values;

use std::path::Path;
use std::process::{Command, Output};

const TOKEN: &str = "IQoJb3JpZ2luX2VjEHoaCXVzLWVhc3QtMSJIMEYCIQDc5vQ0";
const SIGNATURE: &str = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
const OWNER: &str = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";
const ADA: &str = "arn:aws:sts::111122223333:assumed-role/backup-operator/sess-4471";
/// Values that must not appear under `--redact all`, in any column and any case.
const SECRETS: [&str; 8] = [
    "5d672d79c15b",
    "x2vjehoacxvz",
    "198.51.100.7",
    "198-51-100-7",
    "111122223333",
    "backup-operator",
    "sess-4471",
    "79a59df900b9",
];

fn saltmine(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("saltmine"));
    command.current_dir(folder).env_remove("NO_COLOR").env("COLUMNS", "200").args(arguments).output().unwrap()
}

fn answer(folder: &Path, arguments: &[&str]) -> String {
    let output = saltmine(folder, arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

fn query(folder: &Path, sql: &str, more: &[&str]) -> String {
    answer(folder, &[&["query", "logs", "--redact", "all", "--redact-key", "key", sql][..], more].concat())
}

/// Places where secrets can hide: lines, a malformed line, and a file whose path contains an account.
fn case() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs/111122223333");
    std::fs::create_dir_all(&logs).unwrap();
    let encoded = |times: usize, text: &str| {
        (0..times).fold(text.to_owned(), |text, _| {
            text.replace('%', "%25")
                .replace('=', "%3D")
                .replace('&', "%26")
                .replace(':', "%3A")
                .replace('/', "%2F")
        })
    };
    let signed = format!(
        "X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260501%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Signature={SIGNATURE}"
    );
    let lines: Vec<String> = [
        (format!("GET /k?x-amz-security-token={TOKEN}&{} HTTP/1.1", signed.to_lowercase()), "-".to_owned(), "-".to_owned()),
        (format!("GET /k?{signed}&X-Amz-Security-Token={TOKEN} HTTP/1.1"), format!("https://a.example/?u={}", encoded(1, &signed)), "a".into()),
        ("GET /k HTTP/1.1".into(), format!("https://a.example/?u={}", encoded(2, &signed)), format!("cli ({ADA}) sess-4471 from 198-51-100-7")),
        (format!("GET /k?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature={SIGNATURE}&Expires=1 HTTP/1.1"), format!("http://198.51.100.7/{}", encoded(1, ADA)), "b".into()),
        // An ambiguous line is also in `raw`.
        (format!("GET /k?Signature={SIGNATURE} \" 200 \"- HTTP/1.1"), format!("{ADA} \" 1 1"), format!("x\" {TOKEN} \" y")),
    ]
    .iter()
    .enumerate()
    .map(|(number, (uri, referer, agent))| {
        format!(
            "{OWNER} vault-111122223333 [0{}/May/2026:10:00:00 +0000] 198.51.100.7 {ADA} 7QK3EXAMPLE{number} REST.GET.OBJECT \
             AWSLogs/111122223333/k \"{uri}\" 200 - 5 99 12 11 \"{referer}\" \"{agent}\" - hostid= SigV4 C QueryString \
             ap-111122223333.s3-accesspoint.eu-west-1.amazonaws.com TLSv1.3 \
             arn:aws:s3:eu-west-1:111122223333:accesspoint/ap - -",
            number + 1
        )
    })
    .chain([format!("{OWNER} vault [no time] 198.51.100.7 {ADA} X \"GET /k?X-Amz-Signature={SIGNATURE}&x={TOKEN}\" \u{fffd}")])
    .collect();
    std::fs::write(logs.join("log"), lines.join("\n") + "\n").unwrap();
    folder
}

fn assert_clean(text: &str, of: &str) {
    let lower = text.to_lowercase();
    for secret in SECRETS {
        assert!(!lower.contains(secret), "{of}: {secret}: {text}");
    }
}

/// A list of addresses with numbers would be a dictionary if its pseudonyms were those of the logs.
#[test]
fn other_files_have_their_own_pseudonyms() {
    let case = case();
    std::fs::write(
        case.path().join("known.csv"),
        "address,n\n198.51.100.7,3325256711\n192.0.2.1,3221225985\n",
    )
    .unwrap();
    let options = ["--table", "known=known.csv", "--format", "csv", "--redact", "all", "--redact-key", "key"];
    let run = |sql: &str| saltmine(case.path(), &[&["query", "logs", sql][..], &options].concat());
    let output = run("SELECT n FROM logs JOIN known ON remote_ip = address");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "n\n");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("table known gets its own pseudonyms"), "{stderr}");
    let text = String::from_utf8(run("SELECT address FROM known ORDER BY n").stdout).unwrap();
    assert!(text.lines().skip(1).all(|line| line.starts_with("ip-") && line.len() == 19), "{text}");
    assert_clean(&text, "table");
}

#[test]
fn the_shell_is_redacted() {
    let case = case();
    let script = "SELECT * FROM logs;\n\\run raw-lines\n\\d\nSELECT * FROM rejects;\n\\format ndjson\nSELECT * FROM logs;";
    std::fs::write(case.path().join("script"), script).unwrap();
    let output = Command::new(assert_cmd::cargo::cargo_bin!("saltmine"))
        .current_dir(case.path())
        .args(["shell", "logs", "--redact", "all", "--redact-key", "key"])
        .stdin(std::fs::File::open(case.path().join("script")).unwrap())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("ip-") && text.contains("token-"), "{text}");
    assert_clean(&text, "shell");
    assert_clean(&String::from_utf8_lossy(&output.stderr), "shell");
}

#[test]
fn invalid_redactions_and_keys_are_refused() {
    let case = case();
    let query = |arguments: &[&str]| {
        let output = saltmine(case.path(), &[&["query", "logs", "SELECT 1"][..], arguments].concat());
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, text) = query(&["--redact=names"]);
    assert!(code == Some(2) && text.contains("tokens, addresses, principals, all"), "{text}");
    let (code, text) = query(&["--redact-key", "key"]);
    assert!(code == Some(2) && text.contains("--redact"), "{text}");
    std::fs::write(case.path().join("no-key"), "hello").unwrap();
    let (code, text) = query(&["--redact", "--redact-key", "no-key"]);
    assert!(code == Some(1) && text.contains("no-key: its mode is 0644"), "{text}");
    chmod(&case.path().join("no-key"), 0o600);
    let (code, text) = query(&["--redact", "--redact-key", "no-key"]);
    assert!(code == Some(1) && text.contains("no-key: not a key"), "{text}");
    let (_, text) = query(&["--redact"]);
    assert!(text.contains("valid for this run only"), "{text}");
    let (_, text) = query(&["--redact", "--redact-key", "new"]);
    assert!(text.contains("created the redaction key new"), "{text}");
    let (_, text) = query(&["--redact", "--redact-key", "new"]);
    assert!(text.contains("using the redaction key new, last changed 20"), "{text}");
    let output = saltmine(case.path(), &["timeline", "logs", "--ip", "ip-0123456789abcdef"]);
    assert_eq!(output.status.code(), Some(2));
}

fn chmod(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}
