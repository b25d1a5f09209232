//! Hunts, reports, catalogue queries and user-defined queries under `--redact`.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{ADA, OWNER, answer, assert_clean, case, saltmine};

#[test]
fn a_redacted_hunt_has_the_same_findings() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let hunt = |more: &[&str]| -> Value {
        let text = answer(&root, &[&["hunt", "samples/attack", "--format", "json"][..], more].concat());
        serde_json::from_str(&text).unwrap()
    };
    let (plain, redacted) = (hunt(&[]), hunt(&["--redact", "all"]));
    let counts = |report: &Value| -> Vec<(String, u64, i64)> {
        let findings = report["findings"].as_array().unwrap().iter();
        let count = |finding: &Value| {
            let name = finding["query"].as_str().unwrap().to_owned();
            (name, finding["rows"].as_u64().unwrap(), finding["events"].as_i64().unwrap())
        };
        findings.map(count).collect()
    };
    assert_eq!(counts(&plain), counts(&redacted));
    assert!(redacted["failed"].as_array().unwrap().is_empty());
    let command = redacted["findings"][0]["dig_deeper"].as_str().unwrap();
    assert!(command.contains("--redact=addresses,principals"), "{command}");
    // The suggested command returns all of the rows, and only those.
    let name = redacted["findings"][0]["query"].as_str().unwrap();
    let rows = |more: &[&str]| {
        let text = answer(&root, &[&["query", "samples/attack", "--name", name][..], more].concat());
        (text.lines().count(), text)
    };
    let (whole, part) = (rows(&[]), rows(&["--redact", "all"]));
    assert_eq!(whole.0, part.0);
    assert!(!part.1.contains("198.51.100.44") && whole.1.contains("198.51.100.44"));
}

/// No column contains an address, account, role, session or token of the samples.
#[test]
fn nothing_of_the_samples_survives() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for input in ["samples/attack", "samples/logs"] {
        let values = |sql: &str| -> Vec<String> {
            let text = answer(&root, &["query", input, sql, "--format", "json"]);
            let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
            rows.iter()
                .filter_map(|row| Some(row["v"].as_str()?.to_lowercase()))
                .filter(|v| v.len() > 5)
                .collect()
        };
        let mut secrets = values(
            "SELECT DISTINCT remote_ip AS v FROM logs UNION SELECT session_name(requester) FROM logs
             WHERE regexp_like(session_name(requester), '[0-9]')
             UNION SELECT account_id(requester) FROM logs UNION SELECT bucket_owner FROM logs
             UNION SELECT access_key_id(request_uri) FROM logs",
        );
        for name in ["X-Amz-Signature", "X-Amz-Security-Token", "Signature"] {
            secrets
                .extend(values(&format!("SELECT DISTINCT uri_param(request_uri, '{name}') AS v FROM logs")));
        }
        secrets.retain(|secret| secret != "s3-replication");
        assert!(secrets.len() > 100, "{}", secrets.len());
        let mut answers: Vec<(String, String)> = ["logs", "rejects", "sources", "athena.s3_access_logs"]
            .map(|table| {
                let sql = format!("SELECT * FROM {table}");
                (
                    table.to_owned(),
                    answer(&root, &["query", input, &sql, "--redact", "all", "--format", "csv"]),
                )
            })
            .to_vec();
        // Every built-in query; those that need an inventory say so.
        let names = answer(&root, &["queries"]);
        let names = names.lines().skip(2).filter_map(|line| line.split('|').nth(2));
        let script: String = names.map(|name| format!("\\run {}\n", name.trim())).collect();
        let mut shell = Command::new(assert_cmd::cargo::cargo_bin!("saltmine"));
        shell.current_dir(&root).args(["shell", input, "--redact", "all"]).stdin(Stdio::piped());
        let mut shell = shell.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut shell.stdin.take().unwrap(), script.as_bytes()).unwrap();
        let output = shell.wait_with_output().unwrap();
        answers.push(("built in".into(), String::from_utf8(output.stdout).unwrap()));
        answers.push(("messages".into(), String::from_utf8(output.stderr).unwrap()));
        assert!(answers[4].1.len() > 10_000 && answers[4].1.contains("ip-"));
        for (of, text) in answers {
            let text = text.to_lowercase();
            for secret in &secrets {
                assert!(!is_word_of(&text, secret), "{of}: {secret}");
            }
        }
    }
}

/// Whether a value occurs in a text as a word of its own.
fn is_word_of(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric();
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part))
}

