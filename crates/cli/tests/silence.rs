//! Nothing fails silently: whatever was not read, found or written is reported, and a result without any records is an
//! error.

#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

fn line(number: usize) -> String {
    format!(
        "0wner vault [{:02}/May/2026:10:00:00 +0000] 198.51.100.7 arn:aws:iam::111122223333:user/ada {number:016X} \
         REST.GET.OBJECT k{number} \"GET /k{number} HTTP/1.1\" 200 - {number} 99 12 11 \"-\" \"agent\" - host SigV4 C \
         AuthHeader h TLSv1.3 - - -\n",
        1 + number % 5,
    )
}

fn lines(numbers: std::ops::Range<usize>) -> String {
    numbers.map(line).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("saltmine"));
    command.current_dir(folder).args(arguments).stdin(Stdio::null()).env("COLUMNS", "200");
    command
}

/// Runs the command and asserts its exit code. Returns standard output and standard error.
fn expect_exit(folder: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let output = command(folder, arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stdout}{stderr}");
    (stdout, stderr)
}

/// All commands that examine logs.
fn examiners(input: &str) -> [Vec<&str>; 4] {
    [
        vec!["hunt", input, "--pack", "destruction"],
        vec!["report", input, "--pack", "destruction", "-o", "page.html"],
        vec!["latency", input],
        vec!["timeline", input, "--ip", "0.0.0.0/0"],
    ]
}

#[test]
fn nothing_examined_is_an_error_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("empty"), "").unwrap();
    fs::write(here.join("blank"), "\n\n").unwrap();
    fs::write(here.join("cloudfront"), "#Version: 1.0\n").unwrap();
    fs::write(here.join("junk"), "no\nlog\n").unwrap();
    for (input, why) in [
        ("empty", "1 file read, 0 records, the file is empty"),
        ("blank", "1 file read, 0 records"),
        ("cloudfront", "looks like a CloudFront standard log"),
        ("junk", "2 lines rejected"),
    ] {
        for arguments in examiners(input) {
            let (_, stderr) = expect_exit(here, &arguments, 1);
            assert!(stderr.contains("error: no log records to examine: "), "{arguments:?}: {stderr}");
            assert!(
                stderr.contains(why) && stderr.contains("Nothing was checked"),
                "{arguments:?}: {stderr}"
            );
        }
        assert!(!here.join("page.html").exists(), "a page with no findings would be an all-clear");
        expect_exit(
            here,
            &["ingest", input, "--to", "lake"],
            if matches!(input, "empty" | "blank") { 0 } else { 3 },
        );
        for arguments in examiners("lake") {
            let (_, stderr) = expect_exit(here, &arguments, 1);
            assert!(stderr.contains("error: no log records to examine: "), "{arguments:?}: {stderr}");
        }
        fs::remove_dir_all(here.join("lake")).unwrap();
    }
}

#[test]
fn a_range_without_records_is_an_error_with_the_range_of_the_data() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("log"), lines(0..10)).unwrap();
    expect_exit(here, &["ingest", "log", "--to", "lake"], 0);
    for input in ["log", "lake"] {
        for arguments in examiners(input) {
            let (_, stderr) = expect_exit(here, &[&arguments[..], &["--since", "2027-01-01"]].concat(), 1);
            assert!(stderr.contains("--since 2027-01-01T00:00:00Z"), "{arguments:?}: {stderr}");
            let all = "has 10 requests from 2026-05-01T10:00:00Z to 2026-05-05T10:00:00Z";
            assert!(stderr.contains(all), "{arguments:?}: {stderr}");
        }
    }
    for arguments in examiners("lake")
        .into_iter()
        .chain([vec!["query", "lake", "SELECT 1"], vec!["ingest", "log", "--to", "x"]])
    {
        let reversed = [&arguments[..], &["--since", "2026-05-05", "--until", "2026-05-01"]].concat();
        let (_, stderr) = expect_exit(here, &reversed, 2);
        assert!(stderr.contains("--until 2026-05-01T00:00:00Z is not after --since 2026-05-05"), "{stderr}");
        let empty = [&arguments[..], &["--since", "2026-05-05", "--until", "2026-05-05"]].concat();
        let (_, stderr) = expect_exit(here, &empty, 2);
        assert!(stderr.contains("give the next day"), "{stderr}");
    }
    assert!(!here.join("page.html").exists());
}

