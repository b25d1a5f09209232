//! The result of a hunt on one screen: incidents, findings by actor, and suggested commands.

mod detail;
pub(crate) mod rows;
pub(super) mod words;

use std::collections::BTreeSet;
use std::io::{self, Write};

use saltmine_query::Coverage;
use saltmine_query::catalogue::Severity;
use saltmine_query::hunt::{Finding, HuntReport};
use saltmine_query::incidents::{Actor, ActorFindings, Change, Incident};
use saltmine_query::quantity::{counted, grouped};

pub(crate) use self::detail::{actor as show_actor, incident as show_incident, markdown};
use self::words::{day_and_time, days, side_by_side, wrapped};
use super::accepted;
use super::case::Case;
use super::findings::colour;
use super::sanitize::sanitize;

/// Maximum lines of the screen.
const MAX_LINES: usize = 50;
/// Columns before the text of an incident.
const INDENT: usize = 13;
/// Maximum lines of an incident's details.
const MAX_DETAILS: usize = 2;

/// A hunt with everything that the screen shows about it.
pub(crate) struct Screen<'a> {
    /// The unexpected content.
    pub(crate) report: &'a HuntReport,
    /// The case, for local times.
    pub(crate) case: &'a Case,
    /// The title and file of the case, redacted if needed.
    pub(crate) case_text: &'a [String],
    /// What was examined.
    pub(crate) coverage: &'a Coverage,
    /// The input, redacted if needed.
    pub(crate) input: &'a str,
    /// The input and its limits, as arguments of a command.
    pub(crate) words: &'a str,
    /// Findings below this severity are counted but not shown.
    pub(crate) min_severity: Option<Severity>,
    /// Width of the terminal in columns.
    pub(crate) width: usize,
    /// Whether severities have colours.
    pub(crate) coloured: bool,
    /// The largest changes in the logs, if nothing was found.
    pub(crate) changes: &'a [Change],
}

