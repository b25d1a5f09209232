//! Converts plain Python values to options and parameters, and scan reports to Python.

use std::path::{Path, PathBuf};

use arrow::datatypes::IntervalMonthDayNano;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use saltmine_query::catalogue::{Catalogue, ParameterType};
use saltmine_query::datafusion::common::ScalarValue;
use saltmine_query::quantity::counted;
use saltmine_query::{Params, Redaction, ScanReport, SessionOptions};
use saltmine_scan::SkippedFiles;

use crate::error;

/// Maximum number of files in `damaged`; all are counted.
const MAX_NAMED: usize = 1000;

/// The options of a session, from a dict with exactly these keys.
pub(crate) fn session_options(options: &Bound<'_, PyDict>) -> PyResult<SessionOptions> {
    Ok(SessionOptions {
        inputs: value(options, "inputs")?,
        tables: value::<Vec<(String, PathBuf)>>(options, "tables")?,
        since: value(options, "since")?,
        until: value(options, "until")?,
        aliases: value(options, "aliases")?,
        memory_limit: value(options, "memory_limit")?,
        threads: value(options, "threads")?,
        allow_writes: false,
        redaction: redaction(options)?,
        ..SessionOptions::default()
    })
}

fn redaction(options: &Bound<'_, PyDict>) -> PyResult<Option<Redaction>> {
    let Some(what) = value::<Option<String>>(options, "redact")? else { return Ok(None) };
    let redaction = Redaction::parse(&what).map_err(error::parameter)?;
    Ok(Some(Redaction { key_file: value(options, "redact_key")?, ..redaction }))
}

pub(crate) fn value<'py, T: FromPyObjectOwned<'py>>(options: &Bound<'py, PyDict>, name: &str) -> PyResult<T> {
    let value = options.get_item(name)?;
    let value = value.ok_or_else(|| error::parameter(format!("missing value for {name}")))?;
    value.extract().map_err(|problem| error::parameter(format!("{name}: {}", Into::<PyErr>::into(problem))))
}

/// Values to bind, from pairs of type and value.
pub(crate) fn values(params: &Bound<'_, PyDict>) -> PyResult<Params> {
    let pair = |(name, pair): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
        let name: String = name.extract()?;
        let pair = pair.cast_into::<PyTuple>()?;
        let scalar = scalar(&pair.get_item(0)?.extract::<String>()?, &pair.get_item(1)?);
        let scalar = scalar.map_err(|problem| error::parameter(format!("parameter {name}: {problem}")))?;
        Ok((name, scalar.into()))
    };
    params.iter().map(pair).collect()
}

fn scalar(kind: &str, value: &Bound<'_, PyAny>) -> PyResult<ScalarValue> {
    Ok(match kind {
        "null" => ScalarValue::Null,
        "boolean" => ScalarValue::Boolean(Some(value.extract()?)),
        "integer" => ScalarValue::Int64(Some(value.extract()?)),
        "float" => ScalarValue::Float64(Some(value.extract()?)),
        "text" => ScalarValue::Utf8View(Some(value.extract()?)),
        "bytes" => ScalarValue::BinaryView(Some(value.extract()?)),
        "date" => ScalarValue::Date32(Some(value.extract()?)),
        "timestamp" => ScalarValue::TimestampMicrosecond(Some(value.extract()?), Some("UTC".into())),
        "interval" => {
            let micros: i64 = value.extract()?;
            let nanos = micros.checked_mul(1000).ok_or_else(|| error::parameter("time span is too long"))?;
            ScalarValue::IntervalMonthDayNano(Some(IntervalMonthDayNano::new(0, 0, nanos)))
        }
        other => return Err(error::parameter(format!("unknown type of value: {other}"))),
    })
}

/// Parses a time to microseconds since 1970 (UTC).
#[pyfunction]
pub(crate) fn parse_time(text: &str) -> PyResult<i64> {
    match ParameterType::Timestamp.parse(text).map_err(error::parameter)? {
        ScalarValue::TimestampMicrosecond(Some(micros), _) => Ok(micros),
        _ => Err(error::parameter(format!(
            "invalid time {text:?}; use a form such as 2026-03-01 or 2026-03-01T12:00:00Z"
        ))),
    }
}

/// The built-in queries and those of a folder.
pub(crate) fn catalogue(folder: Option<&Path>) -> PyResult<Catalogue> {
    let catalogue = Catalogue::builtin().map_err(error::parameter)?;
    match folder {
        Some(folder) => catalogue.with_dir(folder).map_err(error::parameter),
        None => Ok(catalogue),
    }
}

/// Damaged sources and sources with rejects, as dicts.
pub(crate) fn damaged<'py>(py: Python<'py>, report: &ScanReport) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let dict = |source: &saltmine_scan::SourceReport| {
        let dict = PyDict::new(py);
        dict.set_item("log_file", &source.name)?;
        dict.set_item("state", source.state.as_str())?;
        dict.set_item("problem", source.problem.as_ref().map(ToString::to_string))?;
        dict.set_item("rejects", source.counts.rejects)?;
        Ok(dict)
    };
    report.sources.values().take(MAX_NAMED).map(dict).collect()
}

/// Warns if files were left out because of the times in their names. Gives numbers only, as below.
pub(crate) fn warn_of_left_out(py: Python<'_>, left_out: &SkippedFiles) -> PyResult<()> {
    if !left_out.is_by_time() {
        return Ok(());
    }
    let text = format!(
        "skipped in S3: {} and {} of objects, because their keys show delivery outside the time range and the 14 \
         days after it",
        counted(left_out.objects, "object"),
        counted(left_out.periods, "day, month or year")
    );
    let category = py.import("builtins")?.getattr("UserWarning")?;
    py.import("warnings")?.call_method1("warn", (text, category, 2))?;
    Ok(())
}

/// Warns if raw files were damaged or had rejects. Gives numbers only, because names and lines may be hostile and
/// warnings go to terminals.
pub(crate) fn warn_of_damage(py: Python<'_>, report: &ScanReport) -> PyResult<()> {
    let (damaged, rejects) = (report.damaged_files(), report.rejects());
    if damaged == 0 && rejects == 0 {
        return Ok(());
    }
    let text = format!(
        "{} and {}; see .damaged, or the tables sources and rejects",
        counted(damaged, "damaged file"),
        counted(rejects, "rejected line")
    );
    let warning = py.import("saltmine")?.getattr("DamagedInputWarning")?;
    py.import("warnings")?.call_method1("warn", (text, warning, 2))?;
    Ok(())
}
