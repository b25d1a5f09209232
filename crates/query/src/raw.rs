//! Raw log files as tables: SQL without an ingest.
//!
//! A scan has as many partitions as the session wants; all of them take their files from one queue, so that a large
//! file or a slow one does not hold up the others. Only the columns asked for are built, and only for rows that may pass the
//! filters.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use saltmine_lake::{SourceEntry, source_entries_batch, sources_schema};
use saltmine_s3::{Ahead, Body, S3Error};
use saltmine_scan::{
    BlockPool, Keep, ScanOptions, Source, SourceReport, SourceScan, SourceState, read_ahead, rejects_batch,
    rejects_schema, table_schema,
};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::keep::keep;
use crate::remote::plain;

/// What raw scans met that was damaged or did not read, by source.
#[derive(Clone, Debug, Default)]
pub struct ScanReport {
    /// Reports of the sources that did not end well, or had rejects, by name.
    pub sources: BTreeMap<String, SourceReport>,
}

impl ScanReport {
    /// Lines that did not read.
    pub fn rejects(&self) -> u64 {
        self.sources.values().map(|report| report.counts.rejects).sum()
    }

    /// Changes all texts that come from outside.
    pub(crate) fn change_texts(&mut self, change: impl Fn(&str) -> String) {
        for (name, mut report) in std::mem::take(&mut self.sources) {
            report.name = change(&report.name);
            if let Some(problem) = &mut report.problem {
                problem.message = change(&problem.message);
            }
            for reject in &mut report.rejected {
                reject.reason = change(&reject.reason);
                reject.bytes = change(&String::from_utf8_lossy(&reject.bytes)).into_bytes();
            }
            self.sources.insert(change(&name), report);
        }
    }

    /// Sources that did not end well.
    pub fn damaged(&self) -> impl Iterator<Item = &SourceReport> {
        self.sources.values().filter(|report| report.state != SourceState::Complete)
    }
}

/// The raw inputs of a session.
#[derive(Debug)]
pub(crate) struct RawInput {
    sources: Vec<Source>,
    /// Holds what came on standard input, until the session ends.
    _spooled: Option<NamedTempFile>,
    pool: Arc<BlockPool>,
    report: Mutex<ScanReport>,
}

impl RawInput {
    pub(crate) fn new(sources: Vec<Source>, spooled: Option<NamedTempFile>) -> Arc<Self> {
        Arc::new(Self { sources, _spooled: spooled, pool: BlockPool::new(), report: Mutex::default() })
    }

    pub(crate) fn sources(&self) -> &[Source] {
        &self.sources
    }

    pub(crate) fn report(&self) -> ScanReport {
        self.report.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, report: &SourceReport) {
        if report.state != SourceState::Complete || report.counts.rejects > 0 {
            let mut noted = self.report.lock().unwrap_or_else(PoisonError::into_inner);
            noted.sources.insert(report.name.clone(), report.clone());
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
        let schema = if is_plain { plain(&kind.schema()) } else { kind.schema() };
        Self { input, kind, schema }
    }

    pub(crate) fn kind(&self) -> RawTableKind {
        self.kind
    }

    pub(crate) fn sources(&self) -> &[Source] {
        self.input.sources()
    }

    /// All rows, source by source.
    pub(crate) fn batches(
        &self,
        projection: Vec<usize>,
    ) -> impl Iterator<Item = Result<RecordBatch>> + Send + use<> {
        let queue = Queue::new((0..self.input.sources.len()).collect());
        let (input, keep) = (Arc::clone(&self.input), Keep::default());
        Batches { input, kind: self.kind, projection, keep, queue, scan: None }
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
        // A filter on time opens every file: the name of a copy, or of another server's file, does not bound the
        // times of its rows.
        let all: Vec<usize> = (0..self.input.sources.len()).collect();
        let count = state.config().target_partitions().clamp(1, all.len().max(1));
        let queue = Queue::new(all);
        let partition = RawPartition {
            input: Arc::clone(&self.input),
            kind: self.kind,
            projection,
            keep: keep(filters),
            schema: Arc::clone(&schema),
            queue,
        };
        let partitions =
            std::iter::repeat_n(Arc::new(partition) as Arc<dyn PartitionStream>, count).collect();
        Ok(Arc::new(StreamingTableExec::try_new(schema, partitions, None, [], false, limit)?))
    }
}

/// The sources of a scan, which its partitions take one by one.
struct Queue {
    wanted: Vec<usize>,
    next: AtomicUsize,
    /// Reads the objects among them, once the first is taken.
    ahead: OnceLock<Result<Option<Ahead>, S3Error>>,
}

impl Queue {
    fn new(wanted: Vec<usize>) -> Arc<Self> {
        Arc::new(Self { wanted, next: AtomicUsize::new(0), ahead: OnceLock::new() })
    }

    fn take(&self) -> Option<usize> {
        self.wanted.get(self.next.fetch_add(1, Ordering::Relaxed)).copied()
    }

    fn ahead(&self, sources: &[Source]) -> Result<Option<&Ahead>, S3Error> {
        let start = || read_ahead(sources, self.wanted.iter().copied());
        self.ahead.get_or_init(start).as_ref().map(Option::as_ref).map_err(S3Error::clone)
    }
}

/// One of the partitions of a scan; all are alike.
struct RawPartition {
    input: Arc<RawInput>,
    kind: RawTableKind,
    projection: Vec<usize>,
    keep: Keep,
    schema: SchemaRef,
    queue: Arc<Queue>,
}

impl fmt::Debug for RawPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "raw logs, {} files", self.queue.wanted.len())
    }
}

