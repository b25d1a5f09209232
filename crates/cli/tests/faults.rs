//! Faults around a run: interrupts, concurrent runs, unreadable files and folders, other versions. Each leaves a
//! readable dataset, and the next run completes it.

#![cfg(unix)]
#![allow(clippy::unwrap_used, missing_docs)]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

fn saltmine(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("saltmine"));
    command.current_dir(folder).args(arguments).stdin(Stdio::null());
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    saltmine(folder, arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs the command and asserts its exit code. Returns its output and messages.
fn expect_exit(folder: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let output = run(folder, arguments);
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stdout}{stderr}");
    (stdout, stderr)
}

fn line(number: usize) -> String {
    format!(
        "0wner vault [{:02}/May/2026:10:00:00 +0000] 198.51.100.7 - {number:016X} REST.GET.OBJECT k{number} \
         \"GET /k{number} HTTP/1.1\" 200 - {number} 99 12 11 \"-\" \"agent\" - host SigV4 C AuthHeader h TLSv1.3 - - -\n",
        1 + number % 5,
    )
}

/// `count` lines of file `number`.
fn lines(number: usize, count: usize) -> String {
    (0..count).map(|index| line(number * count + index)).collect()
}

/// The number of rows, and the number of distinct rows.
fn rows(folder: &Path, dataset: &str) -> String {
    let sql = "SELECT count(*) AS n, count(DISTINCT request_id) AS d FROM logs";
    expect_exit(folder, &["query", dataset, sql, "--format", "csv"], 0).0.lines().nth(1).unwrap().to_owned()
}

fn assert_verified(folder: &Path, dataset: &str) {
    expect_exit(folder, &["verify", dataset], 0);
}

/// Kills the child if the test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    fn interrupt(&self) {
        let sent = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