impl Screen<'_> {
    /// Writes the summary screen.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        self.head(out)?;
        let report = self.report;
        let least = self.min_severity.unwrap_or(Severity::Medium);
        let accepted = accepted::screen(report, self.width);
        let mut room = MAX_LINES.saturating_sub(11 + accepted.len() + self.about_case().len());
        for incident in &report.incidents {
            let lines = self.incident(incident);
            if lines.len() > room {
                break;
            }
            room -= lines.len();
            self.print(out, &lines, incident.severity)?;
        }
        let shown: Vec<&ActorFindings> =
            report.actors.iter().filter(|actor| actor.severity >= least).collect();
        let mut printed = 0;
        for actor in &shown {
            let lines = self.actor(actor);
            // With an explicit severity, all of its findings are shown.
            if self.min_severity.is_none() && lines.len() > room {
                break;
            }
            room = room.saturating_sub(lines.len());
            printed += 1;
            self.print(out, &lines, actor.severity)?;
        }
        for finding in self.without_actor(least) {
            let rows = counted(finding.rows, "row");
            let text = format!(
                "   {:<9} {}: {} ({rows})",
                finding.severity.as_str().to_uppercase(),
                finding.query,
                finding.title
            );
            self.print(out, &[words::cut(&sanitize(&text), self.width)], finding.severity)?;
        }
        self.rest(out, printed, least)?;
        accepted.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        if report.findings.is_empty() && report.accepted.is_empty() {
            return self.nothing(out);
        }
        if report.findings.is_empty() {
            return writeln!(out, "All that was found is known work.");
        }
        self.next(out)
    }

    /// Findings outside of incidents and without an actor: those of the user's own queries under redaction, and rows
    /// without a time.
    fn without_actor(&self, least: Severity) -> impl Iterator<Item = &Finding> {
        let incidents = self.report.incidents.iter().flat_map(|incident| &incident.findings);
        let actors = self.report.actors.iter().flat_map(|actor| &actor.findings);
        let placed: BTreeSet<&str> = incidents.chain(actors).map(|finding| finding.query.as_str()).collect();
        let findings = self.report.findings.iter();
        findings.filter(move |finding| finding.severity >= least && !placed.contains(finding.query.as_str()))
    }

    /// What was examined, and how much was found.
    fn head(&self, out: &mut impl Write) -> io::Result<()> {
        let Coverage { files, incomplete, rows, .. } = self.coverage;
        let examined = self.report.examined;
        let mut what = vec![counted(*rows, "request")];
        what.push(counted(examined.buckets, "bucket"));
        what.push(counted(examined.principals, "principal"));
        let complete = match (files, incomplete) {
            (0, _) => String::new(),
            (files, 0) => format!("{} complete", counted(*files, "file")),
            (files, incomplete) => {
                format!("{} of {} INCOMPLETE", grouped(*incomplete), counted(*files, "file"))
            }
        };
        let span = match (self.coverage.first_time, self.coverage.last_time) {
            (Some(first), Some(last)) => format!("{} to {} UTC", day_and_time(first), day_and_time(last)),
            _ => String::new(),
        };
        let title = format!("{}   {}", sanitize(self.input), what.join(" · "));
        for line in side_by_side(&title, &span, self.width) {
            writeln!(out, "{line}")?;
        }
        let summary = super::findings::summary(self.report);
        for line in side_by_side(&sanitize(&summary), &complete, self.width) {
            writeln!(out, "{line}")?;
        }
        self.about_case().iter().try_for_each(|line| writeln!(out, "{line}"))?;
        writeln!(out)
    }

    /// The case and its time zone.
    fn about_case(&self) -> Vec<String> {
        let zone = self.case.clock.zone.as_ref();
        let zone = zone.map(|zone| format!("times are UTC, with local times of {zone} below"));
        let parts: Vec<&str> = self.case_text.iter().map(String::as_str).chain(zone.as_deref()).collect();
        wrapped(&sanitize(&parts.join(" · ")), self.width, 3)
    }

    /// The local time of an incident, and remarks based on the case file.
    fn beside(&self, incident: &Incident) -> Option<String> {
        let clock = &self.case.clock;
        let span = (incident.first_seen, incident.last_seen);
        let parts = [
            clock.days(span.0, span.1),
            clock.is_off_hours(span.0, span.1).then(|| "outside working hours".to_owned()),
            incident.outside_window.then(|| "outside the time of the incident".to_owned()),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" · "))
    }

    fn print(&self, out: &mut impl Write, lines: &[String], severity: Severity) -> io::Result<()> {
        let word = severity.as_str().to_uppercase();
        for (index, line) in lines.iter().enumerate() {
            match line.split_once(&word).filter(|_| index == 0 && self.coloured) {
                Some((before, after)) => {
                    let style = colour(severity);
                    writeln!(out, "{before}{style}{word}{style:#}{after}")?;
                }
                None => writeln!(out, "{line}")?,
            }
        }
        Ok(())
    }

    fn incident(&self, incident: &Incident) -> Vec<String> {
        let who = who(&incident.actors);
        let place = origin_text(&incident.actors);
        let buckets = several(&incident.buckets, "bucket");
        let when = days(incident.first_seen, incident.last_seen);
        let first = title(incident.number, incident.severity, &[&who, &place, &buckets], &when, self.width);
        let mut lines = vec![first];
        lines.extend(self.beside(incident).iter().flat_map(|text| self.indented(text, 1)));
        lines.extend(self.indented(&incident.title, 1));
        lines.extend(self.indented(&incident.headline, 2));
        for detail in incident.details.iter().take(MAX_DETAILS) {
            lines.extend(self.indented(detail, 1));
        }
        let findings: usize = incident.findings.len();
        let note = format!("{} · {}", counted(findings as u64, "detection"), incident.last_seen_note);
        let playbook = incident.playbooks.first();
        let playbook =
            playbook.map_or_else(String::new, |name| format!("Playbook: saltmine playbook {name}"));
        let one = format!("{note} · {playbook}");
        if playbook.is_empty() || one.chars().count() <= self.width.saturating_sub(INDENT) {
            lines.extend(self.indented(if playbook.is_empty() { &note } else { &one }, 1));
        } else {
            lines.extend(self.indented(&note, 1));
            lines.extend(self.indented(&playbook, 1));
        }
        lines.extend(self.notes(&incident.notes));
        lines
    }

    /// The beginning of the examiner's notes.
    fn notes(&self, notes: &[String]) -> Vec<String> {
        notes.iter().take(2).flat_map(|note| self.indented(&format!("Note: {note}"), 2)).collect()
    }

    fn actor(&self, actor: &ActorFindings) -> Vec<String> {
        let place = match (&actor.remote_ips[..], actor.addresses) {
            ([one], 1) => one.clone(),
            (_, 0) => String::new(),
            (_, count) => counted(count, "address"),
        };
        let buckets = several(&actor.buckets, "bucket");
        let when = days(actor.first_seen, actor.last_seen);
        let first = title(actor.number, actor.severity, &[&actor.name, &place, &buckets], &when, self.width);
        let mut lines = vec![first];
        let more = match actor.findings.len() {
            0 | 1 => String::new(),
            count => format!(" (and {})", counted(count as u64 - 1, "other detection")),
        };
        let local = self.case.clock.days(actor.first_seen, actor.last_seen);
        lines.extend(local.iter().flat_map(|text| self.indented(text, 1)));
        lines.extend(self.indented(&format!("{}{more}", actor.headline), 1));
        lines.extend(self.notes(&actor.notes));
        lines
    }

    fn indented(&self, text: &str, most: usize) -> Vec<String> {
        let width = self.width.saturating_sub(INDENT).max(20);
        let text = sanitize(text);
        wrapped(&text, width, most).into_iter().map(|line| format!("{:INDENT$}{line}", "")).collect()
    }

    /// Summarises what does not fit on the screen.
    fn rest(&self, out: &mut impl Write, printed: usize, least: Severity) -> io::Result<()> {
        let mut counts: Vec<String> = Vec::new();
        let mut lowest = Severity::Info;
        for severity in Severity::ALL.into_iter().rev() {
            let shown = self.report.actors.iter().filter(|actor| actor.severity >= least).take(printed);
            let shown = shown.filter(|actor| actor.severity == severity).count();
            let all = self.report.actors.iter().filter(|actor| actor.severity == severity).count();
            if all > shown {
                let more = (all - shown) as u64;
                let actors = if counts.is_empty() { counted(more, "actor") } else { grouped(more) };
                counts.push(format!("{actors} with {}", severity.as_str()));
                lowest = severity;
            }
        }
        if !counts.is_empty() {
            let text =
                format!("{} findings: --min-severity {} shows them", counts.join(", "), lowest.as_str());
            for line in wrapped(&sanitize(&text), self.width.saturating_sub(3).max(20), 2) {
                writeln!(out, " … {line}")?;
            }
        }
        if self.report.incidents_left_out > 0 {
            writeln!(
                out,
                " … {} are not shown",
                counted(self.report.incidents_left_out, "further incident")
            )?;
        }
        writeln!(out)
    }

    /// Suggests the next commands.
    fn next(&self, out: &mut impl Write) -> io::Result<()> {
        let number = self.report.incidents.first().map(|incident| incident.number);
        let number = number.or_else(|| self.report.actors.first().map(|actor| actor.number)).unwrap_or(1);
        let words = self.words;
        let commands = [
            (format!("hunt {words} --show {number}"), "evidence, phases, next steps"),
            (format!("timeline {words} --incident {number}"), "what the actors did, in order"),
            (format!("export {words} --incident {number} --what taken -o taken.csv"), "the objects"),
            (format!("report {words}"), "a page to hand over"),
        ];
        let commands = commands.map(|(command, what)| (sanitize(&command).into_owned(), what));
        let wide = commands.iter().map(|(command, _)| command.chars().count()).max().unwrap_or(0);
        let fits = wide + 30 + 10 < self.width;
        for (index, (command, what)) in commands.iter().enumerate() {
            let lead = if index == 0 { "Next:" } else { "" };
            if fits {
                writeln!(out, "{lead:<6} saltmine {command:wide$}  {what}")?;
            } else {
                // Commands are not truncated, so that they can be copied.
                writeln!(out, "{lead:<6} saltmine {command}")?;
            }
        }
        Ok(())
    }

    /// Shows the largest changes if no detection matched.
    fn nothing(&self, out: &mut impl Write) -> io::Result<()> {
        let text = "No detection matched. This does not prove that nothing happened. The largest changes, for \
            manual review:";
        for line in wrapped(text, self.width, 3) {
            writeln!(out, "{line}")?;
        }
        for change in self.changes {
            let bucket = change.bucket.as_deref().map_or_else(String::new, |bucket| format!(" in {bucket}"));
            let text = format!("{:<17} {}: {}{bucket}", change.kind, change.subject, change.text);
            for line in wrapped(&sanitize(&text), self.width.saturating_sub(2), 1) {
                writeln!(out, "  {line}")?;
            }
        }
        if let Some(requester) = self.changes.iter().find_map(|change| change.requester.as_deref()) {
            let quoted = super::shell_quote(requester);
            let command = format!("timeline {} --requester {quoted}", self.words);
            writeln!(out, "\nNext:  saltmine {}", sanitize(&command))?;
        }
        Ok(())
    }
}

