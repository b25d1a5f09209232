//! Skipping log files by name: on disk only if names are trusted, in S3 only for names in AWS's two layouts, with a
//! margin, and with a report of what was skipped. The test serves a bucket, so that requests can be counted.

#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A line from the day that a key ends with, or from 2 July 2026.
fn line(key: &str) -> String {
    let stamp = key.len().checked_sub(36).and_then(|start| key.get(start..start + 10));
    let parts: Vec<&str> = stamp.unwrap_or("2026-07-02").split('-').collect();
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let date = match parts[..] {
        [year, month, day] => {
            month.parse::<usize>().ok().map(|month| format!("{day}/{}/{year}", months[month - 1]))
        }
        _ => None,
    };
    let date = date.unwrap_or_else(|| "02/Jul/2026".to_owned());
    format!(
        "0wner vault [{date}:00:00:00 +0000] 198.51.100.7 - 00000000000000AA REST.GET.OBJECT {} \"GET /k HTTP/1.1\" 200 - 5 99 \
         12 11 \"-\" \"agent\" - host SigV4 C AuthHeader h TLSv1.3 - - -\n",
        key.replace(['/', ' '], "-")
    )
}

/// A bucket of keys that lists like S3.
struct Served {
    keys: BTreeSet<String>,
    lists: AtomicU64,
    gets: AtomicU64,
}

impl Served {
    fn start(keys: impl IntoIterator<Item = String>) -> (Arc<Self>, String) {
        let keys = keys.into_iter().collect();
        let served = Arc::new(Self { keys, lists: AtomicU64::new(0), gets: AtomicU64::new(0) });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let server = Arc::clone(&served);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (server, stream) = (Arc::clone(&server), stream.unwrap());
                std::thread::spawn(move || server.serve(stream));
            }
        });
        (served, endpoint)
    }

    fn serve(&self, mut stream: TcpStream) {
        let (mut head, mut byte) = (Vec::new(), [0; 1]);
        while matches!(stream.read(&mut byte), Ok(1)) {
            head.push(byte[0]);
            if head.ends_with(b"\r\n\r\n") {
                let text = String::from_utf8(std::mem::take(&mut head)).unwrap();
                let target = text.split(' ').nth(1).unwrap_or("/").to_owned();
                if stream.write_all(&self.answer(&target)).is_err() {
                    return;
                }
            }
        }
    }

    fn answer(&self, target: &str) -> Vec<u8> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let key = path.trim_start_matches('/').split_once('/').map_or("", |(_, key)| key);
        let (status, body) = if key.is_empty() {
            self.lists.fetch_add(1, Ordering::SeqCst);
            (200, self.list(query))
        } else {
            self.gets.fetch_add(1, Ordering::SeqCst);
            let key = decoded(key);
            if self.keys.contains(&key) { (200, line(&key)) } else { (404, String::new()) }
        };
        let head = format!("HTTP/1.1 {status} -\r\nETag: \"e\"\r\nContent-Length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body.as_bytes()].concat()
    }

    fn list(&self, query: &str) -> String {
        let value = |name: &str| {
            query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(decoded)
        };
        let prefix = value("prefix").unwrap_or_default();
        let delimiter = value("delimiter");
        let most = value("max-keys").and_then(|most| most.parse().ok()).unwrap_or(1000);
        let after = value("start-after").map(|after| after + "\0").unwrap_or_default();
        let mut from = value("continuation-token").unwrap_or(after).max(prefix.clone());
        let (mut body, mut count) = (String::new(), 0);
        while let Some(key) = self.keys.range(from.clone()..).next().filter(|key| key.starts_with(&prefix)) {
            if count == most {
                body += &format!("<NextContinuationToken>{}</NextContinuationToken>", from);
                break;
            }
            count += 1;
            let end = delimiter.as_deref().and_then(|delimiter| {
                Some(prefix.len() + key[prefix.len()..].find(delimiter)? + delimiter.len())
            });
            if let Some(end) = end {
                body += &format!("<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", &key[..end]);
                from = format!("{}{}", &key[..end], char::MAX);
            } else {
                body += &format!("<Contents><Key>{}</Key><Size>300</Size><ETag>e</ETag></Contents>", key);
                from = format!("{key}\0");
            }
        }
        format!("<ListBucketResult>{body}</ListBucketResult>")
    }

    fn count(&self) -> (u64, u64) {
        (self.lists.swap(0, Ordering::SeqCst), self.gets.swap(0, Ordering::SeqCst))
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        bytes.push(u8::from_str_radix(&after[..2], 16).unwrap());
        rest = &after[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).unwrap()
}

