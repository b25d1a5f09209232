//! Writes Arrow record batches of S3 server access logs to a dataset: Delta Lake tables on the local disk or
//! in S3.
//!
//! Reading a [`Dataset`] needs no lock. A writer takes the [`DatasetLock`], which completes what an
//! interrupted run left, begins a [`Staging`], writes Parquet files to it, and commits them together with the
//! ledger rows of their sources.
//!
//! A *round* is everything that one commit of all tables adds: the rows of some sources, or the files that a
//! compaction rewrote. A round is committed completely or not at all.
//!
//! ```
//! use saltmine_lake::{IngestRequest, Silent, ingest};
//! use saltmine_scan::discover;
//!
//! let folder = tempfile::tempdir()?;
//! let line = r#"owner logs [01/May/2026:10:00:00 +0000] 192.0.2.7 - 5F0C REST.GET.OBJECT a.txt "GET /a.txt HTTP/1.1" 200 - 12 12 9 8 "-" "curl/8.9" -"#;
//! let (log, dataset) = (folder.path().join("2026-05-01.log"), folder.path().join("case.lake"));
//! std::fs::write(&log, format!("{line}\n"))?;
//!
//! let sources = discover(&[log.display().to_string()])?;
//! let request = IngestRequest {
//!     sources: &sources,
//!     dataset: &dataset,
//!     partition_by: None,
//!     jobs: 1,
//!     strict: true,
//!     stop: None,
//! };
//! assert_eq!(ingest(&request, &Silent)?.counts.rows, 1);
//! // The content is in the dataset already.
//! assert_eq!(ingest(&request, &Silent)?.skipped, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The crate has seven rooms. Each imports only from those below it:
//!
//! | room | content |
//! |---|---|
//! | `verify` | proves that a dataset matches its sources |
//! | `ingest`, `maintain` | reads sources into rows; merges small files and removes duplicates |
//! | `encode` | encodes record batches as Parquet |
//! | `commit` | the writers' lock, rounds, writing the tables' logs |
//! | `table` | names, schemas, the ledger, reading the tables' logs |
//! | `storage` | files on disk or in S3; the check of paths |

mod commit;
mod counted;
mod encode;
mod error;
mod ingest;
mod maintain;
mod storage;
mod table;
#[cfg(test)]
#[path = "../tests/inside/mod.rs"]
mod tests;
mod verify;

pub use commit::discard::DiscardedRound;
pub use commit::writer::{CommitSummary, DatasetLock, Recovery, StagedFile, Staging};
#[doc(hidden)]
pub use encode::bench;
pub use error::LakeError;
pub use ingest::already_ingested::new_objects;
pub use ingest::progress::{Event, Progress, Silent};
pub use ingest::report::{IngestReport, NamedReject, SourceOutcome};
pub use ingest::shard_coordinator::ingest_sharded;
pub use ingest::shard_plan::SHARD_BYTES;
pub use ingest::shard_runner::ShardRunner;
pub use ingest::shard_worker::{Manifest, Shard, ShardJob, ingest_shard};
pub use ingest::{IngestRequest, ingest};
pub use maintain::compact::{CompactOptions, CompactReport, compact};
pub use storage::set_s3_lock_seconds;
pub use table::dataset::{DataFile, Dataset};
pub use table::duplicates::duplicates_schema;
pub use table::layout::{Partition, PartitionBy, Table};
pub use table::ledger::{SourceEntry, source_entries_batch, sources_schema};
pub use table::statistics::Footer;
pub use verify::{
    Check, ComparisonSummary, Examiner, IncompleteSource, Outcome, RenamedSource, TableState, Totals,
    UnverifiableSource, VerifyOptions, VerifyReport, verify,
};
