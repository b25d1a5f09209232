//! The incidents, each an expandable row, followed by actors with findings outside of incidents.

use askama::Template;
use saltmine_query::catalogue::Severity;
use saltmine_query::incidents::{Actor, ActorFindings, FindingRef, Incident, Phase};
use saltmine_query::quantity::counted;

use super::StoryContext;
use super::lanes::PHASES;
use super::scale::{Scale, Span};
use super::subject::whence;
use crate::output::Clock;
use crate::output::incidents::words::days;
use crate::output::report::table::Kind::{Code, Count, Ip, Text, Time, Who};
use crate::output::report::table::{Cell, Spec, Table, cell, number, words};
use crate::output::report::{mark, text};

#[derive(Template)]
#[template(path = "story/incidents.html")]
pub(super) struct Incidents {
    incidents: Vec<Card>,
    /// Number of incidents that the hunt omitted.
    left_out: u64,
    actors: Vec<Row>,
    /// Actors with only low-severity findings.
    low: usize,
}

struct Card {
    row: Row,
    sentences: Vec<String>,
    phases: Vec<PhaseRow>,
    actors: Table,
    cannot_tell: Vec<String>,
    playbooks: Vec<&'static str>,
    findings: Vec<Link>,
}

/// One line of an incident or an actor.
struct Row {
    number: usize,
    severity: &'static str,
    title: String,
    headline: String,
    who: String,
    mark: Option<String>,
    from: String,
    from_mark: Option<String>,
    buckets: String,
    when: String,
    /// Local time, and remarks based on the case file.
    beside: String,
    last_seen: String,
    /// The examiner's notes.
    notes: Vec<String>,
    /// Microseconds since 1970.
    first: i64,
    last: i64,
    findings: Vec<Link>,
}

/// A link to a finding.
struct Link {
    anchor: String,
    title: String,
}

struct PhaseRow {
    class: &'static str,
    word: &'static str,
    attack: String,
    span: Option<Span>,
    when: String,
    local: Option<String>,
    requests: String,
    text: String,
}

const ACTORS: [Spec; 8] = [
    ("", "Actor", Who, "–"),
    ("", "Requester", Who, "(anonymous)"),
    ("", "Source IPs", Ip, "–"),
    ("", "Requests", Count, "–"),
    ("", "Failed", Count, "–"),
    ("", "First (UTC)", Time, "–"),
    ("", "Last (UTC)", Time, "–"),
    ("", "User agents", Code, "–"),
];

pub(super) fn incidents(story: &StoryContext<'_>) -> Incidents {
    let hunt = &story.report.hunt;
    let (medium, low): (Vec<_>, Vec<_>) =
        hunt.actors.iter().partition(|actor| actor.severity >= Severity::Medium);
    Incidents {
        incidents: hunt.incidents.iter().map(|incident| card(incident, story)).collect(),
        left_out: hunt.incidents_left_out,
        actors: medium.into_iter().map(|actor| of_actor(actor, story)).collect(),
        low: low.len(),
    }
}

fn links(findings: &[FindingRef]) -> Vec<Link> {
    let link = |finding: &FindingRef| Link {
        anchor: format!("f-{}-{}", finding.query, finding.severity.as_str()),
        title: finding.title.clone(),
    };
    findings.iter().map(link).collect()
}

fn several(names: &[String], shown: usize) -> String {
    match names {
        [] => String::new(),
        [one] => text::cut(one, shown),
        names => counted(names.len() as u64, "bucket"),
    }
}

/// The mark of the only address.
fn only(addresses: &[String], count: u64, shown: usize) -> Option<String> {
    match addresses {
        [one] if count <= 1 => Some(mark::address(one, shown)),
        _ => None,
    }
}

