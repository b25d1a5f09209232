//! Groups rows of detections into incidents. Pure: the context is passed in.
//!
//! Two rows belong together if they are close in time and share something rare: the principal on a network that is new to
//! it, the principal in general unless it is active all day, a network without other users, an access key id of presigned
//! URLs, an external bucket that was copied to, an object, an exposure. Properties that many rows share are ignored.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;

use serde_json::Value;

use super::clue::Clue;
use crate::catalogue::Severity;
use crate::functions;

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// The context of the rows. Principals and origins are those of the view `requests`.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogContext {
    /// Origins that are new for a principal with a history elsewhere.
    pub(crate) new_origins: HashMap<String, BTreeSet<String>>,
    /// When principals were first seen that have no history: they came after the logs began.
    pub(crate) newcomers: HashMap<String, i64>,
    /// Principals that have used a network before.
    pub(crate) residents: HashMap<String, BTreeSet<String>>,
    /// Principals that are active all day on several days, such as roles of services or CI.
    pub(crate) busy: HashSet<String>,
    /// AWS's own services.
    pub(crate) services: HashSet<String>,
    /// Buckets that are logged here.
    pub(crate) buckets: HashSet<String>,
}

/// Where a row's requests came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum RowOrigin {
    /// A network that is new to the principal.
    New,
    /// Other networks, or several networks of which some are known.
    Known,
    /// A presigned URL.
    Link,
    /// Anonymous.
    Anonymous,
}

