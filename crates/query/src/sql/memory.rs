//! Memory limits of queries for sorting, grouping and joining; beyond them, they spill to disk.

use std::sync::Arc;
use std::time::Duration;

use datafusion::config::ConfigNonZeroUsize;
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::MemoryLimit;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::stream::{RecordBatchReceiverStreamBuilder, RecordBatchStreamAdapter};
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::{StreamExt, TryStreamExt, stream};
use sysinfo::{MemoryRefreshKind, System};

use super::long_rows::{RowWatch, smaller_batch};

/// Below this limit, concurrent sorts leave each other, and the merge after them, too little memory when they
/// spill.
const AMPLE_LIMIT: usize = 4 << 30;

/// The default limit: 70 % of the memory of the machine or container. The rest is for reading and decoding, which
/// is not tracked.
pub fn default_limit() -> usize {
    let mut system = System::new();
    system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
    let machine = Some(system.total_memory());
    // Without /proc, as in a minimal chroot, the machine's memory is unknown, and sysinfo panics on reading the container's limit.
    let known = machine.filter(|memory| *memory > 0);
    let container = known.and_then(|_| system.cgroup_limits()).map(|limits| limits.total_memory);
    // Unknown sizes are reported as 0.
    let memory = machine.into_iter().chain(container).filter(|memory| *memory > 0).min();
    memory.map_or(usize::MAX, |memory| usize::try_from(memory / 10 * 7).unwrap_or(usize::MAX))
}

/// The limit that queries share.
pub(crate) fn limit_of(runtime: &RuntimeEnv) -> usize {
    match runtime.memory_pool.memory_limit() {
        MemoryLimit::Finite(limit) => limit,
        MemoryLimit::Infinite | MemoryLimit::Unknown => usize::MAX,
    }
}

/// Whether several sorts may run concurrently.
pub(crate) fn is_ample(limit: usize) -> bool {
    limit >= AMPLE_LIMIT
}

/// The rows of a query. If memory does not suffice for the first of them, the query is retried in a way that takes
/// less: with sort-merge joins, which can spill, in place of hash joins, which cannot; and with one sort at a time. If
/// lines are very long, it is retried with smaller batches. One may follow the other.
pub(crate) async fn rows(
    context: &SessionContext,
    frame: DataFrame,
) -> Result<SendableRecordBatchStream, DataFusionError> {
    let (context, (mut state, plan)) = (context.clone(), frame.into_parts());
    let watch = RowWatch::begin(state.config_mut());
    let first = DataFrame::new(state, plan.clone()).execute_stream().await?;
    let schema = first.schema();
    let rows = stream::once(first_or_rerun(first, context, plan, watch)).try_flatten();
    Ok(in_its_own_task(Box::pin(RecordBatchStreamAdapter::new(schema, rows))))
}

/// Reads a stream in a task of its own, so that whoever waits for a batch can stop waiting while it is computed: a join
/// may take minutes for one.
fn in_its_own_task(mut rows: SendableRecordBatchStream) -> SendableRecordBatchStream {
    let mut builder = RecordBatchReceiverStreamBuilder::new(rows.schema(), 1);
    let sender = builder.tx();
    builder.spawn(async move {
        while let Some(batch) = rows.next().await {
            let is_last = batch.is_err();
            if sender.send(batch).await.is_err() || is_last {
                break;
            }
        }
        Ok(())
    });
    builder.build()
}

async fn first_or_rerun(
    mut rows: SendableRecordBatchStream,
    context: SessionContext,
    plan: LogicalPlan,
    mut watch: Arc<RowWatch>,
) -> Result<SendableRecordBatchStream, DataFusionError> {
    let schema = rows.schema();
    let mut thrift = Thrift::default();
    loop {
        match rows.try_next().await {
            Ok(batch) => {
                watch.end();
                let rows = stream::iter(batch.map(Ok)).chain(rows);
                return Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)));
            }
            Err(error) if !thrift.increase(&error) => return Err(error),
            Err(_) => {}
        }
        drop(rows);
        wait_for_memory(&context).await;
        let mut state = context.state();
        thrift.apply(state.config_mut())?;
        if thrift.batch_rows.is_none() {
            watch = RowWatch::begin(state.config_mut());
        }
        rows = DataFrame::new(state, plan.clone()).execute_stream().await?;
    }
}

/// What a retry does to take less memory.
#[derive(Default)]
struct Thrift {
    /// Joins sort, and one sort runs at a time.
    sorts_joins: bool,
    batch_rows: Option<usize>,
}

impl Thrift {
    /// Adds what helps against an error; `false` if nothing is left to try.
    fn increase(&mut self, error: &DataFusionError) -> bool {
        if let Some(rows) = smaller_batch(error) {
            return self.batch_rows.replace(rows).is_none();
        }
        is_exhausted(error) && !std::mem::replace(&mut self.sorts_joins, true)
    }

