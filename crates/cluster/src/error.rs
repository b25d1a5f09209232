//! What can go wrong with a cluster, beside what can go wrong with a question or an ingest.

use ballista_core::error::BallistaError;
use saltmine_query::datafusion::error::DataFusionError;

use crate::address::{Address, AddressError};

/// Why a cluster did not do what it was to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// Not the address of a scheduler.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Nobody listens where the scheduler is to be.
    #[error("no scheduler answers at {address}: {source}")]
    Absent {
        /// Where.
        address: Address,
        /// Why not.
        source: std::io::Error,
    },
    /// A process of the cluster could not start, or ended.
    #[error("{what}: {source}")]
    Process {
        /// Which.
        what: &'static str,
        /// Why.
        source: Box<BallistaError>,
    },
    /// Something with a file or a port of this machine.
    #[error("{what}: {source}")]
    Io {
        /// What was done.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The functions and codecs could not be put together.
    #[error(transparent)]
    State(#[from] DataFusionError),
}
