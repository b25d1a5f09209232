//! The rows of several sources, one after the other. Reading blocks on disks and networks, so it runs step by step
//! on threads that may block; the threads that execute plans stay free, also for the interrupt signal.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::common::runtime::SpawnedTask;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, stream};
use saltmine_lake::{SourceEntry, source_entries_batch};
use saltmine_s3::{Body, Prefetcher, S3Error};
use saltmine_scan::{
    Reject, RowFilter, ScanOptions, SourceReport, SourceScan, prefetch_sharing, rejects_batch,
};

use super::input::{RawInput, RawTableKind};
use crate::sql::long_rows::RowMeter;

/// After this time, rows are handed to the consumer, and a scan can be cancelled.
const MAX_STEP_TIME: Duration = Duration::from_millis(20);

/// The rows of some sources.
pub(super) struct Batches {
    input: Arc<RawInput>,
    kind: RawTableKind,
    projection: Vec<usize>,
    filter: RowFilter,
    /// The sources still to be read.
    wanted: VecDeque<usize>,
    /// Number of scans that share the read-ahead budget.
    share: usize,
    ahead: Option<Prefetcher>,
    /// Copies known when the first source was opened: they are not read, not even ahead.
    copies: HashSet<usize>,
    begun: bool,
    scan: Option<OpenSource>,
    meter: RowMeter,
}

/// The current source.
struct OpenSource {
    index: usize,
    scan: SourceScan,
    first_reject: Option<Reject>,
}

/// Text that is read before its rows are handed to the consumer: changing threads for each block of 256 KiB takes longer
/// than counting its rows.
const MAX_BYTES_AHEAD: u64 = 4 << 20;

/// The result of a step.
enum Step {
    Rows(RecordBatch),
    Nothing,
    End,
}

/// The results of some steps.
struct Steps {
    rows: Vec<RecordBatch>,
    /// What follows the rows: more of them, the end, or an error.
    then: Result<Step>,
}

/// What a stream does when the next row is requested.
enum Next {
    /// It begins to read.
    Idle(Box<Batches>),
    /// It waits for steps that are running.
    Running(SpawnedTask<(Box<Batches>, Steps)>),
    Ended,
}

impl Batches {
    pub(super) fn new(
        input: Arc<RawInput>,
        kind: RawTableKind,
        projection: Vec<usize>,
        filter: RowFilter,
        wanted: &[usize],
        share: usize,
    ) -> Self {
        let wanted = wanted.iter().copied().collect();
        let (ahead, copies, scan) = (None, HashSet::new(), None);
        let meter = RowMeter::unlimited();
        Self { input, kind, projection, filter, wanted, share, ahead, copies, begun: false, scan, meter }
    }

    /// Fails if rows are too long for batches of the usual size.
    pub(super) fn with_meter(self, meter: RowMeter) -> Self {
        Self { meter, ..self }
    }

    /// As a stream whose steps run on threads that may block. Nothing is read before the first row is requested,
    /// and no thread waits for the consumer: while it works on rows, the next step runs.
    pub(super) fn into_stream(self, schema: SchemaRef) -> SendableRecordBatchStream {
        let rows = stream::unfold(Next::Idle(Box::new(self)), |next| async move {
            let running = match next {
                Next::Idle(batches) => batches.spawn_steps(),
                Next::Running(running) => running,
                Next::Ended => return None,
            };
            let (batches, Steps { rows, then }) = match running.await {
                Ok(done) => done,
                // The program is ending, or the step panicked.
                Err(error) => {
                    let error = Err(DataFusionError::External(error.into()));
                    return Some((stream::iter(vec![error]), Next::Ended));
                }
            };
            let mut rows: Vec<Result<RecordBatch>> = rows.into_iter().map(Ok).collect();
            let next = match then {
                Ok(Step::End) => Next::Ended,
                Ok(_) => Next::Running(batches.spawn_steps()),
                Err(error) => {
                    rows.push(Err(error));
                    Next::Ended
                }
            };
            Some((stream::iter(rows), next))
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, rows.flatten()))
    }

    fn spawn_steps(mut self: Box<Self>) -> SpawnedTask<(Box<Self>, Steps)> {
        SpawnedTask::spawn_blocking(move || {
            let steps = self.steps();
            (self, steps)
        })
    }

    /// Runs steps for a while, or until they have read enough.
    fn steps(&mut self) -> Steps {
        let (begin, mut rows, mut bytes) = (Instant::now(), Vec::new(), 0_u64);
        loop {
            let before = self.inflated();
            match self.step() {
                Ok(Step::Rows(more)) => rows.push(more),
                Ok(Step::Nothing) => {}
                then => return Steps { rows, then },
            }
            bytes = bytes.saturating_add(self.inflated().saturating_sub(before));
            if bytes >= MAX_BYTES_AHEAD || begin.elapsed() >= MAX_STEP_TIME {
                return Steps { rows, then: Ok(Step::Nothing) };
            }
        }
    }

    /// Bytes read of the current source.
    fn inflated(&self) -> u64 {
        self.scan.as_ref().map_or(0, |open| open.scan.inflated())
    }

