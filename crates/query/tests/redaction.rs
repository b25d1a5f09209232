//! Redaction from an attacker's side: no statement reveals a true value in a redacted session.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fmt::Write as _;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::dataframe::DataFrameWriteOptions;
use datafusion::prelude::{JsonReadOptions, SessionContext};
use futures::TryStreamExt;
use saltmine_lake::{IngestRequest, PartitionBy, Silent, ingest};
use saltmine_query::{Redaction, Session, SessionOptions, datafusion};
use sha2::{Digest, Sha256};

/// Values in the lines that must not be revealed: address, account, role, session, user, key id, token, signature,
/// password, and two that only the column of a nested file has.
const CANARIES: [&str; 13] = [
    "198.51.100.77",
    "198-51-100-77",
    "2001:db8:77::9",
    "111122223333",
    "backup-operator",
    "alice.smith",
    "mallory",
    "AKIAIOSFODNN7EXAMPLE",
    "IQoJb3JpZ2luX2VjEHoaCXVz",
    "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
    "hunter2secret",
    "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be",
    "203.0.113.99",
];

fn lines() -> String {
    let owner = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";
    let alice = "arn:aws:sts::111122223333:assumed-role/backup-operator/alice.smith";
    let mallory = "arn:aws:iam::111122223333:user/mallory";
    let signature = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
    let token = "IQoJb3JpZ2luX2VjEHoaCXVz";
    let mut lines = String::new();
    for number in 0..12 {
        let (address, who, uri, referer, agent) = match number % 4 {
            0 => (
                "198.51.100.77",
                alice,
                format!(
                    "GET /k?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260501&X-Amz-Signature={signature} HTTP/1.1"
                ),
                "https://bob:hunter2secret@intranet.example/p".to_owned(),
                "alice.smith via host 198-51-100-77.isp.example".to_owned(),
            ),
            1 => (
                "2001:db8:77::9",
                mallory,
                format!("GET /k?who=mallory&X-Amz-Security-Token={token} HTTP/1.1"),
                "-".to_owned(),
                "client_2001:db8:77::9.443 of backup-operator@111122223333".to_owned(),
            ),
            2 => (
                "198.51.100.77",
                mallory,
                "GET /x?from=198-51-100-77&password=hunter2secret HTTP/1.1".to_owned(),
                format!("https://a.example/?u=https%3A%2F%2Fb%3Fapi_token%3D{signature}"),
                "mallory".to_owned(),
            ),
            _ => ("198.51.100.77", "-", "GET /k HTTP/1.1".to_owned(), "-".to_owned(), "curl/8".to_owned()),
        };
        // The role does not belong to mallory, so the rows of mallory do not contain it as a plain word.
        let agent = if who == mallory { agent.replace("backup-operator", "a") } else { agent };
        writeln!(
            lines,
            "{owner} vault-111122223333 [0{}/May/2026:10:00:{number:02} +0000] {address} {who} 7QK3EXAMPLE{number:02} \
             REST.GET.OBJECT AWSLogs/111122223333/k \"{uri}\" 200 - 5 99 12 11 \"{referer}\" \"{agent}\" - hostid= SigV4 C \
             QueryString ap-111122223333.s3-accesspoint.eu-west-1.amazonaws.com TLSv1.3 \
             arn:aws:s3:eu-west-1:111122223333:accesspoint/ap - -",
            number % 9 + 1
        )
        .unwrap();
    }
    writeln!(lines, "{owner} vault [no time] 198.51.100.77 {alice} X \"GET /k?X-Amz-Signature={signature}\"")
        .unwrap();
    lines
}

/// Logs, datasets made from them, and other files, all containing the canaries.
struct Case {
    folder: tempfile::TempDir,
}

