//! `--redact`: nothing that must not be handed on comes out, whatever is asked, and what comes out can be worked with.

#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const TOKEN: &str = "IQoJb3JpZ2luX2VjEHoaCXVzLWVhc3QtMSJIMEYCIQDc5vQ0";
const SIGNATURE: &str = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
const OWNER: &str = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";
const ADA: &str = "arn:aws:sts::111122223333:assumed-role/backup-operator/sess-4471";
/// What must not come out under `--redact all`, in any column, in any case.
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
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

fn query(folder: &Path, sql: &str, more: &[&str]) -> String {
    answer(folder, &[&["query", "logs", "--redact", "all", "--redact-key", "key", sql][..], more].concat())
}

/// What a secret is written to hide in: lines, and one that does not read, in a file whose path has an account.
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
        // What does not add up is in `raw` too.
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

#[test]
fn no_secret_is_in_any_column_of_any_table() {
    let case = case();
    answer(case.path(), &["ingest", "logs", "--to", "lake"]);
    answer(case.path(), &["compact", "lake", "--dedup"]);
    let tables =
        ["logs", "rejects", "sources", "athena.s3_access_logs", "cloudwatch.s3_access_logs", "db.mine"];
    for input in ["logs", "lake"] {
        for table in tables.into_iter().chain((input == "lake").then_some("duplicates")) {
            for format in ["csv", "ndjson", "markdown", "table"] {
                let sql = format!("SELECT * FROM {table}");
                let options =
                    ["--alias", "db.mine", "--redact", "all", "--redact-key", "key", "--format", format];
                let text = answer(case.path(), &[&["query", input, &sql][..], &options].concat());
                assert_clean(&text, &sql);
                assert!(table == "duplicates" || (text.contains("-") && text.len() > 20), "{table}: {text}");
            }
        }
    }
    // The test means something: all of it is there.
    let text =
        answer(case.path(), &["query", "logs", "SELECT * FROM logs", "--format", "csv"]).to_lowercase();
    for secret in SECRETS {
        assert!(text.contains(secret), "{secret}");
    }
}

#[test]
fn tokens_alone_are_redacted_unless_more_is_told() {
    let case = case();
    for redact in [&["--redact"][..], &["--redact", "tokens"], &["--redact=tokens"]] {
        let sql = "SELECT * FROM logs UNION ALL SELECT * FROM logs";
        let text =
            answer(case.path(), &[&["query"][..], redact, &["logs", sql, "--redact-key", "key"]].concat());
        assert!(!text.contains("5d672d79c15b") && !text.contains("X2VjEHoaCXVz"), "{text}");
        assert!(text.contains("198.51.100.7") && text.contains(ADA) && text.contains("token-"));
    }
}

#[test]
fn answers_in_parquet_are_redacted_too() {
    let case = case();
    query(case.path(), "SELECT * FROM logs", &["-o", "out.parquet"]);
    let sql = "SELECT * FROM out";
    let text = answer(case.path(), &["query", "logs", sql, "--table", "out=out.parquet", "--format", "csv"]);
    assert!(text.lines().count() == 6);
    assert_clean(&text, "parquet");
}

#[test]
fn a_filter_on_a_true_value_finds_nothing() {
    let case = case();
    for filter in [
        "remote_ip = '198.51.100.7'".to_owned(),
        "remote_ip LIKE '198.%'".into(),
        "ip_in(remote_ip, '198.51.100.0/24')".into(),
        format!("requester = '{ADA}'"),
        "requester LIKE '%backup%'".into(),
        "substr(requester, 15) LIKE '11112222%'".into(),
        "strpos(requester, '11112222') > 0".into(),
        "regexp_like(requester, 'sess-4')".into(),
        "left(remote_ip, 3) = '198'".into(),
        "starts_with(remote_ip, '198')".into(),
        "contains(request_uri, '5d672d79')".into(),
        "lower(request_uri) LIKE '%x2vjeho%'".into(),
        "url_decode(url_decode(referer)) LIKE '%5d672d%'".into(),
        "raw LIKE '%5d672d%' OR raw LIKE '%198.51%' OR raw LIKE '%operator%'".into(),
        "role_name(requester) = 'backup-operator' OR session_name(requester) = 'sess-4471'".into(),
        "account_id(requester) = '111122223333'".into(),
        "access_key_id(request_uri) LIKE 'AKIA%'".into(),
        "uri_param(request_uri, 'X-Amz-Security-Token') LIKE 'IQoJ%'".into(),
        "log_file LIKE '%11112222%' OR bucket LIKE '%11112222%' OR key LIKE '%11112222%' OR object_key(key, operation) LIKE '%11112222%'".into(),
        "access_point_arn LIKE '%11112222%' OR host_header LIKE '%11112222%'".into(),
        format!("bucket_owner = '{OWNER}'"),
        "md5(remote_ip) = md5('198.51.100.7') OR sha256(remote_ip) = sha256('198.51.100.7')".into(),
    ] {
        for table in ["logs", "(SELECT * FROM logs ORDER BY remote_ip)"] {
            let sql = format!("SELECT count(*) AS n FROM {table} WHERE {filter}");
            assert_eq!(query(case.path(), &sql, &["--format", "csv"]), "n\n0\n", "{filter}");
        }
    }
}

