//! Our tables on the scheduler: a list in memory, one item per line, with work above it.

use std::sync::Arc;

use async_trait::async_trait;
use saltmine_lake::{Shard, ShardJob};
use saltmine_query::datafusion::arrow::datatypes::SchemaRef;
use saltmine_query::datafusion::catalog::{Session, TableProvider};
use saltmine_query::datafusion::error::{DataFusionError, Result};
use saltmine_query::datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use saltmine_query::datafusion::physical_plan::ExecutionPlan;
use saltmine_query::datafusion::physical_plan::empty::EmptyExec;
use saltmine_query::remote::{RemoteLogs, RemoteTable};
use serde::{Deserialize, Serialize};

use crate::lines::{line, lines_exec};
use crate::shard;
use crate::task::{Task, TaskExec};

/// A table sent to the scheduler.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum WireTable {
    Session(RemoteTable),
    Ingest(IngestTable),
}

impl WireTable {
    /// `None` if the table is not one of ours.
    pub(crate) fn from_provider(provider: &dyn TableProvider) -> Result<Option<Self>> {
        if let Some(ingest) = provider.downcast_ref::<IngestTable>() {
            return Ok(Some(Self::Ingest(ingest.clone())));
        }
        Ok(RemoteTable::from_provider(provider)?.map(Self::Session))
    }

    pub(crate) fn into_provider(self) -> Result<Arc<dyn TableProvider>> {
        Ok(match self {
            Self::Session(RemoteTable::Dataset { table, files }) => RemoteTable::dataset(table, files)?,
            Self::Session(RemoteTable::Raw(logs)) => Arc::new(LogsTable { schema: logs.schema(), logs }),
            Self::Ingest(ingest) => Arc::new(ingest),
        })
    }
}

/// Raw logs.
#[derive(Debug)]
struct LogsTable {
    logs: RemoteLogs,
    schema: SchemaRef,
}

#[async_trait]
impl TableProvider for LogsTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all = || (0..self.schema.fields().len()).collect();
        let projection = projection.cloned().unwrap_or_else(all);
        let sources = self.logs.sources();
        if sources.is_empty() {
            return Ok(Arc::new(EmptyExec::new(Arc::new(self.schema.project(&projection)?))));
        }
        // Adjacent sources have similar sizes and times: dealing them out in turn gives similar partitions.
        let count = state.config().target_partitions().clamp(1, sources.len());
        let mut parts = vec![Vec::new(); count];
        for (number, source) in sources.iter().enumerate() {
            parts[number % count].push(line(source)?);
        }
        let task = Task::Read { logs: self.logs.without_sources(), projection };
        Ok(Arc::new(TaskExec::try_new(lines_exec(parts)?, task)?))
    }
}

/// A shard as a table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct IngestTable {
    pub(crate) job: ShardJob,
    pub(crate) shard: Shard,
}

#[async_trait]
impl TableProvider for IngestTable {
    fn schema(&self) -> SchemaRef {
        shard::schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// Returns the single column, whatever the projection.
    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if projection.is_some_and(|columns| columns[..] != [0]) {
            return Err(DataFusionError::Plan("a manifest has only one column".into()));
        }
        let lines = vec![vec![line(&self.shard)?]];
        Ok(Arc::new(TaskExec::try_new(lines_exec(lines)?, Task::Ingest(self.job.clone()))?))
    }
}
