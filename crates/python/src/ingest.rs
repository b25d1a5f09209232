//! Ingests and their reports.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow::array::{
    ArrayRef, Int64Array, RecordBatch, RecordBatchIterator, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use saltmine_lake::{Event, IngestRequest, LakeError, PartitionBy, Progress, SourceOutcome};
use saltmine_scan::{SourceState, discover};

use crate::arrow_capsule;
use crate::error;
use crate::wait::receive;

/// Interval between progress callbacks.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(200);

/// The result of an ingest: totals as attributes, and one row per source file as Arrow.
///
/// Columns: `log_file`, `size`, `inflated_size` (bytes), `lines`, `rows`, `rejects`, `blanks`, `anomalies`, `state`
/// (`complete`, `truncated`, `damaged`, `unreadable`, `not_a_log`, or `skipped` if already in the dataset), `problem`,
/// `first_time`, `last_time`.
#[pyclass(frozen, module = "saltmine")]
pub(crate) struct IngestReport {
    report: saltmine_lake::IngestReport,
    outcomes: Vec<SourceOutcome>,
}

#[pymethods]
impl IngestReport {
    /// Run id of the last commit, as in the table `sources`; empty if nothing was committed.
    #[getter]
    fn run_id(&self) -> &str {
        &self.report.run_id
    }

    /// Number of source files.
    #[getter]
    fn files(&self) -> u64 {
        self.report.files
    }

    /// Files that were read.
    #[getter]
    fn read(&self) -> u64 {
        self.report.read
    }

    /// Files that were skipped because their content is already in the dataset or was read from another file.
    #[getter]
    fn skipped(&self) -> u64 {
        self.report.skipped
    }

    /// Files that were damaged or are not logs.
    #[getter]
    fn problems(&self) -> u64 {
        self.report.problem_count
    }

    /// Lines read; `lines == rows + rejects + blanks`.
    #[getter]
    fn lines(&self) -> u64 {
        self.report.counts.lines
    }

    /// Lines that became rows.
    #[getter]
    fn rows(&self) -> u64 {
        self.report.counts.rows
    }

    /// Lines that could not be parsed; the table `rejects` keeps them.
    #[getter]
    fn rejects(&self) -> u64 {
        self.report.counts.rejects
    }

    /// Blank lines.
    #[getter]
    fn blanks(&self) -> u64 {
        self.report.counts.blanks
    }

    /// Rows with an anomaly.
    #[getter]
    fn anomalies(&self) -> u64 {
        self.report.counts.anomalies
    }

    /// Size of the files that were read, as stored, in bytes.
    #[getter]
    fn bytes(&self) -> u64 {
        self.report.bytes
    }

    /// Size of the Parquet files written to `logs`, in bytes.
    #[getter]
    fn parquet_bytes(&self) -> u64 {
        self.report.parquet_bytes
    }

    /// Wall time in seconds.
    #[getter]
    fn seconds(&self) -> f64 {
        self.report.elapsed.as_secs_f64()
    }

    /// Whether all input was read without problems.
    #[getter]
    fn is_clean(&self) -> bool {
        self.report.is_clean()
    }

    fn __repr__(&self) -> String {
        let counts = &self.report.counts;
        format!(
            "<saltmine.IngestReport: {} lines: {} rows, {} rejects, {} blank; {} files: {} read, {} skipped, {} \
             with problems>",
            counts.lines,
            counts.rows,
            counts.rejects,
            counts.blanks,
            self.report.files,
            self.report.read,
            self.report.skipped,
            self.report.problem_count
        )
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        arrow_capsule::schema(py, &SCHEMA)
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let batch = batch(&self.outcomes).map_err(error::other)?;
        let reader = RecordBatchIterator::new([Ok(batch)], Arc::clone(&SCHEMA));
        arrow_capsule::stream(py, Box::new(reader), requested_schema)
    }
}

