//! A distributed ingest: the shards of a round are a table, whose rows are their manifests.
//!
//! `saltmine_lake` plans, retries and commits shards; this module sends them to executors. Ballista retries a
//! task that was lost with its executor. If the coordinator ends early, the folder of the round disappears,
//! and tasks end at the next file they create.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::stream::{self, StreamExt, TryStreamExt};
use saltmine_lake::{
    IngestReport, IngestRequest, LakeError, Manifest, Progress, SHARD_BYTES, Shard, ShardJob, ShardRunner,
    ingest_sharded,
};
use saltmine_query::QueryError;
use saltmine_query::datafusion::arrow::array::AsArray;
use saltmine_query::datafusion::error::{DataFusionError, Result};
use saltmine_query::datafusion::prelude::SessionContext;
use saltmine_query::remote::Remote;
use tokio::runtime::Runtime;

use crate::client::Cluster;
use crate::table::IngestTable;

/// The minimum number of shards in a round, unless configured otherwise.
const MIN_SHARDS: usize = 16;
/// The maximum number of shards submitted to the scheduler at a time.
const CONCURRENT_SHARDS: usize = 256;

/// Runs an ingest on a cluster. A shard has at least `min_shard_bytes` of files, by default [`SHARD_BYTES`].
/// `request.jobs` is the number of threads per shard; an executor runs one shard per core.
///
/// # Errors
/// As for [`ingest_sharded`]; also if there is no scheduler, or a shard failed in every attempt.
pub fn ingest_on(
    cluster: &Cluster,
    request: &IngestRequest<'_>,
    least_bytes: Option<u64>,
    progress: &dyn Progress,
) -> Result<IngestReport, LakeError> {
    let runtime = Runtime::new().map_err(|error| LakeError::Remote(format!("cannot start: {error}")))?;
    let runner =
        ClusterRunner { cluster: cluster.clone().for_ingest(), runtime, least_bytes, stop: request.stop };
    ingest_sharded(request, &runner, progress)
}

struct ClusterRunner<'a> {
    cluster: Cluster,
    runtime: Runtime,
    least_bytes: Option<u64>,
    stop: Option<&'a AtomicBool>,
}

impl ShardRunner for ClusterRunner<'_> {
    fn width(&self) -> usize {
        self.cluster.partitions().unwrap_or(MIN_SHARDS)
    }

    fn min_shard_bytes(&self) -> u64 {
        self.least_bytes.unwrap_or(SHARD_BYTES)
    }

    fn run(&self, job: &ShardJob, shards: &[Shard]) -> Result<Vec<Manifest>, LakeError> {
        let all = shards
            .iter()
            .cloned()
            .map(|shard| manifest(&self.cluster, IngestTable { job: job.clone(), shard }));
        let all = stream::iter(all).buffer_unordered(CONCURRENT_SHARDS).try_collect();
        self.runtime.block_on(async {
            tokio::select! {
                manifests = all => manifests
                    .map_err(|error| LakeError::Remote(format!("on the cluster: {}", QueryError::from(error)))),
                () = wait_for_stop(self.stop) => Err(LakeError::Stopped { committed: "nothing of this round was saved".into() }),
            }
        })
    }
}

/// Fetches the manifest of a shard. Each shard is a separate job: if an executor is lost, only its shards are
/// repeated.
async fn manifest(cluster: &Cluster, table: IngestTable) -> Result<Manifest> {
    let state = cluster.state(SessionContext::new().state())?;
    let rows = SessionContext::new_with_state(state).read_table(Arc::new(table))?.collect().await?;
    for batch in rows {
        let lines = batch.column(0).as_string_opt::<i32>();
        let lines = lines.ok_or_else(|| DataFusionError::Plan("manifests are not text".into()))?;
        if let Some(line) = lines.iter().flatten().next() {
            return serde_json::from_str(line).map_err(|error| DataFusionError::External(error.into()));
        }
    }
    Err(DataFusionError::Plan("a shard without a manifest".into()))
}

async fn wait_for_stop(stop: Option<&AtomicBool>) {
    while !stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