fn command(folder: &Path, endpoint: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("saltmine"));
    command.current_dir(folder).args(arguments).stdin(Stdio::null()).env("AWS_ENDPOINT_URL", endpoint);
    command.env("AWS_ALLOW_HTTP", "true").env("AWS_SKIP_SIGNATURE", "true").env("AWS_REGION", "eu-west-1");
    command
}

/// Runs the command and asserts its exit code. Returns standard output and standard error.
fn expect_exit(folder: &Path, endpoint: &str, arguments: &[&str], code: i32) -> (String, String) {
    let output = command(folder, endpoint, arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stdout}{stderr}");
    (stdout, stderr)
}

/// Names in the flat layout: `each` per day from 2024 to September 2026.
fn years(prefix: &str, each: usize) -> Vec<String> {
    let days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut keys = Vec::new();
    for (year, month, day) in (2024..=2026)
        .flat_map(|year| {
            (1..=12).flat_map(move |month| (1..=days[month - 1]).map(move |day| (year, month, day)))
        })
        .filter(|(year, month, _)| (*year, *month) <= (2026, 9))
    {
        for number in 0..each {
            keys.push(format!("{prefix}{year}-{month:02}-{day:02}-{:02}-10-20-{number:016X}", number % 24));
        }
    }
    keys
}

