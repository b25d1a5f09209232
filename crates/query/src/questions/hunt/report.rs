//! Options and results of a hunt.

use std::collections::BTreeMap;

use serde::Serialize;

use super::accepted::Accepted;
use crate::case::{CaseFile, KnownWork};
use crate::catalogue::{Query, Severity};
pub use crate::questions::finding_row::RowSummary;
use crate::questions::incidents::{ActorFindings, Clue, ExaminedInput, Incident, IncidentRequests};
use crate::redact::Redactor;
use crate::session::Session;
use crate::shell_quote;

/// Maximum rows shown per detection; all are counted.
const DEFAULT_ROWS: usize = 5;

/// Options of a hunt.
#[derive(Clone, Debug, Default)]
pub struct HuntOptions {
    /// Packs to run; empty for all.
    pub packs: Vec<String>,
    /// Detections to run; empty for all of the packs.
    pub names: Vec<String>,
    /// Detections to skip.
    pub excluded: Vec<String>,
    /// Parameter values: detection, parameter, value as text. Others keep their defaults.
    pub params: Vec<(String, String, String)>,
    /// Maximum rows shown per finding; 0 means 5. All are counted.
    pub rows: usize,
    /// The input and its limits, as written in suggested commands.
    pub input: String,
    /// The case file: known work, and parameters that are not given here.
    pub case: Option<CaseFile>,
}

impl HuntOptions {
    /// The parameters of a detection, as [`Query::params`] takes them.
    pub(super) fn params_of(&self, query: &Query) -> Vec<(String, String)> {
        let of_query = self.params.iter().filter(|(name, ..)| *name == query.name);
        let given = of_query.map(|(_, parameter, value)| (parameter.clone(), value.clone())).collect();
        match &self.case {
            Some(case) => case.parameters_with(query, given),
            None => given,
        }
    }

    /// The entry of the case file that accepts a row as known work, with its number, counted from 1.
    pub(super) fn known_work(&self, clue: &Clue) -> Option<(usize, &KnownWork)> {
        let known = self.case.iter().flat_map(|case| &case.known_work);
        (1..).zip(known).find(|(_, known)| known.covers(clue))
    }

    /// The reason of an entry of known work; `None` if it may name someone whom redaction hides.
    pub(super) fn why(&self, entry: usize, session: &Session) -> Option<String> {
        let is_hidden = session
            .redactor()
            .is_some_and(|redactor| redactor.hides_principals() || redactor.hides_addresses());
        let known = self.case.as_ref()?.known_work.get(entry.checked_sub(1)?)?;
        (!is_hidden).then(|| session.shown(&known.why).into_owned())
    }

    /// Whether all detections run.
    pub(super) fn is_whole(&self) -> bool {
        self.packs.is_empty() && self.names.is_empty() && self.excluded.is_empty()
    }

    /// The command that shows all rows of a detection.
    pub(super) fn query_command(&self, session: &Session, query: &Query) -> String {
        let mut command = format!("saltmine query {} --name {}", session.shown(&self.input), query.name);
        for (name, value) in self.params_of(query) {
            let given = format!("{name}={value}");
            command += &format!(" -p {}", session.shown(&shell_quote(&given)));
        }
        command
    }

    pub(super) fn shown(&self) -> usize {
        if self.rows == 0 { DEFAULT_ROWS } else { self.rows }
    }
}

/// The result of a hunt.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HuntReport {
    /// By severity, then by number of events, highest first.
    pub findings: Vec<Finding>,
    /// Detections without findings.
    pub quiet: Vec<String>,
    /// Detections that failed, with the error.
    pub failed: Vec<FailedDetection>,
    /// Related findings, combined to incidents; most severe first.
    pub incidents: Vec<Incident>,
    /// Number of further incidents.
    pub incidents_left_out: u64,
    /// Findings outside of incidents, by actor; most severe first.
    pub actors: Vec<ActorFindings>,
    /// Known work according to the case file, excluded from totals and incidents.
    pub accepted: Vec<Accepted>,
    /// Known work and notes of the case file that match nothing.
    pub unmatched: Vec<String>,
    /// How much was examined.
    pub examined: ExaminedInput,
    /// The requests behind the rows of each detection, by its name.
    #[serde(skip)]
    pub requests: BTreeMap<String, IncidentRequests>,
}

impl HuntReport {
    /// The highest severity found; `None` without findings.
    pub fn max_severity(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    /// The requests of the incident or actor with this number; `None` if there is none.
    pub fn requests_of_number(&self, number: usize) -> Option<&IncidentRequests> {
        let incident = self.incidents.iter().find(|incident| incident.number == number);
        let actor = || self.actors.iter().find(|actor| actor.number == number);
        incident.map(|incident| &incident.requests).or_else(|| actor().map(|actor| &actor.requests))
    }

    /// The message that no incident or actor has this number, with the valid numbers.
    pub fn missing_number(&self, number: usize) -> String {
        match self.incidents.len() + self.actors.len() {
            0 => "nothing was found".to_owned(),
            last => {
                format!("no incident or actor has the number {number}: they are numbered from 1 to {last}")
            }
        }
    }
}

/// A detection that failed.
#[derive(Clone, Debug, Serialize)]
pub struct FailedDetection {
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
    /// The question that it answers.
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
    pub who: Vec<RowSummary>,
    /// Up to three examples.
    pub examples: Vec<Example>,
    /// The command that shows all rows.
    pub dig_deeper: String,
    /// Known false positives.
    pub false_positives: String,
    /// What the log does not show, and which source does.
    pub cannot_tell: Option<String>,
    /// Recommended next steps.
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
    pub(super) fn redact(&mut self, redactor: &Redactor) {
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

/// The progress of a hunt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HuntProgress {
    /// Detections that have finished; 0 while the records are read.
    pub done: usize,
    /// Detections to run.
    pub detections: usize,
    /// Findings so far.
    pub findings: usize,
}