/// Ingests on another thread, while this one handles signals and reports progress.
#[pyfunction]
pub(crate) fn ingest(
    py: Python<'_>,
    paths: Vec<String>,
    to: PathBuf,
    partition_by: Option<&str>,
    jobs: usize,
    strict: bool,
    progress: Option<Py<PyAny>>,
) -> PyResult<IngestReport> {
    let partition_by = match partition_by {
        None => None,
        Some("event_date") => Some(PartitionBy::EventDate),
        Some("bucket,event_date") => Some(PartitionBy::BucketAndEventDate),
        Some(_) => return Err(error::parameter("partition_by must be event_date or bucket,event_date")),
    };
    let listener = Arc::new(Listener::default());
    let stop = Arc::new(AtomicBool::new(false));
    let (sender, mut done) = sync_channel(1);
    let (reporter, stopped) = (Arc::clone(&listener), Arc::clone(&stop));
    let worker = std::thread::spawn(move || {
        let result = discover(&paths).map_err(IngestFailure::Source).and_then(|sources| {
            let (sources, dataset) = (&sources[..], to.as_path());
            let stop = Some(&*stopped);
            let request = IngestRequest { sources, dataset, partition_by, jobs, strict, stop };
            saltmine_lake::ingest(&request, &*reporter).map_err(IngestFailure::Lake)
        });
        let _ = sender.send(result); // the receiver waits for it
    });
    let mut interrupt = None;
    let mut reported_at = Instant::now();
    let result = receive(py, &mut done, |py| {
        if interrupt.is_some() {
            return Ok(()); // the ingest stops cleanly, and soon
        }
        let callback = progress.as_ref().filter(|_| reported_at.elapsed() >= PROGRESS_INTERVAL);
        if callback.is_some() {
            reported_at = Instant::now();
        }
        if let Err(error) = py.check_signals().and_then(|()| listener.notify(py, callback)) {
            stop.store(true, Ordering::Relaxed);
            interrupt = Some(error);
        }
        Ok(())
    })?;
    let result = result.ok_or_else(|| error::other("the ingest thread ended unexpectedly"))?;
    let _ = py.detach(|| worker.join());
    match (result, interrupt) {
        (_, Some(error)) => Err(error),
        (Err(IngestFailure::Source(problem)), None) => Err(error::source(&problem)),
        (Err(IngestFailure::Lake(problem)), None) => Err(error::lake(&problem)),
        (Ok(report), None) => {
            listener.notify(py, progress.as_ref())?;
            Ok(IngestReport { report, outcomes: listener.outcomes() })
        }
    }
}

enum IngestFailure {
    Source(saltmine_scan::SourceError),
    Lake(LakeError),
}

/// Collects progress events.
#[derive(Default)]
struct Listener {
    files: AtomicU64,
    lines: AtomicU64,
    outcomes: Mutex<Vec<SourceOutcome>>,
}

impl Listener {
    /// Calls back with files done, total files, and lines read.
    fn notify(&self, py: Python<'_>, callback: Option<&Py<PyAny>>) -> PyResult<()> {
        let Some(callback) = callback else { return Ok(()) };
        let done = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).len();
        let (files, lines) = (self.files.load(Ordering::Relaxed), self.lines.load(Ordering::Relaxed));
        callback.call1(py, (done, files, lines))?;
        Ok(())
    }

    fn outcomes(&self) -> Vec<SourceOutcome> {
        std::mem::take(&mut self.outcomes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Progress for Listener {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Started { files } => self.files.store(files, Ordering::Relaxed),
            Event::Lines { lines } => {
                self.lines.fetch_add(lines, Ordering::Relaxed);
            }
            Event::Source(outcome) => {
                self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).push(outcome.clone());
            }
            _ => {}
        }
    }
}

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let time = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let columns = [
        ("log_file", DataType::Utf8),
        ("size", DataType::Int64),
        ("inflated_size", DataType::Int64),
        ("lines", DataType::Int64),
        ("rows", DataType::Int64),
        ("rejects", DataType::Int64),
        ("blanks", DataType::Int64),
        ("anomalies", DataType::Int64),
        ("state", DataType::Utf8),
        ("problem", DataType::Utf8),
        ("first_time", time()),
        ("last_time", time()),
    ];
    Arc::new(Schema::new(columns.map(|(name, data_type)| Field::new(name, data_type, true)).to_vec()))
});

fn batch(outcomes: &[SourceOutcome]) -> Result<RecordBatch, ArrowError> {
    let number = |of: fn(&SourceOutcome) -> u64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(outcomes.iter().map(|outcome| of(outcome) as i64)))
    };
    let time = |of: fn(&SourceOutcome) -> Option<i64>| -> ArrayRef {
        let times: TimestampMicrosecondArray = outcomes.iter().map(of).collect();
        Arc::new(times.with_timezone("UTC"))
    };
    let state = |outcome: &SourceOutcome| outcome.state.map_or("skipped", SourceState::as_str);
    let problem = |outcome: &SourceOutcome| outcome.problem.as_ref().map(ToString::to_string);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(outcomes.iter().map(|outcome| &outcome.name))),
        number(|outcome| outcome.size),
        number(|outcome| outcome.inflated),
        number(|outcome| outcome.counts.lines),
        number(|outcome| outcome.counts.rows),
        number(|outcome| outcome.counts.rejects),
        number(|outcome| outcome.counts.blanks),
        number(|outcome| outcome.counts.anomalies),
        Arc::new(StringArray::from_iter_values(outcomes.iter().map(state))),
        Arc::new(outcomes.iter().map(problem).collect::<StringArray>()),
        time(|outcome| outcome.counts.first_time),
        time(|outcome| outcome.counts.last_time),
    ];
    RecordBatch::try_new(Arc::clone(&SCHEMA), columns)
}
