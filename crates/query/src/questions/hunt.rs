//! The hunt: all detections of the catalogue in one session, the most severe findings first.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampMicrosecondType};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::DataFusionError;
use datafusion::prelude::{SessionContext, col, lit};
use futures::{FutureExt, StreamExt, TryStreamExt};
use serde::Serialize;
use serde_json::Value;
use tracing::debug;

use crate::catalogue::{Catalogue, Kind, Query, STANDARD_COLUMNS, Severity};
use crate::error::QueryError;
use crate::profiles::{self, ALL_LOGS, Kept, REQUESTS};
pub use crate::questions::finding_row::Who;
use crate::questions::incidents::{
    self, ActorFindings, Clue, Examined, Incident, IncidentReport, IncidentRequests,
};
use crate::redact::Redactor;
use crate::session::{Session, catalogue_query};

/// Maximum rows shown of a detection; all are counted.
const SHOWN: usize = 5;
/// Detections that run concurrently: the single-threaded parts of one leave cores to the others.
const AT_ONCE: usize = 2;
/// Rows of a detection that incidents are made of. Detections give the most important ones first.
const JOINED: usize = 20_000;
/// Examples of a finding.
const EXAMPLES: usize = 3;

/// What to hunt for.
#[derive(Clone, Debug, Default)]
pub struct HuntOptions {
    /// Packs; all if empty.
    pub packs: Vec<String>,
    /// Detections; all of the packs when empty.
    pub names: Vec<String>,
    /// Detections that are not run.
    pub excluded: Vec<String>,
    /// Values of parameters: detection, parameter, value as text. Others have their defaults.
    pub params: Vec<(String, String, String)>,
    /// Rows of a finding that are shown; 5 where it is 0. All are counted.
    pub rows: usize,
    /// How the input, and what else limits it, is written in the commands that are proposed.
    pub input: String,
}

impl HuntOptions {
    /// The parameters of a detection, as [`Query::params`] takes them.
    fn params_of(&self, query: &Query) -> Vec<(String, String)> {
        let of_query = self.params.iter().filter(|(name, ..)| *name == query.name);
        of_query.map(|(_, parameter, value)| (parameter.clone(), value.clone())).collect()
    }

    /// The command that shows all rows of a detection.
    fn dig_deeper(&self, session: &Session, query: &Query) -> String {
        let mut command = format!("saltmine query {} --name {}", session.shown(&self.input), query.name);
        for (name, value) in self.params_of(query) {
            let given = format!("{name}={value}");
            let is_plain = given.chars().all(|c| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c));
            let quoted = if is_plain { given } else { format!("'{}'", given.replace('\'', "'\\''")) };
            command += &format!(" -p {}", session.shown(&quoted));
        }
        command
    }

    fn shown(&self) -> usize {
        if self.rows == 0 { SHOWN } else { self.rows }
    }
}

/// What a hunt found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HuntReport {
    /// The most severe first; of equal ones those with more events.
    pub findings: Vec<Finding>,
    /// Detections without findings.
    pub quiet: Vec<String>,
    /// Detections that failed, and why.
    pub failed: Vec<Failed>,
    /// Findings that belong together, shown as one: the most severe first.
    pub incidents: Vec<Incident>,
    /// Incidents beyond those.
    pub incidents_left_out: u64,
    /// What findings outside of all incidents say, by actor: the most severe first.
    pub actors: Vec<ActorFindings>,
    /// How much was examined.
    pub examined: Examined,
    /// Which requests the rows of each detection are made of, by its name.
    #[serde(skip)]
    pub requests: BTreeMap<String, IncidentRequests>,
}

