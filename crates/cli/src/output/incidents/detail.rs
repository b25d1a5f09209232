//! Shows an incident or an actor in full: as text, and as Markdown to share.

use std::io::{self, Write};

use saltmine_query::hunt::HuntReport;
use saltmine_query::incidents::{Actor, ActorFindings, FindingRef, Incident, Losses};
use saltmine_query::quantity::{bytes, counted, grouped};
use saltmine_query::timeline::Time;

use super::super::case::Case;
use super::super::markdown::escape;
use super::super::sanitize::sanitize;
use super::words::{days, wrapped};

/// A heading and its lines.
struct Block {
    heading: &'static str,
    lines: Vec<String>,
}

/// All sections about an incident.
fn blocks(incident: &Incident, case: &Case) -> Vec<Block> {
    let phase = |phase: &saltmine_query::incidents::Phase| {
        let when = when(phase.first_seen, phase.last_seen, case);
        format!("{} ({}), {when}: {}", phase.phase.as_str(), phase.attack.join(", "), phase.text)
    };
    let steps = &incident.next_steps;
    vec![
        Block {
            heading: "What happened",
            lines: std::iter::once(&incident.headline).chain(&incident.details).cloned().collect(),
        },
        Block { heading: "When", lines: span(incident, case) },
        Block {
            heading: "Who",
            lines: incident.actors.iter().map(|actor| actor_line(actor, case)).collect(),
        },
        Block { heading: "Phases", lines: incident.phases.iter().map(phase).collect() },
        Block { heading: "What was lost", lines: losses(incident, case) },
        Block { heading: "Not in the logs", lines: incident.cannot_tell.clone() },
        Block { heading: "Containment", lines: steps.containment.clone() },
        Block { heading: "Confirmation", lines: steps.confirmation.clone() },
        Block { heading: "Recovery", lines: steps.recovery.clone() },
        Block { heading: "Playbook", lines: incident.playbooks.iter().map(|name| playbook(name)).collect() },
        Block { heading: "Notes", lines: incident.notes.clone() },
        Block { heading: "Findings", lines: incident.findings.iter().map(finding_line).collect() },
    ]
}

fn playbook(name: &str) -> String {
    format!("saltmine playbook {name}")
}

/// `Fri 06 Mar 03:02–03:26 UTC`, and the local time.
fn when(first: Time, last: Time, case: &Case) -> String {
    let local = case.clock.days(first, last).map_or_else(String::new, |local| format!(" ({local})"));
    format!("{} UTC{local}", days(first, last))
}

fn span(incident: &Incident, case: &Case) -> Vec<String> {
    let (first, last) = (incident.first_seen, incident.last_seen);
    let mut lines = vec![format!("{first} to {last}; {}", incident.last_seen_note)];
    if let (Some(zone), Some(local)) = (&case.clock.zone, case.clock.days(first, last)) {
        let hours = if case.clock.is_off_hours(first, last) { ", outside working hours" } else { "" };
        lines.push(format!("local time of {zone}: {local}{hours}"));
    }
    if incident.outside_window {
        lines.push("outside the time that the case file gives the incident".to_owned());
    }
    lines
}

fn finding_line(finding: &FindingRef) -> String {
    let rows = counted(finding.rows, "row");
    format!("{} {}: {} ({rows})", finding.severity.as_str(), finding.query, finding.title)
}

fn actor_line(actor: &Actor, case: &Case) -> String {
    let requests = counted(actor.requests, "request");
    let failed = if actor.failed > 0 { format!(", {} failed", grouped(actor.failed)) } else { String::new() };
    let addresses = match actor.addresses {
        0 => "no address".to_owned(),
        1 => actor.remote_ips.join(", "),
        count => {
            let more = if count as usize > actor.remote_ips.len() { ", …" } else { "" };
            format!("{} ({}{more})", counted(count, "address"), actor.remote_ips.join(", "))
        }
    };
    let sessions = match &actor.requesters[..] {
        [] => String::new(),
        [one] => format!(" as {one}"),
        several => format!(" under {} such as {}", counted(actor.sessions, "session name"), several[0]),
    };
    let place = match actor.place {
        saltmine_query::incidents::ActorPlace::NewNetwork => " (a network new to it)",
        saltmine_query::incidents::ActorPlace::Link => " (presigned URLs)",
        _ => "",
    };
    let agents = if actor.user_agents.is_empty() {
        String::new()
    } else {
        format!("; agent {}", actor.user_agents[0])
    };
    let are_all = actor.addresses as usize <= actor.remote_ips.len();
    let network = case.of_addresses(&actor.remote_ips, are_all);
    format!(
        "{}{}{sessions} from {addresses}{network}{place}: {requests}{failed}, {}{agents}",
        actor.name,
        case.of_principal(&actor.principal),
        when(actor.first_seen, actor.last_seen, case)
    )
}

