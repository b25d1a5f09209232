//! The subjects of the story: incidents, and actors with findings outside of incidents.

use saltmine_query::incidents::{Actor, ActorFindings, Incident};
use saltmine_query::quantity::counted;
use saltmine_query::report::Report;

/// An incident or an actor.
#[derive(Clone, Copy)]
pub(super) enum Subject<'a> {
    Incident(&'a Incident),
    Actor(&'a ActorFindings),
}

/// In the order in which the answers count them.
pub(super) fn subjects(report: &Report) -> Vec<Subject<'_>> {
    let hunt = &report.hunt;
    let of = |number: &usize| {
        let incident = hunt.incidents.iter().find(|incident| incident.number == *number);
        let actor = || hunt.actors.iter().find(|actor| actor.number == *number);
        incident.map(Subject::Incident).or_else(|| actor().map(Subject::Actor))
    };
    report.story.numbers.iter().filter_map(of).collect()
}

impl<'a> Subject<'a> {
    pub(super) fn number(&self) -> usize {
        match self {
            Self::Incident(incident) => incident.number,
            Self::Actor(actor) => actor.number,
        }
    }

    pub(super) fn severity(&self) -> &'static str {
        match self {
            Self::Incident(incident) => incident.severity.as_str(),
            Self::Actor(actor) => actor.severity.as_str(),
        }
    }

    /// First and last request, in microseconds since 1970.
    pub(super) fn span(&self) -> (i64, i64) {
        match self {
            Self::Incident(incident) => (incident.first_seen.0, incident.last_seen.0),
            Self::Actor(actor) => (actor.first_seen.0, actor.last_seen.0),
        }
    }

    /// A short description.
    pub(super) fn label(&self) -> String {
        match self {
            Self::Incident(incident) => format!("{} {}: {}", incident.number, incident.title, self.who()),
            Self::Actor(actor) => format!("{} {}: {}", actor.number, actor.name, actor.headline),
        }
    }

    /// Its actors.
    pub(super) fn actors(&self) -> Vec<Lane<'a>> {
        match self {
            Self::Incident(incident) => incident.actors.iter().map(Lane::for_actor).collect(),
            Self::Actor(actor) => vec![Lane {
                index: None,
                name: &actor.name,
                principal: &actor.principal,
                from: whence(&actor.remote_ips, actor.addresses),
            }],
        }
    }

    /// The actor with this index.
    pub(super) fn actor(&self, index: i64) -> Option<Lane<'a>> {
        let mut actors = self.actors().into_iter();
        actors.find(|lane| lane.index.is_none_or(|own| i64::try_from(own) == Ok(index)))
    }

    /// Its first actor's name, and how many others there are.
    pub(super) fn who(&self) -> String {
        match &self.actors()[..] {
            [] => String::new(),
            [one] => one.name.to_owned(),
            [one, others @ ..] => format!("{} and {}", one.name, counted(others.len() as u64, "other")),
        }
    }
}

/// An actor of a subject.
#[derive(Clone)]
pub(super) struct Lane<'a> {
    /// Which of the incident's actors; `None` if there is only one.
    pub(super) index: Option<usize>,
    pub(super) name: &'a str,
    pub(super) principal: &'a str,
    /// The address, or the number of addresses.
    pub(super) from: String,
}

impl<'a> Lane<'a> {
    fn for_actor(actor: &'a Actor) -> Self {
        Self {
            index: Some(actor.index),
            name: &actor.name,
            principal: &actor.principal,
            from: whence(&actor.remote_ips, actor.addresses),
        }
    }
}

/// The address if there is one, otherwise their number.
pub(super) fn whence(addresses: &[String], count: u64) -> String {
    match addresses {
        [] => String::new(),
        [one] if count <= 1 => one.clone(),
        several => counted(count.max(several.len() as u64), "address"),
    }
}
