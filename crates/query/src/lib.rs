//! Forensic SQL on S3 server access logs: on a dataset, or on raw files without an ingest.
//!
//! A [`Session`] has the tables `logs`, `rejects` and `sources`, of a dataset or of raw files alike, and the
//! views `athena.s3_access_logs` and `cloudwatch.s3_access_logs` with the names that AWS gives the columns of `logs`.

pub mod catalogue;
mod error;
pub mod functions;
mod nearest;
mod params;
pub mod playbooks;
mod profiles;
pub mod quantity;
mod questions;
pub mod redact;
mod session;
mod shell_quote;
mod sql;
mod tables;

pub use error::{QueryError, SqlDiagnostic};
pub use params::{Param, Params};
pub use questions::coverage::{Coverage, SourceProblem};
pub use questions::{hunt, incidents, latency, report, timeline};
pub use redact::{KeySource, Redaction};
pub use session::{Session, SessionOptions};
pub use shell_quote::shell_quote;
pub use sql::STACK_SIZE;
pub use tables::{ScanReport, remote};

pub use datafusion;