impl Case {
    async fn new() -> Self {
        let case = Self { folder: tempfile::tempdir().unwrap() };
        let logs = case.path("acct-111122223333/logs");
        std::fs::create_dir_all(&logs).unwrap();
        std::fs::write(logs.join("log"), lines()).unwrap();
        for (name, partition_by) in [("lake", None), ("buckets", Some(PartitionBy::BucketAndEventDate))] {
            let sources = saltmine_scan::discover(&[logs.to_str().unwrap().to_owned()]).unwrap();
            let dataset = case.path(name);
            let request = IngestRequest {
                sources: &sources,
                dataset: &dataset,
                partition_by,
                jobs: 1,
                strict: false,
                stop: None,
            };
            ingest(&request, &Silent).unwrap();
        }
        let nested = "{\"remote_ip\":\"203.0.113.99\",\"requester\":\"arn:aws:iam::111122223333:user/mallory\",\
                      \"s\":{\"a\":\"203.0.113.99\",\"remote_ip\":\"198.51.100.77\"},\"l\":[\"203.0.113.99\"],\"n\":7}\n";
        std::fs::write(case.path("nested.ndjson"), nested.repeat(3)).unwrap();
        std::fs::write(case.path("plain.csv"), "number,address\n1,203.0.113.99\n2,198.51.100.77\n").unwrap();
        let context = SessionContext::new();
        let path = case.path("nested.ndjson");
        let options = JsonReadOptions::default().file_extension("ndjson");
        let frame = context.read_json(path.to_str().unwrap(), options).await.unwrap();
        let parquet = case.path("nested.parquet");
        let write = DataFrameWriteOptions::new().with_single_file_output(true);
        frame.write_parquet(parquet.to_str().unwrap(), write, None).await.unwrap();
        case
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn session(&self, input: &str, is_redacted: bool) -> Session {
        let redaction = Redaction { addresses: true, principals: true, key_file: Some(self.path("key")) };
        let table = |name: &str, file: &str| (name.to_owned(), self.path(file));
        let options = SessionOptions {
            inputs: vec![self.path(input).to_str().unwrap().to_owned()],
            tables: vec![
                table("nested", "nested.ndjson"),
                table("pq", "nested.parquet"),
                table("plain", "plain.csv"),
            ],
            redaction: is_redacted.then_some(redaction),
            threads: 2,
            ..SessionOptions::default()
        };
        Session::open(&options).await.unwrap()
    }
}

const INPUTS: [&str; 3] = ["acct-111122223333/logs", "lake", "buckets"];

/// The tables, with columns that a leak would show, and a filter that some rows pass.
const TABLES: [(&str, &str, &str); 8] = [
    ("logs", "remote_ip, requester, user_agent, request_uri", "log_line > 0"),
    ("athena.s3_access_logs", "remoteip, requester, useragent, request_uri", "bytessent > 0"),
    ("cloudwatch.s3_access_logs", "remote_ip, requester, user_agent, request_uri", "bytes_sent_size > 0"),
    ("rejects", "raw, log_file", "log_line > 0"),
    ("sources", "log_file, state", "lines > 0"),
    ("nested", "remote_ip, requester, n", "n > 0"),
    ("pq", "remote_ip, requester, n", "n > 0"),
    ("plain", "*", "true"),
];

/// Statements around a list of expressions that would show what they read.
const STATEMENTS: [&str; 16] = [
    "SELECT {list} FROM {table} WHERE {filter} LIMIT 5",
    "SELECT {list} FROM {table}",
    "SELECT *, {list} FROM {table} LIMIT 2",
    "WITH x AS (SELECT * FROM {table} WHERE {filter}) SELECT {list} FROM x",
    "SELECT * FROM (SELECT {list} FROM {table} LIMIT 5) AS q",
    "SELECT {list} FROM (SELECT * FROM {table} LIMIT 5) AS q WHERE {filter}",
    "SELECT {list} FROM {table} UNION ALL SELECT {list} FROM {table}",
    "SELECT DISTINCT {list} FROM {table}",
    "SELECT {list} FROM {table} ORDER BY 1 DESC LIMIT 3",
    "SELECT {list}, row_number() OVER (ORDER BY 1) AS position FROM {table}",
    "SELECT q.* FROM (SELECT {list} FROM {table}) AS q CROSS JOIN (SELECT 1 AS one FROM {table} LIMIT 1) AS r",
    "SELECT {list} FROM {table} WHERE {filter} AND EXISTS (SELECT 1 FROM {table})",
    "EXPLAIN SELECT {list} FROM {table} WHERE {filter} LIMIT 5",
    "EXPLAIN VERBOSE SELECT {list} FROM {table} WHERE {filter}",
    "EXPLAIN ANALYZE SELECT {list} FROM {table} LIMIT 5",
    "DESCRIBE SELECT {list} FROM {table}",
];

/// Calls of a function; `{c}` is a text column, `{n}` a number column.
const CALLS: [&str; 12] = [
    "{f}()",
    "{f}({c})",
    "{f}({c}, {c})",
    "{f}({c}, 'a')",
    "{f}({c}, 3)",
    "{f}({c}, 'a', 'b')",
    "{f}({c}, 2, 40)",
    "{f}('a', {c})",
    "{f}(make_array({c}))",
    "{f}(make_array({c}), {c})",
    "{f}(named_struct('a', {c}), 'a')",
    "{f}({c}) OVER ()",
];

async fn texts(session: &Session, sql: &str) -> Result<String, String> {
    let stream = session.sql(sql, &Default::default()).await.map_err(|error| error.to_string())?;
    let names: Vec<String> = stream.schema().fields().iter().map(|field| field.name().clone()).collect();
    let batches: Vec<RecordBatch> = stream.try_collect().await.map_err(|error| error.to_string())?;
    let options = FormatOptions::default();
    let mut text = names.join("\n");
    for batch in &batches {
        for column in batch.columns() {
            let formatter = ArrayFormatter::try_new(column, &options).unwrap();
            for row in 0..batch.num_rows() {
                writeln!(text, "{}", formatter.value(row)).unwrap();
            }
        }
    }
    Ok(text)
}

/// The canaries in the forms that functions produce.
fn forms() -> Vec<String> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let of = |canary: &&str| {
        let base64 = STANDARD.encode(canary);
        // The position in a longer text shifts the encoding; a cell of its own does not.
        let whole = base64.trim_end_matches('=').to_lowercase();
        [
            canary.to_lowercase(),
            canary.to_lowercase().chars().rev().collect(),
            hex(canary.as_bytes()),
            hex(&Sha256::digest(canary.as_bytes())),
            whole,
        ]
    };
    CANARIES.iter().flat_map(of).collect()
}

