//! Raw files and the dataset ingested from them give the same answers: every catalogue query, and statements that read
//! a table several times, on realistic evidence with copies, renamed, merged and damaged files.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::{ExecutionPlanProperties, execute_stream};
use futures::{StreamExt, TryStreamExt};
use saltmine_lake::{IngestRequest, Silent, ingest};
use saltmine_query::catalogue::{Catalogue, Query};
use saltmine_query::{Params, Session, SessionOptions, datafusion};

/// The samples as a folder of evidence that several people have handled: one source is renamed, one has another date in
/// its name, two are merged, some exist two or three times under other names, in other folders or as a link; some lines
/// are not log lines.
fn evidence() -> tempfile::TempDir {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for input in ["attack", "json"] {
        copy(&samples.join(input), &root.join(input));
    }
    let files = files(root);
    let file = |index: usize| &files[index];
    fs::create_dir_all(root.join("again/deeper")).unwrap();
    fs::copy(file(0), root.join("again").join(file(0).file_name().unwrap())).unwrap();
    fs::copy(file(1), root.join("again/deeper/other-name")).unwrap();
    fs::copy(file(1), root.join("again/2019-01-01-00-00-00-0123456789ABCDEF")).unwrap();
    fs::rename(file(2), root.join("access.log")).unwrap();
    fs::rename(file(3), root.join("2031-01-01-00-00-00-0123456789ABCDEF")).unwrap();
    let merged = [fs::read(file(4)).unwrap(), fs::read(file(5)).unwrap()].concat();
    fs::write(root.join("merged"), merged).unwrap();
    fs::remove_file(file(4)).unwrap();
    fs::remove_file(file(5)).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(file(0), root.join("link")).unwrap();
    fs::write(root.join("junk"), "no line of a log\n\nnor this\n".repeat(3000)).unwrap();
    fs::write(root.join("junk-again"), "no line of a log\n\nnor this\n".repeat(3000)).unwrap();
    fs::write(root.join("empty"), "").unwrap();
    fs::write(root.join("empty-too"), "").unwrap();
    folder
}

fn copy(from: &Path, to: &Path) {
    for path in files(from) {
        let target = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(path, target).unwrap();
    }
}

/// The files below a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

async fn session(inputs: &[&Path]) -> Session {
    let inputs = inputs.iter().map(|input| input.to_string_lossy().into_owned()).collect();
    let session =
        Session::open(&SessionOptions { inputs, threads: 3, ..SessionOptions::default() }).await.unwrap();
    let field = |name: &str, data_type| Field::new(name, data_type, true);
    let inventory = Schema::new(vec![
        field("bucket", DataType::Utf8),
        field("key", DataType::Utf8),
        field("size", DataType::Int64),
        field("last_modified_date", DataType::Utf8),
    ]);
    session.context().register_batch("inventory", RecordBatch::new_empty(Arc::new(inventory))).unwrap();
    session
}

/// All rows, sorted.
async fn rows(session: &Session, sql: &str, params: &Params) -> Vec<String> {
    let stream = session.sql(sql, params).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    collected(sql, stream).await
}

/// All rows of a catalogue query, sorted.
async fn answers(session: &Session, query: &Query) -> Vec<String> {
    let params = query.params(&[]).unwrap();
    let stream = session.ask(query, &params).await.unwrap_or_else(|error| panic!("{}: {error}", query.name));
    collected(&query.name, stream).await
}

async fn collected(sql: &str, stream: SendableRecordBatchStream) -> Vec<String> {
    let batches: Vec<RecordBatch> =
        stream.try_collect().await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let mut rows = Vec::new();
    for batch in &batches {
        let options = FormatOptions::default().with_null("NULL");
        let columns: Vec<_> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        rows.extend((0..batch.num_rows()).map(|row| {
            columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join(" | ")
        }));
    }
    rows.sort_unstable();
    rows
}

struct Pair {
    raw: Session,
    dataset: Session,
    _folders: [tempfile::TempDir; 2],
}

async fn pair() -> Pair {
    let (evidence, lake) = (evidence(), tempfile::tempdir().unwrap());
    let sources = saltmine_scan::discover(&[evidence.path().to_string_lossy().into_owned()]).unwrap();
    let dataset = lake.path().join("lake");
    let request = IngestRequest {
        sources: &sources,
        dataset: &dataset,
        partition_by: None,
        jobs: 1,
        strict: false,
        stop: None,
    };
    ingest(&request, &Silent).unwrap();
    let raw = session(&[evidence.path()]).await;
    let dataset = session(&[&dataset]).await;
    Pair { raw, dataset, _folders: [evidence, lake] }
}

