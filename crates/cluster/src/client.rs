//! The client side: sessions whose plans are sent to a scheduler.

use std::sync::Arc;

use ballista_core::extension::{SessionConfigExt, SessionStateExt};
use ballista_core::planner::BallistaQueryPlanner;
use datafusion_proto::protobuf::LogicalPlanNode;
use saltmine_query::datafusion::error::Result;
use saltmine_query::datafusion::execution::SessionState;
use saltmine_query::datafusion::execution::session_state::SessionStateBuilder;
use saltmine_query::remote::Remote;

use crate::address::Address;
use crate::executor_loss::INGEST;
use crate::retry::RetryingPlanner;
use crate::state::settings;

/// A cluster that sessions can use.
#[derive(Clone, Debug)]
pub struct Cluster {
    address: Address,
    partitions: Option<usize>,
    ingest: bool,
}

impl Cluster {
    /// The cluster of a scheduler. `partitions` is the number of partitions for the tables of a query; `None`
    /// means Ballista's default.
    pub fn new(address: Address, partitions: Option<usize>) -> Self {
        Self { address, partitions, ingest: false }
    }

    /// The configured number of partitions, if any.
    pub(crate) fn partitions(&self) -> Option<usize> {
        self.partitions
    }

    /// The same cluster, configured for the shards of an ingest.
    pub(crate) fn for_ingest(mut self) -> Self {
        self.ingest = true;
        self
    }
}

impl Remote for Cluster {
    fn state(&self, state: SessionState) -> Result<SessionState> {
        // Session settings for one machine do not suit a cluster.
        let partitions = self.partitions.unwrap_or(16);
        let mut config = settings(state.config().clone()).with_target_partitions(partitions);
        if self.ingest {
            config = config.with_ballista_job_name(INGEST);
        }
        let codec = config.ballista_logical_extension_codec();
        let url = format!("http://{}:{}", self.address.host(), self.address.port());
        let inner = BallistaQueryPlanner::<LogicalPlanNode>::with_extension(
            url.clone(),
            config.ballista_config(),
            codec,
        );
        let state = SessionStateBuilder::new_from_existing(state).with_config(config).build();
        let state = state.upgrade_for_ballista(url)?;
        let planner = Arc::new(RetryingPlanner::new(inner, self.address.clone()));
        Ok(SessionStateBuilder::new_from_existing(state).with_query_planner(planner).build())
    }
}