fn leak<'a>(text: &str, forms: &'a [String]) -> Option<&'a String> {
    let text = text.to_lowercase();
    forms.iter().find(|form| text.contains(form.as_str()))
}

/// Fails if a statement's column names, cells or error contain a canary.
async fn assert_clean(session: &Session, sql: &str, forms: &[String]) -> bool {
    let answer = texts(session, sql).await;
    let is_answered = answer.is_ok();
    let text = answer.unwrap_or_else(|error| error);
    // The statement's own text is not a leak.
    if let Some(form) = leak(&text, forms).filter(|form| !sql.to_lowercase().contains(form.as_str())) {
        panic!("{sql}: {form} in {text}");
    }
    is_answered
}

/// Calls of all functions of a session, in forms that some of its tables can plan.
async fn calls(session: &Session) -> Vec<String> {
    let state = session.context().state();
    let mut names: Vec<&String> = state.scalar_functions().keys().collect();
    names.extend(state.aggregate_functions().keys());
    names.extend(state.window_functions().keys());
    names.sort_unstable();
    names.dedup();
    assert!(names.len() > 300, "{} functions", names.len());
    let mut planned = Vec::new();
    for name in names {
        for call in CALLS {
            let call = call.replace("{f}", name);
            let sql = format!("SELECT {} FROM logs", call.replace("{c}", "remote_ip"));
            if state.create_logical_plan(&sql).await.is_ok() {
                planned.push(call);
            }
        }
    }
    assert!(planned.len() > 400, "{} calls", planned.len());
    planned
}

fn statement(form: &str, list: &str, (table, columns, filter): (&str, &str, &str)) -> String {
    let list = if list.is_empty() { columns.to_owned() } else { format!("{columns}, {list}") };
    form.replace("{list}", &list).replace("{table}", table).replace("{filter}", filter)
}

