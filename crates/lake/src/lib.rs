//! Arrow record batches of S3 server access logs to a dataset: Delta Lake tables on the local disk, or in S3.
//!
//! A [`Dataset`] is read without a lock. A writer takes the [`DatasetLock`], lets it complete what an interrupted run
//! left, begins a [`Staging`], writes Parquet files to it, and commits them with the ledger rows of their sources.
//!
//! A *round* is what one commit of all tables adds: the rows of some sources, or the files that compaction rewrote. It takes
//! place as a whole or not at all.
//!
//! The crate has seven rooms, each of which imports from those below it only:
//!
//! | room | what is in it |
//! |---|---|
//! | `verify` | the proof that a dataset is what was read from its sources |
//! | `ingest`, `maintain` | sources to rows; fewer and larger files, and duplicates removed |
//! | `encode` | record batches to Parquet |
//! | `commit` | the writers' lock, rounds, the logs of the tables as they are written |
//! | `table` | names, schemas, the ledger, the logs of the tables as they are read |
//! | `storage` | where files live: on the disk, or in S3; the check of paths |

mod commit;
mod encode;
mod error;
mod ingest;
mod maintain;
mod storage;
mod table;
#[cfg(test)]
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
    Check, Compared, Examiner, Incomplete, Outcome, Renamed, TableState, Totals, Unverifiable, VerifyOptions,
    VerifyReport, verify,
};
