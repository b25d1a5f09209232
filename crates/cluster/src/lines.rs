//! Lists in memory, one item per line of JSON, which Ballista partitions like any table in memory.

use std::sync::Arc;

use futures::stream::TryStreamExt;
use saltmine_query::datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use saltmine_query::datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use saltmine_query::datafusion::datasource::memory::MemorySourceConfig;
use saltmine_query::datafusion::error::{DataFusionError, Result};
use saltmine_query::datafusion::execution::SendableRecordBatchStream;
use saltmine_query::datafusion::physical_plan::ExecutionPlan;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A value as a line.
pub(crate) fn line<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| DataFusionError::External(error.into()))
}

/// A plan that produces lines; its partitions are the tasks.
pub(crate) fn lines_exec(partitions: Vec<Vec<String>>) -> Result<Arc<dyn ExecutionPlan>> {
    let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("line", DataType::Utf8, false)]));
    let batch = |lines: Vec<String>| {
        let column: ArrayRef = Arc::new(StringArray::from(lines));
        Ok(vec![RecordBatch::try_new(Arc::clone(&schema), vec![column])?])
    };
    let partitions = partitions.into_iter().map(batch).collect::<Result<Vec<_>>>()?;
    Ok(MemorySourceConfig::try_new_exec(&partitions, Arc::clone(&schema), None)?)
}

/// Parses lines back into values.
pub(crate) async fn parse_lines<T: DeserializeOwned>(lines: SendableRecordBatchStream) -> Result<Vec<T>> {
    let batches: Vec<RecordBatch> = lines.try_collect().await?;
    let mut values = Vec::new();
    for batch in batches {
        let lines = batch.column(0).as_string_opt::<i32>();
        let lines = lines.ok_or_else(|| DataFusionError::Plan("lines are not text".into()))?;
        for line in lines.iter().flatten() {
            let value = serde_json::from_str(line);
            values.push(value.map_err(|error| DataFusionError::External(error.into()))?);
        }
    }
    Ok(values)
}
