//! The interface for running shards in other processes.

use crate::error::LakeError;
use crate::ingest::shard_worker::{Manifest, Shard, ShardJob};

/// Runs shards through [`ingest_shard`](crate::ingest_shard) in other processes.
pub trait ShardRunner {
    /// The minimum number of shards in a round that is large enough.
    fn width(&self) -> usize;

    /// The minimum size in bytes that makes a shard worthwhile.
    fn least_bytes(&self) -> u64;

    /// Ingests shards, in any order and each with as many attempts as needed. Returns a manifest for each.
    ///
    /// # Errors
    /// If a shard was not ingested. Then nothing of the round is committed.
    fn run(&self, job: &ShardJob, shards: &[Shard]) -> Result<Vec<Manifest>, LakeError>;
}
