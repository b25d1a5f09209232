//! The hook for whatever runs shards in other processes.

use crate::error::LakeError;
use crate::ingest::shard_worker::{Manifest, Shard, ShardJob};

/// Has shards ingested, by [`ingest_shard`](crate::ingest_shard) in other processes.
pub trait ShardRunner {
    /// Into how many shards a round is cut at least, if it is large enough.
    fn width(&self) -> usize;

    /// Bytes of files that make a shard worth its while.
    fn least_bytes(&self) -> u64;

    /// Ingests shards, in any order and each as often as it takes. Gives a manifest of each.
    ///
    /// # Errors
    /// Where a shard was not ingested. Nothing of the round is committed then.
    fn run(&self, job: &ShardJob, shards: &[Shard]) -> Result<Vec<Manifest>, LakeError>;
}