    fn apply(&self, config: &mut SessionConfig) -> Result<(), DataFusionError> {
        let settings = config.options_mut();
        if let Some(rows) = self.batch_rows {
            settings.execution.batch_size = ConfigNonZeroUsize::try_new(rows)?;
        }
        if self.sorts_joins {
            settings.optimizer.prefer_hash_join = false;
            settings.optimizer.repartition_sorts = false;
        }
        Ok(())
    }
}

fn is_exhausted(error: &DataFusionError) -> bool {
    matches!(error.find_root(), DataFusionError::ResourcesExhausted(_))
}

/// Waits for the memory of the first attempt, which its threads release as they end. Concurrent queries keep
/// theirs.
async fn wait_for_memory(context: &SessionContext) {
    let pool = &context.runtime_env().memory_pool;
    for _ in 0..50 {
        if pool.reserved() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use datafusion::arrow::array::{AsArray, RecordBatch};
    use datafusion::arrow::datatypes::Int64Type;
    use datafusion::datasource::MemTable;

    use super::*;
    use crate::session::{Session, SessionOptions};
    use crate::sql::long_rows::long_rows;

    #[test]
    fn a_machine_leaves_some_memory_to_others() {
        let limit = default_limit();
        assert!(limit > 64 << 20 && limit < 1 << 50, "{limit}");
        assert!(is_ample(8 << 30) && !is_ample(1 << 30));
    }

    #[test]
    fn a_query_is_retried_for_each_reason_once() {
        let exhausted = DataFusionError::ResourcesExhausted("full".to_owned());
        let mut thrift = Thrift::default();
        let mut config = SessionConfig::new();
        assert!(!thrift.increase(&DataFusionError::Plan("wrong".to_owned())));
        assert!(thrift.increase(&long_rows(40)));
        assert!(thrift.increase(&exhausted));
        assert!(!thrift.increase(&exhausted) && !thrift.increase(&long_rows(40)));
        thrift.apply(&mut config).unwrap();
        assert_eq!(config.batch_size(), 40);
        assert!(!config.options().optimizer.prefer_hash_join);
    }

    /// Under a limit, two writers of the same repartition used to wait for a reader that waited for one of them.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn groups_that_spill_while_they_are_repartitioned_are_all_returned() {
        let mut config = crate::sql::config(2, 2 << 20).unwrap();
        config.options_mut().execution.batch_size = ConfigNonZeroUsize::try_new(64).unwrap();
        let runtime = crate::sql::runtime(Some(2 << 20)).unwrap();
        let context = SessionContext::new_with_config_rt(config, runtime);
        let numbers =
            "SELECT value % 7 AS g, md5(CAST(value % 411 AS VARCHAR)) AS hash FROM generate_series(1, 50000)";
        let rows = context.sql(numbers).await.unwrap().collect().await.unwrap();
        let halves = [rows[..rows.len() / 2].to_vec(), rows[rows.len() / 2..].to_vec()];
        let table = MemTable::try_new(rows[0].schema(), halves.into()).unwrap();
        context.register_table("numbers", Arc::new(table)).unwrap();
        for _ in 0..10 {
            let sql = "SELECT g, count(DISTINCT hash) AS n FROM numbers GROUP BY g";
            let groups = context.sql(sql).await.unwrap().collect();
            // Not a measure of speed: without an end, this test would have none either.
            let groups = tokio::time::timeout(Duration::from_secs(300), groups).await;
            let groups = groups.expect("the query stopped without an error").unwrap();
            assert_eq!(groups.iter().map(RecordBatch::num_rows).sum::<usize>(), 7);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_join_without_room_for_its_hash_table_is_done_by_sorting() {
        let join = "SELECT count(*) FROM generate_series(1, 500000) a JOIN generate_series(1, 500000) b ON a.value = b.value";
        let (folder, limit) = (tempfile::tempdir().unwrap(), Some(4 << 20));
        let log = folder.path().join("log");
        std::fs::write(&log, "\n").unwrap();
        let inputs = vec![log.to_str().unwrap().to_owned()];
        let options = SessionOptions { inputs, memory_limit: limit, threads: 2, ..Default::default() };
        let session = Session::open(&options).await.unwrap();
        assert_eq!(Some(session.memory_limit()), limit);

        let once = session.context().sql(join).await.unwrap().collect().await;
        assert!(once.is_err_and(|error| is_exhausted(&error)), "the test is pointless if it fits");
        let rows = session.sql(join, &Default::default()).await.unwrap();
        let rows: Vec<_> = rows.try_collect().await.unwrap();
        assert_eq!(rows[0].column(0).as_primitive::<Int64Type>().value(0), 500_000);

        // If less memory is not enough, the error says what to do.
        let all = "SELECT array_agg(value) FROM generate_series(1, 5000000)";
        let rows = session.sql(all, &Default::default()).await.unwrap();
        let error = rows.try_collect::<Vec<_>>().await.unwrap_err();
        let error = crate::QueryError::from(error).to_string();
        assert!(
            error.starts_with("not enough memory; a higher limit (--memory-limit) may help. "),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}