impl HuntReport {
    /// The greatest severity found; `None` where nothing was.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}

/// A detection that failed.
#[derive(Clone, Debug, Serialize)]
pub struct Failed {
    /// The query's name.
    pub query: String,
    /// Why.
    pub problem: String,
}

/// The rows of a detection with one severity; rows with another severity form another finding. All text except the
/// catalogue's comes from the log and may be hostile.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The query's name.
    pub query: String,
    /// Its pack.
    pub pack: String,
    /// Its title.
    pub title: String,
    /// The question it answers.
    pub question: String,
    /// Its severity.
    pub severity: Severity,
    /// The first MITRE ATT&CK technique id.
    pub attack: Option<String>,
    /// All technique ids.
    pub attacks: Vec<String>,
    /// Number of rows.
    pub rows: u64,
    /// Requests in all rows.
    pub events: i64,
    /// Time of the first request.
    pub first_seen: Option<String>,
    /// Time of the last request.
    pub last_seen: Option<String>,
    /// The first rows: actor, address, bucket, number of requests.
    pub who: Vec<Who>,
    /// Up to three examples.
    pub examples: Vec<Example>,
    /// The command that shows all rows.
    pub dig_deeper: String,
    /// Benign activity that it can match.
    pub false_positives: String,
    /// What the log does not show, and what does.
    pub cannot_tell: Option<String>,
    /// What to do about it.
    pub next: Option<String>,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Example {
    /// `log_file:log_line`.
    pub place: String,
    /// Its time.
    pub request_time: Option<String>,
    /// The requester; null is anonymous.
    pub requester: Option<String>,
    /// The address.
    pub remote_ip: Option<String>,
    /// The operation.
    pub operation: Option<String>,
    /// The key, as logged.
    pub key: Option<String>,
    /// The status.
    pub http_status: Option<String>,
}

impl Example {
    fn redact(&mut self, redactor: &Redactor) {
        self.place = redactor.text(&self.place).into_owned();
        for text in [&mut self.operation, &mut self.key].into_iter().flatten() {
            *text = redactor.text(text).into_owned();
        }
        if let Some(requester) = &mut self.requester {
            *requester = redactor.principal(requester).into_owned();
        }
        if let Some(address) = &mut self.remote_ip {
            *address = redactor.address(address).into_owned();
        }
    }
}

/// Runs the detections of a catalogue.
///
/// # Errors
/// If a pack is unknown. A failing detection does not stop the others.
pub async fn hunt(
    session: &Session,
    catalogue: &Catalogue,
    options: &HuntOptions,
) -> Result<HuntReport, QueryError> {
    hunt_with_progress(session, catalogue, options, &|_| {}).await
}

/// Runs the detections of a catalogue, and says after each how far it is.
///
/// # Errors
/// As [`hunt`].
pub async fn hunt_with_progress(
    session: &Session,
    catalogue: &Catalogue,
    options: &HuntOptions,
    watch: &(dyn Fn(HuntProgress) + Send + Sync),
) -> Result<HuntReport, QueryError> {
    let known = catalogue.packs();
    if let Some(pack) = options.packs.iter().find(|pack| !known.contains(&pack.as_str())) {
        return Err(QueryError::UnknownPack { name: pack.clone(), known: known.join(", ") });
    }
    let named = options.names.iter().chain(&options.excluded);
    for name in named.chain(options.params.iter().map(|(query, ..)| query)) {
        if catalogue.get(name)?.kind != Kind::Detection {
            return Err(QueryError::NoDetection { name: name.clone() });
        }
    }
    let mut report = HuntReport::default();
    let wanted = |query: &&Query| {
        query.kind == Kind::Detection
            && (options.packs.is_empty() || options.packs.contains(&query.pack))
            && (options.names.is_empty() || options.names.contains(&query.name))
            && !options.excluded.contains(&query.name)
    };
    let wanted: Vec<&Query> = catalogue.queries().filter(wanted).collect();
    // A wrong parameter is a mistake of the person's, and no detection that could not run.
    for query in &wanted {
        query.params(&options.params_of(query))?;
    }
    let mut progress = HuntProgress { detections: wanted.len(), ..HuntProgress::default() };
    watch(progress);
    // Detections read the same records. Where they cannot be kept, each reads them again.
    let is_worth_it = !session.mode().remote && wanted.iter().any(|query| query.sql.contains(REQUESTS));
    let start = Instant::now();
    let kept = if is_worth_it { Kept::write(session.unredacted()).await.ok().flatten() } else { None };
    debug!(seconds = start.elapsed().as_secs_f64(), "the records are kept");
    let all: String = wanted.iter().map(|query| query.sql.as_str()).collect();
    // A failure here is repeated, and reported, when a detection needs the profile.
    let _ = profiles::prepare(session.unredacted(), &all, session.mode().remote).await;
    let detection = |query| async move { (query, timed(session, query, options).await) }.boxed();
    let detections: Vec<_> = wanted.into_iter().map(detection).collect();
    let mut detections = futures::stream::iter(detections).buffered(AT_ONCE);
    let (mut wanting, mut clues) = (Vec::new(), Vec::new());
    while let Some((query, detected)) = detections.next().await {
        match detected {
            Ok((findings, _)) if findings.is_empty() => report.quiet.push(query.name.clone()),
            Ok((findings, rows)) => {
                clues.extend(rows);
                for (finding, places) in findings {
                    report.findings.push(finding);
                    wanting.push((query.is_builtin, places));
                }
            }
            Err(error) => {
                // A message may quote values.
                let is_telling = session.redactor().is_some() && matches!(error, QueryError::Sql(_));
                let error = if is_telling { QueryError::Hidden } else { error };
                report.failed.push(Failed { query: query.name.clone(), problem: error.to_string() });
            }
        }
        progress.done += 1;
        progress.findings = report.findings.len();
        watch(progress);
    }
    if let Err(error) = fill_examples(session, &mut report.findings, &wanting).await {
        let problem = if session.redactor().is_some() { QueryError::Hidden } else { error }.to_string();
        report.failed.push(Failed { query: "examples".to_owned(), problem });
    }
    let said = incidents_of(session, &clues).await;
    drop(kept);
    let said = said?;
    report.incidents = said.incidents;
    report.incidents_left_out = said.left_out;
    report.actors = said.others;
    report.examined = said.examined;
    report.requests = said.requests;
    report.findings.sort_by(|a, b| (b.severity, b.events, &a.query).cmp(&(a.severity, a.events, &b.query)));
    Ok(report)
}

/// How far a hunt is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HuntProgress {
    /// Detections that have run; 0 while the records are read.
    pub done: usize,
    /// Detections that will run.
    pub detections: usize,
    /// Findings so far.
    pub findings: usize,
}

