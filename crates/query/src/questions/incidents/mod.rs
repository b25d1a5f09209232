//! Incidents: groups of related rows of detections.
//!
//! A finding shows which rule matched; an incident shows what happened: who acted, in which phases, what was taken,
//! destroyed or changed, whether it is ongoing, what the logs do not show, and what to do next. Rows of all detections are
//! grouped by rare properties that they share. Then the log is counted again for the actors and their time, in one pass,
//! because findings overlap and their numbers do not add up.

mod changes;
mod clue;
mod export;
mod findings;
mod join;
mod model;
mod recount;
mod request_table;
mod rows;
mod scope;
mod story;

use std::collections::BTreeMap;

use datafusion::prelude::SessionContext;

pub use self::changes::{Change, changes};
pub(crate) use self::clue::Clue;
pub use self::export::{ExportKind, export};
use self::join::join;
pub use self::model::{
    Actor, ActorFindings, ActorPlace, Deed, DeedKind, ExaminedInput, FailingRequests, FindingRef, Incident,
    Losses, NextSteps, Phase, PhaseKind,
};
pub(crate) use self::request_table::register;
use crate::case::CaseFile;
use crate::error::QueryError;
pub use crate::questions::request_scope::IncidentRequests;
use crate::redact::{Names, Redactor};

/// Maximum number of incidents; the content of a log must not determine the length of a statement.
const MAX_INCIDENTS: usize = 40;

/// Incidents and the other results of a hunt.
#[derive(Clone, Debug, Default)]
pub(crate) struct IncidentReport {
    pub(crate) incidents: Vec<Incident>,
    pub(crate) others: Vec<ActorFindings>,
    /// Number of further incidents.
    pub(crate) left_out: u64,
    /// The requests of each detection's rows.
    pub(crate) requests: BTreeMap<String, IncidentRequests>,
    pub(crate) examined: ExaminedInput,
}

/// The rows that incidents are built from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clues {
    /// Rows of detections.
    pub(crate) rows: Vec<Clue>,
    /// Rows of known work, which are not joined to incidents.
    pub(crate) accepted: Vec<Clue>,
}

/// Combines rows to incidents.
///
/// # Errors
/// If the records cannot be read.
pub(crate) async fn report(
    context: &SessionContext,
    Clues { rows: clues, accepted }: &Clues,
    case: Option<&CaseFile>,
    remote: bool,
) -> Result<IncidentReport, QueryError> {
    let examined = recount::examined(context, remote).await?;
    if clues.is_empty() && accepted.is_empty() {
        return Ok(IncidentReport { examined, ..IncidentReport::default() });
    }
    let everything: Vec<&Clue> = clues.iter().chain(accepted).collect();
    let around = recount::log_context(context, &everything, remote).await?;
    let joined = join(clues, &around);
    let mut others = story::by_actor(joined.others.iter().map(|index| &clues[*index]), &around);
    let left_out = joined.incidents.len().saturating_sub(MAX_INCIDENTS) as u64;
    let groups: Vec<Vec<usize>> = joined.incidents.into_iter().take(MAX_INCIDENTS).collect();
    let of_group = |group: &Vec<usize>| -> Vec<&Clue> { group.iter().map(|index| &clues[*index]).collect() };
    let (roles, scopes): (Vec<_>, Vec<_>) =
        groups.iter().map(|group| scope::scopes(&of_group(group), &around)).unzip();
    let counted = recount::count(context, &scopes, remote).await?;
    let end = recount::logs_end(context).await?;
    let parts = groups.into_iter().zip(roles).zip(scopes).zip(counted);
    let mut incidents: Vec<Incident> = parts
        .map(|(((rows, roles), scopes), counted)| {
            let incident = story::incident(&of_group(&rows), &roles, counted, end);
            Incident { requests: IncidentRequests(scopes), ..incident }
        })
        .collect();
    incidents.sort_by_key(|incident| (std::cmp::Reverse(incident.severity), incident.first_seen));
    incidents.iter_mut().zip(1..).for_each(|(incident, number)| incident.number = number);
    others.iter_mut().zip(incidents.len() + 1..).for_each(|(other, number)| other.number = number);
    if let Some(case) = case {
        annotate(&mut incidents, &mut others, case);
    }
    let mut by_query: BTreeMap<&String, Vec<&Clue>> = BTreeMap::new();
    everything.iter().for_each(|clue| by_query.entry(&clue.query).or_default().push(clue));
    let requests = by_query
        .into_iter()
        .map(|(query, rows)| (query.clone(), IncidentRequests(scope::scopes(&rows, &around).1)))
        .collect();
    Ok(IncidentReport { incidents, others, left_out, requests, examined })
}