const OWN: &[&str] = &[
    "SELECT * FROM logs",
    "SELECT * FROM rejects",
    "SELECT log_file, size, inflated_size, lines, rows, rejects, blanks, state, problem, first_time, last_time, url FROM sources \
     WHERE state <> 'same'",
    "SELECT count(*), sum(bytes_sent), count(DISTINCT request_id), count(DISTINCT log_file) FROM logs",
    "SELECT (SELECT sum(rows) FROM sources) = (SELECT count(*) FROM logs), \
            (SELECT sum(rejects) FROM sources) = (SELECT count(*) FROM rejects)",
    "SELECT a.log_file, a.log_line, b.log_line FROM logs a JOIN logs b ON a.request_id = b.request_id ORDER BY 1, 2, 3",
    "SELECT a.log_file, a.log_line FROM logs a JOIN (SELECT log_file, max(log_line) AS last FROM logs GROUP BY 1 ORDER BY 1) b \
     ON a.log_file = b.log_file AND a.log_line = b.last ORDER BY a.request_time",
    "SELECT l.log_file, count(*), max(s.rows) FROM logs l JOIN sources s ON s.log_file = l.log_file GROUP BY 1",
    "SELECT count(*) FROM (SELECT * FROM logs UNION ALL SELECT * FROM logs UNION ALL SELECT * FROM logs)",
    "SELECT operation, count(*) FROM logs l WHERE EXISTS (SELECT 1 FROM logs m WHERE m.key = l.key AND m.http_status >= 400) \
     GROUP BY 1",
    "SELECT requester, request_time, row_number() OVER (PARTITION BY requester ORDER BY request_time, log_file, log_line) \
     FROM logs WHERE http_status = 403",
    "WITH RECURSIVE r AS (SELECT 0 AS n, CAST(0 AS bigint) AS c UNION ALL \
       SELECT r.n + 1, x.c FROM r JOIN (SELECT count(*) AS c FROM logs WHERE http_status >= 200) x ON true WHERE r.n < 4) \
     SELECT n, c FROM r",
    "WITH RECURSIVE r AS (SELECT log_file, log_line, 0 AS depth FROM logs WHERE log_line = 1 UNION ALL \
       SELECT l.log_file, l.log_line, r.depth + 1 FROM r JOIN logs l ON l.log_file = r.log_file AND l.log_line = r.log_line + 1 \
       WHERE r.depth < 5) SELECT log_file, log_line, depth FROM r",
    "WITH RECURSIVE r AS (SELECT 0 AS n, CAST(0 AS bigint) AS c UNION ALL \
       SELECT r.n + 1, (SELECT count(*) FROM rejects) FROM r WHERE r.n < 3) SELECT n, c FROM r",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_question_has_the_same_answer() {
    let pair = pair().await;
    let mut found = 0;
    for sql in OWN {
        let expected = rows(&pair.dataset, sql, &Params::new()).await;
        assert!(!expected.is_empty(), "{sql}");
        let raw = rows(&pair.raw, sql, &Params::new()).await;
        assert!(
            raw == expected,
            "{sql}: {} rows, {} of the dataset:\n{}",
            raw.len(),
            expected.len(),
            first_difference(&raw, &expected)
        );
    }
    for query in Catalogue::builtin().unwrap().queries() {
        let expected = answers(&pair.dataset, query).await;
        let raw = answers(&pair.raw, query).await;
        assert!(
            raw == expected,
            "{}: {} rows, {} of the dataset:\n{}",
            query.name,
            raw.len(),
            expected.len(),
            first_difference(&raw, &expected)
        );
        found += expected.len();
    }
    assert!(found > 200, "{found} rows are too few to compare anything");
}

fn first_difference(a: &[String], b: &[String]) -> String {
    let only = |these: &[String], those: &[String]| {
        these.iter().find(|row| !those.contains(row)).cloned().unwrap_or_default()
    };
    format!("raw only: {}\ndataset only: {}", only(a, b), only(b, a))
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_named() {
    let pair = pair().await;
    let report = pair.raw.scan_report();
    let copies: Vec<_> =
        report.copies.iter().map(|(copy, original)| (copy.as_str(), original.as_str())).collect();
    let named = |name: &str| copies.iter().any(|(copy, original)| *copy == name || *original == name);
    for name in [
        "again/deeper/other-name",
        "again/2019-01-01-00-00-00-0123456789ABCDEF",
        "link",
        "junk-again",
        "empty-too",
    ] {
        assert!(named(name), "{name} is not among {copies:?}");
    }
    let same = rows(
        &pair.raw,
        "SELECT log_file, lines, rows, state, problem FROM sources WHERE state = 'same'",
        &Params::new(),
    )
    .await;
    let expected: Vec<String> = copies
        .iter()
        .map(|(copy, original)| format!("{copy} | 0 | 0 | same | same content as {original}"))
        .collect();
    assert_eq!(same, expected);
}

/// The same file by several paths.
#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_is_given_twice_is_read_once() {
    let folder = evidence();
    let log = folder.path().join("merged");
    let once = session(&[&log]).await;
    let count = rows(&once, "SELECT count(*) FROM logs", &Params::new()).await;
    let dotted = folder.path().join("again/../merged");
    for inputs in [vec![log.as_path(), &log], vec![log.as_path(), &dotted], vec![folder.path(), &log]] {
        let twice = session(&inputs).await;
        let files = "SELECT count(*) FROM logs WHERE log_file LIKE '%merged'";
        assert_eq!(rows(&twice, files, &Params::new()).await, count, "{inputs:?}");
    }
}

/// A plan on raw files can be executed in part, dropped halfway, and executed again.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_can_be_executed_again() {
    let folder = evidence();
    let session = session(&[folder.path()]).await;
    let expected: i64 = rows(&session, "SELECT count(*) FROM logs", &Params::new()).await[0].parse().unwrap();
    let plan = session
        .context()
        .sql("SELECT log_line FROM logs")
        .await
        .unwrap()
        .create_physical_plan()
        .await
        .unwrap();
    let context = session.context().task_ctx();
    for partition in 0..plan.output_partitioning().partition_count() {
        let mut part = plan.execute(partition, Arc::clone(&context)).unwrap();
        let _ = part.next().await;
    }
    let mut part = plan.execute(0, Arc::clone(&context)).unwrap();
    let _ = part.next().await;
    for _ in 0..2 {
        let rows: Vec<RecordBatch> =
            execute_stream(Arc::clone(&plan), Arc::clone(&context)).unwrap().try_collect().await.unwrap();
        assert_eq!(rows.iter().map(RecordBatch::num_rows).sum::<usize>() as i64, expected);
    }
    drop(part);
}

