//! Forensic SQL over S3 server access logs: over a dataset, or over raw files without an ingest.
//!
//! A [`Session`] has the tables `logs`, `rejects` and `sources`, of a dataset or of raw files alike.

mod bounds;
pub mod catalogue;
mod dataset;
mod error;
mod files;
pub mod functions;
pub mod hunt;
mod raw;
mod session;
mod sql;

pub use error::QueryError;
pub use raw::ScanReport;
pub use session::{Session, SessionOptions};
pub use sql::Params;

pub use datafusion;