/// The line that names an incident or an actor.
fn title(number: usize, severity: Severity, parts: &[&str], when: &str, width: usize) -> String {
    let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    let text = format!("{number:>2} {:<9} {}", severity.as_str().to_uppercase(), parts.join(" · "));
    let when = format!("  {when}");
    let room = width.saturating_sub(when.chars().count()).max(20);
    format!("{:<room$}{when}", words::cut(&sanitize(&text), room))
}

/// Summary of the actors.
fn who(actors: &[Actor]) -> String {
    match actors {
        [] => String::new(),
        [one] => one.name.clone(),
        [one, others @ ..] => format!("{} and {}", one.name, counted(others.len() as u64, "other")),
    }
}

/// Summary of the source IPs: a single address is shown only if there are no others.
fn origin_text(actors: &[Actor]) -> String {
    let count: u64 = actors.iter().map(|actor| actor.addresses).sum();
    let known: BTreeSet<&String> = actors.iter().flat_map(|actor| &actor.remote_ips).collect();
    match (known.first(), known.len(), count) {
        (Some(one), 1, 0 | 1) => (*one).clone(),
        (Some(one), 1, _) => (*one).clone(),
        (None, ..) => String::new(),
        (_, _, count) => counted(count, "address"),
    }
}

fn several(names: &[String], noun: &str) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        names => counted(names.len() as u64, noun),
    }
}