impl PartitionStream for RawPartition {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let batches = Batches {
            input: Arc::clone(&self.input),
            kind: self.kind,
            projection: self.projection.clone(),
            keep: self.keep.clone(),
            queue: Arc::clone(&self.queue),
            scan: None,
        };
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), futures::stream::iter(batches)))
    }
}

/// The batches of a partition.
struct Batches {
    input: Arc<RawInput>,
    kind: RawTableKind,
    projection: Vec<usize>,
    keep: Keep,
    queue: Arc<Queue>,
    scan: Option<SourceScan>,
}

impl Iterator for Batches {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(mut scan) = self.scan.take() else {
                let index = self.queue.take()?;
                match self.open(index) {
                    Ok(scan) => self.scan = Some(scan),
                    Err(error) => return Some(Err(DataFusionError::External(error.into()))),
                }
                continue;
            };
            let batch = match scan.next_batch() {
                Err(error) => return Some(Err(DataFusionError::External(error.into()))),
                Ok(batch) => batch,
            };
            let ready = match (self.kind, batch) {
                (RawTableKind::Logs, Some(batch)) => {
                    self.scan = Some(scan);
                    Ok(Some(batch))
                }
                (RawTableKind::Rejects, Some(_)) => {
                    let rejects = self.rejects(&mut scan);
                    self.scan = Some(scan);
                    rejects
                }
                (RawTableKind::Sources, Some(_)) => {
                    self.scan = Some(scan);
                    Ok(None)
                }
                (_, None) => self.end(scan),
            };
            if let Some(ready) = ready.transpose() {
                return Some(ready);
            }
        }
    }
}

impl Batches {
    /// Opens a source. What fails for one object alone is told in its report; what fails for all is an error.
    fn open(&self, index: usize) -> Result<SourceScan, S3Error> {
        let sources = &self.input.sources;
        let (source, options, pool) = (&sources[index], self.options(), Arc::clone(&self.input.pool));
        let Some(ahead) = self.queue.ahead(sources)?.filter(|_| source.object.is_some()) else {
            return Ok(SourceScan::open_in(source, &options, pool));
        };
        match ahead.take(index) {
            Ok(Body::Whole { content, .. }) => {
                Ok(SourceScan::over_bytes(source, content.into(), &options, pool))
            }
            Ok(Body::Large(_)) => Ok(SourceScan::open_in(source, &options, pool)),
            Err(error) if error.problem.is_of_object() => {
                let error = std::io::Error::other(error.problem.to_string());
                Ok(SourceScan::unreadable(source, &error, &options, pool))
            }
            Err(error) => Err(error),
        }
    }

    fn options(&self) -> ScanOptions {
        match self.kind {
            RawTableKind::Logs => ScanOptions {
                projection: Some(self.projection.clone()),
                keep: self.keep.clone(),
                ..Default::default()
            },
            RawTableKind::Rejects => {
                ScanOptions { projection: Some(Vec::new()), kept_rejects: usize::MAX, ..Default::default() }
            }
            RawTableKind::Sources => {
                ScanOptions { projection: Some(Vec::new()), kept_rejects: 0, ..Default::default() }
            }
        }
    }

    fn rejects(&self, scan: &mut SourceScan) -> Result<Option<RecordBatch>> {
        let rejects = scan.take_rejects();
        if rejects.is_empty() {
            return Ok(None);
        }
        let batch = rejects_batch(&rejects, |_| scan.name())
            .map_err(|error| DataFusionError::External(error.into()))?;
        Ok(Some(batch.project(&self.projection)?))
    }

    /// `s3://bucket/key` of the object of this name, if it is one. Sources are sorted by name.
    fn url_of(&self, name: &str) -> Option<String> {
        let sources = &self.input.sources;
        let index = sources.binary_search_by(|source| source.name.as_str().cmp(name)).ok()?;
        sources[index].object.as_ref().map(|object| object.url())
    }

    /// The end of a source.
    fn end(&self, mut scan: SourceScan) -> Result<Option<RecordBatch>> {
        let last = if self.kind == RawTableKind::Rejects { self.rejects(&mut scan)? } else { None };
        let report = scan.finish();
        self.input.note(&report);
        if self.kind != RawTableKind::Sources {
            return Ok(last);
        }
        let url = self.url_of(&report.name);
        let batch = source_entries_batch(&[entry(&report, url)])
            .map_err(|error| DataFusionError::External(error.into()))?;
        Ok(Some(batch.project(&self.projection)?))
    }
}

/// A row of `sources` for a source that is not in a ledger: without hash and run.
fn entry(report: &SourceReport, url: Option<String>) -> SourceEntry {
    SourceEntry {
        log_file: report.name.clone(),
        size: report.size,
        sha256: None,
        inflated_size: report.inflated,
        lines: report.counts.lines,
        rows: report.counts.rows,
        rejects: report.counts.rejects,
        blanks: report.counts.blanks,
        state: report.state.as_str().to_owned(),
        problem: report.problem.as_ref().map(|problem| problem.to_string()),
        first_time: report.counts.first_time,
        last_time: report.counts.last_time,
        url,
        etag: None,
    }
}
