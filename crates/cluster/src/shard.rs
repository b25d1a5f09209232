//! Ingests a shard on an executor.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use saltmine_lake::{LakeError, Shard, ShardJob, ingest_shard};
use saltmine_query::datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use saltmine_query::datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use saltmine_query::datafusion::error::{DataFusionError, Result};

use crate::lines::line;

/// One row: the manifest of a shard, as JSON.
pub(crate) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("manifest", DataType::Utf8, false)]))
}

/// Ingests a shard and returns its manifest as a row. Stops early if its result is no longer needed.
pub(crate) async fn ingest(job: ShardJob, shard: Shard) -> Result<RecordBatch> {
    let stop = Arc::new(AtomicBool::new(false));
    let _stopper = Stopper(Arc::clone(&stop));
    let ingested = tokio::task::spawn_blocking(move || ingest_shard(&job, &shard, Some(&stop))).await;
    let manifest = ingested.map_err(|error| DataFusionError::External(error.into()))?;
    let manifest = manifest.map_err(|error| match error {
        // Ballista retries file system errors.
        LakeError::Io { action, path, source } => {
            let text = format!("{}: cannot {action}: {source}", path.display());
            DataFusionError::IoError(std::io::Error::new(source.kind(), text))
        }
        error => DataFusionError::External(error.into()),
    })?;
    let row: ArrayRef = Arc::new(StringArray::from(vec![line(&manifest)?]));
    Ok(RecordBatch::try_new(schema(), vec![row])?)
}

/// Stops a shard when dropped.
struct Stopper(Arc<AtomicBool>);

impl Drop for Stopper {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
