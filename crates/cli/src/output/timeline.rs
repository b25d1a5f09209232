//! Writes the sessions of a timeline as text or Markdown.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use indicatif::HumanCount;
use saltmine_query::timeline::{Statuses, TimelineReport, TimelineSession, Value, Values};

use super::clock::Clock;
use super::counted;
use super::markdown::escape;
use super::sanitize::sanitize;

/// Writes a report as text: one line per session, then its operations.
pub(crate) fn text(
    report: &TimelineReport,
    clock: &Clock,
    coloured: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    if report.session_count == 0 {
        return Ok(());
    }
    writeln!(out, "{}\n", summary(report))?;
    let style =
        if coloured { Style::new().bold().fg_color(Some(AnsiColor::Cyan.into())) } else { Style::new() };
    for session in &report.sessions {
        let (span, actor) = (span(session, clock), actor(session));
        writeln!(out, "{style}{span}{style:#}  {}: {}", sanitize(&actor), totals(session))?;
        if let Some(first) = first_use(session) {
            writeln!(out, "  {first}")?;
        }
        operations(session, clock, out)?;
        for (name, values) in details(session) {
            let items = items(values, session);
            match &items[..] {
                [item] => writeln!(out, "  {name}: {}", sanitize(item))?,
                items => {
                    writeln!(out, "  {name}:")?;
                    items.iter().try_for_each(|item| writeln!(out, "    {}", sanitize(item)))?;
                }
            }
        }
        let [first, last] = &session.evidence;
        writeln!(out, "  Lines: {} to {}\n", sanitize(first), sanitize(last))?;
    }
    Ok(())
}

/// Writes a report as Markdown.
pub(crate) fn markdown(report: &TimelineReport, clock: &Clock, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "# Timeline\n\n{}\n", escape(&summary(report)))?;
    for session in &report.sessions {
        writeln!(out, "## {}\n", escape(&span(session, clock)))?;
        writeln!(out, "By {}: {}\n", escape(&actor(session)), escape(&totals(session)))?;
        if let Some(first) = first_use(session) {
            writeln!(out, "{first}\n")?;
        }
        writeln!(out, "| operation | requests | status | bytes | first | evidence |")?;
        writeln!(out, "|---|---:|---|---:|---|---|")?;
        for value in &session.operations.top {
            let name = escape(&named(value, session));
            let (status, place) = (escape(&statuses(&value.statuses)), escape(&value.evidence));
            let (requests, bytes) = (value.requests, value.bytes_sent);
            let first = clock.beside(value.first_time);
            writeln!(out, "| {name} | {requests} | {status} | {bytes} | {first} | {place} |")?;
        }
        if let Some(more) = more(&session.operations) {
            writeln!(out, "| {more} | | | | | |")?;
        }
        writeln!(out)?;
        for (name, values) in details(session) {
            writeln!(out, "- {name}:")?;
            items(values, session).iter().try_for_each(|item| writeln!(out, "  - {}", escape(item)))?;
        }
        let [first, last] = &session.evidence;
        writeln!(out, "- Lines: {} to {}\n", escape(first), escape(last))?;
    }
    Ok(())
}

/// Writes one line per operation, in columns.
fn operations(session: &TimelineSession, clock: &Clock, out: &mut impl Write) -> io::Result<()> {
    let rows: Vec<[String; 4]> = session
        .operations
        .top
        .iter()
        .map(|value| {
            let requests = value.requests.to_string();
            let place = format!("first {}, {}", clock.beside(value.first_time), value.evidence);
            [named(value, session), requests, statuses(&value.statuses), place]
                .map(|cell| sanitize(&cell).into_owned())
        })
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (names, counts, classes) = (width(0), width(1), width(2));
    for [name, requests, status, place] in &rows {
        writeln!(out, "  {name:names$}  {requests:>counts$}  {status:classes$}  {place}")?;
    }
    more(&session.operations).map_or(Ok(()), |more| writeln!(out, "  {more}"))
}

/// All details except the operations, if there are any.
fn details(session: &TimelineSession) -> impl Iterator<Item = (&'static str, &Values)> {
    [
        ("Buckets", &session.buckets),
        ("Objects", &session.objects),
        ("Errors", &session.errors),
        ("User agents", &session.user_agents),
        ("TLS", &session.tls_versions),
    ]
    .into_iter()
    .filter(|(_, values)| values.distinct > 0)
}

fn summary(report: &TimelineReport) -> String {
    let time = match (report.first_time, report.last_time) {
        (Some(first), Some(last)) => format!(", {first} to {last}"),
        _ => String::new(),
    };
    let sessions = counted(report.session_count, "session");
    let requests = counted(report.requests, "request");
    let shown = if report.hidden() > 0 {
        format!("; only the first {} are shown", report.sessions.len())
    } else {
        String::new()
    };
    format!("{sessions}, {requests}, {} bytes sent{time}{shown}.", bytes(report.bytes_sent))
}

fn span(session: &TimelineSession, clock: &Clock) -> String {
    let seconds = session.last_time.0.saturating_sub(session.first_time.0) / 1_000_000;
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let long = match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, _) => format!("{minutes}m {rest}s"),
        _ => format!("{hours}h {minutes}m {rest}s"),
    };
    format!("{} to {} ({long})", clock.beside(session.first_time), clock.beside(session.last_time))
}

fn actor(session: &TimelineSession) -> String {
    let who = session.requester.as_deref().unwrap_or("(anonymous)");
    let whence = session.remote_ip.as_deref().map_or_else(String::new, |ip| format!(" from {ip}"));
    format!("{who}{whence}")
}

fn totals(session: &TimelineSession) -> String {
    let (requests, status) = (counted(session.requests, "request"), statuses(&session.statuses));
    let objects = session.objects.distinct;
    let least = if session.objects.distinct_is_at_least { "at least " } else { "" };
    format!(
        "{requests} ({status}), {least}{}, {} bytes sent",
        counted(objects, "object"),
        bytes(session.bytes_sent)
    )
}

/// For a new requester everything is new, so individual values are not marked.
fn first_use(session: &TimelineSession) -> Option<&'static str> {
    match (session.first_use.requester, session.first_use.address) {
        (true, _) => Some("First use: the requester is new in these logs"),
        (false, true) => Some("First use: the requester did not use this address before"),
        (false, false) => None,
    }
}

/// A value, marked if it is new for a requester who is not.
fn named(value: &Value, session: &TimelineSession) -> String {
    let name = value.value.as_deref().unwrap_or("-");
    let is_new = value.first_use == Some(true) && !session.first_use.requester;
    format!("{name}{}", if is_new { " (first use)" } else { "" })
}

/// One line per value. The count comes first, because the value may contain anything.
fn items(values: &Values, session: &TimelineSession) -> Vec<String> {
    let shown = values.top.iter().map(|value| format!("{} × {}", value.requests, named(value, session)));
    shown.chain(more(values)).collect()
}

fn more(values: &Values) -> Option<String> {
    let least = if values.distinct_is_at_least { "at least " } else { "" };
    (values.more() > 0).then(|| format!("and {least}{} more", HumanCount(values.more())))
}

/// A number with separators.
fn bytes(number: i64) -> String {
    u64::try_from(number).map_or_else(|_| number.to_string(), |number| HumanCount(number).to_string())
}

fn statuses(statuses: &Statuses) -> String {
    let classes = statuses.classes().into_iter().filter(|(_, count)| *count > 0);
    classes.map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}