#[test]
fn four_concurrent_ingests_of_overlapping_folders_read_each_line_once() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    // Twelve contents; each of four folders has six of them, under its own names.
    for (index, name) in ["a", "b", "c", "d"].into_iter().enumerate() {
        std::fs::create_dir(here.join(name)).unwrap();
        for file in 0..6 {
            let content = (index * 3 + file) % 12;
            std::fs::write(here.join(format!("{name}/{name}-{file}.log")), lines(content, 500)).unwrap();
        }
    }
    let paths = [&["a", "b"][..], &["b", "c", "d"], &["d", "a"], &["c", "a"]];
    let running: Vec<Child> = paths
        .iter()
        .map(|paths| {
            let arguments = [&["ingest"], *paths, &["--to", "lake"]].concat();
            saltmine(here, &arguments).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in running {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    assert_eq!(rows(here, "lake"), "6000,6000");
    assert_verified(here, "lake");
}

#[test]
fn an_interrupted_ingest_reports_its_state_and_the_next_continues() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    std::fs::create_dir(here.join("logs")).unwrap();
    for file in 0..5 {
        std::fs::write(here.join(format!("logs/{file}")), lines(file, 100)).unwrap();
    }
    expect_exit(here, &["ingest", "logs/0", "--to", "lake"], 0);

    // Standard input stays open, so that the run does not end by itself.
    let mut command = saltmine(here, &["ingest", "logs", "-", "--to", "lake"]);
    let child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut running = Running(child);
    let runs = here.join("lake/.saltmine/runs");
    while std::fs::read_dir(&runs).unwrap().count() == 0 {
        assert!(running.0.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(Duration::from_millis(5));
    }
    running.interrupt();
    let mut stderr = BufReader::new(running.0.stderr.take().unwrap()).lines();
    let message = stderr.next().unwrap().unwrap();
    assert!(message.contains("finishing cleanly"), "{message}");
    drop(running.0.stdin.take());
    let rest: String = stderr.map(Result::unwrap).collect();
    assert_eq!(running.0.wait().unwrap().code(), Some(130), "{rest}");
    assert!(
        rest.contains("error: interrupted: nothing was saved; run the same command to start again"),
        "{rest}"
    );

    assert_eq!(std::fs::read_dir(&runs).unwrap().count(), 0, "nothing is left of the round");
    assert_eq!(rows(here, "lake"), "100,100");
    assert_verified(here, "lake");
    expect_exit(here, &["ingest", "logs", "--to", "lake"], 0);
    assert_eq!(rows(here, "lake"), "500,500");
    assert_verified(here, "lake");
}

#[test]
fn a_run_that_waits_for_another_can_be_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    std::fs::write(here.join("log"), lines(0, 10)).unwrap();
    expect_exit(here, &["ingest", "log", "--to", "lake"], 0);
    let lock = std::fs::File::open(here.join("lake/.saltmine/lock")).unwrap();
    lock.lock().unwrap();
    for arguments in [&["ingest", "log", "--to", "lake"][..], &["compact", "lake"]] {
        let child = saltmine(here, arguments).stderr(Stdio::piped()).spawn().unwrap();
        let mut running = Running(child);
        let mut stderr = BufReader::new(running.0.stderr.take().unwrap()).lines();
        let message = stderr.next().unwrap().unwrap();
        assert!(message.contains("another run is writing; waiting for it"), "{message}");
        running.interrupt();
        let rest: String = stderr.map(Result::unwrap).collect();
        assert!(
            rest.contains("interrupted: nothing was saved; run the same command to start again"),
            "{rest}"
        );
        assert_eq!(running.0.wait().unwrap().code(), Some(130));
    }
    let (_, stderr) = expect_exit(here, &["verify", "lake"], 1);
    assert!(stderr.contains("a run is writing to the dataset"), "{stderr}");
}

#[test]
fn unreadable_files_are_reported_and_read_by_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    std::fs::create_dir_all(here.join("logs/closed")).unwrap();
    for (index, name) in ["open", "secret", "closed/inside"].into_iter().enumerate() {
        std::fs::write(here.join("logs").join(name), lines(index, 50)).unwrap();
    }
    let mode = |name: &str, mode: u32| {
        std::fs::set_permissions(here.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("logs/secret", 0o000);
    mode("logs/closed", 0o000);
    mode("", 0o777);
    let mut command = saltmine(here, &["ingest", "logs", "--to", "lake"]);
    if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
        // Root can read any file. Other users may not have access to files below root's home.
        let (built, here) = (assert_cmd::cargo::cargo_bin!("saltmine"), here.join("saltmine"));
        std::fs::hard_link(built, &here).or_else(|_| std::fs::copy(built, &here).map(drop)).unwrap();
        command = Command::new(here);
        command.current_dir(folder.path()).args(["ingest", "logs", "--to", "lake"]).uid(65_534);
    }
    let output = command.output().unwrap();
    let stderr = text(&output.stderr);
    mode("logs/closed", 0o755);
    mode("logs/secret", 0o644);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    for name in ["secret", "closed"] {
        assert!(stderr.contains(&format!("warning: {name}: unreadable: Permission denied")), "{stderr}");
    }
    assert_eq!(rows(here, "lake"), "50,50");
    assert_verified(here, "lake");
    expect_exit(here, &["ingest", "logs", "--to", "lake"], 0);
    assert_eq!(rows(here, "lake"), "150,150");
    assert_verified(here, "lake");
}

#[cfg(target_os = "linux")]
#[test]
fn a_read_error_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    std::fs::create_dir(here.join("logs")).unwrap();
    std::fs::write(here.join("logs/good"), lines(0, 50)).unwrap();
    symlink("/proc/self/mem", here.join("logs/bad-disk")).unwrap(); // opens, and answers a read with an error
    symlink("nowhere", here.join("logs/dangling")).unwrap();
    let (_, stderr) = expect_exit(here, &["ingest", "logs", "--to", "lake"], 3);
    assert!(stderr.contains("bad-disk: unreadable: Input/output error"), "{stderr}");
    assert!(stderr.contains("dangling: unreadable: No such file"), "{stderr}");
    let (_, stderr) = expect_exit(here, &["query", "logs", "SELECT count(*) FROM logs"], 3);
    assert!(stderr.contains("bad-disk: unreadable"), "{stderr}");
    assert_eq!(rows(here, "lake"), "50,50");
    assert_verified(here, "lake");
}

#[test]
fn special_files_are_skipped_in_folders_and_read_if_named() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    std::fs::create_dir_all(here.join("logs/deep")).unwrap();
    std::fs::write(here.join("logs/deep/log"), lines(0, 50)).unwrap();
    symlink("..", here.join("logs/deep/loop")).unwrap();
    symlink("/", here.join("logs/deep/.hidden-root")).unwrap();
    let pipe = here.join("logs/pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    expect_exit(here, &["ingest", "logs", "--to", "lake"], 0); // a FIFO that nobody writes to would never end
    assert_eq!(rows(here, "lake"), "50,50");

    let writer = std::thread::spawn(move || {
        std::fs::OpenOptions::new().write(true).open(pipe).unwrap().write_all(lines(1, 50).as_bytes())
    });
    expect_exit(here, &["ingest", "logs/pipe", "--to", "lake"], 0);
    writer.join().unwrap().unwrap();
    assert_eq!(rows(here, "lake"), "100,100");
    assert_verified(here, "lake");
}