#[test]
fn one_day_of_a_flat_bucket_takes_few_lists() {
    let folder = tempfile::tempdir().unwrap();
    let mut keys = years("s3-access/example-bucket", 48);
    let all = keys.len();
    // Other names: they have no time, and are found wherever they sort.
    let others = [
        "s3-access/example-bucket-eu/access.log",
        "s3-access/example-bucket.log",
        "s3-access/example-bucket2019.log",
        "s3-access/example-bucket2019/access.log",
        "s3-access/example-bucket2025-all.log",
        "s3-access/example-bucket2x",
        "s3-access/example-bucket7/2020-01-01.log",
        "s3-access/example-bucket\u{10ffff}",
    ];
    keys.extend(others.map(str::to_owned));
    keys.extend(years("s3-access/other-bucket", 3));
    let (served, endpoint) = Served::start(keys);
    let day = ["--since", "2026-07-01", "--until", "2026-07-02"];
    let url = "s3://logs/s3-access/example-bucket";
    let dry = [&["ingest", url, "--to", "lake", "--dry-run"], &day[..]].concat();
    let (stdout, stderr) = expect_exit(folder.path(), &endpoint, &dry, 0);
    let (lists, gets) = served.count();
    // From 29 June to 15 July: one day before for clock differences, and 14 days for delivery.
    let listed = |day: &str| stdout.lines().filter(|line| line.contains(&format!("bucket{day}-"))).count();
    for day in ["2026-06-30", "2026-07-01", "2026-07-02", "2026-07-15"] {
        assert_eq!(listed(day), 48, "{day}");
    }
    for day in ["2026-06-28", "2026-07-16", "2024-07-01", "2025-07-01"] {
        assert_eq!(listed(day), 0, "{day}");
    }
    for key in others {
        assert!(stdout.contains(key.rsplit('/').next().unwrap()), "{key}: {stderr}");
    }
    assert!(lists <= 14 && gets == 0, "{lists} lists for {all} objects");
    assert!(stderr.contains("note: left out in S3") && stderr.contains("--trust-names=none"), "{stderr}");
    // The same with a glob, and with another prefix of the folder.
    let glob = "s3://logs/s3-access/example-bucket2026-07-0*";
    let (stdout, _) =
        expect_exit(folder.path(), &endpoint, &["ingest", glob, "--to", "lake", "--dry-run"], 0);
    assert_eq!(stdout.lines().filter(|line| line.contains("-bucket2026-07-0")).count(), 9 * 48);
    assert!(served.count().0 <= 2);
    // Without a range, everything.
    let (stdout, stderr) =
        expect_exit(folder.path(), &endpoint, &["ingest", url, "--to", "lake", "--dry-run"], 0);
    assert!(
        stdout.contains(&format!("bytes in {} files", indicatif::HumanCount((all + others.len()) as u64)))
            && stderr.is_empty(),
        "{stderr}"
    );
    // The same with a range, if names are not trusted.
    served.count();
    let untrusting = [&dry[..], &["--trust-names=none"]].concat();
    let (stdout, stderr) = expect_exit(folder.path(), &endpoint, &untrusting, 0);
    assert!(
        stdout.contains(&format!("bytes in {} files", indicatif::HumanCount((all + others.len()) as u64))),
        "{stdout}"
    );
    assert!(!stderr.contains("left out in S3"), "{stderr}");
    // The whole folder: two layouts of flat names.
    let folder_url = [&["ingest", "s3://logs/s3-access/", "--to", "lake", "--dry-run"], &day[..]].concat();
    let (stdout, _) = expect_exit(folder.path(), &endpoint, &folder_url, 0);
    let count = |bucket: &str, day: &str| {
        stdout.lines().filter(|line| line.contains(&format!("{bucket}{day}"))).count()
    };
    assert_eq!((count("example-bucket", "2026-07-01"), count("other-bucket", "2026-07-01")), (48, 3));
    assert_eq!((count("example-bucket", "2025-07-01"), count("other-bucket", "2025-07-01")), (0, 0));
    for key in others {
        assert!(stdout.contains(key.rsplit('/').next().unwrap()), "{key}");
    }
}

#[test]
fn a_half_open_window_is_listed_from_or_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let (served, endpoint) = Served::start(years("logs/", 48));
    for (range, wanted, unwanted, most) in [
        (["--since", "2026-09-20"], "2026-09-30", "2026-09-17", 10),
        (["--until", "2024-01-05"], "2024-01-01", "2024-01-20", 12),
    ] {
        let arguments = [&["ingest", "s3://b/logs/", "--to", "lake", "--dry-run"], &range[..]].concat();
        let (stdout, _) = expect_exit(folder.path(), &endpoint, &arguments, 0);
        assert!(stdout.contains(wanted) && !stdout.contains(unwanted), "{range:?}");
        let (lists, _) = served.count();
        assert!(lists <= most, "{range:?}: {lists} lists");
    }
}