/// Adds the notes of the case file to incidents and actors.
fn annotate(incidents: &mut [Incident], others: &mut [ActorFindings], case: &CaseFile) {
    for incident in incidents {
        let requesters = incident.actors.iter().flat_map(|actor| &actor.requesters);
        let principals = incident.actors.iter().map(|actor| &actor.principal).chain(requesters);
        let principals: Vec<&str> = principals.map(String::as_str).collect();
        incident.notes = case.notes_on(incident.number, &principals).map(str::to_owned).collect();
        incident.outside_window = case.incident.excludes(incident.first_seen, incident.last_seen);
    }
    for other in others {
        other.notes = case.notes_on(other.number, &[&other.principal]).map(str::to_owned).collect();
    }
}

/// A short name of a requester: `backup-operator/sess-4471`, `user/ann`, `(anonymous)` for `None`.
pub fn short_name(requester: Option<&str>) -> String {
    story::name(requester.unwrap_or("-"))
}

impl IncidentReport {
    /// Redacts the text if needed.
    pub(crate) fn redact(&mut self, redactor: &Redactor, names: &Names) {
        let text = |text: &mut String| *text = redactor.text_of(text, names).into_owned();
        let principal = |text: &mut String| *text = redactor.principal(text).into_owned();
        let address = |text: &mut String| *text = redactor.address(text).into_owned();
        for incident in &mut self.incidents {
            for actor in &mut incident.actors {
                let who = actor.requesters.first().unwrap_or(&actor.principal);
                actor.name = story::name(&redactor.principal(who)) + story::suffix(&actor.name);
                principal(&mut actor.principal);
                actor.requesters.iter_mut().for_each(principal);
                actor.remote_ips.iter_mut().for_each(address);
                actor.user_agents.iter_mut().for_each(text);
            }
            if let Some(failing) = &mut incident.failing {
                failing.principals.iter_mut().for_each(principal);
            }
            text(&mut incident.headline);
            incident.details.iter_mut().for_each(text);
            incident.buckets.iter_mut().for_each(text);
            for deed in &mut incident.deeds {
                text(&mut deed.bucket);
                deed.destination.iter_mut().for_each(text);
            }
            incident.losses.destinations.iter_mut().for_each(text);
            incident.phases.iter_mut().for_each(|phase| text(&mut phase.text));
            // An examiner's notes may name people.
            if redactor.hides_principals() || redactor.hides_addresses() {
                incident.notes.clear();
            }
            incident.notes.iter_mut().for_each(text);
            let steps = &mut incident.next_steps;
            let steps = [&mut steps.containment, &mut steps.confirmation, &mut steps.recovery];
            steps.into_iter().flatten().for_each(text);
        }
        for other in &mut self.others {
            other.name = story::name(&redactor.principal(&other.principal)) + story::suffix(&other.name);
            principal(&mut other.principal);
            other.remote_ips.iter_mut().for_each(address);
            other.buckets.iter_mut().for_each(text);
            text(&mut other.headline);
            other.reasons.iter_mut().for_each(text);
            if redactor.hides_principals() || redactor.hides_addresses() {
                other.notes.clear();
            }
            other.notes.iter_mut().for_each(text);
        }
    }
}