/// Only built-in queries may read true values.
#[test]
fn custom_queries_see_pseudonyms() {
    let case = case();
    let pack = case.path().join("mine/mine");
    std::fs::create_dir_all(&pack).unwrap();
    let head = "-- title: t\n-- question: q\n-- pack: mine\n-- kind: detection\n-- severity: critical\n-- column: requester — r\n\
                -- column: remote_ip — r\n-- column: bucket — r\n-- column: events — r\n-- column: first_seen — r\n\
                -- column: last_seen — r\n-- column: evidence — r\n-- false positives: f\n-- source: s\n\n";
    let sql = "SELECT substr(requester, 14, 12) AS requester, remote_ip, session_name(requester) AS bucket, count(*) AS events,
               min(request_time) AS first_seen, max(request_time) AS last_seen, evidence(log_file, log_line, request_time) AS evidence
               FROM logs GROUP BY 1, 2, 3";
    std::fs::write(pack.join("steal.sql"), format!("{head}{sql}\n")).unwrap();
    for command in [
        &["query", "logs", "--name", "steal", "--queries", "mine"][..],
        &["hunt", "logs", "--pack", "mine", "--queries", "mine", "--details"],
    ] {
        let text = answer(case.path(), &[command, &["--redact", "all", "--redact-key", "key"]].concat());
        assert_clean(&text, "steal");
        assert!(text.contains("session-"), "{text}");
    }
    // Findings outside of incidents are on the screen too.
    let hunt =
        ["hunt", "logs", "--pack", "mine", "--queries", "mine", "--redact", "all", "--redact-key", "key"];
    let text = answer(case.path(), &hunt);
    assert!(text.contains("CRITICAL  steal: t ("), "{text}");
}

