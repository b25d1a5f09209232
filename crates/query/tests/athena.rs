//! Queries that AWS publishes for access logs, unchanged except for the names and dates that the pages ask the reader
//! to fill in. Each has an equivalent query over `logs` (`NAME.logs.sql`) and an expected answer (`NAME.expected`).
//!
//! `SALTMINE_BLESS=1` rewrites the expected answers.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::TryStreamExt;
use saltmine_query::{Params, Session, SessionOptions, datafusion};

/// Maximum rows kept of an answer.
const KEPT: usize = 12;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

async fn session(input: &Path) -> Session {
    let options = SessionOptions {
        inputs: vec![input.to_string_lossy().into_owned()],
        aliases: vec!["s3_access_logs_db.mybucket_logs".into()],
        threads: 2,
        ..SessionOptions::default()
    };
    Session::open(&options).await.unwrap()
}

/// The names of the columns, and the rows, sorted as text.
async fn answer(session: &Session, name: &str, sql: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let stream = session.sql(sql, &Params::new()).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    let columns = stream.schema().fields().iter().map(|field| field.name().clone()).collect();
    let batches: Vec<RecordBatch> =
        stream.try_collect().await.unwrap_or_else(|error| panic!("{name}: {error}"));
    let options = FormatOptions::default().with_null("NULL");
    let mut rows: Vec<Vec<String>> = Vec::new();
    for batch in &batches {
        let formatters: Vec<ArrayFormatter<'_>> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        let row = |row| formatters.iter().map(|column| column.value(row).to_string()).collect();
        rows.extend((0..batch.num_rows()).map(row));
    }
    rows.sort();
    (columns, rows)
}

fn render(columns: &[String], rows: &[Vec<String>]) -> String {
    let mut text = format!("{} rows\n{}\n", rows.len(), columns.join("\t"));
    for row in rows.iter().take(KEPT) {
        let cells: Vec<String> = row.iter().map(|cell| cell.escape_debug().to_string()).collect();
        let _ = writeln!(text, "{}", cells.join("\t"));
    }
    text
}