/// The incidents of rows, as they may be shown.
async fn incidents_of(session: &Session, clues: &[Clue]) -> Result<IncidentReport, QueryError> {
    let said = incidents::report(session.unredacted(), clues, session.mode().remote).await;
    let mut said = said.map_err(|error| session.shown_error(error))?;
    if let Some(redactor) = session.redactor() {
        said.redact(redactor, &*session.everyone().await?);
    }
    Ok(said)
}

/// What a detection found of one severity.
#[derive(Default)]
struct Group {
    rows: u64,
    events: i64,
    /// Microseconds since 1970, and as text.
    first: Option<(i64, String)>,
    last: Option<(i64, String)>,
    who: Vec<Who>,
    /// Places of the evidence of `who`, as logged.
    places: Vec<String>,
}

async fn timed(
    session: &Session,
    query: &Query,
    options: &HuntOptions,
) -> Result<(Vec<Found>, Vec<Clue>), QueryError> {
    let start = Instant::now();
    let found = detect(session, query, options).await;
    debug!(seconds = start.elapsed().as_secs_f64(), query = query.name, "a detection ran");
    found
}

/// A finding without examples, and where the lines are that could be some.
type Found = (Finding, Vec<String>);

/// The findings of a detection, and its rows with their true values.
async fn detect(
    session: &Session,
    query: &Query,
    options: &HuntOptions,
) -> Result<(Vec<Found>, Vec<Clue>), QueryError> {
    // What is built in looks at the true values; what it finds is redacted at the end.
    let context = if query.is_builtin { session.unredacted() } else { session.context() };
    let redactor = session.redactor().filter(|_| query.is_builtin);
    let names = if redactor.is_some() { session.everyone().await? } else { Arc::default() };
    let params = query.params(&options.params_of(query))?;
    let mut stream = catalogue_query::rows(context, query, &params, session.mode()).await?;
    let mut groups: BTreeMap<Severity, Group> = BTreeMap::new();
    // What sees redacted values shares nothing with what sees the true ones.
    let is_true = query.is_builtin || session.redactor().is_none();
    let mut clues = Vec::new();
    while let Some(batch) = stream.try_next().await? {
        let shown = match redactor {
            Some(redactor) => read(&redactor.batch(&batch, &names)?)?,
            None => read(&batch)?,
        };
        let severities = severities(&batch, query.severity)?;
        let (firsts, lasts) = (times(&batch, "first_seen")?, times(&batch, "last_seen")?);
        if is_true {
            let unredacted = if redactor.is_some() { Some(read(&batch)?) } else { None };
            let whole = unredacted.as_ref().unwrap_or(&shown);
            for (row, (who, severity)) in whole.iter().zip(&severities).enumerate().take(JOINED - clues.len())
            {
                clues.extend(Clue::new(query, *severity, who, (firsts[row], lasts[row])));
            }
        }
        for (row, (who, severity)) in shown.into_iter().zip(severities).enumerate() {
            let group = groups.entry(severity).or_default();
            group.rows += 1;
            group.events += who.events;
            let first = firsts[row].zip(who.first_seen.clone());
            let last = lasts[row].zip(who.last_seen.clone());
            group.first = [group.first.take(), first].into_iter().flatten().min();
            group.last = group.last.take().max(last);
            if group.who.len() < options.shown() {
                group.places.extend(places(&batch, row)?);
                group.who.push(who);
            }
        }
    }
    let mut findings = Vec::with_capacity(groups.len());
    for (severity, group) in groups.into_iter().rev() {
        let finding = Finding {
            query: query.name.clone(),
            pack: query.pack.clone(),
            title: query.title.clone(),
            question: query.question.clone(),
            severity,
            attack: query.attack.first().cloned(),
            attacks: query.attack.clone(),
            rows: group.rows,
            events: group.events,
            first_seen: group.first.map(|(_, text)| text),
            last_seen: group.last.map(|(_, text)| text),
            examples: Vec::new(),
            who: group.who,
            dig_deeper: options.dig_deeper(session, query),
            false_positives: query.false_positives.clone(),
            cannot_tell: query.cannot_tell.clone(),
            next: query.next.clone(),
        };
        findings.push((finding, group.places));
    }
    Ok((findings, clues))
}