#[test]
fn a_query_on_no_records_reports_it() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("log"), lines(0..10)).unwrap();
    expect_exit(here, &["ingest", "log", "--to", "lake"], 0);
    for input in ["log", "lake"] {
        let late = ["--since", "2027-01-01"];
        let named = ["query", input, "--name", "mass-delete"];
        let (_, stderr) = expect_exit(here, &[&named[..], &late].concat(), 1);
        assert!(
            stderr.contains(
                "error: no log records with --since 2027-01-01T00:00:00Z: the input has 10 requests"
            ),
            "{stderr}"
        );
        let (stdout, stderr) =
            expect_exit(here, &[&["query", input, "SELECT key FROM logs"], &late[..]].concat(), 0);
        assert!(
            stdout == "key\n" && stderr.contains("note: no log records with --since 2027"),
            "{stdout}{stderr}"
        );
        // An empty answer about existing records is an answer.
        let (_, stderr) = expect_exit(here, &named, 0);
        assert_eq!(stderr, "");
        let (_, stderr) = expect_exit(here, &["query", input, "SELECT key FROM logs WHERE key = 'x'"], 0);
        assert_eq!(stderr, "");
    }
}

#[test]
fn answers_from_an_incomplete_dataset_have_a_note() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir(here.join("logs")).unwrap();
    let whole = gzip(&lines(0..500));
    let cut = whole.len() / 2;
    fs::write(here.join("logs/cut.gz"), &whole[..cut]).unwrap();
    fs::write(here.join("logs/whole"), lines(500..600) + "no log line\n").unwrap();
    let (_, stderr) = expect_exit(here, &["ingest", "logs", "--to", "case.lake"], 3);
    assert!(
        stderr.contains("2 files: 1 read, 0 skipped (already in the dataset), 1 with problems"),
        "{stderr}"
    );
    let note = format!(
        "note: 1 of 2 source files is incomplete (truncated: ends in the middle of its gzip stream at byte {cut}), \
         2 lines rejected. Details: saltmine status case.lake"
    );
    // The second run reads nothing, and is not a success either.
    let (_, stderr) = expect_exit(here, &["ingest", "logs", "--to", "case.lake"], 0);
    assert!(stderr.contains("2 files: nothing new") && stderr.contains(&note), "{stderr}");
    let query = ["query", "case.lake", "SELECT count(*) FROM logs"].to_vec();
    for arguments in examiners("case.lake").into_iter().chain([query]) {
        let (_, stderr) = expect_exit(here, &arguments, 0);
        assert!(stderr.contains(&note), "{arguments:?}: {stderr}");
        let (_, stderr) = expect_exit(here, &[&arguments[..], &["--quiet"]].concat(), 0);
        assert_eq!(stderr, "", "{arguments:?}");
    }
    let mut shell = command(here, &["shell", "case.lake"]);
    let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    shell.stdin.take().unwrap().write_all(b"SELECT 1;\n").unwrap();
    let stderr = String::from_utf8(shell.wait_with_output().unwrap().stderr).unwrap();
    assert!(stderr.contains(&note), "{stderr}");
    // A complete dataset has no note.
    expect_exit(here, &["ingest", "logs/whole", "--to", "other"], 3);
    fs::write(here.join("clean"), lines(0..10)).unwrap();
    expect_exit(here, &["ingest", "clean", "--to", "clean.lake"], 0);
    let (_, stderr) = expect_exit(here, &["query", "clean.lake", "SELECT count(*) FROM logs"], 0);
    assert_eq!(stderr, "");
}

#[test]
fn status_shows_what_a_dataset_holds_and_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir(here.join("logs")).unwrap();
    let whole = gzip(&lines(0..500));
    fs::write(here.join("logs/cut.gz"), &whole[..whole.len() - 9]).unwrap();
    fs::write(here.join("logs/whole"), lines(500..600) + "no log line\n\n").unwrap();
    expect_exit(here, &["ingest", "logs", "--to", "case.lake"], 3);
    fs::create_dir(here.join("case.lake/.saltmine/runs/0b2c7c1e-6f3a-4c59-9d3e-2f3a4b5c6d7e-r0001")).unwrap();
    let (stdout, _) = expect_exit(here, &["status", "case.lake"], 0);
    for part in [
        "Dataset     case.lake\n",
        "Time range  2026-05-01T10:00:00Z to 2026-05-05T10:00:00Z\n",
        "Sources     2 files, 1 incomplete\n",
        " rows, 1 reject, 1 blank\n",
        "partitioned by event_date\n",
        "Pending     1 round: ",
        "Buckets (1)\n",
        "  vault\n",
        "Incomplete sources (1)\n  cut.gz: truncated: ends in the middle of its gzip stream at byte ",
        "Rejected lines (1)\n             1  whole\n",
    ] {
        assert!(stdout.contains(part), "{part}: {stdout}");
    }
    let (json, _) = expect_exit(here, &["status", "case.lake", "--format", "json"], 0);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["files"], &json["incomplete_files"], &json["rejects"]),
        (&2.into(), &1.into(), &1.into())
    );
    assert_eq!(json["incomplete"]["first"][0]["name"], "cut.gz");
    assert_eq!(json["lines"].as_u64(), json["rows"].as_u64().map(|rows| rows + 2));
    let (_, stderr) = expect_exit(here, &["status", "logs"], 1);
    assert!(stderr.contains("not a saltmine dataset"), "{stderr}");
}

