//! A row of a detection, as input for incidents.

use serde_json::{Map, Value};

use crate::catalogue::{Query, Severity};
use crate::functions;
use crate::questions::finding_row::RowSummary;

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
    /// The acting principal, independent of the session; `anonymous` without credentials.
    pub(crate) principal: String,
    /// The requester, if there is only one.
    pub(crate) requester: Option<String>,
    /// Named source IPs, at most ten.
    pub(crate) addresses: Vec<String>,
    /// Number of source IPs; 0 if unknown.
    pub(crate) address_count: usize,
    /// The bucket, if there is only one.
    pub(crate) bucket: Option<String>,
    /// Requests of the actor.
    pub(crate) events: i64,
    /// Time of the first request; microseconds since 1970, UTC.
    pub(crate) first: i64,
    /// Time of the last request.
    pub(crate) last: i64,
    /// Why the row has its severity.
    pub(crate) reasons: Vec<String>,
    /// The other columns of the row.
    pub(crate) columns: Map<String, Value>,
    /// What the log does not show.
    pub(crate) cannot_tell: Option<String>,
    /// Recommended next steps.
    pub(crate) next: Option<String>,
}

impl Clue {
    /// A row of `query`; `None` without a time, because such a row cannot be close to any other.
    pub(crate) fn new(
        query: &Query,
        severity: Severity,
        who: &RowSummary,
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

    /// The text in a column.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.columns.get(name).and_then(Value::as_str)
    }

    /// The number in a column.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.columns.get(name).and_then(Value::as_i64)
    }

    /// The time in a column; microseconds since 1970, UTC.
    pub(super) fn time(&self, name: &str) -> Option<i64> {
        let time = chrono::DateTime::parse_from_rfc3339(self.text(name)?).ok()?;
        Some(time.timestamp_micros())
    }

    /// Access key ids of presigned URLs.
    pub(super) fn link_keys(&self) -> Vec<&str> {
        let several = self.columns.get("key_ids").and_then(Value::as_array);
        let several = several.into_iter().flatten().filter_map(Value::as_str);
        self.text("key_id").into_iter().chain(several).collect()
    }

    /// The principal that probably created the batch job.
    pub(super) fn preparer(&self) -> Option<&str> {
        self.text("prepared_by")
    }

    /// Whether it is about presigned URLs, whose users are not their signers.
    pub(super) fn is_of_links(&self) -> bool {
        ["key_id", "key_ids"]
            .iter()
            .any(|name| self.columns.get(*name).is_some_and(|value| !value.is_number() && !value.is_null()))
            || self.query.starts_with("presigned-")
    }

    /// Whether the requests were anonymous.
    pub(super) fn is_anonymous(&self) -> bool {
        self.principal == ANONYMOUS
    }

    /// Whether all of its source IPs are named.
    pub(crate) fn has_all_addresses(&self) -> bool {
        !self.addresses.is_empty() && self.address_count <= self.addresses.len()
    }

    /// Whether it may connect other rows. Less severe rows may only be added to an incident, because they occur in
    /// most accounts.
    pub(super) fn is_severe(&self) -> bool {
        self.severity >= Severity::Medium
    }
}