#[test]
fn parts_order_and_counts_are_those_of_pseudonyms() {
    let case = case();
    for sql in [
        "SELECT substr(remote_ip, 1, 40), reverse(requester), encode(user_agent, 'hex'), to_hex(ascii(remote_ip)) FROM logs",
        "SELECT min(remote_ip), max(requester), string_agg(user_agent, ' '), array_agg(raw) FROM logs",
        "SELECT evidence(log_file, log_line, request_time) FROM logs",
        "SELECT unnest(string_to_array(request_uri, '&')) FROM logs",
        "SELECT uri_param(request_uri, 'X-Amz-Signature'), uri_query(request_uri), uri_path(request_uri) FROM logs",
        "SELECT a.requester FROM logs a JOIN logs b ON a.remote_ip = b.remote_ip",
        "SELECT * FROM information_schema.columns",
        "SELECT count(DISTINCT remote_ip), approx_distinct(requester) FROM logs",
        "WITH x AS (SELECT * FROM rejects) SELECT raw, raw_bytes FROM x",
    ] {
        let text = query(case.path(), sql, &["--format", "csv"]);
        assert_clean(&text, sql);
        let hidden: String = "198.51.100.7".bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!text.contains(&hidden) && !text.contains("7.001.15.891"), "{text}");
    }
}

