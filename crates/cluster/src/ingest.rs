//! A distributed ingest: the shards of a round are a table, whose rows are their manifests.
//!
//! How shards are cut, tried again and committed is in `saltmine_lake`; here they travel. Ballista tries a task again
//! that was lost with its executor. Where the coordinator ends before its time, the round's folder goes, and tasks end at
//! the next file they make.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{self, StreamExt, TryStreamExt};
use saltmine_lake::{
    IngestReport, IngestRequest, LakeError, Manifest, Progress, SHARD_BYTES, Shard, ShardJob, ShardRunner,
    ingest_shard, ingest_sharded,
};
use saltmine_query::QueryError;
use saltmine_query::datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use saltmine_query::datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use saltmine_query::datafusion::catalog::{Session, TableProvider};
use saltmine_query::datafusion::error::{DataFusionError, Result};
use saltmine_query::datafusion::logical_expr::{Expr, TableType};
use saltmine_query::datafusion::physical_plan::ExecutionPlan;
use saltmine_query::datafusion::prelude::SessionContext;
use saltmine_query::remote::Remote;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

use crate::client::Cluster;
use crate::table::{line, lines_exec};
use crate::work::{Work, WorkExec};

/// Into how many shards a round is cut at least, where nothing else is said.
const WIDTH: usize = 16;
/// Shards that are with the scheduler at a time, at most.
const AT_ONCE: usize = 256;
/// Tests with little data say here how few bytes of files make a shard.
const SHARD_VARIABLE: &str = "SALTMINE_SHARD_BYTES";

/// What all shards of a round have in common.
pub(crate) type IngestJob = ShardJob;

/// A row: the manifest of a shard, as JSON.
pub(crate) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("manifest", DataType::Utf8, false)]))
}

/// A shard as a table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct IngestTable {
    job: IngestJob,
    shard: Shard,
}

#[async_trait]
impl TableProvider for IngestTable {
    fn schema(&self) -> SchemaRef {
        schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// Whatever columns are wanted, there is one.
    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if projection.is_some_and(|columns| columns[..] != [0]) {
            return Err(DataFusionError::Plan("manifests are read whole".into()));
        }
        let lines = vec![vec![line(&self.shard)?]];
        Ok(Arc::new(WorkExec::try_new(lines_exec(lines)?, Work::Ingest(self.job.clone()))?))
    }
}

/// Ingests a shard, and gives its manifest as a row. Ends early where nobody waits for it any more.
pub(crate) async fn shard(job: IngestJob, shard: Shard) -> Result<RecordBatch> {
    let stop = Arc::new(AtomicBool::new(false));
    let _stopper = Stopper(Arc::clone(&stop));
    let ingested = tokio::task::spawn_blocking(move || ingest_shard(&job, &shard, Some(&stop))).await;
    let manifest = ingested.map_err(|error| DataFusionError::External(error.into()))?;
    let manifest = manifest.map_err(|error| match error {
        // Ballista tries again what the file system did not do.
        LakeError::Io { action, path, source } => {
            let text = format!("{}: cannot {action}: {source}", path.display());
            DataFusionError::IoError(std::io::Error::new(source.kind(), text))
        }
        error => DataFusionError::External(error.into()),
    })?;
    let row: ArrayRef = Arc::new(StringArray::from(vec![line(&manifest)?]));
    Ok(RecordBatch::try_new(schema(), vec![row])?)
}

/// Stops a shard when it is dropped.
struct Stopper(Arc<AtomicBool>);

impl Drop for Stopper {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Ingests on a cluster. `request.jobs` are the threads of a shard, of which an executor has one for each of its cores.
///
/// # Errors
/// As [`ingest_sharded`]; where there is no scheduler, or a shard failed in every try.
pub fn ingest_on(
    cluster: &Cluster,
    request: &IngestRequest<'_>,
    progress: &dyn Progress,
) -> Result<IngestReport, LakeError> {
    let told = |problem: String| LakeError::Remote(problem);
    let runtime = Runtime::new().map_err(|error| told(format!("cannot start: {error}")))?;
    let runner = OnCluster { cluster: cluster.clone().for_ingest(), runtime, stop: request.stop };
    ingest_sharded(request, &runner, progress)
}

struct OnCluster<'a> {
    cluster: Cluster,
    runtime: Runtime,
    stop: Option<&'a AtomicBool>,
}

impl ShardRunner for OnCluster<'_> {
    fn width(&self) -> usize {
        self.cluster.partitions().unwrap_or(WIDTH)
    }

    fn least_bytes(&self) -> u64 {
        let told = std::env::var(SHARD_VARIABLE).ok().and_then(|bytes| bytes.parse().ok());
        told.unwrap_or(SHARD_BYTES)
    }

    fn run(&self, job: &ShardJob, shards: &[Shard]) -> Result<Vec<Manifest>, LakeError> {
        let all = shards
            .iter()
            .cloned()
            .map(|shard| manifest(&self.cluster, IngestTable { job: job.clone(), shard }));
        let all = stream::iter(all).buffer_unordered(AT_ONCE).try_collect();
        self.runtime.block_on(async {
            tokio::select! {
                manifests = all => manifests
                    .map_err(|error| LakeError::Remote(format!("on the cluster: {}", QueryError::from(error)))),
                () = stopped(self.stop) => Err(LakeError::Stopped { committed: "nothing of this round was saved".into() }),
            }
        })
    }
}

/// Asks for the row of a shard, which is a job of its own: where an executor is lost, only its shards are done again.
async fn manifest(cluster: &Cluster, table: IngestTable) -> Result<Manifest> {
    let state = cluster.state(SessionContext::new().state())?;
    let rows = SessionContext::new_with_state(state).read_table(Arc::new(table))?.collect().await?;
    for batch in rows {
        let lines = batch.column(0).as_string_opt::<i32>();
        let lines = lines.ok_or_else(|| DataFusionError::Plan("manifests that are no text".into()))?;
        if let Some(line) = lines.iter().flatten().next() {
            return serde_json::from_str(line).map_err(|error| DataFusionError::External(error.into()));
        }
    }
    Err(DataFusionError::Plan("a shard without a manifest".into()))
}

async fn stopped(stop: Option<&AtomicBool>) {
    while !stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