/// A batch contains the rejects of at most one block, however many lines are rejected.
#[tokio::test(flavor = "multi_thread")]
async fn rejects_come_in_batches() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("junk");
    let lines = 600_000;
    fs::write(&log, "x\n".repeat(lines)).unwrap();
    let session = session(&[&log]).await;
    let mut stream = session.sql("SELECT raw FROM rejects", &Params::new()).await.unwrap();
    let (mut total, mut most) = (0, 0);
    while let Some(batch) = stream.next().await {
        let batch = batch.unwrap();
        total += batch.num_rows();
        most = most.max(batch.num_rows());
    }
    assert_eq!(total, lines);
    assert!(most <= 200_000, "{most} rejects at once");
    let report = session.scan_report();
    assert_eq!(report.rejects(), lines as u64);
    assert!(report.sources.values().all(|source| source.rejected.len() == 1));
}

/// Rejected lines can be long, so nothing between the scan and an aggregation collects thousands of them.
#[tokio::test]
async fn rejects_are_not_collected_for_distribution() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("junk");
    fs::write(&log, "x\n").unwrap();
    let inputs = vec![log.display().to_string()];
    let session = Session::open(&SessionOptions { inputs, threads: 4, ..Default::default() }).await.unwrap();
    let sql = "SELECT count(*), max(length(raw)) FROM rejects";
    let frame = session.context().sql(sql).await.unwrap();
    let plan = frame.create_physical_plan().await.unwrap();
    let shown = datafusion::physical_plan::displayable(plan.as_ref()).indent(false).to_string();
    assert!(shown.contains("StreamingTableExec") && !shown.contains("RepartitionExec"), "{shown}");
}

/// Threads that execute plans do not wait for files: with a single thread, other plans progress while a pipe is silent.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_blocked_file_does_not_stop_other_plans() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    if !std::process::Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()) {
        return;
    }
    let session = session(&[&pipe]).await;
    let counting = tokio::spawn(async move {
        let batches: Vec<RecordBatch> = session
            .sql("SELECT count(*) FROM logs", &Params::new())
            .await
            .unwrap()
            .try_collect()
            .await
            .unwrap();
        batches[0].column(0).as_primitive::<Int64Type>().value(0)
    });
    // The only thread of the runtime does other work while the pipe has no writer.
    for _ in 0..20 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        tokio::spawn(async {}).await.unwrap();
    }
    assert!(!counting.is_finished());
    tokio::task::spawn_blocking(move || fs::write(pipe, "junk\n").unwrap()).await.unwrap();
    assert_eq!(counting.await.unwrap(), 0);
}
