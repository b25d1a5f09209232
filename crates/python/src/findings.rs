//! Hunts: running all detections of the catalogue.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use arrow::array::{RecordBatch, RecordBatchIterator};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::json::ReaderBuilder;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};
use saltmine_query::Session;
use saltmine_query::catalogue::Severity;
use saltmine_query::hunt::{HuntOptions, HuntReport, hunt as run};
use saltmine_query::quantity::counted;

use crate::arrow_capsule;
use crate::error;
use crate::options::{catalogue, damaged, session_options, warn_of_damage, warn_of_left_out};
use crate::wait::wait;

/// The findings of a hunt as Arrow: one row per finding, by severity.
///
/// Columns: `query`, `pack`, `title`, `question`, `severity`, `attack` and `attacks` (ATT&CK techniques), `rows`, `events`
/// (requests), `first_seen`, `last_seen`, `who` and `examples` (lists of structs), `false_positives`, `cannot_tell`, `next`. In
/// `who`, `columns` is a JSON object with the detection's other columns.
#[pyclass(frozen, module = "saltmine")]
pub(crate) struct Findings {
    report: HuntReport,
    batch: RecordBatch,
    scanned: saltmine_query::ScanReport,
}

#[pymethods]
impl Findings {
    /// Detections without findings.
    #[getter]
    fn quiet(&self) -> Vec<String> {
        self.report.quiet.clone()
    }

    /// Detections that failed, and why.
    #[getter]
    fn failed(&self) -> Vec<(String, String)> {
        self.report.failed.iter().map(|failed| (failed.query.clone(), failed.problem.clone())).collect()
    }

    /// The highest severity found; `None` without findings.
    #[getter]
    fn worst(&self) -> Option<&'static str> {
        self.report.max_severity().map(Severity::as_str)
    }

    /// Raw files that were damaged or had rejected lines, as in `Rows.damaged`.
    #[getter]
    fn damaged<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        damaged(py, &self.scanned)
    }

    /// Findings that belong together: one dict each, as in `saltmine hunt --format json`.
    #[getter]
    fn incidents<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let text = serde_json::to_string(&self.report.incidents).map_err(error::other)?;
        py.import("json")?.call_method1("loads", (text,))
    }

    fn __len__(&self) -> usize {
        self.report.findings.len()
    }

    fn __repr__(&self) -> String {
        let worst = self.worst().map_or_else(String::new, |worst| format!(", worst: {worst}"));
        let findings = counted(self.report.findings.len() as u64, "finding");
        format!("<saltmine.Findings: {findings}{worst}>")
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
        let reader = RecordBatchIterator::new([Ok(self.batch.clone())], Arc::clone(&SCHEMA));
        arrow_capsule::stream(py, Box::new(reader), requested_schema)
    }
}

/// Runs the detections.
#[pyfunction]
pub(crate) fn hunt(
    py: Python<'_>,
    packs: Vec<String>,
    folder: Option<PathBuf>,
    options: &Bound<'_, PyDict>,
) -> PyResult<Findings> {
    let options = session_options(options)?;
    let catalogue = catalogue(folder.as_deref())?;
    let hunted = wait(py, async move {
        let session = Session::open(&options).await?;
        let wanted = HuntOptions { packs, ..HuntOptions::default() };
        let report = run(&session, &catalogue, &wanted, &|_| {}).await?;
        Ok((report, session.scan_report(), session.left_out().clone()))
    })?;
    let (report, scanned, left_out) = hunted.map_err(|problem| error::query(&problem))?;
    warn_of_left_out(py, &left_out)?;
    warn_of_damage(py, &scanned)?;
    let batch = batch(&report).map_err(error::other)?;
    Ok(Findings { report, batch, scanned })
}

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let number = |name: &str| Field::new(name, DataType::Int64, true);
    let time =
        |name: &str| Field::new(name, DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true);
    let list = |name: &str, of: DataType| Field::new_list(name, Field::new_list_field(of, true), true);
    let who = vec![
        text("requester"),
        text("remote_ip"),
        number("addresses"),
        list("remote_ips", DataType::Utf8),
        text("bucket"),
        number("events"),
        time("first_seen"),
        time("last_seen"),
        list("reasons", DataType::Utf8),
        text("columns"),
        list("evidence", DataType::Utf8),
    ];
    let example = vec![
        text("place"),
        time("request_time"),
        text("requester"),
        text("remote_ip"),
        text("operation"),
        text("key"),
        Field::new("http_status", DataType::Int16, true),
    ];
    Arc::new(Schema::new(vec![
        text("query"),
        text("pack"),
        text("title"),
        text("question"),
        text("severity"),
        text("attack"),
        list("attacks", DataType::Utf8),
        number("rows"),
        number("events"),
        time("first_seen"),
        time("last_seen"),
        list("who", DataType::Struct(who.into())),
        list("examples", DataType::Struct(example.into())),
        text("false_positives"),
        text("cannot_tell"),
        text("next"),
    ]))
});

fn batch(report: &HuntReport) -> Result<RecordBatch, arrow::error::ArrowError> {
    let rows = report.findings.len().max(1);
    let mut decoder = ReaderBuilder::new(Arc::clone(&SCHEMA)).with_batch_size(rows).build_decoder()?;
    let invalid = |error: serde_json::Error| arrow::error::ArrowError::ExternalError(Box::new(error));
    let mut findings =
        report.findings.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>().map_err(invalid)?;
    // The other columns differ between detections, so they become a JSON object as text.
    let rows = findings.iter_mut().filter_map(|finding| finding.get_mut("who")?.as_array_mut()).flatten();
    for columns in rows.filter_map(|row| row.get_mut("columns")) {
        *columns = columns.to_string().into();
    }
    decoder.serialize(&findings)?;
    Ok(decoder.flush()?.unwrap_or_else(|| RecordBatch::new_empty(Arc::clone(&SCHEMA))))
}