/// Every function in every form of call, next to columns that a leak would show, with a filter and a limit. A function
/// that the optimizer evaluated below a projection once revealed whole rows.
#[tokio::test(flavor = "multi_thread")]
async fn no_function_reaches_a_true_value() {
    let (case, forms) = (Case::new().await, forms());
    let (lake, raw) = (case.session("lake", true).await, case.session(INPUTS[0], true).await);
    let calls = calls(&lake).await;
    let mut answered = 0;
    for (session, table, column) in [
        (&lake, "logs", "remote_ip"),
        (&lake, "athena.s3_access_logs", "useragent"),
        (&lake, "pq", "remote_ip"),
        (&raw, "logs", "user_agent"),
    ] {
        let about = *TABLES.iter().find(|(name, ..)| *name == table).unwrap();
        let list = |some: &[String]| -> String {
            let calls = some.iter().enumerate();
            let calls = calls.map(|(index, call)| format!("{} AS c{index}", call.replace("{c}", column)));
            calls.collect::<Vec<_>>().join(", ")
        };
        for some in calls.chunks(8) {
            if assert_clean(session, &statement(STATEMENTS[0], &list(some), about), &forms).await {
                answered += some.len();
                continue;
            }
            // Calls that cannot be combined, or that fail, run alone; next to an aggregate there are no other columns.
            for call in some {
                let call = list(std::slice::from_ref(call));
                let is_answered = assert_clean(session, &statement(STATEMENTS[0], &call, about), &forms)
                    .await
                    || assert_clean(session, &format!("SELECT {call} FROM {table}"), &forms).await;
                answered += usize::from(is_answered);
            }
        }
    }
    assert!(answered > 2 * calls.len(), "{answered} of {} calls", 4 * calls.len());
}

/// Every form of statement on every table and view.
#[tokio::test(flavor = "multi_thread")]
async fn no_statement_reaches_a_true_value() {
    let (case, forms) = (Case::new().await, forms());
    let lists = [
        "",
        "s['a'] AS x",
        "s",
        "l",
        "file_row_index() AS x",
        "input_file_name() AS x",
        "get_field(s, 'remote_ip') AS x",
    ];
    for input in INPUTS {
        let session = case.session(input, true).await;
        let mut answered = 0;
        for about in TABLES {
            for form in STATEMENTS {
                for list in lists {
                    answered +=
                        u32::from(assert_clean(&session, &statement(form, list, about), &forms).await);
                }
            }
        }
        assert!(answered > 100, "{answered}");
        for sql in [
            "SHOW TABLES",
            "SHOW COLUMNS FROM plain",
            "DESCRIBE plain",
            "SELECT * FROM information_schema.columns",
            "SELECT * FROM information_schema.views",
            "SELECT * FROM information_schema.df_settings",
            "PREPARE p AS SELECT * FROM logs",
            "SELECT CAST(remote_ip AS integer) FROM logs",
            "SELECT arrow_cast(user_agent, 'Date32') FROM pq",
            "SELECT (SELECT max(remote_ip) FROM logs), (SELECT min(s) FROM nested)",
            "SELECT * FROM logs l JOIN nested n ON l.log_line = n.n JOIN pq USING (remote_ip)",
            "SELECT array_agg(remote_ip), string_agg(user_agent, ','), min(requester), max(raw) FROM logs",
            "SELECT requester, remote_ip, count(*) FROM logs GROUP BY ROLLUP (requester, remote_ip)",
            "WITH RECURSIVE n AS (SELECT remote_ip, 0 AS i FROM logs UNION ALL SELECT remote_ip, i + 1 FROM n WHERE i < 2) SELECT * FROM n",
            "SELECT * FROM logs WHERE remote_ip LIKE '198.%' OR user_agent LIKE '%alice%'",
        ] {
            assert_clean(&session, sql, &forms).await;
        }
    }
}

/// The tests above can fail: without redaction, all canaries appear.
#[tokio::test(flavor = "multi_thread")]
async fn all_canaries_are_present() {
    let case = Case::new().await;
    for input in INPUTS {
        let session = case.session(input, false).await;
        let mut text = String::new();
        for (table, ..) in TABLES {
            text += &texts(&session, &format!("SELECT * FROM {table}")).await.unwrap();
        }
        for canary in CANARIES {
            assert!(text.contains(canary), "{canary} in {input}");
        }
    }
}

