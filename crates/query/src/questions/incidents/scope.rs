//! Determines the requests of an incident. Pure: rows in, conditions out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::clue::{ANONYMOUS, Clue};
use super::join::{LogContext, RowOrigin};
use crate::catalogue::Severity;
use crate::questions::request_scope::Scope;

const DAY: i64 = 86_400_000_000;
/// How long before and after its rows an actor on a new network is followed.
const MARGIN: i64 = 7 * DAY;
/// Maximum number of scopes per incident; the content of a log must not determine the length of a statement.
const MAX_SCOPES: usize = 64;

/// An actor of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) principal: String,
    pub(crate) place: ActorPlace,
}

/// The origin of an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorPlace {
    /// Networks that are new to a principal with a history elsewhere: its credentials are probably stolen.
    NewNetwork,
    /// Known networks, or a principal without a history.
    Known,
    /// A presigned URL, which anyone who has it can use.
    Link,
    /// Without credentials.
    Anonymous,
}

/// Rows by principal and origin.
type RowsByActor<'a> = BTreeMap<(String, RowOrigin), Vec<&'a Clue>>;

fn by_actor<'a>(rows: &[&'a Clue], around: &LogContext) -> RowsByActor<'a> {
    let mut actors = RowsByActor::new();
    // Less severe rows describe habits rather than the incident; they are used only if there are no others.
    let least = rows.iter().map(|clue| clue.severity).max().unwrap_or(Severity::Medium).min(Severity::Medium);
    for clue in rows.iter().filter(|clue| clue.severity >= least) {
        actors.entry((clue.principal.clone(), around.place(clue))).or_default().push(clue);
        let preparer = clue.preparer().filter(|preparer| around.new_origins.contains_key(*preparer));
        if let Some(preparer) = preparer.filter(|_| clue.severity >= Severity::High) {
            actors.entry((preparer.to_owned(), RowOrigin::New)).or_default().push(clue);
        }
    }
    actors
}

/// The actors of an incident and their requests, from the rows of the incident.
pub(crate) fn scopes(rows: &[&Clue], around: &LogContext) -> (Vec<Role>, Vec<Scope>) {
    let actors = by_actor(rows, around);
    let most_severe_elsewhere = |principal: &str| {
        let new = actors.get(&(principal.to_owned(), RowOrigin::New)).into_iter().flatten();
        new.map(|clue| clue.severity).max()
    };
    let (mut roles, mut scopes) = (Vec::new(), Vec::new());
    for ((principal, place), clues) in &actors {
        let clues: Vec<&Clue> = match most_severe_elsewhere(principal) {
            // Activity on a new network is the attacker's; activity on known networks includes the owner's requests.
            Some(elsewhere) if *place == RowOrigin::Known => {
                clues.iter().copied().filter(|clue| clue.severity > elsewhere).collect()
            }
            _ => clues.clone(),
        };
        if clues.is_empty() {
            continue;
        }
        let actor = roles.len();
        roles.push(Role { principal: principal.clone(), place: (*place).into() });
        match place {
            RowOrigin::New => {
                // A row of several networks may name a new one that the others do not.
                let known = actors.get(&(principal.clone(), RowOrigin::Known)).into_iter().flatten();
                let named = networks(clues.iter().chain(known));
                scopes.push(new_network_scope(actor, principal, &clues, &named, around));
            }
            RowOrigin::Link => scopes.extend(clues.iter().map(|clue| of_link(actor, clue))),
            RowOrigin::Known => match newcomer_scope(actor, principal, &clues, around) {
                Some(scope) => scopes.push(scope),
                None => scopes.extend(unexplained(&clues).map(|clue| row_scope(actor, clue))),
            },
            RowOrigin::Anonymous => scopes.extend(clues.iter().map(|clue| row_scope(actor, clue))),
        }
        scopes.extend(clues.iter().filter_map(|clue| expiries(actor, clue)));
    }
    scopes.dedup();
    scopes.truncate(MAX_SCOPES);
    (roles, scopes)
}

