//! Writes the findings of a hunt as text or Markdown.

use std::collections::BTreeSet;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use saltmine_query::catalogue::Severity;
use saltmine_query::hunt::{Example, Finding, HuntReport, RowSummary};

use super::clock::Clock;
use super::counted;
use super::markdown::escape;
use super::sanitize::sanitize;

/// Writes a report as text: each finding with its evidence.
pub(crate) fn text(
    report: &HuntReport,
    clock: &Clock,
    coloured: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    each(&report.findings, clock, coloured, out)?;
    writeln!(out, "{}", sanitize(&summary(report)))
}

/// Writes findings with their evidence.
pub(crate) fn each<'a>(
    findings: impl IntoIterator<Item = &'a Finding>,
    clock: &Clock,
    coloured: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    for finding in findings {
        let style = if coloured { colour(finding.severity) } else { Style::new() };
        let severity = finding.severity.as_str().to_uppercase();
        let (title, query) = (sanitize(&finding.title), sanitize(&finding.query));
        writeln!(out, "{style}{severity}{style:#}  {query}: {title}")?;
        let attack = finding.attacks.join(", ");
        let attack = if attack.is_empty() { attack } else { format!(", ATT&CK {attack}") };
        let (question, pack) = (sanitize(&finding.question), sanitize(&finding.pack));
        writeln!(out, "  {question} (pack {pack}{})", sanitize(&attack))?;
        writeln!(out, "  Seen: {}", sanitize(&seen(finding, clock)))?;
        for who in &finding.who {
            writeln!(out, "    {}", sanitize(&actor(who, clock)))?;
            if !who.reasons.is_empty() {
                writeln!(out, "      {}", sanitize(&who.reasons.join("; ")))?;
            }
        }
        let more = finding.rows.saturating_sub(finding.who.len() as u64);
        if more > 0 {
            writeln!(out, "    + {more} more")?;
        }
        writeln!(out, "  Evidence:")?;
        for example in &finding.examples {
            writeln!(out, "    {}", sanitize(&evidence(example, clock)))?;
        }
        writeln!(out, "  Details: {}", sanitize(&finding.dig_deeper))?;
        writeln!(out, "  Known false positives: {}", sanitize(&finding.false_positives))?;
        if let Some(next) = &finding.next {
            writeln!(out, "  Next: {}", sanitize(next))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Writes a report as Markdown.
pub(crate) fn markdown(report: &HuntReport, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "# Findings\n\n{}\n", escape(&summary(report)))?;
    for finding in &report.findings {
        writeln!(out, "## {}: {}\n", finding.severity.as_str(), escape(&finding.title))?;
        writeln!(out, "{}\n\n{}\n", escape(&finding.question), escape(&seen(finding, &Clock::default())))?;
        writeln!(out, "| who | from | bucket | requests | first | last |\n|---|---|---|---:|---|---|")?;
        for who in &finding.who {
            let text = |cell: &Option<String>| escape(cell.as_deref().unwrap_or(""));
            let name = escape(who.requester.as_deref().unwrap_or("(anonymous)"));
            let (from, bucket) = (escape(&from(who).unwrap_or_default()), text(&who.bucket));
            let (first, last) = (text(&who.first_seen), text(&who.last_seen));
            writeln!(out, "| {name} | {from} | {bucket} | {} | {first} | {last} |", who.events)?;
        }
        writeln!(out, "\nEvidence:\n")?;
        for example in &finding.examples {
            writeln!(out, "- {}", escape(&evidence(example, &Clock::default())))?;
        }
        writeln!(out, "\nDetails: {}\n", escape(&finding.dig_deeper))?;
        writeln!(out, "Known false positives: {}\n", escape(&finding.false_positives))?;
    }
    Ok(())
}

/// The summary: how many detections matched, did not match, or could not run.
pub(super) fn summary(report: &HuntReport) -> String {
    let counts: Vec<String> = Severity::ALL
        .iter()
        .rev()
        .map(|severity| {
            (report.findings.iter().filter(|finding| finding.severity == *severity).count(), severity)
        })
        .filter(|(count, _)| *count > 0)
        .map(|(count, severity)| format!("{count} {}", severity.as_str()))
        .collect();
    let by_severity = if counts.is_empty() { String::new() } else { format!(" ({})", counts.join(", ")) };
    // A detection may have findings of several severities, and known work beside them.
    let found = report.findings.iter().map(|finding| &finding.query);
    let found: BTreeSet<&String> = found.chain(report.accepted.iter().map(|known| &known.query)).collect();
    let detections = counted((found.len() + report.quiet.len()) as u64, "detection");
    let found = counted(report.findings.len() as u64, "finding");
    let mut text = format!("{detections} ran: {found}{by_severity}.");
    for failed in &report.failed {
        text += &format!(" {} could not run: {}.", failed.query, failed.problem);
    }
    text
}

fn seen(finding: &Finding, clock: &Clock) -> String {
    let (rows, events) = (count(finding.rows, "row"), count(finding.events, "request"));
    format!("{rows}, {events}, {}", span(&finding.first_seen, &finding.last_seen, clock))
}

pub(super) fn actor(who: &RowSummary, clock: &Clock) -> String {
    let name = who.requester.as_deref().unwrap_or("(anonymous)");
    let from = from(who).map_or_else(String::new, |from| format!(" from {from}"));
    let bucket = who.bucket.as_deref().map_or_else(String::new, |bucket| format!(" on {bucket}"));
    format!(
        "{name}{from}{bucket}: {}, {}",
        count(who.events, "request"),
        span(&who.first_seen, &who.last_seen, clock)
    )
}

/// Maximum number of addresses to list.
const ADDRESSES: usize = 3;

/// The address if there is only one; otherwise their number and some of them.
fn from(who: &RowSummary) -> Option<String> {
    match (&who.remote_ip, who.addresses) {
        (Some(address), _) => Some(address.clone()),
        (None, Some(addresses)) if addresses > 1 => {
            let shown = &who.remote_ips[..who.remote_ips.len().min(ADDRESSES)];
            let more = if addresses > shown.len() as i64 { ", …" } else { "" };
            Some(format!("{addresses} addresses ({}{more})", shown.join(", ")))
        }
        _ => None,
    }
}

fn evidence(example: &Example, clock: &Clock) -> String {
    let text = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "-".to_owned());
    let (time, operation) = (clock.beside_text(&text(&example.request_time)), text(&example.operation));
    let (key, status) = (text(&example.key), text(&example.http_status));
    let (who, from) = (text(&example.requester), text(&example.remote_ip));
    format!("{}  {time} {from} {who} {operation} {key} {status}", example.place)
}

pub(super) fn count(number: impl Into<i128>, noun: &str) -> String {
    let number = number.into();
    u64::try_from(number).map_or_else(|_| format!("{number} {noun}s"), |number| counted(number, noun))
}

pub(super) fn span(first: &Option<String>, last: &Option<String>, clock: &Clock) -> String {
    match (first, last) {
        (Some(first), Some(last)) if first == last => format!("at {}", clock.beside_text(first)),
        (Some(first), Some(last)) => {
            format!("{} to {}", clock.beside_text(first), clock.beside_text(last))
        }
        _ => "time unknown".to_owned(),
    }
}

pub(super) fn colour(severity: Severity) -> Style {
    let colour = match severity {
        Severity::Critical | Severity::High => AnsiColor::Red,
        Severity::Medium => AnsiColor::Yellow,
        Severity::Low | Severity::Info => AnsiColor::Cyan,
    };
    Style::new().bold().fg_color(Some(colour.into()))
}
