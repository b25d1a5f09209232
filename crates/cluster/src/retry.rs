//! Plans that are run again when an executor is lost that holds a part of their result, or of its inputs.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use ballista_core::planner::BallistaQueryPlanner;
use datafusion_proto::protobuf::LogicalPlanNode;
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use saltmine_query::datafusion::arrow::array::RecordBatch;
use saltmine_query::datafusion::arrow::datatypes::SchemaRef;
use saltmine_query::datafusion::catalog::Session;
use saltmine_query::datafusion::common::tree_node::TreeNodeRecursion;
use saltmine_query::datafusion::error::{DataFusionError, Result};
use saltmine_query::datafusion::execution::context::QueryPlanner;
use saltmine_query::datafusion::execution::{SendableRecordBatchStream, TaskContext};
use saltmine_query::datafusion::logical_expr::LogicalPlan;
use saltmine_query::datafusion::physical_expr::PhysicalExpr;
use saltmine_query::datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use saltmine_query::datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties,
};

use crate::address::Address;
use crate::error::ClusterError;

/// The maximum number of attempts for a query.
const MAX_ATTEMPTS: usize = 6;
/// Bytes of a result that are held back, so that the query can be repeated before any row is returned.
const HELD_BACK_BYTES: usize = 64 << 20;

/// Ballista's planner, with plans that are retried.
#[derive(Debug)]
pub(crate) struct RetryingPlanner {
    inner: BallistaQueryPlanner<LogicalPlanNode>,
    scheduler: Address,
}

impl RetryingPlanner {
    pub(crate) fn new(inner: BallistaQueryPlanner<LogicalPlanNode>, scheduler: Address) -> Self {
        Self { inner, scheduler }
    }
}

#[async_trait::async_trait]
impl QueryPlanner for RetryingPlanner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        state: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let inner = self.inner.create_physical_plan(plan, state).await?;
        // EXPLAIN plans, and plans that run locally, are left unchanged.
        let is_distributed = inner.name() == "DistributedQueryExec";
        if !is_distributed {
            return Ok(inner);
        }
        Ok(Arc::new(RetryingExec { inner, scheduler: self.scheduler.clone() }))
    }
}

/// A plan that is executed again if it fails because executors join and leave, and no row of its result has been
/// returned.
#[derive(Debug)]
struct RetryingExec {
    inner: Arc<dyn ExecutionPlan>,
    scheduler: Address,
}

impl DisplayAs for RetryingExec {
    fn fmt_as(&self, t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt_as(t, f)
    }
}

impl ExecutionPlan for RetryingExec {
    fn name(&self) -> &str {
        "RetryingExec"
    }