/// The local time of an incident, and remarks based on the case file; empty without a case.
fn beside(incident: &Incident, clock: &Clock) -> String {
    let span = (incident.first_seen, incident.last_seen);
    let parts = [
        clock.days(span.0, span.1),
        clock.is_off_hours(span.0, span.1).then(|| "outside working hours".to_owned()),
        incident.outside_window.then(|| "outside the time of the incident".to_owned()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn card(incident: &Incident, story: &StoryContext<'_>) -> Card {
    let (shown, most) = (story.shown, story.shown.max(90) * 4);
    let first = incident.actors.first();
    let others = incident.actors.len().saturating_sub(1);
    let more = if others > 0 { format!(" and {}", counted(others as u64, "other")) } else { String::new() };
    let addresses = incident.actors.iter().map(|actor| actor.addresses).sum();
    let known: Vec<String> = incident.actors.iter().flat_map(|actor| actor.remote_ips.clone()).collect();
    let (from, to) = (incident.first_seen.0, incident.last_seen.0);
    let scale = Scale::between(from.div_euclid(1_000_000), to.div_euclid(1_000_000));
    Card {
        row: Row {
            number: incident.number,
            severity: incident.severity.as_str(),
            title: incident.title.clone(),
            headline: text::cut(&incident.headline, most),
            who: first.map_or_else(String::new, |actor| text::cut(&actor.name, 60) + &more),
            mark: first.map(|actor| mark::principal(&actor.principal, shown)),
            from: whence(&known, addresses),
            from_mark: only(&known, addresses, shown),
            buckets: several(&incident.buckets, 60),
            when: days(incident.first_seen, incident.last_seen),
            beside: beside(incident, story.clock),
            last_seen: incident.last_seen_note.clone(),
            notes: notes(&incident.notes, most),
            first: from,
            last: to,
            findings: Vec::new(),
        },
        sentences: incident.details.iter().map(|text| text::cut(text, most)).collect(),
        phases: incident.phases.iter().map(|phase| phase_row(phase, &scale, story)).collect(),
        actors: Table::new(&ACTORS, incident.actors.iter().map(|actor| actor_row(actor, shown)).collect()),
        cannot_tell: incident.cannot_tell.iter().map(|text| text::cut(text, most)).collect(),
        playbooks: incident.playbooks.clone(),
        findings: links(&incident.findings),
    }
}

/// The examiner's notes.
fn notes(notes: &[String], most: usize) -> Vec<String> {
    notes.iter().map(|note| text::cut(note, most)).collect()
}

fn phase_row(phase: &Phase, scale: &Scale, story: &StoryContext<'_>) -> PhaseRow {
    let known = PHASES.iter().find(|(kind, ..)| *kind == phase.phase);
    let (class, word) = known.map_or(("", phase.phase.as_str()), |(_, class, word)| (*class, *word));
    let seconds = |micros: i64| micros.div_euclid(1_000_000);
    PhaseRow {
        class,
        word,
        attack: phase.attack.join(", "),
        span: scale.span(seconds(phase.first_seen.0), seconds(phase.last_seen.0), 0.015),
        when: days(phase.first_seen, phase.last_seen),
        local: story.clock.days(phase.first_seen, phase.last_seen),
        requests: counted(phase.requests, "request"),
        text: text::cut(&phase.text, story.shown.max(90) * 4),
    }
}

fn actor_row(actor: &Actor, shown: usize) -> Vec<Cell> {
    let count = |number: u64| number_of(number);
    let time = |time: saltmine_query::timeline::Time| {
        cell(&saltmine_query::report::Value::Time(time.0), Time, "–", shown)
    };
    let requester = match &actor.requesters[..] {
        [] => words(None, Who, "(anonymous)", shown),
        [one] if actor.sessions <= 1 => words(Some(one), Who, "–", shown),
        [one, ..] => {
            let text = format!("{} such as {}", counted(actor.sessions, "session"), text::cut(one, shown));
            Cell { mark: Some(mark::principal(one, shown)), ..words(Some(&text), Text, "–", shown + 40) }
        }
    };
    let addresses = match &actor.remote_ips[..] {
        [one] if actor.addresses <= 1 => words(Some(one), Ip, "–", shown),
        [] => words(None, Text, "–", shown),
        several => {
            let more = if actor.addresses > several.len() as u64 { ", …" } else { "" };
            let all = format!("{}: {}{more}", counted(actor.addresses, "address"), several.join(", "));
            words(Some(&all), Code, "–", shown)
        }
    };
    vec![
        Cell {
            mark: Some(mark::principal(&actor.principal, shown)),
            ..words(Some(&actor.name), Who, "–", shown)
        },
        requester,
        addresses,
        count(actor.requests),
        count(actor.failed),
        time(actor.first_seen),
        time(actor.last_seen),
        words(Some(&actor.user_agents.join(", ")), Code, "–", shown),
    ]
}

fn number_of(count: u64) -> Cell {
    number(i64::try_from(count).unwrap_or(i64::MAX), Count)
}

fn of_actor(actor: &ActorFindings, story: &StoryContext<'_>) -> Row {
    let shown = story.shown;
    Row {
        number: actor.number,
        severity: actor.severity.as_str(),
        title: String::new(),
        headline: text::cut(&actor.headline, shown.max(90) * 2),
        who: text::cut(&actor.name, 60),
        mark: Some(mark::principal(&actor.principal, shown)),
        from: whence(&actor.remote_ips, actor.addresses),
        from_mark: only(&actor.remote_ips, actor.addresses, shown),
        buckets: several(&actor.buckets, 60),
        when: days(actor.first_seen, actor.last_seen),
        beside: story.clock.days(actor.first_seen, actor.last_seen).unwrap_or_default(),
        last_seen: String::new(),
        notes: notes(&actor.notes, shown.max(90) * 4),
        first: actor.first_seen.0,
        last: actor.last_seen.0,
        findings: links(&actor.findings),
    }
}