/// A property that rows can share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum JoinToken<'a> {
    Actor(&'a str, RowOrigin),
    /// The principal's activity in a bucket, from any origin.
    Activity(&'a str, Option<&'a str>),
    Network(String),
    AccessKey(&'a str),
    Destination(&'a str),
    Object(Option<&'a str>, &'a str),
    Exposure(&'a str),
    /// The opening of a bucket, and its consequences.
    Opening(String, &'a str),
}

/// Groups of related rows, as indexes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Joined {
    /// The incidents, each in time order. At least one row of each has high severity.
    pub(crate) incidents: Vec<Vec<usize>>,
    /// All other rows.
    pub(crate) others: Vec<usize>,
}

impl LogContext {
    pub(super) fn place(&self, clue: &Clue) -> RowOrigin {
        if clue.is_of_links() {
            return RowOrigin::Link;
        }
        if clue.is_anonymous() {
            return RowOrigin::Anonymous;
        }
        let Some(new) = self.new_origins.get(&clue.principal) else { return RowOrigin::Known };
        let is_new = |address: &String| origin(address).is_some_and(|origin| new.contains(&origin));
        if !clue.addresses.is_empty() && clue.addresses.iter().all(is_new) {
            RowOrigin::New
        } else {
            RowOrigin::Known
        }
    }

    /// Networks of a row that no other principals use.
    fn rare_networks(&self, clue: &Clue, suspects: &HashSet<&str>) -> Vec<String> {
        if !clue.has_all_addresses() {
            return Vec::new();
        }
        let networks: BTreeSet<String> =
            clue.addresses.iter().filter_map(|address| origin(address)).collect();
        let is_rare = |network: &String| {
            network != functions::PRIVATE
                && self
                    .residents
                    .get(network)
                    .is_none_or(|all| all.iter().all(|one| suspects.contains(one.as_str())))
        };
        networks.into_iter().filter(is_rare).collect()
    }

    /// The properties that a row can share, each with the maximum time between rows.
    fn tokens<'a>(&self, clue: &'a Clue, suspects: &HashSet<&str>) -> Vec<(JoinToken<'a>, i64)> {
        let mut tokens = Vec::new();
        let (principal, bucket) = (clue.principal.as_str(), clue.bucket.as_deref());
        let place = self.place(clue);
        match place {
            _ if self.services.contains(principal) => {}
            RowOrigin::Link => {
                tokens.extend(clue.link_keys().into_iter().map(|key| (JoinToken::AccessKey(key), 7 * DAY)));
            }
            RowOrigin::Anonymous => tokens.extend(bucket.map(|bucket| (JoinToken::Exposure(bucket), DAY))),
            RowOrigin::New => tokens.push((JoinToken::Actor(principal, place), 7 * DAY)),
            RowOrigin::Known if self.busy.contains(principal) => {}
            RowOrigin::Known => tokens.push((JoinToken::Actor(principal, place), 2 * DAY)),
        }
        if matches!(place, RowOrigin::New | RowOrigin::Known) && !self.services.contains(principal) {
            tokens.push((JoinToken::Activity(principal, bucket), HOUR));
        }
        tokens.extend(
            self.rare_networks(clue, suspects).into_iter().map(|one| (JoinToken::Network(one), 7 * DAY)),
        );
        if let Some(destination) = clue.text("destination").filter(|bucket| !self.buckets.contains(*bucket)) {
            tokens.push((JoinToken::Destination(destination), 30 * DAY));
        }
        let preparer = clue.preparer().map(|preparer| JoinToken::Actor(preparer, RowOrigin::New));
        tokens.extend(preparer.map(|preparer| (preparer, 7 * DAY)));
        if place == RowOrigin::Link
            && let Some(key) = clue.text("key")
        {
            tokens.push((JoinToken::Object(bucket, key), 2 * DAY));
        }
        if let Some(bucket) = bucket {
            let opened_by = clue.text("opened_by").map(functions::principal);
            let is_change = changes_access(clue);
            let opener =
                opened_by.or_else(|| (is_change && !clue.is_anonymous()).then(|| clue.principal.clone()));
            tokens.extend(opener.map(|opener| (JoinToken::Opening(opener, bucket), 2 * DAY)));
        }
        tokens
    }
}

/// The origin of an address, as in the view `requests`; `None` if it is not an address.
pub(super) fn origin(address: &str) -> Option<String> {
    address.parse::<IpAddr>().ok().map(functions::origin)
}

/// Groups rows. The result does not depend on their order.
pub(crate) fn join(clues: &[Clue], around: &LogContext) -> Joined {
    let suspects: HashSet<&str> = clues
        .iter()
        .filter(|clue| clue.severity >= Severity::High)
        .map(|clue| clue.principal.as_str())
        .collect();
    let mut groups = Groups::new(clues.len());
    let mut shared: BTreeMap<JoinToken<'_>, (i64, Vec<usize>)> = BTreeMap::new();
    for (index, clue) in clues.iter().enumerate().filter(|(_, clue)| clue.is_severe()) {
        for (token, reach) in around.tokens(clue, &suspects) {
            shared.entry(token).or_insert((reach, Vec::new())).1.push(index);
        }
    }
    for (reach, members) in shared.values_mut() {
        members.sort_by_key(|index| clues[*index].first);
        let mut end = i64::MIN;
        for pair in members.windows(2) {
            end = end.max(clues[pair[0]].last);
            if clues[pair[1]].first <= end.saturating_add(*reach) {
                groups.join(pair[0], pair[1]);
            }
        }
    }
    attach(clues, around, &suspects, &shared, &mut groups);
    let mut by_root: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    (0..clues.len()).for_each(|index| by_root.entry(groups.root(index)).or_default().push(index));
    let mut joined = Joined::default();
    for mut members in by_root.into_values() {
        members.sort_by(|a, b| sort_key(&clues[*a]).cmp(&sort_key(&clues[*b])));
        if members.iter().any(|index| clues[*index].severity >= Severity::High) {
            joined.incidents.push(members);
        } else {
            joined.others.extend(members);
        }
    }
    let severity = |members: &Vec<usize>| members.iter().map(|index| clues[*index].severity).max();
    joined
        .incidents
        .sort_by(|a, b| (severity(b), sort_key(&clues[a[0]])).cmp(&(severity(a), sort_key(&clues[b[0]]))));
    joined.others.sort_by(|a, b| sort_key(&clues[*a]).cmp(&sort_key(&clues[*b])));
    joined
}

/// Adds less severe rows to the nearest group of the same actor. They never connect two groups.
fn attach(
    clues: &[Clue],
    around: &LogContext,
    suspects: &HashSet<&str>,
    shared: &BTreeMap<JoinToken<'_>, (i64, Vec<usize>)>,
    groups: &mut Groups,
) {
    for (index, clue) in clues.iter().enumerate().filter(|(_, clue)| !clue.is_severe()) {
        let tokens = around.tokens(clue, suspects).into_iter();
        let of_actor = tokens.filter(|(token, _)| {
            matches!(
                token,
                JoinToken::Actor(..)
                    | JoinToken::Activity(..)
                    | JoinToken::AccessKey(_)
                    | JoinToken::Exposure(_)
                    | JoinToken::Object(..)
            )
        });
        let near = of_actor.flat_map(|(token, reach)| {
            let members = shared.get(&token).map(|(_, members)| members.as_slice()).unwrap_or_default();
            members
                .iter()
                .map(move |member| (time_between(clue, &clues[*member]), *member))
                .filter(move |(gap, _)| *gap <= reach)
        });
        let nearest = near.min_by(|a, b| (a.0, sort_key(&clues[a.1])).cmp(&(b.0, sort_key(&clues[b.1]))));
        if let Some((_, member)) = nearest {
            groups.join(member, index);
        }
    }
}

/// Whether any of its operations changes access to a bucket.
fn changes_access(clue: &Clue) -> bool {
    let is_of_access = |operation: &str| {
        let is_set = operation.contains(".PUT.") || operation.contains(".DELETE.");
        is_set && ["POLICY", "ACL", "PUBLIC_ACCESS"].iter().any(|word| operation.contains(word))
    };
    let several = clue.columns.get("operations").and_then(Value::as_array);
    let mut several = several.into_iter().flatten().filter_map(Value::as_str);
    clue.text("operation").is_some_and(is_of_access) || several.any(is_of_access)
}

/// The time between two rows; 0 if they overlap.
fn time_between(a: &Clue, b: &Clue) -> i64 {
    (a.first.saturating_sub(b.last)).max(b.first.saturating_sub(a.last)).max(0)
}

/// Sort key of a row, by content.
fn sort_key(clue: &Clue) -> (i64, i64, &str, &str, Option<&str>, i64) {
    (clue.first, clue.last, &clue.query, &clue.principal, clue.bucket.as_deref(), clue.events)
}

/// Disjoint sets.
struct Groups(Vec<usize>);

impl Groups {
    fn new(size: usize) -> Self {
        Self((0..size).collect())
    }

    fn root(&mut self, mut index: usize) -> usize {
        while self.0[index] != index {
            self.0[index] = self.0[self.0[index]];
            index = self.0[index];
        }
        index
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}

#[cfg(test)]
mod tests;