#[test]
fn plans_and_errors_tell_nothing() {
    let case = case();
    answer(case.path(), &["ingest", "logs", "--to", "lake", "--partition-by", "bucket,event_date"]);
    for input in ["logs", "lake"] {
        for sql in [
            "EXPLAIN VERBOSE SELECT * FROM logs WHERE remote_ip LIKE 'ip-%'",
            "EXPLAIN ANALYZE SELECT * FROM logs ORDER BY requester",
            "EXPLAIN ANALYZE VERBOSE SELECT count(*) FROM logs GROUP BY requester",
            "SELECT CAST(remote_ip AS integer) FROM logs",
            "SELECT CAST(requester AS timestamp) FROM logs",
            "SELECT arrow_cast(user_agent, 'Date32') FROM logs",
            "SELECT ip_in('10.0.0.1', requester) FROM logs",
            "SELECT parse_datetime(remote_ip, 'yyyy') FROM logs",
            "SELECT regexp_like('a', '(' || remote_ip) FROM logs",
        ] {
            let output =
                saltmine(case.path(), &["query", input, sql, "--redact", "all", "--redact-key", "key"]);
            assert_clean(&String::from_utf8_lossy(&output.stdout), sql);
            assert_clean(&String::from_utf8_lossy(&output.stderr), sql);
        }
    }
    // What tells of files that do not read, tells no more.
    let output = saltmine(case.path(), &["query", "logs", "SELECT count(*) FROM logs", "--redact", "all"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(said.contains("logs/account-") || said.contains("account-"), "{said}");
    assert_clean(&said, "warnings");
}

#[test]
fn the_true_tables_cannot_be_reached() {
    let case = case();
    for sql in [
        "SELECT * FROM 'logs/111122223333/log'",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION 'logs/111122223333/log'",
        "SELECT redact_address('198.51.100.7')",
        "SELECT redact_text('198.51.100.7')",
        "SELECT * FROM truth.logs",
    ] {
        let output = saltmine(case.path(), &["query", "logs", sql, "--redact", "all"]);
        assert_eq!(output.status.code(), Some(1), "{sql}");
    }
    let output = saltmine(case.path(), &["query", "logs", "SELECT 1", "--redact", "--allow-writes"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--allow-writes"));
}

/// One address, one pseudonym: in each subcommand, of the logs and of their dataset; and another one with another key.
#[test]
fn pseudonyms_are_those_of_the_case() {
    let case = case();
    answer(case.path(), &["ingest", "logs", "--to", "lake"]);
    let sql = "SELECT DISTINCT remote_ip, requester FROM logs";
    let csv = query(case.path(), sql, &["--format", "csv"]);
    let (address, requester) = csv.lines().nth(1).unwrap().split_once(',').unwrap();
    assert!(address.starts_with("ip-") && address.len() == 19, "{address}");
    for input in ["logs", "lake"] {
        let key = ["--redact", "all", "--redact-key", "key"];
        for command in [
            &["query", input, sql][..],
            &["query", input, "SELECT * FROM athena.s3_access_logs"],
            &["timeline", input, "--ip", "198.51.100.7"],
            &["timeline", input, "--ip", address],
            &["timeline", input, "--requester", requester],
            &["timeline", input, "--requester", ADA, "--format", "timesketch"],
            &["timeline", input, "--requester", requester, "--format", "markdown"],
            &["timeline", input, "--ip", address, "--key", "AWSLogs/*", "--format", "json"],
            &["query", input, "--name", "retrieved-objects", "-p", &format!("address={address}")],
            &["query", input, "--name", "retrieved-objects", "-p", "address=198.51.100.7"],
            &["query", input, "--name", "retrieved-objects", "-p", &format!("who={requester}")],
            &["query", input, "--name", "retrieved-objects", "-p", &format!("who={ADA}")],
            &["latency", input, "--by", "requester,remote_ip"],
            &["hunt", input, "--format", "json"],
            &["hunt", input],
            &["query", input, "--name", "requester-profile"],
        ] {
            let output = saltmine(case.path(), &[command, &key].concat());
            let text = String::from_utf8(output.stdout).unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            if said.contains("there is no query") {
                continue;
            }
            assert!(matches!(output.status.code(), Some(0 | 3)), "{command:?}: {said}");
            assert_clean(&text, &command.join(" "));
            assert_clean(&said, &command.join(" "));
            let plain = text.replace('\\', "");
            assert!(plain.contains(address) || plain.contains(requester), "{command:?}: {text}");
        }
    }
    let other = ["--redact", "all", "--redact-key", "other"];
    let text = answer(case.path(), &[&["query", "logs", sql][..], &other].concat());
    assert!(text.contains("ip-") && !text.contains(address));
    // A dataset has a key of its own.
    for _ in 0..2 {
        let text = answer(case.path(), &["query", "lake", sql, "--redact", "all"]);
        let key = answer(
            case.path(),
            &["query", "logs", sql, "--redact", "all", "--redact-key", "lake/redact.key"],
        );
        assert_eq!(text, key);
    }
    answer(case.path(), &["verify", "lake", "logs"]);
    answer(case.path(), &["ingest", "logs", "--to", "lake"]);
}

#[test]
fn a_hunt_finds_the_same_and_tells_less() {
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
    // What it says to type gives all of its rows, and no more than it.
    let name = redacted["findings"][0]["query"].as_str().unwrap();
    let rows = |more: &[&str]| {
        let text = answer(&root, &[&["query", "samples/attack", "--name", name][..], more].concat());
        (text.lines().count(), text)
    };
    let (whole, part) = (rows(&[]), rows(&["--redact", "all"]));
    assert_eq!(whole.0, part.0);
    assert!(!part.1.contains("198.51.100.44") && whole.1.contains("198.51.100.44"));
}

/// Every address, account, role, session and token of the samples is gone from every column.
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
        // Every question that is built in; those that want an inventory say so.
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

/// Whether a value stands in a text by itself, and not as a part of a longer word.
fn is_word_of(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric();
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part))
}

/// Only what is part of the program may look at the truth.
#[test]
fn queries_of_others_see_pseudonyms() {
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
        &["hunt", "logs", "--pack", "mine", "--queries", "mine"],
    ] {
        let text = answer(case.path(), &[command, &["--redact", "all", "--redact-key", "key"]].concat());
        assert_clean(&text, "steal");
        assert!(text.contains("session-"), "{text}");
    }
}

/// Whoever may ask cannot find out by patterns, networks or long lists what answers do not show.
#[test]
fn answers_are_no_oracle() {
    let case = case();
    let many = vec!["198.51.100.7"; 17].join(",");
    let many = format!("address={many}");
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
        (&["query", "logs", "--name", "retrieved-objects", "-p", "address=198.51.100.0/25"], "32 questions"),
        (
            &["query", "logs", "--name", "retrieved-objects", "-p", "address=198.51.100.7,0.0.0.0/1"],
            "32 questions",
        ),
        (&["query", "logs", "--name", "retrieved-objects", "-p", &many], "at most 16"),
        (&["query", "logs", "--name", "retrieved-objects", "-p", "who=arn:%"], "letter by letter"),
        (
            &["query", "logs", "--name", "retrieved-objects", "-p", "address=ip-0123456789abcdef"],
            "nothing in these logs",
        ),
        (&["query", "logs", "--name", "origin-split", "-p", "own_network=198.0.0.0/8"], "32 questions"),
        (&["query", "logs", "--name", "off-hours", "-p", "humans=backup"], "keeps its default"),
        (&["query", "logs", "--name", "sensitive-keys", "-p", "except=backup"], "keeps its default"),
        (&["query", "logs", "--name", "sensitive-keys", "-p", "pattern=1111"], "keeps its default"),
        (&["query", "logs", "--name", "ransom-note", "-p", "pattern=1111"], "keeps its default"),
    ] {
        let (code, said) = run("all", arguments);
        assert!(code == Some(2) && said.contains(why), "{arguments:?}: {said}");
        assert_clean(&said.replace(&arguments.join(" "), ""), "refusals");
    }
    // An underscore is a letter of a name, not any letter.
    let any_letter = "who=".to_owned() + &ADA.replace("backup", "______");
    let rows = |who: &str| {
        let query = ["query", "logs", "--name", "retrieved-objects", "-p", who, "--format", "ndjson"];
        answer(case.path(), &[&query[..], &["--redact", "all", "--redact-key", "key"]].concat())
            .lines()
            .count()
    };
    assert_eq!((rows(&any_letter), rows(&format!("who={ADA}"))), (0, 1));
    // What is not hidden may be asked for in any way; keys may have tokens in them, whatever else is hidden.
    for (redact, arguments, code) in [
        ("tokens", &["timeline", "logs", "--ip", "198.51.0.0/16"][..], Some(0)),
        ("tokens", &["timeline", "logs", "--requester", "arn:*"], Some(0)),
        ("principals", &["timeline", "logs", "--ip", "198.51.0.0/16"], Some(0)),
        ("addresses", &["query", "logs", "--name", "off-hours", "-p", "humans=backup"], Some(0)),
        ("tokens", &["query", "logs", "--name", "sensitive-keys", "-p", "pattern=1111"], Some(2)),
    ] {
        let (found, said) = run(redact, arguments);
        // The case has a line that does not read.
        assert_eq!(if found == Some(3) { Some(0) } else { found }, code, "{redact} {arguments:?}: {said}");
    }
}