/// The severity of each row: its own if the detection has such a column, else the query's.
fn severities(batch: &RecordBatch, of_query: Severity) -> Result<Vec<Severity>, DataFusionError> {
    if batch.column_by_name("severity").is_none() {
        return Ok(vec![of_query; batch.num_rows()]);
    }
    let words = texts(batch, "severity")?;
    Ok(words.iter().map(|word| word.as_deref().and_then(Severity::parse).unwrap_or(of_query)).collect())
}

fn times(batch: &RecordBatch, name: &str) -> Result<Vec<Option<i64>>, DataFusionError> {
    let micros = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let times = cast(column(batch, name)?, &micros)?;
    Ok(times.as_primitive::<TimestampMicrosecondType>().iter().collect())
}

/// `log_file:log_line` of a row's evidence.
fn places(batch: &RecordBatch, row: usize) -> Result<Vec<String>, DataFusionError> {
    match column(batch, "evidence")?.as_list_opt::<i32>() {
        Some(list) if !list.is_null(row) => Ok(format(&list.value(row))?.into_iter().flatten().collect()),
        _ => Ok(Vec::new()),
    }
}

/// Columns that have fields of their own in a finding's row.
const OWN_COLUMNS: [&str; 4] = ["addresses", "remote_ips", "severity", "reasons"];

/// The rows of a detection.
fn read(batch: &RecordBatch) -> Result<Vec<Who>, DataFusionError> {
    let columns = ["requester", "remote_ip", "bucket", "first_seen", "last_seen"];
    let texts_of = columns.map(|name| texts(batch, name));
    let [requester, remote_ip, bucket, first_seen, last_seen] = texts_of;
    let (requester, remote_ip, bucket) = (requester?, remote_ip?, bucket?);
    let (first_seen, last_seen) = (first_seen?, last_seen?);
    let events = numbers(batch, "events")?;
    let addresses = numbers(batch, "addresses").ok();
    let reasons = texts(batch, "reasons").ok();
    let schema = batch.schema();
    let others: Vec<(&str, &ArrayRef)> = schema
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| (field.name().as_str(), column))
        .filter(|(name, _)| !STANDARD_COLUMNS.contains(name) && !OWN_COLUMNS.contains(name))
        .collect();
    let member = |row: usize, (name, column): &(&str, &ArrayRef)| -> Result<(String, Value), ArrowError> {
        Ok(((*name).to_owned(), value(column, row)?))
    };
    (0..batch.num_rows())
        .map(|row| {
            let reasons = reasons.as_ref().and_then(|reasons| reasons[row].as_deref()).unwrap_or_default();
            let remote_ips = match batch
                .column_by_name("remote_ips")
                .and_then(|list| list.as_list_opt::<i32>())
            {
                Some(list) if !list.is_null(row) => format(&list.value(row))?.into_iter().flatten().collect(),
                _ => Vec::new(),
            };
            Ok(Who {
                requester: requester[row].clone(),
                remote_ip: remote_ip[row].clone(),
                addresses: addresses.as_ref().and_then(|addresses| addresses[row]),
                remote_ips,
                bucket: bucket[row].clone(),
                events: events[row].unwrap_or_default(),
                first_seen: first_seen[row].clone(),
                last_seen: last_seen[row].clone(),
                reasons: reasons.split("; ").filter(|reason| !reason.is_empty()).map(str::to_owned).collect(),
                columns: others.iter().map(|other| member(row, other)).collect::<Result<_, _>>()?,
                evidence: places(batch, row)?,
            })
        })
        .collect()
}