fn losses(incident: &Incident, case: &Case) -> Vec<String> {
    let Losses {
        taken_objects,
        taken_bytes,
        collected_objects,
        collected_bytes,
        copied_out_objects,
        copied_out_bytes,
        destinations,
        deleted_objects,
        deleted_bytes,
        deleted_versions,
        overwritten_objects,
        new_objects,
        served_since,
        restorable,
    } = &incident.losses;
    let amount = |count: u64, size: i64, what: &str| {
        (count > 0).then(|| {
            let size = if size > 0 { format!(", {}", bytes(size)) } else { String::new() };
            format!("{what}: {}{size}", counted(count, "object"))
        })
    };
    let versions = (*deleted_versions > 0)
        .then(|| format!("permanently deleted: {}", counted(*deleted_versions, "version")));
    let named = |bucket: &String| format!("{bucket}{}", case.of_bucket(bucket));
    let copied = format!("copied to {}", destinations.iter().map(named).collect::<Vec<_>>().join(", "));
    let served = (*served_since > 0)
        .then(|| format!("read by others after being overwritten: {}", counted(*served_since, "time")));
    let failing = incident.failing.as_ref().map(|failing| {
        format!(
            "{} for {} have failed since, {} to {}: {}",
            counted(failing.requests, "request"),
            counted(failing.objects, "object"),
            failing.first_seen,
            failing.last_seen,
            failing.error_codes.join(", ")
        )
    });
    let lines = [
        amount(*taken_objects, *taken_bytes, "read from the internet"),
        amount(*collected_objects, *collected_bytes, "read internally"),
        amount(*copied_out_objects, *copied_out_bytes, &copied),
        amount(*deleted_objects, *deleted_bytes, "deleted or expired"),
        versions,
        amount(*overwritten_objects, 0, "overwritten"),
        amount(*new_objects, 0, "written (not seen before)"),
        served,
        failing,
        restorable.clone(),
    ];
    lines.into_iter().flatten().collect()
}

/// Writes an incident in full as text.
pub(crate) fn incident(
    incident: &Incident,
    case: &Case,
    width: usize,
    out: &mut impl Write,
) -> io::Result<()> {
    let severity = incident.severity.as_str().to_uppercase();
    let title = format!("Incident {}: {severity}: {}", incident.number, incident.title);
    writeln!(out, "{}\n", sanitize(&title))?;
    for block in blocks(incident, case).iter().filter(|block| !block.lines.is_empty()) {
        writeln!(out, "{}", block.heading)?;
        for line in &block.lines {
            let lines = wrapped(&sanitize(line), width.saturating_sub(4).max(20), usize::MAX);
            for (index, line) in lines.iter().enumerate() {
                writeln!(out, "{}{line}", if index == 0 { "  - " } else { "    " })?;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Writes an actor in full as text.
pub(crate) fn actor(
    actor: &ActorFindings,
    case: &Case,
    width: usize,
    out: &mut impl Write,
) -> io::Result<()> {
    let severity = actor.severity.as_str().to_uppercase();
    writeln!(out, "{}\n", sanitize(&format!("{}: {severity}: {}", actor.number, actor.name)))?;
    let mut lines = vec![actor.headline.clone()];
    lines.extend(actor.reasons.clone());
    lines.push(format!("{} to {}", case.clock.beside(actor.first_seen), case.clock.beside(actor.last_seen)));
    if !actor.remote_ips.is_empty() {
        lines.push(format!("from {}: {}", counted(actor.addresses, "address"), actor.remote_ips.join(", ")));
    }
    lines.extend(actor.notes.iter().map(|note| format!("note: {note}")));
    lines.extend(actor.findings.iter().map(finding_line));
    for line in lines {
        for line in wrapped(&sanitize(&line), width.saturating_sub(2).max(20), usize::MAX) {
            writeln!(out, "  {line}")?;
        }
    }
    writeln!(out)
}

/// Writes all incidents as Markdown.
pub(crate) fn markdown(report: &HuntReport, case: &Case, out: &mut impl Write) -> io::Result<()> {
    if report.incidents.is_empty() {
        return Ok(());
    }
    writeln!(out, "# Incidents\n")?;
    for incident in &report.incidents {
        let severity = incident.severity.as_str();
        writeln!(out, "## {}. {severity}: {}\n", incident.number, escape(&incident.title))?;
        for block in blocks(incident, case).iter().filter(|block| !block.lines.is_empty()) {
            writeln!(out, "### {}\n", block.heading)?;
            block.lines.iter().try_for_each(|line| writeln!(out, "- {}", escape(line)))?;
            writeln!(out)?;
        }
    }
    Ok(())
}
