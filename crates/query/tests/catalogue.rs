//! Every query of the catalogue runs on the samples, returns the columns of its header, and finds the attacks that it should.
//!
//! `SALTMINE_BLESS=1` rewrites the expected answers (`queries/PACK/NAME.expected`) and the generated part of
//! `queries/README.md`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::TryStreamExt;
use saltmine_query::catalogue::{Catalogue, Kind, Query, STANDARD_COLUMNS, Severity};
use saltmine_query::hunt::{HuntOptions, hunt};
use saltmine_query::{Session, SessionOptions, datafusion};

/// Maximum rows kept of an answer, in addition to their number.
const KEPT: usize = 12;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

async fn session(input: &Path) -> Session {
    let inputs = vec![input.to_string_lossy().into_owned()];
    let session =
        Session::open(&SessionOptions { inputs, threads: 2, ..SessionOptions::default() }).await.unwrap();
    // The only query that joins another table gets an empty inventory.
    let field = |name: &str, data_type| Field::new(name, data_type, true);
    let inventory = Schema::new(vec![
        field("bucket", DataType::Utf8),
        field("key", DataType::Utf8),
        field("size", DataType::Int64),
        field("last_modified_date", DataType::Utf8),
    ]);
    let batch = RecordBatch::new_empty(Arc::new(inventory));
    session.context().register_batch("inventory", batch).unwrap();
    session
}

async fn answer(session: &Session, query: &Query) -> (Vec<String>, Vec<Vec<String>>) {
    let params = query.params(&[]).unwrap();
    let stream = session.ask(query, &params).await.unwrap_or_else(|error| panic!("{}: {error}", query.name));
    let columns: Vec<String> = stream.schema().fields().iter().map(|field| field.name().clone()).collect();
    let batches: Vec<RecordBatch> =
        stream.try_collect().await.unwrap_or_else(|error| panic!("{}: {error}", query.name));
    let mut rows = Vec::new();
    for batch in &batches {
        let options = FormatOptions::default().with_null("NULL");
        let formatters: Vec<ArrayFormatter<'_>> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        for row in 0..batch.num_rows() {
            rows.push(formatters.iter().map(|formatter| formatter.value(row).to_string()).collect());
        }
    }
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

