//! Forensic SQL on S3 server access logs: on a dataset, or on raw files without an ingest.
//!
//! A [`Session`] has the tables `logs`, `rejects` and `sources`, of a dataset or of raw files alike, and the
//! views `athena.s3_access_logs` and `cloudwatch.s3_access_logs` with the names that AWS gives the columns of `logs`.
//!
//! ```
//! use futures::TryStreamExt;
//! use saltmine_query::catalogue::Catalogue;
//! use saltmine_query::hunt::{HuntOptions, hunt};
//! use saltmine_query::{Param, Params, Session, SessionOptions};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let line = r#"owner logs [01/May/2026:10:00:00 +0000] 192.0.2.7 - 5F0C REST.GET.OBJECT a.txt "GET /a.txt HTTP/1.1" 200 - 12 12 9 8 "-" "curl/8.9" -"#;
//! let log = folder.path().join("2026-05-01.log");
//! std::fs::write(&log, format!("{line}\n"))?;
//!
//! let inputs = vec![log.display().to_string()];
//! let session = Session::open(&SessionOptions { inputs, ..SessionOptions::default() }).await?;
//! let params = Params::from([("ip".to_owned(), Param::Typed("192.0.2.7".to_owned()))]);
//! let rows = session.sql("SELECT key FROM logs WHERE remote_ip = $ip", &params).await?;
//! let batches: Vec<_> = rows.try_collect().await?;
//! assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 1);
//!
//! let found = hunt(&session, &Catalogue::builtin()?, &HuntOptions::default(), &|_| {}).await?;
//! assert!(found.incidents.is_empty() && found.failed.is_empty());
//! # Ok(())
//! # }
//! ```

pub mod case;
pub mod catalogue;
mod error;
pub mod functions;
pub mod local_time;
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
mod time;

pub use error::{QueryError, SqlDiagnostic};
pub use params::{Param, Params};
pub use questions::coverage::{Coverage, SourceProblem};
pub use questions::{hunt, incidents, latency, report, timeline};
pub use redact::{KeySource, Redaction};
pub use session::{Session, SessionOptions};
pub use shell_quote::shell_quote;
pub use sql::{STACK_SIZE, default_memory_limit};
pub use tables::{ScanReport, remote};

pub use datafusion;