/// A cell as JSON: numbers and booleans as such, lists of texts, anything else as text.
fn value(column: &ArrayRef, row: usize) -> Result<Value, ArrowError> {
    if column.is_null(row) {
        return Ok(Value::Null);
    }
    if let Some(list) = column.as_list_opt::<i32>() {
        return Ok(format(&list.value(row))?.into_iter().flatten().map(Value::from).collect());
    }
    let cell = column.slice(row, 1);
    Ok(match column.data_type() {
        kind if kind.is_integer() => {
            Value::from(cast(&cell, &DataType::Int64)?.as_primitive::<Int64Type>().value(0))
        }
        DataType::Boolean => Value::from(cell.as_boolean().value(0)),
        _ => format(&cell)?.into_iter().flatten().map(Value::from).next().unwrap_or_default(),
    })
}

fn numbers(batch: &RecordBatch, name: &str) -> Result<Vec<Option<i64>>, DataFusionError> {
    let numbers = cast(column(batch, name)?, &DataType::Int64)?;
    Ok(numbers.as_primitive::<Int64Type>().iter().collect())
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

/// Reads the lines of the first evidence of all findings, in one pass over the records. Each of `wanting` belongs to a
/// finding: whether its query is built in, and its places.
async fn fill_examples(
    session: &Session,
    findings: &mut [Finding],
    wanting: &[(bool, Vec<String>)],
) -> Result<(), QueryError> {
    for is_builtin in [true, false] {
        // What is built in looks at the true values.
        let context = if is_builtin { session.unredacted() } else { session.context() };
        let redactor = session.redactor().filter(|_| is_builtin);
        let places = wanting.iter().filter(|(is, _)| *is == is_builtin);
        let places: BTreeSet<&str> =
            places.flat_map(|(_, places)| places.iter().take(EXAMPLES).map(String::as_str)).collect();
        let found = examples(context, &places).await?;
        for (finding, (_, places)) in
            findings.iter_mut().zip(wanting).filter(|(_, (is, _))| *is == is_builtin)
        {
            let known = places.iter().take(EXAMPLES).filter_map(|place| found.get(place));
            finding.examples = known.cloned().collect();
            finding.examples.sort_by(|a, b| (&a.request_time, &a.place).cmp(&(&b.request_time, &b.place)));
            finding.examples.dedup();
            if let Some(redactor) = redactor {
                finding.examples.iter_mut().for_each(|example| example.redact(redactor));
            }
        }
    }
    Ok(())
}

/// The lines at `log_file:log_line`, by place.
async fn examples(
    context: &SessionContext,
    places: &BTreeSet<&str>,
) -> Result<HashMap<String, Example>, QueryError> {
    let split = places.iter().filter_map(|place| place.rsplit_once(':'));
    let split: Vec<(&str, i64)> = split.filter_map(|(file, line)| Some((file, line.parse().ok()?))).collect();
    if split.is_empty() {
        return Ok(HashMap::new());
    }
    let (files, lines): (BTreeSet<&str>, BTreeSet<i64>) = split.into_iter().unzip();
    let of_files = col("log_file").in_list(files.into_iter().map(lit).collect(), false);
    let of_lines = col("log_line").in_list(lines.into_iter().map(lit).collect(), false);
    let names =
        ["log_file", "log_line", "request_time", "requester", "remote_ip", "operation", "key", "http_status"];
    // What is kept for the hunt is read faster. A row may begin before the time that is reported.
    let known = [REQUESTS, ALL_LOGS, "logs"];
    let exists = |name: &&str| context.table_exist(*name).unwrap_or_default();
    let logs = known.into_iter().find(exists).unwrap_or("logs");
    let frame = context.table(logs).await?.filter(of_files.and(of_lines))?.select_columns(&names)?;
    let mut found = HashMap::new();
    let mut rows = frame.execute_stream().await?;
    while let Some(batch) = rows.try_next().await? {
        let columns = names.map(|name| texts(&batch, name));
        let [file, line, time, requester, address, operation, key, status] = columns;
        let (file, line, time, requester, address) = (file?, line?, time?, requester?, address?);
        let (operation, key, status) = (operation?, key?, status?);
        for row in 0..batch.num_rows() {
            let place = [file[row].as_deref().unwrap_or(""), line[row].as_deref().unwrap_or("")].join(":");
            if !places.contains(place.as_str()) {
                continue;
            }
            let example = Example {
                place: place.clone(),
                request_time: time[row].clone(),
                requester: requester[row].clone(),
                remote_ip: address[row].clone(),
                operation: operation[row].clone(),
                key: key[row].clone(),
                http_status: status[row].clone(),
            };
            found.insert(place, example);
        }
    }
    Ok(found)
}
