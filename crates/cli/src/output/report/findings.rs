//! The findings of the hunt on a page.

use saltmine_query::catalogue::Severity;
use saltmine_query::hunt::{Finding as Found, RowSummary};
use saltmine_query::report::Report;

use super::figures::Sql;
use super::table::{Cell, Kind, Spec, Table, number, words};
use super::text;

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
    pub(super) open: bool,
    pub(super) who: Table,
    pub(super) examples: Table,
    pub(super) false_positives: String,
    pub(super) dig_deeper: String,
    pub(super) sql: Option<Sql>,
    /// Name, value, and what it means.
    pub(super) parameters: Vec<(String, String, String)>,
}

const WHO: [Spec; 7] = [
    ("", "Requester", Kind::Code, "(anonymous)"),
    ("", "Address", Kind::Code, "–"),
    ("", "Bucket", Kind::Code, "–"),
    ("", "Requests", Kind::Count, "–"),
    ("", "First (UTC)", Kind::Time, "–"),
    ("", "Last (UTC)", Kind::Time, "–"),
    ("", "Evidence (file:line)", Kind::Code, "–"),
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
    let cases = text::things(i64::try_from(found.rows).unwrap_or(i64::MAX), "case");
    let asked = report.asked.get(&found.query);
    let parameters = asked.iter().flat_map(|asked| &asked.parameters);
    Finding {
        severity: found.severity.as_str(),
        name: found.query.clone(),
        anchor: format!("{}-{}", found.query, found.severity.as_str()),
        title: found.title.clone(),
        question: found.question.clone(),
        pack: found.pack.clone(),
        attack: Some(found.attacks.join(", ")).filter(|ids| !ids.is_empty()),
        seen: format!("{cases}, {}", text::things(found.events, "request")),
        when: span(found.first_seen.as_deref(), found.last_seen.as_deref()),
        more: found.rows.saturating_sub(found.who.len() as u64),
        open: found.severity >= Severity::High,
        who: who(found, shown),
        examples: examples(found, shown),
        false_positives: found.false_positives.clone(),
        dig_deeper: text::cut(&found.dig_deeper, shown.max(200) * 2),
        sql: asked.map(|asked| Sql::new(&asked.sql, &[])),
        parameters: parameters
            .map(|parameter| (parameter.name.clone(), parameter.default.clone(), parameter.meaning.clone()))
            .collect(),
    }
}

fn who(found: &Found, shown: usize) -> Table {
    let rows = found.who.iter().map(|who| {
        let mut evidence =
            Cell { pieces: Vec::new(), class: "code places", ..words(Some(""), Kind::Code, "", shown) };
        for (index, place) in who.evidence.iter().enumerate() {
            if index > 0 {
                evidence.pieces.push(
                    "
"
                    .to_owned(),
                );
            }
            evidence.pieces.append(&mut text::pieces(&text::cut(place, shown)));
        }
        vec![
            words(who.requester.as_deref(), Kind::Code, "(anonymous)", shown),
            words(address(who).as_deref(), Kind::Code, "–", shown),
            words(who.bucket.as_deref(), Kind::Code, "–", shown),
            number(who.events, Kind::Count),
            words(who.first_seen.as_deref().map(plain_time).as_deref(), Kind::Time, "–", shown),
            words(who.last_seen.as_deref().map(plain_time).as_deref(), Kind::Time, "–", shown),
            evidence,
        ]
    });
    Table::new(&WHO, rows.collect())
}

/// The address if there is only one; otherwise their number.
fn address(who: &RowSummary) -> Option<String> {
    let many = || who.addresses.filter(|addresses| *addresses > 1);
    who.remote_ip.clone().or_else(|| many().map(|addresses| format!("{addresses} addresses")))
}

fn examples(found: &Found, shown: usize) -> Table {
    let rows = found.examples.iter().map(|example| {
        vec![
            words(Some(&example.place), Kind::Code, "–", shown),
            words(example.request_time.as_deref().map(plain_time).as_deref(), Kind::Time, "–", shown),
            words(example.operation.as_deref(), Kind::Code, "–", shown),
            words(example.key.as_deref(), Kind::Code, "–", shown),
            words(example.http_status.as_deref(), Kind::Count, "–", shown),
        ]
    });
    Table::new(&EXAMPLES, rows.collect())
}

/// `2026-03-01T12:00:00Z` in the format of the rest of the page.
fn plain_time(time: &str) -> String {
    time.trim_end_matches('Z').replacen('T', " ", 1)
}

fn span(first: Option<&str>, last: Option<&str>) -> String {
    match (first.map(plain_time), last.map(plain_time)) {
        (Some(first), Some(last)) if first == last => first,
        (Some(first), Some(last)) => format!("{first} to {last}"),
        _ => String::new(),
    }
}
