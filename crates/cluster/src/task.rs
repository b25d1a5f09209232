//! What an executor does with a line of a list: it reads a log file or ingests a shard.

use std::fmt;
use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use saltmine_lake::ShardJob;
use saltmine_query::datafusion::arrow::datatypes::SchemaRef;
use saltmine_query::datafusion::common::tree_node::TreeNodeRecursion;
use saltmine_query::datafusion::error::{DataFusionError, Result};
use saltmine_query::datafusion::execution::{SendableRecordBatchStream, TaskContext};
use saltmine_query::datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use saltmine_query::datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use saltmine_query::datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use saltmine_query::datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties,
};
use saltmine_query::remote::RemoteLogs;
use saltmine_scan::RemoteSource;
use serde::{Deserialize, Serialize};

use crate::lines::parse_lines;
use crate::shard;

/// The kind of work.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Task {
    /// Each line names a file; the result is its rows.
    Read { logs: RemoteLogs, projection: Vec<usize> },
    /// Each line is a shard; the result is its manifest.
    Ingest(ShardJob),
}

impl Task {
    fn schema(&self) -> Result<SchemaRef> {
        match self {
            Self::Read { logs, projection } => Ok(Arc::new(logs.schema().project(projection)?)),
            Self::Ingest(_) => Ok(shard::schema()),
        }
    }
}

/// Applies work to a list. It is not a leaf, because Ballista can only partition DataFusion's own leaves.
#[derive(Debug)]
pub struct TaskExec {
    input: Arc<dyn ExecutionPlan>,
    task: Task,
    properties: Arc<PlanProperties>,
}

impl TaskExec {
    pub(crate) fn try_new(input: Arc<dyn ExecutionPlan>, task: Task) -> Result<Self> {
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new(task.schema()?),
            Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        ));
        Ok(Self { input, task, properties })
    }

    pub(crate) fn task(&self) -> &Task {
        &self.task
    }
}

impl DisplayAs for TaskExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.task {
            Task::Read { projection, .. } => write!(f, "TaskExec: read logs, columns {projection:?}"),
            Task::Ingest(_) => write!(f, "TaskExec: ingest shards"),
        }
    }
}

impl ExecutionPlan for TaskExec {
    fn name(&self) -> &str {
        "TaskExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    /// Each line is a file or a shard: a few lines produce many rows and are already partitioned.
    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match <[_; 1]>::try_from(children) {
            Ok([input]) => Ok(Arc::new(Self::try_new(input, self.task.clone())?)),
            Err(children) => Err(DataFusionError::Plan(format!("work over {} inputs", children.len()))),
        }
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let lines = self.input.execute(partition, context)?;
        let rows = match self.task.clone() {
            Task::Read { logs, projection } => {
                let read = async move {
                    let sources = parse_lines::<RemoteSource>(lines).await?;
                    Ok::<_, DataFusionError>(stream::iter(logs.read(sources, projection)?))
                };
                stream::once(read).try_flatten().boxed()
            }
            Task::Ingest(job) => {
                let ingested = async move {
                    let shards = parse_lines(lines).await?;
                    Ok::<_, DataFusionError>(
                        stream::iter(shards).then(move |shard| shard::ingest(job.clone(), shard)),
                    )
                };
                stream::once(ingested).try_flatten().boxed()
            }
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}
