//! A row of a detection, as far as incidents are made of it.

use serde_json::{Map, Value};

use crate::catalogue::{Query, Severity};
use crate::functions;
use crate::questions::finding_row::Who;

/// The principal of requests without credentials.
pub(super) const ANONYMOUS: &str = "anonymous";

/// A row of a detection. Its texts come from the log and may be hostile.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Clue {
    /// The detection's name.
    pub(crate) query: String,
    /// The detection's title.
    pub(crate) title: String,
    /// Severity of the row.
    pub(crate) severity: Severity,
    /// Ids of ATT&CK techniques of the detection.
    pub(crate) attack: Vec<String>,
    /// Who acted, whatever the session; `anonymous` without credentials.
    pub(crate) principal: String,
    /// The requester, where the row is of a single one.
    pub(crate) requester: Option<String>,
    /// Source IPs that are named, at most ten.
    pub(crate) addresses: Vec<String>,
    /// Number of source IPs; 0 where it is not known.
    pub(crate) address_count: usize,
    /// The bucket, where there is one.
    pub(crate) bucket: Option<String>,
    /// Requests of the actor.
    pub(crate) events: i64,
    /// Time of the first of them; microseconds since 1970, UTC.
    pub(crate) first: i64,
    /// Time of the last of them.
    pub(crate) last: i64,
    /// Why the row has its severity.
    pub(crate) reasons: Vec<String>,
    /// The other columns of the row.
    pub(crate) columns: Map<String, Value>,
    /// What the log does not show of it.
    pub(crate) cannot_tell: Option<String>,
    /// What to do about it.
    pub(crate) next: Option<String>,
}

impl Clue {
    /// A row of `query`. `None` for one without a time, which cannot be near to anything.
    pub(crate) fn new(
        query: &Query,
        severity: Severity,
        who: &Who,
        (first, last): (Option<i64>, Option<i64>),
    ) -> Option<Self> {
        let text = |name: &str| who.columns.get(name).and_then(Value::as_str).map(str::to_owned);
        let requester = who.requester.as_deref();
        let principal = text("principal").unwrap_or_else(|| functions::principal(requester.unwrap_or("-")));
        let is_single = match who.columns.get("sessions") {
            Some(sessions) => sessions.as_i64() == Some(1),
            None => true,
        };
        let mut addresses = who.remote_ips.clone();
        if addresses.is_empty() {
            addresses.extend(who.remote_ip.clone());
        }
        let known = addresses.len();
        let count = who.addresses.and_then(|count| usize::try_from(count).ok()).unwrap_or(known);
        Some(Self {
            query: query.name.clone(),
            title: query.title.clone(),
            severity,
            attack: query.attack.clone(),
            requester: who.requester.clone().filter(|_| is_single && principal != ANONYMOUS),
            principal,
            addresses,
            address_count: count.max(known),
            bucket: who.bucket.clone(),
            events: who.events,
            first: first.or(last)?,
            last: last.or(first)?,
            reasons: who.reasons.clone(),
            columns: who.columns.clone(),
            cannot_tell: query.cannot_tell.clone(),
            next: query.next.clone(),
        })
    }

    /// A column that holds a text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.columns.get(name).and_then(Value::as_str)
    }

    /// A column that holds a number.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.columns.get(name).and_then(Value::as_i64)
    }

    /// A column that holds a time; microseconds since 1970, UTC.
    pub(super) fn time(&self, name: &str) -> Option<i64> {
        let time = chrono::DateTime::parse_from_rfc3339(self.text(name)?).ok()?;
        Some(time.timestamp_micros())
    }

    /// Access key ids of presigned links.
    pub(super) fn link_keys(&self) -> Vec<&str> {
        let several = self.columns.get("key_ids").and_then(Value::as_array);
        let several = several.into_iter().flatten().filter_map(Value::as_str);
        self.text("key_id").into_iter().chain(several).collect()
    }

    /// Whether it is of presigned links: who uses one is not who signed it.
    pub(super) fn is_of_links(&self) -> bool {
        ["key_id", "key_ids"]
            .iter()
            .any(|name| self.columns.get(*name).is_some_and(|value| !value.is_number() && !value.is_null()))
            || self.query.starts_with("presigned-")
    }

    /// Whether nobody signed.
    pub(super) fn is_anonymous(&self) -> bool {
        self.principal == ANONYMOUS
    }

    /// Whether all its addresses are named.
    pub(super) fn has_all_addresses(&self) -> bool {
        !self.addresses.is_empty() && self.address_count <= self.addresses.len()
    }

    /// Whether it may join others, and not only be joined: less severe rows are usual in most accounts.
    pub(super) fn is_severe(&self) -> bool {
        self.severity >= Severity::Medium
    }
}
