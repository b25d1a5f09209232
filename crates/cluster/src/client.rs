//! The client's side: sessions whose plans are sent to a scheduler.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use ballista_core::extension::{SessionConfigExt, SessionStateExt};
use ballista_core::planner::BallistaQueryPlanner;
use datafusion_proto::protobuf::LogicalPlanNode;
use saltmine_query::datafusion::error::Result;
use saltmine_query::datafusion::execution::SessionState;
use saltmine_query::datafusion::execution::session_state::SessionStateBuilder;
use saltmine_query::remote::Remote;
use url::Url;

use crate::error::ClusterError;
use crate::patient::PatientPlanner;
use crate::state::settings;
use crate::watch::INGEST;

/// Where a scheduler listens, if it is not said.
const PORT: u16 = 50050;

/// Where a scheduler listens: `df://host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    host: String,
    port: u16,
}

impl Address {
    /// Its host, as in a URL.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for Address {
    type Err = ClusterError;

    fn from_str(text: &str) -> Result<Self, ClusterError> {
        let wrong = |problem: String| ClusterError::Address { text: text.to_owned(), problem };
        let url = Url::parse(text).map_err(|error| wrong(error.to_string()))?;
        if url.scheme() != "df" {
            return Err(wrong("it must begin with df://".into()));
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("no host".into()))?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() || !url.username().is_empty() {
            return Err(wrong("more than host and port".into()));
        }
        Ok(Self { host: host.to_owned(), port: url.port().unwrap_or(PORT) })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "df://{}:{}", self.host, self.port)
    }
}

/// A cluster, for sessions that ask it.
#[derive(Clone, Debug)]
pub struct Cluster {
    address: Address,
    partitions: Option<usize>,
    is_ingest: bool,
}

impl Cluster {
    /// The cluster of a scheduler. `partitions` is into how many parts the tables of a question are cut; `None` for as
    /// many as Ballista does.
    pub fn new(address: Address, partitions: Option<usize>) -> Self {
        Self { address, partitions, is_ingest: false }
    }

    /// Into how many parts tables are cut, where that was said.
    pub(crate) fn partitions(&self) -> Option<usize> {
        self.partitions
    }

    /// The same, for the shards of an ingest.
    pub(crate) fn for_ingest(mut self) -> Self {
        self.is_ingest = true;
        self
    }
}

impl Remote for Cluster {
    fn state(&self, state: SessionState) -> Result<SessionState> {
        // What a session wants for one machine is not what a cluster needs.
        let partitions = self.partitions.unwrap_or(16);
        let mut config = settings(state.config().clone()).with_target_partitions(partitions);
        if self.is_ingest {
            config = config.with_ballista_job_name(INGEST);
        }
        let codec = config.ballista_logical_extension_codec();
        let url = format!("http://{}:{}", self.address.host, self.address.port);
        let inner = BallistaQueryPlanner::<LogicalPlanNode>::with_extension(
            url.clone(),
            config.ballista_config(),
            codec,
        );
        let state = SessionStateBuilder::new_from_existing(state).with_config(config).build();
        let state = state.upgrade_for_ballista(url)?;
        let planner = Arc::new(PatientPlanner::new(inner, self.address.clone()));
        Ok(SessionStateBuilder::new_from_existing(state).with_query_planner(planner).build())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_host_and_may_have_a_port() {
        let address: Address = "df://scheduler:7".parse().unwrap();
        assert_eq!(
            (address.host(), address.port(), address.to_string().as_str()),
            ("scheduler", 7, "df://scheduler:7")
        );
        assert_eq!("df://10.0.0.1".parse::<Address>().unwrap().port(), PORT);
        for text in
            ["", "scheduler:50050", "http://scheduler:50050", "df://", "df://a/b", "df://u@a", "df://a?b"]
        {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