    /// Opens the next source, reads a block, or finishes the source.
    fn step(&mut self) -> Result<Step> {
        let Some(mut open) = self.scan.take() else { return self.open_next() };
        let before = (open.scan.inflated(), open.scan.lines());
        let block = open.scan.next_block().map_err(|error| DataFusionError::External(error.into()))?;
        let line_bytes = (open.scan.inflated() - before.0) / (open.scan.lines() - before.1).max(1);
        let rows = match (self.kind, block) {
            (_, None) => self.end(open)?,
            (RawTableKind::Logs, Some(rows)) => {
                self.scan = Some(open);
                Some(rows).filter(|rows| rows.num_rows() > 0)
            }
            (RawTableKind::Rejects, Some(_)) => {
                let rows = self.rejects(&mut open)?;
                self.scan = Some(open);
                rows
            }
            (RawTableKind::Sources, Some(_)) => {
                self.scan = Some(open);
                None
            }
        };
        let Some(rows) = rows else { return Ok(Step::Nothing) };
        self.meter.add(rows.num_rows(), line_bytes)?;
        Ok(Step::Rows(rows))
    }

    fn open_next(&mut self) -> Result<Step> {
        let external = |error: S3Error| DataFusionError::External(error.into());
        if !std::mem::replace(&mut self.begun, true) {
            let is_copy = |index: &usize| self.input.original(*index).is_some();
            self.copies = self.wanted.iter().copied().filter(is_copy).collect();
            let order = self.wanted.iter().copied().filter(|index| !self.copies.contains(index));
            self.ahead = prefetch_sharing(&self.input.sources, order, self.share).map_err(external)?;
        }
        let Some(index) = self.wanted.pop_front() else { return Ok(Step::End) };
        let is_copy = self.copies.contains(&index) || self.open(index).map_err(external)?;
        if is_copy && self.kind == RawTableKind::Sources {
            let entry = self.input.same(index, self.input.original(index).unwrap_or_default());
            return Ok(Step::Rows(self.source_row(entry)?));
        }
        Ok(Step::Nothing)
    }

    /// Opens a source; returns whether it is a copy, which is then not opened. Errors of a single object go to its
    /// report; errors that concern all objects are returned.
    fn open(&mut self, index: usize) -> Result<bool, S3Error> {
        let source = &self.input.sources[index];
        let (options, pool) = (self.options(), Arc::clone(&self.input.pool));
        let copies = &self.input.copies;
        let scan = match (&source.object, &self.ahead) {
            (Some(object), Some(ahead)) => match ahead.take(index) {
                Ok(Body::Whole { content, .. }) => {
                    if copies.is_undecided(index)
                        && let Ok(Some(_)) = copies.compare(index, &content[..])
                    {
                        return Ok(true);
                    }
                    SourceScan::over_bytes(source, content.into(), &options, pool)
                }
                Ok(Body::Large(_)) => {
                    // If this fails, opening it below fails too and reports the error.
                    if copies.is_undecided(index)
                        && let Ok(Some(_)) = copies.compare(index, object.reader())
                    {
                        return Ok(true);
                    }
                    SourceScan::open_in(source, &options, pool)
                }
                Err(error) if error.problem.is_of_object() => {
                    let error = std::io::Error::other(error.problem.to_string());
                    SourceScan::unreadable(source, &error, &options, pool)
                }
                Err(error) => return Err(error),
            },
            _ => SourceScan::open_in(source, &options, pool),
        };
        self.scan = Some(OpenSource { index, scan, first_reject: None });
        Ok(false)
    }

    fn options(&self) -> ScanOptions {
        match self.kind {
            RawTableKind::Logs => ScanOptions {
                projection: Some(self.projection.clone()),
                filter: self.filter.clone(),
                kept_rejects: 1,
            },
            // Rejects are collected block by block.
            RawTableKind::Rejects => {
                ScanOptions { projection: Some(Vec::new()), kept_rejects: usize::MAX, ..Default::default() }
            }
            RawTableKind::Sources => {
                ScanOptions { projection: Some(Vec::new()), kept_rejects: 1, ..Default::default() }
            }
        }
    }

    fn rejects(&self, open: &mut OpenSource) -> Result<Option<RecordBatch>> {
        let rejects = open.scan.take_rejects();
        if rejects.is_empty() {
            return Ok(None);
        }
        if open.first_reject.is_none() {
            open.first_reject = rejects.first().cloned();
        }
        let batch = rejects_batch(&rejects, |_| open.scan.name())
            .map_err(|error| DataFusionError::External(error.into()))?;
        Ok(Some(batch.project(&self.projection)?))
    }

    /// Finishes a source.
    fn end(&self, mut open: OpenSource) -> Result<Option<RecordBatch>> {
        let last = if self.kind == RawTableKind::Rejects { self.rejects(&mut open)? } else { None };
        let OpenSource { index, scan, first_reject } = open;
        let mut report = scan.finish();
        report.rejected.extend(first_reject);
        self.input.note(index, &report);
        if self.kind != RawTableKind::Sources {
            return Ok(last);
        }
        self.source_row(entry(&report, self.input.url(index))).map(Some)
    }

    fn source_row(&self, entry: SourceEntry) -> Result<RecordBatch> {
        let batch =
            source_entries_batch(&[entry]).map_err(|error| DataFusionError::External(error.into()))?;
        Ok(batch.project(&self.projection)?)
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.step() {
                Ok(Step::Rows(rows)) => return Some(Ok(rows)),
                Ok(Step::Nothing) => {}
                Ok(Step::End) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// The row in `sources` for a source that is not in a ledger: without hash and run.
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