impl From<RowOrigin> for ActorPlace {
    fn from(place: RowOrigin) -> Self {
        match place {
            RowOrigin::New => Self::NewNetwork,
            RowOrigin::Known => Self::Known,
            RowOrigin::Link => Self::Link,
            RowOrigin::Anonymous => Self::Anonymous,
        }
    }
}

/// The networks that rows name.
fn networks<'a>(clues: impl Iterator<Item = &'a &'a Clue>) -> BTreeSet<String> {
    clues.flat_map(|clue| &clue.addresses).filter_map(|address| super::join::origin(address)).collect()
}

/// All activity of a principal on networks that are new to it.
fn new_network_scope(
    actor: usize,
    principal: &str,
    clues: &[&Clue],
    named: &BTreeSet<String>,
    around: &LogContext,
) -> Scope {
    let new = around.new_origins.get(principal).cloned().unwrap_or_default();
    let is_complete =
        clues.iter().filter(|clue| clue.severity >= Severity::High).all(|clue| clue.has_all_addresses());
    Scope {
        actor,
        principal: Some(principal.to_owned()),
        origins: if is_complete { new.intersection(named).cloned().collect() } else { new },
        since: clues.iter().map(|clue| clue.first).min().unwrap_or_default() - MARGIN,
        until: clues.iter().map(|clue| clue.last).max().unwrap_or_default() + MARGIN,
        ..Scope::default()
    }
}

/// All activity of a principal that came with the incident, so that it has no other.
fn newcomer_scope(actor: usize, principal: &str, clues: &[&Clue], around: &LogContext) -> Option<Scope> {
    let since = *around.newcomers.get(principal).filter(|_| !around.services.contains(principal))?;
    let first = clues.iter().map(|clue| clue.first).min()?;
    (first <= since.saturating_add(DAY)).then(|| Scope {
        actor,
        principal: Some(principal.to_owned()),
        since,
        until: clues.iter().map(|clue| clue.last).max().unwrap_or_default() + MARGIN,
        ..Scope::default()
    })
}

/// Rows whose requests are not mostly those of a more severe row. A detection that counts by the day includes what else
/// the actor did on that day; a row about the same act says when it began.
fn unexplained<'a>(clues: &[&'a Clue]) -> impl Iterator<Item = &'a Clue> {
    let explains = |clue: &Clue, other: &Clue| {
        other.severity > clue.severity
            && (clue.first..=clue.last).contains(&other.first)
            && other.last <= clue.last
            && (clue.bucket.is_none() || clue.bucket == other.bucket)
            && other.events.saturating_mul(10) >= clue.events.saturating_mul(9)
    };
    clues.iter().copied().filter(move |clue| !clues.iter().any(|other| explains(clue, other)))
}

/// The scope of a row: a principal, or anonymous, in a bucket during a time range.
fn row_scope(actor: usize, clue: &Clue) -> Scope {
    Scope {
        actor,
        principal: Some(clue.principal.clone()),
        requester: clue.requester.clone().filter(|_| clue.principal != ANONYMOUS),
        addresses: if clue.has_all_addresses() { clue.addresses.clone() } else { Vec::new() },
        bucket: clue.bucket.clone(),
        since: clue.first,
        until: clue.last,
        ..Scope::default()
    }
}

/// Uses of a presigned URL, or of the URLs that a network used.
fn of_link(actor: usize, clue: &Clue) -> Scope {
    Scope {
        links: true,
        object: clue.text("key").map(str::to_owned),
        requester: None,
        ..row_scope(actor, clue)
    }
}

/// Objects expired by a rule that the actor set.
fn expiries(actor: usize, clue: &Clue) -> Option<Scope> {
    Some(Scope {
        actor,
        bucket: clue.bucket.clone(),
        action: Some("expire"),
        since: clue.time("expired_first")?,
        until: clue.time("expired_last")?,
        ..Scope::default()
    })
}

#[cfg(test)]
mod tests;