/// The queries of `tests/athena`: name and SQL.
fn published() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/athena");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| {
        path.to_string_lossy().ends_with(".sql") && !path.to_string_lossy().ends_with(".logs.sql")
    });
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read_to_string(&path).unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn published_queries_run_with_correct_results() {
    let bless = std::env::var_os("SALTMINE_BLESS").is_some();
    let sessions = [
        ("logs", session(&root().join("samples/logs")).await),
        ("attack", session(&root().join("samples/attack")).await),
    ];
    let queries = published();
    assert!(queries.len() >= 20);
    let mut wrong = Vec::new();
    for (path, sql) in &queries {
        let name = path.file_stem().unwrap().to_string_lossy();
        let own = std::fs::read_to_string(path.with_extension("logs.sql")).unwrap();
        let mut text = String::new();
        let mut found = 0;
        for (sample, session) in &sessions {
            let (columns, rows) = answer(session, &name, sql).await;
            let (own_columns, own_rows) = answer(session, &name, &own).await;
            let at = |name: &String| columns.iter().position(|column| column == name).unwrap();
            let kept: Vec<usize> = own_columns.iter().map(at).collect();
            let mut projected: Vec<Vec<String>> =
                rows.iter().map(|row| kept.iter().map(|index| row[*index].clone()).collect()).collect();
            projected.sort();
            assert_eq!(projected, own_rows, "{name} over samples/{sample}");
            found += rows.len();
            let _ = write!(text, "samples/{sample}: {}", render(&columns, &rows));
        }
        assert_eq!(found > 0, name != "anonymous-as-published", "{name}");
        let expected = path.with_extension("expected");
        if bless {
            std::fs::write(&expected, &text).unwrap();
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != text {
            wrong.push(format!("{name}:\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "answers differ:\n{}", wrong.join("\n"));
}

/// A filter on the text of a time becomes a filter on the time, so that files outside the range are not read.
#[tokio::test(flavor = "multi_thread")]
async fn a_period_in_text_is_a_period_of_request_time() {
    let session = session(&root().join("samples/logs")).await;
    for period in [
        "parse_datetime(requestdatetime, 'dd/MMM/yyyy:HH:mm:ss Z') BETWEEN parse_datetime('2019-03-20', 'yyyy-MM-dd') \
         AND parse_datetime('2019-03-21', 'yyyy-MM-dd')",
        "date_parse(requestdatetime, '%d/%b/%Y:%H:%i:%s +0000') BETWEEN TIMESTAMP '2019-03-20T00:00:00Z' \
         AND TIMESTAMP '2019-03-21T00:00:00Z'",
    ] {
        let sql = format!("EXPLAIN SELECT key FROM s3_access_logs_db.mybucket_logs WHERE {period}");
        let (_, plan) = answer(&session, "plan", &sql).await;
        let plan = plan.concat().concat();
        assert!(
            plan.contains("partial_filters=[logs.request_time >= ") && !plan.contains("log_time"),
            "{plan}"
        );
        let sql = format!("SELECT count(*) FROM s3_access_logs_db.mybucket_logs WHERE {period}");
        assert_eq!(answer(&session, "count", &sql).await.1, [["67"]]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_as_in_the_table_of_the_regular_expression() {
    let folder = tempfile::tempdir().unwrap();
    let lines = [
        "0wner vault [06/Feb/2019:01:00:38 +0100] 192.0.2.3 - A1 REST.GET.OBJECT a%2520b \"GET /a%20b HTTP/1.1\" 200 - \
         113 99 7 5 \"-\" \"S3Console/0.4\" - h= SigV4 C AuthHeader e TLSv1.2 - Yes eu-west-1",
        "0wner vault [06/Feb/2019:00:00:39 +0000] - svc:x A2 REST.COPY.OBJECT_GET k - 200 - - 5 - - - - - h= SigV4 - \
         AuthHeader e - - - -",
    ];
    std::fs::write(folder.path().join("log"), lines.join("\n")).unwrap();
    let session = session(folder.path()).await;
    let sql = "SELECT * FROM athena.s3_access_logs";
    let (columns, rows) = answer(&session, "values", sql).await;
    assert_eq!(
        columns.join(" "),
        "bucketowner bucket_name requestdatetime remoteip requester requestid operation key request_uri httpstatus \
         errorcode bytessent objectsize totaltime turnaroundtime referrer useragent versionid hostid sigv ciphersuite \
         authtype endpoint tlsversion accesspointarn aclrequired sourceregion timestamp"
    );
    let expected = [
        "0wner|vault|06/Feb/2019:00:00:38 +0000|192.0.2.3|-|A1|REST.GET.OBJECT|a%2520b|\"GET /a%20b HTTP/1.1\"|200|-|\
         113|99|7|5|\"-\"|\"S3Console/0.4\"|-|h=|SigV4|C|AuthHeader|e|TLSv1.2|-|Yes|eu-west-1|2019/02/06",
        "0wner|vault|06/Feb/2019:00:00:39 +0000|-|svc:x|A2|REST.COPY.OBJECT_GET|k|-|200|-|NULL|5|-|-|-|-|-|h=|SigV4|-|\
         AuthHeader|e|-|-|-|-|2019/02/06",
    ];
    assert_eq!(rows.iter().map(|row| row.join("|")).collect::<Vec<_>>(), expected);

    let sql = "SELECT bucket_arn, acl_required, requester, turn_around_duration, request_time \
               FROM cloudwatch.s3_access_logs";
    let (_, rows) = answer(&session, "values", sql).await;
    let expected = [
        "arn:aws:s3:::vault|false|svc:x|NULL|2019-02-06T00:00:39Z",
        "arn:aws:s3:::vault|true|NULL|5|2019-02-06T00:00:38Z",
    ];
    assert_eq!(rows.iter().map(|row| row.join("|")).collect::<Vec<_>>(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn aliases_that_are_taken_are_refused() {
    let open = async |aliases: &[&str]| {
        let options = SessionOptions {
            inputs: vec![root().join("samples/logs").to_string_lossy().into_owned()],
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            ..SessionOptions::default()
        };
        match Session::open(&options).await {
            Ok(session) => Ok(session),
            Err(error) => Err(error.to_string()),
        }
    };
    for (aliases, problem) in [
        (&["logs"][..], "alias logs: there is already a table with this name"),
        (&["Athena.S3_Access_Logs"], "alias Athena.S3_Access_Logs: there is already a table with this name"),
        (&["db.t", "DB.T"], "alias DB.T: there is already a table with this name"),
        (&["a.b.c.d"], "alias a.b.c.d: not a name"),
        (&["information_schema.t"], "alias information_schema.t: information_schema is read-only"),
    ] {
        let error = open(aliases).await.err().unwrap_or_default();
        assert!(error.starts_with(problem), "{aliases:?}: {error}");
    }
    let session = open(&["mine", "AwsDataCatalog.db.t"]).await.unwrap();
    for table in ["mine", "\"awsdatacatalog\".\"db\".\"t\"", "AwsDataCatalog.db.t"] {
        let sql = format!("SELECT count(*) FROM {table} WHERE httpstatus = '200' AND bytessent > 0");
        assert_ne!(answer(&session, table, &sql).await.1, [["0"]], "{table}");
    }
    let tables = answer(&session, "tables", "SHOW TABLES").await.1.concat();
    assert!(!tables.iter().any(|name| name.contains("s3tablescatalog")), "{tables:?}");
}
