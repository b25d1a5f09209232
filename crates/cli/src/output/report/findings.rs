//! The findings of the hunt on a page.

use chrono::DateTime;
use saltmine_query::catalogue::Severity;
use saltmine_query::hunt::{Finding as Found, RowSummary};
use saltmine_query::incidents::Incident;
use saltmine_query::quantity::counted;
use saltmine_query::report::{Report, Value};
use saltmine_query::timeline::Time;

use super::figures::Sql;
use super::table::{Cell, Kind, Spec, Table, cell, number, words};
use super::text;
use crate::output::incidents::words::days;

pub(super) struct Findings {
    /// Number of findings by severity, the most severe first.
    pub(super) counts: Vec<(&'static str, usize)>,
    pub(super) findings: Vec<Finding>,
    pub(super) quiet: Vec<String>,
    pub(super) failed: Vec<(String, String)>,
}

pub(super) struct Finding {
    pub(super) severity: &'static str,
    pub(super) name: String,
    /// Unique within the page: a query may have findings of several severities.
    pub(super) anchor: String,
    pub(super) title: String,
    pub(super) question: String,
    pub(super) pack: String,
    pub(super) attack: Option<String>,
    pub(super) seen: String,
    pub(super) when: String,
    pub(super) more: u64,
    /// The incidents that its rows are in.
    pub(super) incidents: Vec<usize>,
    /// First and last request, in microseconds since 1970.
    pub(super) span: Option<(i64, i64)>,
    pub(super) who: Table,
    pub(super) examples: Table,
    pub(super) false_positives: String,
    pub(super) dig_deeper: String,
    pub(super) sql: Option<Sql>,
    /// Name, value, and what it means.
    pub(super) parameters: Vec<(String, String, String)>,
}

const WHO: [Spec; 6] = [
    ("", "Requester", Kind::Who, "(anonymous)"),
    ("", "Address", Kind::Ip, "–"),
    ("", "Bucket", Kind::Code, "–"),
    ("", "Requests", Kind::Count, "–"),
    ("", "First (UTC)", Kind::Time, "–"),
    ("", "Last (UTC)", Kind::Time, "–"),
];

const EXAMPLES: [Spec; 5] = [
    ("", "Line (file:line)", Kind::Code, "–"),
    ("", "Time (UTC)", Kind::Time, "–"),
    ("", "Operation", Kind::Code, "–"),
    ("", "Key (as logged)", Kind::Code, "–"),
    ("", "Status", Kind::Count, "–"),
];

pub(super) fn findings(report: &Report, shown: usize) -> Findings {
    let hunt = &report.hunt;
    let count =
        |severity: &Severity| hunt.findings.iter().filter(|found| found.severity == *severity).count();
    Findings {
        counts: Severity::ALL.iter().rev().map(|severity| (severity.as_str(), count(severity))).collect(),
        findings: hunt.findings.iter().map(|found| finding(report, found, shown)).collect(),
        quiet: hunt.quiet.clone(),
        failed: hunt
            .failed
            .iter()
            .map(|failed| (failed.query.clone(), text::cut(&failed.problem, shown)))
            .collect(),
    }
}

fn finding(report: &Report, found: &Found, shown: usize) -> Finding {
    let rows = counted(found.rows, "row");
    let query = report.queries.get(&found.query);
    let parameters = query.iter().flat_map(|query| &query.parameters);
    Finding {
        severity: found.severity.as_str(),
        name: found.query.clone(),
        anchor: format!("{}-{}", found.query, found.severity.as_str()),
        title: found.title.clone(),
        question: found.question.clone(),
        pack: found.pack.clone(),
        attack: Some(found.attacks.join(", ")).filter(|ids| !ids.is_empty()),
        seen: format!("{rows}, {}", counted(found.events.unsigned_abs(), "request")),
        when: when(found),
        more: found.rows.saturating_sub(found.who.len() as u64),
        incidents: incidents(report, found),
        span: micros(found.first_seen.as_deref()).zip(micros(found.last_seen.as_deref())),
        who: who(found, shown),
        examples: examples(found, shown),
        false_positives: found.false_positives.clone(),
        dig_deeper: text::cut(&found.dig_deeper, shown.max(200) * 2),
        sql: query.map(|query| Sql::new(&query.sql, &[])),
        parameters: parameters
            .map(|parameter| (parameter.name.clone(), parameter.default.clone(), parameter.meaning.clone()))
            .collect(),
    }
}

fn who(found: &Found, shown: usize) -> Table {
    let rows = found.who.iter().map(|who| {
        vec![
            words(who.requester.as_deref(), Kind::Who, "(anonymous)", shown),
            address(who, shown),
            words(who.bucket.as_deref(), Kind::Code, "–", shown),
            number(who.events, Kind::Count),
            time(who.first_seen.as_deref()),
            time(who.last_seen.as_deref()),
        ]
    });
    Table::new(&WHO, rows.collect())
}

/// The address if there is only one; otherwise their number.
fn address(who: &RowSummary, shown: usize) -> Cell {
    match (&who.remote_ip, who.addresses.filter(|addresses| *addresses > 1)) {
        (Some(address), _) => words(Some(address), Kind::Ip, "–", shown),
        (None, Some(many)) => words(Some(&format!("{many} addresses")), Kind::Text, "–", shown),
        (None, None) => words(None, Kind::Ip, "–", shown),
    }
}

/// A time of a finding as a cell.
fn time(time: Option<&str>) -> Cell {
    cell(&micros(time).map_or(Value::Null, Value::Time), Kind::Time, "–", 0)
}

fn micros(time: Option<&str>) -> Option<i64> {
    Some(DateTime::parse_from_rfc3339(time?).ok()?.timestamp_micros())
}

/// The incidents that rows of a finding are in.
fn incidents(report: &Report, found: &Found) -> Vec<usize> {
    let is_in = |incident: &&Incident| {
        incident.findings.iter().any(|one| one.query == found.query && one.severity == found.severity)
    };
    report.hunt.incidents.iter().filter(is_in).map(|incident| incident.number).collect()
}

fn examples(found: &Found, shown: usize) -> Table {
    let rows = found.examples.iter().map(|example| {
        vec![
            words(Some(&example.place), Kind::Code, "–", shown),
            time(example.request_time.as_deref()),
            words(example.operation.as_deref(), Kind::Code, "–", shown),
            words(example.key.as_deref(), Kind::Code, "–", shown),
            words(example.http_status.as_deref(), Kind::Count, "–", shown),
        ]
    });
    Table::new(&EXAMPLES, rows.collect())
}

fn when(found: &Found) -> String {
    let span = micros(found.first_seen.as_deref()).zip(micros(found.last_seen.as_deref()));
    span.map_or_else(String::new, |(first, last)| days(Time(first), Time(last)))
}
