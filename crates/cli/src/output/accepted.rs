//! Known work: findings that the case file accepts, shown with the reason and counted separately.

use std::collections::BTreeSet;
use std::io::{self, Write};

use saltmine_query::hunt::{Accepted, HuntReport};
use saltmine_query::incidents::short_name;

use super::case::Case;
use super::counted;
use super::findings::{actor, count, span};
use super::incidents::words::{cut, wrapped};
use super::markdown::escape;
use super::sanitize::sanitize;

/// Maximum number of entries on the screen.
const SHOWN: usize = 3;

/// The heading above the accepted findings.
fn heading(report: &HuntReport) -> String {
    let rows: u64 = report.accepted.iter().map(|accepted| accepted.rows).sum();
    let entries: BTreeSet<usize> = report.accepted.iter().map(|accepted| accepted.known_work).collect();
    let entries = counted(entries.len() as u64, "entry");
    format!(
        "Known work, accepted and not counted above: {} by {entries} of the case file",
        counted(rows, "row")
    )
}

/// The reason, with the number of its entry.
fn reason(accepted: &Accepted) -> String {
    match &accepted.why {
        Some(why) => format!("known_work {}: {why}", accepted.known_work),
        None => format!("known_work {} (the reason is not shown under --redact)", accepted.known_work),
    }
}

/// `mass-delete: 1 row, 600 requests by ops-maintenance (Mass deletion of objects)`.
fn summary(accepted: &Accepted) -> String {
    let names: BTreeSet<String> =
        accepted.who.iter().map(|who| short_name(who.requester.as_deref())).collect();
    let by = match (names.first(), names.len()) {
        (Some(name), 1) => format!(" by {name}"),
        (Some(name), several) => format!(" by {name} and {}", counted(several as u64 - 1, "other")),
        (None, _) => String::new(),
    };
    let (rows, events) = (counted(accepted.rows, "row"), count(accepted.events, "request"));
    format!("{}: {rows}, {events}{by} ({})", accepted.query, accepted.title)
}

/// An accepted finding on one line.
pub(crate) fn line(accepted: &Accepted) -> String {
    format!("{} (accepted): {}; {}", accepted.severity.as_str(), summary(accepted), reason(accepted))
}

/// The lines for the screen; empty without known work.
pub(super) fn screen(report: &HuntReport, width: usize) -> Vec<String> {
    if report.accepted.is_empty() {
        return Vec::new();
    }
    let mut lines = wrapped(&heading(report), width, 2);
    for accepted in report.accepted.iter().take(SHOWN) {
        let text = format!("   {:<9} {}", accepted.severity.as_str(), summary(accepted));
        lines.push(cut(&sanitize(&text), width));
        lines.push(cut(&sanitize(&format!("{:13}{}", "", reason(accepted))), width));
    }
    let more = report.accepted.len().saturating_sub(SHOWN);
    if more > 0 {
        lines.push(format!(" … and {more} more: --details shows them"));
    }
    lines.push(String::new());
    lines
}

/// Writes all known work as text.
pub(crate) fn text(report: &HuntReport, case: &Case, width: usize, out: &mut impl Write) -> io::Result<()> {
    if report.accepted.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}\n", heading(report))?;
    report.accepted.iter().try_for_each(|accepted| write_one(accepted, case, width, out))
}

/// Writes the known work of a detection as text.
pub(crate) fn of_query(
    report: &HuntReport,
    query: &str,
    case: &Case,
    width: usize,
    out: &mut impl Write,
) -> io::Result<()> {
    let of_query = report.accepted.iter().filter(|accepted| accepted.query == query);
    of_query.into_iter().try_for_each(|accepted| write_one(accepted, case, width, out))
}

fn write_one(accepted: &Accepted, case: &Case, width: usize, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "ACCEPTED ({})  {}", accepted.severity.as_str(), sanitize(&summary(accepted)))?;
    for line in wrapped(&sanitize(&reason(accepted)), width.saturating_sub(2).max(20), usize::MAX) {
        writeln!(out, "  {line}")?;
    }
    writeln!(out, "  Seen: {}", sanitize(&span(&accepted.first_seen, &accepted.last_seen, &case.clock)))?;
    for who in &accepted.who {
        writeln!(out, "    {}", sanitize(&actor(who, &case.clock)))?;
    }
    let more = accepted.rows.saturating_sub(accepted.who.len() as u64);
    if more > 0 {
        writeln!(out, "    + {more} more")?;
    }
    writeln!(out)
}

/// Writes all known work as Markdown.
pub(crate) fn markdown(report: &HuntReport, case: &Case, out: &mut impl Write) -> io::Result<()> {
    if report.accepted.is_empty() {
        return Ok(());
    }
    writeln!(out, "# Known work\n\n{}\n", escape(&heading(report)))?;
    for accepted in &report.accepted {
        let seen = span(&accepted.first_seen, &accepted.last_seen, &case.clock);
        let (severity, summary) = (accepted.severity.as_str(), summary(accepted));
        writeln!(
            out,
            "- {severity}: {}, {}. {}",
            escape(&summary),
            escape(&seen),
            escape(&reason(accepted))
        )?;
    }
    writeln!(out)
}
