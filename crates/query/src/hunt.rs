//! The hunt: all detections of the catalogue in one session, the gravest findings first.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::DataFusionError;
use datafusion::prelude::{SessionContext, col, lit};
use futures::{FutureExt, StreamExt, TryStreamExt};
use serde::Serialize;

use crate::catalogue::{Catalogue, Kind, Query, Severity};
use crate::error::QueryError;
use crate::redact::Redactor;
use crate::session::Session;
use crate::sql;

/// Rows of a detection that are shown; all are counted.
const SHOWN: usize = 5;
/// Detections that run at a time: the parts of one that a single thread does leave the others something to do.
const AT_ONCE: usize = 2;
/// Examples of a finding.
const EXAMPLES: usize = 3;

/// What to hunt for.
#[derive(Clone, Debug, Default)]
pub struct HuntOptions {
    /// Packs; all when empty.
    pub packs: Vec<String>,
    /// How the input, and what else limits it, is written in the commands that are proposed.
    pub input: String,
}

/// What a hunt found.
#[derive(Clone, Debug, Serialize)]
pub struct HuntReport {
    /// The gravest first; of equal ones those with more events.
    pub findings: Vec<Finding>,
    /// Detections that ran and found nothing.
    pub quiet: Vec<String>,
    /// Detections that could not run, and why.
    pub failed: Vec<Failed>,
}

impl HuntReport {
    /// The gravest severity found; `None` where nothing was.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}

/// A detection that could not run.
#[derive(Clone, Debug, Serialize)]
pub struct Failed {
    /// The query's name.
    pub query: String,
    /// Why.
    pub problem: String,
}

/// A detection that found something. All texts but the catalogue's come from the log and may be hostile.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The query's name.
    pub query: String,
    /// Its pack.
    pub pack: String,
    /// Its title.
    pub title: String,
    /// What it asks.
    pub question: String,
    /// How bad it is.
    pub severity: Severity,
    /// Id of a MITRE ATT&CK technique.
    pub attack: Option<String>,
    /// How many rows the detection gave.
    pub rows: u64,
    /// Requests in all of these rows.
    pub events: i64,
    /// Time of the first of them.
    pub first_seen: Option<String>,
    /// Time of the last of them.
    pub last_seen: Option<String>,
    /// The first rows: who, from where, on what, how often.
    pub who: Vec<Who>,
    /// Up to three examples.
    pub examples: Vec<Example>,
    /// The command that shows all rows.
    pub dig_deeper: String,
    /// What would make it no finding.
    pub false_positives: String,
}

/// One row of a detection, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Who {
    /// Null is anonymous.
    pub requester: Option<String>,
    /// Address, of several one.
    pub remote_ip: Option<String>,
    /// Bucket, of several one.
    pub bucket: Option<String>,
    /// Requests.
    pub events: i64,
    /// Time of the first.
    pub first_seen: Option<String>,
    /// Time of the last.
    pub last_seen: Option<String>,
    /// Up to three `log_file:log_line`.
    pub evidence: Vec<String>,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Example {
    /// `log_file:log_line`.
    pub place: String,
    /// When.
    pub request_time: Option<String>,
    /// What.
    pub operation: Option<String>,
    /// On which key, as logged.
    pub key: Option<String>,
    /// The status.
    pub http_status: Option<String>,
}

impl Who {
    fn redact(&mut self, redactor: &Redactor) {
        let change = |text: &mut Option<String>, how: &dyn Fn(&str) -> String| {
            if let Some(text) = text {
                *text = how(text);
            }
        };
        let text = |text: &str| redactor.text(text).into_owned();
        change(&mut self.requester, &|requester| redactor.principal(requester).into_owned());
        change(&mut self.remote_ip, &|address| redactor.address(address).into_owned());
        change(&mut self.bucket, &text);
        self.evidence.iter_mut().for_each(|place| *place = text(place));
    }
}

impl Example {
    fn redact(&mut self, redactor: &Redactor) {
        self.place = redactor.text(&self.place).into_owned();
        for text in [&mut self.operation, &mut self.key].into_iter().flatten() {
            *text = redactor.text(text).into_owned();
        }
    }
}

/// Runs the detections of a catalogue.
///
/// # Errors
/// Where a pack is unknown. A detection that fails does not stop the others.
pub async fn hunt(
    session: &Session,
    catalogue: &Catalogue,
    options: &HuntOptions,
) -> Result<HuntReport, QueryError> {
    let known = catalogue.packs();
    if let Some(pack) = options.packs.iter().find(|pack| !known.contains(&pack.as_str())) {
        return Err(QueryError::UnknownPack { name: pack.clone(), known: known.join(", ") });
    }
    let mut report = HuntReport { findings: Vec::new(), quiet: Vec::new(), failed: Vec::new() };
    let wanted = |query: &&Query| {
        query.kind == Kind::Detection && (options.packs.is_empty() || options.packs.contains(&query.pack))
    };
    let detection = |query| async move { (query, detect(session, query, options).await) }.boxed();
    let detections: Vec<_> = catalogue.queries().filter(wanted).map(detection).collect();
    let detections: Vec<_> = futures::stream::iter(detections).buffered(AT_ONCE).collect().await;
    for (query, detected) in detections {
        match detected {
            Ok(Some(finding)) => report.findings.push(finding),
            Ok(None) => report.quiet.push(query.name.clone()),
            Err(error) => {
                // A message may quote values.
                let is_telling = session.redactor().is_some() && matches!(error, QueryError::Sql(_));
                let error = if is_telling { QueryError::Hidden } else { error };
                report.failed.push(Failed { query: query.name.clone(), problem: error.to_string() });
            }
        }
    }
    report.findings.sort_by(|a, b| (b.severity, b.events, &a.query).cmp(&(a.severity, a.events, &b.query)));
    Ok(report)
}