#[test]
fn a_folder_of_other_files_does_not_become_a_dataset_of_rejects() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir(here.join("pages")).unwrap();
    let page: String = (0..300).map(|number| format!("<p>paragraph {number}</p>\n")).collect();
    fs::write(here.join("pages/index.html"), page).unwrap();
    let (_, stderr) = expect_exit(here, &["ingest", "pages", "--to", "lake"], 1);
    assert!(
        stderr.contains("does not look like a folder of S3 server access logs: 300 of 300 lines (100 %)"),
        "{stderr}"
    );
    assert!(stderr.contains("--keep-going"), "{stderr}");
    let (stdout, stderr) = expect_exit(here, &["query", "lake", "SELECT count(*) AS n FROM rejects"], 0);
    assert!(stdout == "n\n0\n" && stderr.contains("the dataset is empty"), "{stdout}{stderr}");
    expect_exit(here, &["ingest", "pages", "--to", "lake", "--keep-going"], 3);
    assert_eq!(expect_exit(here, &["query", "lake", "SELECT count(*) AS n FROM rejects"], 0).0, "n\n300\n");
    expect_exit(here, &["ingest", "pages", "--to", "strict", "--strict"], 1);
    // A few malformed lines among others, or a small file of nothing else, are kept as before.
    fs::create_dir(here.join("logs")).unwrap();
    fs::write(here.join("logs/log"), lines(0..200)).unwrap();
    fs::write(here.join("logs/notes"), "no log line\n".repeat(90)).unwrap();
    expect_exit(here, &["ingest", "logs", "--to", "some"], 3);
    expect_exit(here, &["ingest", "logs/notes", "--to", "few"], 3);
    assert_eq!(expect_exit(here, &["query", "few", "SELECT count(*) AS n FROM rejects"], 0).0, "n\n90\n");
    // Whatever the dataset already holds.
    expect_exit(here, &["ingest", "pages", "--to", "some"], 1);
}

#[test]
fn skipped_hidden_files_are_counted_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir_all(here.join("logs/.old")).unwrap();
    fs::write(here.join("logs/log"), lines(0..10)).unwrap();
    fs::write(here.join("logs/.hidden"), lines(10..20)).unwrap();
    fs::write(here.join("logs/.old/log"), lines(20..30)).unwrap();
    let note = "note: skipped: 2 hidden files or folders (";
    for arguments in [
        &["ingest", "logs", "--to", "lake"][..],
        &["query", "logs", "SELECT count(*) FROM logs"],
        &["hunt", "logs", "--pack", "destruction"],
        &["timeline", "logs", "--ip", "0.0.0.0/0"],
    ] {
        let (_, stderr) = expect_exit(here, arguments, 0);
        assert!(stderr.contains(note) && stderr.contains("logs/.hidden"), "{arguments:?}: {stderr}");
    }
    let (stdout, _) = expect_exit(here, &["query", "logs/.hidden", "SELECT count(*) AS n FROM logs"], 0);
    assert_eq!(stdout, "n\n10\n", "one that is named is read");
    fs::create_dir(here.join("dots")).unwrap();
    fs::write(here.join("dots/.hidden"), lines(0..1)).unwrap();
    let (_, stderr) = expect_exit(here, &["query", "dots", "SELECT 1"], 1);
    assert!(stderr.contains("dots: no files; 1 hidden file or folder was skipped"), "{stderr}");
    // The folder of a dataset within the logs is not read.
    fs::remove_file(here.join("logs/.hidden")).unwrap();
    fs::remove_dir_all(here.join("logs/.old")).unwrap();
    expect_exit(here, &["ingest", "logs", "--to", "logs/lake"], 0);
    let (_, stderr) = expect_exit(here, &["ingest", "logs", "--to", "logs/lake"], 0);
    assert!(!stderr.contains("note: skipped"), "{stderr}");
}

