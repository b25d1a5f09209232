//! Reads the rows of a detection from the columns of its result.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampMicrosecondType};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::DataFusionError;
use serde_json::Value;

use super::report::RowSummary;
use crate::catalogue::{STANDARD_COLUMNS, Severity};

/// The severity of each row: its own if the detection has such a column, otherwise the query's.
pub(super) fn severities(batch: &RecordBatch, of_query: Severity) -> Result<Vec<Severity>, DataFusionError> {
    if batch.column_by_name("severity").is_none() {
        return Ok(vec![of_query; batch.num_rows()]);
    }
    let words = texts(batch, "severity")?;
    Ok(words.iter().map(|word| word.as_deref().and_then(Severity::parse).unwrap_or(of_query)).collect())
}

pub(super) fn times(batch: &RecordBatch, name: &str) -> Result<Vec<Option<i64>>, DataFusionError> {
    let micros = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let times = cast(column(batch, name)?, &micros)?;
    Ok(times.as_primitive::<TimestampMicrosecondType>().iter().collect())
}

/// `log_file:log_line` of a row's evidence.
pub(super) fn places(batch: &RecordBatch, row: usize) -> Result<Vec<String>, DataFusionError> {
    match column(batch, "evidence")?.as_list_opt::<i32>() {
        Some(list) if !list.is_null(row) => Ok(format(&list.value(row))?.into_iter().flatten().collect()),
        _ => Ok(Vec::new()),
    }
}

/// Columns that are separate fields of a finding's row.
const OWN_COLUMNS: [&str; 4] = ["addresses", "remote_ips", "severity", "reasons"];

/// The rows of a detection.
pub(super) fn read(batch: &RecordBatch) -> Result<Vec<RowSummary>, DataFusionError> {
    let columns = ["requester", "remote_ip", "bucket", "first_seen", "last_seen"];
    let texts_of = columns.map(|name| texts(batch, name));
    let [requester, remote_ip, bucket, first_seen, last_seen] = texts_of;
    let (requester, remote_ip, bucket) = (requester?, remote_ip?, bucket?);
    let (first_seen, last_seen) = (first_seen?, last_seen?);
    let events = numbers(batch, "events")?;
    let addresses = numbers(batch, "addresses").ok();
    let reasons = texts(batch, "reasons").ok();
    let schema = batch.schema();
    let others: Vec<(&str, &ArrayRef)> = schema
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| (field.name().as_str(), column))
        .filter(|(name, _)| !STANDARD_COLUMNS.contains(name) && !OWN_COLUMNS.contains(name))
        .collect();
    let member = |row: usize, (name, column): &(&str, &ArrayRef)| -> Result<(String, Value), ArrowError> {
        Ok(((*name).to_owned(), value(column, row)?))
    };
    (0..batch.num_rows())
        .map(|row| {
            let reasons = reasons.as_ref().and_then(|reasons| reasons[row].as_deref()).unwrap_or_default();
            let remote_ips = match batch
                .column_by_name("remote_ips")
                .and_then(|list| list.as_list_opt::<i32>())
            {
                Some(list) if !list.is_null(row) => format(&list.value(row))?.into_iter().flatten().collect(),
                _ => Vec::new(),
            };
            Ok(RowSummary {
                requester: requester[row].clone(),
                remote_ip: remote_ip[row].clone(),
                addresses: addresses.as_ref().and_then(|addresses| addresses[row]),
                remote_ips,
                bucket: bucket[row].clone(),
                events: events[row].unwrap_or_default(),
                first_seen: first_seen[row].clone(),
                last_seen: last_seen[row].clone(),
                reasons: reasons.split("; ").filter(|reason| !reason.is_empty()).map(str::to_owned).collect(),
                columns: others.iter().map(|other| member(row, other)).collect::<Result<_, _>>()?,
                evidence: places(batch, row)?,
            })
        })
        .collect()
}

/// A cell as JSON: numbers and booleans as such, lists of texts, everything else as text.
fn value(column: &ArrayRef, row: usize) -> Result<Value, ArrowError> {
    if column.is_null(row) {
        return Ok(Value::Null);
    }
    if let Some(list) = column.as_list_opt::<i32>() {
        return Ok(format(&list.value(row))?.into_iter().flatten().map(Value::from).collect());
    }
    let cell = column.slice(row, 1);
    Ok(match column.data_type() {
        kind if kind.is_integer() => {
            Value::from(cast(&cell, &DataType::Int64)?.as_primitive::<Int64Type>().value(0))
        }
        DataType::Boolean => Value::from(cell.as_boolean().value(0)),
        _ => format(&cell)?.into_iter().flatten().map(Value::from).next().unwrap_or_default(),
    })
}

fn numbers(batch: &RecordBatch, name: &str) -> Result<Vec<Option<i64>>, DataFusionError> {
    let numbers = cast(column(batch, name)?, &DataType::Int64)?;
    Ok(numbers.as_primitive::<Int64Type>().iter().collect())
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, DataFusionError> {
    let missing = || DataFusionError::Plan(format!("the detection has no column {name}"));
    batch.column_by_name(name).ok_or_else(missing)
}

pub(super) fn texts(batch: &RecordBatch, name: &str) -> Result<Vec<Option<String>>, DataFusionError> {
    Ok(format(column(batch, name)?)?)
}

fn format(array: &ArrayRef) -> Result<Vec<Option<String>>, ArrowError> {
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(array, &options)?;
    let text = |row| formatter.value(row).try_to_string();
    (0..array.len()).map(|row| if array.is_null(row) { Ok(None) } else { text(row).map(Some) }).collect()
}
