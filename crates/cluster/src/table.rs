//! Our tables on the scheduler: a list of things in memory, one a line, with work above it.

use std::sync::Arc;

use async_trait::async_trait;
use saltmine_query::datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use saltmine_query::datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use saltmine_query::datafusion::catalog::{Session, TableProvider};
use saltmine_query::datafusion::datasource::memory::MemorySourceConfig;
use saltmine_query::datafusion::error::{DataFusionError, Result};
use saltmine_query::datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use saltmine_query::datafusion::physical_plan::ExecutionPlan;
use saltmine_query::datafusion::physical_plan::empty::EmptyExec;
use saltmine_query::remote::{RemoteLogs, RemoteTable};
use serde::{Deserialize, Serialize};

use crate::ingest::IngestTable;
use crate::work::{Work, WorkExec};

/// A table on its way to the scheduler.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum SentTable {
    Session(RemoteTable),
    Ingest(IngestTable),
}

impl SentTable {
    /// `None` where a table is none of ours.
    pub(crate) fn of(provider: &dyn TableProvider) -> Result<Option<Self>> {
        if let Some(ingest) = provider.downcast_ref::<IngestTable>() {
            return Ok(Some(Self::Ingest(ingest.clone())));
        }
        Ok(RemoteTable::of(provider)?.map(Self::Session))
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
        // Neighbours are alike in size and time: dealt out in turn, the parts are alike too.
        let count = state.config().target_partitions().clamp(1, sources.len());
        let mut parts = vec![Vec::new(); count];
        for (number, source) in sources.iter().enumerate() {
            parts[number % count].push(line(source)?);
        }
        let work = Work::Read { logs: self.logs.without_sources(), projection };
        Ok(Arc::new(WorkExec::try_new(lines_exec(parts)?, work)?))
    }
}

/// A thing as the text that stands for it.
pub(crate) fn line<T: Serialize>(thing: &T) -> Result<String> {
    serde_json::to_string(thing).map_err(|error| DataFusionError::External(error.into()))
}

/// A plan that gives lines, which Ballista cuts by its partitions.
pub(crate) fn lines_exec(partitions: Vec<Vec<String>>) -> Result<Arc<dyn ExecutionPlan>> {
    let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("line", DataType::Utf8, false)]));
    let batch = |lines: Vec<String>| {
        let column: ArrayRef = Arc::new(StringArray::from(lines));
        Ok(vec![RecordBatch::try_new(Arc::clone(&schema), vec![column])?])
    };
    let partitions = partitions.into_iter().map(batch).collect::<Result<Vec<_>>>()?;
    Ok(MemorySourceConfig::try_new_exec(&partitions, Arc::clone(&schema), None)?)
}