#[test]
fn written_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("log"), lines(0..10)).unwrap();
    for (arguments, wrote) in [
        (&["query", "log", "SELECT * FROM logs", "-o", "rows.parquet"][..], "wrote rows.parquet: 10 rows, "),
        (
            &["hunt", "log", "--pack", "destruction", "--format", "json", "-o", "found.json"],
            "wrote found.json: 0 findings, ",
        ),
        (&["timeline", "log", "--ip", "0.0.0.0/0", "-o", "t.txt"], "wrote t.txt: 10 requests, "),
        (&["report", "log", "--pack", "destruction", "-o", "page.html"], "wrote page.html: 0 findings, "),
        (&["latency", "log", "--by", "", "-o", "l.txt"], "wrote l.txt: 2 groups, "),
    ] {
        let (stdout, stderr) = expect_exit(here, arguments, 0);
        assert!(stdout.is_empty() && stderr.contains(wrote), "{arguments:?}: {stdout}{stderr}");
    }
    let (stdout, _) = expect_exit(here, &["hunt", "log", "--pack", "destruction"], 0);
    assert!(
        stdout.contains(" detections ran: 0 findings.")
            && stdout.contains("does not prove that nothing happened"),
        "{stdout}"
    );
    assert_eq!(stdout.matches("0 findings").count(), 1, "{stdout}");
}

#[test]
fn usage_errors_name_the_argument() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("log"), lines(0..10)).unwrap();
    expect_exit(here, &["ingest", "log", "--to", "lake"], 0);
    for (arguments, problem) in [
        (&["ingest", "log", "--to", "log"][..], "--to log: this is a file; a dataset is a folder"),
        (&["query", "lake", "--name", "mass-delete", "SELECT 1"], "give either SQL or --name, not both"),
        (&["query", "lake", "--name", "no-such-query"], "there is no query no-such-query"),
        (&["hunt", "lake", "--pack", "none"], "there is no pack none"),
        (&["query", "lake", "--name", "mass-delete", "-p", "nothing=1"], "parameter nothing"),
        (&["hunt", "lake", "--since", "05/03/2026"], "a time ago such as 24h"),
    ] {
        let (_, stderr) = expect_exit(here, arguments, 2);
        assert!(stderr.contains(problem), "{arguments:?}: {stderr}");
    }
    for time in ["2026-05-02T10:00", "2026-05-02 10:00", "1777716000", "02/May/2026:10:00:00 +0000"] {
        let (stdout, _) =
            expect_exit(here, &["query", "lake", "SELECT count(*) AS n FROM logs", "--since", time], 0);
        assert_eq!(stdout, "n\n8\n", "{time}");
    }
    for time in ["24h", "-24h", "yesterday", "now"] {
        let (stdout, _) =
            expect_exit(here, &["query", "lake", "SELECT count(*) >= 0 AS is FROM logs", "--since", time], 0);
        assert_eq!(stdout, "is\ntrue\n", "{time}");
    }
}

#[cfg(unix)]
#[test]
fn output_files_have_the_permissions_of_the_user() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("log"), lines(0..1)).unwrap();
    let mode = |name: &str| fs::metadata(here.join(name)).unwrap().permissions().mode() & 0o777;
    let write = |umask: &str, name: &str| {
        let script = format!("umask {umask}; exec \"$0\" query log 'SELECT 1' -o {name}");
        let saltmine = assert_cmd::cargo::cargo_bin!("saltmine");
        let status =
            Command::new("sh").args(["-c", &script]).arg(saltmine).current_dir(here).status().unwrap();
        assert!(status.success());
    };
    for (umask, wanted) in [("077", 0o600), ("027", 0o640), ("022", 0o644), ("002", 0o664)] {
        write(umask, &format!("{umask}.csv"));
        assert_eq!(mode(&format!("{umask}.csv")), wanted, "{umask}");
    }
    for kept in [0o600, 0o640, 0o666] {
        fs::set_permissions(here.join("022.csv"), fs::Permissions::from_mode(kept)).unwrap();
        write("022", "022.csv");
        assert_eq!(mode("022.csv"), kept, "that of the file that is replaced");
    }
}

#[test]
fn markdown_makes_no_links_or_mentions_from_client_text() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let agent = "https://evil.example www.evil.example @mallory #12 x@evil.example";
    let anonymous = line(1).replace("arn:aws:iam::111122223333:user/ada", "-").replace(" k1 ", " @mallory ");
    fs::write(here.join("log"), anonymous.replace("\"agent\"", &format!("\"{agent}\""))).unwrap();
    let sql = "SELECT user_agent, user_agent AS \"@mallory\" FROM logs";
    for arguments in [
        &["query", "log", sql, "--format", "markdown"][..],
        &["timeline", "log", "--ip", "0.0.0.0/0", "--format", "markdown"],
        &["hunt", "log", "--pack", "exposure", "--format", "markdown"],
    ] {
        let (stdout, _) = expect_exit(here, arguments, 0);
        for live in ["https://", "www.", "@mallory", "#12", "x@evil"] {
            assert!(!stdout.contains(live), "{arguments:?}: {live}: {stdout}");
        }
        assert!(stdout.contains("mallory") && !stdout.contains('<'), "{stdout}");
    }
}