#[tokio::test(flavor = "multi_thread")]
async fn answers_over_the_samples_are_as_expected() {
    let bless = std::env::var_os("SALTMINE_BLESS").is_some();
    let logs = session(&root().join("samples/logs")).await;
    let attack = session(&root().join("samples/attack")).await;
    let mut wrong = Vec::new();
    for query in Catalogue::builtin().unwrap().queries() {
        let mut text = String::new();
        for (name, session) in [("logs", &logs), ("attack", &attack)] {
            let (columns, rows) = answer(session, query).await;
            let documented: Vec<&String> = query.columns.iter().map(|column| &column.name).collect();
            assert_eq!(columns.iter().collect::<Vec<_>>(), documented, "columns of {}", query.name);
            let _ = write!(text, "samples/{name}: {}", render(&columns, &rows));
        }
        let path = root().join("queries").join(&query.path).with_extension("expected");
        if bless {
            std::fs::write(&path, &text).unwrap();
        } else if std::fs::read_to_string(&path).unwrap_or_default() != text {
            wrong.push(format!("{}:\n{text}", query.name));
        }
    }
    assert!(wrong.is_empty(), "answers differ:\n{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_runs_on_empty_logs() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("empty"), "").unwrap();
    let session = session(folder.path()).await;
    for query in Catalogue::builtin().unwrap().queries() {
        let (_, rows) = answer(&session, query).await;
        assert!(rows.is_empty(), "{}: {rows:?}", query.name);
    }
}

/// Anyone who can add a log file can forge numbers and years. No query fails because of them.
#[tokio::test(flavor = "multi_thread")]
async fn every_query_runs_over_odd_times_and_sizes() {
    let operations = [
        "REST.GET.OBJECT",
        "REST.PUT.OBJECT",
        "REST.PUT.PART",
        "REST.POST.UPLOAD",
        "REST.COPY.OBJECT_GET",
        "REST.DELETE.OBJECT",
        "S3.EXPIRE.OBJECT",
        "S3.TRANSITION_GIR.OBJECT",
        "REST.POST.RESTORE",
        "REST.GET.BUCKET",
    ];
    let user = "arn:aws:iam::111122223333:user/ada";
    let role = "arn:aws:sts::444455556666:assumed-role/etl/i-0abc";
    let most = i64::MAX;
    let mut text = String::new();
    for year in [2007, 2026, 2098] {
        for (operation, requester) in
            operations.iter().flat_map(|name| ["-", user, role].map(|who| (*name, who)))
        {
            for (status, access) in [("200", "AuthHeader"), ("206", "QueryString"), ("403", "-")] {
                let line = format!(
                    "0wner vault [02/May/{year}:10:00:00 +0000] 198.51.100.7 {requester} 7QK3EXAMPLE {operation} k \
                     \"GET /k HTTP/1.1\" {status} - {most} {most} {most} {most} \"https://a.example/\" \"agent\" - host SigV4 - {access} h \
                     - - - -\n"
                );
                text += &line.repeat(2);
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("log"), text).unwrap();
    let session = session(folder.path()).await;
    let mut answered = 0;
    for query in Catalogue::builtin().unwrap().queries() {
        answered += usize::from(!answer(&session, query).await.1.is_empty());
    }
    assert!(answered > 20, "{answered} queries had rows");
    assert_eq!(session.scan_report().rejects(), 0, "every line reads");
}

/// Each attack is found by the detections meant for it, and they report nothing else as high or critical.
#[tokio::test(flavor = "multi_thread")]
async fn each_attack_is_found_by_its_detections() {
    let text = std::fs::read_to_string(root().join("samples/expected/attack/scenarios.json")).unwrap();
    let scenarios: serde_json::Value = serde_json::from_str(&text).unwrap();
    let session = session(&root().join("samples/attack")).await;
    let catalogue = Catalogue::builtin().unwrap();
    let mut found: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    for query in catalogue.queries().filter(|query| query.kind == Kind::Detection) {
        let (columns, rows) = answer(&session, query).await;
        let at = |name: &str| columns.iter().position(|column| column == name).unwrap();
        let kept = STANDARD_COLUMNS.map(at);
        let severity = columns.iter().position(|column| column == "severity");
        let pick = |row: &Vec<String>| {
            let own = severity.map_or(query.severity.as_str(), |index| row[index].as_str()).to_owned();
            kept.iter().map(|index| row[*index].clone()).chain([own]).collect()
        };
        found.insert(query.name.clone(), rows.iter().map(pick).collect());
    }
    let texts = |scenario: &serde_json::Value, key: &str| -> Vec<String> {
        scenario[key].as_array().unwrap().iter().map(|value| value.as_str().unwrap().to_owned()).collect()
    };
    for scenario in scenarios.as_array().unwrap() {
        let buckets = texts(scenario, "buckets");
        for name in texts(scenario, "expects") {
            let rows = &found[&name];
            assert!(
                rows.iter().any(|row| buckets.contains(&row[2])),
                "{name} misses {}",
                scenario["scenario"]
            );
        }
    }
    for query in catalogue.queries() {
        let is_grave =
            |row: &&Vec<String>| row.last().and_then(|word| Severity::parse(word)) >= Some(Severity::High);
        for row in found.get(&query.name).into_iter().flatten().filter(is_grave) {
            let of_attack = scenarios.as_array().unwrap().iter().any(|scenario| {
                texts(scenario, "expects").contains(&query.name)
                    && texts(scenario, "buckets").contains(&row[2])
            });
            assert!(of_attack, "{} reports something other than its attack: {row:?}", query.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hunt_ranks_its_findings_and_shows_lines() {
    let session = session(&root().join("samples/attack")).await;
    let catalogue = Catalogue::builtin().unwrap();
    let report = hunt(&session, &catalogue, &HuntOptions::default(), &|_| {}).await.unwrap();
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert_eq!(report.max_severity(), Some(Severity::Critical));
    assert!(report.findings.windows(2).all(|pair| pair[0].severity >= pair[1].severity));
    for finding in &report.findings {
        assert!((1..=3).contains(&finding.examples.len()), "{finding:?}");
        assert!(finding.first_seen <= finding.last_seen && finding.first_seen.is_some(), "{finding:?}");
    }
    serde_json::to_string(&report).unwrap();

    // 7 March 2026, 00:00 to 24:00: the exfiltration of that night, but not the mass delete of the 5th.
    let night = SessionOptions {
        inputs: vec![root().join("samples/attack").to_string_lossy().into_owned()],
        since: Some(1_772_841_600_000_000),
        until: Some(1_772_928_000_000_000),
        ..SessionOptions::default()
    };
    let night = Session::open(&night).await.unwrap();
    let report = hunt(&night, &catalogue, &HuntOptions::default(), &|_| {}).await.unwrap();
    let names: Vec<&str> = report.findings.iter().map(|finding| finding.query.as_str()).collect();
    assert!(names.contains(&"bulk-read") && !names.contains(&"mass-delete"), "{names:?}");

    let other = HuntOptions { packs: vec!["nothing".into()], ..HuntOptions::default() };
    assert!(
        hunt(&session, &catalogue, &other, &|_| {}).await.unwrap_err().to_string().contains("destruction")
    );
}

/// Recounts the requests and times of every actor of a finding from the records.
#[tokio::test(flavor = "multi_thread")]
async fn every_actor_is_recounted_from_the_records() {
    let session = session(&root().join("samples/attack")).await;
    let report =
        hunt(&session, &Catalogue::builtin().unwrap(), &HuntOptions::default(), &|_| {}).await.unwrap();
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let mut recounted = 0;
    for finding in &report.findings {
        for who in &finding.who {
            let mut wanted = vec!["true".to_owned()];
            if let Some(requester) = &who.requester {
                wanted.push(format!("(requester = {0} OR principal(requester) = {0})", quoted(requester)));
            } else if who.columns.get("principal").is_some_and(|principal| principal == "anonymous") {
                wanted.push("requester IS NULL".to_owned());
            }
            let bucket = who.bucket.as_ref().map(|bucket| format!("bucket = {}", quoted(bucket)));
            let address = who.remote_ip.as_ref().map(|address| format!("remote_ip = {}", quoted(address)));
            wanted.extend(bucket.into_iter().chain(address));
            let (Some(first), Some(last)) = (&who.first_seen, &who.last_seen) else { continue };
            let sql = format!(
                "SELECT count(*) AS requests, count(*) FILTER (WHERE request_time = {first}) AS at_first, \
                        count(*) FILTER (WHERE request_time = {last}) AS at_last \
                 FROM logs WHERE request_time BETWEEN {first} AND {last} AND {}",
                wanted.join(" AND "),
                first = format_args!("TIMESTAMP '{first}'"),
                last = format_args!("TIMESTAMP '{last}'"),
            );
            let batches = session.context().sql(&sql).await.unwrap().collect().await.unwrap();
            let count = |column: usize| {
                let counts = batches[0].column(column).as_any();
                counts.downcast_ref::<datafusion::arrow::array::Int64Array>().unwrap().value(0)
            };
            let stated = (&finding.query, who);
            assert!(count(0) >= who.events && who.events > 0, "{} requests: {stated:?}", count(0));
            assert!(count(1) > 0 && count(2) > 0, "first and last belong to others: {stated:?}");
            if who.remote_ip.is_none() {
                assert!(who.addresses.is_none_or(|addresses| addresses != 1), "{stated:?}");
            }
            recounted += 1;
        }
    }
    assert!(recounted > 20);
}

/// Markers around the generated part of `queries/README.md`.
const GENERATED: [&str; 2] = [
    "<!-- Generated from the headers; written by: SALTMINE_BLESS=1 cargo test --workspace --test catalogue -->\n",
    "<!-- End of the generated part -->\n",
];

/// Text of a header as a Markdown sentence.
fn sentence(text: &str) -> String {
    let text = text.trim().replace('<', "&lt;").replace('*', "\\*");
    if text.ends_with(['.', '?', '!']) { text } else { text + "." }
}

fn paragraph(query: &Query) -> String {
    let kind = if query.kind == Kind::Detection { "detection" } else { "report" };
    let attack = query.attack.iter().map(|id| format!(", {id}")).collect::<String>();
    let mut text = format!("**{}** ({kind}, {}{attack}): ", query.name, query.severity.as_str());
    text += &format!("{} {}", sentence(&query.title), sentence(&query.question));
    let parameters: Vec<String> = query
        .parameters
        .iter()
        .map(|parameter| match parameter.default.as_str() {
            "" => format!("`{}` (empty)", parameter.name),
            default => format!("`{} = {default}`", parameter.name),
        })
        .collect();
    if !parameters.is_empty() {
        text += &format!(" Parameters: {}.", parameters.join(", "));
    }
    text += &format!(" Known false positives: {}", sentence(&query.false_positives));
    if let Some(cannot_tell) = &query.cannot_tell {
        text += &format!(" Not in the logs: {}", sentence(cannot_tell));
    }
    text + "\n"
}

fn generated(catalogue: &Catalogue) -> String {
    let mut text = String::new();
    for pack in catalogue.packs() {
        let _ = writeln!(text, "\n### {pack}");
        for query in catalogue.queries().filter(|query| query.pack == pack) {
            let _ = write!(text, "\n{}", paragraph(query));
        }
    }
    text + "\n"
}

/// The README of the catalogue has one paragraph per query.
#[test]
fn the_readme_describes_every_query() {
    let path = root().join("queries/README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(GENERATED[0]).expect("the first marker");
    let (found, after) = rest.split_once(GENERATED[1]).expect("the second marker");
    let expected = generated(&Catalogue::builtin().unwrap());
    if std::env::var_os("SALTMINE_BLESS").is_some() {
        let text = [before, GENERATED[0], &expected, GENERATED[1], after].concat();
        std::fs::write(&path, text).unwrap();
    } else {
        assert_eq!(found, expected, "bless queries/README.md");
    }
}
