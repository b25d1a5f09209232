//! Forensic SQL over S3 server access logs: over a dataset, or over raw files without an ingest.
//!
//! A [`Session`] has the tables `logs`, `rejects` and `sources`, of a dataset or of raw files alike, and the
//! views `athena.s3_access_logs` and `cloudwatch.s3_access_logs` with the names that AWS gives the columns of `logs`.

mod asked;
mod bounds;
mod catalogs;
pub mod catalogue;
mod coverage;
mod dataset;
mod dialect;
mod error;
mod files;
pub mod functions;
pub mod hunt;
mod keep;
pub mod latency;
mod memory;
mod misstatement;
mod pages;
mod params;
mod profiles;
mod raw;
pub mod redact;
pub mod remote;
pub mod report;
mod session;
mod sql;
mod stdin;
pub mod timeline;
mod views;

pub use coverage::{Coverage, SourceProblem};
pub use error::QueryError;
pub use misstatement::Misstatement;
pub use params::{Param, Params};
pub use raw::ScanReport;
pub use redact::{KeySource, Redaction};
pub use session::{Session, SessionOptions};
pub use sql::STACK_SIZE;

pub use datafusion;