/// Patterns, networks and long lists cannot be used to guess hidden values.
#[test]
fn answers_do_not_confirm_guesses() {
    let case = case();
    let many = vec!["198.51.100.7"; 17].join(",");
    let many = format!("address={many}");
    let accounts = format!("own_accounts={}", vec!["111122223333"; 17].join(","));
    let run = |redact: &str, arguments: &[&str]| {
        let output =
            saltmine(case.path(), &[arguments, &["--redact", redact, "--redact-key", "key"]].concat());
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for (arguments, why) in [
        (&["timeline", "logs", "--ip", "198.51.0.0/16"][..], "--ip: under --redact, only a whole address"),
        (&["timeline", "logs", "--ip", "2001:db8::/127"], "only a whole address"),
        (
            &["timeline", "logs", "--requester", "arn:*"],
            "--requester: under --redact, only a whole requester",
        ),
        (&["timeline", "logs", "--requester", "?"], "only a whole requester"),
        (
            &["timeline", "logs", "--key", "AWSLogs/111122223333/*"],
            "--key: under --redact, keys are compared as they are shown",
        ),
        (&["query", "logs", "--name", "retrieved-objects", "-p", "address=198.51.100.0/25"], "32 queries"),
        (
            &["query", "logs", "--name", "retrieved-objects", "-p", "address=198.51.100.7,0.0.0.0/1"],
            "32 queries",
        ),
        (&["query", "logs", "--name", "retrieved-objects", "-p", &many], "at most 16"),
        (&["query", "logs", "--name", "retrieved-objects", "-p", "who=arn:%"], "letter by letter"),
        (
            &["query", "logs", "--name", "retrieved-objects", "-p", "address=ip-0123456789abcdef"],
            "nothing in these logs",
        ),
        (&["query", "logs", "--name", "origin-split", "-p", "own_network=198.0.0.0/8"], "32 queries"),
        (&["query", "logs", "--name", "billed-denials", "-p", &accounts], "at most 16"),
        (&["query", "logs", "--name", "cross-account", "-p", &accounts], "at most 16"),
        (&["query", "logs", "--name", "principal-footprint", "-p", "who=arn:%"], "letter by letter"),
        (&["query", "logs", "--name", "off-hours", "-p", "humans=backup"], "keeps its default"),
        (&["query", "logs", "--name", "sensitive-keys", "-p", "except=backup"], "keeps its default"),
        (&["query", "logs", "--name", "sensitive-keys", "-p", "pattern=1111"], "keeps its default"),
        (&["query", "logs", "--name", "ransom-note", "-p", "pattern=1111"], "keeps its default"),
    ] {
        let (code, stderr) = run("all", arguments);
        assert!(code == Some(2) && stderr.contains(why), "{arguments:?}: {stderr}");
        assert_clean(&stderr.replace(&arguments.join(" "), ""), "refusals");
    }
    // An underscore is a character of a name, not a wildcard.
    let any_letter = "who=".to_owned() + &ADA.replace("backup", "______");
    let rows = |who: &str| {
        let query = ["query", "logs", "--name", "retrieved-objects", "-p", who, "--format", "ndjson"];
        answer(case.path(), &[&query[..], &["--redact", "all", "--redact-key", "key"]].concat())
            .lines()
            .count()
    };
    // One row for each form of the access key id in the lines: original, lower case, missing.
    assert_eq!((rows(&any_letter), rows(&format!("who={ADA}"))), (0, 3));
    // Values that are not hidden can be queried in any way; keys may contain tokens, whatever else is hidden.
    for (redact, arguments, code) in [
        ("tokens", &["timeline", "logs", "--ip", "198.51.0.0/16"][..], Some(0)),
        ("tokens", &["timeline", "logs", "--requester", "arn:*"], Some(0)),
        ("principals", &["timeline", "logs", "--ip", "198.51.0.0/16"], Some(0)),
        ("addresses", &["query", "logs", "--name", "off-hours", "-p", "humans=backup"], Some(0)),
        ("tokens", &["query", "logs", "--name", "sensitive-keys", "-p", "pattern=1111"], Some(2)),
    ] {
        let (found, stderr) = run(redact, arguments);
        // The case contains a malformed line.
        assert_eq!(if found == Some(3) { Some(0) } else { found }, code, "{redact} {arguments:?}: {stderr}");
    }
}

/// Names of requesters do not appear in text from clients, even if an answer does not say whose they are.
#[test]
fn names_are_redacted_in_answers_of_built_in_queries() {
    let folder = tempfile::tempdir().unwrap();
    let alice = "arn:aws:sts::111122223333:assumed-role/operators/alice.smith";
    let line = |operation: &str, uri: &str, referer: &str, agent: &str| {
        format!(
            "{OWNER} vault [01/May/2026:10:00:00 +0000] 203.0.113.77 {alice} 7QK3EXAMPLE {operation} k \"{uri}\" 200 - 5 99 12 \
             11 \"{referer}\" \"{agent}\" alice.smith hostid= SigV4 C AuthHeader vault.s3.amazonaws.com TLSv1.3 - - -\n"
        )
    };
    let lines = [
        line(
            "REST.PUT.BUCKETPOLICY",
            "PUT /?policy&who=alice.smith&from=203-0-113-77 HTTP/1.1",
            "-",
            "alice.smith via host 203-0-113-77.isp.example",
        ),
        line(
            "REST.GET.OBJECT",
            "GET /k HTTP/1.1",
            "https://203-0-113-77.isp.example/alice.smith",
            "Mozilla/5.0",
        ),
        line("REST.GET.OBJECT", "GET /k HTTP/1.1", "https://alice.smith.example/", "Mozilla/5.0"),
    ];
    std::fs::write(folder.path().join("log"), lines.concat()).unwrap();
    let run = |arguments: &[&str]| answer(folder.path(), &[arguments, &["--redact", "all"]].concat());
    for arguments in [
        &["query", "log", "--name", "access-change-timeline"][..],
        &["query", "log", "--name", "referers-and-agents"],
        &["query", "log", "SELECT * FROM logs"],
        &["timeline", "log", "--ip", "203.0.113.77"],
        &["timeline", "log", "--ip", "203.0.113.77", "--format", "timesketch"],
        &["report", "log", "-o", "-"],
    ] {
        let text = run(arguments).to_lowercase();
        for gone in ["alice", "smith", "203-0-113", "203.0.113", "operators"] {
            assert!(!text.contains(gone), "{arguments:?}: {gone} in {text}");
        }
        assert!(
            text.contains("ip-") || text.contains("user-agent") || text.contains("session-"),
            "{arguments:?}: {text}"
        );
    }
}

/// The report names neither its input nor its command in plain text.
#[test]
fn the_head_of_a_report_is_redacted() {
    let case = case();
    let report = ["report", "logs/111122223333", "--title", "case of 111122223333", "-o", "-"];
    let page = answer(case.path(), &[&report[..], &["--redact", "all", "--redact-key", "key"]].concat());
    assert_clean(&page, "report");
    assert!(page.contains("logs/account-"), "the input is named by its pseudonym");
}