/// The names of requesters do not come out in what clients send, also where an answer does not say whose they are.
#[test]
fn names_go_from_the_answers_of_built_in_questions() {
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

/// The page that is handed on names neither its input nor its command as they are.
#[test]
fn the_head_of_a_report_is_redacted() {
    let case = case();
    let report = ["report", "logs/111122223333", "--title", "case of 111122223333", "-o", "-"];
    let page = answer(case.path(), &[&report[..], &["--redact", "all", "--redact-key", "key"]].concat());
    assert_clean(&page, "report");
    assert!(page.contains("logs/account-"), "the input is named by its pseudonym");
}

/// A list of addresses with numbers of one's own would be a dictionary, if its pseudonyms were those of the logs.
#[test]
fn other_files_have_pseudonyms_of_their_own() {
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
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("the text of table known has pseudonyms of its own"), "{said}");
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
fn wrong_words_and_keys_are_told() {
    let case = case();
    let said = |arguments: &[&str]| {
        let output = saltmine(case.path(), &[&["query", "logs", "SELECT 1"][..], arguments].concat());
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, text) = said(&["--redact=names"]);
    assert!(code == Some(2) && text.contains("tokens, addresses, principals, all"), "{text}");
    let (code, text) = said(&["--redact-key", "key"]);
    assert!(code == Some(2) && text.contains("--redact"), "{text}");
    std::fs::write(case.path().join("no-key"), "hello").unwrap();
    let (code, text) = said(&["--redact", "--redact-key", "no-key"]);
    assert!(code == Some(1) && text.contains("no-key: its mode is 0644"), "{text}");
    chmod(&case.path().join("no-key"), 0o600);
    let (code, text) = said(&["--redact", "--redact-key", "no-key"]);
    assert!(code == Some(1) && text.contains("no-key: not a key"), "{text}");
    let (_, text) = said(&["--redact"]);
    assert!(text.contains("of this run alone"), "{text}");
    let (_, text) = said(&["--redact", "--redact-key", "new"]);
    assert!(text.contains("made the redaction key new"), "{text}");
    let (_, text) = said(&["--redact", "--redact-key", "new"]);
    assert!(text.contains("using the redaction key new, last changed 20"), "{text}");
    let output = saltmine(case.path(), &["timeline", "logs", "--ip", "ip-0123456789abcdef"]);
    assert_eq!(output.status.code(), Some(2));
}

fn chmod(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}
