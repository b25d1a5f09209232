//! Arrow record batches of S3 server access logs to a dataset: Delta Lake tables on the local disk, or in S3.
//!
//! A [`Dataset`] is read without a lock. A writer takes the [`DatasetLock`], lets it complete what an interrupted run
//! left, begins a [`Staging`], writes Parquet files to it, and commits them with the ledger rows of their sources.

mod bucket_round;
mod commit;
mod compact;
mod cut;
mod dataset;
mod dedup;
mod disk;
mod duplicates;
mod encode;
mod error;
mod fault;
mod flusher;
mod ingest;
mod intake;
mod intent;
mod known;
mod layout;
mod lease;
mod ledger;
mod log_store;
mod merge;
mod opened;
mod partitions;
mod pipeline;
mod place;
mod progress;
mod rejects;
mod report;
mod shard;
mod shards;
mod statistics;
mod table_file;
#[cfg(test)]
mod tests;
mod transaction;
mod verify;

pub use compact::{CompactOptions, CompactReport, compact};
pub use cut::SHARD_BYTES;
pub use dataset::{DataFile, Dataset};
pub use duplicates::duplicates_schema;
#[doc(hidden)]
pub use encode::encode_column;
pub use error::LakeError;
pub use ingest::{IngestRequest, ingest};
pub use known::new_objects;
pub use layout::{Partition, PartitionBy, Table};
pub use ledger::{SourceEntry, source_entries_batch, sources_schema};
pub use progress::{Event, Progress, Silent};
pub use report::{IngestReport, NamedReject, SourceOutcome};
pub use shard::{Manifest, Shard, ShardJob, ingest_shard};
pub use shards::{ShardRunner, ingest_sharded};
pub use statistics::Footer;
pub use transaction::{CommitSummary, DatasetLock, Recovery, StagedFile, Staging};
pub use verify::{
    Check, Examiner, Incomplete, Outcome, Sample, TableState, Totals, VerifyOptions, VerifyReport, verify,
};