async fn detect(
    session: &Session,
    query: &Query,
    options: &HuntOptions,
) -> Result<Option<Finding>, QueryError> {
    // What is built in looks at the true values; what it finds is redacted at the end.
    let context = if query.is_builtin { session.unredacted() } else { session.context() };
    let mut stream = sql::run(context, &query.sql, &query.params(&[])?, false).await?.rows;
    let (mut rows, mut events) = (0, 0);
    let (mut first, mut last): (Option<String>, Option<String>) = (None, None);
    let mut who = Vec::new();
    while let Some(batch) = stream.try_next().await? {
        for row in read(&batch)? {
            rows += 1;
            events += row.events;
            // Times of one form, so that their text sorts as they do.
            first = [first, row.first_seen.clone()].into_iter().flatten().min();
            last = last.max(row.last_seen.clone());
            if who.len() < SHOWN {
                who.push(row);
            }
        }
    }
    if rows == 0 {
        return Ok(None);
    }
    let mut examples = examples(context, &who).await?;
    if let Some(redactor) = session.redactor().filter(|_| query.is_builtin) {
        who.iter_mut().for_each(|who| who.redact(redactor));
        examples.iter_mut().for_each(|example| example.redact(redactor));
    }
    Ok(Some(Finding {
        query: query.name.clone(),
        pack: query.pack.clone(),
        title: query.title.clone(),
        question: query.question.clone(),
        severity: query.severity,
        attack: query.attack.clone(),
        rows,
        events,
        first_seen: first,
        last_seen: last,
        examples,
        who,
        dig_deeper: format!("saltmine query {} --name {}", session.shown(&options.input), query.name),
        false_positives: query.false_positives.clone(),
    }))
}

/// The standard columns of a detection's rows.
fn read(batch: &RecordBatch) -> Result<Vec<Who>, DataFusionError> {
    let columns = ["requester", "remote_ip", "bucket", "first_seen", "last_seen"];
    let texts = columns.map(|name| texts(batch, name));
    let [requester, remote_ip, bucket, first_seen, last_seen] = texts;
    let (requester, remote_ip, bucket) = (requester?, remote_ip?, bucket?);
    let (first_seen, last_seen) = (first_seen?, last_seen?);
    let events = cast(column(batch, "events")?, &DataType::Int64)?;
    let events = events.as_primitive::<Int64Type>();
    let evidence = column(batch, "evidence")?.as_list_opt::<i32>();
    (0..batch.num_rows())
        .map(|row| {
            let places = match evidence {
                Some(list) if !list.is_null(row) => format(&list.value(row))?.into_iter().flatten().collect(),
                _ => Vec::new(),
            };
            Ok(Who {
                requester: requester[row].clone(),
                remote_ip: remote_ip[row].clone(),
                bucket: bucket[row].clone(),
                events: if events.is_null(row) { 0 } else { events.value(row) },
                first_seen: first_seen[row].clone(),
                last_seen: last_seen[row].clone(),
                evidence: places,
            })
        })
        .collect()
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, DataFusionError> {
    let missing = || DataFusionError::Plan(format!("the detection has no column {name}"));
    batch.column_by_name(name).ok_or_else(missing)
}

fn texts(batch: &RecordBatch, name: &str) -> Result<Vec<Option<String>>, DataFusionError> {
    Ok(format(column(batch, name)?)?)
}

fn format(array: &ArrayRef) -> Result<Vec<Option<String>>, ArrowError> {
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(array, &options)?;
    let text = |row| formatter.value(row).try_to_string();
    (0..array.len()).map(|row| if array.is_null(row) { Ok(None) } else { text(row).map(Some) }).collect()
}

/// The lines of the first evidence, read again.
async fn examples(context: &SessionContext, who: &[Who]) -> Result<Vec<Example>, QueryError> {
    let places: Vec<&String> = who.iter().flat_map(|row| &row.evidence).take(EXAMPLES).collect();
    let mut wanted = lit(false);
    for (file, line) in places.iter().filter_map(|place| place.rsplit_once(':')) {
        if let Ok(line) = line.parse::<i64>() {
            wanted = wanted.or(col("log_file").eq(lit(file)).and(col("log_line").eq(lit(line))));
        }
    }
    let names = ["log_file", "log_line", "request_time", "operation", "key", "http_status"];
    let frame = context.table("logs").await?.filter(wanted)?.select_columns(&names)?;
    let mut found = Vec::new();
    for batch in frame.limit(0, Some(EXAMPLES))?.collect().await? {
        let columns = names.map(|name| texts(&batch, name));
        let [file, line, time, operation, key, status] = columns;
        let (file, line, time, operation, key, status) = (file?, line?, time?, operation?, key?, status?);
        found.extend((0..batch.num_rows()).map(|row| Example {
            place: [file[row].as_deref().unwrap_or(""), line[row].as_deref().unwrap_or("")].join(":"),
            request_time: time[row].clone(),
            operation: operation[row].clone(),
            key: key[row].clone(),
            http_status: status[row].clone(),
        }));
    }
    found.sort_by(|a, b| (&a.request_time, &a.place).cmp(&(&b.request_time, &b.place)));
    Ok(found)
}
