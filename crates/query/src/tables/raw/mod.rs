//! Raw log files as tables: SQL without an ingest.
//!
//! A content is read once, wherever it lies; only the columns asked for are built, and only for rows that may pass the
//! filters.

mod batches;
mod copies;
mod report;
mod shares;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use saltmine_lake::{SourceEntry, sources_schema};
use saltmine_scan::{BlockPool, RowFilter, Source, SourceReport, rejects_schema, sizes, table_schema};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use self::batches::Batches;
pub(crate) use self::copies::Copies;
use self::report::Noted;
pub use self::report::ScanReport;
use self::shares::shares;
use super::plain_text::plain_schema;
use super::pushdown::row_filter;

/// The raw inputs of a session.
#[derive(Debug)]
pub(crate) struct RawInput {
    sources: Vec<Source>,
    /// Bytes as stored; 0 where they are not known.
    sizes: Vec<u64>,
    copies: Copies,
    /// Names of the originals of copies, where another process found them.
    originals: Vec<Option<String>>,
    /// Holds what came on standard input, until the session ends.
    _spooled: Option<NamedTempFile>,
    pool: Arc<BlockPool>,
    noted: Mutex<Noted>,
}

impl RawInput {
    /// Sources of a session. `is_remote`: other processes read them.
    pub(crate) fn new(sources: Vec<Source>, spooled: Option<NamedTempFile>, is_remote: bool) -> Arc<Self> {
        let sizes = sizes(&sources);
        let copies = Copies::find(&sources, &sizes, is_remote);
        Arc::new(Self::with_copies(sources, sizes, copies, spooled))
    }

    /// Sources that another process has sent, with the names of the originals of those that are copies.
    pub(crate) fn sent(sources: Vec<Source>, originals: Vec<Option<String>>) -> Arc<Self> {
        let sizes = sizes(&sources);
        Arc::new(Self { originals, ..Self::with_copies(sources, sizes, Copies::default(), None) })
    }

    fn with_copies(
        sources: Vec<Source>,
        sizes: Vec<u64>,
        copies: Copies,
        spooled: Option<NamedTempFile>,
    ) -> Self {
        let (pool, noted) = (BlockPool::new(), Mutex::default());
        Self { sources, sizes, copies, originals: Vec::new(), _spooled: spooled, pool, noted }
    }

    pub(crate) fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The name of the source that is read in the place of a copy; `None` where it is no copy, as far as is known.
    pub(crate) fn original(&self, index: usize) -> Option<&str> {
        if let Some(Some(name)) = self.originals.get(index) {
            return Some(name);
        }
        Some(self.name(self.copies.original(index)?))
    }

    fn name(&self, index: usize) -> &str {
        self.sources.get(index).map_or("", |source| &source.name)
    }

    pub(crate) fn report(&self) -> ScanReport {
        let mut report = self.noted.lock().unwrap_or_else(PoisonError::into_inner).report();
        let name = |index: usize| self.name(index).to_owned();
        let pairs = self.copies.pairs().into_iter();
        report.copies = pairs.map(|(copy, original)| (name(copy), name(original))).collect();
        report
    }

    fn note(&self, index: usize, report: &SourceReport) {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).note(index, report);
    }

    fn url(&self, index: usize) -> Option<String> {
        self.sources.get(index)?.object.as_ref().map(|object| object.url())
    }

    /// The row of `sources` for a copy. As in a ledger, it has no lines of its own.
    fn same(&self, index: usize, original: &str) -> SourceEntry {
        SourceEntry {
            log_file: self.name(index).to_owned(),
            size: self.sizes.get(index).copied().unwrap_or(0),
            state: "same".to_owned(),
            problem: Some(format!("same content as {original}")),
            url: self.url(index),
            ..SourceEntry::default()
        }
    }
}

/// Which table is made of the sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RawTableKind {
    Logs,
    Rejects,
    Sources,
}

impl RawTableKind {
    pub(crate) fn schema(self) -> SchemaRef {
        match self {
            Self::Logs => table_schema(),
            Self::Rejects => rejects_schema(),
            Self::Sources => sources_schema(),
        }
    }
}

/// A table over raw files.
#[derive(Debug)]
pub(crate) struct RawTable {
    input: Arc<RawInput>,
    kind: RawTableKind,
    schema: SchemaRef,
}

impl RawTable {
    /// `is_plain` shows text without views, for plans that are carried out elsewhere.
    pub(crate) fn new(input: Arc<RawInput>, kind: RawTableKind, is_plain: bool) -> Self {
        let schema = if is_plain { plain_schema(&kind.schema()) } else { kind.schema() };
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

    /// The sources that have rows. A filter on time opens all of them: the name of a copy, or of another server's file, does not
    /// bound the times of its rows.
    fn wanted(&self) -> Vec<usize> {
        // Of a copy, only the table `sources` has something to say.
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
        let wanted = self.wanted();
        let shares = shares(&wanted, &self.input.sizes, state.config().target_partitions());
        let (count, filter) = (shares.len(), row_filter(filters));
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

/// A partition of a scan: it can be carried out any number of times.
struct RawPartition {
    input: Arc<RawInput>,
    kind: RawTableKind,
    projection: Vec<usize>,
    filter: RowFilter,
    schema: SchemaRef,
    sources: Vec<usize>,
    /// Partitions of the scan.
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

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (input, projection, filter) =
            (Arc::clone(&self.input), self.projection.clone(), self.filter.clone());
        Batches::new(input, self.kind, projection, filter, &self.sources, self.count)
            .into_stream(Arc::clone(&self.schema))
    }
}
