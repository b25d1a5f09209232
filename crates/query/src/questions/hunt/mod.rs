//! The hunt: all detections of the catalogue in one session, the most severe findings first.

mod accepted;
mod columns;
mod detect;
mod examples;
mod report;

use std::time::Instant;

use futures::{FutureExt, StreamExt};
use tracing::debug;

pub use self::accepted::Accepted;
use self::detect::{Detected, timed};
use self::examples::fill_examples;
pub use self::report::{
    Example, FailedDetection, Finding, HuntOptions, HuntProgress, HuntReport, RowSummary,
};
use crate::catalogue::{Catalogue, Kind, Query};
use crate::error::QueryError;
use crate::profiles::{self, PROFILE, REQUESTS, StoredRequests};
use crate::questions::incidents::{self, Clues, IncidentReport};
use crate::session::Session;

/// Detections that run concurrently: while one is in a single-threaded part, others use the remaining cores.
const CONCURRENT_DETECTIONS: usize = 2;

/// Runs the detections of a catalogue, and calls `progress` at the start and after each detection.
///
/// # Errors
/// If a pack is unknown. A failing detection does not stop the others.
pub async fn hunt(
    session: &Session,
    catalogue: &Catalogue,
    options: &HuntOptions,
    progress: &(dyn Fn(HuntProgress) + Send + Sync),
) -> Result<HuntReport, QueryError> {
    let known = catalogue.packs();
    if let Some(pack) = options.packs.iter().find(|pack| !known.contains(&pack.as_str())) {
        return Err(QueryError::UnknownPack { name: pack.clone(), known: known.join(", ") });
    }
    let named = options.names.iter().chain(&options.excluded);
    let (of_profiles, of_detections): (Vec<_>, Vec<_>) =
        options.params.iter().partition(|(query, ..)| query == PROFILE);
    for name in named.chain(of_detections.iter().map(|(query, ..)| query)) {
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
    // A wrong parameter is a usage error, not a failed detection.
    for query in &wanted {
        query.params(&options.params_of(query))?;
    }
    let of_profiles: Vec<(&str, &str)> =
        of_profiles.iter().map(|(_, name, value)| (name.as_str(), value.as_str())).collect();
    profiles::set(session.unredacted(), &of_profiles)?;
    let mut step = HuntProgress { detections: wanted.len(), ..HuntProgress::default() };
    progress(step);
    // Detections read the same records, so they are stored once. If that is not possible, each detection reads the
    // input.
    let is_worth_it = !session.mode().remote && wanted.iter().any(|query| query.sql.contains(REQUESTS));
    let start = Instant::now();
    let kept =
        if is_worth_it { StoredRequests::write(session.unredacted()).await.ok().flatten() } else { None };
    debug!(seconds = start.elapsed().as_secs_f64(), "the records are kept");
    let all: String = wanted.iter().map(|query| query.sql.as_str()).collect();
    // A failure here will occur again, and be reported, when a detection needs the profile.
    let _ = profiles::prepare(session.unredacted(), &all, session.mode().remote).await;
    let detection = |query| async move { (query, timed(session, query, options).await) }.boxed();
    let detections: Vec<_> = wanted.into_iter().map(detection).collect();
    let mut detections = futures::stream::iter(detections).buffered(CONCURRENT_DETECTIONS);
    let (mut wanting, mut clues) = (Vec::new(), Clues::default());
    while let Some((query, detected)) = detections.next().await {
        match detected {
            Ok(Detected { findings, accepted, clues: of_query }) => {
                if findings.is_empty() && accepted.is_empty() {
                    report.quiet.push(query.name.clone());
                }
                report.accepted.extend(accepted);
                clues.rows.extend(of_query.rows);
                clues.accepted.extend(of_query.accepted);
                for (finding, places) in findings {
                    report.findings.push(finding);
                    wanting.push((query.builtin, places));
                }
            }
            Err(error) => {
                // Messages may quote values.
                let is_telling = session.redactor().is_some() && matches!(error, QueryError::Sql(_));
                let error = if is_telling { QueryError::Hidden } else { error };
                report.failed.push(FailedDetection { query: query.name.clone(), problem: error.to_string() });
            }
        }
        step.done += 1;
        step.findings = report.findings.len();
        progress(step);
    }
    if let Err(error) = fill_examples(session, &mut report.findings, &wanting).await {
        let problem = if session.redactor().is_some() { QueryError::Hidden } else { error }.to_string();
        report.failed.push(FailedDetection { query: "examples".to_owned(), problem });
    }
    let outcome = incidents_of(session, &clues, options).await;
    drop(kept);
    let outcome = outcome?;
    report.incidents = outcome.incidents;
    report.incidents_left_out = outcome.left_out;
    report.actors = outcome.others;
    report.examined = outcome.examined;
    report.requests = outcome.requests;
    report.findings.sort_by(|a, b| (b.severity, b.events, &a.query).cmp(&(a.severity, a.events, &b.query)));
    report.accepted.sort_by(|a, b| (b.severity, b.events, &a.query).cmp(&(a.severity, a.events, &b.query)));
    if options.is_whole() {
        report.unmatched = unmatched(&report, options);
    }
    Ok(report)
}

/// Known work and notes that match nothing and may be misspelt.
fn unmatched(report: &HuntReport, options: &HuntOptions) -> Vec<String> {
    let Some(case) = &options.case else { return Vec::new() };
    let is_accepted = |entry: &usize| report.accepted.iter().any(|accepted| accepted.known_work == *entry);
    let idle = (1..=case.known_work.len()).filter(|entry| !is_accepted(entry));
    idle.map(|entry| format!("known_work {entry} matches no row")).collect()
}

/// The incidents of the rows, redacted if needed.
async fn incidents_of(
    session: &Session,
    clues: &Clues,
    options: &HuntOptions,
) -> Result<IncidentReport, QueryError> {
    let outcome =
        incidents::report(session.unredacted(), clues, options.case.as_ref(), session.mode().remote).await;
    let mut outcome = outcome.map_err(|error| session.redacted_error(error))?;
    if let Some(redactor) = session.redactor() {
        outcome.redact(redactor, &*session.all_names().await?);
    }
    Ok(outcome)
}
