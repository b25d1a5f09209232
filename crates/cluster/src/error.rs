//! Errors of a cluster, in addition to those of queries and ingests.

use ballista_core::error::BallistaError;
use saltmine_query::datafusion::error::DataFusionError;

use crate::address::{Address, AddressError};

/// Why an operation on a cluster failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// The text is not a scheduler address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Nothing listens at the scheduler's address.
    #[error("no scheduler responds at {address}: {source}")]
    Absent {
        /// The scheduler's address.
        address: Address,
        /// The reason.
        source: std::io::Error,
    },
    /// A process of the cluster could not start, or ended.
    #[error("{what}: {source}")]
    Process {
        /// The process.
        what: &'static str,
        /// The reason.
        source: Box<BallistaError>,
    },
    /// An operation on a file or port of this machine failed.
    #[error("{what}: {source}")]
    Io {
        /// The operation.
        what: String,
        /// The reason.
        source: std::io::Error,
    },
    /// The functions and codecs could not be set up.
    #[error(transparent)]
    State(#[from] DataFusionError),
}
