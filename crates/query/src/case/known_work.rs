//! Known work: what is expected in the logs of a case, so that findings about it are accepted, and shown as such.

use ipnet::IpNet;
use serde::{Serialize, Serializer};

use super::wildcard::matches;
use crate::catalogue::Severity;
use crate::questions::hunt::RowSummary;
use crate::questions::incidents::Clue;

/// What is expected. All that is given must hold of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownWork {
    /// A detection; any where there is none.
    pub query: Option<String>,
    /// The principal or requester; `*` is any text, `?` one character.
    pub principal: Option<String>,
    /// The network that all addresses are of.
    #[serde(serialize_with = "as_text")]
    pub network: Option<IpNet>,
    /// The bucket; `*` is any text, `?` one character.
    pub bucket: Option<String>,
    /// Why it is expected.
    pub why: String,
}

fn as_text<S: Serializer>(network: &Option<IpNet>, serializer: S) -> Result<S::Ok, S::Error> {
    network.map(|network| network.to_string()).serialize(serializer)
}

impl KnownWork {
    /// Whether it covers a row.
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

/// Rows of a detection that are known work. They count in no total and join no incident.
#[derive(Clone, Debug, Serialize)]
pub struct Accepted {
    /// Which entry of the case file, from 1.
    pub known_work: usize,
    /// Why it is expected; null under redaction of principals or addresses, which it may name.
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
