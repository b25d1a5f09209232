//! A row of a detection, as findings show it.

use serde::Serialize;
use serde_json::{Map, Value};

/// One row of a detection, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Who {
    /// The requester, or the principal where there are several; null is anonymous.
    pub requester: Option<String>,
    /// The address, where there is one.
    pub remote_ip: Option<String>,
    /// How many addresses there are, where the detection counts them.
    pub addresses: Option<i64>,
    /// Some of them.
    pub remote_ips: Vec<String>,
    /// The bucket.
    pub bucket: Option<String>,
    /// Requests of the actor.
    pub events: i64,
    /// Time of the first.
    pub first_seen: Option<String>,
    /// Time of the last.
    pub last_seen: Option<String>,
    /// Why the row has its severity.
    pub reasons: Vec<String>,
    /// All other columns of the row, by name: numbers, texts and lists of texts. What came of it stands here.
    pub columns: Map<String, Value>,
    /// Up to three `log_file:log_line`.
    pub evidence: Vec<String>,
}