/// Rows are the same with and without redaction, for all filters and limits: counts by columns that are not redacted.
#[tokio::test(flavor = "multi_thread")]
async fn filters_and_counts_are_those_of_the_logs() {
    let case = Case::new().await;
    for input in INPUTS {
        let (plain, redacted) = (case.session(input, false).await, case.session(input, true).await);
        for sql in [
            "SELECT count(*) FROM logs",
            "SELECT count(*) FROM logs WHERE http_status = 200 AND request_time < TIMESTAMP '2026-05-05T00:00:00Z'",
            "SELECT count(*) FROM logs WHERE operation = 'REST.GET.OBJECT' AND requester IS NULL",
            "SELECT sum(log_line), count(DISTINCT requester), count(DISTINCT remote_ip) FROM logs",
            "SELECT sum(log_line) FROM logs WHERE requester IS NOT NULL AND bytes_sent BETWEEN 1 AND 10",
            "SELECT count(*) FROM (SELECT * FROM logs LIMIT 5) AS q",
            "SELECT count(*) FROM (SELECT * FROM logs WHERE log_line > 3 LIMIT 5) AS q",
            "SELECT log_line, http_status FROM logs WHERE log_line IN (2, 4) ORDER BY log_line",
            "SELECT rows, rejects, lines FROM sources",
            "SELECT count(*) FROM rejects WHERE log_line > 1",
            "SELECT sum(n) FROM pq WHERE n > 1",
        ] {
            let (plain, redacted) = (texts(&plain, sql).await.unwrap(), texts(&redacted, sql).await.unwrap());
            assert_eq!(plain, redacted, "{input}: {sql}");
        }
    }
}

/// The time range of a session also applies under redaction.
#[tokio::test(flavor = "multi_thread")]
async fn limits_of_time_hold() {
    let case = Case::new().await;
    for input in INPUTS {
        for is_redacted in [false, true] {
            let redaction = Redaction { key_file: Some(case.path("key")), ..Redaction::default() };
            let options = SessionOptions {
                inputs: vec![case.path(input).to_str().unwrap().to_owned()],
                since: Some(1_777_766_400_000_000), // 2026-05-03
                until: Some(1_777_939_200_000_000), // 2026-05-05
                redaction: is_redacted.then_some(redaction),
                ..SessionOptions::default()
            };
            let session = Session::open(&options).await.unwrap();
            for (table, time) in [("logs", "request_time"), ("cloudwatch.s3_access_logs", "request_time")] {
                let sql = format!(
                    "SELECT count(*), CAST(min({time}) AS date), CAST(max({time}) AS date) FROM {table}"
                );
                let text = texts(&session, &sql).await.unwrap();
                let days: Vec<&str> = text.lines().rev().take(2).collect();
                assert_eq!(days, ["2026-05-04", "2026-05-03"], "{input} {is_redacted}: {text}");
            }
        }
    }
}

/// Even without redaction, a function uses the column that the statement names, not a column of the same name in the scan.
#[tokio::test(flavor = "multi_thread")]
async fn a_column_keeps_its_value_beside_a_function_of_the_scan() {
    let case = Case::new().await;
    let session = case.session("lake", false).await;
    let upper = "SELECT upper(key) AS key, {} FROM logs";
    for sql in [
        format!("SELECT key FROM ({}) AS l LIMIT 1", upper.replace("{}", "1 AS one")),
        "SELECT key, file_row_index() FROM (SELECT * REPLACE (upper(key) AS key) FROM logs) AS l LIMIT 1"
            .to_owned(),
        "SELECT key, input_file_name() FROM (SELECT * REPLACE (upper(key) AS key) FROM logs) AS l LIMIT 1"
            .to_owned(),
        "SELECT key, s['a'] FROM (SELECT s, upper(requester) AS key FROM pq) AS l LIMIT 1".to_owned(),
        "SELECT requester, s['a'] FROM (SELECT s, upper(requester) AS requester FROM pq) AS l LIMIT 1"
            .to_owned(),
        "SELECT requester, s['a'] FROM (SELECT s, upper(requester) AS requester FROM nested) AS l LIMIT 1"
            .to_owned(),
    ] {
        // A function of the scan may be refused if there is no scan directly below it, but it never uses the wrong
        // column.
        let Ok(stream) = session.sql(&sql, &Default::default()).await else { continue };
        let Ok(batches) = stream.try_collect::<Vec<_>>().await else { continue };
        let column = datafusion::arrow::compute::cast(
            batches[0].column(0),
            &datafusion::arrow::datatypes::DataType::Utf8,
        );
        let value = column.unwrap().as_string::<i32>().value(0).to_owned();
        assert_eq!(value, value.to_uppercase(), "{sql}");
    }
}
