//! The contents of a timeline. All text comes from the log and may be hostile.

use serde::Serialize;

use crate::redact::{Names, Redactor};
use crate::time::Time;

/// The sessions of the selected requests.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TimelineReport {
    /// A new session started after a break longer than this many seconds.
    pub idle_seconds: f64,
    /// Number of sessions.
    pub session_count: u64,
    /// Requests in all of them.
    pub requests: u64,
    /// Bytes sent in all of them.
    pub bytes_sent: i64,
    /// Time of the first request; `None` without requests.
    pub first_time: Option<Time>,
    /// Time of the last request.
    pub last_time: Option<Time>,
    /// The sessions by first time; if there are more than requested, the earliest.
    pub sessions: Vec<TimelineSession>,
}

impl TimelineReport {
    /// How many later sessions were counted but not kept.
    pub fn hidden(&self) -> u64 {
        self.session_count.saturating_sub(self.sessions.len() as u64)
    }
}

/// The activity of one requester from one address without a longer break. Long texts are truncated and then end in
/// `…`.
#[derive(Clone, Debug, Serialize)]
pub struct TimelineSession {
    /// The requester; `None` is anonymous.
    pub requester: Option<String>,
    /// The address; `None` for AWS's own services.
    pub remote_ip: Option<String>,
    /// Time of the first request.
    pub first_time: Time,
    /// Time of the last request.
    pub last_time: Time,
    /// What was used for the first time.
    pub first_use: FirstUse,
    /// Requests.
    pub requests: u64,
    /// Bytes sent.
    pub bytes_sent: i64,
    /// Requests by class of status.
    pub statuses: Statuses,
    /// By operation.
    pub operations: Values,
    /// By bucket.
    pub buckets: Values,
    /// By object, `BUCKET/KEY` with the key decoded; without requests that have no key.
    pub objects: Values,
    /// By error code; without requests that have none.
    pub errors: Values,
    /// By user agent; `None`: none was sent.
    pub user_agents: Values,
    /// By TLS version; `None`: plain HTTP, or an AWS service.
    pub tls_versions: Values,
    /// `log_file:log_line` of the first and the last request.
    pub evidence: [String; 2],
    /// The hash of the whole requester.
    #[serde(skip)]
    pub(super) requester_id: u64,
    /// The hash of requester and address.
    #[serde(skip)]
    pub(super) address_id: u64,
}

impl TimelineSession {
    // Redacted for output. Requester and address go last, because the redaction of the rest depends on them.
    pub(super) fn redact(&mut self, redactor: &Redactor) {
        let of_bucket = [
            &mut self.operations,
            &mut self.buckets,
            &mut self.objects,
            &mut self.errors,
            &mut self.tls_versions,
        ];
        let (none, names) =
            (Names::default(), redactor.names(self.requester.as_deref(), self.remote_ip.as_deref()));
        let texts = of_bucket.map(|values| (values, &none)).into_iter();
        for (values, names) in texts.chain([(&mut self.user_agents, &names)]) {
            for value in &mut values.top {
                if let Some(text) = &mut value.value {
                    *text = redactor.text_of(text, names).into_owned();
                }
                value.evidence = redactor.text(&value.evidence).into_owned();
            }
        }
        for place in &mut self.evidence {
            *place = redactor.text(place).into_owned();
        }
        self.requester = self.requester.take().map(|requester| redactor.principal(&requester).into_owned());
        self.remote_ip = self.remote_ip.take().map(|address| redactor.address(&address).into_owned());
    }
}

/// What the requester used in this session for the first time in all of the logs, independent of the selection.
/// Activity before the logs begin is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FirstUse {
    /// The requester is new.
    pub requester: bool,
    /// The requester used this address for the first time.
    pub address: bool,
}

/// Requests by class of status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Statuses {
    /// 200 to 299.
    #[serde(rename = "2xx")]
    pub success: u64,
    /// 300 to 399.
    #[serde(rename = "3xx")]
    pub redirect: u64,
    /// 400 to 499.
    #[serde(rename = "4xx")]
    pub client_error: u64,
    /// 500 to 599.
    #[serde(rename = "5xx")]
    pub server_error: u64,
    /// No status, as in internal operations, or any other status.
    pub other: u64,
}

impl Statuses {
    pub(super) fn add(&mut self, status: Option<i16>) {
        let class = match status {
            Some(200..300) => &mut self.success,
            Some(300..400) => &mut self.redirect,
            Some(400..500) => &mut self.client_error,
            Some(500..600) => &mut self.server_error,
            _ => &mut self.other,
        };
        *class += 1;
    }

    /// The classes with their names, in order.
    pub fn classes(&self) -> [(&'static str, u64); 5] {
        [
            ("2xx", self.success),
            ("3xx", self.redirect),
            ("4xx", self.client_error),
            ("5xx", self.server_error),
            ("no status", self.other),
        ]
    }
}

/// The values of a field in a session's requests.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Values {
    /// Number of distinct values.
    pub distinct: u64,
    /// Whether there were too many to count, so that `distinct` is a lower bound.
    pub distinct_is_at_least: bool,
    /// The values with the most requests; ties go to the earlier value.
    pub top: Vec<Value>,
}

impl Values {
    /// Number of values that are not in `top`.
    pub fn more(&self) -> u64 {
        self.distinct.saturating_sub(self.top.len() as u64)
    }
}

/// One value.
#[derive(Clone, Debug, Serialize)]
pub struct Value {
    /// The value.
    pub value: Option<String>,
    /// Requests.
    pub requests: u64,
    /// Bytes sent.
    pub bytes_sent: i64,
    /// Requests by class of status.
    pub statuses: Statuses,
    /// Time of the session's first request with it.
    pub first_time: Time,
    /// Whether that was the requester's first use in all of the logs; `None` if that is not tracked.
    pub first_use: Option<bool>,
    /// `log_file:log_line` of that request.
    pub evidence: String,
    /// The hash of the requester and the whole value.
    #[serde(skip)]
    pub(super) id: u64,
}
