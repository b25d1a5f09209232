//! The verdict: what happened, who, when, what was lost, whether it is ongoing, and what to do first.

use askama::Template;
use saltmine_query::catalogue::Severity;
use saltmine_query::incidents::{ActorPlace, Incident};
use saltmine_query::quantity::counted;

use super::losses::{Sum, sums};
use super::{StoryContext, Subject};
use crate::output::incidents::words::days;
use crate::output::report::text;

/// Maximum number of lines of an answer.
const LINES: usize = 5;
/// Maximum number of first steps.
const STEPS: usize = 3;

#[derive(Template)]
#[template(path = "story/verdict.html")]
pub(super) struct Verdict {
    answers: Vec<Answer>,
    /// Findings by severity, the most severe first.
    counts: Vec<(&'static str, usize)>,
}

/// A question of a reader and its answer.
struct Answer {
    question: &'static str,
    /// Whether the answer takes the full width.
    wide: bool,
    lines: Vec<Line>,
    left_out: usize,
}

struct Line {
    text: String,
    /// The number of the incident or actor.
    number: Option<usize>,
}

pub(super) fn verdict(story: &StoryContext<'_>) -> Verdict {
    let hunt = &story.report.hunt;
    let incidents = &hunt.incidents[..];
    let count =
        |severity: &Severity| hunt.findings.iter().filter(|found| found.severity == *severity).count();
    let answers = [
        ("What happened", true, happened(story)),
        (
            "Who and when",
            true,
            incidents.iter().map(|incident| line_about(incident, who_and_when(incident))).collect(),
        ),
        ("Still going on?", true, going_on(incidents)),
        ("Taken", false, lost(story, "story-taken")),
        ("Destroyed", false, lost(story, "story-destroyed")),
        ("Changed", true, changed(story)),
        ("Do first", true, first_steps(incidents)),
    ];
    let most = story.shown.max(90) * 4;
    let answer = |(question, wide, lines): (&'static str, bool, Vec<Line>)| {
        let left_out = lines.len().saturating_sub(LINES);
        let cut = |line: Line| Line { text: text::cut(&line.text, most), ..line };
        Answer { question, wide, lines: lines.into_iter().take(LINES).map(cut).collect(), left_out }
    };
    let answers = answers.into_iter().filter(|(.., lines)| !lines.is_empty()).map(answer).collect();
    let counts = Severity::ALL.iter().rev().map(|severity| (severity.as_str(), count(severity)));
    Verdict { answers, counts: counts.filter(|(_, count)| *count > 0).collect() }
}

fn plain(text: String) -> Line {
    Line { text, number: None }
}

fn line_about(incident: &Incident, text: String) -> Line {
    Line { text, number: Some(incident.number) }
}

fn happened(story: &StoryContext<'_>) -> Vec<Line> {
    let hunt = &story.report.hunt;
    let mut lines: Vec<Line> = hunt
        .incidents
        .iter()
        .map(|incident| line_about(incident, format!("{}: {}.", incident.title, incident.headline)))
        .collect();
    let medium = hunt.actors.iter().filter(|actor| actor.severity >= Severity::Medium);
    let others = counted(medium.count() as u64, "actor");
    match (hunt.incidents.is_empty(), hunt.findings.is_empty()) {
        (_, true) => lines.push(plain(
            "No detection matched. That is not proof that nothing happened: see the limitations.".to_owned(),
        )),
        (true, false) => lines.push(plain(format!(
            "No incident: no finding has high severity. Findings of medium severity: {others}."
        ))),
        _ if others.starts_with("0 ") => {}
        _ => lines.push(plain(format!("Findings of medium severity outside of incidents: {others}."))),
    }
    if !hunt.failed.is_empty() {
        let failed = counted(hunt.failed.len() as u64, "detection");
        lines.push(plain(format!("{failed} could not run: see the findings.")));
    }
    lines
}

fn who_and_when(incident: &Incident) -> String {
    let actor = |actor: &saltmine_query::incidents::Actor| {
        let from = super::subject::whence(&actor.remote_ips, actor.addresses);
        let from = if from.is_empty() { String::new() } else { format!(" from {from}") };
        let note = match actor.place {
            ActorPlace::NewNetwork => ", a network that is new for this principal",
            ActorPlace::Link => ", who used links that others signed",
            ActorPlace::Anonymous | ActorPlace::Known => "",
        };
        format!("{}{from}{note}", actor.name)
    };
    let mut actors: Vec<String> = incident.actors.iter().take(3).map(actor).collect();
    let more = incident.actors.len().saturating_sub(3);
    if more > 0 {
        actors.push(counted(more as u64, "other"));
    }
    let when = days(incident.first_seen, incident.last_seen);
    format!("{when} UTC: {}", actors.join("; "))
}

/// Objects taken or destroyed, ordered by bytes.
fn lost(story: &StoryContext<'_>, name: &str) -> Vec<Line> {
    let mut lost: Vec<(i64, Vec<Sum<'_>>)> = Vec::new();
    for sum in sums(story, name) {
        match lost.iter_mut().find(|(incident, _)| *incident == sum.incident) {
            Some((_, sums)) => sums.push(sum),
            None => lost.push((sum.incident, vec![sum])),
        }
    }
    lost.iter().filter_map(|(incident, sums)| Some(loss(story.subject(*incident)?, sums))).collect()
}

fn loss(subject: &Subject<'_>, sums: &[Sum<'_>]) -> Line {
    let mut kinds: Vec<&str> = sums.iter().map(|sum| sum.what).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let parts = kinds.iter().map(|kind| {
        let of_kind = || sums.iter().filter(|sum| sum.what == *kind);
        let objects = of_kind().map(|sum| u64::try_from(sum.objects).unwrap_or(0)).sum();
        let size = of_kind().fold(0_i64, |size, sum| size.saturating_add(sum.bytes));
        let size = if size > 0 { format!(" ({})", text::bytes(size)) } else { String::new() };
        let kind = if kind.is_empty() { String::new() } else { format!(" {kind}") };
        format!("{}{size}{kind}", counted(objects, "object"))
    });
    let what = parts.collect::<Vec<_>>().join(", ");
    let mut buckets: Vec<&str> = sums.iter().map(|sum| sum.bucket).collect();
    buckets.sort_unstable();
    buckets.dedup();
    let place = match &buckets[..] {
        [one] => format!(" in {one}"),
        several => format!(" in {}", counted(several.len() as u64, "bucket")),
    };
    let note = match subject {
        Subject::Incident(incident) => incident.losses.restorable.as_ref().filter(|_| !kinds.contains(&"")),
        Subject::Actor(_) => None,
    };
    let note = note.map_or_else(String::new, |note| format!("; {note}"));
    Line { text: format!("{what}{place} by {}{note}", subject.who()), number: Some(subject.number()) }
}

fn changed(story: &StoryContext<'_>) -> Vec<Line> {
    let Some(answer) = story.report.story.answer("story-changed") else { return Vec::new() };
    let mut counts: Vec<(i64, i64)> = answer
        .rows
        .iter()
        .map(|row| (answer.integer(row, "incident"), answer.integer(row, "of_all")))
        .collect();
    counts.sort_unstable();
    counts.dedup();
    let line = |(incident, count): &(i64, i64)| {
        let subject = story.subject(*incident)?;
        let changes = counted(u64::try_from(*count).unwrap_or(0), "change");
        Some(Line {
            text: format!("{changes} of bucket settings by {}", subject.who()),
            number: Some(subject.number()),
        })
    };
    counts.iter().filter_map(line).collect()
}

fn going_on(incidents: &[Incident]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let ongoing = incidents.iter().filter(|incident| incident.ongoing);
    lines.extend(ongoing.map(|incident| line_about(incident, format!("Yes: {}.", incident.last_seen_note))));
    if lines.is_empty()
        && let Some(latest) = incidents.iter().max_by_key(|incident| incident.last_seen)
    {
        lines.push(line_about(latest, format!("Not in these logs: {}.", latest.last_seen_note)));
    }
    for incident in incidents {
        if let Some(failing) = &incident.failing {
            let requests = counted(failing.requests, "request");
            let objects = counted(failing.objects, "object");
            lines
                .push(line_about(incident, format!("{requests} by others for {objects} have failed since.")));
        }
    }
    lines
}

/// How to contain the most severe incidents.
fn first_steps(incidents: &[Incident]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for incident in incidents {
        for step in incident.next_steps.containment.iter().take(1) {
            if !lines.iter().any(|line| line.text == *step) {
                lines.push(line_about(incident, step.clone()));
            }
        }
    }
    lines.truncate(STEPS);
    lines
}
