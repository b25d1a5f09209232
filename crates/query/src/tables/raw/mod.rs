//! Raw log files as tables: SQL without an ingest.
//!
//! Equal content is read once. Only the requested columns are built, and only for rows that may pass the filters.

mod balance;
mod batches;
mod copies;
mod input;
mod report;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use saltmine_scan::RowFilter;

use self::balance::balance;
use self::batches::Batches;
pub(crate) use self::input::{RawInput, RawTableKind};
pub use self::report::ScanReport;
use super::plain_text::plain_schema;
use super::pushdown::row_filter;
use crate::sql::long_rows::RowMeter;

/// A table over raw files.
#[derive(Debug)]
pub(crate) struct RawTable {
    input: Arc<RawInput>,
    kind: RawTableKind,
    schema: SchemaRef,
}

impl RawTable {
    /// `plain` gives plain strings in place of views, for plans executed elsewhere.
    pub(crate) fn new(input: Arc<RawInput>, kind: RawTableKind, plain: bool) -> Self {
        let schema = if plain { plain_schema(&kind.schema()) } else { kind.schema() };
        Self { input, kind, schema }
    }

    pub(crate) fn kind(&self) -> RawTableKind {
        self.kind
    }

    pub(crate) fn input(&self) -> &RawInput {
        &self.input
    }

    /// All rows, source by source.
    pub(crate) fn batches(
        &self,
        projection: Vec<usize>,
    ) -> impl Iterator<Item = Result<RecordBatch>> + Send + use<> {
        let all: Vec<usize> = (0..self.input.sources.len()).collect();
        Batches::new(Arc::clone(&self.input), self.kind, projection, RowFilter::default(), &all, 1)
    }

    /// The sources to read. A time filter leaves out none of them: the name of a copied file, or of another
    /// server's file, does not bound its times.
    fn sources_to_read(&self) -> Vec<usize> {
        // Copies only have rows in the table `sources`.
        let has_rows =
            |index: &usize| self.kind == RawTableKind::Sources || self.input.original(*index).is_none();
        (0..self.input.sources.len()).filter(has_rows).collect()
    }
}

#[async_trait]
impl TableProvider for RawTable {
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
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let projection = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let schema: SchemaRef = Arc::new(Schema::clone(&self.schema).project(&projection)?);
        let wanted = self.sources_to_read();
        let partitions = state.config().target_partitions();
        let mut shares = balance(&wanted, &self.input.sizes, partitions);
        let (count, filter) = (shares.len(), row_filter(filters));
        // Rejected lines can be long. If partitions were missing, DataFusion would distribute the rows, and hold
        // 8192 of them for that.
        if self.kind == RawTableKind::Rejects {
            shares.resize_with(partitions.max(count), Vec::new);
        }
        let partition = |sources: Vec<usize>| {
            Arc::new(RawPartition {
                input: Arc::clone(&self.input),
                kind: self.kind,
                projection: projection.clone(),
                filter: filter.clone(),
                schema: Arc::clone(&schema),
                sources,
                count,
            }) as Arc<dyn PartitionStream>
        };
        let partitions = shares.into_iter().map(partition).collect();
        Ok(Arc::new(StreamingTableExec::try_new(schema.clone(), partitions, None, [], false, limit)?))
    }
}

/// A partition of a scan; it can be executed any number of times.
struct RawPartition {
    input: Arc<RawInput>,
    kind: RawTableKind,
    projection: Vec<usize>,
    filter: RowFilter,
    schema: SchemaRef,
    sources: Vec<usize>,
    /// Number of partitions of the scan.
    count: usize,
}

impl fmt::Debug for RawPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "raw logs, {} files", self.sources.len())
    }
}

impl PartitionStream for RawPartition {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (input, projection, filter) =
            (Arc::clone(&self.input), self.projection.clone(), self.filter.clone());
        Batches::new(input, self.kind, projection, filter, &self.sources, self.count)
            .with_meter(RowMeter::new(&context))
            .into_stream(Arc::clone(&self.schema))
    }
}