#[test]
fn only_folders_in_awss_layout_are_skipped_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let unique = "0123456789ABCDEF";
    let partitioned = |day: &str| {
        format!("logs/111122223333/eu-west-1/vault/{}/{day}-10-20-30-{unique}", day.replace('-', "/"))
    };
    let (served, endpoint) = Served::start([
        partitioned("2020-01-01"),
        partitioned("2026-05-01"),
        partitioned("2026-07-02"),
        "logs/stores/2150/access.log".to_owned(),
        "logs/2020/05/01/access.log".to_owned(),
        format!("logs/old/2020-05-01-10-20-30-{unique}.gz"),
        format!("logs/flat/2020-05-01-10-20-30-{unique}"),
    ]);
    let sql = "SELECT count(*) AS n, count(DISTINCT log_file) AS files FROM sources";
    let query = |more: &[&str]| {
        let since = ["query", "s3://b/logs", sql, "--since", "2026-07-01"];
        expect_exit(folder.path(), &endpoint, &[&since[..], more].concat(), 0)
    };
    let (stdout, stderr) = query(&[]);
    assert_eq!(stdout, "n,files\n4,4\n", "{stderr}");
    let note = "keys show delivery outside the time range and 14d after it: 1 object and 2 days, months or years of \
                unlisted objects. --delivery-delay reads more of them, --trust-names=none all";
    assert!(stderr.contains(note), "{stderr}");
    assert_eq!(served.count().1, 4);
    assert_eq!(query(&["--trust-names=none"]), ("n,files\n7,7\n".to_owned(), String::new()));
    let (stdout, _) = expect_exit(
        folder.path(),
        &endpoint,
        &["query", "s3://b/logs", sql, "--until", "2026-04-01", "--delivery-delay", "60d"],
        0,
    );
    assert_eq!(stdout, "n,files\n6,6\n", "all but that of July");
    // A filter in SQL skips no files.
    let filter = "SELECT count(*) AS n FROM logs WHERE request_time >= '2026-07-01'";
    let (stdout, _) = expect_exit(folder.path(), &endpoint, &["query", "s3://b/logs", filter], 0);
    assert_eq!(stdout, "n\n4\n");
    for command in [
        vec!["ingest", "s3://b/logs", "--to", "lake"],
        vec!["hunt", "s3://b/logs"],
        vec!["latency", "s3://b/logs"],
        vec!["report", "s3://b/logs", "-o", "page.html"],
    ] {
        let (_, stderr) =
            expect_exit(folder.path(), &endpoint, &[&command[..], &["--since", "2026-07-01"]].concat(), 0);
        assert!(stderr.contains(note), "{command:?}: {stderr}");
    }
    let (_, stderr) = expect_exit(
        folder.path(),
        &endpoint,
        &["ingest", "s3://b/logs/flat", "--to", "no", "--since", "2026-07-01"],
        1,
    );
    assert!(
        stderr.contains("no log files to read: all of them were left out because of their names"),
        "{stderr}"
    );
}

#[test]
fn keys_with_wildcards_can_be_named() {
    let folder = tempfile::tempdir().unwrap();
    let keys = ["odd/a*b.log", "odd/axb.log", "odd/a[1].log", "odd/{c,d}", r"odd/e\f"];
    let (_, endpoint) = Served::start(keys.map(str::to_owned));
    for (url, files) in [
        (r"s3://b/odd/a\*b.log", "a*b.log"),
        (r"s3://b/odd/a*b.log", "a*b.log|axb.log"),
        (r"s3://b/odd/a\[1\].log", "a[1].log"),
        (r"s3://b/odd/\{c,d\}", "{c,d}"),
        (r"s3://b/odd/e\f", r"e\f"),
        (r"s3://b/odd/e\\?", r"e\f"),
    ] {
        let sql = "SELECT string_agg(log_file, '|' ORDER BY log_file) AS f FROM sources";
        let (stdout, _) = expect_exit(folder.path(), &endpoint, &["query", url, sql, "--format", "tsv"], 0);
        assert_eq!(stdout, format!("f\n{files}\n"), "{url}");
    }
}

