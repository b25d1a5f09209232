//! Rows of detections that are known work according to the case file.

use ipnet::IpNet;
use serde::Serialize;

use crate::case::{KnownWork, matches};
use crate::catalogue::Severity;
use crate::questions::finding_row::RowSummary;
use crate::questions::incidents::Clue;

impl KnownWork {
    /// Whether a row matches this entry.
    pub(crate) fn covers(&self, clue: &Clue) -> bool {
        let is = |pattern: &Option<String>, text: Option<&str>| {
            pattern.as_ref().is_none_or(|pattern| text.is_some_and(|text| matches(pattern, text)))
        };
        let is_of_network = |network: &IpNet| {
            clue.has_all_addresses()
                && clue.addresses.iter().all(|address| {
                    address.parse().is_ok_and(|address: std::net::IpAddr| network.contains(&address))
                })
        };
        self.query.as_ref().is_none_or(|query| *query == clue.query)
            && (is(&self.principal, Some(&clue.principal)) || is(&self.principal, clue.requester.as_deref()))
            && self.network.as_ref().is_none_or(is_of_network)
            && is(&self.bucket, clue.bucket.as_deref())
    }
}

/// Rows of a detection that are known work. They are excluded from totals and incidents.
#[derive(Clone, Debug, Serialize)]
pub struct Accepted {
    /// The number of the entry in the case file, counted from 1.
    pub known_work: usize,
    /// The reason; null if principals or addresses are redacted, because it may name them.
    pub why: Option<String>,
    /// The detection.
    pub query: String,
    /// Its title.
    pub title: String,
    /// Severity of the rows.
    pub severity: Severity,
    /// Number of rows.
    pub rows: u64,
    /// Requests in all rows.
    pub events: i64,
    /// Time of the first request.
    pub first_seen: Option<String>,
    /// Time of the last request.
    pub last_seen: Option<String>,
    /// The first rows.
    pub who: Vec<RowSummary>,
}
