//! Runs one detection and returns its rows, as findings and as input for incidents.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use futures::TryStreamExt;
use tracing::debug;

use super::columns::{places, read, severities, times};
use super::report::{Finding, HuntOptions, RowSummary};
use crate::catalogue::{Query, Severity};
use crate::error::QueryError;
use crate::questions::incidents::Clue;
use crate::session::{Session, catalogue_query};

/// Maximum rows of a detection that are joined to incidents. Detections return the most important rows first.
const MAX_JOINED_ROWS: usize = 20_000;

/// The rows of a detection with one severity.
#[derive(Default)]
struct SeverityGroup {
    rows: u64,
    events: i64,
    /// Microseconds since 1970, and as text.
    first: Option<(i64, String)>,
    last: Option<(i64, String)>,
    who: Vec<RowSummary>,
    /// Places of the evidence of `who`, as logged.
    places: Vec<String>,
}

pub(super) async fn timed(
    session: &Session,
    query: &Query,
    options: &HuntOptions,
) -> Result<(Vec<PendingFinding>, Vec<Clue>), QueryError> {
    let start = Instant::now();
    let found = detect(session, query, options).await;
    debug!(seconds = start.elapsed().as_secs_f64(), query = query.name, "a detection ran");
    found
}

/// A finding without examples, and the places of lines that could be examples.
type PendingFinding = (Finding, Vec<String>);

/// The findings of a detection, and its rows with their true values.
async fn detect(
    session: &Session,
    query: &Query,
    options: &HuntOptions,
) -> Result<(Vec<PendingFinding>, Vec<Clue>), QueryError> {
    // Built-in queries see the true values; their results are redacted at the end.
    let context = if query.is_builtin { session.unredacted() } else { session.context() };
    let redactor = session.redactor().filter(|_| query.is_builtin);
    let names = if redactor.is_some() { session.all_names().await? } else { Arc::default() };
    let params = query.params(&options.params_of(query))?;
    let mut stream = catalogue_query::rows(context, query, &params, session.mode()).await?;
    let mut groups: BTreeMap<Severity, SeverityGroup> = BTreeMap::new();
    // Queries that see redacted values share nothing with those that see true ones.
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
            for (row, (who, severity)) in
                whole.iter().zip(&severities).enumerate().take(MAX_JOINED_ROWS - clues.len())
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
            dig_deeper: options.query_command(session, query),
            false_positives: query.false_positives.clone(),
            cannot_tell: query.cannot_tell.clone(),
            next: query.next.clone(),
        };
        findings.push((finding, group.places));
    }
    Ok((findings, clues))
}