/// Names whose times differ from the content by weeks or years; one does not follow AWS's layout.
#[test]
fn on_disk_names_skip_no_rows_unless_they_are_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir(here.join("logs")).unwrap();
    for name in [
        "2026-06-07-01-25-30-0123456789ABCDEF",
        "2026-08-20-01-25-30-0123456789ABCDE0",
        "2019-01-01-00-00-00-0123456789ABCDE1.gz",
        "access.log",
    ] {
        fs::write(here.join("logs").join(name), line("").replace("0000AA", &name[name.len() - 6..])).unwrap();
    }
    let range = ["--since", "2026-07-02", "--until", "2026-07-03"];
    let run = |arguments: &[&str], code| {
        expect_exit(here, "http://127.0.0.1:1", &[arguments, &range].concat(), code)
    };
    let (_, stderr) = run(&["ingest", "logs", "--to", "lake"], 0);
    assert!(stderr.contains("4 files: 4 read"), "{stderr}");
    assert!(stderr.contains("--since and --until do not apply to files on disk"), "{stderr}");
    for input in ["logs", "lake"] {
        let count = "SELECT count(*) AS n FROM logs";
        assert_eq!(run(&["query", input, count], 0).0, "n\n4\n");
        let filter =
            "SELECT count(*) AS n FROM logs WHERE request_time < '2026-07-03' AND event_date = '2026-07-02'";
        assert_eq!(run(&["query", input, filter], 0).0, "n\n4\n");
        let (json, _) = run(&["latency", input, "--by", "", "--metric", "total_time", "--format", "json"], 0);
        assert!(json.contains("\"count\": 4"), "{json}");
        let (json, _) = run(&["timeline", input, "--ip", "198.51.100.7", "--format", "json"], 0);
        assert!(json.contains("\"requests\": 4,"), "{json}");
        let (json, _) = run(&["hunt", input, "--pack", "exposure", "--format", "json"], 0);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let found = json["findings"].as_array().unwrap().iter().find(|f| f["query"] == "anonymous-success");
        assert_eq!(found.unwrap()["events"], 4, "{json}");
        run(&["report", input, "-o", "page.html"], 0);
        let page = fs::read_to_string(here.join("page.html")).unwrap();
        assert!(page.contains("<dt>Requests</dt><dd>4</dd>"));
    }
    // With --trust-names, a note reports what was left out.
    let note = "note: 3 files were left out because of the times in their names (--trust-names)";
    for arguments in [
        &["query", "logs", "SELECT count(*) AS n FROM logs", "--trust-names"][..],
        &["ingest", "logs", "--to", "trusting", "--trust-names"],
    ] {
        let (_, stderr) = run(arguments, 0);
        assert!(stderr.contains(note), "{arguments:?}: {stderr}");
    }
    assert_eq!(run(&["query", "trusting", "SELECT count(*) AS n FROM logs"], 0).0, "n\n1\n");
    // verify takes the same range; without it, the files that were left out are missing from the dataset.
    let (proof, _) = run(&["verify", "trusting", "logs", "--trust-names"], 0);
    assert!(
        proof.contains("--until 2026-07-03T00:00:00Z --trust-names: 3 left out by their names"),
        "{proof}"
    );
    assert!(proof.contains("were skipped and not compared"), "{proof}");
    let (proof, _) = run(&["verify", "trusting", "logs"], 1);
    assert!(
        proof.contains("FAILED   sources_all_read") && proof.contains("and its --trust-names"),
        "{proof}"
    );
    let (stdout, stderr) = run(
        &["query", "logs", "SELECT count(*) AS n FROM logs", "--trust-names", "--delivery-delay", "90d"],
        0,
    );
    assert!(stdout == "n\n2\n" && stderr.contains("note: 2 files were left out"), "{stdout}{stderr}");
}

/// Of two objects with the same content one is read, and the other is not reported as damaged.
#[test]
fn an_object_with_the_content_of_another_is_not_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (_, endpoint) = Served::start(["logs/x/a.log", "logs/x-a.log"].map(str::to_owned));
    expect_exit(here, &endpoint, &["ingest", "s3://b/logs", "--to", "lake"], 0);
    let same = "SELECT count(*) AS n, count(*) FILTER (WHERE state = 'same') AS same FROM sources";
    assert_eq!(expect_exit(here, &endpoint, &["query", "lake", same], 0).0, "n,same\n2,1\n");
    expect_exit(here, &endpoint, &["report", "lake", "--pack", "quality", "-o", "page.html"], 0);
    let page = fs::read_to_string(here.join("page.html")).unwrap();
    assert!(page.contains("2 files, ") && !page.contains("not read to the end"));
}
