//! A row of a detection, as findings show it.

use serde::Serialize;
use serde_json::{Map, Value};

/// The essential columns of a detection's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowSummary {
    /// The requester, or the principal if there are several; null for anonymous.
    pub requester: Option<String>,
    /// The source IP, if there is only one.
    pub remote_ip: Option<String>,
    /// Number of source IPs, if the detection counts them.
    pub addresses: Option<i64>,
    /// Some of them.
    pub remote_ips: Vec<String>,
    /// The bucket.
    pub bucket: Option<String>,
    /// Requests of the actor.
    pub events: i64,
    /// Time of the first request.
    pub first_seen: Option<String>,
    /// Time of the last request.
    pub last_seen: Option<String>,
    /// Why the row has its severity.
    pub reasons: Vec<String>,
    /// All other columns of the row, by name: numbers, texts and lists of texts, including the effect.
    pub columns: Map<String, Value>,
    /// Up to three `log_file:log_line`.
    pub evidence: Vec<String>,
}
