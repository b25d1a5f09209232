//! Runs one detection and returns its rows, as findings and as input for incidents.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use futures::TryStreamExt;
use tracing::debug;

use super::accepted::Accepted;
use super::columns::{places, read, severities, times};
use super::report::{Finding, HuntOptions, RowSummary};
use crate::catalogue::{Query, Severity};
use crate::error::QueryError;
use crate::questions::incidents::{Clue, Clues};
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

impl SeverityGroup {
    /// Counts a row.
    fn add(&mut self, who: &RowSummary, (first, last): (Option<i64>, Option<i64>)) {
        self.rows += 1;
        self.events += who.events;
        let first = first.zip(who.first_seen.clone());
        let last = last.zip(who.last_seen.clone());
        self.first = [self.first.take(), first].into_iter().flatten().min();
        self.last = self.last.take().max(last);
    }

    /// Converts to a finding, with the places of possible example lines.
    fn finding(
        self,
        session: &Session,
        query: &Query,
        severity: Severity,
        options: &HuntOptions,
    ) -> PendingFinding {
        let finding = Finding {
            query: query.name.clone(),
            pack: query.pack.clone(),
            title: query.title.clone(),
            question: query.question.clone(),
            severity,
            attack: query.attack.first().cloned(),
            attacks: query.attack.clone(),
            rows: self.rows,
            events: self.events,
            first_seen: self.first.map(|(_, text)| text),
            last_seen: self.last.map(|(_, text)| text),
            examples: Vec::new(),
            who: self.who,
            dig_deeper: options.query_command(session, query),
            false_positives: query.false_positives.clone(),
            cannot_tell: query.cannot_tell.clone(),
            next: query.next.clone(),
        };
        (finding, self.places)
    }

    /// Converts to known work, accepted by an entry of the case file.
    fn accepted(self, query: &Query, severity: Severity, (entry, why): (usize, Option<String>)) -> Accepted {
        Accepted {
            known_work: entry,
            why,
            query: query.name.clone(),
            title: query.title.clone(),
            severity,
            rows: self.rows,
            events: self.events,
            first_seen: self.first.map(|(_, text)| text),
            last_seen: self.last.map(|(_, text)| text),
            who: self.who,
        }
    }
}

pub(super) async fn timed(
    session: &Session,
    query: &Query,
    options: &HuntOptions,
) -> Result<Detected, QueryError> {
    let start = Instant::now();
    let found = detect(session, query, options).await;
    debug!(seconds = start.elapsed().as_secs_f64(), query = query.name, "a detection ran");
    found
}

/// A finding without examples, and the places of lines that could be examples.
type PendingFinding = (Finding, Vec<String>);

/// The result of a detection.
#[derive(Default)]
pub(super) struct Detected {
    pub(super) findings: Vec<PendingFinding>,
    pub(super) accepted: Vec<Accepted>,
    /// The rows with their true values.
    pub(super) clues: Clues,
}

/// Returns the findings and known work of a detection, and its rows with their true values.
async fn detect(session: &Session, query: &Query, options: &HuntOptions) -> Result<Detected, QueryError> {
    // Built-in queries see the true values; their results are redacted at the end.
    let context = if query.builtin { session.unredacted() } else { session.context() };
    let redactor = session.redactor().filter(|_| query.builtin);
    let names = if redactor.is_some() { session.all_names().await? } else { Arc::default() };
    let params = query.params(&options.params_of(query))?;
    let mut stream = catalogue_query::rows(context, query, &params, session.mode()).await?;
    // By severity, and by entry of known work.
    let mut groups: BTreeMap<(Severity, Option<usize>), SeverityGroup> = BTreeMap::new();
    // Queries that see redacted values share nothing with those that see true ones.
    let is_true = query.builtin || session.redactor().is_none();
    let mut clues = Clues::default();
    while let Some(batch) = stream.try_next().await? {
        let shown = match redactor {
            Some(redactor) => read(&redactor.batch(&batch, &names)?)?,
            None => read(&batch)?,
        };
        let severities = severities(&batch, query.severity)?;
        let (firsts, lasts) = (times(&batch, "first_seen")?, times(&batch, "last_seen")?);
        let unredacted = if is_true && redactor.is_some() { Some(read(&batch)?) } else { None };
        let whole = unredacted.as_ref().unwrap_or(&shown);
        for (row, (who, severity)) in shown.iter().zip(severities).enumerate() {
            let span = (firsts[row], lasts[row]);
            let clue = if is_true { Clue::new(query, severity, &whole[row], span) } else { None };
            let entry = clue.as_ref().and_then(|clue| options.known_work(clue)).map(|(entry, _)| entry);
            let of_kind = if entry.is_some() { &mut clues.accepted } else { &mut clues.rows };
            of_kind.extend(clue.filter(|_| of_kind.len() < MAX_JOINED_ROWS));
            let group = groups.entry((severity, entry)).or_default();
            group.add(who, span);
            if group.who.len() < options.shown() {
                group.places.extend(places(&batch, row)?);
                group.who.push(who.clone());
            }
        }
    }
    let mut detected = Detected { clues, ..Detected::default() };
    for ((severity, entry), group) in groups.into_iter().rev() {
        match entry {
            None => detected.findings.push(group.finding(session, query, severity, options)),
            Some(entry) => {
                let why = options.why(entry, session);
                detected.accepted.push(group.accepted(query, severity, (entry, why)));
            }
        }
    }
    Ok(detected)
}
