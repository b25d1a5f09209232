//! Known work: activity that is expected in a case. Findings about it are shown as accepted.

use ipnet::IpNet;
use serde::{Serialize, Serializer};

/// An entry of known work. A row must match all of its conditions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownWork {
    /// The detection; `None` for any.
    pub query: Option<String>,
    /// The principal or requester; `*` is any text, `?` one character.
    pub principal: Option<String>,
    /// A network that contains all addresses of the row.
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
