//! Values in every column, form of statement, plan and error under `--redact`.

use crate::{ADA, OWNER, SECRETS, answer, assert_clean, case, query, saltmine};

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
    // Without redaction, all secrets are present, so the test can fail.
    let text =
        answer(case.path(), &["query", "logs", "SELECT * FROM logs", "--format", "csv"]).to_lowercase();
    for secret in SECRETS {
        assert!(text.contains(secret), "{secret}");
    }
}

#[test]
fn only_tokens_are_redacted_by_default() {
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
fn parts_order_and_counts_use_pseudonyms() {
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
fn plans_and_errors_reveal_nothing() {
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
    // Messages about malformed files reveal nothing either.
    let output = saltmine(case.path(), &["query", "logs", "SELECT count(*) FROM logs", "--redact", "all"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr.contains("logs/account-") || stderr.contains("account-"), "{stderr}");
    assert_clean(&stderr, "warnings");
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

/// One address has one pseudonym in every subcommand, in logs and their dataset, and a different one with another key.
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
            &["hunt", input, "--details"],
            &["query", input, "--name", "requester-profile"],
        ] {
            let output = saltmine(case.path(), &[command, &key].concat());
            let text = String::from_utf8(output.stdout).unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            if stderr.contains("there is no query") {
                continue;
            }
            assert!(matches!(output.status.code(), Some(0 | 3)), "{command:?}: {stderr}");
            assert_clean(&text, &command.join(" "));
            assert_clean(&stderr, &command.join(" "));
            let plain = text.replace('\\', "");
            assert!(plain.contains(address) || plain.contains(requester), "{command:?}: {text}");
        }
    }
    let other = ["--redact", "all", "--redact-key", "other"];
    let text = answer(case.path(), &[&["query", "logs", sql][..], &other].concat());
    assert!(text.contains("ip-") && !text.contains(address));
    // A dataset has its own key.
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