#[test]
fn a_dataset_in_the_folder_of_its_logs_is_not_read_as_logs() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    std::fs::write(here.join("0"), lines(0, 10)).unwrap();
    for (file, rows_now) in [(1, "20,20"), (2, "30,30")] {
        std::fs::write(here.join(file.to_string()), lines(file, 10)).unwrap();
        let (_, stderr) = expect_exit(here, &["ingest", ".", "--to", "lake"], 0);
        assert!(stderr.contains(&format!("{} files:", file + 1)), "{stderr}");
        assert_eq!(rows(here, "lake"), rows_now);
        expect_exit(here, &["verify", "lake", "."], 0);
    }
    expect_exit(here, &["compact", "lake"], 0);
    expect_exit(here, &["verify", "lake", "."], 0);
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, target).unwrap();
        }
    }
}

/// `tests/datasets/first` was made before datasets recorded their format, in two runs over its folder of logs; one file
/// is truncated.
#[test]
fn a_dataset_that_was_made_by_an_older_version_is_verified_completed_and_compacted() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let first = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/datasets/first");
    for name in ["logs", "lake"] {
        copy_folder(&first.join(name), &here.join(name));
    }
    let (report, _) = expect_exit(here, &["verify", "lake", "logs"], 0);
    assert!(report.contains("3 sources (1 incomplete), 15 lines: 13 rows, 1 reject, 1 blank"), "{report}");
    assert_eq!(rows(here, "lake"), "13,12");
    let (_, stderr) = expect_exit(here, &["ingest", "logs", "--to", "lake"], 0);
    assert!(stderr.contains("3 files: nothing new"), "{stderr}");
    std::fs::write(here.join("logs/new"), lines(2, 10)).unwrap();
    expect_exit(here, &["ingest", "logs", "--to", "lake"], 0);
    assert_eq!(rows(here, "lake"), "23,22");
    expect_exit(here, &["compact", "lake", "--dedup"], 0);
    assert_eq!(rows(here, "lake"), "22,22");
    expect_exit(here, &["verify", "lake", "logs"], 0);
}

/// Replaces text in the first commit of a table.
fn rewrite_first_commit(here: &Path, from: &str, to: &str) {
    let log = here.join("lake/logs/_delta_log/00000000000000000000.json");
    let commit = std::fs::read_to_string(&log).unwrap();
    assert!(commit.contains(from), "{commit}");
    std::fs::write(&log, commit.replace(from, to)).unwrap();
}

#[test]
fn an_older_dataset_is_used_and_a_newer_one_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    std::fs::create_dir(here.join("logs")).unwrap();
    std::fs::write(here.join("logs/0"), lines(0, 10)).unwrap();
    expect_exit(here, &["ingest", "logs", "--to", "lake"], 0);

    // The first datasets did not record their format.
    rewrite_first_commit(here, "\"saltmine.format\":\"1\"", "\"other\":\"x\"");
    std::fs::write(here.join("logs/1"), lines(1, 10)).unwrap();
    expect_exit(here, &["ingest", "logs", "--to", "lake"], 0);
    expect_exit(here, &["compact", "lake"], 0);
    assert_eq!(rows(here, "lake"), "20,20");
    assert_verified(here, "lake");

    rewrite_first_commit(here, "\"other\":\"x\"", "\"saltmine.format\":\"2\"");
    for arguments in [
        &["ingest", "logs", "--to", "lake"][..],
        &["query", "lake", "SELECT 1"],
        &["verify", "lake"],
        &["compact", "lake"],
    ] {
        let (_, stderr) = expect_exit(here, arguments, 1);
        assert!(stderr.contains("written by another version of saltmine: its format is \"2\""), "{stderr}");
    }
    rewrite_first_commit(here, "\"saltmine.format\":\"2\"", "\"saltmine.format\":\"1\"");
    rewrite_first_commit(here, "\\\"name\\\":\\\"source_region\\\"", "\\\"name\\\":\\\"region\\\"");
    let (_, stderr) = expect_exit(here, &["ingest", "logs", "--to", "lake"], 1);
    assert!(stderr.contains("the table logs has no column source_region"), "{stderr}");
}

