//! `saltmine status`: shows the contents of a dataset and what is missing.

use std::io::{self, Write};

use futures::TryStreamExt;
use indicatif::{DecimalBytes, HumanCount};
use saltmine_lake::{Dataset, Table};
use saltmine_query::{QueryError, Session, SessionOptions};
use serde::Serialize;
use serde_json::Value;

use super::query::block_on;
use crate::args::{ReportFormat, StatusArgs};
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::sanitize::sanitize;
use crate::output::{Target, counted, line_counts};

/// Maximum rows shown of a list.
const MAX_LISTED: usize = 20;

/// Buckets by number of requests.
const BUCKETS: &str =
    "SELECT bucket AS name, count(*) AS rows FROM logs GROUP BY 1 ORDER BY 2 DESC, 1 NULLS LAST";
/// Sources that were not read completely.
const INCOMPLETE: &str = "SELECT log_file AS name, state, problem, rows FROM sources \
     WHERE state NOT IN ('complete', 'same') ORDER BY log_file";
/// Sources with rejected lines.
const REJECTS: &str = "SELECT log_file AS name, sum(rejects) AS rows FROM sources WHERE rejects > 0 GROUP BY 1 \
     ORDER BY 2 DESC, 1";

/// The status of a dataset.
#[derive(Debug, Serialize)]
struct Status {
    dataset: String,
    partition_by: Vec<&'static str>,
    rows: u64,
    first_time: Option<String>,
    last_time: Option<String>,
    files: u64,
    incomplete_files: u64,
    lines: u64,
    parsed: u64,
    rejects: u64,
    blanks: u64,
    removed_duplicates: u64,
    parquet_files: u64,
    bytes: u64,
    pending_rounds: u64,
    buckets: List,
    incomplete: List,
    rejected: List,
}

/// The first rows of a list, and their total number.
#[derive(Debug, Default, Serialize)]
struct List {
    count: u64,
    first: Vec<serde_json::Map<String, Value>>,
}

pub(crate) fn run(args: &StatusArgs) -> Result<ExitCode, CliError> {
    let dataset = Dataset::open(&args.dataset)?;
    let status = block_on(read(&dataset, args.dataset.display().to_string()))?;
    let mut target = Target::open(None)?;
    match args.format {
        ReportFormat::Json => {
            target = target.of_bytes(true);
            serde_json::to_writer_pretty(&mut target, &status).map_err(CliError::json)?;
            writeln!(target)?;
        }
        ReportFormat::Text => text(&status, &mut target)?,
    }
    target.finish()?;
    Ok(ExitCode::Success)
}

async fn read(dataset: &Dataset, name: String) -> Result<Status, CliError> {
    let options = SessionOptions { inputs: vec![name.clone()], ..SessionOptions::default() };
    let session = Session::open(&options).await?;
    let coverage = session.coverage().await?;
    let (mut parquet_files, mut bytes, mut removed_duplicates) = (0, 0, 0);
    for table in Table::ALL.into_iter().chain([Table::Duplicates]) {
        if !dataset.has(table)? {
            continue;
        }
        let files = dataset.files(table)?;
        parquet_files += files.len() as u64;
        bytes += files.iter().map(|file| file.size).sum::<u64>();
        if table == Table::Duplicates {
            removed_duplicates = count(&session, "duplicates").await?;
        }
    }
    Ok(Status {
        dataset: name,
        partition_by: dataset.partition_by().columns().to_vec(),
        rows: count(&session, "logs").await?,
        first_time: coverage.first_time.map(|time| time.to_string()),
        last_time: coverage.last_time.map(|time| time.to_string()),
        files: coverage.files,
        incomplete_files: coverage.incomplete,
        lines: coverage.lines,
        parsed: coverage.rows,
        rejects: coverage.rejects,
        blanks: coverage.blanks,
        removed_duplicates,
        parquet_files,
        bytes,
        pending_rounds: dataset.pending_rounds()?,
        buckets: list(&session, BUCKETS).await?,
        incomplete: list(&session, INCOMPLETE).await?,
        rejected: list(&session, REJECTS).await?,
    })
}

async fn count(session: &Session, table: &str) -> Result<u64, CliError> {
    let rows = list(session, &format!("SELECT count(*) AS rows FROM {table}")).await?;
    Ok(rows.first.first().and_then(|row| row.get("rows")?.as_u64()).unwrap_or(0))
}

async fn list(session: &Session, sql: &str) -> Result<List, CliError> {
    let mut stream = session.sql(sql, &Default::default()).await?;
    let mut list = List::default();
    while let Some(batch) = stream.try_next().await.map_err(QueryError::from)? {
        list.count += batch.num_rows() as u64;
        let room = MAX_LISTED.saturating_sub(list.first.len()).min(batch.num_rows());
        list.first.extend(crate::output::objects(&batch.slice(0, room))?);
    }
    Ok(list)
}

fn text(status: &Status, out: &mut impl Write) -> io::Result<()> {
    let Status { lines, parsed, rejects, blanks, pending_rounds, .. } = status;
    let time = |time: &Option<String>| time.clone().unwrap_or_else(|| "-".to_owned());
    writeln!(out, "Dataset     {}", sanitize(&status.dataset))?;
    writeln!(out, "Requests    {}", HumanCount(status.rows))?;
    writeln!(out, "Time range  {} to {}", time(&status.first_time), time(&status.last_time))?;
    writeln!(out, "Sources     {}, {} incomplete", counted(status.files, "file"), status.incomplete_files)?;
    writeln!(out, "Lines       {}", line_counts(*lines, *parsed, *rejects, *blanks))?;
    if status.removed_duplicates > 0 {
        writeln!(
            out,
            "Duplicates  {} removed by compact --dedup",
            counted(status.removed_duplicates, "row")
        )?;
    }
    let (size, files) = (DecimalBytes(status.bytes), counted(status.parquet_files, "Parquet file"));
    writeln!(out, "Size        {size} in {files}, partitioned by {}", status.partition_by.join(", "))?;
    if *pending_rounds > 0 {
        writeln!(
            out,
            "Pending     {}: another run is writing or was interrupted; the next ingest completes or removes it",
            counted(*pending_rounds, "round")
        )?;
    }
    section(out, "Buckets", &status.buckets, |row| {
        format!("{:>12}  {}", cell(row, "rows"), cell(row, "name"))
    })?;
    section(out, "Incomplete sources", &status.incomplete, |row| {
        let rows = cell(row, "rows").parse().unwrap_or(0);
        let (name, state, problem) = (cell(row, "name"), cell(row, "state"), cell(row, "problem"));
        format!("{name}: {state}: {problem} ({} before that)", counted(rows, "row"))
    })?;
    section(out, "Rejected lines", &status.rejected, |row| {
        format!("{:>12}  {}", cell(row, "rows"), cell(row, "name"))
    })
}

fn section(
    out: &mut impl Write,
    heading: &str,
    list: &List,
    line: impl Fn(&serde_json::Map<String, Value>) -> String,
) -> io::Result<()> {
    if list.count == 0 {
        return Ok(());
    }
    writeln!(out, "\n{heading} ({})", list.count)?;
    for row in &list.first {
        writeln!(out, "  {}", sanitize(&line(row)))?;
    }
    let more = list.count.saturating_sub(list.first.len() as u64);
    if more > 0 {
        writeln!(out, "  + {more} more")?;
    }
    Ok(())
}

fn cell(row: &serde_json::Map<String, Value>, name: &str) -> String {
    match row.get(name) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