    fn schema(&self) -> SchemaRef {
        self.inner.schema()
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.inner.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn with_new_children(
        self: Arc<Self>,
        _children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let inner = Arc::clone(&self.inner);
        let execute = move || inner.execute(partition, Arc::clone(&context));
        let scheduler = self.scheduler.clone();
        let rows = stream::once(async move { retrying(&scheduler, execute).await }).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}

type Rows = Pin<Box<dyn Stream<Item = Result<RecordBatch>> + Send>>;

/// The rows from `execute`, which is called again after a failure.
async fn retrying(
    scheduler: &Address,
    execute: impl Fn() -> Result<SendableRecordBatchStream>,
) -> Result<Rows> {
    let mut attempt = 1;
    loop {
        match begin(&execute).await {
            Err(error) if attempt < MAX_ATTEMPTS && is_cluster_error(&error) => {
                is_reachable(scheduler).await?;
                log::warn!("retrying: {error}");
                attempt += 1;
            }
            begun => return begun,
        }
    }
}

/// Without a scheduler, a retry is pointless.
async fn is_reachable(scheduler: &Address) -> Result<()> {
    let found = tokio::net::TcpStream::connect((scheduler.host(), scheduler.port())).await;
    found.map(|_| ()).map_err(|source| {
        let absent = ClusterError::Absent { address: scheduler.clone(), source };
        DataFusionError::External(Box::new(absent))
    })
}

/// Fetches a result, completely if it is not too large.
async fn begin(execute: &impl Fn() -> Result<SendableRecordBatchStream>) -> Result<Rows> {
    let mut rest = execute()?;
    let (mut begun, mut bytes) = (VecDeque::new(), 0);
    while bytes < HELD_BACK_BYTES {
        let Some(batch) = rest.try_next().await? else {
            return Ok(Box::pin(stream::iter(begun.into_iter().map(Ok))));
        };
        bytes += batch.get_array_memory_size();
        begun.push_back(batch);
    }
    Ok(Box::pin(stream::iter(begun.into_iter().map(Ok)).chain(rest)))
}

/// Whether an error may be due to a lost executor, judging by the text of Ballista and of the layers below
/// it. Any other error would recur if the query were repeated.
fn is_cluster_error(error: &DataFusionError) -> bool {
    const RETRYABLE_ERRORS: [&str; 10] = [
        // A job that `executor_loss.rs` has cancelled, or a stage that cannot fetch its inputs.
        "failed: Cancelled",
        "has failed 1 times, most recent failure reason",
        "FetchFailed",
        "fetch partition",
        "GrpcConnectionError",
        "transport error",
        "tcp connect error",
        "Connection refused",
        "ExecutorLost",
        "executor lost",
    ];
    let text = error.to_string();
    RETRYABLE_ERRORS.iter().any(|sign| text.contains(sign))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use saltmine_query::datafusion::arrow::array::Int64Array;
    use saltmine_query::datafusion::arrow::datatypes::{DataType, Field, Schema};

    use super::*;

    /// Requests three rows in three batches. The first attempts return one batch and then `error`. Returns
    /// the number of rows, and the number of attempts.
    async fn ask(failures: usize, error: &str) -> (Result<usize>, usize) {
        let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]));
        let attempts = AtomicUsize::new(0);
        let execute = || {
            let fails = attempts.fetch_add(1, Ordering::Relaxed) < failures;
            let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(Int64Array::from(vec![1]))])?;
            let bad = || Err(DataFusionError::Execution(error.to_owned()));
            let batches = [Ok(batch.clone()), if fails { bad() } else { Ok(batch.clone()) }, Ok(batch)];
            let rows = stream::iter(batches);
            Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&schema), rows))
                as SendableRecordBatchStream)
        };
        let scheduler = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("df://{}", scheduler.local_addr().unwrap()).parse().unwrap();
        let rows = match retrying(&address, execute).await {
            Ok(rows) => rows.try_fold(0, |sum, batch| async move { Ok(sum + batch.num_rows()) }).await,
            Err(error) => Err(error),
        };
        (rows, attempts.into_inner())
    }

    #[tokio::test]
    async fn a_lost_executor_causes_a_retry_and_no_row_comes_twice() {
        let (rows, attempts) = ask(5, "tcp connect error").await;
        assert_eq!((rows.unwrap(), attempts), (3, 6));
        let (rows, attempts) = ask(6, "tcp connect error").await;
        assert!(rows.is_err());
        assert_eq!(attempts, 6);
    }

    #[tokio::test]
    async fn a_missing_scheduler_is_reported_at_once() {
        let address = "df://127.0.0.1:1".parse().unwrap();
        let attempts = AtomicUsize::new(0);
        let execute = || {
            attempts.fetch_add(1, Ordering::Relaxed);
            Err(DataFusionError::Execution("tcp connect error".to_owned()))
        };
        let error = retrying(&address, execute).await.err().unwrap().to_string();
        assert!(error.contains("no scheduler responds at df://127.0.0.1:1"), "{error}");
        assert_eq!(attempts.into_inner(), 1);
    }

    #[tokio::test]
    async fn a_failing_query_is_not_retried() {
        let (rows, attempts) = ask(1, "Arrow error: Divide by zero error").await;
        assert!(rows.is_err());
        assert_eq!(attempts, 1);
    }
}
