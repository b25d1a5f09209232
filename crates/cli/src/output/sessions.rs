//! Sessions of a timeline, one per line: as text with unusual activity marked, and as CSV.

use std::io::{self, Write};
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, UInt64Array};
use chrono::DateTime;
use saltmine_query::incidents::short_name;
use saltmine_query::quantity::{bytes, counted, duration, grouped};
use saltmine_query::timeline::{TimelineReport, TimelineSession};

use super::clock::Clock;
use super::incidents::words::{cut, day_and_time, wrapped};
use super::sanitize::sanitize;
use super::text::wrong;
use crate::error::CliError;

/// A session is unusual if it has this many times the median.
const OUTLIER_FACTOR: u64 = 10;
/// Minimum requests for an unusual session.
const MIN_REQUESTS: u64 = 10;
/// Minimum bytes for an unusual session.
const MIN_BYTES: i64 = 1_000_000;

/// Columns of the text.
const HEADINGS: [&str; 6] = ["start (UTC)", "length", "from", "requests", "objects", "bytes"];

/// Writes one line per session.
pub(crate) fn text(
    report: &TimelineReport,
    clock: &Clock,
    coloured: bool,
    width: usize,
    out: &mut impl Write,
) -> io::Result<()> {
    if report.session_count == 0 {
        return Ok(());
    }
    for line in wrapped(&sanitize(&summary(report, clock)), width, 3) {
        writeln!(out, "{line}")?;
    }
    writeln!(out)?;
    let usual = MedianSession::new(report);
    let one_requester =
        report.sessions.iter().all(|session| session.requester == report.sessions[0].requester);
    let mut headings: Vec<&str> = HEADINGS.to_vec();
    if !one_requester {
        headings.insert(3, "who");
    }
    if clock.zone.is_some() {
        headings.insert(1, "start (local)");
    }
    let cells = |session| cells(session, clock, one_requester);
    let rows: Vec<Vec<String>> = report.sessions.iter().map(cells).collect();
    let widths: Vec<usize> = headings
        .iter()
        .enumerate()
        .map(|(column, heading)| {
            let longest = rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
            longest.max(heading.chars().count()).min(if *heading == "who" { 32 } else { 45 })
        })
        .collect();
    let line = |cells: &[String]| -> String {
        let numbers = cells.len() - 3;
        let padded = cells.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            let cell = cut(cell, *width);
            if column >= numbers { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        padded.collect::<Vec<_>>().join("  ")
    };
    let heading: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
    writeln!(out, "{}", cut(&line(&heading), width))?;
    let style =
        if coloured { Style::new().bold().fg_color(Some(AnsiColor::Red.into())) } else { Style::new() };
    for (session, row) in report.sessions.iter().zip(&rows) {
        let marks = usual.marks(session);
        let row = line(row);
        if marks.is_empty() {
            writeln!(out, "{}", cut(row.trim_end(), width))?;
            continue;
        }
        // Marks of unusual activity take precedence over usual details.
        let marks = marks.join(", ");
        let is_short = row.chars().count() + marks.chars().count() + 5 <= width;
        if is_short {
            writeln!(out, "{style}{row}{style:#}  <- {marks}")?;
        } else {
            writeln!(out, "{style}{}{style:#}", cut(&row, width))?;
            writeln!(out, "{:>indent$}<- {}", "", cut(&marks, width.saturating_sub(25)), indent = 22)?;
        }
    }
    writeln!(out, "\n--details shows what was done in each session, --rows each request.")
}

fn cells(session: &TimelineSession, clock: &Clock, one_requester: bool) -> Vec<String> {
    let start = DateTime::from_timestamp_micros(session.first_time.0)
        .map_or_else(|| session.first_time.to_string(), |time| time.format("%a %Y-%m-%d %H:%M").to_string());
    let least = if session.objects.distinct_is_at_least { ">" } else { "" };
    let mut cells = vec![
        start,
        duration(session.last_time.0.saturating_sub(session.first_time.0)),
        sanitize(session.remote_ip.as_deref().unwrap_or("-")).into_owned(),
        grouped(session.requests),
        format!("{least}{}", grouped(session.objects.distinct)),
        bytes(session.bytes_sent),
    ];
    if !one_requester {
        cells.insert(3, sanitize(&short_name(session.requester.as_deref())).into_owned());
    }
    if clock.zone.is_some() {
        cells.insert(1, clock.day_and_time(session.first_time).unwrap_or_default());
    }
    cells
}

fn summary(report: &TimelineReport, clock: &Clock) -> String {
    let who = match report.sessions.first() {
        Some(first) if report.sessions.iter().all(|session| session.requester == first.requester) => {
            format!(" by {}", first.requester.as_deref().unwrap_or("(anonymous)"))
        }
        _ => String::new(),
    };
    let time = match (report.first_time, report.last_time) {
        (Some(first), Some(last)) => format!(", {} to {} UTC", day_and_time(first), day_and_time(last)),
        _ => String::new(),
    };
    let shown = if report.hidden() > 0 {
        format!("; the first {} are shown", report.sessions.len())
    } else {
        String::new()
    };
    let (sessions, requests) =
        (counted(report.session_count, "session"), counted(report.requests, "request"));
    let zone = clock.zone.as_ref().map_or_else(String::new, |zone| format!("; local times of {zone}"));
    format!("{sessions}{who}, {requests}, {} sent{time}{zone}{shown}", bytes(report.bytes_sent))
}

/// The median session.
struct MedianSession {
    requests: u64,
    bytes: i64,
    few: bool,
}

impl MedianSession {
    fn new(report: &TimelineReport) -> Self {
        let mut requests: Vec<u64> = report.sessions.iter().map(|session| session.requests).collect();
        let mut bytes: Vec<i64> = report.sessions.iter().map(|session| session.bytes_sent).collect();
        requests.sort_unstable();
        bytes.sort_unstable();
        let middle = requests.len() / 2;
        Self { requests: requests[middle], bytes: bytes[middle], few: requests.len() < 3 }
    }

    /// Describes what is unusual about a session.
    fn marks(&self, session: &TimelineSession) -> Vec<String> {
        let mut marks = Vec::new();
        if !self.few && session.bytes_sent >= MIN_BYTES && session.bytes_sent >= self.bytes.saturating_mul(10)
        {
            marks.push(match session.bytes_sent / self.bytes.max(1) {
                _ if self.bytes == 0 => "bytes".to_owned(),
                times => format!("{} × the usual bytes", grouped(times.unsigned_abs())),
            });
        }
        if !self.few
            && session.requests >= MIN_REQUESTS
            && session.requests >= self.requests.saturating_mul(OUTLIER_FACTOR)
        {
            marks.push(format!("{} × the usual requests", grouped(session.requests / self.requests.max(1))));
        }
        let of_operations = |is: fn(&str) -> bool| -> u64 {
            let known = session.operations.top.iter().filter(|value| value.value.as_deref().is_some_and(is));
            known.map(|value| value.statuses.success).sum()
        };
        let deletes = of_operations(|name| name.contains(".DELETE.OBJECT") || name == "BATCH.DELETE.OBJECT");
        if deletes > 0 {
            marks.push(counted(deletes, "delete"));
        }
        let changes = of_operations(is_setting);
        if changes > 0 {
            marks.push(format!("{} of settings", counted(changes, "change")));
        }
        let failed = session.statuses.client_error;
        if failed >= MIN_REQUESTS && failed.saturating_mul(2) >= session.requests {
            marks.push(format!("{} failed", grouped(failed)));
        }
        if session.first_use.address && !session.first_use.requester {
            marks.push("address not used before".to_owned());
        }
        marks
    }
}

/// Whether an operation changes a bucket.
fn is_setting(operation: &str) -> bool {
    let of_objects = ["OBJECT", "PART", "UPLOAD", "OBJECT_TAGGING", "OBJECT_ACL", "ACL.OBJECT"];
    let mut parts = operation.split('.').skip(1);
    let (verb, rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    matches!(verb, "PUT" | "DELETE")
        && !of_objects.contains(&rest)
        && !operation.starts_with("BATCH.")
        && !operation.starts_with("S3.")
}

/// Writes sessions as comma-separated values, safe for spreadsheets.
pub(crate) fn csv(report: &TimelineReport, out: &mut impl Write) -> Result<(), CliError> {
    let text = |value: fn(&TimelineSession) -> Option<String>| -> ArrayRef {
        Arc::new(report.sessions.iter().map(value).collect::<StringArray>())
    };
    let number = |value: fn(&TimelineSession) -> u64| -> ArrayRef {
        Arc::new(report.sessions.iter().map(value).map(Some).collect::<UInt64Array>())
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("first_time", text(|session| Some(session.first_time.to_string()))),
        ("last_time", text(|session| Some(session.last_time.to_string()))),
        ("requester", text(|session| session.requester.clone())),
        ("remote_ip", text(|session| session.remote_ip.clone())),
        ("requests", number(|session| session.requests)),
        ("objects", number(|session| session.objects.distinct)),
        (
            "bytes_sent",
            Arc::new(report.sessions.iter().map(|session| Some(session.bytes_sent)).collect::<Int64Array>()),
        ),
        ("status_2xx", number(|session| session.statuses.success)),
        ("status_3xx", number(|session| session.statuses.redirect)),
        ("status_4xx", number(|session| session.statuses.client_error)),
        ("status_5xx", number(|session| session.statuses.server_error)),
        ("first_line", text(|session| Some(session.evidence[0].clone()))),
        ("last_line", text(|session| Some(session.evidence[1].clone()))),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, column)| (name, column, true)),
    );
    super::csv::write(&batch.map_err(wrong)?, out)
}