#[test]
fn a_clock_that_goes_backwards_is_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    std::fs::create_dir(here.join("logs")).unwrap();
    std::fs::write(here.join("logs/0"), lines(0, 10)).unwrap();
    expect_exit(here, &["ingest", "logs", "--to", "lake"], 0);
    // Everything here is from a future version: commits, files, and what an interrupted run left.
    for table in ["logs", "sources"] {
        for version in 0..2 {
            let log = here.join(format!("lake/{table}/_delta_log/{version:020}.json"));
            let commit = std::fs::read_to_string(&log).unwrap();
            let year = commit.split("\"timestamp\":").nth(1).unwrap()[..4].to_owned();
            let later = commit.replace(&format!(":{year}"), ":4102");
            assert_ne!(commit, later);
            std::fs::write(&log, later).unwrap();
        }
    }
    let future = std::time::SystemTime::now() + Duration::from_secs(80_000_000);
    std::fs::File::options().write(true).open(here.join("logs/0")).unwrap().set_modified(future).unwrap();
    std::fs::create_dir(here.join("lake/.saltmine/runs/ffffffff-ffff-7fff-bfff-ffffffffffff-r0001")).unwrap();

    std::fs::write(here.join("logs/1"), lines(1, 10)).unwrap();
    let (_, stderr) = expect_exit(here, &["ingest", "logs", "--to", "lake"], 0);
    assert!(stderr.contains("0 rounds completed, 1 removed"), "{stderr}");
    expect_exit(here, &["compact", "lake"], 0);
    assert_eq!(rows(here, "lake"), "20,20");
    assert_verified(here, "lake");
}

/// The note of a round that was about to commit a file of `sources`, which is lost.
fn lose_a_round(lake: &Path) -> &'static str {
    let run = "019a0000-0000-7000-8000-000000000001";
    let staging = lake.join(format!(".saltmine/runs/{run}-r0001"));
    std::fs::create_dir_all(&staging).unwrap();
    let note = serde_json::json!({
        "format": 1, "run_id": run, "round": 1, "saltmine_version": "0.1.0",
        "changes": [{ "table": "sources", "add": [{
            "staged": "sources.parquet", "rows": 2, "path": format!("part-{run}-r0001-00000.parquet"),
            "partition": {}, "size": 100, "sha256": null, "statistics": null,
        }]}],
    });
    std::fs::write(staging.join("intent.json"), note.to_string()).unwrap();
    run
}

#[test]
fn a_round_with_a_lost_file_is_discarded_by_recover() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    std::fs::write(here.join("log"), lines(0, 10)).unwrap();
    expect_exit(here, &["ingest", "log", "--to", "lake"], 0);
    let (_, stderr) = expect_exit(here, &["recover", "lake"], 0);
    assert!(stderr.contains("Nothing to recover"), "{stderr}");
    let run = lose_a_round(&here.join("lake"));
    for arguments in [&["ingest", "log", "--to", "lake"][..], &["compact", "lake"], &["recover", "lake"]] {
        let (_, stderr) = expect_exit(here, arguments, 1);
        assert!(stderr.contains(run) && stderr.contains("recover DATASET --discard"), "{stderr}");
    }
    let (_, stderr) = expect_exit(here, &["--quiet", "recover", "lake", "--discard"], 3);
    assert!(stderr.contains("missing from the dataset: 0 rows, 0 rejects and 2 sources"), "{stderr}");
    assert!(stderr.contains("lost: ") && stderr.contains("+ 2 more"), "{stderr}");
    expect_exit(here, &["ingest", "log", "--to", "lake"], 0);
    assert_eq!(rows(here, "lake"), "10,10");
    assert_verified(here, "lake");
}

/// A dataset from someone else may have been prepared.
#[test]
fn a_link_in_a_dataset_leads_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    std::fs::write(here.join("log"), lines(0, 10)).unwrap();
    std::fs::write(here.join("more"), lines(1, 10)).unwrap();
    expect_exit(here, &["ingest", "log", "--to", "lake"], 0);
    for name in [".ssh", "Documents"] {
        std::fs::create_dir_all(here.join("home").join(name)).unwrap();
        std::fs::write(here.join("home").join(name).join("file"), "kept").unwrap();
    }
    let _ = std::fs::remove_dir_all(here.join("lake/.saltmine/runs"));
    symlink(here.join("home"), here.join("lake/.saltmine/runs")).unwrap();
    for arguments in
        [&["ingest", "more", "--to", "lake"][..], &["compact", "lake"], &["recover", "lake", "--discard"]]
    {
        let (_, stderr) = expect_exit(here, arguments, 1);
        assert!(stderr.contains("runs: not a folder; links in a dataset are not followed"), "{stderr}");
        for name in [".ssh/file", "Documents/file"] {
            assert_eq!(std::fs::read_to_string(here.join("home").join(name)).unwrap(), "kept");
        }
    }
}
